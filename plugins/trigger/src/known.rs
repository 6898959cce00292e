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
    /// The commit at the tip of this branch.
    Tip(String),
    /// The statuses of this commit.
    Contexts(String),
    /// Whether the change matchers of these jobs hold for the pull request's files.
    Changes(Vec<JobId>),
    /// The presubmits' ProwJobs of the pull request.
    ProwJobs,
    /// How many pull requests of this login were merged in the organisation.
    Merged(String),
}

/// What presubmits are matched against; absent: no text triggers, every branch is right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matching {
    /// A comment without its code blocks.
    pub text: Option<String>,
    /// A base branch.
    pub branch: Option<String>,
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

    pub(crate) fn presubmits(&self, text: Option<&str>, branch: Option<&str>) -> Result<&[Presubmit], Question> {
        let matching = Matching { text: text.map(str::to_owned), branch: branch.map(str::to_owned) };
        self.presubmits.get(&matching).map(Vec::as_slice).ok_or(Question::Presubmits(matching))
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
