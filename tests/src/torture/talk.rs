//! What people say and do, drawn from a seed. Pure.
//!
//! The end may not hang on what is quicker, so nothing is drawn whose outcome does. Steps of one thread follow each other
//! when nothing of the one before is left to do, and threads have nothing in common; within a step each plugin reads only
//! what it wrote itself, or what the step found there. For that reason nobody asks for `/lgtm` and `/approve` in one
//! breath: one assigns its author while the other reads who is assigned.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Person {
    /// A member who owns the organisation.
    Alice,
    /// A member.
    Bob,
    /// A member.
    Carol,
    /// From outside.
    Mallory,
}

/// One thing that somebody does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A comment.
    Says(Person, &'static str),
    /// The author pushes one more commit.
    Pushes,
    /// A review with this verdict, as the REST API spells it, and this text.
    Reviews(Person, &'static str, &'static str),
    /// Alice puts a label on.
    Labels(&'static str),
    /// Alice takes a label off.
    Unlabels(&'static str),
    /// Alice's CI sets this context of the head to this state.
    Status(&'static str, &'static str),
    /// The author closes it.
    Closes,
    /// The author opens it again.
    Reopens,
}

/// An issue or a pull request, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Who opens it.
    pub author: Person,
    /// The file that the pull request changes; none of an issue.
    pub path: Option<String>,
    /// What is done then, in this order.
    pub steps: Vec<Step>,
}

/// Whose folders these are is in [`super::cast::OWNERS`].
const FOLDERS: [&str; 3] = ["", "docs/", "lib/"];
const LABELS: [&str; 3] = ["kind/bug", "kind/cleanup", "priority/high"];
const CONTEXTS: [&str; 3] = ["unit", "flaky", "lint"];
const ON_PULL_REQUESTS: [&str; 25] = [
    "/hold",
    "/hold cancel",
    "/unhold",
    "/lgtm",
    "Looks good.\n/lgtm",
    "/lgtm cancel",
    "/approve",
    "/approve",
    "/approve cancel",
    "/test unit",
    "/test lint\n/test slow",
    "/test all",
    "/test nonsense",
    "/test ?",
    "/retest",
    "/retest",
    "/ok-to-test",
    "/ok-to-test",
    "/ok-to-test cancel",
    "/greet",
    "/greet\n/hold\n/test flaky",
    "/lgtm\n/unhold\n/test slow",
    "/approve\n/hold cancel\n/greet",
    "No command at all.",
    "Not yet:\n> /approve\n/hold until tomorrow",
];
const ON_ISSUES: [&str; 8] = [
    "/help",
    "/good-first-issue",
    "/remove-help",
    "/remove-good-first-issue",
    "/greet",
    "/help\n/greet",
    "/hold",
    "Who takes this?",
];
const REVIEWS: [(&str, &str); 6] = [
    ("APPROVE", ""),
    ("APPROVE", "Well done.\n/hold"),
    ("APPROVE", "/approve"),
    ("COMMENT", "/lgtm"),
    ("COMMENT", "/test unit\n/greet"),
    ("REQUEST_CHANGES", "Not like this."),
];
/// Every so many threads one is an issue.
const ISSUES: usize = 8;

/// Draws `threads` threads of `steps` steps each. The same numbers draw the same.
#[must_use]
pub fn draw(seed: u64, threads: usize, steps: usize) -> Vec<Thread> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..threads).map(|at| thread(&mut random, at, steps)).collect()
}

fn thread(random: &mut StdRng, at: usize, steps: usize) -> Thread {
    use Person::{Alice, Bob, Carol, Mallory};
    let author = choose(random, &[Alice, Bob, Carol, Mallory, Mallory]);
    if at % ISSUES == ISSUES - 1 {
        let say = |random: &mut StdRng| Step::Says(anyone(random), choose(random, &ON_ISSUES));
        return Thread { author, path: None, steps: (0..steps).map(|_| say(random)).collect() };
    }
    let extension = choose(random, &["txt", "sh"]);
    let path = format!("{}t{at}.{extension}", choose(random, &FOLDERS));
    let mut stands = Stands::default();
    let steps = (0..steps).map(|_| stands.next(random, author)).collect();
    Thread { author, path: Some(path), steps }
}

/// How a pull request stands, so far as GitHub would refuse something.
#[derive(Default)]
struct Stands {
    closed: bool,
    labels: Vec<&'static str>,
}

impl Stands {
    fn next(&mut self, random: &mut StdRng, author: Person) -> Step {
        if self.closed && random.random_bool(0.6) {
            self.closed = false;
            return Step::Reopens;
        }
        match random.random_range(0..100) {
            0..62 => Step::Says(anyone(random), choose(random, &ON_PULL_REQUESTS)),
            62..74 if !self.closed => Step::Pushes,
            // GitHub takes no verdict of the author's own.
            74..82 => {
                let (verdict, text) = choose(random, &REVIEWS);
                let others = [Person::Alice, Person::Bob, Person::Carol];
                let others: Vec<_> = others.into_iter().filter(|other| *other != author).collect();
                Step::Reviews(choose(random, &others), verdict, text)
            }
            82..88 => self.label(random),
            88..96 => Step::Status(choose(random, &CONTEXTS), choose(random, &["failure", "success"])),
            96.. if !self.closed => {
                self.closed = true;
                Step::Closes
            }
            _ => Step::Says(anyone(random), "No command at all."),
        }
    }

    fn label(&mut self, random: &mut StdRng) -> Step {
        let label = choose(random, &LABELS);
        if let Some(at) = self.labels.iter().position(|on| *on == label) {
            self.labels.swap_remove(at);
            return Step::Unlabels(label);
        }
        self.labels.push(label);
        Step::Labels(label)
    }
}

fn anyone(random: &mut StdRng) -> Person {
    use Person::{Alice, Bob, Carol, Mallory};
    choose(random, &[Alice, Alice, Bob, Bob, Carol, Mallory])
}

fn choose<T: Copy>(random: &mut StdRng, all: &[T]) -> T {
    *all.choose(random).expect("no list to choose from is empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_one_conversation_and_another_seed_another() {
        assert_eq!(draw(1, 9, 20), draw(1, 9, 20));
        assert_ne!(draw(1, 9, 20), draw(2, 9, 20));
    }

    #[test]
    fn nothing_is_drawn_that_github_refuses_or_whose_end_hangs_on_what_is_quicker() {
        for thread in draw(7, 200, 40) {
            let (mut closed, mut labels) = (false, Vec::new());
            for step in &thread.steps {
                match step {
                    Step::Says(_, text) | Step::Reviews(_, _, text) => {
                        assert!(!(text.contains("/lgtm") && text.contains("/approve")), "{text}");
                        assert!(!matches!(step, Step::Reviews(who, ..) if *who == thread.author), "{step:?}");
                    }
                    Step::Pushes => assert!(!closed),
                    Step::Labels(label) => {
                        assert!(!labels.contains(label));
                        labels.push(*label);
                    }
                    Step::Unlabels(label) => {
                        let at = labels.iter().position(|on| on == label).expect("it is on");
                        labels.remove(at);
                    }
                    Step::Closes | Step::Reopens => {
                        assert_eq!(closed, *step == Step::Reopens);
                        closed = !closed;
                    }
                    Step::Status(..) => {}
                }
            }
            assert_eq!(thread.steps.len(), 40);
        }
    }
}
