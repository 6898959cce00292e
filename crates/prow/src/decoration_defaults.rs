//! Defaults of `decoration_config`, and how a job's own is laid over them. Both stay JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::duration::parse_go_duration;
use crate::problem::{KeyPath, Problems};
use crate::raw_config::RawDecorationEntry;

/// Keys whose empty text says something: a default is turned off. Everywhere else an empty text is no value.
const EMPTY_COUNTS: [&str; 4] =
    ["gcs_credentials_secret", "s3_credentials_secret", "default_service_account_name", "cookiefile_secret"];
const DURATIONS: [&str; 5] =
    ["timeout", "grace_period", "pod_pending_timeout", "pod_running_timeout", "pod_unscheduled_timeout"];

/// `plank.default_decoration_configs` or `plank.default_decoration_config_entries`, in one form: later entries are laid
/// over earlier ones.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecorationDefaults(Vec<Entry>);

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    /// Empty: any.
    repo: String,
    /// Empty: any.
    cluster: String,
    config: Value,
}

impl DecorationDefaults {
    /// From the map by `*`, org and org/repo, which apply in this order.
    pub fn of_map(map: BTreeMap<String, Value>) -> Self {
        let mut entries: Vec<_> = map
            .into_iter()
            .map(|(repo, config)| Entry { repo: any_as_empty(repo), cluster: String::new(), config })
            .collect();
        entries.sort_by_key(|entry| (!entry.repo.is_empty(), entry.repo.contains('/')));
        Self(entries)
    }

    /// From the list, whose order is the order of applying.
    pub fn of_list(list: Vec<RawDecorationEntry>) -> Self {
        let entry = |raw: RawDecorationEntry| Entry {
            repo: any_as_empty(raw.repo.unwrap_or_default()),
            cluster: any_as_empty(raw.cluster.unwrap_or_default()),
            config: raw.config.unwrap_or_default(),
        };
        Self(list.into_iter().map(entry).collect())
    }

    /// A job's decoration: its own config laid over the defaults for its repository (`org/repo`; empty for none) and
    /// cluster.
    pub fn complete(&self, own: Option<&Value>, full_name: &str, cluster: &str) -> Value {
        let org = full_name.split('/').next().unwrap_or_default();
        let fits = |entry: &&Entry| {
            (entry.repo.is_empty() || entry.repo == org || entry.repo == full_name)
                && (entry.cluster.is_empty() || entry.cluster == cluster)
        };
        let base = Value::Object(Map::new());
        let defaults = self.0.iter().filter(fits).fold(base, |under, entry| lay_over(&entry.config, &under));
        own.map_or_else(|| defaults.clone(), |own| lay_over(own, &defaults))
    }
}

fn any_as_empty(selector: String) -> String {
    if selector == "*" { String::new() } else { selector }
}

/// `own` field by field over `default`. Prow takes `mediaTypes` from the default where both have it.
fn lay_over(own: &Value, default: &Value) -> Value {
    let (Value::Object(own), Value::Object(default)) = (own, default) else {
        return if own.is_null() { default.clone() } else { own.clone() };
    };
    let mut merged = default.clone();
    for (key, value) in own {
        let is_unset = match value {
            Value::Null => true,
            Value::String(text) => text.is_empty() && !EMPTY_COUNTS.contains(&key.as_str()),
            Value::Array(items) => items.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        };
        let both_maps = value.is_object() && merged.get(key).is_some_and(Value::is_object);
        let default_wins = key == "mediaTypes" && merged.get(key).is_some_and(|value| !value.is_null());
        if both_maps && !default_wins {
            merged[key] = lay_over(value, &merged[key]);
        } else if !is_unset && !default_wins {
            merged.insert(key.clone(), value.clone());
        }
    }
    Value::Object(merged)
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
        assert_eq!(lay_over(&own, &default), want, "{own} over {default}");
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
    fn media_types_of_the_default_win() {
        check_merge(
            json!({"mediaTypes": {"a": "own"}}),
            json!({"mediaTypes": {"b": "def"}}),
            json!({"mediaTypes": {"b": "def"}}),
        );
        check_merge(json!({"mediaTypes": {"a": "own"}}), json!({}), json!({"mediaTypes": {"a": "own"}}));
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
        let defaults = DecorationDefaults::of_list(serde_json::from_value(entries).unwrap());
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
