//! The plugins' workspace is apart from the root one, and may still not drift away from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A manifest by section: key and value, a dependency's value being its version alone.
fn sections(manifest: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(manifest);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once('=') {
            let version = value.split_once("version =").map_or(value, |(_, rest)| rest);
            // `"1"` and `{ version = "1", … }` alike; what has no quotes (a path has none of ours) is taken whole.
            let value = version.split('"').nth(1).unwrap_or(version).trim().to_owned();
            found.entry(section.clone()).or_default().insert(key.trim().to_owned(), value);
        }
    }
    found
}

#[track_caller]
fn check(section: &str, must_share: &[&str]) {
    let (root, plugins) = (sections("Cargo.toml"), sections("plugins/Cargo.toml"));
    let (root, plugins) = (&root[section], &plugins[section]);
    for key in must_share {
        assert!(root.contains_key(*key) && plugins.contains_key(*key), "[{section}] {key} stands in both manifests");
    }
    for (key, value) in plugins.iter().filter(|(key, _)| *key != "prow") {
        assert!(
            root.get(key).is_none_or(|other| other == value),
            "[{section}] {key}: {value} in plugins/, {:?} in the root",
            root[key]
        );
    }
}

#[test]
fn shared_dependencies_have_one_version() {
    check("workspace.dependencies", &["serde", "serde_json"]);
}

#[test]
fn both_workspaces_are_of_one_version_and_edition() {
    check("workspace.package", &["version", "edition", "rust-version", "license"]);
}

#[test]
fn both_workspaces_have_the_same_lints() {
    check("workspace.lints.rust", &["unsafe_code", "unreachable_pub", "missing_docs"]);
    check("workspace.lints.clippy", &["dbg_macro", "todo", "unwrap_used"]);
}
