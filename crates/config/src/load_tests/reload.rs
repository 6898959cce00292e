//! Only what changed is read again, and nobody sees a difference.

use std::fs;

use serde_json::json;

use super::{JOB, World};
use crate::load::Loaded;

/// What loading again with what was loaded before says is what loading anew says.
#[track_caller]
fn check_reload(world: &World, before: &Loaded) -> Loaded {
    let files = world.sources().read().unwrap();
    let anew = Loaded::from_files(files.clone()).unwrap();
    let again = Loaded::from_files_after(files, Some(before)).unwrap();
    assert_eq!(format!("{:?}", again.config), format!("{:?}", anew.config));
    let sorted = |loaded: &Loaded| {
        let mut all = loaded.warnings.clone();
        all.sort();
        all
    };
    assert_eq!((sorted(&again), &again.revision), (sorted(&anew), &anew.revision));
    again
}

#[test]
fn a_reload_says_what_a_load_says() {
    let named = |name: &str| JOB.replace("unit", name);
    let preset = "presets: [{labels: {p: x}, env: [{name: P, value: x}]}]\n";
    let odd = |name: &str| {
        named(name).replace("    always_run", "    labels: {p: x}\n    odd: 1\n    agent: kubernetes\n    always_run")
    };
    let world = World::new("", &[("a.yaml", &odd("a")), ("b.yaml", &named("b")), ("p.yaml", preset)], "");
    let mut loaded = world.load().unwrap();
    world.write("jobs/b.yaml", named("c").as_bytes());
    loaded = check_reload(&world, &loaded);
    world.write("jobs/a.yaml", odd("d").as_bytes());
    loaded = check_reload(&world, &loaded);
    world.write("jobs/new.yaml", named("e").as_bytes());
    loaded = check_reload(&world, &loaded);
    world.write("jobs/p.yaml", preset.replace("value: x", "value: z").as_bytes());
    loaded = check_reload(&world, &loaded);
    let pod = loaded.config.presubmits("o", "r")[0].base.pod_spec.as_ref().unwrap().value();
    assert_eq!(pod["containers"][0]["env"], json!([{"name": "P", "value": "z"}]));
    fs::remove_file(world.path("jobs/p.yaml")).unwrap();
    loaded = check_reload(&world, &loaded);
    world.write("config.yaml", b"decorate_all_jobs: true\n");
    loaded = check_reload(&world, &loaded);
    fs::remove_file(world.path("jobs/new.yaml")).unwrap();
    loaded = check_reload(&world, &loaded);

    world.write("jobs/b.yaml", odd("d").as_bytes());
    let files = world.sources().read().unwrap();
    let error = Loaded::from_files_after(files, Some(&loaded)).map(|_| "it loads").unwrap_err().to_string();
    assert!(error.contains("b.yaml:3:11: ") && error.contains("exists already"), "{error}");
}
