//! Answers `/greet`, and welcomes who opens a first pull request.

// From wit/plugin.wit, and the contract below it.
wit_bindgen::generate!({ path: "wit", world: "greeter", generate_all });

use bowsprit::plugin::types::{
    ActorKind, ApiError, CommentAction, CommentEvent, ErrorKind, EventBody, EventKind, PullRequest,
};
use bowsprit::plugin::{
    github_issues_write, github_pull_requests_read, github_pull_requests_write,
};
use serde::Deserialize;

const GREETING: &str = "Hello! This is the first greeter speaking.";

/// `modules.greeter.config`
#[derive(Default, Deserialize)]
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

struct Plugin;

impl Guest for Plugin {
    fn describe() -> Description {
        Description {
            name: "greeter".to_owned(),
            summary: "Answers `/greet`, and welcomes first-time contributors.".to_owned(),
            events: vec![EventKind::Comment, EventKind::PullRequest],
            commands: commands(),
            settings: ["greeting", "welcome", "rehearsal"]
                .map(str::to_owned)
                .to_vec(),
        }
    }

    fn help(_settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        let description = "Answers <code>/greet</code>.".to_owned();
        PluginHelp {
            description,
            config: Vec::new(),
            snippet: String::new(),
            commands: commands(),
        }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let settings: Settings =
            serde_json::from_str(&agent.settings()).map_err(|error| Failure {
                message: format!("settings: {error}"),
            })?;
        // In a rehearsal the host refuses each change that is made through this handle.
        let agent = if settings.rehearsal {
            agent.read_only()
        } else {
            agent
        };
        let handled = match &event.body {
            EventBody::Comment(comment) => greet(comment, &agent, &settings),
            EventBody::PullRequest(body) => welcome(&event, &body.pull_request, &agent, &settings),
            _ => return Ok(ignored("not a comment, nor a pull request")),
        };
        match handled {
            Ok(outcome) => Ok(outcome),
            Err(error) if error.kind == ErrorKind::Denied => {
                Ok(ignored(format!("denied: {}", error.message)))
            }
            Err(error) => Err(Failure {
                message: error.message,
            }),
        }
    }
}

fn greet(
    comment: &CommentEvent,
    agent: &ClientAgent,
    settings: &Settings,
) -> Result<Outcome, ApiError> {
    if comment.action != CommentAction::Created || !asks(&comment.body) {
        return Ok(ignored("no `/greet`"));
    }
    let body = format!(
        "@{}: {}",
        comment.author.login,
        settings.greeting.as_deref().unwrap_or(GREETING)
    );
    // GitHub asks for another permission on pull requests than on issues.
    if comment.is_pr {
        github_pull_requests_write::create_comment(agent, comment.number, &body)?;
    } else {
        github_issues_write::create_comment(agent, comment.number, &body)?;
    }
    Ok(done("greeted"))
}

fn welcome(
    event: &Event,
    pr: &PullRequest,
    agent: &ClientAgent,
    settings: &Settings,
) -> Result<Outcome, ApiError> {
    let login = &pr.author.login;
    if event.action.as_deref() != Some("opened") || pr.author.kind != ActorKind::User {
        return Ok(ignored("no new pull request of a person"));
    }
    let Some(text) = &settings.welcome else {
        return Ok(ignored("no `welcome` is set"));
    };
    if github_pull_requests_read::count_merged(agent, login)? > 0 {
        return Ok(ignored(format!("{login} is no newcomer")));
    }
    github_pull_requests_write::create_comment(agent, pr.number, &format!("@{login}: {text}"))?;
    Ok(done(format!("welcomed {login}")))
}

/// Whether a line of the text is the command.
fn asks(text: &str) -> bool {
    let first = |line: &str| {
        line.split(['\t', '\x0c', '\r', ' '])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    text.split('\n').any(|line| first(line) == "/greet")
}

fn commands() -> Vec<bowsprit::plugin::types::Command> {
    vec![bowsprit::plugin::types::Command {
        usage: "/greet".to_owned(),
        description: "Asks for a greeting.".to_owned(),
        who_can_use: "Anyone".to_owned(),
        examples: vec!["/greet".to_owned()],
        featured: false,
    }]
}

fn done(what: impl Into<String>) -> Outcome {
    Outcome::Done(what.into())
}

fn ignored(why: impl Into<String>) -> Outcome {
    Outcome::Ignored(why.into())
}

export!(Plugin);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_its_line_to_itself() {
        assert!(asks("/greet") && asks("Well?\r\n/GREET me\r\n"));
        assert!(!asks("> /greet") && !asks("/greeting"));
    }
}
