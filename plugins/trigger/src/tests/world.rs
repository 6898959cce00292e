//! A repository with what can be known of it. It answers a decision's questions as the client-agent would, and refuses
//! to be asked the same thing twice.

use std::collections::BTreeSet;

use kit::job_config::Presubmit;
use kit::prow::filter::Contexts;
use kit::prow::settings::TriggerSettings;
use kit::prowjobs_read::{Prowjob, ProwjobState, ProwjobType};
use kit::{Actor, ActorKind, BranchRef, CommentEvent, PullRequest, PullRequestEvent, Repository, sample};

use crate::comment::{self, Said};
use crate::help_comment;
use crate::known::{Known, Matching, Question};
use crate::plan::{Effect, Plan};
use crate::pull_request::{self, Happening};
use crate::welcome;

/// A presubmit as config.yaml has it, reduced to what matters here.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) name: &'static str,
    pub(super) always_run: bool,
    pub(super) optional: bool,
    /// Empty: every branch.
    pub(super) branches: &'static [&'static str],
    /// The one file that `run_if_changed` matches.
    pub(super) run_if_changed: Option<&'static str>,
    /// Matches a comment that equals it, instead of the default trigger.
    pub(super) trigger: Option<&'static str>,
    pub(super) rerun_command: Option<&'static str>,
}

pub(super) fn always(name: &'static str) -> Job {
    Job { always_run: true, ..manual(name) }
}

pub(super) fn manual(name: &'static str) -> Job {
    let (optional, always_run) = (false, false);
    Job { name, always_run, optional, branches: &[], run_if_changed: None, trigger: None, rerun_command: None }
}

impl Job {
    fn matched(&self, id: usize, by: &Matching) -> Presubmit {
        let triggers = |text: &String| match self.trigger {
            Some(sentence) => text == sentence,
            None => text.lines().any(|line| {
                line.strip_prefix("/test ")
                    .is_some_and(|rest| rest.split_whitespace().any(|word| word.trim_end_matches(',') == self.name))
            }),
        };
        Presubmit {
            id: u32::try_from(id).unwrap(),
            name: self.name.to_owned(),
            context: format!("pull-{}", self.name),
            rerun_command: self.rerun_command.map_or(format!("/test {}", self.name), str::to_owned),
            always_run: self.always_run,
            optional: self.optional,
            skip_report: false,
            conditional: self.run_if_changed.is_some(),
            triggered: by.text.as_ref().is_some_and(triggers),
            on_branch: by.branch.as_deref().is_none_or(|it| self.branches.is_empty() || self.branches.contains(&it)),
        }
    }
}

pub(super) struct World {
    pub(super) settings: TriggerSettings,
    /// (organisation, login).
    pub(super) members: Vec<(&'static str, &'static str)>,
    pub(super) collaborators: Vec<&'static str>,
    pub(super) jobs: Vec<Job>,
    /// (context, state) of the head commit.
    pub(super) statuses: Vec<(&'static str, &'static str)>,
    pub(super) files: Vec<&'static str>,
    pub(super) prowjobs: Vec<Prowjob>,
    pub(super) merged: Option<u32>,
    pub(super) pr: PullRequest,
}

impl World {
    /// Members `t` of `org`, one job, and trust in members alone.
    pub(super) fn of_events() -> Self {
        Self {
            settings: TriggerSettings { only_org_members: true, ..TriggerSettings::default() },
            members: vec![("org", "t")],
            collaborators: Vec::new(),
            jobs: vec![always("unit")],
            statuses: Vec::new(),
            files: Vec::new(),
            prowjobs: Vec::new(),
            merged: Some(0),
            pr: pull_request("t"),
        }
    }

    /// Contexts in three states, one changed file, an automatic and a manual job.
    pub(super) fn of_comments() -> Self {
        Self {
            settings: TriggerSettings::default(),
            members: vec![("org", "trusted-member")],
            jobs: vec![Job { branches: &["master"], ..always("job") }, manual("jib")],
            statuses: vec![("pull-job", "pending"), ("pull-jib", "failure"), ("pull-jub", "success")],
            files: vec!["CHANGED"],
            pr: pull_request("trusted-member"),
            ..Self::of_events()
        }
    }

    pub(super) fn by(mut self, author: &str) -> Self {
        self.pr.author.login = author.to_owned();
        self
    }

    pub(super) fn draft(mut self) -> Self {
        self.pr.draft = true;
        self
    }

    pub(super) fn labelled(mut self, labels: &[&str]) -> Self {
        self.pr.labels = labels.iter().map(|&label| label.to_owned()).collect();
        self
    }

    pub(super) fn with(mut self, jobs: &[Job]) -> Self {
        self.jobs = jobs.to_vec();
        self
    }

    /// Effects of a pull request event, in short, and what was asked to get there.
    pub(super) fn event(&self, action: &str, label: Option<&str>, base_changed: bool, sender: &str) -> Seen {
        let event = PullRequestEvent {
            pull_request: self.pr.clone(),
            label: label.map(str::to_owned),
            base_changed,
            title_from: None,
            before: None,
        };
        let repo = repository();
        let happening = Happening { action, sender, event: &event, repo: &repo, settings: &self.settings };
        self.settle(&happening, |happening, known| pull_request::decide(happening, known))
    }

    /// Effects of a new comment on the open pull request.
    pub(super) fn comment(&self, author: &str, body: &str) -> Seen {
        self.said(&comment_event(author, body))
    }

    pub(super) fn said(&self, comment: &CommentEvent) -> Seen {
        let repo = repository();
        let said = Said { comment, repo: &repo, settings: &self.settings };
        self.settle(&said, |said, known| comment::decide(said, known))
    }

    fn settle<T>(&self, event: &T, decide: impl for<'k> Fn(&'k T, &'k Known) -> Result<Plan<'k>, Question>) -> Seen {
        let mut known = Known::default();
        let mut asked = BTreeSet::new();
        loop {
            match decide(event, &known) {
                Ok(plan) => {
                    let effects = plan.effects.iter().map(|effect| self.short(effect)).collect();
                    let comments = plan.effects.iter().filter_map(|effect| match effect {
                        Effect::Comment(text) => Some(text.clone()),
                        _ => None,
                    });
                    return Seen { effects, comments: comments.collect(), said: plan.said.clone(), asked };
                }
                Err(question) => {
                    assert!(asked.insert(question.clone()), "asked twice: {question:?}");
                    self.answer(question, &mut known);
                }
            }
        }
    }

    fn answer(&self, question: Question, known: &mut Known) {
        let is_member = |org: &str, login: &str| self.members.iter().any(|(o, l)| *o == org && *l == login);
        match question {
            Question::BotLogin => known.bot_login = Some("ci".to_owned()),
            Question::Member { org, login } => {
                let member = is_member(&org, &login);
                known.members.insert((org, login), member);
            }
            Question::Collaborator(login) => {
                let collaborator = self.collaborators.contains(&login.as_str());
                known.collaborators.insert(login, collaborator);
            }
            Question::PullRequest => known.pull_request = Some(self.pr.clone()),
            Question::Labels => known.labels = Some(self.pr.labels.clone()),
            Question::Presubmits(by) => {
                let jobs = self.jobs.iter().enumerate().map(|(id, job)| job.matched(id, &by)).collect();
                known.presubmits.insert(by, jobs);
            }
            Question::Tip(branch) => {
                known.tips.insert(branch, "basesha".to_owned());
            }
            Question::Contexts(_) => known.contexts = Some(Contexts::of(self.statuses.iter().copied())),
            Question::Changes(jobs) => known.changes.extend(jobs.into_iter().map(|id| {
                let wanted = self.jobs[id as usize].run_if_changed.expect("only conditional jobs are asked about");
                (id, self.files.contains(&wanted))
            })),
            Question::ProwJobs => known.prowjobs = Some(self.prowjobs.clone()),
            Question::Merged(_) => known.merged = Some(self.merged),
        }
    }

    fn short(&self, effect: &Effect<'_>) -> String {
        match effect {
            Effect::Abort(run) => format!("abort {}", run.name),
            Effect::AddLabel(label) => format!("+{label}"),
            Effect::RemoveLabel(label) => format!("-{label}"),
            Effect::PruneHelp => "prune".to_owned(),
            Effect::Comment(text) => short_comment(text).to_owned(),
            Effect::Create { job, pr, base_sha, retest } => {
                assert_eq!((pr.head.sha.as_str(), *base_sha), (self.pr.head.sha.as_str(), "basesha"));
                format!("{} {}", if *retest { "rerun" } else { "start" }, job.name)
            }
        }
    }
}

fn short_comment(text: &str) -> &'static str {
    let known = [
        (welcome::DRAFT, "draft"),
        ("Hi @", "welcome"),
        ("tests cannot start", "refusal"),
        ("`/ok-to-test` is not in use", "refusal"),
        ("take `/ok-to-test` back", "refusal to revoke"),
    ];
    if help_comment::is_one(text) {
        return "help";
    }
    known.iter().find(|(start, _)| text.contains(start)).map(|(_, short)| *short).expect("a comment of a known kind")
}

/// What came of an event.
pub(super) struct Seen {
    pub(super) effects: Vec<String>,
    pub(super) comments: Vec<String>,
    pub(super) said: String,
    pub(super) asked: BTreeSet<Question>,
}

#[track_caller]
pub(super) fn check(seen: Seen, want: &[&str]) {
    assert_eq!(seen.effects, want, "{}", seen.said);
    assert!(!seen.said.is_empty(), "every decision says what it found");
}

pub(super) fn actor(login: &str, kind: ActorKind) -> Actor {
    Actor { login: login.to_owned(), id: 1, kind }
}

pub(super) fn repository() -> Repository {
    Repository { default_branch: "master".to_owned(), ..sample::repository() }
}

fn pull_request(author: &str) -> PullRequest {
    let base = BranchRef { name: "master".to_owned(), sha: "old-base".to_owned(), repo: None };
    PullRequest { base, ..sample::pull_request(author) }
}

pub(super) fn comment_event(author: &str, body: &str) -> CommentEvent {
    CommentEvent { author: actor(author, ActorKind::User), ..sample::comment(body) }
}

pub(super) fn run(name: &str, job_type: ProwjobType, state: ProwjobState, complete: bool) -> Prowjob {
    Prowjob { name: name.to_owned(), job: "unit".to_owned(), job_type, state, complete }
}
