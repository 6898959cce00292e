//! Defaults of `decoration_config`, and how a job's own is laid over them. Both stay JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::duration::parse_go_duration;
use crate::job_shapes::as_json;
use crate::problem::{KeyPath, Problems};
use crate::prowjob_defaults::is_for;
use crate::raw_config::RawDecorationEntry;

/// Keys whose empty text or list says something: a default is turned off. Everywhere else it is no value.
const EMPTY_COUNTS: [&str; 8] = [
    "gcs_credentials_secret",
    "s3_credentials_secret",
    "default_service_account_name",
    "cookiefile_secret",
    "compress_file_types",
    "include_directories",
    "exclude_directories",
    "tolerations",
];
/// Keys whose values are merged key by key.
const MERGED: [&str; 5] =
    ["utility_images", "resources", "gcs_configuration", "censoring_options", "scheduling_options"];
const DURATIONS: [&str; 5] =
    ["timeout", "grace_period", "pod_pending_timeout", "pod_running_timeout", "pod_unscheduled_timeout"];

/// `plank.default_decoration_configs` or `plank.default_decoration_config_entries`, in one form: later entries are laid
/// over earlier ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecorationDefaults(Vec<DecorationEntry>);

/// A config for the jobs that it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct DecorationEntry {
    /// An org or org/repo; empty or `*` for any.
    repo: String,
    /// A build cluster; empty or `*` for any.
    cluster: String,
    pub(crate) config: Value,
}

impl From<RawDecorationEntry> for DecorationEntry {
    fn from(raw: RawDecorationEntry) -> Self {
        Self {
            repo: raw.repo.unwrap_or_default(),
            cluster: raw.cluster.unwrap_or_default(),
            config: raw.config.as_ref().map(as_json).unwrap_or_default(),
        }
    }
}

impl DecorationDefaults {
    /// From the map by `*`, org and org/repo, which apply in this order.
    pub fn of_map(map: BTreeMap<String, Value>) -> Self {
        let entry = |(repo, config)| DecorationEntry { repo, cluster: String::new(), config };
        let mut entries: Vec<_> = map.into_iter().map(entry).collect();
        entries.sort_by_key(|entry| (entry.repo != "*", entry.repo.contains('/')));
        Self(entries)
    }

    /// From the list, whose order is the order of applying.
    pub fn of_list(list: Vec<DecorationEntry>) -> Self {
        Self(list)
    }

    /// A job's decoration: its own config laid over the defaults for its repository (`org/repo`; empty for none) and
    /// cluster.
    pub fn complete(&self, own: Option<&Value>, full_name: &str, cluster: &str) -> Value {
        let fits = |entry: &&DecorationEntry| is_for(&entry.repo, &entry.cluster, full_name, cluster);
        let base = Value::Object(Map::new());
        let defaults = self.0.iter().filter(fits).fold(base, |under, entry| lay_over(&entry.config, under));
        own.map_or_else(|| defaults.clone(), |own| lay_over(own, defaults.clone()))
    }
}

/// `own` field by field over `default`.
///
/// Behaviour: Prow pkg/apis/prowjobs/v1, `DecorationConfig.ApplyDefault`. A few fields are merged in turn, the others are
/// one value each. Of `mediaTypes` both count, and for a type that both have the default does.
fn lay_over(own: &Value, default: Value) -> Value {
    let (Value::Object(own), Value::Object(mut merged)) = (own, default) else {
        return own.clone();
    };
    for (key, value) in own {
        match merged.get_mut(key) {
            Some(under) if MERGED.contains(&key.as_str()) => lay_over_part(value, under),
            _ if is_unset(key, value) => {}
            _ => drop(merged.insert(key.clone(), value.clone())),
        }
    }
    Value::Object(merged)
}

fn lay_over_part(own: &Value, default: &mut Value) {
    let (Value::Object(own), Value::Object(merged)) = (own, &mut *default) else {
        return if !own.is_null() {
            *default = own.clone()
        };
    };
    for (key, value) in own {
        match (key.as_str(), merged.get_mut(key), value) {
            ("mediaTypes", Some(Value::Object(under)), Value::Object(own)) => {
                for (extension, media_type) in own {
                    under.entry(extension).or_insert_with(|| media_type.clone());
                }
            }
            (_, Some(_), value) if is_unset(key, value) => {}
            _ => drop(merged.insert(key.clone(), value.clone())),
        }
    }
}

fn is_unset(key: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() && !EMPTY_COUNTS.contains(&key),
        Value::Array(items) => items.is_empty() && !EMPTY_COUNTS.contains(&key),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Checks what is written under one `decoration_config`, which stands at `at`.
pub(crate) fn check(config: &Value, file: &str, at: &KeyPath, problems: &mut Problems) {
    let Some(config) = config.as_object() else {
        if !config.is_null() {
            problems.add(file, at.clone(), "a decoration config is a mapping, like `timeout: 2h`");
        }
        return;
    };
    for key in DURATIONS {
        match config.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::Number(nanos)) if nanos.is_u64() => {}
            Some(Value::String(text)) => {
                if let Err(why) = parse_go_duration(text) {
                    problems.add(file, at.key(key), why);
                }
            }
            Some(other) => problems.add(
                file,
                at.key(key),
                format!("`{other}` is not a duration: write it like `90s`, `10m` or `1h30m`"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_merge(own: Value, default: Value, want: Value) {
        assert_eq!(lay_over(&own, default.clone()), want, "{own} over {default}");
    }

    #[test]
    fn fields_are_merged_one_by_one() {
        check_merge(
            json!({"timeout": "1h"}),
            json!({"timeout": "2h", "grace_period": "1s"}),
            json!({"timeout": "1h", "grace_period": "1s"}),
        );
        check_merge(
            json!({"utility_images": {"sidecar": "mine"}}),
            json!({"utility_images": {"sidecar": "s", "clonerefs": "c"}}),
            json!({"utility_images": {"sidecar": "mine", "clonerefs": "c"}}),
        );
        check_merge(
            json!({"timeout": null, "a": ""}),
            json!({"timeout": "2h", "a": "b"}),
            json!({"timeout": "2h", "a": "b"}),
        );
        check_merge(
            json!({"gcs_credentials_secret": ""}),
            json!({"gcs_credentials_secret": "s"}),
            json!({"gcs_credentials_secret": ""}),
        );
        check_merge(
            json!({"ssh_key_secrets": []}),
            json!({"ssh_key_secrets": ["k"]}),
            json!({"ssh_key_secrets": ["k"]}),
        );
        check_merge(json!({"skip_cloning": false}), json!({"skip_cloning": true}), json!({"skip_cloning": false}));
    }

    #[test]
    fn of_media_types_the_default_wins() {
        let storage = |types: Value| json!({"gcs_configuration": {"mediaTypes": types}});
        check_merge(
            storage(json!({"a": "own", "c": "own"})),
            storage(json!({"a": "default", "b": "default"})),
            storage(json!({"a": "default", "b": "default", "c": "own"})),
        );
        check_merge(storage(json!({"a": "own"})), json!({}), storage(json!({"a": "own"})));
    }

    #[test]
    fn secrets_and_resources_are_one_value_each() {
        check_merge(
            json!({"oauth_token_secret": {"name": "mine"}}),
            json!({"oauth_token_secret": {"name": "s", "key": "k"}}),
            json!({"oauth_token_secret": {"name": "mine"}}),
        );
        check_merge(
            json!({"resources": {"sidecar": {"limits": {"cpu": 1}}}}),
            json!({"resources": {"sidecar": {"requests": {"cpu": 1}}, "clonerefs": {}}}),
            json!({"resources": {"sidecar": {"limits": {"cpu": 1}}, "clonerefs": {}}}),
        );
        check_merge(
            json!({"gcs_configuration": {"compress_file_types": []}}),
            json!({"gcs_configuration": {"compress_file_types": ["txt"], "bucket": "b"}}),
            json!({"gcs_configuration": {"compress_file_types": [], "bucket": "b"}}),
        );
    }

    #[track_caller]
    fn check_timeout(defaults: &DecorationDefaults, full_name: &str, cluster: &str, want: &str) {
        assert_eq!(defaults.complete(None, full_name, cluster)["timeout"], want, "{full_name} on {cluster}");
    }

    #[test]
    fn the_map_goes_from_any_over_org_to_repo() {
        let map = [("o/r", "3h"), ("*", "1h"), ("o", "2h")]
            .map(|(key, timeout)| (key.to_owned(), json!({"timeout": timeout})));
        let defaults = DecorationDefaults::of_map(map.into());
        check_timeout(&defaults, "x/y", "c", "1h");
        check_timeout(&defaults, "o/y", "c", "2h");
        check_timeout(&defaults, "o/r", "c", "3h");
    }

    #[test]
    fn of_the_list_the_later_entry_wins() {
        let entries = json!([
            {"repo": "o/r", "config": {"timeout": "3h"}},
            {"config": {"timeout": "1h"}},
            {"repo": "*", "cluster": "big", "config": {"timeout": "9h"}},
        ]);
        let entries: Vec<RawDecorationEntry> = serde_json::from_value(entries).unwrap();
        let defaults = DecorationDefaults::of_list(entries.into_iter().map(DecorationEntry::from).collect());
        check_timeout(&defaults, "o/r", "c", "1h");
        check_timeout(&defaults, "o/r", "big", "9h");
    }

    #[test]
    fn durations_are_checked() {
        let mut problems = Problems::new();
        let config = json!({"timeout": 7_200_000_000_000u64, "grace_period": "10 s", "pod_pending_timeout": true});
        check(&config, "f", &KeyPath::root(), &mut problems);
        let found: Vec<_> = problems.into_vec().into_iter().map(|problem| problem.path.to_string()).collect();
        assert_eq!(found, ["grace_period", "pod_pending_timeout"]);
    }
}
