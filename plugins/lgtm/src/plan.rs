//! What a decision comes to.

use kit::CommentId;

use crate::messages;

/// Says that somebody other than its author has reviewed the pull request.
pub const LGTM: &str = "lgtm";

/// One thing to be done on the pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Put [`LGTM`] on.
    AddLabel,
    /// Take [`LGTM`] off.
    RemoveLabel,
    /// Assign this login.
    Assign(String),
    /// Ask these logins for a review.
    RequestReview(Vec<String>),
    /// Answer with a refusal, unless it stands there: who delivers or replays an event again is refused once.
    Refuse(String),
    /// Post a comment.
    Comment(String),
    /// Delete what we said of the label's removal.
    PruneNotices,
    /// Delete our records of what was reviewed.
    PruneRecords,
    /// Write over this record.
    Void(CommentId),
}

impl Effect {
    /// Whether it deletes a comment of ours that says this.
    pub(crate) fn prunes(&self, body: &str) -> bool {
        match self {
            Effect::PruneNotices => messages::is_notice(body),
            Effect::PruneRecords => messages::recorded(body).is_some(),
            Effect::AddLabel
            | Effect::RemoveLabel
            | Effect::Assign(_)
            | Effect::RequestReview(_)
            | Effect::Refuse(_)
            | Effect::Comment(_)
            | Effect::Void(_) => false,
        }
    }
}

/// Effects in their order, and one sentence for the trace. No effects: the event was of no concern.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "a plan does nothing until it is applied"]
pub struct Plan {
    /// What is to be done; after one that fails, no more.
    pub effects: Vec<Effect>,
    /// What was found, for whoever asks why something happened or did not.
    pub said: String,
}

impl Plan {
    pub(crate) fn nothing(why: impl Into<String>) -> Self {
        Self { effects: Vec::new(), said: why.into() }
    }

    pub(crate) fn of(effect: Effect, said: impl Into<String>) -> Self {
        Self { effects: vec![effect], said: said.into() }
    }

    pub(crate) fn add(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Asks those assigned to look again. Not the author: GitHub refuses a review of one's own.
    pub(crate) fn request_review(&mut self, assignees: &[String], author: &str) {
        let reviewers: Vec<String> = assignees.iter().filter(|login| *login != author).cloned().collect();
        if !reviewers.is_empty() {
            self.add(Effect::RequestReview(reviewers));
        }
    }

    pub(crate) fn say(&mut self, sentence: &str) {
        if !self.said.is_empty() {
            self.said.push_str("; ");
        }
        self.said.push_str(sentence);
    }
}
