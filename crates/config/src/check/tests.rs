//! Files in a directory, and what is found in them.

use std::fs;
use std::path::PathBuf;

use prow::checks::Selection;
use tempfile::TempDir;

use super::{Finding, Level, OwnRepo, Report, Request, folder_of, look};
use crate::fault::LoadError;
use crate::shards::Shards;
use crate::source::Sources;

/// A directory with a config.yaml, a plugins.yaml and whatever else is written.
struct World {
    folder: TempDir,
}

impl World {
    fn new(files: &[(&str, &str)]) -> Self {
        let world = Self { folder: TempDir::new().unwrap() };
        for (name, text) in [("config.yaml", "{}\n"), ("plugins.yaml", "plugins: { o: { plugins: [help] } }\n")] {
            world.write(name, text);
        }
        for folder in ["jobs", "parts", "repo"] {
            fs::create_dir_all(world.path(folder)).unwrap();
        }
        files.iter().for_each(|(name, text)| world.write(name, text));
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn look(&self, warnings: &[&str]) -> Result<Report, LoadError> {
        let parts = |suffix: &str| Shards { folders: vec![self.path("parts")], suffix: suffix.to_owned() };
        let sources = Sources {
            config_path: self.path("config.yaml"),
            job_config_path: Some(self.path("jobs")),
            plugin_config: Some(self.path("plugins.yaml")),
            config_shards: parts("_prowconfig.yaml"),
            plugin_shards: parts("_pluginconfig.yaml"),
        };
        let named: Vec<_> = warnings.iter().map(|&name| name.to_owned()).collect();
        let warnings = Selection { named: &named, ..Selection::default() }.warnings().unwrap();
        let folder = self.path("repo");
        let own = Some(OwnRepo { org: "o", repo: "r", folder: &folder });
        look(&Request { sources: &sources, warnings: &warnings, required_annotations: &[], own })
    }

    /// `file:line:column: level[rule]: what`
    fn said(&self, finding: &Finding) -> String {
        let text = format!("{}", finding.fault).replace(&format!("{}/", self.folder.path().display()), "");
        let (place, what) = text.split_once(": ").unwrap();
        format!("{place}: {}[{}]: {what}", finding.level, finding.rule)
    }
}

/// `want`: `PLACE: LEVEL[RULE] | words`
#[track_caller]
fn check(files: &[(&str, &str)], warnings: &[&str], want: &[&str]) {
    let own = [("repo/.prow.yaml", "{}\n")];
    let world = World::new(&[&own, files].concat());
    let report = world.look(warnings).unwrap();
    let found: Vec<_> = report.findings.iter().map(|finding| world.said(finding)).collect();
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        let (start, words) = want.split_once(" | ").unwrap();
        assert!(found.starts_with(start) && found.contains(words), "{found:?} is not {want:?}");
    }
}

const DECORATION: &str = "non-decorated-jobs";

#[test]
fn what_is_not_amiss_is_not_told_of() {
    check(&[], &[], &[]);
}

#[test]
fn faults_are_errors_with_their_line() {
    check(
        &[("config.yaml", "plank:\n  pod_pending_timeout: soon\n")],
        &[],
        &["config.yaml:2:24: error[invalid] | soon"],
    );
    check(&[("config.yaml", "a: [\n")], &[], &["config.yaml:1:4: error[invalid] | not YAML"]);
    let twice = [("jobs/a/x.yaml", "{}"), ("jobs/b/x.yaml", "{}")];
    check(&twice, &[], &["jobs/b/x.yaml:1:1: error[invalid] | rename one"]);
    let unknown = ("plugins.yaml", "plugins:\n  o:\n    plugins:\n    - help\n    - hlod\n");
    check(&[unknown], &[], &["plugins.yaml:5:7: error[invalid] | no plugin `hlod`"]);
}

#[test]
fn the_line_of_a_finding_is_kept() {
    let world = World::new(&[("config.yaml", "# why\nplank:\n  pod_pending_timeout: soon # not yet\n")]);
    let report = world.look(&[]).unwrap();
    let lines: Vec<_> = report.findings.iter().map(|finding| finding.line.as_deref()).collect();
    assert!(lines.contains(&Some("  pod_pending_timeout: soon # not yet")), "{lines:?}");
    assert_eq!((report.count(Level::Error), report.count(Level::Warning)), (1, 0));
}

#[test]
fn what_cannot_be_read_is_no_report() {
    let world = World::new(&[]);
    fs::remove_file(world.path("plugins.yaml")).unwrap();
    let said = world.look(&[]).map(|_| "a report").unwrap_err().to_string();
    assert!(said.contains("plugins.yaml:1:1: ") && said.contains("--plugin-config"), "{said}");
}

#[test]
fn keys_that_nobody_knows() {
    let files = [
        ("config.yaml", "plank:\n  pod_timeout: 1m\nprow_ignored: { a: 1 }\n"),
        ("plugins.yaml", "plugins: { o: { plugins: [help] } }\nhlep: {}\n"),
        ("jobs/j.yaml", "presubmit: {}\n"),
    ];
    let core = |rule: &str| format!("config.yaml:2:3: warning[{rule}] | `plank.pod_timeout` is not known here");
    let jobs = "jobs/j.yaml:1:1: warning[unknown-fields-all] | `presubmit`";
    let plugins = |rule: &str| format!("plugins.yaml:2:1: warning[{rule}] | `hlep`");
    check(&files, &["unknown-fields"], &[&core("unknown-fields"), &plugins("unknown-fields")]);
    let all = "unknown-fields-all";
    check(&files, &["unknown-fields", all], &[&core(all), jobs, &plugins(all)]);
    check(&files, &["long-job-names"], &[]);
}

#[test]
fn what_loading_tells_of_is_a_note() {
    let old = ("plugins.yaml", "plugins:\n  o: [help]\n");
    check(&[old], &["long-job-names"], &["plugins.yaml:2:3: note[noted] | Prow's first versions"]);
}

#[test]
fn problems_of_the_whole_are_told_of_where_they_were_written() {
    let query = |repo: &str| format!("tide:\n  queries:\n  - repos: [{repo}]\n    labels: [lgtm]\n");
    let policy = "branch-protection:\n  orgs:\n    p:\n      protect: true\n      required_status_checks:\n        strict: true\n";
    let files = [
        ("config.yaml", query("o/a")),
        ("parts/a_prowconfig.yaml", format!("# two\n{}", query("p/b"))),
        ("parts/b_prowconfig.yaml", format!("{policy}{}", query("o/c"))),
        ("plugins.yaml", "plugins: { o: { plugins: [lgtm] } }\n".to_owned()),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let tide =
        "parts/a_prowconfig.yaml:4:13: warning[mismatched-tide-lenient] | `tide.queries[0].repos[0]`: tide requires";
    check(&files, &["mismatched-tide-lenient"], &[tide]);
    let strict = "parts/b_prowconfig.yaml:6:17: warning[tide-strict-branch] | `p/b`";
    check(&files, &["tide-strict-branch"], &[strict]);
}

#[test]
fn parts_of_plugins_yaml_are_told_of_where_they_were_written() {
    let part = ("parts/p/x_pluginconfig.yaml", "plugins:\n  p:\n    plugins:\n    - approve\n");
    let want = "parts/p/x_pluginconfig.yaml:4:7: warning[validate-owners] | the organisation `p`";
    check(&[part], &["validate-owners"], &[want]);
    check(&[part], &["validate-supplemental-prow-config-hierarchy"], &[]);
}

#[test]
fn supplemental_files_stand_where_their_folders_say() {
    let of_plugins = ("parts/q/x_pluginconfig.yaml", "plugins: { p: { plugins: [help] } }\n");
    let of_config = ("parts/o/r/x_prowconfig.yaml", "tide: { queries: [{ repos: [o/r, o/s] }] }\n");
    let at_top = ("parts/y_pluginconfig.yaml", "plugins: { s: { plugins: [help] } }\n");
    let rule = "warning[validate-supplemental-prow-config-hierarchy]";
    let want = [
        format!("parts/o/r/x_prowconfig.yaml:1:1: {rule} | `o/s`"),
        format!("parts/q/x_pluginconfig.yaml:1:1: {rule} | `p`"),
    ];
    let name = "validate-supplemental-prow-config-hierarchy";
    check(&[of_plugins, of_config, at_top], &[name], &want.each_ref().map(String::as_str));
}

const JOB: &str = "  - name: j\n    decorate: true\n    spec: { containers: [{ image: i, command: [c] }] }\n";

#[test]
fn clusters_are_held_against_the_published_ones() {
    let world = World::new(&[]);
    let states = world.path("states.json");
    let core = format!("plank:\n  build_cluster_status_file: {}\n", states.display());
    let jobs = format!("presubmits:\n  o/r:\n{JOB}    cluster: there\n");
    world.write("config.yaml", &core);
    world.write("jobs/j.yaml", &jobs);
    let found = || {
        let report = world.look(&["validate-cluster-field"]).unwrap();
        let said: Vec<_> = report.findings.iter().filter(|it| it.rule != "noted").map(|it| world.said(it)).collect();
        (said.join("\n"), report.not_checked.len())
    };
    assert_eq!(found(), (String::new(), 1), "the file is not there yet");
    world.write("states.json", r#"{"default": "Reachable", "there": "Reachable"}"#);
    assert_eq!(found(), (String::new(), 0));
    world.write("states.json", r#"{"default": "Reachable", "there": "Unreachable"}"#);
    assert!(found().0.starts_with("jobs/j.yaml:6:14: note[validate-cluster-field]: "), "{found:?}", found = found());
    world.write("states.json", r#"{"default": "Reachable"}"#);
    assert!(found().0.starts_with("jobs/j.yaml:6:14: warning[validate-cluster-field]: "), "{found:?}", found = found());
    world.write("states.json", "[]");
    assert!(found().0.starts_with("config.yaml:2:30: error[invalid]: "), "{found:?}", found = found());
}

#[test]
fn jobs_that_a_repository_defines() {
    let own = |text: &str| format!("presubmits:\n{text}");
    let wide = "unknown-fields-all";
    let good = own(JOB);
    check(&[("repo/.prow.yaml", &good)], &[DECORATION], &[]);
    let odd = format!("{good}    nmae: x\n");
    let place = "repo/.prow.yaml:5:5:";
    check(&[("repo/.prow.yaml", &odd)], &[DECORATION], &[&format!("{place} note[{wide}] | nmae")]);
    check(&[("repo/.prow.yaml", &odd)], &[wide], &[&format!("{place} error[{wide}] | nmae")]);
    let wrong = format!("{good}    cluster: theirs\n");
    check(&[("repo/.prow.yaml", &wrong)], &[DECORATION], &["repo/.prow.yaml:5:14: error[invalid] | allowed_clusters"]);
    let gerrit = ("config.yaml", "gerrit: { allowed_presubmit_trigger_re: '^/run ' }\n");
    let want = ["repo/.prow/a.yaml:2:5: error[rerun-command] | `/test j`"];
    let files = [gerrit, ("repo/.prow/a.yaml", &good)];
    let ignored = "repo/.prow.yaml:1:1: note[noted] | beside which this file has no effect";
    check(&files, &[DECORATION], &[ignored, want[0]]);
}

#[test]
fn central_rerun_commands_are_a_warning() {
    let files = [
        ("config.yaml", "gerrit: { allowed_presubmit_trigger_re: '^/run ' }\n".to_owned()),
        ("jobs/j.yaml", format!("presubmits:\n  o/r:\n{JOB}")),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    check(&files, &[DECORATION], &["jobs/j.yaml:3:5: warning[rerun-command] | `/test j`"]);
}

#[test]
fn a_checkout_without_jobs_of_its_own() {
    let world = World::new(&[]);
    let report = world.look(&[DECORATION]).unwrap();
    let said: Vec<_> = report.findings.iter().map(|finding| world.said(finding)).collect();
    assert!(said.len() == 1 && said[0].contains("note[noted]") && said[0].contains("o/r defines no jobs"), "{said:?}");
}

#[test]
fn what_is_not_looked_for_is_named() {
    let world = World::new(&[]);
    let report = world.look(&["verify-owners-presence", "validate-github-app-installation"]).unwrap();
    let names: Vec<_> = report.not_checked.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["verify-owners-presence", "validate-github-app-installation"]);
}

#[test]
fn the_folder_of_a_file() {
    let check = |path: Option<&str>, want: &str| {
        assert_eq!(folder_of(path.map(PathBuf::from).as_deref()), PathBuf::from(want), "{path:?}");
    };
    check(None, ".");
    check(Some(".prow.yaml"), ".");
    check(Some("../hello/.prow.yaml"), "../hello");
}

/// Reviewed against Prow's `checkconfig`, read beside these files: its queries require and forbid what the plugins of the
/// org set, each job is decorated and its repository has trigger.
#[test]
fn a_real_installation_has_no_fault_and_these_warnings() {
    let test = "config: a_real_installation_has_no_fault_and_these_warnings";
    let Some(folder) = counterparts::data(test, "configs/cert-manager/config") else { return };
    let sources = Sources {
        config_path: folder.join("config.yaml"),
        job_config_path: Some(folder.join("jobs")),
        plugin_config: Some(folder.join("plugins.yaml")),
        ..Sources::default()
    };
    let warnings = Selection { expensive: true, ..Selection::default() }.warnings().unwrap();
    let report =
        look(&Request { sources: &sources, warnings: &warnings, required_annotations: &[], own: None }).unwrap();
    assert_eq!(report.count(Level::Error), 0);
    let root = format!("{}/", folder.display());
    let unsaid = report.not_checked.iter().map(|(name, _)| format!("not checked: {name}\n"));
    let lines = report.findings.iter().map(|Finding { level, rule, fault, .. }| {
        let fault = fault.to_string().replace(&root, "");
        format!("{level}[{rule}] {fault}\n")
    });
    insta::assert_snapshot!(lines.chain(unsaid).collect::<String>(), @r"
    not checked: verify-owners-presence
    not checked: validate-github-app-installation
    ");
    // None of its jobs has this, so the jobs of all files were looked at.
    let required = ["example.com/owner".to_owned()];
    let warnings: Vec<_> = warnings.into_iter().filter(|warning| warning.name == "required-job-annotations").collect();
    let request = Request { sources: &sources, warnings: &warnings, required_annotations: &required, own: None };
    let found = look(&request).unwrap();
    let files: std::collections::BTreeSet<_> = found.findings.iter().map(|finding| &finding.fault.file).collect();
    assert!(found.count(Level::Warning) > 100 && files.len() > 20, "{} in {}", found.findings.len(), files.len());
}
