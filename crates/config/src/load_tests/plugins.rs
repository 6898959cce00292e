//! plugins.yaml and the files beside it, as an operator sees them.

use std::fs;

use serde_json::json;

use super::World;
use crate::load::Loaded;
use crate::shards::Shards;
use crate::source::Sources;

/// What is said of the file of this name, without the folders that it is in.
pub(super) fn warnings_of(loaded: &Loaded, file: &str) -> Vec<String> {
    let of_file = |warning: &String| Some(file.to_owned() + warning.split_once(&format!("/{file}"))?.1);
    loaded.warnings.iter().filter_map(of_file).collect()
}

/// A plugins.yaml with shards in two directories.
fn world(plugins: &str, shards: &[(&str, &str)]) -> World {
    let world = World::new("", &[], plugins);
    for folder in ["one", "two"] {
        fs::create_dir_all(world.path(folder)).unwrap();
    }
    shards.iter().for_each(|(name, text)| world.write(name, text.as_bytes()));
    world
}

fn load(world: &World, suffix: &str) -> Result<Loaded, Vec<String>> {
    let plugin_shards = Shards { folders: vec![world.path("one"), world.path("two")], suffix: suffix.to_owned() };
    let sources = Sources { plugin_shards, ..world.sources() };
    let root = format!("{}/", world.folder.path().display());
    Loaded::from_sources(&sources)
        .map_err(|error| error.to_string().lines().map(|line| line.replace(&root, "")).collect())
}

const SUFFIX: &str = "_pluginconfig.yaml";

#[test]
fn parts_in_other_directories_are_found_by_their_suffix() {
    let enabled = |org: &str| format!("plugins:\n  {org}: {{plugins: [hold]}}\n");
    let (a, b, c, d) = (enabled("a"), enabled("b"), enabled("c"), enabled("d"));
    let world = world(
        &enabled("main"),
        &[
            ("one/_pluginconfig.yaml", &a),
            ("one/deep/er/x_pluginconfig.yaml", &b),
            ("two/y_pluginconfig.yaml", &c),
            ("two/pluginconfig.yaml", &d),
            ("two/..data/z_pluginconfig.yaml", "x: ["),
        ],
    );
    let loaded = load(&world, SUFFIX).unwrap();
    assert_eq!(loaded.plugins.scopes().collect::<Vec<_>>(), ["a", "b", "c", "main"]);
    assert_eq!(load(&world, "").unwrap().plugins.scopes().collect::<Vec<_>>(), ["main"]);
    let again = Loaded::from_files(loaded.files.to_vec()).unwrap();
    assert_eq!(again.plugins.scopes().count(), 4);
    world.write("two/y_pluginconfig.yaml", d.as_bytes());
    assert_ne!(load(&world, SUFFIX).unwrap().revision, loaded.revision);
}

#[test]
fn parts_are_merged_in_the_order_of_their_paths() {
    let entry = |team: &str| format!("lgtm:\n- repos: [o]\n  trusted_team_for_sticky_lgtm: {team}\n");
    let files = [("two/a_pluginconfig.yaml", entry("3")), ("one/b_pluginconfig.yaml", entry("2"))];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let team = |world: &World| load(world, SUFFIX).unwrap().plugins.lgtm("o", "r").trusted_team_for_sticky_lgtm;
    let world = world("", &files);
    assert_eq!(team(&world), "2");
    world.write("one/a/z_pluginconfig.yaml", entry("1").as_bytes());
    assert_eq!(team(&world), "1");
    world.write("plugins.yaml", entry("0").as_bytes());
    assert_eq!(team(&world), "0");
}

#[test]
fn a_fault_in_a_part_has_its_place() {
    let shard = "approve:\n- repos: [p]\n- repos: [q, o]\nplugins:\n  o: {plugins: [hold]}\nheart:\n  adorees: [a]\n";
    let world =
        world("approve:\n- repos: [o]\nplugins:\n  o: {plugins: [hold]}\n", &[("one/x_pluginconfig.yaml", shard)]);
    let faults = load(&world, SUFFIX).map(|_| "it loads").unwrap_err();
    let places: Vec<_> = faults.iter().map(|fault| fault.split_once(": ").unwrap().0).collect();
    let file = "one/x_pluginconfig.yaml";
    assert_eq!(places, [format!("{file}:6:1"), format!("{file}:5:3"), format!("{file}:3:14")], "{faults:#?}");
    assert!(faults[1].contains("plugins.yaml has this too: keep it in one of the two files"), "{faults:?}");
    world.write("one/x_pluginconfig.yaml", b"plugins: {o: 7}\n");
    let faults = load(&world, SUFFIX).map(|_| "it loads").unwrap_err();
    assert!(faults[0].starts_with("one/x_pluginconfig.yaml:1:14: `plugins.o`: found the number `7`"), "{faults:?}");
    fs::remove_dir_all(world.path("two")).unwrap();
    let faults = load(&world, SUFFIX).map(|_| "it loads").unwrap_err();
    assert!(faults[0].starts_with("two:1:1: ") && faults[0].contains("--supplemental-plugin-config-dir"), "{faults:?}");
}

#[test]
fn keys_that_no_plugin_knows_are_told_once_with_their_place() {
    let plugins = "\
x: &entry
  repo: [o]
plugins: {o: {plugins: [hold]}}
lgtm:
- *entry
- *entry
label:
  restricted_labels:
    o:
    - label: a
      allowed_team: [t]
blunderbuss:
  wait_for_status: {contexts: tide}
external_plugins:
  o:
  - {name: a, event: [push]}
bugzilla: {default: {main: {is_opened: true}}}
triggers:
- org_invite: {prominent: {threshold: 3}}
";
    let world = world(plugins, &[("one/x_pluginconfig.yaml", "plugin: {}\n")]);
    let loaded = load(&world, SUFFIX).unwrap();
    let unknown = |key: &str| format!("the key `{key}` is not known here and has no effect");
    let want = [
        (1, 1, "x"),
        (2, 3, "lgtm[0].repo"),
        (11, 7, "label.restricted_labels.o[0].allowed_team"),
        (13, 21, "blunderbuss.wait_for_status.contexts"),
        (16, 15, "external_plugins.o[0].event"),
        (17, 29, "bugzilla.default.main.is_opened"),
        (19, 28, "triggers[0].org_invite.prominent.threshold"),
    ];
    let want = want.map(|(line, column, key)| format!("plugins.yaml:{line}:{column}: {}", unknown(key)));
    assert_eq!(warnings_of(&loaded, "plugins.yaml"), want);
    assert_eq!(
        warnings_of(&loaded, "x_pluginconfig.yaml"),
        [format!("x_pluginconfig.yaml:1:1: {}", unknown("plugin"))]
    );
}

#[test]
fn warnings_have_their_place() {
    let world = world(
        "plugins:\n  o: [hold]\n",
        &[("one/x_pluginconfig.yaml", "triggers:\n- repos: [o]\n- repos: [o]\n  trusted_org: k\n")],
    );
    let loaded = load(&world, SUFFIX).unwrap();
    let starts = |file: &str, want: &[&str]| {
        let found = warnings_of(&loaded, file);
        assert_eq!(found.len(), want.len(), "{found:#?}");
        for (found, want) in found.iter().zip(want) {
            assert!(found.starts_with(want), "{found:?} does not begin with {want:?}");
        }
    };
    starts("plugins.yaml", &["plugins.yaml:2:3: `plugins.o`: plugins are listed"]);
    let shard = "x_pluginconfig.yaml";
    starts(shard, &[&format!("{shard}:3:3: `triggers[1].repos`: an entry"), &format!("{shard}:4:16: `triggers[1]")]);
}

#[test]
fn null_is_as_good_as_nothing() {
    let every = "approve: null\nblunderbuss:\ndco: {o: null}\nlabel: {restricted_labels: {o: null}}\nrepo_milestone: {o/r: null}
config_updater: {maps: null, gzip: null}\nsize: {s: null}\nwelcome: [null]\nplugins: {o: null, p: {plugins: null}}\n";
    let loaded = load(&world(every, &[]), SUFFIX).unwrap();
    assert_eq!(loaded.plugins.settings("size", "o", "r")["s"], 10);
    assert_eq!(loaded.plugins.settings("blunderbuss", "o", "r")["request_count"], 2);
    assert_eq!(loaded.plugins.settings("dco", "o", "r")["trusted_org"], json!(""));
    assert_eq!(loaded.plugins.effective("o", "r"), [""; 0]);
}
