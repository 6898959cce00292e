//! config.yaml's sections, the parts of jobs that are Kubernetes', and files beside config.yaml.

use std::fs;

use super::{JOB, World, check_broken};
use crate::load::Loaded;
use crate::shards::Shards;

#[test]
fn extra_refs_take_numbers_for_texts() {
    let jobs = JOB.replace("    always_run", "    extra_refs: [{org: o, repo: x, base_ref: 1.2}]\n    always_run");
    let loaded = World::new("", &[("j.yaml", &jobs)], "").load().unwrap();
    assert_eq!(loaded.config.presubmits("o", "r")[0].base.extra_refs[0].base_ref, "1.2");
}

#[test]
fn unknown_keys_of_jobs_and_their_parts_are_told_of_once() {
    let config = "\
presets:
- labels: {p: x}
  envs: []
  volumes: [{name: v, emptyDirs: {}}]
plank:
  default_decoration_configs:
    '*':
      timeouts: 2h
      resources: {sidecar: {request: {}}}
";
    let jobs = "\
prow_ignored: {any: [thing]}
presubmits:
  o/r:
  - name: unit
    always_runs: true
    prow_ignored: [1]
    decoration_config: {utility_images: {sidecars: x}}
    rerun_auth_config: {github_user: [a]}
    extra_refs: [{org: o, repo: x, base: main}]
    spec:
      container: []
      containers:
      - command: [make]
        env: [{name: A, value: 1, from: x}]
        resources: {limit: {}}
";
    let world = World::new(config, &[("j.yaml", jobs)], "plugins: {o: {plugins: [hold]}}\n");
    let root = format!("{}/", world.folder.path().display());
    let short = |warning: &String| {
        let warning = warning.replace(&root, "").replace(" is not known here and has no effect", "");
        warning.replace("the key ", "")
    };
    let warnings: Vec<_> = world.load().unwrap().warnings.iter().map(short).collect();
    assert_eq!(
        warnings,
        [
            "config.yaml:3:3: `presets[0].envs`",
            "config.yaml:4:23: `presets[0].volumes[0].emptyDirs`",
            "config.yaml:8:7: `plank.default_decoration_configs.*.timeouts`",
            "config.yaml:9:29: `plank.default_decoration_configs.*.resources.sidecar.request`",
            "jobs/j.yaml:5:5: `presubmits.o/r[0].always_runs`",
            "jobs/j.yaml:7:42: `presubmits.o/r[0].decoration_config.utility_images.sidecars`",
            "jobs/j.yaml:8:25: `presubmits.o/r[0].rerun_auth_config.github_user`",
            "jobs/j.yaml:9:36: `presubmits.o/r[0].extra_refs[0].base`",
            "jobs/j.yaml:11:7: `presubmits.o/r[0].spec.container`",
            "jobs/j.yaml:14:35: `presubmits.o/r[0].spec.containers[0].env[0].from`",
            "jobs/j.yaml:15:21: `presubmits.o/r[0].spec.containers[0].resources.limit`",
        ]
    );
}

#[test]
fn values_that_kubernetes_takes_otherwise() {
    let with = |spec: &str| JOB.replace("{containers: [{command: [make]}]}", spec);
    check_broken(
        "",
        &[("j.yaml", &with("{containers: [{command: make}]}"))],
        "",
        &[
            "jobs/j.yaml:5:35: `presubmits.o/r[0].spec.containers[0].command`: found the text `make`, where a list belongs",
        ],
    );
    check_broken(
        "",
        &[("j.yaml", &with("{containers: [{args: [a]}], terminationGracePeriodSeconds: soon}"))],
        "",
        &["jobs/j.yaml:5:70: `presubmits.o/r[0].spec.terminationGracePeriodSeconds`: found the text `soon`"],
    );
}

#[test]
fn supplemental_files_and_a_version_are_read() {
    let world = World::new("tide: {queries: [{orgs: [a]}]}\n", &[], "plugins: {o: {plugins: [hold]}}\n");
    world.write("VERSION", b"v20260101-abc");
    world.write("more/b/o_prowconfig.yaml", b"tide: {queries: [{orgs: [b]}]}\nodd: 1\n");
    world.write("more/b/other.yaml", b"x: [");
    world.write("more/..2024/o_prowconfig.yaml", b"x: [");
    let loaded = world.load().unwrap();
    let sections = &loaded.config.core.sections;
    assert_eq!((sections.tide.queries.len(), sections.config_version_sha.as_str()), (2, "v20260101-abc"));
    assert!(loaded.warnings[0].ends_with("o_prowconfig.yaml:2:1: the key `odd` is not known here and has no effect"));

    world.write("more/o_prowconfig.yaml", b"plank: {}\ntide:\n  sync_period: 1m\n  queries: [{}]\n");
    let faults = world.load().map(|_| "it loads").unwrap_err();
    assert!(
        faults[0].starts_with("more/o_prowconfig.yaml:1:1: `plank` has no place in a supplemental file"),
        "{faults:?}"
    );
    assert!(faults[1].starts_with("more/o_prowconfig.yaml:3:3: `tide.sync_period` has no place"), "{faults:?}");
    world.write("more/o_prowconfig.yaml", b"tide:\n  queries: [{}]\n");
    let faults = world.load().map(|_| "it loads").unwrap_err();
    assert!(faults[0].starts_with("more/o_prowconfig.yaml:2:13: `tide.queries[0]`: a query needs"), "{faults:?}");
    fs::remove_dir_all(world.path("more")).unwrap();
    assert!(world.load().map(|_| "it loads").unwrap_err()[0].contains("correct `--supplemental-prow-config-dir`"));
}

#[test]
fn templates_of_all_sections_are_parsed_when_the_config_loads() {
    let config = "\
tide: {merge_commit_template: {o: {title: '{{.Title'}}}
deck: {external_agent_logs: [{agent: a, url_template: '{{if}'}]}
slack_reporter_configs: {o: {channel: c, report_template: '{{end}}'}}
";
    check_broken(
        config,
        &[],
        "",
        &[
            "config.yaml:1:43: `tide.merge_commit_template.o.title`: this Go template",
            "config.yaml:2:55: `deck.external_agent_logs[0].url_template`: this Go template",
            "config.yaml:3:59: `slack_reporter_configs.o.report_template`: this Go template",
        ],
    );
}

#[test]
fn plugins_yaml_is_read_with_its_parts_where_config_yaml_is_not() {
    let world = World::new("no: [config", &[], "plugins: {o: {plugins: [hold]}}\n");
    world.write("more/teams/p_pluginconfig.yaml", b"plugins: {p/r: {plugins: [lgtm]}}\n");
    let shards = |folder: &str| Shards { folders: vec![world.path(folder)], suffix: "_pluginconfig.yaml".to_owned() };
    let loaded = Loaded::plugins_alone(world.path("plugins.yaml"), shards("more")).unwrap();
    assert_eq!((loaded.plugins.effective("o", "r"), loaded.plugins.effective("p", "r")), (vec!["hold"], vec!["lgtm"]));
    let alone = Loaded::plugins_alone(world.path("plugins.yaml"), Shards::default()).unwrap();
    assert!(alone.plugins.effective("p", "r").is_empty());
    for (file, folder, flag) in [("absent.yaml", "more", "--plugin-config"), ("plugins.yaml", "absent", "config-dir")] {
        let error = Loaded::plugins_alone(world.path(file), shards(folder)).unwrap_err().to_string();
        assert!(error.contains("absent") && error.contains(flag), "{error}");
    }
}
