//! What one task may ask of its host: so many calls, effects and bytes. Everything that a guest asks and is told is kept until
//! its task ends, so that it can be played again; without a bound, a guest could fill the host's memory with it.
//!
//! Calls are counted from the journal's first entry on, answered from it or not, so that every run of a task meets its
//! bounds at the same place.

use crate::contract::types::{ApiError, ErrorKind};
use crate::limits::Limits;

/// What is left of it.
pub struct Budget {
    limits: Limits,
    calls: u32,
    /// Of arguments.
    asked: usize,
    /// Of answers.
    told: usize,
    api_calls: u32,
    effects: u32,
}

/// A bound was met.
#[derive(Debug)]
pub(crate) enum Over {
    /// The guest is told, and may go on with something else.
    Refused(ApiError),
    /// The run ends.
    Ended(String),
    /// The run ends, for no fault of the guest's: it asked little, and was told too much.
    Flooded(String),
}

/// A guest that has made more calls than this had a hand in it, however much it was told.
const FEW_CALLS: u32 = 100;

impl Budget {
    /// A whole one.
    pub fn new(limits: Limits) -> Self {
        Budget { limits, calls: 0, asked: 0, told: 0, api_calls: 0, effects: 0 }
    }

    /// Counts a call that is about to be answered; `arguments` is their length as JSON.
    pub(crate) fn ask(&mut self, op: &str, arguments: usize) -> Result<(), Over> {
        let Limits { argument_bytes, api_calls, .. } = self.limits;
        self.count()?;
        if arguments > argument_bytes {
            return refused(format!("the arguments are over {} KiB: raise `limits.argument`", argument_bytes >> 10));
        }
        if asks_others(op) {
            if self.api_calls == api_calls {
                return refused(format!("this task has called APIs {api_calls} times: raise `limits.api_calls`"));
            }
            self.api_calls += 1;
        }
        self.asked = self.asked.saturating_add(arguments);
        self.within()
    }

    /// Counts a call, whatever comes of it.
    pub(crate) fn count(&mut self) -> Result<(), Over> {
        let most = self.limits.host_calls;
        if self.calls == most {
            return Err(Over::Ended(format!("over {most} host calls in one task (`limits.host_calls`)")));
        }
        self.calls += 1;
        Ok(())
    }

    /// Counts an effect that is about to be had, or was had in an earlier run.
    pub(crate) fn effect(&mut self) -> Result<(), Over> {
        let most = self.limits.effects;
        if self.effects == most {
            return refused(format!("this task has had {most} effects: raise `limits.effects`"));
        }
        self.effects += 1;
        Ok(())
    }

    /// How many effects were counted.
    pub(crate) fn effects(&self) -> u32 {
        self.effects
    }

    /// Counts an answer of so many bytes.
    pub(crate) fn tell(&mut self, bytes: usize) -> Result<(), Over> {
        self.told = self.told.saturating_add(bytes);
        self.within()
    }

    /// Whether what is kept of all calls is within its bound.
    fn within(&self) -> Result<(), Over> {
        let (kib, all) = (self.limits.exchanged_bytes >> 10, self.asked.saturating_add(self.told));
        if all <= self.limits.exchanged_bytes {
            return Ok(());
        }
        let why = format!("over {kib} KiB of arguments and answers in one task (`limits.exchanged`)");
        if self.calls <= FEW_CALLS && self.told > self.asked {
            return Err(Over::Flooded(format!("{why}, most of them answers to {} calls", self.calls)));
        }
        Err(Over::Ended(why))
    }
}

fn refused(message: String) -> Result<(), Over> {
    Err(Over::Refused(ApiError { kind: ErrorKind::Exhausted, message }))
}

/// Whether a host call is one of somebody else's API; the others are the host's own affair, or cached.
fn asks_others(op: &str) -> bool {
    let apis = ["github-", "slack.", "jira-", "bugzilla-", "kubernetes-", "build-cluster-", "wasi-http."];
    apis.iter().any(|api| op.starts_with(api))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes calls of these lengths until one meets a bound; gives how many went well, and what the bound said.
    #[track_caller]
    fn check(op: &str, lengths: impl Iterator<Item = usize>, well: u32, want: &str) {
        let mut budget = Budget::new(Limits { api_calls: 3, ..Limits::default() });
        let mut made = 0;
        for length in lengths {
            let said = match budget.ask(op, length) {
                Ok(()) => {
                    made += 1;
                    continue;
                }
                Err(Over::Refused(error)) => format!("{:?}: {}", error.kind, error.message),
                Err(Over::Ended(why)) => format!("ended: {why}"),
                Err(Over::Flooded(why)) => format!("flooded: {why}"),
            };
            assert_eq!((made, said.as_str()), (well, want), "{op}");
            return;
        }
        panic!("{op}: no bound was met in {made} calls");
    }

    #[test]
    fn each_bound_is_met_where_it_stands() {
        check(
            "agent.is-bot",
            std::iter::repeat(10),
            10_000,
            "ended: over 10000 host calls in one task (`limits.host_calls`)",
        );
        check(
            "agent.is-bot",
            [1 << 20, (1 << 20) + 1].into_iter(),
            1,
            "ErrorKind::Exhausted: the arguments are over 1024 KiB: raise `limits.argument`",
        );
        check(
            "agent.is-bot",
            std::iter::repeat(1 << 20),
            16,
            "ended: over 16384 KiB of arguments and answers in one task (`limits.exchanged`)",
        );
        check(
            "github-issues-read.get",
            std::iter::repeat(1),
            3,
            "ErrorKind::Exhausted: this task has called APIs 3 times: raise `limits.api_calls`",
        );
        check(
            "wasi-http.read",
            std::iter::repeat(1),
            3,
            "ErrorKind::Exhausted: this task has called APIs 3 times: raise `limits.api_calls`",
        );
    }

    /// Asks and is told so much, again and again, up to the bound; gives after how many calls, and whose doing it is.
    #[track_caller]
    fn check_whose(asked: usize, told: usize, calls: u32, want: &str) {
        let mut budget = Budget::new(Limits::default());
        let over = loop {
            if let Err(over) = budget.ask("owners.group-files", asked).and_then(|()| budget.tell(told)) {
                break over;
            }
        };
        let whose = match over {
            Over::Ended(_) => "the guest's",
            Over::Flooded(why) if why.ends_with(&format!("most of them answers to {calls} calls")) => "nobody's",
            other => panic!("{other:?}"),
        };
        assert_eq!((whose, budget.calls), (want, calls), "{asked} asked, {told} told");
    }

    #[test]
    fn who_asks_little_and_is_told_too_much_is_not_at_fault() {
        check_whose(10, 20 << 20, 1, "nobody's");
        check_whose(600 << 10, 3 << 20, 5, "nobody's");
        check_whose(10, 170 << 10, 97, "nobody's");
        // Who goes on asking wanted it.
        check_whose(10, 100 << 10, 164, "the guest's");
        check_whose(900 << 10, 10, 19, "the guest's");
        check_whose(600 << 10, 600 << 10, 14, "the guest's");
    }

    #[test]
    fn a_guest_that_does_not_heed_a_refusal_ends_all_the_same() {
        let mut budget = Budget::new(Limits { api_calls: 0, effects: 2, ..Limits::default() });
        let refusals = (0..10_000).filter(|_| matches!(budget.ask("github-x.y", 1), Err(Over::Refused(_)))).count();
        assert_eq!(refusals, 10_000);
        assert!(matches!(budget.ask("github-x.y", 1), Err(Over::Ended(_))));
    }

    #[test]
    fn effects_are_counted_and_refused_ones_are_none() {
        let mut budget = Budget::new(Limits { effects: 2, ..Limits::default() });
        let had = (0..5).filter(|_| budget.effect().is_ok()).count();
        assert_eq!((had, budget.effects()), (2, 2));
        let Err(Over::Refused(error)) = budget.effect() else { panic!("a third was had") };
        assert_eq!(error.kind, ErrorKind::Exhausted);
        assert!(error.message.contains("`limits.effects`"), "{}", error.message);
    }
}
