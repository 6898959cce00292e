//! What one call of a plugin may use up: every limit, its default and its most, in this one place. `modules.NAME.limits` in
//! plugins.yaml sets them for a plugin; doc/limits.md is this file for operators, and a test holds the two together.

use std::time::Duration;

use prow::limits::Limits as Said;

use crate::engine;

/// What one call of a plugin may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
// Terms that an older host kept lack what it did not know.
#[serde(default)]
pub struct Limits {
    /// Bytes of all linear memories together.
    #[serde(rename = "memory_bytes")]
    pub memory: usize,
    /// Tables of all its modules together.
    pub tables: u32,
    /// Elements of one table.
    pub table_elements: u32,
    /// Core instances that the component consists of.
    pub instances: u32,
    /// Handles held at once: of the host's resources, and of its own.
    pub handles: u32,
    /// Wall time of one task, host calls included.
    #[serde(rename = "deadline_seconds", with = "seconds")]
    pub deadline: Duration,
    /// Effects of one task.
    pub effects: u32,
    /// Calls of GitHub's interfaces by one task.
    pub api_calls: u32,
    /// Calls of the host by one task, all in all; so many lines of log besides.
    pub host_calls: u32,
    /// Bytes of the arguments of one call.
    pub argument_bytes: usize,
    /// Bytes of all arguments and answers of one task: the host keeps them until it ends.
    pub exchanged_bytes: usize,
    /// Lines of log that are kept of one task. What goes over them is dropped, and counted.
    pub log_lines: u32,
    /// Bytes of log that are kept of one task. What goes over them is dropped, and counted.
    pub log_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            memory: 64 << 20,
            tables: engine::MAX_TABLES,
            table_elements: 100_000,
            instances: engine::MAX_CORE_INSTANCES,
            handles: 1000,
            deadline: Duration::from_secs(30),
            effects: 200,
            // Far more than any task of a plugin of ours makes, and a fifth of what GitHub allows an account in an hour.
            api_calls: 1000,
            host_calls: 10_000,
            argument_bytes: 1 << 20,
            exchanged_bytes: 16 << 20,
            log_lines: 200,
            log_bytes: 256 << 10,
        }
    }
}

/// A limit that is set higher than there is for one plugin: the pool has room for so much and no more.
#[derive(Debug, PartialEq, Eq)]
pub struct TooMuch {
    /// Its key under `limits`.
    pub key: &'static str,
    /// The most, as it is written there.
    pub most: String,
}

impl Limits {
    /// What was said over what stood before.
    #[must_use]
    pub fn with(self, said: &Said) -> Self {
        let bytes = |said: Option<u64>, base: usize| said.map_or(base, |n| usize::try_from(n).unwrap_or(usize::MAX));
        Limits {
            memory: bytes(said.memory_bytes, self.memory),
            tables: said.tables.unwrap_or(self.tables),
            table_elements: said.table_elements.unwrap_or(self.table_elements),
            instances: said.instances.unwrap_or(self.instances),
            handles: said.handles.unwrap_or(self.handles),
            deadline: said.deadline.unwrap_or(self.deadline),
            effects: said.effects.unwrap_or(self.effects),
            api_calls: said.api_calls.unwrap_or(self.api_calls),
            host_calls: said.host_calls.unwrap_or(self.host_calls),
            argument_bytes: bytes(said.argument_bytes, self.argument_bytes),
            exchanged_bytes: bytes(said.exchanged_bytes, self.exchanged_bytes),
            log_lines: said.log_lines.unwrap_or(self.log_lines),
            log_bytes: bytes(said.log_bytes, self.log_bytes),
        }
    }

    /// The first limit that is more than there is for one plugin.
    ///
    /// # Errors
    /// Which it is, and the most that it may be.
    pub fn check(&self) -> Result<(), TooMuch> {
        let no_more = |key, is_over: bool, most: String| if is_over { Err(TooMuch { key, most }) } else { Ok(()) };
        let (memory, elements) = (engine::MAX_MEMORY, engine::MAX_TABLE_ELEMENTS);
        let (tables, instances) = (engine::MAX_TABLES, engine::MAX_CORE_INSTANCES);
        no_more("memory", self.memory > memory, format!("{}Mi", memory >> 20))?;
        no_more("tables", self.tables > tables, tables.to_string())?;
        no_more("table_elements", self.table_elements as usize > elements, elements.to_string())?;
        no_more("instances", self.instances > instances, instances.to_string())
    }

    /// How many bytes may cross in one call before the host has looked at them: as much memory as the host spends on a
    /// guest's behalf. A value takes more room there than as JSON, which `argument_bytes` is measured by.
    #[must_use]
    pub fn crossing_bytes(&self) -> usize {
        self.argument_bytes.saturating_mul(8).max(1 << 20)
    }
}

mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(duration.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use prow::limits::RawLimits;
    use serde_json::{Value, json};

    use super::*;

    fn said(limits: Value) -> Said {
        Said::from(&serde_json::from_value::<RawLimits>(limits).unwrap())
    }

    /// The rows of the table in doc/limits.md: a key with its default, as it is written in plugins.yaml.
    fn documented() -> BTreeMap<String, Value> {
        let table = include_str!("../../doc/limits.md");
        let rows = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"));
        let value = |rest: &str| {
            let text = rest.split('`').next().unwrap().to_owned();
            text.parse::<u64>().map_or(Value::String(text), Value::from)
        };
        rows.map(|(key, rest)| (key.to_owned(), value(rest))).collect()
    }

    #[test]
    fn the_documented_defaults_are_the_defaults_of_all_limits() {
        let documented = documented();
        let nothing = Limits {
            memory: 0,
            tables: 0,
            table_elements: 0,
            instances: 0,
            handles: 0,
            deadline: Duration::ZERO,
            effects: 0,
            api_calls: 0,
            host_calls: 0,
            argument_bytes: 0,
            exchanged_bytes: 0,
            log_lines: 0,
            log_bytes: 0,
        };
        assert_eq!(nothing.with(&said(json!(documented))), Limits::default());
    }

    #[test]
    fn what_is_not_said_stays() {
        let limits = Limits::default().with(&said(json!({ "deadline": "2s", "log": "1Ki" })));
        assert_eq!(limits, Limits { deadline: Duration::from_secs(2), log_bytes: 1024, ..Limits::default() });
    }

    #[test]
    fn more_than_there_is_for_one_plugin_is_named() {
        for (limits, key, most) in [
            (json!({ "memory": "129Mi" }), "memory", "128Mi"),
            (json!({ "tables": 9 }), "tables", "8"),
            (json!({ "table_elements": 100_001 }), "table_elements", "100000"),
            (json!({ "instances": 65 }), "instances", "64"),
        ] {
            let checked = Limits::default().with(&said(limits.clone())).check();
            assert_eq!(checked, Err(TooMuch { key, most: most.to_owned() }), "{limits}");
        }
        Limits::default().with(&said(json!({ "memory": "128Mi", "handles": 1_000_000 }))).check().unwrap();
    }

    #[test]
    fn terms_that_an_older_host_kept_are_read() {
        let kept = json!({ "memory_bytes": 1, "deadline_seconds": 1.5, "effects": 2 });
        let limits: Limits = serde_json::from_value(kept).unwrap();
        let want = Limits { memory: 1, deadline: Duration::from_millis(1500), effects: 2, ..Limits::default() };
        assert_eq!(limits, want);
    }
}
