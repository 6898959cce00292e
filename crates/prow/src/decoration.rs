//! The part of `decoration_config` that says how long things may take, and whether to clone.

use std::time::Duration;

use serde_json::Value;

use crate::duration::{format_go_duration, parse_go_duration};
use crate::prowjob::ProwJob;

/// What a job's decoration says about time and cloning. `None`: the default of whoever acts on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decoration {
    /// How long the job's command may take.
    pub timeout: Option<Duration>,
    /// How long it has after it was asked to stop.
    pub grace_period: Option<Duration>,
    /// How long until its command runs, cloning included.
    pub pod_pending_timeout: Option<Duration>,
    /// How long until it is done, counted from its start.
    pub pod_running_timeout: Option<Duration>,
    /// How long until a place is found for it.
    pub pod_unscheduled_timeout: Option<Duration>,
    /// Whether no source is cloned.
    pub skip_cloning: bool,
}

const DURATIONS: [&str; 5] =
    ["timeout", "grace_period", "pod_pending_timeout", "pod_running_timeout", "pod_unscheduled_timeout"];

impl Decoration {
    /// Reads `spec.decoration_config`; all unset where there is none.
    ///
    /// # Errors
    /// The key whose value is not a duration, and what one looks like.
    pub fn of(job: &ProwJob) -> Result<Self, String> {
        let Some(config) = &job.spec.decoration_config else {
            return Ok(Self::default());
        };
        let duration = |key: &str| match config.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => duration(value).map(Some).map_err(|why| format!("decoration_config.{key}: {why}")),
        };
        Ok(Self {
            timeout: duration("timeout")?,
            grace_period: duration("grace_period")?,
            pod_pending_timeout: duration("pod_pending_timeout")?,
            pod_running_timeout: duration("pod_running_timeout")?,
            pod_unscheduled_timeout: duration("pod_unscheduled_timeout")?,
            skip_cloning: config.get("skip_cloning").and_then(Value::as_bool).unwrap_or(false),
        })
    }
}

/// The config with each duration written as Go writes it (`120m` becomes `2h0m0s`); one that cannot be read stays.
pub fn with_go_durations(config: &Value) -> Value {
    let mut config = config.clone();
    for key in DURATIONS {
        if let Some(value) = config.get_mut(key)
            && let Ok(duration) = duration(value)
        {
            *value = Value::String(format_go_duration(duration));
        }
    }
    config
}

/// A Go duration, or whole nanoseconds.
fn duration(value: &Value) -> Result<Duration, String> {
    match value {
        Value::String(text) => parse_go_duration(text),
        Value::Number(nanos) => nanos
            .as_u64()
            .map(Duration::from_nanos)
            .ok_or_else(|| format!("`{nanos}` is not a duration: write it like `90s`, `10m` or `1h30m`")),
        other => Err(format!("`{other}` is not a duration: write it like `90s`, `10m` or `1h30m`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::prowjob::{ProwJobSpec, ProwJobType};

    fn decoration(config: Value) -> Result<Decoration, String> {
        let mut job = ProwJob::new("x", ProwJobSpec::new(ProwJobType::Periodic, "j"));
        job.spec.decoration_config = Some(config);
        Decoration::of(&job)
    }

    #[test]
    fn durations_are_go_texts_or_nanoseconds() {
        let seen = decoration(json!({"timeout": "1h30m", "grace_period": 15_000_000_000_u64, "skip_cloning": true}));
        assert_eq!(
            seen,
            Ok(Decoration {
                timeout: Some(Duration::from_secs(5400)),
                grace_period: Some(Duration::from_secs(15)),
                skip_cloning: true,
                ..Decoration::default()
            })
        );
        assert_eq!(decoration(json!({"timeout": null})), Ok(Decoration::default()));
    }

    #[test]
    fn what_is_no_duration_names_its_key() {
        for bad in [json!("soon"), json!(-1), json!(true)] {
            let why = decoration(json!({"pod_running_timeout": bad})).unwrap_err();
            assert!(why.contains("decoration_config.pod_running_timeout"), "{why}");
        }
    }

    #[test]
    fn durations_are_rewritten_and_the_rest_stays() {
        let config = json!({"timeout": "120m", "grace_period": "odd", "gcs_configuration": {"bucket": "b"}});
        assert_eq!(
            with_go_durations(&config),
            json!({"timeout": "2h0m0s", "grace_period": "odd", "gcs_configuration": {"bucket": "b"}})
        );
    }
}
