use super::*;

const JOB: &str = "presubmits:\n- name: NAME\n  spec: {containers: [{command: [make]}]}\n";

fn config() -> Config {
    let text = "presubmits:\n  o/r:\n  - name: central\n    spec: {containers: [{command: [make]}]}\n";
    let raw = yaml::from_str("config.yaml", text).unwrap();
    Config::check(Named { file: "config.yaml".to_owned(), raw }, Vec::new()).unwrap()
}

fn job(name: &str) -> String {
    JOB.replace("NAME", name)
}

/// The files as the tree would have them: those without a part are not even read.
fn own(files: &[(&str, &str)]) -> Result<Own, LoadError> {
    let has_folder = files.iter().any(|(path, _)| is_below(path));
    let parts = files.iter().filter(|(path, _)| has_part(path));
    let files: Vec<_> =
        parts.map(|(path, text)| OwnFile { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() }).collect();
    read(&config(), ("o", "r"), has_folder, &files)
}

/// The names of the presubmits, in their order.
#[track_caller]
fn check(files: &[(&str, &str)], want: &[&str]) {
    let own = own(files).unwrap();
    let names: Vec<_> = own.jobs.presubmits.iter().map(|job| job.base.name.as_str()).collect();
    assert_eq!(names, want);
}

#[track_caller]
fn check_wrong(files: &[(&str, &str)], want: &[&str]) {
    let found = own(files).unwrap_err().to_string();
    let found: Vec<_> = found.lines().collect();
    assert_eq!(found.len(), want.len(), "{found:#?}");
    for (found, want) in found.iter().zip(want) {
        let (place, part) = want.split_once(" … ").unwrap();
        assert!(found.starts_with(&format!("{place}: ")) && found.contains(part), "{found:?} is not {want:?}");
    }
}

#[test]
fn a_repository_without_such_files_has_no_jobs_and_no_fault() {
    check(&[], &[]);
    check(&[("prow.yaml", "{"), ("a/.prow.yaml", "{"), (".prow.yml", "{"), (".prowx/a.yaml", "{")], &[]);
    check(&[(".prow.yaml", "")], &[]);
    check(&[(".prow.yaml", "presubmits:\npostsubmits:\npresets:\n")], &[]);
}

#[test]
fn all_yaml_of_the_folder_counts_in_the_order_of_a_walk() {
    let (a, b, c, d) = (job("a"), job("b"), job("c"), job("d"));
    let files = [
        (".prow/b.yaml", &*b),
        (".prow/a.yml", &*a),
        (".prow/a/z.yaml", &*c),
        (".prow/sub/x/y.yaml", &*d),
        (".prow/no", "{"),
    ];
    check(&files, &["c", "a", "b", "d"]);
    // Two files of one name in two folders are welcome here.
    check(&[(".prow/a/x.yaml", &a), (".prow/b/x.yaml", &b)], &["a", "b"]);
}

#[test]
fn beside_the_folder_the_file_does_not_count() {
    let files = [(".prow.yaml", "{"), (".prow/a.yaml", &*job("a"))];
    check(&files, &["a"]);
    assert!(own(&files).unwrap().warnings[0].starts_with(".prow.yaml:1:1: there is a folder .prow"));
    check(&[(".prow.yaml", "{"), (".prow/README.md", "")], &[]);
    check(&[(".prow.yaml", &job("file"))], &["file"]);
}

#[test]
fn a_flood_of_patterns_is_refused_where_it_begins_to_be_one() {
    let flood = "a\n".repeat(1001);
    check_wrong(&[(".prowignore", &flood), (".prow/a.yaml", &job("a"))], &[".prowignore:1001:1 … 1000 lines"]);
}

#[test]
fn files_that_a_prowignore_names_do_not_count() {
    let (a, b) = (job("a"), job("b"));
    let with = |ignore: &'static str| {
        vec![(".prowignore", ignore), (".prow/a.yaml", &*a), (".prow/b/b.yaml", &*b), (".prow/b/c.yml", "{")]
    };
    check(&with("# none of these\n*.yml\n"), &["a", "b"]);
    check(&with(".prow/b/\n"), &["a"]);
    check(&with("b\n"), &["a"]);
    check(&with("/.prow/b/*\n!/.prow/b/b.yaml\n"), &["a", "b"]);
    check(&with("*.yaml\n*.yml\n"), &[]);
    check(&with("/b\n*.yml\n"), &["a", "b"]);
    // One that is nearer has the last word, about what is below it.
    let mut files = with("*.yml\n*.yaml\n");
    files.push((".prow/.prowignore", "!/a.yaml\n"));
    check(&files, &["a"]);
    files.push((".prow/b/.prowignore", "!b.yaml\n"));
    check(&files, &["a", "b"]);
    // Beside a file there is nothing to ignore.
    check(&[(".prowignore", "*.yaml\n"), (".prow.yaml", &a)], &["a"]);
}

#[test]
fn what_is_wrong_has_its_place() {
    check_wrong(&[(".prow.yaml", "presubmits:\n- name: a\n  spec: {\n")], &[".prow.yaml:3:9 … not YAML"]);
    check_wrong(&[(".prow.yaml", "presubmits: {a: b}\n")], &[".prow.yaml:1:13 … list"]);
    let files =
        [(".prow/a.yaml", "presubmits: [7]\n"), (".prow/b.yaml", "postsubmits: x\n"), (".prow/c.yaml", &job("c"))];
    check_wrong(&files, &[".prow/a.yaml:1:14 … ", ".prow/b.yaml:1:14 … list"]);
    check_wrong(&[(".prow.yaml", &job("a b"))], &[".prow.yaml:2:9 … `a b`"]);
    check_wrong(&[(".prow.yaml", &job("central"))], &[".prow.yaml:2:9 … exists already"]);
    let far = format!("{}  cluster: build\n", job("a"));
    check_wrong(&[(".prow.yaml", &far)], &[".prow.yaml:4:12 … the cluster `build`"]);
    check_wrong(&[(".prowignore", "ok\n[z-a]\n"), (".prow/a.yaml", "")], &[".prowignore:2:1 … no pattern"]);
}

#[test]
fn text_that_is_none_is_refused() {
    let file = OwnFile { path: FILE.to_owned(), bytes: vec![0xff] };
    let wrong = read(&config(), ("o", "r"), false, &[file]).unwrap_err().to_string();
    assert!(wrong.starts_with(".prow.yaml:1:1: this is not UTF-8"), "{wrong}");
}

#[test]
fn what_does_not_count_here_is_warned_of() {
    let text = format!("{}  blue: 1\nperiodics:\n- name: x\nprow_ignored: {{any: thing}}\nplank: {{}}\n", job("a"));
    let warnings = own(&[(".prow.yaml", &text)]).unwrap().warnings;
    let places: Vec<_> = warnings.iter().map(|warning| warning.split(" and ").next().unwrap()).collect();
    let want = [
        ".prow.yaml:4:3: the key `presubmits[0].blue` is not known here",
        ".prow.yaml:5:1: the key `periodics` is not known here",
        ".prow.yaml:8:1: the key `plank` is not known here",
    ];
    assert_eq!(places, want);
}

#[test]
fn pods_are_held_against_kubernetes_types() {
    let with = |container: &str| job("a").replace("{command: [make]}", container);
    check_wrong(
        &[(".prow.yaml", &with("{command: make}"))],
        &[".prow.yaml:3:33 … `presubmits[0].spec.containers[0].command`: found the text `make`"],
    );
    let preset = "presets:\n- env: [{name: A, values: b}]\n";
    let text = with("{command: [make], envs: []}") + preset;
    let warnings = own(&[(".prow.yaml", &text)]).unwrap().warnings;
    let want = [
        ".prow.yaml:3:41: the key `presubmits[0].spec.containers[0].envs` is not known here",
        ".prow.yaml:5:19: the key `presets[0].env[0].values` is not known here",
    ];
    let places: Vec<_> = warnings.iter().map(|warning| warning.split(" and ").next().unwrap()).collect();
    assert_eq!(places, want);
}

#[test]
fn what_is_odd_of_a_job_is_warned_of() {
    let text = format!("{}  agent: robot\n", job("a").replace("  spec: {containers: [{command: [make]}]}\n", ""));
    let own = own(&[(".prow.yaml", &text)]).unwrap();
    assert!(own.warnings[0].starts_with(".prow.yaml:3:10: `presubmits[0].agent`: the agent `robot`"), "{own:?}");
}

#[test]
fn more_than_a_repository_may_define_is_refused_before_it_takes_up_room() {
    let many: String =
        (0..2001).map(|n| format!("- {{name: j{n}, spec: {{containers: [{{command: [x]}}]}}}}\n")).collect();
    check_wrong(&[(".prow.yaml", &format!("presubmits:\n{many}"))], &[".prow.yaml:2002:3 … over 2000 jobs"]);
    let values = format!("prow_ignored:\n{}", "- a\n".repeat(100_000));
    check_wrong(&[(".prow/a.yaml", &values), (".prow/b.yaml", &values)], &[".prow/b.yaml:1:1 … over 150000 values"]);
    let large = format!("{}  run_if_changed: '{}'\n", job("a"), "a{1000}".repeat(200));
    check_wrong(&[(".prow.yaml", &large)], &[".prow.yaml:2:3 … the expressions are too large"]);
    let jobs: String =
        (0..1000).map(|n| format!("- {{name: j{n}, spec: {{containers: [{{command: [x]}}]}}}}\n")).collect();
    let presets = format!("presets:\n- env: [{{name: A, value: {}}}]\npresubmits:\n{jobs}", "x".repeat(100_000));
    let wrong = own(&[(".prow.yaml", &presets)]).unwrap_err().to_string();
    assert!(wrong.contains("presets add over"), "{wrong}");
}
