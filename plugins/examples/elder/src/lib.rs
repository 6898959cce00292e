//! `/recount` on a pull request: reads it, its labels and its comments, labels it, and says what it found. Built for the
//! contract 0.1.0, without the kit, as a component that nobody has built anew since: a host that serves 0.2.0 runs it
//! all the same.

/// The contract 0.1.0, as Rust. Generated; a module of its own, since the export macro would clash otherwise.
mod bindings {
    #![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, clippy::unwrap_used)]

    wit_bindgen::generate!({
        world: "everything",
        path: "../../../wit/previous/0.1.0",
        pub_export_macro: true,
        export_macro_name: "export_elder",
    });
}

use bindings::bowsprit::plugin::agent::ClientAgent;
use bindings::bowsprit::plugin::types::{
    ApiError, CommentAction, Description, Event, EventBody, EventKind, Failure, Outcome, PluginHelp, RepoRef,
};
use bindings::bowsprit::plugin::{github_pull_requests_read, github_pull_requests_write};

const LABEL: &str = "recounted";

/// Whether a text asks for it.
pub fn asks(text: &str) -> bool {
    text.lines().any(|line| line.trim_end() == "/recount")
}

fn recount(agent: &ClientAgent, number: u32) -> Result<String, ApiError> {
    let pull = github_pull_requests_read::get_pull_request(agent, number)?;
    let labels = github_pull_requests_read::list_labels(agent, number)?;
    let comments = github_pull_requests_read::list_comments(agent, number)?;
    let found = format!(
        "\"{}\" by {} from {} to {} has {} labels and {} comments.",
        pull.title,
        pull.author.login,
        pull.head.name,
        pull.base.name,
        labels.len(),
        comments.len()
    );
    github_pull_requests_write::add_label(agent, number, LABEL)?;
    github_pull_requests_write::create_comment(agent, number, &found)?;
    Ok(found)
}

struct Elder;

impl bindings::Guest for Elder {
    fn describe() -> Description {
        Description {
            name: "elder".to_owned(),
            summary: "Counts the labels and comments of a pull request.".to_owned(),
            events: vec![EventKind::Comment],
            commands: Vec::new(),
            settings: Vec::new(),
        }
    }

    fn help(_settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        let description = "Counts the labels and comments of a pull request.".to_owned();
        PluginHelp { description, config: Vec::new(), snippet: String::new(), commands: Vec::new() }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let EventBody::Comment(comment) = &event.body else {
            return Ok(Outcome::Ignored("not a comment".to_owned()));
        };
        if comment.action != CommentAction::Created || !comment.is_pr || !asks(&comment.body) {
            return Ok(Outcome::Ignored("not asked to".to_owned()));
        }
        let told = recount(&agent, comment.number).map_err(|error| Failure { message: error.message })?;
        Ok(Outcome::Done(told))
    }
}

/// What a host calls. Generated too.
mod exports {
    #![allow(unsafe_code)]

    use super::{Elder, bindings};

    bindings::export_elder!(Elder with_types_in bindings);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_of_its_own_asks() {
        for (text, want) in [("/recount", true), ("so:\r\n/recount \r\n", true), ("> /recount", false), ("", false)] {
            assert_eq!(asks(text), want, "{text:?}");
        }
    }
}
