//! Which of a log's entries were missed, how far back it is read, and when one is asked for again. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use github::HookDelivery;
use jiff::{SignedDuration, Timestamp};
use store::NewMissed;

/// How long GitHub keeps a delivery, and lets it be asked for again.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(3 * 24);
/// How often a delivery is asked for again: one that our own webhook refuses would be refused for ever.
pub(super) const MOST_ASKED: u32 = 3;
/// An entry comes into the log when its delivery has ended, which may be after entries of later ones: what is behind the mark
/// by no more than this is read once more.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// One reading of a log, from its newest entry back.
pub(super) struct Reading {
    since: Timestamp,
    begun: Timestamp,
    newest: Option<Timestamp>,
    /// GUIDs of which an attempt that was asked for has succeeded; it stands before the ones that failed.
    succeeded: BTreeSet<String>,
}

/// A page that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// What is to be asked for again.
    pub(super) missed: Vec<NewMissed>,
    /// Whether older pages may have more.
    pub(super) go_on: bool,
}

impl Reading {
    /// `mark` is the newest entry of the last reading that came to its end. `begun` is since when the inbox has whatever was
    /// answered with success: before that, somebody else may have been there, and have handled it.
    pub(super) fn new(mark: Option<Timestamp>, begun: Timestamp, now: Timestamp) -> Self {
        let oldest = earlier(now, KEPT);
        let since = mark.map_or(oldest, |mark| earlier(mark, OVERLAP).max(oldest));
        Self { since, begun, newest: None, succeeded: BTreeSet::new() }
    }

    /// Reads the next page; `kept` are those of its GUIDs that the inbox has, whatever was answered.
    pub(super) fn page(
        &mut self,
        entries: &[HookDelivery],
        kept: &BTreeSet<String>,
        wants: impl Fn(&str) -> bool,
    ) -> Page {
        let mut missed = Vec::new();
        for entry in entries {
            if entry.delivered_at < self.since {
                return Page { missed, go_on: false };
            }
            self.newest = self.newest.max(Some(entry.delivered_at));
            if wants(&entry.event) && !kept.contains(&entry.guid) && self.is_missed(entry) {
                missed.push(NewMissed {
                    guid: entry.guid.clone(),
                    delivery: entry.id,
                    event: entry.event.clone(),
                    delivered_at: entry.delivered_at,
                    status_code: entry.status_code,
                });
            }
        }
        Page { missed, go_on: true }
    }

    /// The mark for the next reading, once this one has come to its end.
    pub(super) fn mark(&self) -> Option<Timestamp> {
        self.newest
    }

    fn is_missed(&mut self, entry: &HookDelivery) -> bool {
        if entry.succeeded() {
            if entry.redelivery {
                self.succeeded.insert(entry.guid.clone());
            }
            return entry.delivered_at >= self.begun;
        }
        !self.succeeded.contains(&entry.guid)
    }
}

/// How long to wait for what was asked for again, the `asked`th time, before it is asked for once more, or given up.
pub(super) fn pause(every: Duration, asked: u32) -> Duration {
    every.saturating_mul(3_u32.saturating_pow(asked.saturating_sub(1)))
}

/// `at`, so much earlier.
pub(super) fn earlier(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60;

    /// Minutes after some moment.
    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
    }

    /// `guid code minute`, with `again` behind it for an attempt that was asked for.
    fn entries(text: &str) -> Vec<HookDelivery> {
        let lines = text.split(',').map(str::trim).filter(|line| !line.is_empty());
        let entry = |(id, line): (usize, &str)| {
            let words: Vec<&str> = line.split_whitespace().collect();
            HookDelivery {
                id: 1000 - u64::try_from(id).unwrap(),
                guid: words[0].to_owned(),
                delivered_at: at(words[2].parse().unwrap()),
                redelivery: words.get(3) == Some(&"again"),
                status: String::new(),
                status_code: words[1].parse().unwrap(),
                event: if words[0].starts_with("star") { "star" } else { "push" }.to_owned(),
            }
        };
        lines.enumerate().map(entry).collect()
    }

    struct Given {
        mark: Option<i64>,
        begun: i64,
        kept: &'static [&'static str],
    }

    /// A log that was last read up to minute 0, by an inbox that is a year old.
    const USUAL: Given = Given { mark: Some(0), begun: -365 * DAY, kept: &[] };

    #[track_caller]
    fn check(given: &Given, log: &str, want: (&[&str], bool)) {
        let mut reading = Reading::new(given.mark.map(at), at(given.begun), at(60));
        let kept = given.kept.iter().map(|guid| (*guid).to_owned()).collect();
        let page = reading.page(&entries(log), &kept, |event| event == "push");
        let missed: Vec<&str> = page.missed.iter().map(|one| one.guid.as_str()).collect();
        assert_eq!((missed.as_slice(), page.go_on), want, "{log}");
    }

    #[test]
    fn what_failed_or_never_came_was_missed() {
        check(&USUAL, "a 502 50, b 200 40, c 0 30, d 403 20", (&["a", "b", "c", "d"], true));
        check(&Given { kept: &["b", "c"], ..USUAL }, "a 502 50, b 200 40, c 0 30", (&["a"], true));
        check(&USUAL, "", (&[], true));
    }

    #[test]
    fn what_nobody_wants_was_not_missed() {
        check(&USUAL, "star1 502 50, a 502 40, star2 200 30", (&["a"], true));
    }

    #[test]
    fn what_succeeded_before_the_inbox_was_there_is_somebody_elses() {
        let young = Given { mark: None, begun: 30, kept: &[] };
        check(&young, "a 200 40, b 200 20, c 502 10", (&["a", "c"], true));
        check(&young, "c 200 20 again, c 502 10, d 502 9", (&["d"], true));
    }

    #[test]
    fn a_later_attempt_that_succeeded_settles_the_earlier_ones() {
        check(&Given { kept: &["a"], ..USUAL }, "a 200 50 again, a 502 40, b 502 30", (&["b"], true));
        // Nobody has it all the same: the newest attempt stands for it.
        check(&USUAL, "a 200 50 again, a 502 40", (&["a"], true));
        // Two that failed are one to the store.
        check(&USUAL, "a 502 50 again, a 502 40", (&["a", "a"], true));
    }

    #[test]
    fn a_log_is_read_to_a_while_before_the_mark_and_to_three_days_at_most() {
        check(&USUAL, "a 502 -10, b 502 -11, c 502 -12", (&["a"], false));
        let old = Given { mark: Some(-9 * DAY), ..USUAL };
        check(&old, "a 502 0, b 502 -4259, c 502 -4261", (&["a", "b"], false));
        check(&Given { mark: None, ..USUAL }, "b 502 -4260, c 502 -4261", (&["b"], false));
    }

    #[test]
    fn the_mark_is_the_newest_entry_whatever_became_of_it() {
        let mut reading = Reading::new(Some(at(0)), at(0), at(60));
        assert_eq!(reading.mark(), None);
        reading.page(&entries("star 200 40, a 200 50, b 502 30"), &BTreeSet::new(), |_| true);
        reading.page(&entries("c 502 20"), &BTreeSet::new(), |_| true);
        assert_eq!(reading.mark(), Some(at(50)));
    }

    #[test]
    fn pauses_grow() {
        let minutes = [1, 2, 3].map(|asked| pause(Duration::from_secs(300), asked).as_secs() / 60);
        assert_eq!(minutes, [5, 15, 45]);
    }
}
