//! Plugins that are services of their own: each event comes to them as GitHub sent it, whatever happens on the way.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim::client::NewPr;
use store::TaskState;
use tests::demo_config;
use tests::hook::signature;
use tests::programs::Programs;
use tests::service::{HELP, Service};
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen};

const SOON: Duration = Duration::from_secs(40);

async fn stage(services: &str, dry_run: bool) -> Stage {
    let example = demo_config::options(&Programs::find().unwrap()).unwrap();
    let plugins = format!("{}\nexternal_plugins:\n  my-org:\n{services}", example.plugins);
    let world = World::start(Options { plugins, dry_run, ..example }).await.unwrap();
    Stage::new(world, Instant::now()).await.unwrap()
}

/// Waits until the service's task for the delivery is as wanted, and gives its reason.
async fn is(stage: &mut Stage, guid: &str, service: &str, wanted: TaskState) -> String {
    let inbox = stage.world.inbox().await.unwrap();
    let what = format!("the task of `{service}` to be {wanted}");
    let look = stage.world.wait(&what, SOON, async |_| {
        let report = seen(inbox.show(guid).await)?.ok_or("not in the inbox")?;
        let task = report.reports.into_iter().find(|task| task.plugin == service).ok_or("no task")?;
        let reason = task.reason.unwrap_or_default();
        if task.state == wanted { Ok(reason) } else { Err(format!("{}, {reason}", task.state)) }
    });
    look.await.unwrap()
}

#[tokio::test]
async fn an_event_comes_whole_and_with_its_headers_on_each_try() {
    let service = Service::start("127.0.0.1:0", 2, 200).unwrap();
    let refusing = Service::start("127.0.0.1:0", 0, 503).unwrap();
    let services = format!(
        "  - {{ name: patient, endpoint: 'http://prow:p%40ss@{}/hook', events: [issue_comment] }}\n  - {{ name: refusing, endpoint: 'http://{}' }}\n  - {{ name: deaf, endpoint: 'http://127.0.0.1:1', events: [push] }}\n",
        service.host, refusing.host
    );
    let mut stage = stage(&services, false).await;
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let said = stage.comment(&bob, pr, "/greet").await.unwrap();
    let delivery = stage.heard(said).await.unwrap();
    assert_eq!(is(&mut stage, &delivery.guid, "patient", TaskState::Done).await, "answered 200 OK");

    let stored = stage.world.inbox().await.unwrap().load(&delivery.guid).await.unwrap().unwrap();
    let own: Vec<_> =
        service.got().into_iter().filter(|got| got.header("x-github-delivery") == Some(&delivery.guid)).collect();
    assert_eq!(own.len(), 3, "two tries had no answer");
    for got in &own {
        assert_eq!((got.path.as_str(), &got.body[..]), ("/hook", &stored.payload()[..]));
        let signature = signature(&stage.world.secret, &got.body);
        assert_eq!(got.header("x-hub-signature-256"), Some(signature.as_str()), "it still holds");
        assert_eq!((got.header("x-github-event"), got.header("user-agent")), (Some("issue_comment"), Some("ProwHook")));
        assert_eq!(got.header("host"), Some(service.host.as_str()));
        assert_eq!(got.header("authorization"), Some("Basic cHJvdzpwQHNz"));
    }
    assert!(service.got().iter().all(|got| got.header("x-github-event") == Some("issue_comment")), "nothing else");

    // An answer is an answer: it is never asked for again, and it is seen.
    let why = is(&mut stage, &delivery.guid, "refusing", TaskState::Failed).await;
    assert!(why.contains("503"), "{why}");
    let tries = refusing.got().iter().filter(|got| got.header("x-github-delivery") == Some(&delivery.guid)).count();
    assert_eq!(tries, 1);
    let status = stage.world.status().await.unwrap();
    let shown = &status["external_plugins"]["my-org: refusing"];
    assert!(shown["fault"].as_str().is_some_and(|fault| fault.contains("503")), "{shown}");
    assert_eq!(status["external_plugins"]["my-org: patient"]["fault"], Value::Null);
    let metrics = stage.world.metrics().await.unwrap();
    assert!(
        metrics.contains(r#"bowsprit_external_plugin_events_total{outcome="failed",plugin="refusing"}"#),
        "{metrics}"
    );
}

#[tokio::test]
async fn no_event_is_lost_while_a_service_is_away_and_the_host_is_killed() {
    let away = Service::start("127.0.0.1:0", 0, 200).unwrap();
    let host = away.host.clone();
    drop(away);
    let services = format!("  - {{ name: away, endpoint: 'http://{host}', events: [issue_comment] }}\n");
    let mut stage = stage(&services, false).await;
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let said = stage.comment(&bob, pr, "/greet").await.unwrap();
    let delivery = stage.heard(said).await.unwrap();
    let why = is(&mut stage, &delivery.guid, "away", TaskState::Parked).await;
    assert!(why.contains("cannot be reached"), "{why}");
    stage.handled(&delivery.guid, "greeter").await.unwrap();
    stage.world.kill_host();
    let back = Service::start(&host, 0, 200).unwrap();
    stage.world.start_host().unwrap();
    stage.world.ready().await.unwrap();
    is(&mut stage, &delivery.guid, "away", TaskState::Done).await;
    assert!(back.got().iter().any(|got| got.header("x-github-delivery") == Some(&delivery.guid)));
}

#[tokio::test]
async fn services_are_asked_for_their_help() {
    let service = Service::start("127.0.0.1:0", 0, 200).unwrap();
    let services = format!(
        "  - {{ name: helpful, endpoint: 'http://{}/at', events: [push] }}\n  - {{ name: gone, endpoint: 'http://127.0.0.1:1' }}\n",
        service.host
    );
    let stage = stage(&services, false).await;
    let url = format!("http://127.0.0.1:{}/plugin-help", stage.world.ports.hook);
    let help: Value = stage.world.http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(help["RepoExternalPlugins"], json!({ "": ["gone", "helpful"], "my-org": ["helpful", "gone"] }));
    let mut said: Value = serde_json::from_str(HELP).unwrap();
    said["Events"] = json!(["push"]);
    assert_eq!(help["ExternalPluginHelp"], json!({ "helpful": said }));
    let asked = service.got();
    assert_eq!(asked.len(), 1, "{asked:?}");
    let body: Value = serde_json::from_slice(&asked[0].body).unwrap();
    assert_eq!((asked[0].path.as_str(), body), ("/at/help", json!([{ "Org": "my-org", "Repo": "" }])));
}

#[tokio::test]
async fn in_a_dry_run_nothing_is_forwarded() {
    let service = Service::start("127.0.0.1:0", 0, 200).unwrap();
    let mut stage = stage(&format!("  - {{ name: real, endpoint: 'http://{}' }}\n", service.host), true).await;
    let bob = stage.bob.clone();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let said = stage.comment(&bob, pr, "/greet").await.unwrap();
    let delivery = stage.heard(said).await.unwrap();
    let why = is(&mut stage, &delivery.guid, "real", TaskState::Ignored).await;
    assert!(why.contains("dry run: not sent to http://"), "{why}");
    assert_eq!(service.got(), []);
}
