//! Reloading as an operator sees it: files are changed, and sooner or later another config is in force, or a fault shows.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::shards::Shards;
use crate::source::Sources;
use crate::watch::{ConfigHandle, WatchOptions};

/// Found by polling alone; the file system is not asked.
const POLLED: WatchOptions =
    WatchOptions { poll: Duration::from_millis(20), quiet: Duration::from_millis(20), listen: false };
/// Found by being told alone: no poll comes within a test's time.
const TOLD: WatchOptions =
    WatchOptions { poll: Duration::from_secs(3600), quiet: Duration::from_millis(20), listen: true };

fn config(namespace: &str) -> String {
    format!("prowjob_namespace: {namespace}\n")
}

fn start(folder: &Path, options: WatchOptions) -> ConfigHandle {
    let sources = Sources {
        config_path: folder.join("config.yaml"),
        job_config_path: Some(folder.join("jobs")),
        ..Sources::default()
    };
    ConfigHandle::start(sources, options).unwrap()
}

fn world() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("config.yaml"), config("one")).unwrap();
    fs::create_dir(folder.path().join("jobs")).unwrap();
    folder
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn namespace(handle: &ConfigHandle) -> String {
    handle.current().config.core.prowjob_namespace.clone()
}

async fn a_change_takes_effect(options: WatchOptions) {
    let folder = world();
    let handle = start(folder.path(), options);
    let mut told = handle.subscribe();
    let before = handle.status();
    let held = handle.current();
    fs::write(folder.path().join("config.yaml"), config("two")).unwrap();
    told.changed().await.unwrap();
    assert_eq!(namespace(&handle), "two");
    // Who took the config before keeps the one before.
    assert_eq!(held.config.core.prowjob_namespace, "one");
    let after = handle.status();
    assert_ne!(after.revision, before.revision);
    assert!(after.loaded_at > before.loaded_at);
    assert_eq!((handle.reloads(), handle.failures(), after.last_error), (1, 0, None));
}

#[tokio::test]
async fn a_change_that_the_file_system_tells_of_takes_effect() {
    a_change_takes_effect(TOLD).await;
}

#[tokio::test]
async fn a_change_that_nobody_tells_of_takes_effect() {
    a_change_takes_effect(POLLED).await;
}

/// A host and a controller watch the same files, and each of them reads what it watches.
#[tokio::test]
async fn reading_the_files_is_no_change() {
    let folder = world();
    let handle = start(folder.path(), TOLD);
    let mut told = handle.subscribe();
    for namespace in ["two", "three"] {
        fs::write(folder.path().join("config.yaml"), config(namespace)).unwrap();
        told.changed().await.unwrap();
        assert_eq!(self::namespace(&handle), namespace);
        for _ in 0..100 {
            fs::read(folder.path().join("config.yaml")).unwrap();
            // Each would be told of by itself.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let looks = handle.looks();
    assert!(looks < 20, "the files were read {looks} times for two changes");
}

#[tokio::test]
async fn a_bad_file_leaves_the_good_one_standing_and_shows() {
    let folder = world();
    let handle = start(folder.path(), POLLED);
    let revision = handle.status().revision;
    fs::write(folder.path().join("config.yaml"), "plank:\n  max_revivals: many\n").unwrap();
    until("the fault", || handle.status().last_error.is_some()).await;
    let status = handle.status();
    let error = status.last_error.unwrap();
    assert!(error.contains("config.yaml:2:17: `plank.max_revivals`"), "{error}");
    assert_eq!((namespace(&handle), status.revision, handle.failures()), ("one".to_owned(), revision.clone(), 1));

    fs::remove_file(folder.path().join("config.yaml")).unwrap();
    until("the missing file", || handle.failures() == 2).await;
    assert!(handle.status().last_error.unwrap().contains("cannot be read"));

    fs::write(folder.path().join("config.yaml"), config("one")).unwrap();
    until("the way back", || handle.status().last_error.is_none()).await;
    assert_eq!((handle.status().revision, handle.reloads()), (revision, 0));

    fs::write(folder.path().join("config.yaml"), config("three")).unwrap();
    until("the next change", || namespace(&handle) == "three").await;
}

#[tokio::test]
async fn a_new_part_of_plugins_yaml_is_found() {
    let folder = world();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("plugins.yaml"), "").unwrap();
    fs::create_dir(at("shards")).unwrap();
    let plugin_shards = Shards { folders: vec![at("shards")], suffix: "_pluginconfig.yaml".to_owned() };
    let sources = Sources {
        config_path: at("config.yaml"),
        plugin_config: Some(at("plugins.yaml")),
        plugin_shards,
        ..Sources::default()
    };
    let handle = ConfigHandle::start(sources, TOLD).unwrap();
    fs::create_dir(at("shards/o")).unwrap();
    fs::write(at("shards/o/o_pluginconfig.yaml"), "plugins: {o: {plugins: [hold]}}\n").unwrap();
    until("the plugins of the part", || handle.current().plugins.effective("o", "r") == ["hold"]).await;
    fs::write(at("shards/o/o_pluginconfig.yaml"), "heart: {adorees: [a]}\n").unwrap();
    until("the fault", || handle.status().last_error.is_some()).await;
    assert_eq!(handle.current().plugins.effective("o", "r"), ["hold"]);
}

#[tokio::test]
async fn a_new_part_of_config_yaml_is_found() {
    let folder = world();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("shards")).unwrap();
    let config_shards = Shards { folders: vec![at("shards")], suffix: "_prowconfig.yaml".to_owned() };
    let sources = Sources { config_path: at("config.yaml"), config_shards, ..Sources::default() };
    let handle = ConfigHandle::start(sources, TOLD).unwrap();
    let queries = || handle.current().config.core.sections.tide.queries.len();
    assert_eq!(queries(), 0);
    fs::create_dir(at("shards/o")).unwrap();
    fs::write(at("shards/o/o_prowconfig.yaml"), "tide: {queries: [{orgs: [o]}]}\n").unwrap();
    until("the query of the part", || queries() == 1).await;
}

#[tokio::test]
async fn a_new_job_file_in_a_new_folder_is_found() {
    let folder = world();
    let handle = start(folder.path(), TOLD);
    let job = "presubmits:\n  o/r:\n  - name: unit\n    spec: {containers: [{}]}\n";
    let deep = folder.path().join("jobs/o/r");
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("r.yaml"), job).unwrap();
    until("the job", || !handle.current().config.presubmits("o", "r").is_empty()).await;
}

/// A mounted config map: plain names are links into `..data`, a link to the current version that is replaced whole.
#[tokio::test]
async fn a_config_map_s_swap_takes_effect_whole() {
    let folder = TempDir::new().unwrap();
    let mount = folder.path();
    let version = |name: &str, namespace: &str, job: &str| {
        let version = mount.join(name);
        fs::create_dir(&version).unwrap();
        fs::write(version.join("config.yaml"), config(namespace)).unwrap();
        let job = format!("presubmits:\n  o/r:\n  - name: {job}\n    spec: {{containers: [{{}}]}}\n");
        fs::write(version.join("job.yaml"), job).unwrap();
    };
    version("..one", "one", "first");
    symlink("..one", mount.join("..data")).unwrap();
    symlink("..data/config.yaml", mount.join("config.yaml")).unwrap();
    fs::create_dir(mount.join("jobs")).unwrap();
    symlink("../..data/job.yaml", mount.join("jobs/job.yaml")).unwrap();
    for (options, from, to) in [(TOLD, "one", "two"), (POLLED, "two", "three")] {
        let handle = start(mount, options);
        let mut told = handle.subscribe();
        assert_eq!(namespace(&handle), from);
        version(&format!("..{to}"), to, &format!("job-{to}"));
        symlink(format!("..{to}"), mount.join("..data_tmp")).unwrap();
        fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
        told.changed().await.unwrap();
        let loaded = handle.current();
        assert_eq!(loaded.config.core.prowjob_namespace, to);
        assert_eq!(loaded.config.presubmits("o", "r")[0].base.name, format!("job-{to}"));
        assert_eq!(handle.failures(), 0);
    }
}

#[tokio::test]
async fn what_is_bad_at_the_start_is_fatal() {
    let folder = world();
    fs::write(folder.path().join("config.yaml"), "a: 1\na: 2\n").unwrap();
    let sources =
        Sources { config_path: folder.path().join("config.yaml"), job_config_path: None, ..Sources::default() };
    let error = ConfigHandle::start(sources, POLLED).unwrap_err().to_string();
    assert!(error.contains("config.yaml:2:1: "), "{error}");
}
