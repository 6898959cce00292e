//! Makes any one call of the contract on command, and says how it was answered: what each function of the host is tried
//! with. A line in a new comment, or in the message of a pushed commit:
//!
//! ```text
//! /call github-issues-write.create-issue "A title" "a text" bug,question
//! /call read-only github-issues-write.add-label 7 bug
//! /call for-repo my-org/other github-metadata-read.get-repository
//! ```
//!
//! How the words become arguments is told in [`words`]. The outcome is the answer as Rust prints it: `Ok(…)` or `Err(…)`.

mod table;
pub mod words;

use kit::{
    ClientAgent, CommentAction, Description, Event, EventBody, EventKind, Failure, Outcome, Plugin, PluginHelp, RepoRef,
};
use words::Words;

/// How the client-agent is changed before the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Through {
    /// Not at all.
    Own,
    /// It reads only.
    ReadOnly,
    /// It is for another repository.
    Other(String, String),
}

/// A call to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// By what agent.
    pub through: Through,
    /// As the contract spells it: `interface.function`.
    pub function: String,
    /// The arguments.
    pub words: Vec<String>,
}

/// The first call that a text asks for.
pub fn asked(text: &str) -> Option<Call> {
    let line = kit::lines(text).find(|line| line.is("call"))?;
    let mut words = words::split(line.rest).into_iter();
    let mut function = words.next()?;
    let through = match function.as_str() {
        "read-only" => Through::ReadOnly,
        "for-repo" => {
            let other = words.next()?;
            let (org, name) = other.split_once('/')?;
            Through::Other(org.to_owned(), name.to_owned())
        }
        _ => Through::Own,
    };
    if through != Through::Own {
        function = words.next()?;
    }
    Some(Call { through, function, words: words.collect() })
}

fn make(call: Call, agent: &ClientAgent) -> Result<String, String> {
    let mut words = Words::new(call.words);
    let made = match call.through {
        Through::Own => table::call(&call.function, agent, &mut words)?,
        Through::ReadOnly => table::call(&call.function, &agent.read_only(), &mut words)?,
        Through::Other(org, name) => match agent.for_repo(&RepoRef { org, name }) {
            Ok(other) => table::call(&call.function, &other, &mut words)?,
            Err(error) => format!("for-repo: {error:?}"),
        },
    };
    Ok(made)
}

/// The text that may hold a call.
fn text(event: &Event, agent: &ClientAgent) -> Option<String> {
    match &event.body {
        EventBody::Comment(comment) if comment.action == CommentAction::Created => Some(comment.body.clone()),
        EventBody::Push(_) => {
            let payload: serde_json::Value = serde_json::from_str(&agent.payload()).ok()?;
            payload["head_commit"]["message"].as_str().map(str::to_owned)
        }
        _ => None,
    }
}

struct Caller;

impl Plugin for Caller {
    fn describe() -> Description {
        Description {
            name: "caller".to_owned(),
            summary: "Makes any one call of the contract on command.".to_owned(),
            events: vec![EventKind::Comment, EventKind::Push],
            commands: Vec::new(),
            settings: Vec::new(),
        }
    }

    fn help(_settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        let description = "Makes any one call of the contract on command.".to_owned();
        PluginHelp { description, config: Vec::new(), snippet: String::new(), commands: Vec::new() }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let Some(call) = text(&event, &agent).as_deref().and_then(asked) else {
            return Ok(kit::ignored("not asked to"));
        };
        make(call, &agent).map(kit::done).map_err(|message| Failure { message })
    }
}

kit::export!(Caller);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<(Through, &str, &[&str])>) {
        let want = want.map(|(through, function, words)| Call {
            through,
            function: function.to_owned(),
            words: words.iter().map(|&word| word.to_owned()).collect(),
        });
        assert_eq!(asked(text), want, "{text:?}");
    }

    #[test]
    fn a_line_names_the_call_and_how_the_agent_is_changed() {
        check("/call agent.now", Some((Through::Own, "agent.now", &[])));
        check("now:\r\n/call a.b \"c d\" 1", Some((Through::Own, "a.b", &["c d", "1"])));
        check("/call read-only a.b -", Some((Through::ReadOnly, "a.b", &["-"])));
        check("/call for-repo o/r a.b", Some((Through::Other("o".into(), "r".into()), "a.b", &[])));
        check("/call for-repo o a.b", None);
        check("/call", None);
        check("> /call a.b", None);
    }
}
