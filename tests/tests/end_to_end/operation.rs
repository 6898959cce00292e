//! What an operator meets: dry runs, broken files, missing grants, events of organisations.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;
use sim::client::NewPr;
use store::{DeliveryState, Scope, Selector};
use tests::demo_config;
use tests::hook::{self, Sent};
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen, write};

const SOON: Duration = Duration::from_secs(20);

fn example() -> Options {
    demo_config::options(&Programs::find().unwrap()).unwrap()
}

async fn stage(options: Options) -> Stage {
    Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap()
}

/// What the host says when it does not start, and its exit code.
async fn refused(options: Options) -> (Option<i32>, String) {
    let world = World::start(Options { started: false, ..options }).await.unwrap();
    let output = Command::new(&world.programs().bowsprit).args(world.host_args()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    (output.status.code(), text)
}

#[tokio::test]
async fn a_dry_run_really_starts_and_really_changes_nothing() {
    let mut stage = stage(Options { dry_run: true, ..example() }).await;
    let (alice, mallory) = (stage.alice.clone(), stage.mallory.clone());
    let mark = stage.mark().await.unwrap();
    let ours = alice.open_pr(REPO, &NewPr::of_file("one", "hello.sh", "#!/bin/sh\necho 1\n")).await.unwrap();
    let delivery = stage.delivered(mark, "pull_request", Some("opened")).await.unwrap();
    stage.handled(&delivery.guid, "trigger").await.unwrap();
    let mark = stage.mark().await.unwrap();
    let theirs = mallory.open_pr(REPO, &NewPr::of_file("two", "two.txt", "2\n")).await.unwrap();
    let delivery = stage.delivered(mark, "pull_request", Some("opened")).await.unwrap();
    stage.handled(&delivery.guid, "trigger").await.unwrap();
    stage.says(&alice, ours.number, "/hold", "hold").await.unwrap();
    stage.says(&alice, theirs.number, "/ok-to-test", "trigger").await.unwrap();
    stage.idle().await.unwrap();

    let requests = stage.world.sim.requests(0).await.unwrap();
    let own: Vec<_> = requests.iter().filter(|request| request.user_agent.starts_with("bowsprit.")).collect();
    assert!(own.iter().any(|request| request.method == "GET"), "the plugins did run");
    let writes: Vec<_> = requests.iter().filter(|r| r.who == tests::world::BOT && r.method != "GET").collect();
    assert!(writes.is_empty(), "{writes:?}");
    let jobs = stage.world.prowjobs().await.unwrap().list(&Selector::default()).await.unwrap();
    assert!(jobs.is_empty(), "{jobs:?}");
    assert_eq!(stage.world.status().await.unwrap()["dry_run"], true);
}

#[tokio::test]
async fn broken_files_at_the_start_end_it_with_their_place_and_what_to_do() {
    let misspelt = "plugins:\n  my-org:\n    plugins: [hold]\nmodules:\n  hold:\n    komponent: ./hold.wasm\n";
    let bad_regex = "presubmits:\n  my-org/hello:\n  - name: unit\n    always_run: true\n    branches: ['(']\n    spec:\n      containers: [{image: x, command: [\"true\"]}]\n";
    let (config, plugins) = (example().config, example().plugins);
    for (options, place, what) in [
        (Options::new("plank: {\n", &plugins), "config.yaml:", ""),
        (Options::new("plank: [not, a, map]\n", &plugins), "config.yaml:1:", ""),
        (Options::new(bad_regex, &plugins), "config.yaml:5:", "branches"),
        (Options::new(&config, misspelt), "plugins.yaml:6:", "komponent"),
    ] {
        let shown = format!("{:?}", (&options.config, &options.plugins));
        let (code, said) = refused(options).await;
        assert_eq!(code, Some(1), "{shown}: {said}");
        assert!(said.contains(place) && said.contains(what), "{shown}: {said}");
    }
}

#[tokio::test]
async fn a_host_starts_without_the_plugin_that_asks_for_more_than_it_was_granted() {
    let mut options = example();
    options.plugins = options.plugins.replace("{ issues: write, pull_requests: write }", "{ issues: write }");
    let line = 1 + options.plugins.lines().position(|line| line == "  greeter:").unwrap();
    let place = format!("plugins.yaml:{line}:3: ");
    let mut stage = stage(options).await;
    let bob = stage.bob.clone();
    let status = stage.world.status().await.unwrap();
    let shown = &status["plugins"]["greeter"];
    let said = shown["fault"].as_str().unwrap_or_default();
    for part in [&*place, "greeter.wasm", "`greeter`", "github-pull-requests-write", "pull_requests: write", "grants"] {
        assert!(said.contains(part), "{part}: {shown}");
    }
    assert!(shown["digest"].is_null() && status["config"]["fault"].is_null(), "{status}");
    assert!(stage.world.logs().contains(&place), "{}", stage.world.logs());
    let metrics = stage.world.metrics().await.unwrap();
    assert!(metrics.contains("bowsprit_reload_failed{what=\"greeter\"} 1"), "{metrics}");

    // The others do what they do, and the event says whom it passed by.
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let delivery = stage.says(&bob, pr, "/hold\n/greet", "hold").await.unwrap();
    stage.labels(pr, &["do-not-merge/hold"], &[]).await.unwrap();
    let report = stage.world.inbox().await.unwrap().show(&delivery.guid).await.unwrap().unwrap();
    let greeter = report.considered.iter().find(|considered| considered.plugin == "greeter").unwrap();
    assert!(
        !greeter.runs && greeter.why.contains("does not get this event") && greeter.why.contains(&place),
        "{greeter:?}"
    );
}

#[tokio::test]
async fn without_any_plugin_there_is_no_host() {
    let plugins = "plugins:\n  my-org:\n    plugins: [one, two]\nmodules:\n  one: { component: ./one.wasm }\n  two: { component: ./two.wasm }\n";
    let (code, said) = refused(Options::new(&example().config, plugins)).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("plugins.yaml:5:3: ") && said.contains("one.wasm"), "{said}");
}

#[tokio::test]
async fn a_broken_reload_changes_nothing_and_shows_until_it_is_mended() {
    let mut stage = stage(example()).await;
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    let revision = stage.world.status().await.unwrap()["config"]["revision"].clone();

    for (name, broken, place) in [
        ("plugins.yaml", "plugins:\n  my-org:\n    plugins: [hold\n", "plugins.yaml:"),
        ("config.yaml", "presubmits: 7\n", "config.yaml:1:"),
    ] {
        let good = std::fs::read(stage.world.path(name)).unwrap();
        write(stage.world.dir(), name, broken.as_bytes()).unwrap();
        let shown = stage.world.wait("the fault on /status", SOON, async |world| {
            let config = seen(world.status().await)?["config"].clone();
            if config["fault"].as_str().is_some_and(|fault| fault.contains(place)) {
                Ok(config)
            } else {
                Err(config.to_string())
            }
        });
        assert_eq!(shown.await.unwrap()["revision"], revision, "the old configuration stands");
        let metrics = stage.world.metrics().await.unwrap();
        assert!(metrics.contains("bowsprit_reload_failed{what=\"config\"} 1"), "{metrics}");
        assert!(stage.world.logs().contains(place), "{}", stage.world.logs());

        stage.says(&bob, pr.number, "/hold", "hold").await.unwrap();
        stage.labels(pr.number, &["do-not-merge/hold"], &[]).await.unwrap();
        stage.says(&bob, pr.number, "/unhold", "hold").await.unwrap();
        stage.labels(pr.number, &[], &["do-not-merge/hold"]).await.unwrap();

        write(stage.world.dir(), name, &good).unwrap();
        let mended = stage.world.wait("the fault to be gone from /status", SOON, async |world| {
            let config = seen(world.status().await)?["config"].clone();
            if config["fault"].is_null() { Ok(()) } else { Err(config.to_string()) }
        });
        mended.await.unwrap();
        let metrics = stage.world.metrics().await.unwrap();
        assert!(metrics.contains("bowsprit_reload_failed{what=\"config\"} 0"), "{metrics}");
    }
}

#[tokio::test]
async fn an_event_of_an_organisation_is_kept_and_reaches_no_plugin() {
    let stage = stage(example()).await;
    let body = json!({
        "action": "member_added",
        "membership": { "user": { "login": "dave", "id": 9, "type": "User" }, "role": "member", "state": "pending" },
        "organization": { "login": "my-org", "id": 2 },
        "sender": { "login": "alice", "id": 3, "type": "User" },
    });
    let (body, guid) = (body.to_string(), "0f0f0f0f-0000-4000-8000-000000000000");
    let sent = Sent { event: "organization", guid, body: body.as_bytes(), secret: &stage.world.secret };
    let answer = hook::post(&stage.world.http, &stage.world.hook_url(), &sent).await.unwrap();
    assert_eq!(answer.code, 200, "{}", answer.text);
    let inbox = stage.world.inbox().await.unwrap();
    let mut stage = stage;
    let done = stage.world.wait("the delivery to be done", SOON, async |_| {
        let report = seen(inbox.show(guid).await)?.ok_or("not in the inbox")?;
        if report.summary.state == DeliveryState::Done { Ok(report) } else { Err(report.summary.state.to_string()) }
    });
    let report = done.await.unwrap();
    assert_eq!(report.summary.scope, Scope::Org("my-org".to_owned()));
    assert!(report.reports.is_empty());
}

#[tokio::test]
async fn a_refusal_is_logged_with_its_delivery_and_event() {
    let stage = stage(example()).await;
    let guid = "0f0f0f0f-0000-4000-8000-00000000000f";
    let sent = Sent { event: "issues", guid, body: b"{}", secret: "not the key" };
    let answer = hook::post(&stage.world.http, &stage.world.hook_url(), &sent).await.unwrap();
    assert_eq!(answer.code, 403, "{}", answer.text);
    let log = stage.world.logs();
    let line = log.lines().find(|line| line.contains("a delivery was refused")).expect(&log);
    assert!(line.contains(guid) && line.contains("issues") && line.contains("403"), "{line}");
}

#[tokio::test]
async fn an_issue_is_marked_as_open_for_help_and_unmarked() {
    let mut stage = stage(example()).await;
    let bob = stage.bob.clone();
    let issue = stage.alice.open_issue(REPO, "A small thing", "Somebody could do this.").await.unwrap();
    stage.says(&bob, issue, "/help", "help").await.unwrap();
    stage.labels(issue, &["help wanted"], &[]).await.unwrap();
    let message = "This issue is open for anyone's help.";
    stage.bot_says(issue, &[message, "`/remove-help`"]).await.unwrap();
    stage.says(&bob, issue, "/remove-help", "help").await.unwrap();
    stage.labels(issue, &[], &["help wanted"]).await.unwrap();
    stage.bot_takes_back(issue, message).await.unwrap();
}
