//! What was delivered while nobody took it is asked for again.

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use sim::client::NewPr;
use sim::fault::{FaultKind, FaultSpec, Kill, Match, When};
use sim::seed::{Seed, SeedApp, SeedHook};
use sim::world::Level;
use tests::demo_config::{self, GREETING};
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{BOT, Options, World, seen, write};

const SOON: Duration = Duration::from_secs(60);
const ATTEMPTS: &str = "/attempts$";
const ALL: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

/// A stage whose host knows where its webhook is, and looks every second; and a pull request.
async fn stage(dry_run: bool) -> (Stage, u64) {
    let options = Options { started: false, dry_run, ..demo_config::options(&Programs::find().unwrap()).unwrap() };
    let mut world = World::start(options).await.unwrap();
    world.sim.seed(&Seed::administrator(REPO, BOT)).await.unwrap();
    let url = format!("--webhook-url={}", world.hook_url());
    world.tell_host([url.into(), "--catch-up-every=1s".into()]);
    world.start_host().unwrap();
    world.ready().await.unwrap();
    let mut stage = Stage::new(world, Instant::now()).await.unwrap();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    stage.world.sim.quiesce(SOON).await.unwrap();
    stage.idle().await.unwrap();
    (stage, pr.number)
}

/// Bob says it while no host is there.
async fn says_to_nobody(stage: &mut Stage, number: u64, text: &str) {
    stage.world.kill_host();
    stage.bob.comment(REPO, number, text).await.unwrap();
    stage.world.sim.quiesce(SOON).await.unwrap();
}

async fn start(stage: &mut Stage) {
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
}

/// How often GitHub was asked to deliver something again.
async fn asked(stage: &Stage) -> usize {
    let requests = stage.world.sim.requests(0).await.unwrap();
    requests.iter().filter(|request| request.method == "POST" && request.path.ends_with("/attempts")).count()
}

fn gap_is(status: &Value, missed: u64, came: u64) -> bool {
    let gap = &status["catch_up"]["gap"]["deliveries"];
    gap["missed"] == missed && gap["came"] == came
}

fn fault(method: &str, path: &str, fault: FaultKind) -> FaultSpec {
    let matches = Match { method: Some(method.to_owned()), path_regex: Some(path.to_owned()), ..Match::default() };
    FaultSpec { matches, times: 1, fault }
}

#[tokio::test]
async fn what_was_missed_comes_once_also_if_the_host_dies_while_it_catches_up() {
    let (mut stage, number) = stage(false).await;
    says_to_nobody(&mut stage, number, "/greet").await;
    says_to_nobody(&mut stage, number, "/hold").await;

    // It dies when it has asked GitHub for the first, before it could write that down. The lists of webhooks come late, so that
    // its id is known in time.
    stage.world.sim.fault(&fault("GET", "/hello/hooks$", FaultKind::DelayMs(3000))).await.unwrap();
    stage.world.start_host().unwrap();
    let mut host = stage.world.release_host().unwrap();
    let kill = Kill { pid: i32::try_from(host.pid()).unwrap(), when: When::After };
    stage.world.sim.fault(&fault("POST", ATTEMPTS, FaultKind::Kill(kill))).await.unwrap();
    let died = stage.world.wait("the host to be killed", SOON, async |_| match host.ended() {
        Some(_) => Ok(()),
        None => Err("it lives".to_owned()),
    });
    died.await.unwrap();
    let kept = stage.world.inbox().await.unwrap().missed_counts(ALL, Timestamp::now(), 3).await.unwrap();
    assert_eq!((kept.missed, kept.asked), (2, 0));

    start(&mut stage).await;
    let both = |status: &Value| {
        let missed = &status["catch_up"]["missed"];
        missed["missed"] == 2 && missed["came"] == 2
    };
    let status = stage.shows("both that were missed as come", both).await.unwrap();
    stage.bot_says(number, &[GREETING]).await.unwrap();
    stage.labels(number, &["do-not-merge/hold"], &[]).await.unwrap();
    stage.idle().await.unwrap();
    assert_eq!(stage.bot_said(number, GREETING).await.unwrap(), 1);
    assert!(status["catch_up"]["gap"]["from"].as_str() < status["catch_up"]["gap"]["to"].as_str(), "{status}");

    // The bot owns no organisation: that is named once by each host, and holds up nothing.
    let sources = &status["catch_up"]["sources"];
    let missing = sources["org my-org"]["fault"].as_str().unwrap_or_default();
    assert!(missing.contains("403") && missing.contains("`organization_hooks: read`"), "{sources}");
    let of_repo = &sources[&format!("repo {REPO}")];
    assert!(of_repo["fault"].is_null() && of_repo["logs"].as_object().is_some_and(|logs| logs.len() == 1), "{sources}");
    let counted = stage.world.wait("the metrics", SOON, async |world| {
        let metrics = seen(world.metrics().await)?;
        let wanted = ["bowsprit_catch_up_unreadable_sources 1", "bowsprit_deliveries_missed{state=\"came\"} 2"];
        if wanted.iter().all(|line| metrics.contains(line)) { Ok(()) } else { Err(metrics) }
    });
    counted.await.unwrap();
    let log = std::fs::read_to_string(stage.world.path("host.log")).unwrap();
    assert_eq!(log.matches("what these webhooks failed to deliver cannot be seen").count(), 3, "{log}");
}

#[tokio::test]
async fn a_dry_run_asks_for_nothing_and_says_what_it_would() {
    let (mut stage, number) = stage(true).await;
    says_to_nobody(&mut stage, number, "/hold").await;
    start(&mut stage).await;
    let status = stage.shows("one that was missed", |status| gap_is(status, 1, 0)).await.unwrap();
    assert_eq!(status["catch_up"]["dry_run"], true, "{status}");
    let said = stage.world.wait("the host to say so", SOON, async |world| {
        let log = world.logs();
        if log.contains("dry run: would ask GitHub") { Ok(()) } else { Err(log) }
    });
    said.await.unwrap();
    assert_eq!(asked(&stage).await, 0);
}

#[tokio::test]
async fn what_is_refused_again_and_again_is_given_up_and_named() {
    let (mut stage, number) = stage(false).await;
    says_to_nobody(&mut stage, number, "/hold").await;
    write(stage.world.dir(), "hmac", b"not the webhook's key").unwrap();
    start(&mut stage).await;
    let given_up = |status: &Value| status["catch_up"]["given_up"].as_array().is_some_and(|all| all.len() == 1);
    let status = stage.shows("one that was given up", given_up).await.unwrap();
    let one = &status["catch_up"]["given_up"][0];
    assert_eq!((&one["event"], &one["asked"]), (&json!("issue_comment"), &json!(3)), "{one}");
    // Two rounds later it still is.
    for _ in 0..2 {
        let last = stage.world.status().await.unwrap()["catch_up"]["looked_at"].clone();
        stage.shows("another round", |status| status["catch_up"]["looked_at"] != last).await.unwrap();
    }
    assert_eq!(asked(&stage).await, 3);
    let metrics = stage.world.metrics().await.unwrap();
    assert!(metrics.contains("bowsprit_redeliveries_asked 3"), "{metrics}");
    assert!(metrics.contains("bowsprit_deliveries_missed{state=\"given_up\"} 1"), "{metrics}");
}

#[tokio::test]
async fn an_app_reads_the_log_of_its_own_webhook() {
    let (mut stage, number) = stage(false).await;
    let write = ["contents", "issues", "pull_requests", "statuses", "checks", "actions"];
    let read = ["members", "administration", "metadata"];
    let permissions = write.map(|name| (name, Level::Write)).into_iter().chain(read.map(|name| (name, Level::Read)));
    let app = SeedApp {
        permissions: permissions.map(|(name, level)| (name.to_owned(), level)).collect(),
        installed: [("my-org".to_owned(), Vec::new())].into(),
        hook: Some(SeedHook { url: stage.world.hook_url(), secret: Some(stage.world.secret.clone()), events: None }),
        ..SeedApp::default()
    };
    let seed = Seed { apps: [("helper".to_owned(), app)].into(), ..Seed::default() };
    let seeded = stage.world.sim.seed(&seed).await.unwrap();
    let app = &seeded.apps["helper"];
    stage.world.act_as_app(app.id, Path::new(&app.private_key_path));

    says_to_nobody(&mut stage, number, "/hold").await;
    start(&mut stage).await;
    let status = stage.shows("what was missed as come", |status| gap_is(status, 1, 1)).await.unwrap();
    stage.labels(number, &["do-not-merge/hold"], &[]).await.unwrap();
    let sources = &status["catch_up"]["sources"];
    assert!(sources["app"]["logs"]["app"]["read_to"].is_string() && sources["app"]["fault"].is_null(), "{sources}");
    for (owner, needed) in [("org my-org", "organization_hooks=read"), ("repo my-org/hello", "repository_hooks=read")] {
        let fault = sources[owner]["fault"].as_str().unwrap_or_default();
        assert!(fault.contains(needed), "{owner}: {sources}");
    }
}

#[tokio::test]
async fn without_the_webhooks_address_a_host_says_what_to_give() {
    let options = demo_config::options(&Programs::find().unwrap()).unwrap();
    let world = World::start(options).await.unwrap();
    let status = world.status().await.unwrap();
    let off = status["catch_up"]["off"].as_str().unwrap_or_default();
    assert!(off.contains("--webhook-url=URL"), "{status}");
    let requests = world.sim.requests(0).await.unwrap();
    assert!(requests.iter().all(|request| !request.path.contains("/hook")), "{requests:?}");
}
