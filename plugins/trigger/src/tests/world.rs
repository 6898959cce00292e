//! A repository with what can be known of it. It answers a decision's questions as the client-agent would, and refuses
//! to be asked the same thing twice.

use std::collections::BTreeSet;

use kit::job_config::Presubmit;
use kit::prow::filter::Contexts;
use kit::prow::settings::TriggerSettings;
use kit::prow::trigger::default_trigger;
use kit::prowjobs_read::{Prowjob, ProwjobState, ProwjobType};
use kit::{Actor, ActorKind, BranchRef, CommentEvent, PullRequest, PullRequestEvent, Repository, Text, prow, sample};
use serde_json::{Value, json};

use super::jobs;
pub(super) use super::seen::{Seen, check};
use crate::comment::{self, Said};
use crate::known::{Known, Matching, Question};
use crate::plan::Plan;
use crate::pull_request::{self, Happening};
use crate::{help_comment, vouched};

/// A presubmit as config.yaml has it, reduced to what matters here.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) name: &'static str,
    pub(super) always_run: bool,
    pub(super) optional: bool,
    /// Empty: every branch.
    pub(super) branches: &'static [&'static str],
    pub(super) run_if_changed: Option<&'static str>,
    pub(super) skip_if_only_changed: Option<&'static str>,
    /// An expression; without one the default trigger of the rerun command's job.
    pub(super) trigger: Option<&'static str>,
    pub(super) rerun_command: Option<&'static str>,
}

pub(super) fn always(name: &'static str) -> Job {
    Job { always_run: true, ..manual(name) }
}

pub(super) fn manual(name: &'static str) -> Job {
    Job {
        name,
        always_run: false,
        optional: false,
        branches: &[],
        run_if_changed: None,
        skip_if_only_changed: None,
        trigger: None,
        rerun_command: None,
    }
}

impl Job {
    fn written(&self) -> Value {
        let trigger = match (self.trigger, self.rerun_command) {
            (None, Some(command)) => Some(default_trigger(command.trim_start_matches("/test "))),
            (trigger, _) => trigger.map(str::to_owned),
        };
        let keys = json!({
            "always_run": self.always_run, "optional": self.optional, "branches": self.branches,
            "run_if_changed": self.run_if_changed, "skip_if_only_changed": self.skip_if_only_changed,
            "trigger": trigger, "rerun_command": self.rerun_command,
        });
        jobs::job(self.name, keys)
    }
}

/// As the host answers.
fn matched(id: u32, job: &prow::presubmit::Presubmit, by: &Matching) -> Presubmit {
    let facts = job.facts(by.text.as_deref(), by.branch.as_deref());
    Presubmit {
        id,
        name: facts.name,
        context: facts.context,
        rerun_command: job.rerun_command.clone(),
        always_run: facts.always_run,
        optional: facts.optional,
        skip_report: facts.skip_report,
        conditional: facts.conditional,
        triggered: facts.triggered,
        on_branch: facts.on_branch,
    }
}

pub(super) struct World {
    pub(super) settings: TriggerSettings,
    /// (organisation, login).
    pub(super) members: Vec<(&'static str, &'static str)>,
    pub(super) collaborators: Vec<&'static str>,
    pub(super) jobs: Vec<Job>,
    /// The jobs of the repository itself, at the base and head of [`Self::pr`]; absent where it may have none.
    pub(super) own_jobs: Option<Vec<Job>>,
    /// (context, state) of the head commit.
    pub(super) statuses: Vec<(&'static str, &'static str)>,
    pub(super) files: Vec<&'static str>,
    pub(super) prowjobs: Vec<Prowjob>,
    pub(super) merged: Option<u32>,
    pub(super) comments: Vec<Text>,
    /// As an event has it.
    pub(super) pr: PullRequest,
    /// The head that is found when the pull request is read, if that is another by then.
    pub(super) moved_to: Option<&'static str>,
}

impl World {
    /// Members `t` of `org`, one job, and trust in members alone.
    pub(super) fn of_events() -> Self {
        Self {
            settings: TriggerSettings { only_org_members: true, ..TriggerSettings::default() },
            members: vec![("org", "t")],
            collaborators: Vec::new(),
            jobs: vec![always("unit")],
            own_jobs: None,
            statuses: Vec::new(),
            files: Vec::new(),
            prowjobs: Vec::new(),
            merged: Some(0),
            comments: Vec::new(),
            pr: pull_request("t"),
            moved_to: None,
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
        let label = label.map(str::to_owned);
        self.happened(action, sender, PullRequestEvent { label, base_changed, ..self.pull_request_event() })
    }

    /// Effects of a push by `sender` that took the head from `before` to that of the pull request.
    pub(super) fn pushed(&self, sender: &str, before: &str) -> Seen {
        let before = Some(before.to_owned());
        self.happened("synchronize", sender, PullRequestEvent { before, ..self.pull_request_event() })
    }

    fn pull_request_event(&self) -> PullRequestEvent {
        let pull_request = self.pr.clone();
        PullRequestEvent { pull_request, label: None, base_changed: false, title_from: None, before: None }
    }

    fn happened(&self, action: &str, sender: &str, event: PullRequestEvent) -> Seen {
        let repo = repository();
        let happening = Happening { action, sender, event: &event, repo: &repo, settings: &self.settings };
        self.settle(&happening, &self.pr.head.sha, |happening, known| pull_request::decide(happening, known))
    }

    /// Effects of a new comment on the open pull request.
    pub(super) fn comment(&self, author: &str, body: &str) -> Seen {
        self.said(&comment_event(author, body))
    }

    pub(super) fn said(&self, comment: &CommentEvent) -> Seen {
        let repo = repository();
        let said = Said { comment, repo: &repo, settings: &self.settings };
        self.settle(&said, &self.now().head.sha, |said, known| comment::decide(said, known))
    }

    /// With a comment of ours.
    pub(super) fn said_by_us(mut self, body: &str) -> Self {
        self.says(body.to_owned());
        self
    }

    fn says(&mut self, body: String) {
        let id = self.comments.len() as u64 + 1;
        self.comments.push(sample::text(id, "ci", &body));
    }

    /// Labels and comments after these effects.
    pub(super) fn become_of(&mut self, seen: &Seen) {
        for effect in &seen.effects {
            match (effect.split_at(1), effect.split_once(' ')) {
                (("+", label), _) => self.pr.labels.push(label.to_owned()),
                (("-", label), _) => self.pr.labels.retain(|there| there != label),
                (_, Some(("vouch", head))) => {
                    self.comments.retain(|comment| !vouched::is_one(&comment.body));
                    self.says(vouched::text(head));
                }
                _ if effect == "prune" => self.comments.retain(|comment| !help_comment::is_one(&comment.body)),
                _ => {}
            }
        }
        for text in &seen.comments {
            // As the kit posts them.
            if !self.comments.iter().any(|comment| comment.body == *text) {
                self.says(text.clone());
            }
        }
    }

    /// The pull request as a read finds it.
    fn now(&self) -> PullRequest {
        let mut pr = self.pr.clone();
        if let Some(head) = self.moved_to {
            head.clone_into(&mut pr.head.sha);
        }
        pr
    }

    /// `head` is the one that the decision is about: all that starts has to be pinned to it.
    /// The central ones, then the repository's own.
    fn all_jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.iter().chain(self.own_jobs.iter().flatten())
    }

    fn settle<T>(
        &self,
        event: &T,
        head: &str,
        decide: impl for<'k> Fn(&'k T, &'k Known) -> Result<Plan<'k>, Question>,
    ) -> Seen {
        let config = jobs::config("presubmits", &self.all_jobs().map(Job::written).collect::<Vec<_>>());
        let mut known = Known::default();
        let mut asked = BTreeSet::new();
        loop {
            match decide(event, &known) {
                Ok(plan) => {
                    return Seen::of(&plan, head, asked);
                }
                Err(question) => {
                    assert!(asked.insert(question.clone()), "asked twice: {question:?}");
                    self.answer(question, config.presubmits("org", "repo"), &mut known);
                }
            }
        }
    }

    fn answer(&self, question: Question, jobs: &[prow::presubmit::Presubmit], known: &mut Known) {
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
            Question::PullRequest => known.pull_request = Some(self.now()),
            Question::Comments => known.comments = Some(self.comments.clone()),
            Question::Presubmits(by) => {
                if let Some(at) = &by.at {
                    assert_eq!((at.base.as_str(), &at.head), ("basesha", &self.pr.head.sha));
                }
                let known_there = if by.at.is_some() { jobs.len() } else { self.jobs.len() };
                let jobs = (0..).zip(&jobs[..known_there]).map(|(id, job)| matched(id, job, &by)).collect();
                known.presubmits.insert(by, jobs);
            }
            Question::InRepoEnabled => known.in_repo_enabled = Some(self.own_jobs.is_some()),
            Question::Tip(branch) => {
                known.tips.insert(branch, "basesha".to_owned());
            }
            Question::Contexts(_) => known.contexts = Some(Contexts::of(self.statuses.iter().copied())),
            Question::Changes(asked) => known.changes.extend(asked.into_iter().map(|id| {
                let changes = &jobs[id as usize].changes;
                assert!(changes.is_some(), "only conditional jobs are asked about");
                (id, changes.matches(&self.files))
            })),
            Question::ProwJobs => known.prowjobs = Some(self.prowjobs.clone()),
            Question::Merged(_) => known.merged = Some(self.merged),
        }
    }
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
