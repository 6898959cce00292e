//! What a plugin was not given it does not get: each call is checked, whatever the component imports.

use std::time::{Duration, Instant};

use sim::client::NewPr;
use tests::demo_config;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen};

const SOON: Duration = Duration::from_secs(60);
const PLUGINS: &str = "
plugins:
  my-org:
    plugins: [prober]
modules:
  prober:
    component: ./prober.wasm
    grants: { issues: write, pull_requests: write, repos: [\"my-org/hel*\"] }
    limits: { effects: 5 }
";

async fn stage() -> Stage {
    let programs = Programs::find().unwrap();
    let component = std::fs::read(programs.plugins.join("examples/prober.wasm")).unwrap();
    let mut options = Options::new(demo_config::example("config.yaml").unwrap(), PLUGINS);
    options.beside.push(("prober.wasm".to_owned(), component));
    Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap()
}

/// Has the prober reach for something, and looks at what it was told.
async fn check(stage: &mut Stage, number: u64, probe: &str, want: &[&str]) {
    let bob = stage.bob.clone();
    let delivery = stage.says(&bob, number, &format!("/probe {probe}"), "prober").await.unwrap();
    let told = stage.handled(&delivery.guid, "prober").await.unwrap().reason.unwrap_or_default();
    for part in want {
        assert!(told.contains(part), "/probe {probe} on #{number}, {part}: {told}");
    }
}

#[tokio::test]
async fn what_was_not_granted_is_denied_at_the_call() {
    let mut stage = stage().await;
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let issue = stage.alice.open_issue(REPO, "one", "text").await.unwrap();

    check(&mut stage, pr, "for-repo my-org/hello", &["allowed"]).await;
    check(&mut stage, pr, "for-repo my-org/help", &["allowed"]).await;
    check(&mut stage, pr, "for-repo my-org/other", &["Denied", "`my-org/other`", "grants.repos"]).await;
    check(&mut stage, pr, "for-repo other/hello", &["Denied"]).await;
    for number in [pr, issue] {
        check(&mut stage, number, "read-only", &["Denied", "read-only"]).await;
    }
    check(&mut stage, pr, "wrong-kind", &["Denied", "is a pull request"]).await;
    check(&mut stage, issue, "wrong-kind", &["Denied", "is an issue"]).await;
    stage.idle().await.unwrap();
    for number in [pr, issue] {
        assert_eq!(stage.world.sim.labels(REPO, number).await.unwrap(), [""; 0], "#{number}");
    }

    check(&mut stage, pr, "effects", &["Exhausted", "limits.effects"]).await;
    assert_eq!(stage.world.sim.labels(REPO, pr).await.unwrap().len(), 5);
}

/// The lines of `/metrics` that count denied calls.
fn counted(metrics: &str) -> Vec<&str> {
    metrics.lines().filter(|line| line.starts_with("bowsprit_plugin_calls_denied")).collect()
}

#[tokio::test]
async fn a_denied_call_is_counted_for_its_plugin_and_told_in_the_trace() {
    let mut stage = stage().await;
    let issue = stage.alice.open_issue(REPO, "one", "text").await.unwrap();
    let bob = stage.bob.clone();
    let rows = [
        ("for-repo my-org/hello", None, 0),
        ("for-repo my-org/other", Some("add `my-org/other` to `grants.repos`"), 1),
        ("read-only", Some("this client-agent is read-only"), 2),
        ("for-repo other/hello", Some("add `other/hello` to `grants.repos`"), 3),
        // By what it is about,
        ("wrong-kind", Some("is an issue"), 4),
        // and by a bound.
        ("effects", Some("raise `limits.effects`"), 5),
    ];
    assert_eq!(counted(&stage.world.metrics().await.unwrap()), [""; 0]);
    for (probe, told, count) in rows {
        let delivery = stage.says(&bob, issue, &format!("/probe {probe}"), "prober").await.unwrap();
        let trace = stage.handled(&delivery.guid, "prober").await.unwrap().trace.unwrap();
        let denied: Vec<_> =
            trace["denied"].as_array().into_iter().flatten().map(|one| one.as_str().unwrap()).collect();
        assert_eq!(denied.len(), usize::from(told.is_some()), "{probe}: {trace}");
        assert!(denied.iter().all(|one| one.contains(told.unwrap())), "{probe}: {denied:?}");
        // By its plugin alone, so that a guest cannot make series.
        let line = format!("bowsprit_plugin_calls_denied{{plugin=\"prober\"}} {count}");
        let want = if count == 0 { Vec::new() } else { vec![line.as_str()] };
        // It is counted right after the task has ended.
        let what = format!("{count} denied calls to be counted");
        let ended = stage.world.wait(&what, SOON, async |world| {
            let metrics = seen(world.metrics().await)?;
            if counted(&metrics) == want { Ok(()) } else { Err(format!("{:?}", counted(&metrics))) }
        });
        ended.await.unwrap();
    }
}

#[tokio::test]
async fn a_comment_is_deleted_only_where_it_stands() {
    let mut stage = stage().await;
    let alice = stage.alice.clone();
    let one = alice.open_issue(REPO, "one", "text").await.unwrap();
    let other = alice.open_issue(REPO, "other", "text").await.unwrap();
    let pr = alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let of_other = alice.comment(REPO, other, "stays").await.unwrap();
    let of_pr = alice.comment(REPO, pr, "stays").await.unwrap();
    let of_one = alice.comment(REPO, one, "goes").await.unwrap();
    for id in [of_other, of_pr] {
        let under = format!("does not stand under #{one}");
        check(&mut stage, one, &format!("delete {id}"), &["Denied", &under]).await;
    }
    check(&mut stage, pr, &format!("delete {of_other}"), &["Denied"]).await;
    check(&mut stage, one, &format!("delete {of_one}"), &["allowed"]).await;
    check(&mut stage, one, &format!("delete {of_one}"), &["allowed"]).await;
    for (number, id, there) in [(other, of_other, true), (pr, of_pr, true), (one, of_one, false)] {
        let comments = stage.world.sim.comments(REPO, number).await.unwrap();
        assert_eq!(comments.iter().any(|comment| comment.id == id), there, "{id} under #{number}");
    }
}

#[tokio::test]
async fn a_flood_of_log_lines_is_cut() {
    let mut stage = stage().await;
    let (bob, issue) = (stage.bob.clone(), stage.alice.open_issue(REPO, "one", "text").await.unwrap());
    let delivery = stage.says(&bob, issue, "/probe shout", "prober").await.unwrap();
    let trace = stage.handled(&delivery.guid, "prober").await.unwrap().trace.unwrap();
    let lines = trace["log"].as_array().unwrap();
    // As many lines of 4 KiB as `limits.log` has room for, and one that says how many there were besides.
    assert_eq!(lines.len(), 64);
    assert!(lines[63]["message"].as_str().unwrap().contains("more lines were dropped"), "{}", lines[63]);
    for line in lines {
        let length = line["message"].as_str().unwrap().len();
        assert!(length <= (4 << 10) + '…'.len_utf8(), "{length}");
    }
}
