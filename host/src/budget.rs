//! What one task may ask of its host: so many calls, so many bytes. Everything that a guest asks and is told is kept until
//! its task ends, so that it can be played again; without a bound, a guest could fill the host's memory with it.
//!
//! Calls are counted from the journal's first entry on, answered from it or not, so that every run of a task meets its
//! bounds at the same place.

use crate::contract::types::{ApiError, ErrorKind};

/// The most host calls of one task.
const MAX_CALLS: u32 = 10_000;
/// The most bytes of one call's arguments.
const MAX_ARGUMENTS: usize = 1 << 20;
/// The most bytes of all arguments and answers of one task.
const MAX_BYTES: usize = 16 << 20;

/// What is left of it.
pub struct Budget {
    api_calls: u32,
    calls: u32,
    bytes: usize,
    api_calls_made: u32,
}

/// A bound was met.
#[derive(Debug)]
pub(crate) enum Over {
    /// The guest is told, and may go on with something else.
    Refused(ApiError),
    /// The run ends.
    Ended(String),
}

impl Budget {
    /// A whole one, with this many calls of GitHub (`limits.api_calls`).
    pub fn new(api_calls: u32) -> Self {
        Budget { api_calls, calls: 0, bytes: 0, api_calls_made: 0 }
    }

    /// Counts a call that is about to be answered; `arguments` is their length as JSON.
    pub(crate) fn ask(&mut self, op: &str, arguments: usize) -> Result<(), Over> {
        if self.calls == MAX_CALLS {
            return Err(Over::Ended(format!("over {MAX_CALLS} host calls in one task")));
        }
        self.calls += 1;
        let refused = |message| Err(Over::Refused(ApiError { kind: ErrorKind::Exhausted, message }));
        if arguments > MAX_ARGUMENTS {
            return refused(format!("the arguments are over {} KiB", MAX_ARGUMENTS >> 10));
        }
        if is_github(op) {
            if self.api_calls_made == self.api_calls {
                return refused(format!(
                    "this task has called GitHub {} times: raise `limits.api_calls`",
                    self.api_calls
                ));
            }
            self.api_calls_made += 1;
        }
        self.keep(arguments).map_err(Over::Ended)
    }

    /// Counts what is kept of a call. The error says why the run has to end.
    pub(crate) fn keep(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MAX_BYTES {
            return Err(format!("over {} MiB of arguments and answers in one task", MAX_BYTES >> 20));
        }
        Ok(())
    }
}

/// Whether a host call is one of GitHub's API; the others are the host's own affair, or cached.
pub(crate) fn is_github(op: &str) -> bool {
    op.starts_with("github-")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes calls of these lengths until one meets a bound; gives how many went well, and what the bound said.
    #[track_caller]
    fn check(op: &str, lengths: impl Iterator<Item = usize>, well: u32, want: &str) {
        let mut budget = Budget::new(3);
        let mut made = 0;
        for length in lengths {
            let said = match budget.ask(op, length) {
                Ok(()) => {
                    made += 1;
                    continue;
                }
                Err(Over::Refused(error)) => format!("{:?}: {}", error.kind, error.message),
                Err(Over::Ended(why)) => format!("ended: {why}"),
            };
            assert_eq!((made, said.as_str()), (well, want), "{op}");
            return;
        }
        panic!("{op}: no bound was met in {made} calls");
    }

    #[test]
    fn each_bound_is_met_where_it_stands() {
        check("agent.is-bot", std::iter::repeat(10), 10_000, "ended: over 10000 host calls in one task");
        check(
            "agent.is-bot",
            [1 << 20, (1 << 20) + 1].into_iter(),
            1,
            "ErrorKind::Exhausted: the arguments are over 1024 KiB",
        );
        check(
            "agent.is-bot",
            std::iter::repeat(1 << 20),
            16,
            "ended: over 16 MiB of arguments and answers in one task",
        );
        check(
            "github-issues-read.get",
            std::iter::repeat(1),
            3,
            "ErrorKind::Exhausted: this task has called GitHub 3 times: raise `limits.api_calls`",
        );
    }

    #[test]
    fn a_guest_that_does_not_heed_a_refusal_ends_all_the_same() {
        let mut budget = Budget::new(0);
        let refusals = (0..MAX_CALLS).filter(|_| matches!(budget.ask("github-x.y", 1), Err(Over::Refused(_)))).count();
        assert_eq!(refusals, 10_000);
        assert!(matches!(budget.ask("github-x.y", 1), Err(Over::Ended(_))));
    }
}
