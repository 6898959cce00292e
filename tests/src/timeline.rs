//! What happened, where, and when, one line each.

use std::fmt::Display;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Where something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The stand-in GitHub: what a person does or sees there.
    Github,
    /// The webhook's answer.
    Hook,
    /// The inbox or the ProwJobs.
    Store,
    /// What the controller made of a ProwJob.
    Controller,
    /// A commit status.
    Status,
    /// What the host shows of itself.
    Host,
}

impl Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Github => "github",
            Self::Hook => "hook",
            Self::Store => "store",
            Self::Controller => "controller",
            Self::Status => "status",
            Self::Host => "host",
        })
    }
}

/// Prints as it goes; in a test, libtest keeps what is printed until the test fails.
#[derive(Debug)]
pub struct Timeline {
    started: Instant,
}

impl Timeline {
    /// The clock runs from `started`.
    #[must_use]
    pub fn since(started: Instant) -> Self {
        Self { started }
    }

    /// The name of what comes next.
    pub fn title(&self, text: &str) {
        print_line(&format!("\n{text}"));
    }

    /// One thing that was seen.
    pub fn saw(&self, place: Place, what: impl Display) {
        print_line(&line(self.started.elapsed(), place, &what.to_string()));
    }

    /// Since the clock started.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

fn line(elapsed: Duration, place: Place, what: &str) -> String {
    format!("{:>7} ms  {place:<11} {what}", elapsed.as_millis())
}

fn print_line(text: &str) {
    // `println!` and not a lock of stdout: only the former is captured in tests.
    println!("{text}");
    // A reader who has gone away is no reason to stop half way.
    let _ = std::io::stdout().flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        assert_eq!(line(Duration::from_micros(1_234_567), Place::Hook, "x"), "   1234 ms  hook        x");
        assert_eq!(line(Duration::ZERO, Place::Controller, "y"), "      0 ms  controller  y");
    }
}
