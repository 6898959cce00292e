//! Reaches on command for what its event or its grants do not give it, and says how that was answered, to try a host's checks
//! with:
//!
//! - `/probe for-repo ORG/NAME`: an agent for another repository.
//! - `/probe read-only`: a label, by an agent that reads only.
//! - `/probe wrong-kind`: a label, by the interface of issues on a pull request, and the other way round.
//! - `/probe effects`: labels, until it is told that there were enough.
//! - `/probe delete ID`: deletes that comment as one of this conversation.
//! - `/probe shout`: writes a thousand long lines to the log.

use kit::{
    ApiError, ClientAgent, CommentAction, CommentEvent, Conversation as _, Description, Event, EventBody, EventKind,
    Failure, Issues, Outcome, Plugin, PluginHelp, PullRequests, RepoRef,
};

const LABEL: &str = "probed";
const LINES: usize = 1000;
const LINE_BYTES: usize = 8 << 10;
const MOST_EFFECTS: usize = 1000;

/// What to reach for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Another repository, by owner and name.
    ForRepo(String, String),
    /// A change through an agent that reads only.
    ReadOnly,
    /// An issue as a pull request, or the other way round.
    WrongKind,
    /// More effects than a task may have.
    Effects,
    /// A comment, by its id.
    Delete(u64),
    /// The log.
    Shout,
}

/// The first probe that a text asks for.
pub fn asked(text: &str) -> Option<Probe> {
    kit::lines(text).filter(|line| line.is("probe")).find_map(|line| {
        let (what, of) = line.rest.trim().split_once(' ').unwrap_or((line.rest.trim(), ""));
        match what {
            "for-repo" => of.split_once('/').map(|(org, name)| Probe::ForRepo(org.to_owned(), name.to_owned())),
            "read-only" => Some(Probe::ReadOnly),
            "wrong-kind" => Some(Probe::WrongKind),
            "effects" => Some(Probe::Effects),
            "delete" => of.parse().ok().map(Probe::Delete),
            "shout" => Some(Probe::Shout),
            _ => None,
        }
    })
}

fn label(agent: &ClientAgent, comment: &CommentEvent, as_pull: bool, name: &str) -> Result<(), ApiError> {
    if as_pull {
        PullRequests::add_label(agent, comment.number, name)
    } else {
        Issues::add_label(agent, comment.number, name)
    }
}

fn reach(probe: Probe, comment: &CommentEvent, agent: &ClientAgent) -> Result<(), ApiError> {
    match probe {
        Probe::ForRepo(org, name) => agent.for_repo(&RepoRef { org, name }).map(drop),
        Probe::ReadOnly => label(&agent.read_only(), comment, comment.is_pr, LABEL),
        Probe::WrongKind => label(agent, comment, !comment.is_pr, LABEL),
        Probe::Effects => {
            (0..MOST_EFFECTS).try_for_each(|n| label(agent, comment, comment.is_pr, &format!("{LABEL}-{n}")))
        }
        Probe::Delete(id) if comment.is_pr => PullRequests::delete_comment(agent, comment.number, id),
        Probe::Delete(id) => Issues::delete_comment(agent, comment.number, id),
        Probe::Shout => {
            (0..LINES).for_each(|n| kit::info(format!("{n} {}", "a".repeat(LINE_BYTES))));
            Ok(())
        }
    }
}

struct Prober;

impl Plugin for Prober {
    fn describe() -> Description {
        Description {
            name: "prober".to_owned(),
            summary: "Reaches for what it was not given.".to_owned(),
            events: vec![EventKind::Comment],
            commands: Vec::new(),
            settings: Vec::new(),
        }
    }

    fn help(_settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        let description = "Reaches for what it was not given.".to_owned();
        PluginHelp { description, config: Vec::new(), snippet: String::new(), commands: Vec::new() }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let EventBody::Comment(comment) = &event.body else {
            return Ok(kit::ignored("not a comment"));
        };
        if comment.action != CommentAction::Created {
            return Ok(kit::ignored("not a new comment"));
        }
        let Some(probe) = asked(&comment.body) else {
            return Ok(kit::ignored("not asked to"));
        };
        Ok(match reach(probe, comment, &agent) {
            Ok(()) => kit::done("allowed"),
            Err(error) => kit::done(format!("{:?}: {}", error.kind, error.message)),
        })
    }
}

kit::export!(Prober);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_probe_has_its_word() {
        assert_eq!(asked("/probe for-repo o/r"), Some(Probe::ForRepo("o".into(), "r".into())));
        assert_eq!(asked("now\r\n/probe delete 17\r\n"), Some(Probe::Delete(17)));
        assert_eq!(asked("/probe shout"), Some(Probe::Shout));
        assert_eq!(asked("/probe delete it"), None);
        assert_eq!(asked("/probe"), None);
    }
}
