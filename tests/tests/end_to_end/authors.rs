//! What an author of plugins has: a project that works from its first moment, in each language, and scenarios that fail.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use sim::client::NewPr;
use tests::patch::replace_text;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::World;
use tests::{demo_config, examples};

fn bowsprit(args: &[&str], dir: &Path) -> Output {
    let programs = Programs::find().unwrap();
    let work = programs.plugins.with_file_name("plugins");
    let mut command = Command::new(&programs.bowsprit);
    command.args(args).current_dir(dir).env("PATH", examples::path().unwrap());
    // Where the bundled plugins are built, std for their target is there already.
    if args[1] == "test" && dir.join(args[2]).join("Cargo.toml").is_file() {
        command.arg("--work").arg(work);
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// A new project in this language passes its scenario, and fails once it is another.
fn check(test: &str, language: &str) {
    let dir = tempfile::tempdir().unwrap();
    let made = bowsprit(&["plugin", "new", "--lang", language, "welcome-bot"], dir.path());
    assert!(made.status.success(), "{}", said(&made));
    let first = bowsprit(&["plugin", "test", "welcome-bot"], dir.path());
    let text = said(&first);
    if let Some(missing) = text.lines().find(|line| line.contains("` is missing: ")) {
        return counterparts::skip(test, missing);
    }
    assert!(first.status.success(), "{text}");
    assert!(text.contains("welcome-bot/scenario.yaml: ok (8 steps"), "{text}");

    let file = dir.path().join("welcome-bot/scenario.yaml");
    let scenario = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, scenario.replacen("[1, \"@bob: Good", "[1, \"@bob: Bad", 1)).unwrap();
    let again = bowsprit(&["plugin", "test", "welcome-bot"], dir.path());
    let text = said(&again);
    assert_eq!(again.status.code(), Some(1), "{text}");
    for part in ["scenario.yaml: FAILED", "step 2", "effects wanted", "@bob: Bad", "effects seen", "@bob: Good"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(!text.contains("step 3"), "{text}");
}

#[test]
fn a_new_plugin_in_rust_passes_its_scenario() {
    check("a_new_plugin_in_rust_passes_its_scenario", "rust");
}

#[test]
fn a_new_plugin_in_javascript_passes_its_scenario() {
    check("a_new_plugin_in_javascript_passes_its_scenario", "js");
}

#[test]
fn a_new_plugin_in_python_passes_its_scenario() {
    check("a_new_plugin_in_python_passes_its_scenario", "python");
}

#[test]
fn a_new_plugin_in_c_passes_its_scenario() {
    check("a_new_plugin_in_c_passes_its_scenario", "c");
}

#[test]
fn a_new_plugin_in_go_passes_its_scenario() {
    check("a_new_plugin_in_go_passes_its_scenario", "go");
}

#[test]
fn a_tool_that_is_missing_is_named_with_the_way_to_get_it() {
    let dir = tempfile::tempdir().unwrap();
    let programs = Programs::find().unwrap();
    for (language, tool, how) in [
        ("js", "componentize-qjs", "npm install componentize-qjs@0.4.5"),
        ("python", "componentize-py", "pip install componentize-py==0.25.1"),
        ("go", "go", "1.25 or newer"),
        ("c", "clang", "wasi-libc"),
    ] {
        let made = bowsprit(&["plugin", "new", "--lang", language, language], dir.path());
        assert!(made.status.success(), "{}", said(&made));
        let mut build = Command::new(&programs.bowsprit);
        let output = build.args(["plugin", "build", language]).current_dir(dir.path()).env("PATH", "/nowhere").output();
        let output = output.unwrap();
        let text = said(&output);
        assert!(!output.status.success(), "{text}");
        for part in [&format!("`{tool}` is missing"), how] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
    }
}

#[test]
fn what_is_no_plugin_is_told_from_what_is() {
    let dir = tempfile::tempdir().unwrap();
    let empty = bowsprit(&["plugin", "build", "."], dir.path());
    assert!(!empty.status.success() && said(&empty).contains("holds no plugin"), "{}", said(&empty));
    std::fs::write(dir.path().join("text.wasm"), "no module at all").unwrap();
    let text = bowsprit(&["plugin", "inspect", "text.wasm"], dir.path());
    assert!(!text.status.success() && said(&text).contains("text.wasm is no plugin"), "{}", said(&text));
    let greeter = Programs::find().unwrap().plugins.join("examples/greeter.wasm");
    let shown = bowsprit(&["plugin", "inspect", greeter.to_str().unwrap()], dir.path());
    let shown = String::from_utf8(shown.stdout).unwrap();
    for line in [
        "greeter: Answers `/greet`, and welcomes first-time contributors.",
        "  github-pull-requests-read.count-merged",
        "    component: ./greeter.wasm",
        "    grants: { issues: write, pull_requests: write }",
    ] {
        assert!(shown.lines().any(|it| it == line), "{line:?} is no line of {shown}");
    }
}

#[tokio::test]
async fn a_delivery_is_recorded_and_plays_again_when_everyone_is_gone() {
    let programs = Programs::find().unwrap();
    let options = demo_config::options(&programs).unwrap();
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let bob = stage.bob.clone();
    let delivery = stage.says(&bob, pr, "/greet\n\"quoted\": yes", "greeter").await.unwrap();
    let dir = stage.world.keep();
    let record = ["plugin", "record", "--state-dir", "state", "--plugin", "greeter", &delivery.guid];
    let recorded = bowsprit(&record, &dir);
    assert!(recorded.status.success(), "{}", said(&recorded));
    let nothing = bowsprit(&["plugin", "record", "--state-dir", "state", "--plugin", "nobody", &delivery.guid], &dir);
    assert!(said(&nothing).contains("`nobody` was not asked"), "{}", said(&nothing));
    drop(stage);

    // What plugins.yaml says by now is not what the task ran with.
    std::fs::write(dir.join("plugins.yaml"), "modules: {}\n").unwrap();
    let later = bowsprit(&record, &dir);
    assert!(later.stdout == recorded.stdout, "{}{}", said(&later), String::from_utf8_lossy(&later.stdout));
    std::fs::remove_dir_all(dir.join("state/configs")).unwrap();
    let gone = bowsprit(&record, &dir);
    let text = said(&gone);
    assert!(!gone.status.success() && text.contains("not kept any more") && text.contains("--plugin-config"), "{text}");
    let given = bowsprit(&[&record[..], &["--plugin-config", "plugins.yaml"]].concat(), &dir);
    assert!(given.status.success() && given.stdout != recorded.stdout, "{}", said(&given));

    std::fs::write(dir.join("recorded.yaml"), &recorded.stdout).unwrap();
    let play = ["plugin", "test", "greeter.wasm", "--scenario", "recorded.yaml"];
    let again = bowsprit(&play, &dir);
    assert!(again.status.success() && said(&again).contains("recorded.yaml: ok (recorded"), "{}", said(&again));

    let component = std::fs::read(dir.join("greeter.wasm")).unwrap();
    let other = replace_text(&component, demo_config::GREETING, demo_config::NEW_GREETING).unwrap();
    std::fs::write(dir.join("greeter.wasm"), other).unwrap();
    let other = bowsprit(&play, &dir);
    let text = said(&other);
    assert_eq!(other.status.code(), Some(1), "{text}");
    for part in ["recorded.yaml: FAILED", "outcome seen: diverged", "outcome wanted: done greeted"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    std::fs::remove_dir_all(dir).unwrap();
}
