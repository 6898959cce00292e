//! Periodics: jobs by the clock.

use std::time::Duration;

use crate::cron::Cron;
use crate::duration::parse_go_duration;
use crate::job::{JobBase, JobRules, Place};
use crate::problem::Problems;
use crate::prowjob::ProwJobType;
use crate::raw_config::RawJob;

/// A periodic, checked.
#[derive(Debug, Clone)]
pub struct Periodic {
    /// What all jobs have.
    pub base: JobBase,
    /// When it runs.
    pub schedule: Schedule,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Whether it is run again after it failed.
    pub retry: Option<Retry>,
}

/// How a periodic is run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// After it succeeded, too.
    pub run_all: bool,
    /// How often; no more than ten times count.
    pub attempts: i64,
    /// How long after the last start.
    pub interval: Duration,
}

/// When a periodic runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// By a cron expression.
    Cron(Cron),
    /// So long after the last start.
    Interval(Duration),
    /// So long after the last end.
    MinimumInterval(Duration),
}

impl JobRules<'_> {
    /// The checked form of a periodic; good only if no problem was added.
    pub(crate) fn periodic(&self, mut raw: RawJob, place: Place, problems: &mut Problems) -> Periodic {
        let base = self.base(&mut raw, ProwJobType::Periodic, "", place, problems);
        let (file, at) = (&base.place.file, &base.place.path);
        let written = |text: Option<String>| text.filter(|text| !text.is_empty());
        let mut interval = |key: &str, text: &str| {
            parse_go_duration(text).unwrap_or_else(|why| {
                problems.add(file, at.key(key), why);
                Duration::ZERO
            })
        };
        let given = (written(raw.cron.take()), written(raw.interval.take()), written(raw.minimum_interval.take()));
        let schedule = match given {
            (Some(text), None, None) => match Cron::parse(&text) {
                Ok(cron) => Schedule::Cron(cron),
                Err(why) => {
                    problems.add(file, at.key("cron"), why);
                    Schedule::Interval(Duration::ZERO)
                }
            },
            (None, Some(text), None) => Schedule::Interval(interval("interval", &text)),
            (None, None, Some(text)) => Schedule::MinimumInterval(interval("minimum_interval", &text)),
            _ => {
                let why = format!(
                    "the periodic `{}` needs exactly one of `cron`, `interval` and `minimum_interval`",
                    base.name
                );
                problems.add(file, at.clone(), why);
                Schedule::Interval(Duration::ZERO)
            }
        };
        // Prow writes this interval over the periodic's own: here each is what it is written as.
        let retry = raw.retry.take().map(|retry| Retry {
            run_all: retry.run_all,
            attempts: retry.attempts,
            interval: parse_go_duration(&retry.interval).unwrap_or_else(|why| {
                problems.add(file, at.key("retry").key("interval"), why);
                Duration::ZERO
            }),
        });
        Periodic { schedule, retry, tags: raw.tags.take().unwrap_or_default(), base }
    }
}
