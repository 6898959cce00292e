//! Answers `/greet`, and welcomes who opens a first pull request. Small on purpose: a plugin to start one's own from. The
//! folders beside it hold the same plugin in other languages.
//!
//! It is not bundled; plugins.yaml says where it is and what it may do:
//!
//! ```yaml
//! modules:
//!   greeter:
//!     component: ./greeter.wasm
//!     grants: { issues: write, pull_requests: write }
//!     config: { greeting: "Good morning!", welcome: "Glad to have you here." }
//! ```

use kit::github_pull_requests_read::count_merged;
use kit::{
    ActorKind, ApiError, ClientAgent, CommentAction, CommentEvent, Conversation as _, Description, ErrorKind, Event,
    EventBody, EventKind, Failure, Issues, Outcome, Plugin, PluginHelp, PullRequest, PullRequests, RepoRef,
};
use serde::Deserialize;

/// What it says unless `config` says otherwise.
pub const GREETING: &str = "Hello! This is the first greeter speaking.";

/// `modules.greeter.config`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The answer to `/greet`.
    greeting: Option<String>,
    /// What a newcomer is told; nothing if it is not set.
    welcome: Option<String>,
    /// Decides everything and says nothing.
    #[serde(default)]
    rehearsal: bool,
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
            summary: "Answers `/greet`, and welcomes first-time contributors.".to_owned(),
            events: vec![EventKind::Comment, EventKind::PullRequest],
            commands: commands(),
            settings: ["greeting", "welcome", "rehearsal"].map(str::to_owned).to_vec(),
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
        let settings: Settings = kit::settings(&agent)?;
        // In a rehearsal the host refuses each change that is made through this handle.
        let agent = if settings.rehearsal { agent.read_only() } else { agent };
        let handled = match &event.body {
            EventBody::Comment(comment) => greet(comment, &agent, &settings),
            EventBody::PullRequest(body) => welcome(&event, &body.pull_request, &agent, &settings),
            _ => return Ok(kit::ignored("not a comment, nor a pull request")),
        };
        match handled {
            Err(error) if error.kind == ErrorKind::Denied => Ok(kit::ignored(format!("denied: {}", error.message))),
            handled => Ok(handled?),
        }
    }
}

fn greet(comment: &CommentEvent, agent: &ClientAgent, settings: &Settings) -> Result<Outcome, ApiError> {
    if !asks(comment) {
        return Ok(kit::ignored("no `/greet`"));
    }
    let body = format!("@{}: {}", comment.author.login, settings.greeting.as_deref().unwrap_or(GREETING));
    // GitHub asks for another permission on pull requests than on issues.
    let _comment = if comment.is_pr {
        PullRequests::comment(agent, comment.number, &body)?
    } else {
        Issues::comment(agent, comment.number, &body)?
    };
    Ok(kit::done("greeted"))
}

fn welcome(event: &Event, pr: &PullRequest, agent: &ClientAgent, settings: &Settings) -> Result<Outcome, ApiError> {
    let login = &pr.author.login;
    if event.action.as_deref() != Some("opened") || pr.author.kind != ActorKind::User {
        return Ok(kit::ignored("no new pull request of a person"));
    }
    let Some(text) = &settings.welcome else {
        return Ok(kit::ignored("no `welcome` is set"));
    };
    if count_merged(agent, login)? > 0 {
        return Ok(kit::ignored(format!("{login} is no newcomer")));
    }
    let _comment = PullRequests::comment(agent, pr.number, &format!("@{login}: {text}"))?;
    Ok(kit::done(format!("welcomed {login}")))
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
