//! `/help` and `/good-first-issue` mark issues that somebody may take. Behaviour: Prow pkg/plugins/help/help.go.

pub mod decide;
pub mod message;

use kit::prow::settings::HelpSettings;
use kit::{
    ClientAgent, CommentEvent, Conversation, Description, Event, EventBody, EventKind, Failure, Issues, Outcome,
    OwnComments, Plugin, PluginHelp, RepoRef, has_label,
};

use crate::decide::{Effect, GOOD_FIRST_ISSUE, HELP, Labels};

struct Help;

impl Plugin for Help {
    fn describe() -> Description {
        Description {
            name: "help".to_owned(),
            summary: format!("Marks open issues with `{HELP}` and `{GOOD_FIRST_ISSUE}`."),
            events: vec![EventKind::Comment],
            commands: commands(),
            settings: vec!["help_guidelines_url".to_owned(), "help_guidelines_summary".to_owned()],
        }
    }

    fn help(settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        let settings: HelpSettings = kit::parsed_or_default(&settings);
        let guidelines = format!("The messages link the guidelines at {}.", settings.help_guidelines_url);
        PluginHelp {
            description: format!("Adds or removes the labels <code>{HELP}</code> and <code>{GOOD_FIRST_ISSUE}</code>."),
            config: vec![(String::new(), guidelines)],
            snippet: "help:\n  help_guidelines_url: https://docs.example/contributing\n  \
                      help_guidelines_summary: What we expect of such an issue.\n"
                .to_owned(),
            commands: commands(),
        }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let EventBody::Comment(comment) = &event.body else {
            return Ok(kit::ignored("not a comment"));
        };
        let Some(asked) = decide::parse(comment) else {
            return Ok(kit::ignored("no new command on an open issue"));
        };
        let labels = Issues::labels(&agent, comment.number)?;
        let has = Labels { help: has_label(&labels, HELP), good_first_issue: has_label(&labels, GOOD_FIRST_ISSUE) };
        let effects = decide::decide(asked, has);
        if effects.is_empty() {
            return Ok(kit::ignored("the labels are already as asked"));
        }
        apply(&effects, comment, &agent)?;
        Ok(kit::done("marked as asked"))
    }
}

/// One failure keeps nothing else from being done.
fn apply(effects: &[Effect], comment: &CommentEvent, agent: &ClientAgent) -> Result<(), Failure> {
    let settings: HelpSettings = kit::settings(agent)?;
    let mut own = OwnComments::<Issues>::new(agent, comment.number);
    let mut errors = Vec::new();
    for effect in effects {
        let result = match effect {
            Effect::Tell(kind) => {
                let message = message::text(*kind, &settings);
                let body = kit::reply::reply(&comment.author.login, &message, &comment.body, &comment.issue_html_url);
                Issues::comment(agent, comment.number, &body).map(drop)
            }
            Effect::Add(kind) => Issues::add_label(agent, comment.number, kind.label()),
            Effect::Remove(kind) => Issues::remove_label(agent, comment.number, kind.label()),
            Effect::Prune(kind) => {
                own.prune(|body| kind.wrote(body));
                Ok(())
            }
        };
        errors.extend(result.err().map(|error| Failure::from(error).message));
    }
    kit::failures(&errors)
}

fn commands() -> Vec<kit::Command> {
    let help = format!("Adds or removes the label `{HELP}`; removing it removes `{GOOD_FIRST_ISSUE}` too.");
    let first = format!("Adds or removes the label `{GOOD_FIRST_ISSUE}`; adding it adds `{HELP}` too.");
    vec![
        kit::command("/[remove-]help", &help, "Anyone", &["/help", "/remove-help"]),
        kit::command(
            "/[remove-]good-first-issue",
            &first,
            "Anyone",
            &["/good-first-issue", "/remove-good-first-issue"],
        ),
    ]
}

kit::export!(Help);

#[cfg(test)]
mod tests;
