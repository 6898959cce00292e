//! The configuration of an installation as large as the largest public one: nothing in it is anybody's.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Files below `jobs/`.
pub(crate) const FILES: usize = 770;
/// Jobs in all of them.
pub(crate) const JOBS: usize = 3900;
/// Presubmits of one repository, `big-org/big`.
pub(crate) const BIG: usize = 461;
/// The files that these are spread over.
const BIG_FILES: usize = 30;
const BRANCHES: [&str; 6] = ["main", "release-1.30", "release-1.31", "release-1.32", "release-1.33", "feature-.*"];

/// Writes `config.yaml` and `jobs/` into `root`; the bytes of the job files.
pub(crate) fn write(root: &Path) -> usize {
    fs::write(root.join("config.yaml"), CORE).unwrap();
    let mut left = JOBS - BIG;
    let mut bytes = 0;
    for file in 0..FILES {
        let text = if file < BIG_FILES {
            let first = file * BIG / BIG_FILES;
            big(first, (file + 1) * BIG / BIG_FILES)
        } else {
            let count = left / (FILES - file);
            left -= count;
            small(file, count)
        };
        let folder = root.join(format!("jobs/area-{:02}", file % 40));
        fs::create_dir_all(&folder).unwrap();
        bytes += text.len();
        fs::write(folder.join(format!("jobs-{file:03}.yaml")), text).unwrap();
    }
    bytes
}

/// Presubmits of the one repository, from `first` to before `end`.
fn big(first: usize, end: usize) -> String {
    let mut text = "presubmits:\n  big-org/big:\n".to_owned();
    for number in first..end {
        let name = format!("pull-big-e2e-{number}");
        job(&mut text, "  ", &name, number);
        match number % 5 {
            0 => text.push_str("    always_run: true\n"),
            1 => writeln!(text, "    run_if_changed: '^(pkg/area{}|test/e2e)/.*\\.go$'", number % 37).unwrap(),
            2 => writeln!(text, "    skip_if_only_changed: '^docs/|\\.md$|^(OWNERS|LICENSE-{})$'", number % 3).unwrap(),
            _ => text.push_str("    optional: true\n"),
        }
        writeln!(text, "    branches: ['^{}$']", BRANCHES[number % BRANCHES.len()]).unwrap();
    }
    text
}

/// A file of a smaller repository: presubmits, postsubmits and periodics in turn.
fn small(file: usize, count: usize) -> String {
    let mut text = String::new();
    let kind = ["presubmits", "periodics", "periodics", "postsubmits", "periodics"][file % 5];
    let (indent, head) = match kind {
        "periodics" => ("", "periodics:\n".to_owned()),
        kind => ("  ", format!("{kind}:\n  org-{}/repo-{file}:\n", file % 60)),
    };
    text.push_str(&head);
    for number in 0..count {
        job(&mut text, indent, &format!("{kind}-{file}-{number}"), file + number);
        match kind {
            "presubmits" => writeln!(text, "    skip_branches: ['^gh-pages$', 'wip-{}']", number % 4).unwrap(),
            "postsubmits" => writeln!(text, "    branches: [main, 'release-.*']").unwrap(),
            _ => writeln!(
                text,
                "  interval: {}h\n  extra_refs:\n  - {{org: org-{}, repo: repo-{file}, base_ref: main}}",
                1 + number,
                file % 60
            )
            .unwrap(),
        }
    }
    text
}

/// One job of about 2,300 bytes, without what its kind adds.
fn job(text: &mut String, indent: &str, name: &str, seed: usize) {
    let mut line = |line: &str| writeln!(text, "{indent}{line}").unwrap();
    line(&format!("- name: {name}"));
    line("  decorate: true");
    line(&format!("  cluster: build-cluster-{}", seed % 4));
    line("  decoration_config:");
    line(&format!("    timeout: {}m", 30 + 10 * (seed % 20)));
    line("    grace_period: 15m");
    line("  labels:");
    line("    preset-service-account: \"true\"");
    line("    preset-cache: \"true\"");
    line("  annotations:");
    line(&format!("    testgrid-dashboards: area-{}-blocking, area-{}-informing", seed % 40, seed % 7));
    line(&format!("    testgrid-tab-name: {name}"));
    line(&format!(
        "    description: Runs the end-to-end tests of suite {seed} against a fresh cluster and collects its logs."
    ));
    line("  spec:");
    line("    serviceAccountName: test-runner");
    line("    containers:");
    line(&format!("    - image: registry.example.com/test-images/kubekins-e2e:v20260101-{:07x}-main", seed % 9));
    line("      command: [runner.sh]");
    line("      args:");
    line("      - /workspace/scenarios/kubernetes_e2e.py");
    for flag in 0..14 {
        line(&format!("      - --option-{flag}=value-of-the-option-{}-in-this-suite", seed % (flag + 3)));
    }
    line("      env:");
    for variable in 0..6 {
        line(&format!("      - name: SUITE_SETTING_{variable}"));
        line(&format!("        value: \"setting {} of suite {}\"", variable, seed % 11));
    }
    line("      securityContext:");
    line("        privileged: true");
    line("      resources:");
    line("        limits:");
    line("          cpu: 4");
    line("          memory: 9Gi");
    line("        requests:");
    line("          cpu: 4");
    line("          memory: 9Gi");
    line("      volumeMounts:");
    line("      - name: scratch");
    line("        mountPath: /scratch");
    line("    volumes:");
    line("    - name: scratch");
    line("      emptyDir: {}");
    line("    tolerations:");
    line("    - key: dedicated");
    line("      operator: Equal");
    line("      value: e2e");
    line("      effect: NoSchedule");
}

const CORE: &str = "\
prowjob_namespace: default
pod_namespace: test-pods
log_level: info
decorate_all_jobs: true
plank:
  job_url_prefix_config:
    '*': https://prow.example.com/view/
  report_templates:
    '*': '[Full PR test history](https://prow.example.com/pr-history?org={{.Spec.Refs.Org}}&repo={{.Spec.Refs.Repo}})'
  default_decoration_config_entries:
  - config:
      timeout: 2h
      grace_period: 15m
      utility_images:
        clonerefs: registry.example.com/prow/clonerefs:v1
        initupload: registry.example.com/prow/initupload:v1
        entrypoint: registry.example.com/prow/entrypoint:v1
        sidecar: registry.example.com/prow/sidecar:v1
      gcs_configuration:
        bucket: example-artifacts
        path_strategy: legacy
        default_org: big-org
        default_repo: big
      gcs_credentials_secret: service-account
      resources:
        clonerefs: {requests: {cpu: 100m}}
        sidecar: {requests: {cpu: 100m}}
  - cluster: build-cluster-1
    config:
      gcs_credentials_secret: ''
      default_service_account_name: uploader
presets:
- labels: {preset-service-account: 'true'}
  env: [{name: GOOGLE_APPLICATION_CREDENTIALS, value: /etc/service-account/service-account.json}]
  volumes: [{name: service, secret: {secretName: service-account}}]
  volumeMounts: [{name: service, mountPath: /etc/service-account, readOnly: true}]
- labels: {preset-cache: 'true'}
  env:
  - {name: CACHE_ENABLED, value: 'true'}
  - {name: CACHE_ADDRESS, value: 'http://cache.example.com:8080'}
tide:
  sync_period: 2m
  queries:
  - {orgs: [big-org], labels: [lgtm, approved], missingLabels: [do-not-merge/hold]}
";
