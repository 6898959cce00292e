//! Build ids: numbers that rise with time, as Prow's own (a snowflake of node 1).

use std::sync::Mutex;

use jiff::Timestamp;

/// 2010-11-04T01:42:54.657Z, from which milliseconds are counted.
const EPOCH_MILLIS: i64 = 1_288_834_974_657;
const NODE: i64 = 1;

/// Gives out build ids, each once.
#[derive(Debug, Default)]
pub(crate) struct BuildIds {
    last: Mutex<(i64, i64)>,
}

impl BuildIds {
    /// The next one: 41 bits of milliseconds, 10 of the node, 12 that count within the millisecond.
    pub(crate) fn next(&self, now: Timestamp) -> String {
        let mut last = self.last.lock().expect("nothing panics while it holds this lock");
        // A clock that went back does not: ids keep rising.
        let millis = (now.as_millisecond() - EPOCH_MILLIS).max(last.0);
        *last = match *last {
            (same, 4095) if same == millis => (millis + 1, 0),
            (same, count) if same == millis => (millis, count + 1),
            _ => (millis, 0),
        };
        (last.0 << 22 | NODE << 12 | last.1).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_rise_also_within_a_millisecond_and_when_the_clock_goes_back() {
        let ids = BuildIds::default();
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut all: Vec<u64> = (0..5000).map(|_| ids.next(now).parse().unwrap()).collect();
        all.push(ids.next(Timestamp::UNIX_EPOCH).parse().unwrap());
        assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(all[0].to_string().len(), 19);
    }
}
