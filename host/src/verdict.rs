//! What is done about the end of a run: an outcome, or another run later; and what it says of the plugin. Pure.

use std::time::Duration;

use jiff::Timestamp;
use store::{Outcome, ParkKind, StoreError};

use crate::guest::End;
use crate::journal::Interrupt;
use crate::quarantine::Conduct;

/// How long an upstream's failures are waited out before a task is given up: over a weekend. It is the waits that count; a
/// host that was not running has not tried.
const GIVE_UP_AFTER: Duration = Duration::from_secs(3 * 24 * 3600);

/// How soon a plugin is called again at its own wish, and how often with one event: each time may call and change as much as the
/// first.
const AGAIN_AT_LEAST: Duration = Duration::from_secs(1);
const MOST_ROUNDS: u32 = 100;

/// What is to be done about an end: written as an outcome, or put aside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its outcome, and why.
    Finish(Outcome, String),
    /// What its next run is, when, and why.
    Park(ParkKind, Timestamp, String),
}

/// Only what the host saw decides whether a task is run again: an upstream that fails is waited for, a plugin that fails
/// would fail again.
pub(crate) fn verdict(end: End, (woken, attempts): (u32, u32), now: Timestamp) -> Result<Verdict, StoreError> {
    let retry = |until: Timestamp, why: String| {
        if (0..=attempts).map(backoff).sum::<Duration>() > GIVE_UP_AFTER {
            let why = format!("given up after {} attempts in three days; the last: {why}", attempts + 1);
            return Verdict::Finish(Outcome::Dead, why);
        }
        Verdict::Park(ParkKind::Retry, until, why)
    };
    Ok(match end {
        End::Done(said) => Verdict::Finish(Outcome::Done, said),
        End::Ignored(why) => Verdict::Finish(Outcome::Ignored, why),
        End::Again(_) if woken >= MOST_ROUNDS => {
            Verdict::Finish(Outcome::Failed, format!("asked to be called again, and was {MOST_ROUNDS} times before"))
        }
        End::Again(after) => {
            let until = later(now, after.max(AGAIN_AT_LEAST));
            Verdict::Park(ParkKind::Wake, until, format!("asked to be called again after {after:?}"))
        }
        End::Failed(message) => Verdict::Finish(Outcome::Failed, message),
        End::Trapped(message) => Verdict::Finish(Outcome::Failed, format!("trapped: {message}")),
        End::Over(which) => Verdict::Finish(Outcome::Failed, format!("over its limits: {which}")),
        End::OutOfTime => Verdict::Finish(Outcome::Failed, "over its deadline (`limits.deadline`)".to_owned()),
        End::OutOfTimeWaiting => {
            retry(later(now, backoff(attempts)), "over its deadline while an upstream kept it waiting".to_owned())
        }
        End::Interrupted(Interrupt::Park { until, why, kind: ParkKind::Retry }) => {
            retry(until.max(later(now, backoff(attempts))), why)
        }
        // Nothing failed, so nothing is counted; a pause all the same, should the far side's clock be behind.
        End::Interrupted(Interrupt::Park { until, why, kind }) => {
            Verdict::Park(kind, until.max(later(now, backoff(0))), why)
        }
        End::Interrupted(Interrupt::Diverged(why)) => Verdict::Finish(Outcome::Dead, format!("diverged: {why}")),
        End::Interrupted(Interrupt::Exhausted(why) | Interrupt::Flooded(why)) => {
            Verdict::Finish(Outcome::Failed, format!("over its limits: {why}"))
        }
        End::Interrupted(unknown @ Interrupt::Unknown(_)) => Verdict::Finish(Outcome::Unknown, unknown.to_string()),
        End::Interrupted(Interrupt::Journal(error)) => return Err(error),
    })
}

/// Whether a run that ended so is counted as an error.
pub(crate) fn failed(end: &End) -> bool {
    !matches!(end, End::Done(_) | End::Ignored(_) | End::Again(_) | End::Interrupted(Interrupt::Park { .. }))
}

/// Who traps, or takes more than its due, may hurt others, and is held back if it goes on so. An error of its own is an answer.
/// What an upstream or the host did is no sign either way.
pub(crate) fn conduct(end: &End) -> Conduct {
    match end {
        End::Done(_) | End::Ignored(_) | End::Again(_) | End::Failed(_) => Conduct::Sound,
        End::Trapped(why) => Conduct::AtFault(format!("trapped: {why}")),
        End::Over(which) => Conduct::AtFault(format!("over its limits: {which}")),
        End::Interrupted(Interrupt::Exhausted(why)) => Conduct::AtFault(format!("over its limits: {why}")),
        End::OutOfTime => Conduct::AtFault("over its deadline".to_owned()),
        End::OutOfTimeWaiting
        | End::Interrupted(
            Interrupt::Park { .. }
            | Interrupt::Flooded(_)
            | Interrupt::Diverged(_)
            | Interrupt::Unknown(_)
            | Interrupt::Journal(_),
        ) => Conduct::Unclear,
    }
}

/// One second, doubling, to five minutes.
fn backoff(attempts: u32) -> Duration {
    Duration::from_secs(1 << attempts.min(9)).min(Duration::from_secs(300))
}

/// So much later than `now`.
pub(crate) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(end: End, attempts: u32, want: &str) {
        check_in(0, end, attempts, want);
    }

    #[track_caller]
    fn check_in(round: u32, end: End, attempts: u32, want: &str) {
        let now = Timestamp::UNIX_EPOCH;
        let got = match verdict(end, (round, attempts), now).unwrap() {
            Verdict::Finish(outcome, reason) => format!("{outcome}: {reason}"),
            Verdict::Park(kind, until, why) => format!("{kind:?} +{}s: {why}", until.as_second()),
        };
        assert_eq!(got, want);
    }

    fn park(seconds: i64) -> End {
        let until = Timestamp::from_second(seconds).unwrap();
        End::Interrupted(Interrupt::Park { until, why: "GitHub is away".into(), kind: ParkKind::Retry })
    }

    fn limit(seconds: i64) -> End {
        let until = Timestamp::from_second(seconds).unwrap();
        End::Interrupted(Interrupt::Park { until, why: "come back".into(), kind: ParkKind::Resume })
    }

    #[test]
    fn an_upstream_that_fails_is_waited_for_and_a_plugin_that_fails_is_not() {
        check(End::Done("did".into()), 0, "done: did");
        check(End::Ignored("not mine".into()), 0, "ignored: not mine");
        check(End::Failed("no".into()), 0, "failed: no");
        check(End::Trapped("unreachable".into()), 0, "failed: trapped: unreachable");
        check(End::Over("its memory".into()), 0, "failed: over its limits: its memory");
        check(End::OutOfTime, 0, "failed: over its deadline (`limits.deadline`)");
        check(End::OutOfTimeWaiting, 2, "Retry +4s: over its deadline while an upstream kept it waiting");
        check(park(60), 0, "Retry +60s: GitHub is away");
        check(park(0), 3, "Retry +8s: GitHub is away");
        check(park(0), 12, "Retry +300s: GitHub is away");
        check(limit(3600), 0, "Resume +3600s: come back");
        check(limit(3600), 5000, "Resume +3600s: come back");
        check(limit(0), 9, "Resume +1s: come back");
        check(End::Again(Duration::from_secs(5)), 0, "Wake +5s: asked to be called again after 5s");
        check(End::Again(Duration::ZERO), 0, "Wake +1s: asked to be called again after 0ns");
        check_in(99, End::Again(Duration::ZERO), 0, "Wake +1s: asked to be called again after 0ns");
        check_in(100, End::Again(Duration::ZERO), 0, "failed: asked to be called again, and was 100 times before");
        check_in(100, End::Done("did".into()), 0, "done: did");
        check(End::Interrupted(Interrupt::Diverged("x".into())), 0, "dead: diverged: x");
        check(End::Interrupted(Interrupt::Exhausted("x".into())), 0, "failed: over its limits: x");
        check(End::Interrupted(Interrupt::Flooded("x".into())), 0, "failed: over its limits: x");
        check(
            End::Interrupted(Interrupt::Unknown("slack.post".into())),
            0,
            "unknown: whether `slack.post` took effect is unknown, and it is not made twice",
        );
    }

    #[test]
    fn a_plugin_is_at_fault_for_what_it_does_and_not_for_what_it_says_or_is_done_to_it() {
        let unknown = || End::Interrupted(Interrupt::Unknown("slack.post".into()));
        let exhausted = || End::Interrupted(Interrupt::Exhausted("over 2 host calls".into()));
        for (end, want) in [
            (End::Done("did".into()), "Sound"),
            (End::Ignored("no".into()), "Sound"),
            (End::Again(Duration::ZERO), "Sound"),
            (End::Failed("no".into()), "Sound"),
            (End::Trapped("unreachable".into()), "AtFault(\"trapped: unreachable\")"),
            (End::Over("its memory".into()), "AtFault(\"over its limits: its memory\")"),
            (exhausted(), "AtFault(\"over its limits: over 2 host calls\")"),
            (End::OutOfTime, "AtFault(\"over its deadline\")"),
            (End::OutOfTimeWaiting, "Unclear"),
            (park(1), "Unclear"),
            (limit(1), "Unclear"),
            (unknown(), "Unclear"),
            (End::Interrupted(Interrupt::Diverged("x".into())), "Unclear"),
            (End::Interrupted(Interrupt::Flooded("over 16 MiB".into())), "Unclear"),
        ] {
            assert_eq!(format!("{:?}", conduct(&end)), want);
        }
    }

    /// Each attempt waits for its back-off, and none for more than five minutes.
    #[test]
    fn an_outage_of_three_days_is_waited_out() {
        let (mut attempts, mut now) = (0, Timestamp::UNIX_EPOCH);
        let reason = loop {
            match verdict(park(0), (0, attempts), now).unwrap() {
                Verdict::Park(_, until, _) => (attempts, now) = (attempts + 1, until),
                Verdict::Finish(outcome, reason) => break format!("{outcome}: {reason}"),
            }
        };
        let hours = now.as_second() / 3600;
        assert!((71..=72).contains(&hours), "{hours} h, {attempts} attempts");
        assert!(reason.starts_with("dead: given up after") && reason.contains("three days"), "{reason}");
    }

    #[test]
    fn the_back_off_doubles_to_five_minutes() {
        let seconds: Vec<_> = [0, 1, 5, 8, 9, 40].map(|n| backoff(n).as_secs()).into();
        assert_eq!(seconds, [1, 2, 32, 256, 300, 300]);
    }
}
