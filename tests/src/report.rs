//! What was measured, as a table for people and as JSON.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::measure::Sample;

/// What a median is held to.
pub enum Goal {
    /// It is only told.
    None,
    /// The median.
    AtMost(Duration),
    /// So much more than another's median, and that for nearly all of them: it is the 99th percentile that counts.
    WorstAtMostOver(Duration, Duration),
}

/// All results so far.
pub struct Report {
    commit: String,
    results: Vec<Value>,
    ratios: Vec<Value>,
}

impl Report {
    /// None yet. Prints the machine and the commit.
    #[must_use]
    pub fn new(commit: &str) -> Self {
        println!("{}, {} cores; commit {commit}", processor(), cores());
        Report { commit: commit.to_owned(), results: Vec::new(), ratios: Vec::new() }
    }

    /// Durations of one kind.
    pub fn add(&mut self, name: &str, sample: &Sample, goal: Goal) {
        let (median, p99) = (sample.percentile(50).unwrap_or_default(), sample.percentile(99).unwrap_or_default());
        let (measured, most) = match goal {
            Goal::None => (median, None),
            Goal::AtMost(most) => (median, Some(most)),
            Goal::WorstAtMostOver(base, most) => (p99, Some(base + most)),
        };
        let reached = most.map(|most| measured <= most);
        println!(
            "{name:<58} median {median:>10.1?}  p99 {p99:>10.1?}{}",
            words(reached, most.map(|most| format!("{most:.1?}")))
        );
        self.results.push(json!({
            "name": name, "median_us": micros(median), "p99_us": micros(p99), "at_most_us": most.map(micros), "reached": reached,
        }));
    }

    /// Events a second.
    pub fn rate(&mut self, name: &str, per_second: u64, least: Option<u64>) {
        let reached = least.map(|least| per_second >= least);
        println!("{name:<58} {per_second}{}", words(reached, least.map(|least| least.to_string())));
        self.results.push(json!({ "name": name, "per_second": per_second, "at_least": least, "reached": reached }));
    }

    /// A part of something else that was measured in the same run.
    pub fn share(&mut self, name: &str, share: f64, least: f64) {
        let reached = share >= least;
        println!("{name:<58} {share:.2}{}", words(Some(reached), Some(least.to_string())));
        self.results.push(json!({ "name": name, "share": share, "at_least": least, "reached": reached }));
    }

    /// Bytes.
    pub fn weight(&mut self, name: &str, bytes: u64, most: Option<u64>) {
        let reached = most.map(|most| bytes <= most);
        println!("{name:<58} {bytes} bytes{}", words(reached, most.map(|most| most.to_string())));
        self.results.push(json!({ "name": name, "bytes": bytes, "at_most": most, "reached": reached }));
    }

    /// The medians of what begins so, in terms of the first result's: these hold on other machines too.
    pub fn ratios(&mut self, prefixes: &[&str]) {
        let median = |result: &Value| result["median_us"].as_f64();
        let Some(base) = self.results.first().and_then(median) else { return };
        for result in &self.results {
            let name = result["name"].as_str().unwrap_or_default();
            if let (true, Some(median)) = (prefixes.iter().any(|prefix| name.starts_with(prefix)), median(result)) {
                println!("{name:<58} {:.2} times the first", median / base);
                self.ratios.push(json!({ "name": name, "to_the_first": median / base }));
            }
        }
    }

    /// Writes all of it.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn write(&self, file: &Path) {
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory = memory.lines().next().unwrap_or_default().trim_start_matches("MemTotal:").trim();
        let report = json!({
            "machine": { "processor": processor(), "cores": cores(), "memory": memory },
            "commit": self.commit,
            "results": self.results,
            "ratios": self.ratios,
        });
        std::fs::write(file, format!("{report:#}\n")).expect("the report's file can be written");
        println!("written to {}", file.display());
    }
}

fn words(reached: Option<bool>, goal: Option<String>) -> String {
    match (reached, goal) {
        (Some(true), Some(goal)) => format!("  (goal {goal}: reached)"),
        (Some(false), Some(goal)) => format!("  (goal {goal}: MISSED)"),
        _ => String::new(),
    }
}

fn micros(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e7).round() / 10.0
}

fn processor() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    model.unwrap_or("an unknown processor").to_owned()
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
