//! Whether a plugin that keeps failing may be called: the decision alone, on plain data.
//!
//! A plugin in good standing is called as often as there are events. One that has failed so many times in a row, or goes on
//! failing more often than once in three calls, is held back for a while; then it is tried with one call at a time, until it fails again and is held back for twice as long, or has
//! done well so many times in a row.

use std::time::Duration;

use jiff::Timestamp;

/// How much is borne of a plugin, and for how long one is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// So many failures in a row, or more that come among good calls, but more often than once in three.
    pub failures: u32,
    /// How long it is held back for at first; each time that it fails a trial, for twice as long.
    pub first: Duration,
    /// For no longer than this.
    pub longest: Duration,
    /// So many good calls in a row put it back in good standing.
    pub recovery: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { failures: 3, first: Duration::from_secs(10), longest: Duration::from_secs(600), recovery: 3 }
    }
}

/// What a call says of its plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conduct {
    /// It came to an end of its own, be it an error.
    Sound,
    /// It trapped, or went over its deadline or another limit; how.
    AtFault(String),
    /// It was ended for a reason that is not the plugin's: an upstream, the journal, the host.
    Unclear,
}

/// How a plugin stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is called as any other. A failure counts two, and a good call takes one away.
    Good { strikes: u32 },
    /// It is not called before then. `level`: how many times in a row it was held back before this one.
    Held { until: Timestamp, level: u32 },
    /// It is called once at a time; so many of these calls in a row went well.
    Tried { well: u32, level: u32, under_way: bool },
}

/// Whether a call may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It may.
    Go(Begin),
    /// Not before then; without a time, not before the one that is under way has ended.
    Wait(Option<Timestamp>),
}

/// As what a call begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// One of many.
    Ordinary,
    /// The only one.
    Trial,
}

impl Standing {
    /// Nothing is known of the plugin.
    pub(crate) const FRESH: Standing = Standing::Good { strikes: 0 };

    /// Whether it is held back or tried.
    pub(crate) fn is_suspect(&self) -> bool {
        match self {
            Standing::Good { .. } => false,
            Standing::Held { .. } | Standing::Tried { .. } => true,
        }
    }

    /// Asks for a call. What is answered with `Go` is under way from now on, until [`Standing::ended`].
    pub(crate) fn ask(&mut self, now: Timestamp) -> Answer {
        let (answer, next) = match *self {
            Standing::Good { .. } => return Answer::Go(Begin::Ordinary),
            Standing::Held { until, .. } if now < until => return Answer::Wait(Some(until)),
            Standing::Held { level, .. } => {
                (Answer::Go(Begin::Trial), Standing::Tried { well: 0, level, under_way: true })
            }
            Standing::Tried { under_way: true, .. } => return Answer::Wait(None),
            Standing::Tried { well, level, under_way: false } => {
                (Answer::Go(Begin::Trial), Standing::Tried { well, level, under_way: true })
            }
        };
        *self = next;
        answer
    }

    /// A call has ended.
    pub(crate) fn ended(&mut self, begun: Begin, conduct: &Conduct, now: Timestamp, patience: &Patience) {
        let held = |level| Standing::Held { until: later(now, pause(level, patience)), level };
        *self = match (&*self, begun, conduct) {
            (Standing::Good { strikes }, Begin::Ordinary, Conduct::Sound) => {
                Standing::Good { strikes: strikes.saturating_sub(1) }
            }
            (Standing::Good { strikes }, Begin::Ordinary, Conduct::AtFault(_)) => {
                let strikes = strikes.saturating_add(2);
                if strikes >= patience.failures.saturating_mul(2) { held(0) } else { Standing::Good { strikes } }
            }
            (Standing::Tried { well, level, .. }, Begin::Trial, conduct) => match conduct {
                Conduct::Sound if well + 1 >= patience.recovery => Standing::FRESH,
                Conduct::Sound => Standing::Tried { well: well + 1, level: *level, under_way: false },
                Conduct::AtFault(_) => held(level + 1),
                Conduct::Unclear => Standing::Tried { well: *well, level: *level, under_way: false },
            },
            // One that began before the plugin was held back has no say any more.
            (Standing::Held { .. } | Standing::Tried { .. }, Begin::Ordinary, _)
            | (Standing::Held { .. } | Standing::Good { .. }, Begin::Trial, _)
            | (Standing::Good { .. }, Begin::Ordinary, Conduct::Unclear) => return,
        };
    }
}

fn pause(level: u32, patience: &Patience) -> Duration {
    patience.first.saturating_mul(1_u32.checked_shl(level).unwrap_or(u32::MAX)).min(patience.longest)
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const PATIENCE: Patience =
        Patience { failures: 2, first: Duration::from_secs(10), longest: Duration::from_secs(35), recovery: 2 };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn shown(standing: &Standing) -> String {
        match standing {
            Standing::Good { strikes } => format!("good {strikes}"),
            Standing::Held { until, level } => format!("held to {} level {level}", until.as_second()),
            Standing::Tried { well, level, under_way } => {
                format!("tried {well} level {level}{}", if *under_way { " under way" } else { "" })
            }
        }
    }

    fn fault() -> Conduct {
        Conduct::AtFault("trapped".into())
    }

    /// One turn: a call is asked for at this second; if it may go, it ends so.
    #[track_caller]
    fn turn(standing: &mut Standing, second: i64, conduct: &Conduct, want: &str) {
        match standing.ask(at(second)) {
            Answer::Go(begin) => standing.ended(begin, conduct, at(second), &PATIENCE),
            Answer::Wait(until) => assert!(until.is_none_or(|until| at(second) < until)),
        }
        assert_eq!(shown(standing), want, "at {second}");
    }

    #[test]
    fn one_that_keeps_failing_is_held_back_for_longer_and_longer() {
        let mut standing = Standing::FRESH;
        turn(&mut standing, 0, &fault(), "good 2");
        turn(&mut standing, 1, &Conduct::Sound, "good 1");
        turn(&mut standing, 1, &Conduct::Sound, "good 0");
        turn(&mut standing, 1, &Conduct::Sound, "good 0");
        turn(&mut standing, 2, &fault(), "good 2");
        turn(&mut standing, 3, &Conduct::Unclear, "good 2");
        turn(&mut standing, 4, &fault(), "held to 14 level 0");
        turn(&mut standing, 13, &fault(), "held to 14 level 0");
        turn(&mut standing, 14, &fault(), "held to 34 level 1");
        turn(&mut standing, 34, &fault(), "held to 69 level 2");
        turn(&mut standing, 69, &fault(), "held to 104 level 3");
        turn(&mut standing, 104, &Conduct::Unclear, "tried 0 level 3");
        turn(&mut standing, 104, &Conduct::Sound, "tried 1 level 3");
        turn(&mut standing, 104, &fault(), "held to 139 level 4");
        turn(&mut standing, 139, &Conduct::Sound, "tried 1 level 4");
        turn(&mut standing, 139, &Conduct::Sound, "good 0");
        turn(&mut standing, 140, &fault(), "good 2");
        turn(&mut standing, 141, &fault(), "held to 151 level 0");
    }

    #[test]
    fn one_that_fails_often_is_held_back_and_one_that_fails_at_times_is_not() {
        let patience = Patience { failures: 3, ..PATIENCE };
        let calls_until_held = |conducts: &[Conduct]| {
            let mut standing = Standing::FRESH;
            conducts.iter().cycle().take(100).position(|conduct| {
                standing.ended(Begin::Ordinary, conduct, at(0), &patience);
                standing.is_suspect()
            })
        };
        assert_eq!(calls_until_held(&[fault()]), Some(2));
        assert_eq!(calls_until_held(&[Conduct::Sound, fault()]), Some(9));
        assert_eq!(calls_until_held(&[Conduct::Sound, Conduct::Sound, fault()]), None);
        assert_eq!(calls_until_held(&[fault(), Conduct::Unclear, Conduct::Unclear]), Some(6));
    }

    /// Every standing with everything that can happen to it.
    #[test]
    fn every_transition() {
        let standings = [
            Standing::Good { strikes: 0 },
            Standing::Good { strikes: 2 },
            Standing::Held { until: at(10), level: 1 },
            Standing::Tried { well: 0, level: 1, under_way: false },
            Standing::Tried { well: 0, level: 1, under_way: true },
            Standing::Tried { well: 1, level: 1, under_way: true },
        ];
        let mut table = String::new();
        for standing in standings {
            writeln!(table, "{}", shown(&standing)).unwrap();
            for second in [5, 10] {
                let mut asked = standing.clone();
                let answer = match asked.ask(at(second)) {
                    Answer::Go(begin) => format!("{begin:?}"),
                    Answer::Wait(until) => format!("wait {:?}", until.map(Timestamp::as_second)),
                };
                writeln!(table, "  asked at {second}: {answer}, then {}", shown(&asked)).unwrap();
            }
            for begun in [Begin::Ordinary, Begin::Trial] {
                for conduct in [Conduct::Sound, fault(), Conduct::Unclear] {
                    let mut ended = standing.clone();
                    ended.ended(begun, &conduct, at(20), &PATIENCE);
                    let conduct = if conduct == fault() { "at fault".to_owned() } else { format!("{conduct:?}") };
                    writeln!(table, "  {begun:?} ended {}: {}", conduct.to_lowercase(), shown(&ended)).unwrap();
                }
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<_> =
            [0, 1, 5, 6, 31, 32, 1000].map(|level| pause(level, &Patience::default()).as_secs()).into();
        assert_eq!(pauses, [10, 20, 320, 600, 600, 600, 600]);
    }
}
