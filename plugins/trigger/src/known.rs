//! What a decision may look at, and what it may ask for.
//!
//! A decision is run again from its start with each answer, until it needs no more. So it reads from top to bottom as
//! if it knew everything, makes no call that its outcome does not hang on, and in a test is a row of a table.

use std::collections::BTreeMap;

use kit::job_config::{JobId, Presubmit};
use kit::prow::filter::Contexts;
use kit::prowjobs_read::Prowjob;
use kit::{PullRequest, Text};

use crate::vouched;

/// A fact that is still missing; each is one call, or one for each page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// The login that we act as.
    BotLogin,
    /// Whether `login` is a member of `org`.
    Member {
        /// An organisation.
        org: String,
        /// An account.
        login: String,
    },
    /// Whether this login is a collaborator on the repository.
    Collaborator(String),
    /// The pull request as it is now: its head, its labels.
    PullRequest,
    /// The pull request's comments.
    Comments,
    /// The repository's presubmits, matched against a text and a base branch.
    Presubmits(Matching),
    /// Whether the repository may define jobs itself.
    InRepoEnabled,
    /// The commit at the tip of this branch.
    Tip(String),
    /// The statuses of this commit.
    Contexts(String),
    /// Whether the change matchers of these jobs hold for the pull request's files.
    Changes(Vec<JobId>),
    /// The presubmits' ProwJobs of the pull request.
    ProwJobs,
    /// How many pull requests of this login were merged, in the organisation or, where the grants do not cover that, in the repository.
    Merged(String),
}

/// What presubmits are matched against; absent: no text triggers, every branch is right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matching {
    /// A comment without its code blocks.
    pub text: Option<String>,
    /// A base branch.
    pub branch: Option<String>,
    /// The commits at which jobs count that the repository defines itself; absent: no such jobs.
    pub at: Option<Commits>,
}

/// A pull request by its commits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Commits {
    /// The tip of the base branch.
    pub base: String,
    /// The head.
    pub head: String,
}

/// The answers so far.
#[derive(Debug, Default)]
pub struct Known {
    pub(crate) bot_login: Option<String>,
    pub(crate) members: BTreeMap<(String, String), bool>,
    pub(crate) collaborators: BTreeMap<String, bool>,
    pub(crate) pull_request: Option<PullRequest>,
    pub(crate) comments: Option<Vec<Text>>,
    pub(crate) presubmits: BTreeMap<Matching, Vec<Presubmit>>,
    pub(crate) in_repo_enabled: Option<bool>,
    pub(crate) tips: BTreeMap<String, String>,
    pub(crate) contexts: Option<Contexts>,
    pub(crate) changes: BTreeMap<JobId, bool>,
    pub(crate) prowjobs: Option<Vec<Prowjob>>,
    /// The inner absence is a search that failed, which is no reason to fail a greeting.
    pub(crate) merged: Option<Option<u32>>,
}

/// Each method answers, or returns the question.
impl Known {
    pub(crate) fn bot_login(&self) -> Result<&str, Question> {
        self.bot_login.as_deref().ok_or(Question::BotLogin)
    }

    pub(crate) fn pull_request(&self) -> Result<&PullRequest, Question> {
        self.pull_request.as_ref().ok_or(Question::PullRequest)
    }

    /// The head that somebody vouched for, as a comment of ours keeps it.
    pub(crate) fn vouched(&self) -> Result<Option<&str>, Question> {
        let bot = self.bot_login()?;
        let comments = self.comments.as_deref().ok_or(Question::Comments)?;
        Ok(vouched::head(comments, bot))
    }

    /// Those of config.yaml, for any branch.
    pub(crate) fn central_presubmits(&self, text: &str) -> Result<&[Presubmit], Question> {
        self.matched(Matching { text: Some(text.to_owned()), branch: None, at: None })
    }

    /// All that there are for a pull request: those of config.yaml, and those that the repository defines itself at the
    /// head that is looked at here, which is the one that trust is decided about.
    pub(crate) fn presubmits(&self, text: Option<&str>, pr: &PullRequest) -> Result<&[Presubmit], Question> {
        let branch = &pr.base.name;
        let at = match self.in_repo_enabled()? {
            true => Some(Commits { base: self.tip(branch)?.to_owned(), head: pr.head.sha.clone() }),
            false => None,
        };
        self.matched(Matching { text: text.map(str::to_owned), branch: Some(branch.clone()), at })
    }

    fn matched(&self, matching: Matching) -> Result<&[Presubmit], Question> {
        self.presubmits.get(&matching).map(Vec::as_slice).ok_or(Question::Presubmits(matching))
    }

    pub(crate) fn in_repo_enabled(&self) -> Result<bool, Question> {
        self.in_repo_enabled.ok_or(Question::InRepoEnabled)
    }

    pub(crate) fn tip(&self, branch: &str) -> Result<&str, Question> {
        self.tips.get(branch).map(String::as_str).ok_or_else(|| Question::Tip(branch.to_owned()))
    }

    pub(crate) fn contexts(&self, sha: &str) -> Result<&Contexts, Question> {
        self.contexts.as_ref().ok_or_else(|| Question::Contexts(sha.to_owned()))
    }

    /// Whether each job's change matcher holds, in the order asked.
    pub(crate) fn changes(&self, jobs: &[JobId]) -> Result<Vec<bool>, Question> {
        let unknown: Vec<_> = jobs.iter().copied().filter(|job| !self.changes.contains_key(job)).collect();
        if !unknown.is_empty() {
            return Err(Question::Changes(unknown));
        }
        Ok(jobs.iter().map(|job| self.changes[job]).collect())
    }

    pub(crate) fn prowjobs(&self) -> Result<&[Prowjob], Question> {
        self.prowjobs.as_deref().ok_or(Question::ProwJobs)
    }

    pub(crate) fn merged(&self, author: &str) -> Result<Option<u32>, Question> {
        self.merged.ok_or_else(|| Question::Merged(author.to_owned()))
    }
}
