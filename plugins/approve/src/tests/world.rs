//! A repository with OWNERS files, and a pull request in it.

use std::collections::BTreeSet;

use kit::github_pull_requests_read::Review;
use kit::owners::{FileOwners, OwnersGroup};
use kit::prow::settings::ApproveSettings;
use kit::{RepoRef, ReviewState, Text, sample};
use prow::owners::{Aliases, Filter, Full, Names, OwnersFile, OwnersOptions, Simple, Tree};

use crate::approvals::Thread;
use crate::approvers::Changed;
use crate::decide::{APPROVED, Effect, Facts, Plan, WhoLabelled, decide};

pub(super) const BOT: &str = "k8s-ci-robot";

/// What an OWNERS file says.
#[derive(Clone, Default)]
pub(super) struct Owns {
    people: Vec<(&'static str, Vec<String>)>,
    options: OwnersOptions,
}

/// An OWNERS file with these approvers.
pub(super) fn owned(approvers: &[&str]) -> Owns {
    Owns { people: vec![(".*", names(approvers))], ..Owns::default() }
}

impl Owns {
    /// With approvers for the files that match.
    pub(super) fn filter(mut self, pattern: &'static str, approvers: &[&str]) -> Self {
        self.people.push((pattern, names(approvers)));
        self
    }

    pub(super) fn no_parents(mut self) -> Self {
        self.options.no_parent_owners = true;
        self
    }

    pub(super) fn auto(mut self) -> Self {
        self.options.auto_approve_unowned_subfolders = true;
        self
    }

    fn file(&self) -> OwnersFile {
        match self.people.as_slice() {
            [(_, approvers)] => {
                Simple { options: self.options, approvers: approvers.clone(), ..Simple::default() }.into()
            }
            sections => {
                let filter = |people: &Vec<String>| Filter { approvers: people.clone(), ..Filter::default() };
                let filters = sections.iter().map(|(pattern, people)| ((*pattern).to_owned(), filter(people)));
                Full { options: self.options, filters: filters.collect() }.into()
            }
        }
    }
}

/// What governs these files in a repository with these OWNERS files.
pub(super) fn govern(owners: &[(&str, Owns)], files: &[&str], collaborators: Option<&[&str]>) -> Changed {
    let path = |folder: &str| match folder {
        "" => "OWNERS".to_owned(),
        header if header.ends_with(".md") => header.to_owned(),
        folder => format!("{folder}/OWNERS"),
    };
    let written = owners.iter().map(|(folder, owns)| (path(folder), owns.file()));
    let names_of_files = Names { markdown: true, ..Names::default() };
    let tree = Tree::new(written, Aliases::default(), &names_of_files);
    let collaborators: Option<BTreeSet<String>> = collaborators.map(|logins| names(logins).into_iter().collect());
    let view = collaborators.as_ref().map_or(tree.whole(), |people| tree.among(people));
    let paths = names(files);
    let groups = view.groups(&paths).into_iter();
    let groups = groups.map(|group| OwnersGroup { owners: answer(group.owners), files: group.files }).collect();
    Changed { paths, groups }
}

/// As the host answers.
fn answer(found: prow::owners::FileOwners) -> FileOwners {
    let list = |logins: BTreeSet<String>| logins.into_iter().collect();
    FileOwners {
        path: found.path,
        approvers_folder: found.approvers_folder,
        reviewers_folder: found.reviewers_folder,
        leaf_approvers: list(found.leaf_approvers),
        approvers: list(found.approvers),
        leaf_reviewers: list(found.leaf_reviewers),
        reviewers: list(found.reviewers),
        required_reviewers: list(found.required_reviewers),
        labels: list(found.labels),
        no_parent_owners: found.options.no_parent_owners,
        auto_approve_unowned_subfolders: found.options.auto_approve_unowned_subfolders,
    }
}

pub(super) fn names(logins: &[&str]) -> Vec<String> {
    logins.iter().map(|&login| login.to_owned()).collect()
}

/// cjwagner's pull request, assigned to spxtr. Its author does not approve by being its author.
pub(super) struct World {
    owners: Vec<(&'static str, Owns)>,
    files: Vec<&'static str>,
    by_hand: bool,
    moment: u64,
    pub(super) facts: Facts,
}

impl World {
    pub(super) fn changing(files: &[&'static str]) -> Self {
        let pr = kit::PullRequest { assignees: names(&["spxtr"]), ..sample::pull_request("cjwagner") };
        let facts = Facts {
            repo: RepoRef { org: "org".to_owned(), name: "repo".to_owned() },
            settings: ApproveSettings { require_self_approval: true, ..ApproveSettings::default() },
            bot: BOT.to_owned(),
            pr,
            thread: Thread::default(),
            files: Changed::default(),
            owners_file: "OWNERS".to_owned(),
            labelled_by_hand: None,
        };
        let owners = vec![
            ("a", owned(&["Alice"])),
            ("a/b", owned(&["alice", "bob"])),
            ("c", owned(&["cblecker", "cjwagner"])),
            ("e", owned(&["spxtr"])),
        ];
        World { owners, files: files.to_vec(), by_hand: false, moment: 0, facts }
    }

    /// With one more OWNERS file, or another in place of one.
    pub(super) fn with(mut self, folder: &'static str, owns: Owns) -> Self {
        self.owners.retain(|(at, _)| *at != folder);
        self.owners.push((folder, owns));
        self
    }

    pub(super) fn set(mut self, change: impl Fn(&mut ApproveSettings)) -> Self {
        change(&mut self.facts.settings);
        self
    }

    /// The author approves by being the author.
    pub(super) fn self_approving(self) -> Self {
        self.set(|settings| settings.require_self_approval = false)
    }

    pub(super) fn needing_an_issue(self) -> Self {
        self.set(|settings| settings.issue_required = true)
    }

    pub(super) fn body(mut self, body: &str) -> Self {
        self.facts.pr.body = body.to_owned();
        self
    }

    pub(super) fn labelled(mut self) -> Self {
        self.facts.pr.labels = names(&[APPROVED]);
        self
    }

    pub(super) fn labelled_by_hand(mut self) -> Self {
        self.by_hand = true;
        self.labelled()
    }

    fn text(&mut self, login: &str, body: &str) -> Text {
        self.moment += 1;
        Text {
            html_url: format!("https://github.com/org/repo/pull/7#{}", self.moment),
            created_at: self.moment,
            ..sample::text(self.moment, login, body)
        }
    }

    pub(super) fn says(mut self, login: &str, body: &str) -> Self {
        let text = self.text(login, body);
        self.facts.thread.comments.push(text);
        self
    }

    pub(super) fn says_on_a_line(mut self, login: &str, body: &str) -> Self {
        let text = self.text(login, body);
        self.facts.thread.review_comments.push(text);
        self
    }

    pub(super) fn reviews(mut self, login: &str, state: ReviewState, body: &str) -> Self {
        let text = self.text(login, body);
        self.facts.thread.reviews.push(Review { text, state, commit: String::new() });
        self
    }

    /// The bot's comment.
    pub(super) fn notified(self, body: &str) -> Self {
        self.says(BOT, body)
    }

    /// With the comment that the plugin would post now.
    pub(super) fn notified_of_this(self) -> Self {
        let text = format!("{}\n\n<!-- bowsprit:0123456789abcdef -->", self.comment());
        self.notified(&text)
    }

    pub(super) fn facts(&self) -> Facts {
        Facts { files: govern(&self.owners, &self.files, None), ..self.facts.clone() }
    }

    pub(super) fn plan(&self) -> Plan {
        let mut facts = self.facts();
        decide(&facts).unwrap_or_else(|WhoLabelled| {
            facts.labelled_by_hand = Some(self.by_hand);
            decide(&facts).unwrap()
        })
    }

    /// The comment that is posted; empty if there is none.
    pub(super) fn comment(&self) -> String {
        let posted = |effect| if let Effect::Comment(text) = effect { Some(text) } else { None };
        self.plan().effects.into_iter().find_map(posted).unwrap_or_default()
    }
}

/// The effects in short: `delete 1`, `APPROVED` or `NOT APPROVED` for the comment, `+label`, `-label`.
#[track_caller]
pub(super) fn check(world: World, want: &[&str]) {
    let plan = world.plan();
    let short = |effect: &Effect| match effect {
        Effect::Delete(comment) => format!("delete {comment}"),
        Effect::Comment(text) => text.split("**").nth(1).unwrap_or_default().to_owned(),
        Effect::AddLabel => "+label".to_owned(),
        Effect::RemoveLabel => "-label".to_owned(),
    };
    let found: Vec<_> = plan.effects.iter().map(short).collect();
    assert_eq!(found, want, "{}", plan.said);
}

/// Of a pull request that nothing has been said about yet.
pub(super) const APPROVES: [&str; 2] = ["APPROVED", "+label"];
pub(super) const DOES_NOT: [&str; 1] = ["NOT APPROVED"];
