//! What a decision may look at, and what it may ask for.
//!
//! A decision is run again from its start with each answer, until it needs no more. So it reads from top to bottom as
//! if it knew everything, makes no call that its outcome does not hang on, and in a test is a row of a table.

use std::collections::{BTreeMap, BTreeSet};

use kit::{PullRequest, Text};

/// A fact that is still missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// The login that we act as. At most one call for the life of the host.
    BotLogin,
    /// Whether this login is a collaborator on the repository. One call.
    Collaborator(String),
    /// The pull request as it is now. One call.
    PullRequest,
    /// Who may review any of the changed files, by the OWNERS of this branch. One call for each hundred files.
    Owners(String),
    /// The pull request's labels as they are now. One call.
    Labels,
    /// All comments. One call for each hundred.
    Comments,
    /// The tree of this commit. One call.
    Tree(String),
    /// Whether this author belongs to the team of this display name. One call for each hundred teams, and one.
    InTeam {
        /// A team's display name.
        team: String,
        /// An account.
        login: String,
    },
}

/// The answers so far, all about one pull request and one account.
#[derive(Debug, Default)]
pub struct Known {
    pub(crate) bot_login: Option<String>,
    pub(crate) collaborator: Option<bool>,
    pub(crate) pull_request: Option<PullRequest>,
    pub(crate) owners: Option<BTreeSet<String>>,
    pub(crate) labels: Option<Vec<String>>,
    pub(crate) comments: Option<Vec<Text>>,
    /// By commit; the inner absence is a commit that could not be read.
    pub(crate) trees: BTreeMap<String, Option<String>>,
    pub(crate) in_team: Option<bool>,
}

/// Each method answers, or returns the question.
impl Known {
    pub(crate) fn bot_login(&self) -> Result<&str, Question> {
        self.bot_login.as_deref().ok_or(Question::BotLogin)
    }

    pub(crate) fn is_collaborator(&self, login: &str) -> Result<bool, Question> {
        self.collaborator.ok_or_else(|| Question::Collaborator(login.to_owned()))
    }

    pub(crate) fn pull_request(&self) -> Result<&PullRequest, Question> {
        self.pull_request.as_ref().ok_or(Question::PullRequest)
    }

    /// Logins in lower case.
    pub(crate) fn owners(&self, branch: &str) -> Result<&BTreeSet<String>, Question> {
        self.owners.as_ref().ok_or_else(|| Question::Owners(branch.to_owned()))
    }

    pub(crate) fn labels(&self) -> Result<&[String], Question> {
        self.labels.as_deref().ok_or(Question::Labels)
    }

    pub(crate) fn comments(&self) -> Result<&[Text], Question> {
        self.comments.as_deref().ok_or(Question::Comments)
    }

    pub(crate) fn tree(&self, commit: &str) -> Result<Option<&str>, Question> {
        self.trees.get(commit).map(Option::as_deref).ok_or_else(|| Question::Tree(commit.to_owned()))
    }

    /// No team, no members.
    pub(crate) fn is_in_team(&self, team: &str, login: &str) -> Result<bool, Question> {
        if team.is_empty() {
            return Ok(false);
        }
        self.in_team.ok_or_else(|| Question::InTeam { team: team.to_owned(), login: login.to_owned() })
    }
}
