//! Where a plugin comes from and what it may do: `modules` in plugins.yaml, which is ours and not Prow's.

use std::collections::BTreeMap;

use serde::de::{self, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::component::ComponentRef;
use crate::grants::Grants;
use crate::limits::{self, Limits, RawLimits};
use crate::problem::{KeyPath, Problems};

/// One entry of `modules` as it is written. Ours alone, so a misspelt key is an error.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawModule {
    /// A path relative to plugins.yaml, or `oci://…`.
    pub component: Option<String>,
    /// What it may do; absent: as the catalogue has it, for a bundled plugin.
    pub grants: Option<Grants>,
    /// What the host puts into its HTTP requests.
    pub secrets: BTreeMap<String, Secret>,
    /// What it may use up.
    pub limits: RawLimits,
    /// Its settings.
    pub config: Option<Value>,
}

/// One entry of `modules`, checked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Module {
    /// Where the component is; `None` for a bundled plugin that is only adjusted.
    pub component: Option<ComponentRef>,
    /// What it may do; `None`: as the catalogue has it, for a bundled plugin; else nothing.
    pub grants: Option<Grants>,
    /// By name.
    pub secrets: BTreeMap<String, Secret>,
    /// What it may use up.
    pub limits: Limits,
    /// Its settings; `None`: its block of Prow's.
    pub config: Option<Value>,
}

/// A secret that the host puts into requests to one host. The plugin never sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The file that holds it.
    pub file: String,
    /// The request header that carries it.
    pub header: String,
    /// The only host that it is sent to.
    pub host: String,
}

/// A number of bytes, written like `64Mi`, `500k` or `1048576`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteQuantity(pub u64);

impl<'de> Deserialize<'de> for ByteQuantity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        parse_bytes(&text).map(Self).map_err(de::Error::custom)
    }
}

/// Reads a quantity of bytes: a whole number with a suffix of `Ki`, `Mi`, `Gi`, `k`, `M`, `G` or none.
///
/// # Errors
/// Says what a quantity looks like.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 6] =
        [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30), ("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)];
    let unit = UNITS.into_iter().find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, unit)));
    let (number, unit) = unit.unwrap_or((text, 1));
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    bytes.ok_or_else(|| format!("`{text}` is not a quantity of bytes: write it like `64Mi`"))
}

/// The checked form of `raw`; `at` is its place. Good only if no problem was added. `is_bundled`: a plugin of this name
/// may come with the host, and needs no component of its own.
pub(crate) fn check(raw: RawModule, is_bundled: bool, file: &str, at: &KeyPath, problems: &mut Problems) -> Module {
    let mut component = None;
    match raw.component.as_deref().filter(|component| !component.is_empty()) {
        None if !is_bundled => {
            let why = "this module has no `component`: give the path of a .wasm file, relative to plugins.yaml, or \
                       `oci://HOST/NAME@sha256:…`";
            problems.add(file, at.clone(), why);
        }
        None => {}
        Some(written) => match ComponentRef::parse(written) {
            Ok(parsed) => component = Some(parsed),
            Err(why) => problems.add(file, at.key("component"), why),
        },
    }
    let limits = limits::check(&raw.limits, file, &at.key("limits"), problems);
    let grants = raw.grants;
    for (index, glob) in grants.iter().flat_map(|grants| grants.repos.iter().enumerate()) {
        if glob.split('/').count() != 2 || glob.contains(char::is_whitespace) {
            let why = format!("`{glob}` names no repositories: write it like `my-org/*` or `my-org/repo`");
            problems.add(file, at.key("grants").key("repos").index(index), why);
        }
    }
    for (index, host) in grants.iter().flat_map(|grants| grants.http.iter().enumerate()) {
        if !is_destination(host) {
            problems.add(file, at.key("grants").key("http").index(index), no_destination(host));
        }
    }
    for (name, secret) in &raw.secrets {
        let at = at.key("secrets").key(name);
        if secret.file.is_empty() || secret.header.is_empty() {
            problems.add(file, at, "a secret needs a `file` and the `header` that carries it");
        } else if !is_destination(&secret.host) {
            problems.add(file, at.key("host"), no_destination(&secret.host));
        }
    }
    Module { component, grants, secrets: raw.secrets, limits, config: raw.config }
}

/// A host, with a scheme before it or none.
fn is_destination(text: &str) -> bool {
    is_host(text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).unwrap_or(text))
}

fn no_destination(text: &str) -> String {
    format!("`{text}` is no host: write it like `api.example.com`, or `http://host:port` for plain HTTP")
}

/// A name or address, with a port perhaps; no scheme and no path.
fn is_host(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-.:[]".contains(c))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_bytes(text: &str, want: Option<u64>) {
        assert_eq!(parse_bytes(text).ok(), want, "{text:?}");
    }

    #[test]
    fn quantities_of_bytes() {
        check_bytes("64Mi", Some(64 << 20));
        check_bytes("1Gi", Some(1 << 30));
        check_bytes("2Ki", Some(2048));
        check_bytes("5k", Some(5_000));
        check_bytes("7", Some(7));
        for text in ["", "Mi", "1.5Mi", "-1", "64MB", "64 Mi", "99999999999999Gi"] {
            check_bytes(text, None);
        }
    }

    #[track_caller]
    fn check_module(raw: Value, is_bundled: bool, want: &[&str]) {
        let raw: RawModule = serde_json::from_value(raw).unwrap();
        let mut problems = Problems::new();
        check(raw, is_bundled, "f", &KeyPath::root().key("m"), &mut problems);
        let found: Vec<_> = problems.into_vec().into_iter().map(|problem| problem.to_string()).collect();
        assert_eq!(found.len(), want.len(), "{found:?}");
        for (found, want) in found.iter().zip(want) {
            assert!(found.contains(want), "{found:?} lacks {want:?}");
        }
    }

    #[test]
    fn a_whole_module() {
        let raw = json!({
            "component": "./greeter.wasm",
            "grants": {"issues": "write", "repos": ["my-org/*"], "http": ["api.example.com:8443"]},
            "secrets": {"API_KEY": {"file": "/etc/key", "header": "x-api-key", "host": "api.example.com"}},
            "limits": {"memory": "64Mi", "deadline": "10s", "effects": 50},
            "config": {"greeting": "hello"},
        });
        check_module(raw.clone(), false, &[]);
        let module = check(serde_json::from_value(raw).unwrap(), false, "f", &KeyPath::root(), &mut Problems::new());
        assert_eq!(module.limits.memory_bytes, Some(64 << 20));
        assert_eq!(module.limits.deadline, Some(std::time::Duration::from_secs(10)));
        assert_eq!((module.limits.effects, module.limits.api_calls), (Some(50), None));
    }

    #[test]
    fn only_a_bundled_plugin_does_without_a_component() {
        check_module(json!({}), true, &[]);
        check_module(json!({}), false, &["f: m: this module has no `component`"]);
        check_module(json!({"component": ""}), false, &["no `component`"]);
        check_module(json!({"component": "oci://example.com/a@sha256:0"}), false, &["m.component: `oci://"]);
        check_module(
            json!({"component": "https://example.com/a.wasm"}),
            true,
            &["m.component: components do not come"],
        );
        check_module(json!({"component": "oci://example.com/a:1"}), false, &[]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        check_module(
            json!({"limits": {"memory": "0", "deadline": "0s"}}),
            true,
            &["m.limits.memory", "m.limits.deadline"],
        );
        check_module(json!({"grants": {"repos": ["org", "a/b/c", "o/*"]}}), true, &["repos[0]", "repos[1]"]);
        check_module(
            json!({"grants": {"http": ["ftp://a.b", "a.b/c", "http://a.b:1"]}}),
            true,
            &["http[0]", "http[1]"],
        );
        let secret = |file: &str, host: &str| json!({"secrets": {"S": {"file": file, "header": "h", "host": host}}});
        check_module(secret("", "h"), true, &["m.secrets.S: a secret needs"]);
        check_module(secret("f", "ftp://h"), true, &["m.secrets.S.host"]);
    }

    #[test]
    fn a_misspelt_key_is_refused() {
        for raw in [json!({"grant": {}}), json!({"limits": {"mem": "1"}}), json!({"secrets": {"S": {"path": "x"}}})] {
            assert!(serde_json::from_value::<RawModule>(raw.clone()).is_err(), "{raw}");
        }
    }
}
