//! What one task of a plugin may use up: `modules.NAME.limits` in plugins.yaml, which is ours and not Prow's. What a limit
//! is when nothing is said stands in the host, which enforces it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::module::ByteQuantity;
use crate::problem::{KeyPath, Problems};
use crate::raw_config::GoDuration;

/// `limits` as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawLimits {
    /// Memory of one instance, as Kubernetes writes quantities.
    pub memory: Option<ByteQuantity>,
    /// Tables of one instance.
    pub tables: Option<u32>,
    /// Elements of one table.
    pub table_elements: Option<u32>,
    /// Core instances that one component consists of.
    pub instances: Option<u32>,
    /// Handles that one call may hold.
    pub handles: Option<u32>,
    /// How long one task may take.
    pub deadline: Option<GoDuration>,
    /// How many effects one task may have.
    pub effects: Option<u32>,
    /// How many calls of GitHub's interfaces one task may make.
    pub api_calls: Option<u32>,
    /// How many calls of the host one task may make, all in all.
    pub host_calls: Option<u32>,
    /// Bytes of the arguments of one call.
    pub argument: Option<ByteQuantity>,
    /// Bytes of all arguments and answers of one task.
    pub exchanged: Option<ByteQuantity>,
    /// Lines that one task may log.
    pub log_lines: Option<u32>,
    /// Bytes that one task may log.
    pub log: Option<ByteQuantity>,
}

/// `limits`, checked; `None`: the host's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Bytes of memory, all in all.
    pub memory_bytes: Option<u64>,
    /// Tables.
    pub tables: Option<u32>,
    /// Elements of one table.
    pub table_elements: Option<u32>,
    /// Core instances.
    pub instances: Option<u32>,
    /// Handles.
    pub handles: Option<u32>,
    /// Time from start to end.
    pub deadline: Option<Duration>,
    /// Effects.
    pub effects: Option<u32>,
    /// Calls of GitHub's API.
    pub api_calls: Option<u32>,
    /// Calls of the host, all in all.
    pub host_calls: Option<u32>,
    /// Bytes of one call's arguments.
    pub argument_bytes: Option<u64>,
    /// Bytes of all arguments and answers.
    pub exchanged_bytes: Option<u64>,
    /// Lines of log.
    pub log_lines: Option<u32>,
    /// Bytes of log.
    pub log_bytes: Option<u64>,
}

impl From<&RawLimits> for Limits {
    fn from(raw: &RawLimits) -> Self {
        let bytes = |quantity: Option<ByteQuantity>| quantity.map(|quantity| quantity.0);
        Limits {
            memory_bytes: bytes(raw.memory),
            tables: raw.tables,
            table_elements: raw.table_elements,
            instances: raw.instances,
            handles: raw.handles,
            deadline: raw.deadline.map(|deadline| deadline.0),
            effects: raw.effects,
            api_calls: raw.api_calls,
            host_calls: raw.host_calls,
            argument_bytes: bytes(raw.argument),
            exchanged_bytes: bytes(raw.exchanged),
            log_lines: raw.log_lines,
            log_bytes: bytes(raw.log),
        }
    }
}

/// The checked form of `raw`; `at` is its place. Good only if no problem was added.
pub(crate) fn check(raw: &RawLimits, file: &str, at: &KeyPath, problems: &mut Problems) -> Limits {
    let limits = Limits::from(raw);
    let mut at_least_one = |key: &str, is_zero: bool| {
        if is_zero {
            let why = format!("`{key}` is zero, which would let the plugin do nothing: raise it or leave it out");
            problems.add(file, at.key(key), why);
        }
    };
    // Without calls, effects or a log there is still a decision to be had; without these not even that.
    at_least_one("memory", limits.memory_bytes == Some(0));
    at_least_one("instances", limits.instances == Some(0));
    at_least_one("handles", limits.handles == Some(0));
    at_least_one("deadline", limits.deadline.is_some_and(|deadline| deadline.is_zero()));
    limits
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check_limits(raw: Value, want: &[&str]) -> Limits {
        let raw: RawLimits = serde_json::from_value(raw).unwrap();
        let mut problems = Problems::new();
        let limits = check(&raw, "f", &KeyPath::root().key("limits"), &mut problems);
        let found: Vec<_> = problems.into_vec().into_iter().map(|problem| problem.to_string()).collect();
        assert_eq!(found.len(), want.len(), "{found:?}");
        for (found, want) in found.iter().zip(want) {
            assert!(found.contains(want), "{found:?} lacks {want:?}");
        }
        limits
    }

    #[test]
    fn every_key_reaches_its_limit() {
        let all = json!({
            "memory": "64Mi", "tables": 2, "table_elements": 3, "instances": 4, "handles": 5, "deadline": "10s",
            "effects": 6, "api_calls": 7, "host_calls": 8, "argument": "9k", "exchanged": "10k", "log_lines": 11,
            "log": "12k",
        });
        let limits = serde_json::to_value(check_limits(all, &[])).unwrap();
        let want = json!({
            "memory_bytes": 64 << 20, "tables": 2, "table_elements": 3, "instances": 4, "handles": 5,
            "deadline": { "secs": 10, "nanos": 0 }, "effects": 6, "api_calls": 7, "host_calls": 8, "argument_bytes": 9000,
            "exchanged_bytes": 10_000, "log_lines": 11, "log_bytes": 12_000,
        });
        assert_eq!(limits, want);
        assert_eq!(check_limits(json!({}), &[]), Limits::default());
    }

    #[test]
    fn what_would_let_a_plugin_do_nothing_is_refused() {
        let zeros = json!({ "memory": "0", "instances": 0, "handles": 0, "deadline": "0s" });
        check_limits(zeros, &["limits.memory", "limits.instances", "limits.handles", "limits.deadline"]);
        let nothing_allowed = json!({ "effects": 0, "api_calls": 0, "host_calls": 0, "log_lines": 0, "log": "0" });
        check_limits(nothing_allowed, &[]);
    }
}
