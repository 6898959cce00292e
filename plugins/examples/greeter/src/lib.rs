//! Answers `/greet`. Small on purpose: a plugin to start one's own from.
//!
//! It is not bundled; plugins.yaml says where it is and what it may do:
//!
//! ```yaml
//! modules:
//!   greeter:
//!     component: ./greeter.wasm
//!     grants: { issues: write, pull_requests: write }
//!     config: { greeting: "Good morning!" }
//! ```

use kit::{
    ClientAgent, CommentAction, CommentEvent, Conversation as _, Description, Event, EventBody, EventKind, Failure,
    Issues, Outcome, Plugin, PluginHelp, PullRequests, RepoRef,
};
use serde::Deserialize;

/// What it says unless `config` says otherwise.
pub const GREETING: &str = "Hello! This is the first greeter speaking.";

/// `modules.greeter.config`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    greeting: Option<String>,
}

/// Whether a new text asks for a greeting.
pub fn asks(comment: &CommentEvent) -> bool {
    comment.action == CommentAction::Created && kit::lines(&comment.body).any(|line| line.is("greet"))
}

struct Greeter;

impl Plugin for Greeter {
    fn describe() -> Description {
        Description {
            name: "greeter".to_owned(),
            summary: "Answers `/greet`.".to_owned(),
            events: vec![EventKind::Comment],
            commands: commands(),
            settings: vec!["greeting".to_owned()],
        }
    }

    fn help(_settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        PluginHelp {
            description: "Answers <code>/greet</code>.".to_owned(),
            config: Vec::new(),
            snippet: String::new(),
            commands: commands(),
        }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let EventBody::Comment(comment) = &event.body else {
            return Ok(kit::ignored("not a comment"));
        };
        if !asks(comment) {
            return Ok(kit::ignored("no `/greet`"));
        }
        let settings: Settings = kit::settings(&agent)?;
        let greeting = settings.greeting.as_deref().unwrap_or(GREETING);
        let body = kit::reply::reply(&comment.author.login, greeting, &comment.body, &comment.html_url);
        // GitHub asks for another permission on pull requests than on issues.
        let _comment = if comment.is_pr {
            PullRequests::comment(&agent, comment.number, &body)?
        } else {
            Issues::comment(&agent, comment.number, &body)?
        };
        Ok(kit::done("greeted"))
    }
}

fn commands() -> Vec<kit::Command> {
    vec![kit::command("/greet", "Asks for a greeting.", "Anyone", &["/greet"])]
}

kit::export!(Greeter);

#[cfg(test)]
mod tests {
    use kit::sample;

    use super::*;

    #[track_caller]
    fn check(action: CommentAction, body: &str, want: bool) {
        let comment = CommentEvent { action, is_pr: false, ..sample::comment(body) };
        assert_eq!(asks(&comment), want, "{body:?}");
    }

    #[test]
    fn only_a_new_greet_is_answered() {
        check(CommentAction::Created, "/greet", true);
        check(CommentAction::Created, "Well?\r\n/greet me", true);
        check(CommentAction::Created, "> /greet", false);
        check(CommentAction::Created, GREETING, false);
        check(CommentAction::Edited, "/greet", false);
    }
}
