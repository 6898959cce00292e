//! Several hosts on one PostgreSQL: killed, stopped and replaced while events flow, they come to what one host comes to that
//! nobody disturbs.

mod fleet;
mod front;
mod talk;

use std::time::{Duration, Instant};

use database::Server;
use rustix::process::Signal;
use serde_json::Value;
use tests::hook::{self, Sent};
use tests::process::Process;
use tests::programs::Programs;
use tests::stage::REPO;
use tests::world::World;

use fleet::Fleet;
use front::Front;
use talk::Talk;

/// How soon the keys of a host that is gone have to be another's.
const TAKEN_OVER: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hosts_come_to_what_one_comes_to() {
    let Some(server) = Server::start() else { return };
    let alone = {
        let mut world = World::start(talk::options(true).unwrap()).await.unwrap();
        let talk = Talk::start(&world).await.unwrap();
        for round in 0..talk::ROUNDS.len() {
            talk.say(round).await.unwrap();
            talk.heard(&mut world).await.unwrap();
        }
        let inbox = world.inbox().await.unwrap();
        talk.settle(&mut world, &inbox).await.unwrap();
        talk.end(&world, &inbox).await.unwrap()
    };

    let url = server.database();
    let mut world = World::start(talk::options(false).unwrap()).await.unwrap();
    world.tell_host([format!("--inbox={url}").into()]);
    let mut fleet = Fleet::start(&world, &server, &url).await.unwrap();
    let _front = Front::start(world.ports.hook, fleet.hooks()).await.unwrap();
    let inbox = fleet.inbox().await.unwrap();
    let talk = Talk::start(&world).await.unwrap();
    for round in 0..talk::ROUNDS.len() {
        talk.say(round).await.unwrap();
        match round {
            // Each in the middle of what it does, and for good, as far as the others can tell.
            1 => {
                fleet.with_work(&mut world, 0).await.unwrap();
                fleet.kill(0);
                let gone = Instant::now();
                fleet.taken_over(&mut world, 0).await.unwrap();
                println!("killed: its keys had other owners after {:?}", gone.elapsed());
                assert!(gone.elapsed() < TAKEN_OVER, "{:?}", gone.elapsed());
            }
            3 => {
                fleet.with_work(&mut world, 1).await.unwrap();
                fleet.signal(1, Signal::STOP);
                let gone = Instant::now();
                fleet.taken_over(&mut world, 1).await.unwrap();
                println!("stopped: its keys had other owners after {:?}", gone.elapsed());
                assert!(gone.elapsed() < TAKEN_OVER, "{:?}", gone.elapsed());
                fleet.restart(&world, 0).await.unwrap();
            }
            // It goes on where it was, in the midst of what others have done meanwhile.
            4 => fleet.signal(1, Signal::CONT),
            5..=7 => {
                let one = round - 5;
                let ended = fleet.end(one);
                assert!(ended.success(), "{}", Process::describe(ended));
                fleet.restart(&world, one).await.unwrap();
            }
            _ => {}
        }
        talk.heard(&mut world).await.unwrap();
    }
    talk.settle(&mut world, &inbox).await.unwrap();
    let together = talk.end(&world, &inbox).await.unwrap();
    assert_eq!(together, alone, "{}", fleet.logs(&world));
    let place = fleet.status(&world, 2).await.unwrap()["inbox"]["place"].clone();
    assert_eq!(place["kind"], "postgres", "{place}");
    let alive = place["hosts"].as_array().unwrap().iter().filter(|host| host["alive"] == true).count();
    assert_eq!(alive, 3, "{place}");
}

/// The server is stopped under load and started again: senders are told in time, what was acknowledged is handled, and the host
/// goes on by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_is_waited_for() {
    let Some(mut server) = Server::start() else { return };
    let url = server.database();
    let mut world = World::start(talk::options(false).unwrap()).await.unwrap();
    world.tell_host([format!("--inbox={url}").into()]);
    world.start_host().unwrap();
    world.ready().await.unwrap();
    let talk = Talk::start(&world).await.unwrap();
    talk.say(0).await.unwrap();
    talk.heard(&mut world).await.unwrap();

    let post = async |world: &World, guid: &str| {
        let body =
            br#"{"zen":"x","repository":{"name":"hello","full_name":"my-org/hello","owner":{"login":"my-org"}}}"#;
        let sent = Sent { event: "ping", guid, body, secret: &world.secret };
        hook::post(&world.http, &world.hook_url(), &sent).await.unwrap()
    };
    assert_eq!(post(&world, "before").await.code, 200);
    tokio::task::block_in_place(|| server.stop());
    let asked = Instant::now();
    let refused = post(&world, "during").await;
    assert_eq!(refused.code, 503, "{}", refused.text);
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    let status: Value = world.status().await.unwrap();
    assert!(status["inbox"]["error"].as_str().is_some_and(|why| why.contains("does not answer")), "{status}");
    tokio::task::block_in_place(|| server.start_again());
    world
        .wait("a delivery to be kept again", SOON, async |world| match post(world, "after").await.code {
            200 => Ok(()),
            other => Err(other.to_string()),
        })
        .await
        .unwrap();
    talk.say(1).await.unwrap();
    talk.heard(&mut world).await.unwrap();
    let place = store::Server::parse(&url, None).unwrap();
    let inbox = store::Inbox::connect_read_only(&place).await.unwrap();
    talk.settle(&mut world, &inbox).await.unwrap();
    for guid in ["before", "after"] {
        let report = inbox.show(guid).await.unwrap().expect("acknowledged");
        assert_eq!(report.summary.state, store::DeliveryState::Done, "{guid}");
    }

    // The same flags show people what is there.
    let bowsprit = Programs::find().unwrap().bowsprit;
    let listed = std::process::Command::new(bowsprit)
        .args(["deliveries", "list", "--repo", REPO, "--limit=0", "--output=json"])
        .arg(format!("--inbox={url}"))
        .output()
        .unwrap();
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("\"before\"") && listed.contains("\"after\""), "{listed}");
}
