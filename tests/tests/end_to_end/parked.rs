//! What passes with time is waited for: the plugin never sees it, and what it wanted happens later, once.

use std::time::Instant;

use sim::client::{NewPr, Request};
use sim::fault::{FaultKind, FaultSpec, Match};
use tests::demo_config;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::World;

const HELD: &str = "do-not-merge/hold";

#[tokio::test]
async fn limits_and_outages_put_a_task_aside_and_its_effect_happens_later_once() {
    let options = demo_config::options(&Programs::find().unwrap()).unwrap();
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();
    let bob = stage.bob.clone();
    for (n, (fault, failures)) in [
        (FaultKind::TooManyRequests, 0),
        (FaultKind::PrimaryLimit, 0),
        (FaultKind::SecondaryLimit, 0),
        (FaultKind::InternalError, 1),
        (FaultKind::Reset, 1),
    ]
    .into_iter()
    .enumerate()
    {
        let what = format!("{fault:?}");
        let pr =
            stage.alice.open_pr(REPO, &NewPr::of_file(&what, &format!("{n}.txt"), &format!("{n}\n"))).await.unwrap();
        stage.idle().await.unwrap();
        let path = format!("/issues/{}/labels", pr.number);
        let matches = Match {
            method: Some("POST".to_owned()),
            path_regex: Some(format!("{path}$")),
            user_agent: Some("bowsprit.hold/".to_owned()),
            ..Match::default()
        };
        stage.world.sim.fault(&FaultSpec { matches, times: 1, fault }).await.unwrap();
        let seen = stage.world.sim.requests(0).await.unwrap().last().map_or(0, |request| request.seq);
        let delivery = stage.says(&bob, pr.number, "/hold", "hold").await.unwrap();
        stage.labels(pr.number, &[HELD], &[]).await.unwrap();

        let report = stage.world.inbox().await.unwrap().show(&delivery.guid).await.unwrap().unwrap();
        let task = report.reports.iter().find(|task| task.plugin == "hold").unwrap();
        assert_eq!(task.attempts, failures, "{what}: a limit is no failure, an outage is one");
        let log = std::fs::read_to_string(stage.world.path("host.log")).unwrap();
        let aside = log.lines().filter(|line| line.contains("put aside") && line.contains(&delivery.guid)).count();
        assert_eq!(aside, 1, "{what}");
        let requests = stage.world.sim.requests(seen).await.unwrap();
        let is_own =
            |request: &&Request| request.user_agent.contains("bowsprit.hold/") && request.path.ends_with(&path);
        let tried = requests.iter().filter(is_own).filter(|request| request.method == "POST").count();
        assert_eq!(tried, 2, "{what}: once in vain, once with effect");
    }
}
