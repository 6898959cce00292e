//! What the host shows of itself, and with how little it starts.

use std::ffi::OsString;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim::client::NewPr;
use store::DeliveryState;
use tests::demo_config;
use tests::hook::{self, Sent};
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen};

const SOON: Duration = Duration::from_secs(30);

fn example() -> Options {
    demo_config::options(&Programs::find().unwrap()).unwrap()
}

/// The host's command line with other values for some flags; an empty one takes the flag away.
fn host_args(world: &World, other: &[(&str, &str)]) -> Vec<OsString> {
    let mut args = world.host_args();
    for (flag, value) in other {
        args.retain(|arg| !arg.to_string_lossy().starts_with(&format!("{flag}=")));
        if !value.is_empty() {
            args.push(format!("{flag}={value}").into());
        }
    }
    args
}

#[tokio::test]
async fn help_and_metrics_are_prows() {
    let mut stage = Stage::new(World::start(example()).await.unwrap(), Instant::now()).await.unwrap();
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    stage.says(&bob, pr.number, "/hold", "hold").await.unwrap();
    stage.says(&bob, pr.number, "/test nonsense", "trigger").await.unwrap();

    let url = format!("http://127.0.0.1:{}/plugin-help", stage.world.ports.hook);
    let help: Value = stage.world.http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(help["RepoPlugins"]["my-org"], json!(["approve", "help", "hold", "lgtm", "trigger"]), "{help:#}");
    for (plugin, event, usage) in [
        ("trigger", "push", "/test"),
        ("hold", "GenericCommentEvent (any event for user text)", "/hold"),
        ("help", "", "help"),
    ] {
        let shown = &help["PluginHelp"][plugin];
        assert!(!shown["Description"].as_str().unwrap_or_default().is_empty(), "{plugin}: {shown:#}");
        assert!(event.is_empty() || shown["Events"].as_array().unwrap().contains(&json!(event)), "{plugin}: {shown:#}");
        let commands = shown["Commands"].as_array().unwrap();
        assert!(commands.iter().any(|c| c["Usage"].as_str().unwrap().contains(usage)), "{plugin}: {shown:#}");
        assert!(commands.iter().all(|c| c["WhoCanUse"].is_string() && c["Examples"].is_array()), "{plugin}: {shown:#}");
    }

    let metrics = stage.world.metrics().await.unwrap();
    for name in [
        "prow_webhook_counter{event_type=\"issue_comment\"}",
        "prow_webhook_response_codes{response_code=\"200\"}",
        "prow_plugin_handle_duration_seconds_bucket{action=\"created\",event_type=\"issue_comment\",plugin=\"hold\",took_action=\"true\",le=\"0.005\"}",
        "prow_version ",
        "github_user_info{",
        "github_token_usage{",
        "github_request_duration_bucket{",
        "ghcache_responses{",
        "bowsprit_tasks{state=\"parked\"}",
        "bowsprit_deliveries_undispatched ",
    ] {
        assert!(metrics.contains(name), "{name} is not in\n{metrics}");
    }
}

#[tokio::test]
async fn two_hosts_do_not_share_a_state_directory() {
    let world = World::start(example()).await.unwrap();
    let args = host_args(&world, &[("--port", "0"), ("--metrics-port", "0"), ("--health-port", "0")]);
    let second = Command::new(&world.programs().bowsprit).args(args).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned() + &String::from_utf8_lossy(&second.stdout);
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("another host works with") && said.contains("--state-dir"), "{said}");
}

#[tokio::test]
async fn without_github_and_without_bundled_plugins_a_host_starts_and_keeps_what_comes() {
    let mut world = World::start(Options { started: false, ..example() }).await.unwrap();
    // Port 1 is nobody's.
    let args = host_args(&world, &[("--github-endpoint", "http://127.0.0.1:1"), ("--plugins-dir", "")]);
    let log = std::fs::File::create(world.path("alone.log")).unwrap();
    let mut host = tokio::process::Command::new(&world.programs().bowsprit)
        .args(args)
        .env_remove("BOWSPRIT_PLUGINS_DIR")
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let ready = format!("http://127.0.0.1:{}/healthz/ready", world.ports.health);
    let up = world.wait("the host to be ready", SOON, async |world| {
        let answer = seen(world.http.get(&ready).send().await)?;
        if answer.status().is_success() { Ok(()) } else { Err(answer.status().to_string()) }
    });
    up.await.unwrap();
    let status = world.status().await.unwrap();
    assert_eq!(status["unknown_plugins"], json!(["approve", "help", "hold", "lgtm", "trigger"]), "{status:#}");

    let body =
        json!({ "zen": "x", "repository": { "name": "hello", "full_name": REPO, "owner": { "login": "my-org" } } });
    let (body, guid) = (body.to_string(), "0f0f0f0f-0000-4000-8000-0000000000aa");
    let sent = Sent { event: "ping", guid, body: body.as_bytes(), secret: &world.secret };
    let answer = hook::post(&world.http, &world.hook_url(), &sent).await.unwrap();
    assert_eq!(answer.code, 200, "{}", answer.text);
    let inbox = world.inbox().await.unwrap();
    let done = world.wait("the delivery to be done", SOON, async |_| {
        let report = seen(inbox.show(guid).await)?.ok_or("not in the inbox")?;
        if report.summary.state == DeliveryState::Done { Ok(report) } else { Err(report.summary.state.to_string()) }
    });
    let report = done.await.unwrap();
    assert!(report.considered.iter().any(|c| c.plugin == "hold" && !c.runs), "{:?}", report.considered);
    host.kill().await.unwrap();
}
