//! Makes any call of the contract on command, and says how it was answered: what each function of the host is tried with.
//! A line in a new comment, or in the message of a pushed commit:
//!
//! ```text
//! /call github-issues-write.create-issue "A title" "a text" bug,question
//! /call read-only github-issues-write.add-label 7 bug
//! /call for-repo my-org/other github-metadata-read.get-repository
//! ```
//!
//! How the words become arguments is told in [`words`]. The outcome is the answer as Rust prints it: `Ok(…)` or `Err(…)`.
//! Several lines are several calls, in their order, whatever becomes of each; then every answer is a line of the log.

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

/// The calls that a text asks for.
pub fn asked(text: &str) -> Vec<Call> {
    kit::lines(text).filter(|line| line.is("call")).filter_map(|line| one(line.rest)).collect()
}

fn one(line: &str) -> Option<Call> {
    let mut words = words::split(line).into_iter();
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
            summary: "Makes any call of the contract on command.".to_owned(),
            events: vec![EventKind::Comment, EventKind::Push],
            commands: Vec::new(),
            settings: Vec::new(),
        }
    }

    fn help(_settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        let description = "Makes any call of the contract on command.".to_owned();
        PluginHelp { description, config: Vec::new(), snippet: String::new(), commands: Vec::new() }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let mut calls = text(&event, &agent).as_deref().map(asked).unwrap_or_default();
        match calls.len() {
            0 => Ok(kit::ignored("not asked to")),
            1 => make(calls.remove(0), &agent).map(kit::done).map_err(|message| Failure { message }),
            many => {
                for call in calls {
                    let answer = make(call, &agent).map_err(|message| Failure { message })?;
                    kit::info(&answer);
                }
                Ok(kit::done(format!("{many} calls")))
            }
        }
    }
}

kit::export!(Caller);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[(Through, &str, &[&str])]) {
        let want = want.iter().cloned().map(|(through, function, words)| Call {
            through,
            function: function.to_owned(),
            words: words.iter().map(|&word| word.to_owned()).collect(),
        });
        let want: Vec<_> = want.collect();
        assert_eq!(asked(text), want, "{text:?}");
    }

    #[test]
    fn a_line_names_the_call_and_how_the_agent_is_changed() {
        check("/call agent.now", &[(Through::Own, "agent.now", &[])]);
        check("now:\r\n/call a.b \"c d\" 1", &[(Through::Own, "a.b", &["c d", "1"])]);
        check("/call read-only a.b -", &[(Through::ReadOnly, "a.b", &["-"])]);
        check("/call for-repo o/r a.b", &[(Through::Other("o".into(), "r".into()), "a.b", &[])]);
        check("/call for-repo o a.b", &[]);
        check("/call", &[]);
        check("> /call a.b", &[]);
        check("/call a.b 1\n/call a.c", &[(Through::Own, "a.b", &["1"]), (Through::Own, "a.c", &[])]);
    }
}
