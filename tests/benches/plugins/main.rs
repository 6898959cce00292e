//! What a plugin's call costs in the real host, its journal included. `cargo xtask bench plugins` builds it and runs it:
//! `plugins FILE COMMIT` prints a table and writes FILE as JSON.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on is none")]

mod rig;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use host::compile::{CompileLimits, Compiler};
use host::guest::{End, GuestState};
use host::limits::Limits;
use tests::examples;
use tests::measure::{Memory, Sample};
use tests::patch::marked;
use tests::programs::Programs;
use tests::report::{Goal, Report};

use rig::{Rig, Subject};

/// Calls before anything is measured, and measured ones.
const WARM_UP: usize = 300;
const CALLS: usize = 5000;
/// Calls of a guest that brings its language's runtime.
const SLOW_CALLS: usize = 300;
/// How long calls are counted.
const BUSY: Duration = Duration::from_secs(3);
/// Instances that are held to weigh them: as many as a host has room for.
const HELD: usize = host::engine::SLOTS as usize;
const NOTHING: &str = "nothing in particular";

/// Languages, how a component of each is called, and the most that a call may take.
const LANGUAGES: [(&str, &str, u64); 5] = [
    ("Rust", "greeter", 30),
    ("C", "greeter-c", 30),
    ("JavaScript", "greeter-js", 500),
    ("Go", "greeter-go", 1200),
    ("Python", "greeter-python", 3000),
];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // cargo adds flags of its own.
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let [file, commit] = &args[..] else {
        eprintln!("plugins FILE COMMIT: started by `cargo xtask bench plugins`");
        std::process::exit(2);
    };
    let programs = Programs::find().unwrap();
    let rig = Rig::start().await;
    let mut report = Report::new(commit);

    let hold = rig.load(&programs.plugins.join("hold.wasm"), NOTHING).await;
    let call = calls(&rig, &hold, CALLS).await;
    report.add("small Rust plugin (hold), instantiate + handle + drop", &call, Goal::AtMost(Duration::from_micros(30)));
    report.rate("its calls a second on 2 threads", throughput(&rig, &hold).await, Some(25_000));

    let trigger = rig.load(&programs.plugins.join("trigger.wasm"), NOTHING).await;
    report.add(
        "trigger on a comment without a command",
        &calls(&rig, &trigger, CALLS).await,
        Goal::AtMost(Duration::from_micros(60)),
    );

    report.add("the same as a task, its outcome on disk", &tasks(&rig, &trigger).await, Goal::None);

    for (language, name, most) in LANGUAGES {
        // Without the language's tools it is left out, which is said.
        let built = examples::component(&format!("the greeter in {language}"), &format!("plugins/examples/{name}"));
        let Some(path) = built.unwrap() else { continue };
        let greeter = rig.load(&path, NOTHING).await;
        let count = if most <= 60 { CALLS } else { SLOW_CALLS };
        let goal = if most <= 60 { Goal::None } else { Goal::AtMost(Duration::from_micros(most)) };
        report.add(&format!("greeter in {language}"), &calls(&rig, &greeter, count).await, goal);
    }

    let (fresh, cached) = compilation(&rig, &programs).await;
    report.add("a component of 1 MB, compiled", &fresh, Goal::AtMost(Duration::from_millis(1500)));
    report.add("the same, loaded from the cache", &cached, Goal::AtMost(Duration::from_millis(5)));

    let (quiet, loud) = beside_a_loop(&rig, &hold, &programs).await;
    report.add("another plugin's event, nothing else running", &quiet, Goal::None);
    report.add(
        "the same beside a guest that loops",
        &loud,
        Goal::WorstAtMostOver(quiet.percentile(50).unwrap(), Duration::from_millis(10)),
    );

    report.weight("a live instance of it", weigh(&hold).await, Some(64 << 10));
    report.ratios(&["trigger on", "greeter in"]);
    report.write(Path::new(file));
}

/// Calls one after the other, each with a fresh instance.
async fn calls(rig: &Rig, subject: &Subject, count: usize) -> Sample {
    let (rig, subject) = (rig.clone(), subject.clone());
    let running = rig.guests.handle().clone().spawn(async move {
        let mut took = Vec::with_capacity(count);
        for number in 0..WARM_UP.min(count) + count {
            let call = rig.call(&subject);
            let begun = Instant::now();
            let (end, leavings) = call.make().await;
            let elapsed = begun.elapsed();
            assert!(matches!(end, End::Ignored(_)), "{}: {end:?}", subject.name());
            assert!(leavings.calls.iter().all(|call| !call.op.starts_with("github-")), "{:?}", leavings.calls);
            if number >= WARM_UP.min(count) {
                took.push(elapsed);
            }
        }
        took.into_iter().collect()
    });
    running.await.unwrap()
}

/// Whole tasks, one after the other: from the moment at which the dispatcher has one to the moment at which its outcome is on
/// disk.
async fn tasks(rig: &Rig, subject: &Subject) -> Sample {
    let mut took = Vec::with_capacity(SLOW_CALLS);
    for _ in 0..SLOW_CALLS {
        let subject = rig.again(subject, NOTHING).await;
        let begun = Instant::now();
        rig.run(&subject).await;
        took.push(begun.elapsed());
    }
    took.into_iter().collect()
}

/// Calls a second, by as many tasks as there are threads for guests.
async fn throughput(rig: &Rig, subject: &Subject) -> u64 {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let (rig, subject) = (rig.clone(), subject.clone());
            rig.guests.handle().clone().spawn(async move {
                let mut count = 0_u64;
                while begun.elapsed() < BUSY {
                    rig.call(&subject).make().await;
                    count += 1;
                    // Where one call ends the next of another may begin, as in the host.
                    tokio::task::yield_now().await;
                }
                count
            })
        })
        .collect();
    let mut all = 0;
    for task in tasks {
        all += task.await.unwrap();
    }
    (all as f64 / begun.elapsed().as_secs_f64()) as u64
}

/// A component of a million bytes: how long the compiler takes for one that it has not seen, and the cache for one that it
/// has.
async fn compilation(rig: &Rig, programs: &Programs) -> (Sample, Sample) {
    let engine = &rig.guests.engine;
    let compiler =
        Compiler::new(rig.path("bench-cache"), programs.bowsprit.clone(), vec!["compile-component".to_owned()]);
    let compiler = compiler.unwrap().within(CompileLimits::default());
    let component = rig::component_of(1_000_000);
    let (mut fresh, mut cached) = (Vec::new(), Vec::new());
    for number in 0..5 {
        let component = marked(&component, &format!("build {number}"));
        let begun = Instant::now();
        compiler.component(engine, &component).await.unwrap();
        fresh.push(begun.elapsed());
        for _ in 0..10 {
            let begun = Instant::now();
            compiler.component(engine, &component).await.unwrap();
            cached.push(begun.elapsed());
        }
    }
    (fresh.into_iter().collect(), cached.into_iter().collect())
}

/// How long an event's call takes from its start to its end as the host sees it: alone, and beside a guest that never yields.
async fn beside_a_loop(rig: &Rig, subject: &Subject, programs: &Programs) -> (Sample, Sample) {
    let wrecker = programs.plugins.join("examples").join("wrecker.wasm");
    let limits = Limits { deadline: Duration::from_secs(60), ..Limits::default() };
    let spinner = rig.load_within(&wrecker, "/wreck spin", limits).await;
    let quiet = latencies(rig, subject).await;
    let (stop, own) = (Arc::new(AtomicBool::new(false)), rig.clone());
    let spinning = rig.guests.handle().spawn({
        let stop = stop.clone();
        async move {
            tokio::select! {
                ended = own.call(&spinner).make() => panic!("it is to loop: {:?}", ended.0),
                () = async { while !stop.load(Ordering::SeqCst) { tokio::time::sleep(Duration::from_millis(5)).await } } => {}
            }
        }
    });
    let loud = latencies(rig, subject).await;
    stop.store(true, Ordering::SeqCst);
    spinning.await.unwrap();
    (quiet, loud)
}

async fn latencies(rig: &Rig, subject: &Subject) -> Sample {
    let mut took = Vec::new();
    for _ in 0..SLOW_CALLS {
        let (own, subject) = (rig.clone(), subject.clone());
        let begun = Instant::now();
        rig.guests.handle().spawn(async move { own.call(&subject).make().await }).await.unwrap();
        took.push(begun.elapsed());
    }
    took.into_iter().collect()
}

/// Bytes of resident memory for each of many instances.
async fn weigh(subject: &Subject) -> u64 {
    let mut held = Vec::with_capacity(HELD);
    let before = Memory::of(std::process::id()).resident;
    for _ in 0..HELD {
        let state = GuestState::without_task(subject.plugin.limits, subject.plugin.wasi);
        let (mut store, instance) = subject.plugin.instantiate(state).await.unwrap();
        // It has run: what it touches of its memory and its stack is there.
        instance.describe(&mut store).await.unwrap();
        held.push((store, instance));
    }
    let after = Memory::of(std::process::id()).resident;
    drop(held);
    after.saturating_sub(before) * 1024 / HELD as u64
}
