//! One plugin in five languages: the same events in, the same effects out, and nothing else within reach.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use sim::client::NewPr;
use tests::demo_config;
use tests::examples;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{BOT, Options, World, seen, write};

/// How long a changed plugins.yaml may take.
const SOON: Duration = Duration::from_secs(30);

fn plugins(config: &str) -> String {
    format!(
        "
plugins:
  my-org:
    plugins: [greeter]
modules:
  greeter:
    component: ./greeter.wasm
    grants: {{ issues: write, pull_requests: write }}
    config: {config}
"
    )
}

/// What each of them does, line by line: how the tasks of an event ended, and what was said then.
const SCENE: &str = "\
#1 opened by mallory: Done welcomed mallory, Ignored no `/greet`
  @mallory: Glad to have you here.
#1 /greet: Done greeted
  @bob: Good *morning*, \u{201c}friend\u{201d} \u{1f44b}
#1 so much text\\r\\n/GREET me\\r\\nand more: Done greeted
  @bob: Good *morning*, \u{201c}friend\u{201d} \u{1f44b}
#1 > /greet: Ignored no `/greet`
#1 /greeting: Ignored no `/greet`
#2 /greet: Done greeted
  @bob: Good *morning*, \u{201c}friend\u{201d} \u{1f44b}
#3 opened by mallory: Ignored mallory is no newcomer, Ignored no `/greet`
with no settings
#1 /greet: Done greeted
  @bob: Hello! This is the first greeter speaking.
#4 opened by mallory: Ignored no `/greet`, Ignored no `welcome` is set
in a rehearsal
#1 /greet: Ignored denied: this client-agent is read-only, and `pull_requests: write` changes something
#2 /greet: Ignored denied: this client-agent is read-only, and `issues: write` changes something
";

struct Scene {
    stage: Stage,
    lines: String,
    said: usize,
}

impl Scene {
    /// Notes how the tasks of a delivery ended, and what the bot has said since the last time.
    async fn note(&mut self, what: &str, number: u64, guid: &str) {
        self.stage.handled(guid, "greeter").await.unwrap();
        self.stage.idle().await.unwrap();
        let report = self.stage.world.inbox().await.unwrap().show(guid).await.unwrap().unwrap();
        let ended =
            |task: &store::TaskReport| format!("{:?} {}", task.state, task.reason.as_deref().unwrap_or_default());
        let mut ends: Vec<String> = report.reports.iter().map(ended).collect();
        ends.sort();
        self.lines.push_str(&format!("#{number} {what}: {}\n", ends.join(", ")));
        let mut said = Vec::new();
        for number in 1..=4 {
            let comments = self.stage.world.sim.comments(REPO, number).await.unwrap_or_default();
            said.extend(comments.into_iter().filter(|comment| comment.author == BOT).map(|it| (it.id, it.body)));
        }
        said.sort();
        for (_, body) in &said[self.said..] {
            let shown = body.split("\n\n<!--").next().unwrap_or_default().trim_end();
            self.lines.push_str(&format!("  {shown}\n"));
        }
        self.said = said.len();
    }

    async fn says(&mut self, number: u64, text: &str) {
        let bob = self.stage.bob.clone();
        let delivery = self.stage.says(&bob, number, text, "greeter").await.unwrap();
        self.note(&text.escape_debug().to_string(), number, &delivery.guid).await;
    }

    async fn opens(&mut self, branch: &str) {
        let mark = self.stage.mark().await.unwrap();
        let new = NewPr::of_file(branch, &format!("{branch}.txt"), "1\n");
        let number = self.stage.mallory.open_pr(REPO, &new).await.unwrap().number;
        let delivery = self.stage.delivered(mark, "pull_request", Some("opened")).await.unwrap();
        self.note("opened by mallory", number, &delivery.guid).await;
    }

    async fn settle(&mut self, what: &str, config: &str) {
        let world = &mut self.stage.world;
        let before = world.status().await.unwrap()["config"]["revision"].clone();
        write(world.dir(), "plugins.yaml", plugins(config).as_bytes()).unwrap();
        let newer = async |world: &World| {
            let now = seen(world.status().await)?["config"]["revision"].clone();
            if now == before { Err(now.to_string()) } else { Ok(()) }
        };
        world.wait("the new settings", SOON, newer).await.unwrap();
        self.lines.push_str(&format!("{what}\n"));
    }
}

/// Builds the greeter in this folder and has it play the scene.
async fn check(test: &str, folder: &str) {
    let Some(component) = examples::component(test, &format!("plugins/examples/{folder}")).unwrap() else { return };
    check_requests(&component, false);
    check_scene(&component).await;
}

async fn check_scene(component: &Path) {
    let settings =
        "{ greeting: \"Good *morning*, \u{201c}friend\u{201d} \\U0001F44B\", welcome: Glad to have you here. }";
    let mut options = Options::new(demo_config::example("config.yaml").unwrap(), plugins(settings));
    options.beside.push(("greeter.wasm".to_owned(), std::fs::read(component).unwrap()));
    let stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();
    let mut scene = Scene { stage, lines: String::new(), said: 0 };

    scene.opens("one").await;
    scene.says(1, "/greet").await;
    scene.says(1, "so much text\r\n/GREET me\r\nand more").await;
    scene.says(1, "> /greet").await;
    scene.says(1, "/greeting").await;
    scene.stage.alice.open_issue(REPO, "an issue", "text").await.unwrap();
    scene.says(2, "/greet").await;
    scene.stage.alice.merge(REPO, 1).await.unwrap();
    scene.opens("two").await;
    scene.settle("with no settings", "{}").await;
    scene.says(1, "/greet").await;
    scene.opens("three").await;
    scene.settle("in a rehearsal", "{ rehearsal: true }").await;
    scene.says(1, "/greet").await;
    scene.says(2, "/greet").await;
    assert_eq!(scene.lines, SCENE);
}

/// What `bowsprit plugin inspect` says of it. A component without imports of WASI has no files, arguments, environment,
/// clocks or sockets, for a name that is not imported cannot be called; none of ours makes requests of its own.
fn inspected(component: &Path, wasi: bool) -> Value {
    let programs = Programs::find().unwrap();
    let mut inspect = Command::new(programs.bowsprit);
    let output = inspect.args(["plugin", "inspect", "--output", "json"]).arg(component).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&found["wasi"], &found["http"]), (&Value::Bool(wasi), &Value::Bool(false)), "{found}");
    found
}

/// It asks for what it should, and for nothing else.
fn check_requests(component: &Path, wasi: bool) {
    let found = inspected(component, wasi);
    assert_eq!(found["contract"], "0.2.0");
    assert_eq!(found["grants"], serde_json::json!({ "issues": "write", "pull_requests": "write" }));
    assert_eq!(found["events"], serde_json::json!(["comment", "pull-request"]));
    assert_eq!(found["settings"], serde_json::json!(["greeting", "welcome", "rehearsal"]));
    assert_eq!(found["commands"], serde_json::json!(["/greet"]));
    let functions = ["github-issues-write.create-comment", "github-pull-requests-read.count-merged"];
    for function in functions.into_iter().chain(["github-pull-requests-write.create-comment"]) {
        assert!(found["functions"].as_array().unwrap().iter().any(|it| it == function), "{function}: {found}");
    }
}

#[tokio::test]
async fn the_greeter_in_rust() {
    check("the_greeter_in_rust", "greeter").await;
}

#[tokio::test]
async fn the_greeter_in_javascript() {
    check("the_greeter_in_javascript", "greeter-js").await;
}

#[tokio::test]
async fn the_greeter_in_python() {
    check("the_greeter_in_python", "greeter-python").await;
}

#[tokio::test]
async fn the_greeter_in_c() {
    check("the_greeter_in_c", "greeter-c").await;
}

#[tokio::test]
async fn the_greeter_in_go() {
    check("the_greeter_in_go", "greeter-go").await;
}

/// The component that was built in this folder, with the real adapter, which turns preview 1 into imports of preview 2.
fn with_wasi(folder: &str, dir: &Path) -> PathBuf {
    let core = std::fs::read(examples::work(folder).unwrap().join("core.wasm")).unwrap();
    let adapter = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    let component = dir.join("plugin.wasm");
    std::fs::write(&component, componentize::encode_with(&core, adapter).unwrap()).unwrap();
    component
}

/// What the ordinary tools for wasip1 and wasip2 make of a plugin asks for WASI. It finds nothing there, and works.
#[tokio::test]
async fn a_component_that_brings_wasi_along_plays_the_same_scene() {
    let test = "a_component_that_brings_wasi_along_plays_the_same_scene";
    if examples::component(test, "plugins/examples/greeter-c").unwrap().is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let component = with_wasi("plugins/examples/greeter-c", dir.path());
    check_requests(&component, true);
    check_scene(&component).await;
}

/// What the searchers are told to look for; the last with the port of a server that would answer.
const PLACES: [&str; 4] = ["files", "arguments", "environment", "sockets"];

/// Has the searcher in this folder look everywhere. A tool may stub WASI with traps; then the search ends in one.
fn check_search(test: &str, folder: &str, may_trap: bool) {
    let Some(component) = examples::component(test, folder).unwrap() else { return };
    // What these tools make of a plugin asks for no WASI at all.
    check_search_of(&component, may_trap, false);
}

fn check_search_of(component: &Path, may_trap: bool, wasi: bool) {
    // It asks for nothing: it is handed its event, and may log.
    let found = inspected(component, wasi);
    assert_eq!((&found["functions"], &found["grants"]), (&serde_json::json!([]), &serde_json::json!({})), "{found}");
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let port = server.local_addr().unwrap().port();
    let dir = tempfile::tempdir().unwrap();
    let step = |what: &str| {
        let text = if what == "sockets" { format!("{what} {port}") } else { what.to_owned() };
        format!("- open_issue: {{ as: alice, title: {what}, body: {text} }}\n  outcomes: [done no {what}]\n")
    };
    let scenario = dir.path().join("scenario.yaml");
    std::fs::write(&scenario, format!("steps:\n{}", PLACES.map(step).concat())).unwrap();
    let mut play = Command::new(Programs::find().unwrap().bowsprit);
    play.args(["plugin", "test"]).arg(component).arg("--scenario").arg(scenario).env("SEARCHED", "in vain");
    let output = play.current_dir(examples::checkout()).output().unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(said.contains("(4 steps"), "{said}");
    assert!(!said.contains("found"), "{said}");
    if may_trap {
        let ends: Vec<&str> = said.lines().filter(|line| line.contains("outcome seen: ")).collect();
        assert!(ends.iter().all(|line| line.contains("outcome seen: failed trapped")), "{said}");
    } else {
        assert!(output.status.success(), "{said}");
    }
    assert!(server.accept().is_err(), "somebody came by a socket");
}

#[test]
fn in_rust_there_are_no_files_arguments_environment_or_sockets_even_by_wasi() {
    let component = Programs::find().unwrap().plugins.join("examples/searcher.wasm");
    check_search_of(&component, false, true);
}

#[test]
fn in_javascript_there_are_no_files_arguments_environment_or_sockets() {
    let test = "in_javascript_there_are_no_files_arguments_environment_or_sockets";
    check_search(test, "tests/searchers/js", false);
}

#[test]
fn in_python_there_are_no_files_arguments_environment_or_sockets() {
    check_search("in_python_there_are_no_files_arguments_environment_or_sockets", "tests/searchers/python", true);
}

#[test]
fn in_go_there_are_no_files_arguments_environment_or_sockets() {
    check_search("in_go_there_are_no_files_arguments_environment_or_sockets", "tests/searchers/go", false);
}

#[test]
fn in_c_there_are_no_files_arguments_environment_or_sockets_with_either_adapter() {
    let test = "in_c_there_are_no_files_arguments_environment_or_sockets_with_either_adapter";
    let Some(component) = examples::component(test, "tests/searchers/c").unwrap() else { return };
    check_search_of(&component, false, false);
    let dir = tempfile::tempdir().unwrap();
    // The real adapter has no way to send or receive, and traps.
    check_search_of(&with_wasi("tests/searchers/c", dir.path()), true, true);
}
