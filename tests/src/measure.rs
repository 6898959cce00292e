//! Figures of a run: medians, percentiles, memory.

use std::fmt;
use std::time::Duration;

/// Durations of one kind.
#[derive(Debug, Clone, Default)]
pub struct Sample(Vec<Duration>);

impl FromIterator<Duration> for Sample {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Self {
        let mut sorted: Vec<_> = durations.into_iter().collect();
        sorted.sort_unstable();
        Self(sorted)
    }
}

impl Sample {
    /// The smallest duration that at least `percent` of all are no longer than (nearest rank); none of an empty sample.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied()
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |percent| self.percentile(percent).unwrap_or_default().as_secs_f64() * 1000.0;
        write!(f, "median {:.1} ms, p99 {:.1} ms, of {}", ms(50), ms(99), self.0.len())
    }
}

/// What a process holds of memory, in KiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident now.
    pub resident: u64,
    /// The most that was ever resident.
    pub peak: u64,
}

impl Memory {
    /// Of a running process; zero if it cannot be read.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        parse(&std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default())
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB, at most {} MiB", self.resident / 1024, self.peak / 1024)
    }
}

fn parse(status: &str) -> Memory {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches(':').split_whitespace().next()?.parse().ok()
    };
    Memory { resident: field("VmRSS").unwrap_or(0), peak: field("VmHWM").unwrap_or(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ms: &[u64], percent: usize, want: Option<u64>) {
        let sample: Sample = ms.iter().map(|ms| Duration::from_millis(*ms)).collect();
        assert_eq!(sample.percentile(percent), want.map(Duration::from_millis), "{ms:?} at {percent}");
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        check(&[], 50, None);
        check(&[7], 50, Some(7));
        check(&[7], 99, Some(7));
        check(&[3, 1, 2], 50, Some(2));
        check(&[4, 3, 2, 1], 50, Some(2));
        check(&[4, 3, 2, 1], 99, Some(4));
        check(&(1..=200).collect::<Vec<_>>(), 99, Some(198));
    }

    #[test]
    fn memory_is_read_from_the_kernels_words() {
        let status = "Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t  1024 kB\n";
        assert_eq!(parse(status), Memory { resident: 1024, peak: 2048 });
        assert_eq!(parse(""), Memory::default());
        assert!(Memory::of(std::process::id()).resident > 0);
    }
}
