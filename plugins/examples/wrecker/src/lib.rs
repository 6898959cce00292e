//! Misbehaves on command (`/wreck trap`, `/wreck spin`, `/wreck eat`, `/wreck recurse`, `/wreck hoard`, `/wreck gorge`), or asks to be called again
//! (`/wreck again`), to try a host's
//! fences with. It needs no grants.

use kit::{
    ClientAgent, CommentAction, Description, Event, EventBody, EventKind, Failure, Outcome, Plugin, PluginHelp, RepoRef,
};

/// A way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wreck {
    /// Panics.
    Trap,
    /// Computes for ever.
    Spin,
    /// Allocates for ever.
    Eat,
    /// Calls itself for ever.
    Recurse,
    /// Asks for handles for ever.
    Hoard,
    /// Asks the host for ever, with long questions.
    Gorge,
    /// Asks to be called again, once.
    Again,
}

/// How long after the first call the second one is asked for, in milliseconds.
const AGAIN_AFTER: u64 = 3000;

/// The first way that a text asks for.
pub fn asked(text: &str) -> Option<Wreck> {
    kit::lines(text).filter(|line| line.is("wreck")).find_map(|line| match line.rest.trim() {
        "trap" => Some(Wreck::Trap),
        "spin" => Some(Wreck::Spin),
        "eat" => Some(Wreck::Eat),
        "recurse" => Some(Wreck::Recurse),
        "hoard" => Some(Wreck::Hoard),
        "gorge" => Some(Wreck::Gorge),
        "again" => Some(Wreck::Again),
        _ => None,
    })
}

fn spin() {
    let mut count = 0_u64;
    loop {
        count = std::hint::black_box(count.wrapping_add(1));
    }
}

fn eat() {
    let mut eaten: Vec<Vec<u8>> = Vec::new();
    loop {
        eaten.push(std::hint::black_box(vec![1; 1 << 20]));
    }
}

fn recurse(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 64]);
    if depth == u64::MAX { 0 } else { recurse(depth + 1) + here[7] }
}

fn hoard(agent: &ClientAgent) {
    let mut handles = Vec::new();
    loop {
        handles.push(agent.read_only());
    }
}

fn gorge(agent: &ClientAgent) {
    let question = "x".repeat(1_000_000);
    loop {
        // Free, and kept by the host as every call is.
        let _ = std::hint::black_box(agent.is_bot(&question));
    }
}

struct Wrecker;

impl Plugin for Wrecker {
    fn describe() -> Description {
        Description {
            name: "wrecker".to_owned(),
            summary: "Misbehaves on command.".to_owned(),
            // Those that no one asks for too: a host hands each to it, and it looks at none but comments.
            events: vec![
                EventKind::Issue,
                EventKind::IssueComment,
                EventKind::PullRequest,
                EventKind::PullRequestReview,
                EventKind::PullRequestReviewComment,
                EventKind::Push,
                EventKind::Status,
                EventKind::CheckRun,
                EventKind::CheckSuite,
                EventKind::WorkflowRun,
                EventKind::Comment,
                EventKind::Other,
            ],
            commands: Vec::new(),
            settings: Vec::new(),
        }
    }

    fn help(_settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        let description = "Misbehaves on command.".to_owned();
        PluginHelp { description, config: Vec::new(), snippet: String::new(), commands: Vec::new() }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let EventBody::Comment(comment) = &event.body else {
            return Ok(kit::ignored("not a comment"));
        };
        if comment.action != CommentAction::Created {
            return Ok(kit::ignored("not a new comment"));
        }
        match asked(&comment.body) {
            None => return Ok(kit::ignored("not asked to")),
            Some(Wreck::Trap) => panic!("asked to"),
            Some(Wreck::Spin) => spin(),
            Some(Wreck::Eat) => eat(),
            Some(Wreck::Recurse) => drop(std::hint::black_box(recurse(0))),
            Some(Wreck::Hoard) => hoard(&agent),
            Some(Wreck::Gorge) => gorge(&agent),
            Some(Wreck::Again) if event.round == 0 => return Ok(Outcome::AgainAfter(AGAIN_AFTER)),
            Some(Wreck::Again) => return Ok(kit::done("called again")),
        }
        Ok(kit::done("survived"))
    }
}

kit::export!(Wrecker);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_has_its_word() {
        assert_eq!(asked("/wreck spin"), Some(Wreck::Spin));
        assert_eq!(asked("please\r\n/wreck eat\r\n"), Some(Wreck::Eat));
        assert_eq!(asked("/wreck"), None);
        assert_eq!(asked("do not /wreck trap"), None);
    }
}
