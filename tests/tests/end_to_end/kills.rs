//! Host and controller are killed with SIGKILL at random moments of a conversation, and started again: the end is that of a
//! conversation that nobody disturbed.

mod armed;
mod final_state;
mod moments;
mod script;
mod settled;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tests::demo_config;
use tests::lines;
use tests::programs::Programs;
use tests::world::World;

use armed::Armed;
use moments::{Kill, Moments};
use script::{STEPS, Script};

/// Kills of the short tier and of the long one (`BOWSPRIT_LONG=1`).
const KILLS: (usize, usize) = (3, 100);
/// Kills in one conversation; each in a step of its own.
const KILLS_A_RUN: usize = 4;

/// One conversation and what became of it.
struct Played {
    end: Vec<String>,
    moments: Moments,
    kills: Vec<Killed>,
}

/// A kill that took place.
struct Killed {
    kill: Kill,
    /// Effects whose intent was on disk and whose result was not.
    in_doubt: Vec<String>,
}

#[tokio::test]
async fn kills_at_random_moments_change_nothing_in_the_end() {
    let wanted = if std::env::var_os("BOWSPRIT_LONG").is_some() { KILLS.1 } else { KILLS.0 };
    let seed = match std::env::var("BOWSPRIT_SEED") {
        Ok(seed) => seed.parse().expect("BOWSPRIT_SEED is a number"),
        Err(_) => rand::random::<u64>(),
    };
    println!("seed: {seed} (BOWSPRIT_SEED={seed} draws the same moments again)");
    let mut random = StdRng::seed_from_u64(seed);
    let undisturbed = play(&[]).await;
    println!("moments to be drawn from: {}", undisturbed.moments);

    let mut killed = Vec::new();
    let mut drawn = 0;
    while killed.len() < wanted {
        let count = KILLS_A_RUN.min(wanted - killed.len());
        let kills = undisturbed.moments.draw(&mut random, count, drawn);
        drawn += kills.len();
        assert!(drawn <= 2 * wanted + 10, "{drawn} moments were drawn, and only {} came to pass", killed.len());
        let played = play(&kills).await;
        for one in &played.kills {
            println!("{}: in doubt: {:?}", one.kill, one.in_doubt);
        }
        let lines = lines::difference(&undisturbed.end, &played.end).join("\n");
        assert!(lines.is_empty(), "the end differs from that of an undisturbed run (seed {seed}, {kills:?}):\n{lines}");
        killed.extend(played.kills);
    }
    let between = killed.iter().filter(|killed| !killed.in_doubt.is_empty()).count();
    println!("{} kills, {between} of them between an intent and its result", killed.len());
    assert!(between > 0, "no kill fell between an intent and its result: the test has shown nothing (seed {seed})");
}

/// Plays the script in a world of its own, with these kills.
async fn play(kills: &[Kill]) -> Played {
    let options = demo_config::options(&Programs::find().unwrap()).unwrap();
    let mut world = World::start(options).await.unwrap();
    let mut script = Script::new(&world).await.unwrap();
    let mut moments = Moments::default();
    let mut killed = Vec::new();
    for (step, name) in STEPS.iter().enumerate() {
        let before = moments::Totals::of(&world).await.unwrap();
        let kill = kills.iter().find(|kill| kill.step == step);
        let armed = Armed::set(&mut world, kill).await.unwrap();
        script.act(&world, step).await.unwrap_or_else(|error| panic!("step `{name}`: {error:#}"));
        if let Some(in_doubt) = armed.wait(&mut world, script.running(step)).await.unwrap() {
            killed.push(Killed { kill: kill.expect("only a kill kills").clone(), in_doubt });
        }
        settled::settle(&mut world, script.running(step))
            .await
            .unwrap_or_else(|error| panic!("step `{name}`: {error:#}"));
        moments.add(step, &before, &moments::Totals::of(&world).await.unwrap());
    }
    Played { end: final_state::of(&world, &script).await.unwrap(), moments, kills: killed }
}
