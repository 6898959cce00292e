//! Whose signature a component from a registry must have: `signatures` in plugins.yaml, which is ours and not Prow's.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::component::Reference;
use crate::problem::{KeyPath, Problems};

/// The prefix that every registry has.
const ANY: &str = "*";
const PEM: &str = "-----BEGIN";

/// `signatures` as written, by prefix: `HOST`, `HOST/NAME`, or `*`.
pub type RawSignatures = BTreeMap<String, RawDemand>;

/// One prefix's entry. Ours alone, so a misspelt key is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDemand {
    /// Public keys; a signature by any one of them will do.
    pub keys: Vec<String>,
}

/// Which components must be signed, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signatures(BTreeMap<String, Vec<Key>>);

/// A public key (ECDSA on P-256), as `cosign generate-key-pair` writes it to `cosign.pub`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A file that holds it, relative to plugins.yaml.
    File(String),
    /// The key itself, in PEM.
    Pem(String),
}

/// One prefix's demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand<'a> {
    /// The prefix, as it stands in plugins.yaml.
    pub prefix: &'a str,
    /// A signature by any one of these will do.
    pub keys: &'a [Key],
}

impl Signatures {
    /// What a component must be signed with; `None`: nothing is asked. The longest prefix counts. A prefix ends where a part
    /// of the name does: `ghcr.io/my-org` is none of `ghcr.io/my-organ/x`.
    pub fn demand(&self, component: &Reference) -> Option<Demand<'_>> {
        let repository = component.repository();
        let covers = |prefix: &str| {
            prefix == ANY
                || repository.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let length = |prefix: &str| if prefix == ANY { 0 } else { prefix.len() };
        let covering = self.0.iter().filter(|(prefix, _)| covers(prefix));
        let (prefix, keys) = covering.max_by_key(|(prefix, _)| length(prefix))?;
        Some(Demand { prefix, keys })
    }
}

/// The checked form of `raw`. Good only if no problem was added.
pub(crate) fn check(raw: RawSignatures, file: &str, problems: &mut Problems) -> Signatures {
    let root = KeyPath::root().key("signatures");
    let mut checked = BTreeMap::new();
    for (written, demand) in raw {
        let at = root.key(&written);
        let prefix = written.trim_end_matches('/').to_owned();
        if prefix != ANY && !is_prefix(&prefix) {
            let why = format!("`{written}` is no prefix: write it like `ghcr.io/my-org`, or `*` for every registry");
            problems.add(file, at.clone(), why);
        }
        if demand.keys.is_empty() {
            let why =
                "no key is named, so that nothing could be loaded from there: list public keys, or leave this out";
            problems.add(file, at.key("keys"), why);
        }
        for (index, key) in demand.keys.iter().enumerate().filter(|(_, key)| key.trim().is_empty()) {
            problems.add(file, at.key("keys").index(index), format!("`{key}` is neither a file nor a PEM public key"));
        }
        if checked.insert(prefix, demand.keys.into_iter().map(Key::of).collect()).is_some() {
            problems.add(file, at, "this prefix stands twice, once with a slash at its end: remove one");
        }
    }
    Signatures(checked)
}

impl Key {
    fn of(text: String) -> Self {
        if text.trim_start().starts_with(PEM) { Self::Pem(text) } else { Self::File(text) }
    }
}

/// What stands before the version of a reference, or before a slash in that.
fn is_prefix(prefix: &str) -> bool {
    let name = if prefix.contains('/') { prefix.to_owned() } else { format!("{prefix}/a") };
    // References are lower case where theirs may be written otherwise: such a prefix would cover nothing.
    !prefix.bytes().any(|b| b.is_ascii_uppercase()) && format!("oci://{name}:tag").parse::<Reference>().is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(raw: serde_json::Value) -> (Signatures, Vec<String>) {
        let mut problems = Problems::new();
        let checked = check(serde_json::from_value(raw).unwrap(), "f", &mut problems);
        (checked, problems.into_vec().into_iter().map(|problem| problem.to_string()).collect())
    }

    #[test]
    fn the_longest_prefix_counts_and_ends_with_a_part_of_the_name() {
        let (signatures, problems) = read(json!({
            "*": {"keys": ["any.pub"]},
            "ghcr.io": {"keys": ["ghcr.pub"]},
            "ghcr.io/my-org/": {"keys": ["org.pub"]},
            "ghcr.io/my-org/greeter": {"keys": ["-----BEGIN PUBLIC KEY-----\n…"]},
        }));
        assert_eq!(problems, [""; 0]);
        for (component, want) in [
            ("oci://ghcr.io/my-org/greeter:1", "ghcr.io/my-org/greeter"),
            ("oci://ghcr.io/my-org/greeter/more:1", "ghcr.io/my-org/greeter"),
            ("oci://ghcr.io/my-org/greeters:1", "ghcr.io/my-org"),
            ("oci://ghcr.io/my-organ/greeter:1", "ghcr.io"),
            ("oci://ghcr.io:443/my-org/greeter:1", "*"),
            ("oci://ghcr.io.example.com/a:1", "*"),
        ] {
            let demand = signatures.demand(&component.parse().unwrap());
            assert_eq!(demand.map(|demand| demand.prefix), Some(want), "{component}");
        }
        let of = |component: &str| signatures.demand(&component.parse().unwrap()).unwrap().keys.to_vec();
        assert_eq!(of("oci://ghcr.io/my-org/x:1"), [Key::File("org.pub".into())]);
        assert!(matches!(&of("oci://ghcr.io/my-org/greeter:1")[..], [Key::Pem(_)]));
        let (some, _) = read(json!({"ghcr.io": {"keys": ["a"]}}));
        assert_eq!(some.demand(&"oci://quay.io/a:1".parse().unwrap()), None);
    }

    #[test]
    fn what_would_demand_nothing_is_refused() {
        for (raw, want) in [
            (json!({"https://ghcr.io": {"keys": ["k"]}}), "signatures.https://ghcr.io: `https://ghcr.io` is no prefix"),
            (json!({"GHCR.io": {"keys": ["k"]}}), "is no prefix"),
            (json!({"ghcr.io/*": {"keys": ["k"]}}), "is no prefix"),
            (json!({"": {"keys": ["k"]}}), "is no prefix"),
            (json!({"ghcr.io": {"keys": []}}), "signatures.ghcr.io.keys: no key"),
            (json!({"ghcr.io": {"keys": ["k", " "]}}), "keys[1]"),
            (json!({"h": {"keys": ["k"]}, "h/": {"keys": ["l"]}}), "stands twice"),
        ] {
            let (_, problems) = read(raw.clone());
            assert!(problems.len() == 1 && problems[0].contains(want), "{raw}: {problems:?}");
        }
        for raw in [json!({"h": {"key": "k"}}), json!({"h": {}}), json!({"h": ["k"]})] {
            assert!(serde_json::from_value::<RawSignatures>(raw.clone()).is_err(), "{raw}");
        }
    }
}
