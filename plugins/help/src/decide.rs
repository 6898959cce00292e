//! What a comment asks for, and what has to be done about it.

use kit::{CommentAction, CommentEvent, IssueState};

/// Marks an issue that the maintainers would like somebody to take.
pub const HELP: &str = "help wanted";
/// Marks an issue that suits a first contribution.
pub const GOOD_FIRST_ISSUE: &str = "good first issue";

/// The two labels, each with a message of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`HELP`]
    Help,
    /// [`GOOD_FIRST_ISSUE`]
    GoodFirstIssue,
}

impl Kind {
    /// The label's name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Help => HELP,
            Self::GoodFirstIssue => GOOD_FIRST_ISSUE,
        }
    }
}

/// One thing to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Post the message of this kind.
    Tell(Kind),
    /// Put the label on.
    Add(Kind),
    /// Take the label off.
    Remove(Kind),
    /// Delete the bot's earlier messages of this kind.
    Prune(Kind),
}

/// The commands of one comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asked {
    help: bool,
    remove_help: bool,
    good_first_issue: bool,
    remove_good_first_issue: bool,
}

/// The labels that an issue has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels {
    /// [`HELP`] is there.
    pub help: bool,
    /// [`GOOD_FIRST_ISSUE`] is there.
    pub good_first_issue: bool,
}

/// Reads new texts on open issues; nothing if there is no command in them. A command stands alone on its line.
pub fn parse(comment: &CommentEvent) -> Option<Asked> {
    if comment.is_pr || comment.issue_state != IssueState::Open || comment.action != CommentAction::Created {
        return None;
    }
    let mut asked = Asked::default();
    for line in kit::lines(&comment.body).filter(|line| line.rest.is_empty()) {
        asked.help |= line.is("help");
        asked.remove_help |= line.is("remove-help");
        asked.good_first_issue |= line.is("good-first-issue");
        asked.remove_good_first_issue |= line.is("remove-good-first-issue");
    }
    (asked != Asked::default()).then_some(asked)
}

/// The first command, in this order, that would change something. A good first issue is always open for help too.
pub fn decide(asked: Asked, has: Labels) -> Vec<Effect> {
    use Kind::{GoodFirstIssue, Help};
    let mut effects = Vec::new();
    if asked.remove_help && has.help {
        effects.extend([Effect::Remove(Help), Effect::Prune(Help)]);
        if has.good_first_issue {
            effects.extend([Effect::Remove(GoodFirstIssue), Effect::Prune(GoodFirstIssue)]);
        }
    } else if asked.good_first_issue && !has.good_first_issue {
        effects.extend([Effect::Tell(GoodFirstIssue), Effect::Add(GoodFirstIssue)]);
        if !has.help {
            effects.push(Effect::Add(Help));
        }
    } else if asked.help && !has.help {
        effects.extend([Effect::Tell(Help), Effect::Add(Help)]);
    } else if asked.remove_good_first_issue && has.good_first_issue {
        effects.extend([Effect::Remove(GoodFirstIssue), Effect::Prune(GoodFirstIssue)]);
    }
    effects
}
