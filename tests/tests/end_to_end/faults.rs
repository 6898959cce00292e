//! Floods, a full disk, a GitHub that is away, a clock that jumps: what was acknowledged is done, once, and the host needs
//! nobody's help.

mod away;
mod clock;
mod disk;
mod flood;

use std::time::{Duration, Instant};

use sim::client::NewPr;
use store::DeliveryState;
use tests::demo_config;
use tests::hook::{self, Sent, comment_payload};
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{Options, World, seen};

const SOON: Duration = Duration::from_secs(120);
const HELD: &str = "do-not-merge/hold";

/// The example with a greeter; nothing is started.
fn options() -> Options {
    Options { started: false, ..demo_config::options(&Programs::find().unwrap()).unwrap() }
}

/// A world whose host is started, and no controller.
async fn stage(options: Options) -> Stage {
    let mut world = World::start(options).await.unwrap();
    world.start_host().unwrap();
    world.ready().await.unwrap();
    Stage::new(world, Instant::now()).await.unwrap()
}

/// Opens so many pull requests, and waits until nothing is left to do about them. Gives their numbers.
async fn open(stage: &mut Stage, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    for at in 0..count {
        let name = format!("change-{at}");
        numbers.push(stage.alice.open_pr(REPO, &NewPr::of_file(&name, &name, "1\n")).await.unwrap().number);
    }
    stage.world.sim.quiesce(SOON).await.unwrap();
    stage.idle().await.unwrap();
    numbers
}

/// A GUID by number.
fn guid(at: usize) -> String {
    format!("0f0f0f0f-0000-4000-8000-{at:012x}")
}

/// Posts bob's comment, and gives the status code; none if there was no answer.
async fn post(world: &World, guid: &str, number: u64, text: &str) -> Option<u16> {
    let body = comment_payload(number, "bob", text);
    let sent = Sent { event: "issue_comment", guid, body: body.as_bytes(), secret: &world.secret };
    hook::post(&world.http, &world.hook_url(), &sent).await.ok().map(|answer| answer.code)
}

/// Waits until all of these deliveries are done.
async fn all_done(stage: &mut Stage, guids: &[String]) {
    let inbox = stage.world.inbox().await.unwrap();
    let done = stage.world.wait("all that was acknowledged to be done", SOON, async |_| {
        let mut left = Vec::new();
        for guid in guids {
            let report = seen(inbox.show(guid).await)?.ok_or_else(|| format!("{guid} was acknowledged and lost"))?;
            if report.summary.state != DeliveryState::Done {
                left.push(format!("{guid} is {}", report.summary.state));
            }
        }
        if left.is_empty() { Ok(()) } else { Err(format!("{} of them, {:?}", left.len(), left.first())) }
    });
    done.await.unwrap();
}
