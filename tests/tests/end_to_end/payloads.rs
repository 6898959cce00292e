//! Every webhook payload that GitHub publishes, through the whole host and into a guest.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use store::{DeliveryState, Filter, TaskState};
use tests::demo_config;
use tests::hook::{self, Sent};
use tests::programs::Programs;
use tests::stage::Stage;
use tests::world::{Options, World, seen};

const SOON: Duration = Duration::from_secs(120);

/// GitHub's examples by event name; `None`, and a line in the list of skipped tests, where they are absent.
fn payloads(test: &str) -> Option<Vec<(String, Value)>> {
    let file = counterparts::data(test, "github-webhook-examples/api.github.com.json.gz")?;
    let packed = std::fs::File::open(file).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    let events: Vec<Value> = serde_json::from_str(&text).unwrap();
    let of_event = |event: &Value| {
        let name = event["name"].as_str().unwrap().to_owned();
        event["examples"].as_array().unwrap().iter().map(|body| (name.clone(), body.clone())).collect::<Vec<_>>()
    };
    Some(events.iter().flat_map(of_event).collect())
}

#[tokio::test]
async fn every_payload_of_a_repository_reaches_a_guest_and_is_handled() {
    let Some(payloads) = payloads("every_payload_of_a_repository_reaches_a_guest_and_is_handled") else { return };
    let orgs: BTreeSet<_> = payloads
        .iter()
        .filter_map(|(_, body)| Some(body.pointer("/repository/full_name")?.as_str()?.split_once('/')?.0.to_owned()))
        .collect();
    let enabled: String = orgs.iter().map(|org| format!("  {org}: {{ plugins: [wrecker] }}\n")).collect();
    let plugins = format!("plugins:\n{enabled}modules:\n  wrecker: {{ component: ./wrecker.wasm }}\n");
    let component = Programs::find().unwrap().plugins.join("examples/wrecker.wasm");
    let mut options = Options::new(demo_config::example("config.yaml").unwrap(), plugins);
    options.beside.push(("wrecker.wasm".to_owned(), std::fs::read(component).unwrap()));
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();

    let mut of_repos = BTreeSet::new();
    for (n, (event, body)) in payloads.iter().enumerate() {
        let (guid, text) = (format!("0f0f0f0f-0000-4000-8000-{n:012}"), body.to_string());
        let sent = Sent { event, guid: &guid, body: text.as_bytes(), secret: &stage.world.secret };
        let answer = hook::post(&stage.world.http, &stage.world.hook_url(), &sent).await.unwrap();
        assert_eq!(answer.code, 200, "{event}: {}", answer.text);
        if body.pointer("/repository/full_name").is_some_and(Value::is_string) {
            of_repos.insert(guid);
        }
    }
    let inbox = stage.world.inbox().await.unwrap();
    let list = stage.world.wait("every delivery to be done", SOON, async |_| {
        let list = seen(inbox.list(&Filter::default()).await)?;
        let left = list.iter().filter(|delivery| delivery.state != DeliveryState::Done).count();
        if left == 0 { Ok(list) } else { Err(format!("{left} of {} are not done", list.len())) }
    });
    let list = list.await.unwrap();
    assert_eq!(list.len(), payloads.len(), "none is lost");
    for delivery in list {
        assert_eq!(!delivery.tasks.is_empty(), of_repos.contains(&delivery.guid), "{}: {delivery:?}", delivery.event);
        // None of them asks for anything, so all are read and left alone.
        assert!(delivery.tasks.iter().all(|task| task.state == TaskState::Ignored), "{delivery:?}");
    }
}
