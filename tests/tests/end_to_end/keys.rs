//! Holding one repository's key gives no power over another: what a signed payload says besides its name selects nothing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sim::client::NewPr;
use store::TaskState;
use tests::demo_config;
use tests::hook::{self, Sent};
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen, write};

const SOON: Duration = Duration::from_secs(20);
const KEY: &str = "the key of my-org/hello alone";
const COMMIT: &str = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";

/// A system whose only key is one repository's.
async fn stage() -> Stage {
    let options = Options { started: false, ..demo_config::options(&Programs::find().unwrap()).unwrap() };
    let mut world = World::start(options).await.unwrap();
    write(world.dir(), "hmac", format!("{REPO}: [{{value: {KEY}}}]\n").as_bytes()).unwrap();
    world.start_host().unwrap();
    world.start_controller().unwrap();
    world.ready().await.unwrap();
    Stage::new(world, Instant::now()).await.unwrap()
}

/// A push to `main` of the key's repository, with what a forger changes laid over its `repository`.
fn push(stage: &Stage, after: &str, forged: &Value) -> Value {
    let base = stage.world.sim.base();
    let mut repository = json!({
        "id": 1, "name": "hello", "full_name": REPO, "owner": { "login": "my-org", "name": "my-org" },
        "html_url": format!("{base}/{REPO}"), "clone_url": format!("{base}/{REPO}.git"), "default_branch": "main",
    });
    repository.as_object_mut().unwrap().extend(forged.as_object().unwrap().clone());
    json!({
        "ref": "refs/heads/main", "before": "0".repeat(40), "after": after, "commits": [], "deleted": false,
        "compare": format!("{base}/my-org/other/compare/1...2"), "repository": repository,
    })
}

/// Posts it, signed with the one key, and waits until it is handled. Gives how its `trigger` task ended.
async fn handled(stage: &mut Stage, event: &str, guid: &str, payload: &Value) -> (TaskState, String) {
    let body = payload.to_string();
    let sent = Sent { event, guid, body: body.as_bytes(), secret: KEY };
    let answer = hook::post(&stage.world.http, &stage.world.hook_url(), &sent).await.unwrap();
    assert_eq!(answer.code, 200, "{}", answer.text);
    let inbox = stage.world.inbox().await.unwrap();
    let ended = stage.world.wait("trigger to have ended", SOON, async |_| {
        let report = seen(inbox.show(guid).await)?.ok_or("not in the inbox")?;
        let task = report.reports.into_iter().find(|task| task.plugin == "trigger").ok_or("no task")?;
        if task.state.is_open() {
            Err(task.state.to_string())
        } else {
            Ok((task.state, task.reason.unwrap_or_default()))
        }
    });
    ended.await.unwrap()
}

#[tokio::test]
async fn a_url_in_a_signed_push_does_not_choose_what_is_cloned() {
    let mut stage = stage().await;
    let base = stage.world.sim.base().to_owned();
    let other = format!("{base}/my-org/other");
    let forged = json!({ "html_url": other, "clone_url": format!("{other}.git"), "git_url": other });
    let guid = "0f0f0f0f-0000-4000-8000-000000000001";
    let payload = push(&stage, COMMIT, &forged);
    assert_eq!(handled(&mut stage, "push", guid, &payload).await.0, TaskState::Done);
    let made = stage.started(guid, &["deploy"]).await.unwrap();
    let refs = made[0].spec.refs.as_ref().unwrap();
    assert_eq!(refs.clone_address(), format!("{base}/{REPO}.git"));
    assert_eq!((refs.full_name().as_str(), refs.base_sha.as_str()), (REPO, COMMIT));
    assert_eq!(refs.base_link, format!("{base}/{REPO}/commit/{COMMIT}"));
}

#[tokio::test]
async fn a_push_that_names_no_commit_starts_nothing() {
    let mut stage = stage().await;
    for (n, after) in ["", "main", "--upload-pack=touch /tmp/x"].into_iter().enumerate() {
        let guid = format!("0f0f0f0f-0000-4000-8000-00000000010{n}");
        let payload = push(&stage, after, &json!({}));
        let (state, said) = handled(&mut stage, "push", &guid, &payload).await;
        assert!(matches!(state, TaskState::Failed | TaskState::Ignored), "{after:?}: {state}, {said}");
        stage.started(&guid, &[]).await.unwrap();
    }
}

/// `trigger` asks GitHub about the repository that the event names to it.
#[tokio::test]
async fn an_owner_in_a_signed_payload_does_not_choose_whom_a_plugin_takes_it_for() {
    let mut stage = stage().await;
    let base = stage.world.sim.base().to_owned();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap();
    let author = json!({ "login": "alice", "id": 3, "type": "User" });
    let payload = json!({
        "action": "created",
        "issue": {
            "number": pr.number, "id": 7, "title": "one", "state": "open", "user": author, "labels": [], "assignees": [],
            "html_url": format!("{base}/victim/hello/pull/{}", pr.number), "pull_request": {},
        },
        "comment": { "id": 9, "body": "/test nonsense", "user": author, "html_url": format!("{base}/victim") },
        "repository": { "id": 1, "name": "other", "full_name": REPO, "owner": { "login": "victim" }, "html_url": base },
        "organization": { "login": "victim" },
        "sender": author,
    });
    let seen = stage.world.sim.requests(0).await.unwrap().last().map_or(0, |request| request.seq);
    let guid = "0f0f0f0f-0000-4000-8000-000000000002";
    let (state, said) = handled(&mut stage, "issue_comment", guid, &payload).await;
    assert_eq!(state, TaskState::Done, "{said}");
    let requests = stage.world.sim.requests(seen).await.unwrap();
    let own: Vec<_> = requests.iter().filter(|request| request.user_agent.contains("bowsprit.trigger/")).collect();
    assert!(own.iter().any(|request| request.path.contains(REPO)), "{own:?}");
    let others: Vec<_> = own.iter().filter(|request| format!("{request:?}").contains("victim")).collect();
    assert!(others.is_empty(), "{others:?}");
}
