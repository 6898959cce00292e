//! Loading as an operator sees it: files in a directory, and what is said about them.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use prow::component::ComponentRef;
use prow::limits::Limits;
use serde_json::json;
use tempfile::TempDir;

use crate::load::Loaded;
use crate::shards::Shards;
use crate::source::{Role, SourceFile, Sources};

mod parts;
mod plugins;
mod reload;

/// A directory with a config.yaml, job files and a plugins.yaml.
struct World {
    folder: TempDir,
}

impl World {
    fn new(config: &str, jobs: &[(&str, &str)], plugins: &str) -> Self {
        let world = Self { folder: TempDir::new().unwrap() };
        world.write("config.yaml", config.as_bytes());
        world.write("plugins.yaml", plugins.as_bytes());
        fs::create_dir_all(world.path("jobs")).unwrap();
        fs::create_dir_all(world.path("more")).unwrap();
        for (name, text) in jobs {
            world.write(&format!("jobs/{name}"), text.as_bytes());
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn sources(&self) -> Sources {
        Sources {
            config_path: self.path("config.yaml"),
            job_config_path: Some(self.path("jobs")),
            plugin_config: Some(self.path("plugins.yaml")),
            config_shards: Shards { folders: vec![self.path("more")], suffix: "_prowconfig.yaml".to_owned() },
            ..Sources::default()
        }
    }

    fn load(&self) -> Result<Loaded, Vec<String>> {
        Loaded::from_sources(&self.sources()).map_err(|error| {
            let root = format!("{}/", self.folder.path().display());
            error.to_string().lines().map(|line| line.replace(&root, "")).collect()
        })
    }
}

const JOB: &str =
    "presubmits:\n  o/r:\n  - name: unit\n    always_run: true\n    spec: {containers: [{command: [make]}]}\n";

/// Each fault begins with its place and says what to do.
#[track_caller]
fn check_broken(config: &str, jobs: &[(&str, &str)], plugins: &str, want: &[&str]) {
    let faults = World::new(config, jobs, plugins).load().map(|_| "it loads").unwrap_err();
    assert_eq!(faults.len(), want.len(), "{faults:#?}");
    for (fault, want) in faults.iter().zip(want) {
        let (place, message) = want.split_once(' ').unwrap();
        assert!(fault.starts_with(&format!("{place} ")), "{fault:?} is not at {place:?}");
        assert!(fault.contains(message), "{fault:?} lacks {message:?}");
    }
}

#[test]
fn text_that_is_not_yaml() {
    check_broken("plank:\n  max_revivals: [1\n", &[], "", &["config.yaml:2:17: this is not YAML: unclosed bracket"]);
    check_broken("a: 1\na: 2\n", &[], "", &["config.yaml:2:1: the key `a` stands here a second time: remove one"]);
    check_broken("", &[("j.yaml", "a: {b: 'c}\n")], "", &["jobs/j.yaml:1:8: this is not YAML: unclosed quote"]);
}

#[test]
fn values_of_the_wrong_type() {
    check_broken(
        "plank:\n  max_revivals: many\n",
        &[],
        "",
        &["config.yaml:2:17: `plank.max_revivals`: found the text `many`, where a whole number"],
    );
    check_broken("", &[], "plugins: [a]\n", &["plugins.yaml:1:10: `plugins`: found a list, where a mapping belongs"]);
    let job = "presubmits:\n  o/r:\n  - name: a\n    always_run: sometimes\n";
    check_broken(
        "",
        &[("j.yaml", job)],
        "",
        &["jobs/j.yaml:4:17: `presubmits.o/r[0].always_run`: found the text `sometimes`, where a boolean belongs"],
    );
}

#[test]
fn durations_that_are_none() {
    check_broken(
        "sinker:\n  max_pod_age: 1 day\n",
        &[],
        "",
        &["config.yaml:2:16: `1 day` is not a duration: write it like"],
    );
    let decorated = "plank:\n  default_decoration_configs:\n    '*':\n      timeout: 2 h\n";
    check_broken(decorated, &[], "", &["config.yaml:4:16: `2 h` is not a duration"]);
    let module = "modules:\n  m:\n    component: a.wasm\n    limits: {deadline: soon}\n";
    check_broken(
        "",
        &[],
        module,
        &["plugins.yaml:4:24: `modules.m.limits.deadline`: `soon` is not a duration: write it like"],
    );
}

#[test]
fn modules_that_cannot_be_meant() {
    let unknown = "modules:\n  m:\n    component: a.wasm\n    grant: {}\n";
    check_broken(
        "",
        &[],
        unknown,
        &["plugins.yaml:4:5: the key `grant` is not known here: use one of component, grants"],
    );
    let grant = "modules:\n  m:\n    component: a.wasm\n    grants:\n      pull-requests: read\n";
    check_broken("", &[], grant, &["plugins.yaml:5:7: `pull-requests` is no grant: use one of metadata, members"]);
    let access = "modules:\n  m:\n    component: a.wasm\n    grants:\n      issues: all\n";
    check_broken("", &[], access, &["plugins.yaml:5:15: `all` is no access: write `read` or `write`"]);
    let none = "modules:\n  m:\n    grants: {issues: read}\n";
    check_broken("", &[], none, &["plugins.yaml:2:3: this module has no `component`: give the path"]);
    let remote = "modules:\n  m:\n    component: oci://example.com/m@sha256:0\n";
    check_broken(
        "",
        &[],
        remote,
        &["plugins.yaml:3:16: `oci://example.com/m@sha256:0` names no component: `sha256:0` is no digest"],
    );
    let demand = "signatures:\n  ghcr.io:\n    keys: []\n  https://quay.io: { keys: [k] }\n";
    let want = ["plugins.yaml:3:5: no key is named", "plugins.yaml:4:3: `https://quay.io` is no prefix"];
    check_broken("", &[], demand, &want);
    let service = "external_plugins:\n  o:\n  - name: a\n    endpoint: a:8888\n";
    check_broken("", &[], service, &["plugins.yaml:3:5: the endpoint of `a` is no URL"]);
    let service = "external_plugins:\n  o:\n  - name: a\n    endpoint: http://host:99999/\n";
    check_broken("", &[], service, &["plugins.yaml:3:5: the endpoint of `a` is no URL, \"99999\" is no port"]);
}

#[test]
fn expressions_that_go_would_refuse() {
    let job = |key: &str, value: &str| {
        format!("presubmits:\n  o/r:\n  - name: a\n    spec: {{containers: [{{}}]}}\n    {key}: {value}\n")
    };
    let at = "jobs/j.yaml:5:";
    check_broken(
        "",
        &[("j.yaml", &job("run_if_changed", "'a(?=b)'"))],
        "",
        &[&format!("{at}21: `a(?=b)` is not valid: Go's expressions have no look-ahead")],
    );
    check_broken(
        "",
        &[("j.yaml", &job("branches", "['a', 'b('])").replace(")\n", "\n"))],
        "",
        &[&format!("{at}5: `b(` is not valid: unclosed group")],
    );
    let sigmention = "sigmention:\n  regexp: '('\n";
    check_broken("", &[], sigmention, &["plugins.yaml:2:11: `(` is not valid"]);
}

#[test]
fn jobs_that_exist_already() {
    check_broken(
        "",
        &[("a.yaml", JOB), ("b.yaml", JOB)],
        "",
        &["jobs/b.yaml:3:11: the presubmit `unit` of o/r exists already (presubmits.o/r[0] in "],
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let plugins = "plugins:\n  o: [hold]\n  o/r: [hold]\nsize: {s: 10}\n";
    let job = JOB.replace("name: unit", "name: u n i t");
    check_broken(
        "plank: {max_concurrency: -1}\n",
        &[("j.yaml", &job)],
        plugins,
        &[
            "plugins.yaml:3:3: the plugin `hold` is enabled for `o` and for `o/r`: remove one, or exclude `r`",
            "plugins.yaml:4:1: the size `s` (10) is above `m` (0)",
            "config.yaml:1:26: -1 is negative: write 0 for no limit",
            "jobs/j.yaml:3:11: the job name `u n i t` may only have",
        ],
    );
}

#[test]
fn templates_are_parsed_when_the_config_loads() {
    check_broken(
        "plank:\n  job_url_template: 'x{{.Spec'\n  report_templates:\n    '*': '{{if .Spec}}'\n",
        &[],
        "",
        &[
            "config.yaml:2:21: `plank.job_url_template`: this Go template cannot be parsed",
            "config.yaml:4:10: `plank.report_templates.*`: this Go template cannot be parsed",
        ],
    );
}

#[test]
fn files_that_cannot_be_read() {
    let world = World::new("", &[], "");
    fs::remove_file(world.path("plugins.yaml")).unwrap();
    fs::remove_file(world.path("config.yaml")).unwrap();
    let faults = world.load().map(|_| "it loads").unwrap_err();
    assert!(
        faults[0].starts_with("config.yaml:1:1: this cannot be read") && faults[0].contains("--config-path"),
        "{faults:?}"
    );
    assert!(
        faults[1].starts_with("plugins.yaml:1:1: this cannot be read") && faults[1].contains("--plugin-config"),
        "{faults:?}"
    );
    fs::create_dir(world.path("config.yaml")).unwrap();
    assert!(world.load().map(|_| "it loads").unwrap_err()[0].contains("name a file in it"));
    world.write("jobs/j.yaml", b"\xff\xfe");
    fs::remove_dir(world.path("config.yaml")).unwrap();
    world.write("config.yaml", b"");
    world.write("plugins.yaml", b"");
    assert!(world.load().map(|_| "it loads").unwrap_err()[0].contains("jobs/j.yaml:1:1: this is not UTF-8"));
}

#[test]
fn job_files_are_found_by_prow_s_rules() {
    let gzipped = |text: &str| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packer.write_all(text.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let named = |name: &str| JOB.replace("unit", name);
    let world = World::new("", &[("a.yaml", &named("a")), ("deep/er/b.yml", &named("b")), ("notes.txt", "x: [")], "");
    world.write("jobs/c.yaml", &gzipped(&named("c")));
    world.write("jobs/..2024/a.yaml", b"x: [");
    world.write("jobs/.prowignore", b"# not jobs\n/other/\n*.tmpl.yaml\n");
    world.write("jobs/other/dashboards.yaml", b"x: [");
    world.write("jobs/deep/job.tmpl.yaml", b"x: [");
    let names = |loaded: &Loaded| -> Vec<String> {
        loaded.config.presubmits("o", "r").iter().map(|job| job.base.name.clone()).collect()
    };
    let loaded = world.load().unwrap();
    assert_eq!(names(&loaded), ["a", "c", "b"]);

    let again = Loaded::from_files(loaded.files.to_vec()).unwrap();
    assert_eq!((names(&again), &again.revision), (names(&loaded), &loaded.revision));

    world.write("jobs/deep/a.yaml", b"");
    let faults = world.load().map(|_| "it loads").unwrap_err();
    assert!(faults[0].starts_with("jobs/deep/a.yaml:1:1: a job file named `a.yaml` exists already"), "{faults:?}");
}

#[test]
fn a_single_job_file_will_do() {
    let world = World::new("", &[("a.yaml", JOB)], "");
    let sources = Sources { job_config_path: Some(world.path("jobs/a.yaml")), plugin_config: None, ..world.sources() };
    let loaded = Loaded::from_sources(&sources).unwrap();
    assert_eq!(loaded.config.presubmits("o", "r").len(), 1);
    assert_eq!(loaded.plugins_dir(), None);
}

#[test]
fn the_revision_is_of_names_and_contents() {
    let world = World::new("", &[("a.yaml", JOB)], "");
    let first = world.load().unwrap().revision;
    assert_eq!((first.len(), world.load().unwrap().revision == first), (64, true));
    world.write("jobs/a.yaml", JOB.replace("make", "true").as_bytes());
    let second = world.load().unwrap().revision;
    assert_ne!(first, second);
    fs::rename(world.path("jobs/a.yaml"), world.path("jobs/b.yaml")).unwrap();
    assert_ne!(world.load().unwrap().revision, second);
}

#[test]
fn keys_without_effect_are_warnings() {
    let config = "tide: {sync_period: 1m}\nplank:\n  max_revival: 3\nplonk: 1\n";
    let plugins = "plugins: {o: {plugins: [hold], exclude: [x]}}\nholds: {}\n";
    let world = World::new(config, &[], plugins);
    let root = format!("{}/", world.folder.path().display());
    let warnings: Vec<_> = world.load().unwrap().warnings.iter().map(|warning| warning.replace(&root, "")).collect();
    assert_eq!(
        warnings,
        [
            "config.yaml:3:3: the key `plank.max_revival` is not known here and has no effect",
            "config.yaml:4:1: the key `plonk` is not known here and has no effect",
            "plugins.yaml:1:32: the key `plugins.o.exclude` is not known here and has no effect",
            "plugins.yaml:2:1: the key `holds` is not known here and has no effect",
        ]
    );
    let warnings = World::new("", &[], "").load().unwrap().warnings;
    assert!(warnings[0].contains("no plugins are enabled"), "{warnings:?}");
}

#[test]
fn a_whole_module_loads() {
    let plugins = "
plugins:
  my-org: { plugins: [trigger, greeter] }
modules:
  greeter:
    component: ./greeter.wasm
    grants: { issues: write, pull_requests: read, repos: [\"my-org/*\"], http: [] }
    secrets: { API_KEY: { file: /etc/greeter/key, header: x-api-key, host: api.example.com } }
    limits: { memory: 64Mi, deadline: 10s, effects: 50 }
    config: { greeting: hello, on: yes }
";
    let world = World::new("", &[], plugins);
    let loaded = world.load().unwrap();
    let module = loaded.plugins.module("greeter").unwrap();
    assert_eq!(module.component, Some(ComponentRef::File("./greeter.wasm".to_owned())));
    let limits = Limits {
        memory_bytes: Some(64 << 20),
        deadline: Some(std::time::Duration::from_secs(10)),
        effects: Some(50),
        ..Limits::default()
    };
    assert_eq!(module.limits, limits);
    assert_eq!(loaded.plugins.effective("my-org", "r"), ["trigger", "greeter"]);
    assert_eq!(loaded.plugins.settings("greeter", "my-org", "r"), json!({"greeting": "hello", "true": true}));
    assert_eq!(loaded.plugins_dir().as_deref(), Some(world.folder.path()));
}

#[test]
fn a_real_installation_s_files_load_whole() {
    let test = "config: a_real_installation_s_files_load_whole";
    let Some(folder) = counterparts::data(test, "configs/cert-manager/config") else { return };
    let sources = Sources {
        config_path: folder.join("config.yaml"),
        job_config_path: Some(folder.join("jobs")),
        plugin_config: Some(folder.join("plugins.yaml")),
        ..Sources::default()
    };
    let loaded = Loaded::from_sources(&sources).unwrap_or_else(|error| panic!("{error}"));
    let config = &loaded.config;
    let presubmits: usize = config.all_presubmits().values().map(Vec::len).sum();
    let postsubmits: usize = config.all_postsubmits().values().map(Vec::len).sum();
    // Counted in the plain documents, which know nothing of jobs.
    let documents: Vec<_> = loaded
        .files
        .iter()
        .map(|file| crate::yaml::to_json("f", &String::from_utf8(file.bytes.clone()).unwrap()).unwrap())
        .collect();
    let written = |key: &str| -> usize {
        let of_repo = |jobs: &serde_json::Value| match jobs {
            serde_json::Value::Array(jobs) => jobs.len(),
            jobs => jobs.as_object().into_iter().flatten().map(|(_, jobs)| jobs.as_array().map_or(0, Vec::len)).sum(),
        };
        documents.iter().filter_map(|document| document.get(key)).map(of_repo).sum()
    };
    assert_eq!(presubmits, written("presubmits"), "presubmits");
    assert_eq!(postsubmits, written("postsubmits"), "postsubmits");
    assert_eq!(config.periodics().len(), written("periodics"), "periodics");
    assert_eq!(loaded.plugins.effective("cert-manager", "cert-manager").len(), 21);
    assert!(loaded.plugins.trigger("cert-manager", "x").only_org_members);
    assert_eq!(plugins::warnings_of(&loaded, "plugins.yaml"), [""; 0]);
    assert!(loaded.plugins.unknown_plugins().is_empty());
    let told = |plugin: &str| loaded.plugins.settings(plugin, "cert-manager", "cert-manager");
    assert_eq!(told("blunderbuss")["request_count"], 1);
    assert_eq!(told("milestone")["maintainers_team"], "milestone-maintainers");
    assert_eq!(told("milestoneapplier")["release-1.20"], "v1.20");
    assert_eq!(told("config-updater")["maps"]["config/jobs/**/*.yaml"]["clusters"], json!({"default": [""]}));
    assert_eq!(told("require-matching-label")[0]["grace_period"], "5s");
    assert_eq!(told("label")["additional_labels"][2], "tide/merge-method-squash");
    assert!(loaded.plugins.owners("cert-manager", "any").skip_collaborators);
    println!(
        "{presubmits} presubmits, {postsubmits} postsubmits, {} periodics; warnings: {:#?}",
        config.periodics().len(),
        loaded.warnings
    );
}

#[test]
fn kept_files_load_without_the_disk() {
    let core = SourceFile { role: Role::Core, path: "gone/config.yaml".into(), bytes: JOB.into() };
    assert_eq!(Loaded::from_files(vec![core]).unwrap().config.presubmits("o", "r").len(), 1);
    assert!(Loaded::from_files(Vec::new()).unwrap_err().to_string().contains("no config.yaml"));
    let roles = [Role::Core, Role::Version, Role::ConfigShard, Role::Jobs, Role::Plugins, Role::PluginShard];
    for role in roles {
        assert_eq!(Role::of_str(role.as_str()), Some(role));
    }
}
