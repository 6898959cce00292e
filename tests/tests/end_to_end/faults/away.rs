//! GitHub refuses everyone for a while, or says nothing at all.

use sim::fault::{FaultKind, FaultSpec, Match};
use tests::demo_config::GREETING;
use tests::stage::{REPO, Stage};
use tests::world::seen;

use super::{HELD, SOON, open, options, stage};

const PRS: usize = 5;

/// All that plugins ask for, for as long as it is set.
fn everything(fault: FaultKind) -> FaultSpec {
    let matches = Match { user_agent: Some("bowsprit.".to_owned()), ..Match::default() };
    FaultSpec { matches, times: u64::MAX, fault }
}

#[tokio::test]
async fn a_limit_that_stops_everyone_puts_all_aside_and_each_effect_comes_once_after_it() {
    let mut stage = stage(options()).await;
    let bob = stage.bob.clone();
    let numbers = open(&mut stage, PRS).await;
    for (round, fault) in
        [FaultKind::PrimaryLimit, FaultKind::SecondaryLimit, FaultKind::TooManyRequests].into_iter().enumerate()
    {
        let what = format!("{fault:?}");
        stage.world.sim.fault(&everything(fault)).await.unwrap();
        for number in &numbers {
            bob.comment(REPO, *number, if round % 2 == 0 { "/greet\n/hold" } else { "/greet\n/unhold" }).await.unwrap();
        }
        // A task for each plugin that has something to do.
        parked(&mut stage, 2 * numbers.len()).await;
        stage.world.sim.clear_faults().await.unwrap();
        stage.idle().await.unwrap();
        for number in &numbers {
            let held = stage.world.sim.labels(REPO, *number).await.unwrap().iter().any(|label| label == HELD);
            assert_eq!(held, round % 2 == 0, "{what}: #{number}");
            assert_eq!(stage.bot_said(*number, GREETING).await.unwrap(), round + 1, "{what}: #{number}");
        }
    }
    let state = stage.world.sim.state().await.unwrap();
    for number in numbers {
        let history = &state["repos"][REPO]["issues"][number.to_string()]["history"];
        let put_on = history.as_array().unwrap().iter().filter(|event| event["what"]["name"] == HELD).count();
        assert_eq!(put_on, 3, "on, off, and on again: {history}");
    }
}

/// Waits until at least so many tasks are put aside.
async fn parked(stage: &mut Stage, count: usize) {
    let inbox = stage.world.inbox().await.unwrap();
    let count = u64::try_from(count).unwrap();
    let all = stage.world.wait("all tasks to be put aside", SOON, async |_| {
        let counts = seen(inbox.counts().await)?;
        if counts.parked >= count { Ok(()) } else { Err(format!("{counts:?}")) }
    });
    all.await.unwrap();
}

/// The run ends at its deadline, with its comment in doubt; whether that was made is looked for, and it was not.
#[tokio::test]
async fn a_github_that_says_nothing_is_asked_again_and_the_comment_comes_once() {
    let mut options = options();
    let entry = "component: ./greeter.wasm\n";
    options.plugins = options.plugins.replace(entry, &format!("{entry}    limits: {{ deadline: 2s }}\n"));
    let mut stage = stage(options).await;
    let bob = stage.bob.clone();
    let number = open(&mut stage, 1).await[0];
    let matches = Match {
        method: Some("POST".to_owned()),
        path_regex: Some(format!("/issues/{number}/comments$")),
        user_agent: Some("bowsprit.greeter/".to_owned()),
        ..Match::default()
    };
    stage.world.sim.fault(&FaultSpec { matches, times: 1, fault: FaultKind::DelayMs(600_000) }).await.unwrap();
    let delivery = stage.says(&bob, number, "/greet", "greeter").await.unwrap();
    let report = stage.world.inbox().await.unwrap().show(&delivery.guid).await.unwrap().unwrap();
    let task = report.reports.iter().find(|task| task.plugin == "greeter").unwrap();
    assert_eq!(task.attempts, 1, "an upstream that keeps a run waiting has failed it");
    assert_eq!(stage.bot_said(number, GREETING).await.unwrap(), 1);
}
