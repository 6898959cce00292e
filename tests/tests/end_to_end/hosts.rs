//! Several hosts on one PostgreSQL: killed, stopped and replaced while events flow, they come to what one host comes to that
//! nobody disturbs.

mod fleet;
mod front;
mod talk;

use std::time::{Duration, Instant};

use database::Server;
use rustix::process::Signal;
use serde_json::Value;
use sim::client::NewPr;
use sim::fault::{FaultKind, FaultSpec, Match};
use tests::hook::{self, Sent};
use tests::process::Process;
use tests::programs::Programs;
use tests::stage::REPO;
use tests::world::{HostPorts, World, seen};

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
    let (mut killed, mut stopped) = (0, 0);
    for round in 0..talk::ROUNDS.len() {
        talk.say(round).await.unwrap();
        match round {
            // Each in the middle of what it does, and for good, as far as the others can tell.
            1 => {
                killed = fleet.busiest(&mut world).await.unwrap();
                fleet.kill(killed);
                let gone = Instant::now();
                fleet.taken_over(&mut world, killed).await.unwrap();
                println!("killed: its keys had other owners after {:?}", gone.elapsed());
                assert!(gone.elapsed() < TAKEN_OVER, "{:?}", gone.elapsed());
            }
            3 => {
                stopped = fleet.busiest(&mut world).await.unwrap();
                fleet.signal(stopped, Signal::STOP);
                let gone = Instant::now();
                fleet.taken_over(&mut world, stopped).await.unwrap();
                println!("stopped: its keys had other owners after {:?}", gone.elapsed());
                assert!(gone.elapsed() < TAKEN_OVER, "{:?}", gone.elapsed());
                fleet.restart(&world, killed).await.unwrap();
            }
            // It goes on where it was, in the midst of what others have done meanwhile.
            4 => fleet.signal(stopped, Signal::CONT),
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

/// What is begun with one configuration is ended with it, by a host that never had it: its files are in the inbox.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_has_what_another_one_began_with() {
    let Some(server) = Server::start() else { return };
    let url = server.database();
    let mut world = World::start(talk::options(false).unwrap()).await.unwrap();
    world.tell_host([format!("--inbox={url}").into()]);
    world.start_host().unwrap();
    world.ready().await.unwrap();
    let alice = world.sim.user("alice").await.unwrap();
    let pr = alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let matches = Match {
        method: Some("POST".to_owned()),
        path_regex: Some("/comments$".to_owned()),
        user_agent: Some("bowsprit.".to_owned()),
        ..Match::default()
    };
    let away = FaultSpec { matches, times: u64::MAX, fault: FaultKind::BadGateway };
    world.sim.fault(&away).await.unwrap();
    alice.comment(REPO, pr, "/greet").await.unwrap();
    let place = store::Server::parse(&url, None).unwrap();
    let inbox = store::Inbox::connect_read_only(&place).await.unwrap();
    let parked = world.wait("the greeting to be put aside", SOON, async |_| {
        let counts = seen(inbox.counts().await)?;
        if counts.parked > 0 { Ok(()) } else { Err(format!("{counts:?}")) }
    });
    parked.await.unwrap();
    world.kill_host();

    let plugins = talk::options(false).unwrap().plugins;
    let newer = plugins.replace(talk::GREETING, "Good evening!");
    assert_ne!(plugins, newer);
    tests::world::write(world.dir(), "plugins.yaml", newer.as_bytes()).unwrap();
    world.sim.clear_faults().await.unwrap();
    let mut other = world.start_another("other", HostPorts::free().unwrap()).unwrap();
    let greeted = world.wait("the greeting", SOON, async |world| {
        let said = seen(world.sim.comments(REPO, pr).await)?;
        let bodies: Vec<_> = said.into_iter().map(|comment| comment.body).collect();
        if bodies.iter().any(|body| body.contains(talk::GREETING)) { Ok(()) } else { Err(format!("{bodies:?}")) }
    });
    greeted.await.unwrap_or_else(|error| panic!("{error:#}\n{}", other.log_tail()));
    other.kill();
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
