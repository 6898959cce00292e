//! `/hold` keeps a pull request from merging, `/hold cancel` lets go. Behaviour: Prow pkg/plugins/hold/hold.go.

use kit::{
    ClientAgent, CommentAction, CommentEvent, Conversation, Description, Event, EventBody, EventKind, Failure, Outcome,
    Plugin, PluginHelp, PullRequests, RepoRef,
};

/// The label that Prow's merge queries exclude.
pub const HOLD: &str = "do-not-merge/hold";

/// What a comment asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldCommand {
    /// `/hold`, whatever follows.
    Hold,
    /// `/hold cancel`, `/unhold` or `/remove-hold`, whatever follows.
    Cancel,
}

/// The change that makes the label be as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelChange {
    /// Put [`HOLD`] on.
    Add,
    /// Take [`HOLD`] off.
    Remove,
}

/// Reads new texts on pull requests, open or closed. With both commands in one text, the hold is cancelled.
pub fn parse(comment: &CommentEvent) -> Option<HoldCommand> {
    if comment.action != CommentAction::Created || !comment.is_pr {
        return None;
    }
    let mut asked = None;
    for line in kit::lines(&comment.body) {
        let held = line.is("hold");
        if line.is("unhold") || line.is("remove-hold") || (held && line.argument().eq_ignore_ascii_case("cancel")) {
            return Some(HoldCommand::Cancel);
        }
        if held {
            asked = Some(HoldCommand::Hold);
        }
    }
    asked
}

/// Nothing where the label is already as asked.
pub fn decide(command: HoldCommand, held: bool) -> Option<LabelChange> {
    match (command, held) {
        (HoldCommand::Hold, false) => Some(LabelChange::Add),
        (HoldCommand::Cancel, true) => Some(LabelChange::Remove),
        (HoldCommand::Hold, true) | (HoldCommand::Cancel, false) => None,
    }
}

struct Hold;

impl Plugin for Hold {
    fn describe() -> Description {
        Description {
            name: "hold".to_owned(),
            summary: format!("Puts the label {HOLD} on a pull request, which keeps it from merging, or takes it off."),
            events: vec![EventKind::Comment],
            commands: commands(),
            settings: Vec::new(),
        }
    }

    fn help(_settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        PluginHelp {
            description: format!("Adds or removes the label <code>{HOLD}</code>, with which nothing is merged."),
            config: Vec::new(),
            snippet: String::new(),
            commands: commands(),
        }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let EventBody::Comment(comment) = &event.body else {
            return Ok(kit::ignored("not a comment"));
        };
        let Some(command) = parse(comment) else {
            return Ok(kit::ignored("no new /hold or /hold cancel on a pull request"));
        };
        let labels = PullRequests::labels(&agent, comment.number)?;
        match decide(command, kit::has_label(&labels, HOLD)) {
            None => Ok(kit::ignored("the label is already as asked")),
            Some(LabelChange::Add) => {
                PullRequests::add_label(&agent, comment.number, HOLD)?;
                Ok(kit::done("held"))
            }
            Some(LabelChange::Remove) => {
                PullRequests::remove_label(&agent, comment.number, HOLD)?;
                Ok(kit::done("no longer held"))
            }
        }
    }
}

fn commands() -> Vec<kit::Command> {
    let examples = ["/hold", "/hold cancel", "/unhold", "/remove-hold"];
    let what = format!("Adds or removes the label {HOLD}, with which nothing is merged.");
    vec![kit::command("/hold [cancel]", &what, "Anyone", &examples)]
}

kit::export!(Hold);

#[cfg(test)]
mod tests;
