//! What came of an event, in short.

use std::collections::BTreeSet;

use crate::known::Question;
use crate::plan::{Effect, Plan};
use crate::{expired, help_comment, welcome};

/// What came of an event.
pub(super) struct Seen {
    pub(super) effects: Vec<String>,
    pub(super) comments: Vec<String>,
    /// By their places in the configuration.
    pub(super) started: Vec<u32>,
    pub(super) said: String,
    pub(super) asked: BTreeSet<Question>,
}

impl Seen {
    /// `head` is the one that the decision was about.
    pub(super) fn of(plan: &Plan<'_>, head: &str, asked: BTreeSet<Question>) -> Self {
        let mut seen =
            Self { effects: Vec::new(), comments: Vec::new(), started: Vec::new(), said: plan.said.clone(), asked };
        for effect in &plan.effects {
            seen.effects.push(short(effect, head));
            match effect {
                Effect::Comment(text) => seen.comments.push(text.clone()),
                Effect::Create { job, .. } => seen.started.push(job.id),
                _ => {}
            }
        }
        seen
    }
}

#[track_caller]
pub(super) fn check(seen: Seen, want: &[&str]) {
    assert_eq!(seen.effects, want, "{}", seen.said);
    assert!(!seen.said.is_empty(), "every decision says what it found");
}

fn short(effect: &Effect<'_>, head: &str) -> String {
    match effect {
        Effect::Abort(run) => format!("abort {}", run.name),
        Effect::AddLabel(label) => format!("+{label}"),
        Effect::RemoveLabel(label) => format!("-{label}"),
        Effect::Vouch(head) => format!("vouch {head}"),
        Effect::PruneHelp => "prune".to_owned(),
        Effect::Comment(text) => short_comment(text).to_owned(),
        Effect::ApproveWorkflows(pr) => {
            assert_eq!(pr.head.sha, head);
            "approve workflows".to_owned()
        }
        Effect::RerunWorkflows(pr) => {
            assert_eq!(pr.head.sha, head);
            "rerun workflows".to_owned()
        }
        Effect::Create { job, pr, base_sha, retest } => {
            assert_eq!((pr.head.sha.as_str(), *base_sha), (head, "basesha"), "{} is not pinned", job.name);
            format!("{} {}", if *retest { "rerun" } else { "start" }, job.name)
        }
    }
}

fn short_comment(text: &str) -> &'static str {
    let known = [
        (welcome::DRAFT, "draft"),
        ("Hi @", "welcome"),
        ("tests cannot start", "refusal"),
        ("`/ok-to-test` is not in use", "refusal"),
        ("is not the head of this pull request", "not the head"),
        (expired::ENDED, "expired"),
        ("take `/ok-to-test` back", "refusal to revoke"),
    ];
    if help_comment::is_one(text) {
        return "help";
    }
    known.iter().find(|(start, _)| text.contains(start)).map(|(_, short)| *short).expect("a comment of a known kind")
}
