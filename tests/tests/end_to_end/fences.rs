//! A plugin that misbehaves hurts no one but itself.

use std::time::{Duration, Instant};

use sim::client::NewPr;
use store::{TaskKind, TaskReport, TaskState};
use tests::demo_config;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen};

const SOON: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_guest_that_spins_disturbs_nobody() {
    disturbs_nobody("3s", &[("spin", "deadline")]).await;
}

#[tokio::test]
async fn a_guest_that_traps_eats_recurses_hoards_or_gorges_disturbs_nobody() {
    let ways = [
        ("trap", "trapped"),
        ("eat", "over its limits: its memory"),
        // A Rust guest's stack lies at the bottom of its memory: what outgrows it leaves the memory.
        ("recurse", "out of bounds memory access"),
        ("hoard", "over its limits: it holds 1000 handles"),
        ("gorge", "over its limits: over 16384 KiB"),
    ];
    // A deadline that none of them comes near, however busy the machine: each ends by the limit of its own.
    disturbs_nobody("60s", &ways).await;
}

async fn disturbs_nobody(deadline: &str, ways: &[(&str, &str)]) {
    let programs = Programs::find().unwrap();
    let component = std::fs::read(programs.plugins.join("examples/wrecker.wasm")).unwrap();
    let plugins = format!(
        "
plugins:
  my-org:
    plugins: [wrecker, hold]
modules:
  wrecker:
    component: ./wrecker.wasm
    limits: {{ memory: 16Mi, deadline: {deadline} }}
"
    );
    let mut options = Options::new(demo_config::example("config.yaml").unwrap(), plugins);
    options.beside.push(("wrecker.wasm".to_owned(), component));
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();
    let bob = stage.bob.clone();

    let mut wrecked = Vec::new();
    for &(way, why) in ways {
        let pr = stage.alice.open_pr(REPO, &NewPr::of_file(way, &format!("{way}.txt"), "1\n")).await.unwrap();
        // The other plugin handles the same comment, beside the one that misbehaves.
        let delivery = stage.says(&bob, pr.number, &format!("/wreck {way}\n/hold"), "hold").await.unwrap();
        stage.labels(pr.number, &["do-not-merge/hold"], &[]).await.unwrap();
        wrecked.push((delivery.guid, way, why));
    }
    for (guid, way, why) in wrecked {
        let ended = stage.world.wait("the plugin that misbehaves to have failed", SOON, async |world| {
            let inbox = seen(world.inbox().await)?;
            let report = seen(inbox.show(&guid).await)?.ok_or("no such delivery")?;
            let is_asked = |task: &&TaskReport| task.plugin == "wrecker" && task.kind == TaskKind::Comment;
            let task = report.reports.iter().find(is_asked).ok_or("no task")?;
            let reason = task.reason.clone().unwrap_or_default();
            if task.state == TaskState::Failed && reason.contains(why) {
                Ok(())
            } else {
                Err(format!("/wreck {way}: {} {reason}", task.state))
            }
        });
        ended.await.unwrap();
    }
    let metrics = stage.world.metrics().await.unwrap();
    assert!(metrics.contains("prow_plugin_handle_errors"), "{metrics}");
}

#[test]
fn the_compiler_limits_itself_before_it_reads() {
    let dir = tempfile::tempdir().unwrap();
    let input = dir.path().join("in.wasm");
    // A reader of a pipe that nobody writes to waits: so what the child has done before can be looked at.
    rustix::fs::mkfifoat(rustix::fs::CWD, &input, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
    let mut child = std::process::Command::new(&Programs::find().unwrap().bowsprit)
        .arg("compile-component")
        .arg(&input)
        .arg(dir.path().join("out.cwasm"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // Opening waits for the child to open its end, which it does after it has limited itself.
    let writer = std::fs::OpenOptions::new().write(true).open(&input).unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    drop(writer);
    assert!(!child.wait().unwrap().success(), "nothing is no component");
    let limit = |name: &str| {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..].split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(limit("Max address space"), (4_u64 << 30).to_string(), "{limits}");
    assert_eq!(limit("Max cpu time"), "120", "{limits}");
    assert_eq!(limit("Max file size"), (1_u64 << 30).to_string(), "{limits}");
    assert_eq!(limit("Max core file size"), "0", "{limits}");
}
