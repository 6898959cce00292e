//! What a decision comes to.

use kit::PullRequest;
use kit::job_config::Presubmit;
use kit::prowjobs_read::Prowjob;

/// Makes a pull request trusted.
pub const OK_TO_TEST: &str = "ok-to-test";
/// Says that a member has to look first. By itself it keeps nothing from running.
pub const NEEDS_OK_TO_TEST: &str = "needs-ok-to-test";
/// On an untrusted pull request it starts the tests once.
pub const LGTM: &str = "lgtm";

/// One thing to be done on the pull request. One that fails keeps no other from being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<'a> {
    /// Ask the controller to end a run.
    Abort(&'a Prowjob),
    /// Put a label on.
    AddLabel(&'static str),
    /// Take a label off.
    RemoveLabel(&'static str),
    /// Keep this head as the one that somebody has vouched for.
    Vouch(&'a str),
    /// Post a comment.
    Comment(String),
    /// Delete our earlier help comments.
    PruneHelp,
    /// Let those runs of GitHub Actions start that wait for a maintainer.
    ApproveWorkflows(&'a PullRequest),
    /// Run again what failed of GitHub Actions.
    RerunWorkflows(&'a PullRequest),
    /// Start a job.
    Create {
        /// Which.
        job: &'a Presubmit,
        /// The pull request on whose head trust was decided; the job is pinned to that head.
        pr: &'a PullRequest,
        /// The tip of the base branch.
        base_sha: &'a str,
        /// A member or author asked for it with `/retest`.
        retest: bool,
    },
}

/// Effects in their order, and one sentence for the trace. No effects: the event was of no concern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "a plan does nothing until it is applied"]
pub struct Plan<'a> {
    /// What is to be done.
    pub effects: Vec<Effect<'a>>,
    /// What was found, for whoever asks why something happened or did not.
    pub said: String,
}

impl<'a> Plan<'a> {
    pub(crate) fn nothing(why: impl Into<String>) -> Self {
        Self { effects: Vec::new(), said: why.into() }
    }

    pub(crate) fn comment(text: String, said: impl Into<String>) -> Self {
        Self { effects: vec![Effect::Comment(text)], said: said.into() }
    }

    pub(crate) fn add(&mut self, effect: Effect<'a>) {
        self.effects.push(effect);
    }

    pub(crate) fn say(&mut self, sentence: impl AsRef<str>) {
        if !self.said.is_empty() {
            self.said.push_str("; ");
        }
        self.said.push_str(sentence.as_ref());
    }
}
