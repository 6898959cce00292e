//! What a delivery costs from its socket to the end of its tasks. `cargo xtask bench deliveries` builds it and runs it:
//! `deliveries FILE COMMIT` prints a table and writes FILE as JSON.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on is none")]

mod backlog;
mod bare;
mod body;
mod load;
mod rig;

use std::path::Path;
use std::time::{Duration, Instant};

use tests::measure::{Memory, Sample};
use tests::report::{Goal, Report};

use body::Bodies;
use rig::Rig;

/// Connections that post at the same time.
const CONNECTIONS: usize = 64;
/// Deliveries of one round, and rounds: the host and the bare server take turns, so that both have the machine's moods.
const ROUND: usize = 4_000;
const ROUNDS: usize = 5;
/// Bytes of a body where acknowledgements are measured, and where plugins are.
const BODY: usize = 13_000;
const COMMENT: usize = 14_600;
/// Bytes of a body where there are very many.
const SMALL: usize = 2_000;
/// Deliveries a second, and for how long, that a busy installation has.
const STEADY: u32 = 500;
const STEADY_FOR: Duration = Duration::from_secs(10);
/// Deliveries whose processor time is measured.
const COUNTED: usize = 5_000;
/// Deliveries that wait for a host that was away: to be drained, and only to be started with.
const BACKLOG: usize = 20_000;
const UNFINISHED: usize = 100_000;

const NONE: &[&str] = &[];
const THREE: &[&str] = &["trigger", "hold", "lgtm"];
const FOUR: &[&str] = &["trigger", "hold", "lgtm", "approve"];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // cargo adds flags of its own.
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bare", port, file] => bare::serve(port.parse().unwrap(), Path::new(file)).await,
        [file, commit] => measure(file, commit).await,
        _ => {
            eprintln!("deliveries FILE COMMIT: started by `cargo xtask bench deliveries`");
            std::process::exit(2);
        }
    }
}

async fn measure(file: &str, commit: &str) {
    let mut report = Report::new(commit);
    acknowledged(&mut report).await;
    steady(&mut report).await;
    processor_time(&mut report).await;
    drained(&mut report).await;
    restarted(&mut report).await;
    report.write(Path::new(file));
}

/// As many as go, at the host and at a server that does the least that could be called keeping.
async fn acknowledged(report: &mut Report) {
    let mut rig = Rig::start(NONE).await;
    let bare = bare::Bare::start(&rig).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let bodies = Bodies::new(BODY).take(ROUND);
        let (host, other) = (load::all(&rig.hook(), &bodies, CONNECTIONS).await, {
            let bodies = Bodies::new(BODY).take(ROUND);
            load::all(&bare.url, &bodies, CONNECTIONS).await
        });
        rig.settled().await;
        // The first one warms both up.
        if round > 0 {
            ours.push(host);
            theirs.push(other);
        }
    }
    let (ours, theirs) = (median(ours), median(theirs));
    report.rate("acknowledged a second, 64 connections, 13 kB", ours as u64, None);
    report.rate("the same by a bare server with HMAC and fdatasync", theirs as u64, None);
    report.share("acknowledged, of what the bare server does", ours / theirs, 0.5);
}

/// So many a second, whether or not the ones before are answered.
async fn steady(report: &mut Report) {
    let rig = Rig::start(NONE).await;
    let bodies = Bodies::new(BODY);
    load::paced(&rig.hook(), bodies, STEADY, Duration::from_secs(1)).await;
    let probe = rig::Fdatasync::start(rig.dir(), BODY);
    let answers = load::paced(&rig.hook(), bodies, STEADY, STEADY_FOR).await;
    let syncs = probe.stop();
    report.add("fdatasync of 13 kB meanwhile", &syncs, Goal::None);
    let most = Duration::from_millis(20).max(3 * syncs.percentile(99).unwrap());
    report.add("acknowledged at 500 a second", &answers, Goal::WorstAtMostOver(Duration::ZERO, most));
}

/// What the host's process takes of the processors, for all that becomes of a delivery.
async fn processor_time(report: &mut Report) {
    for (plugins, most) in [(NONE, None), (FOUR, Some(Duration::from_micros(200)))] {
        let mut rig = Rig::start(plugins).await;
        load::all(&rig.hook(), &Bodies::new(COMMENT).take(500), CONNECTIONS).await;
        rig.settled().await;
        let before = rig.processor_time();
        let begun = Instant::now();
        load::all(&rig.hook(), &Bodies::new(COMMENT).take(COUNTED), CONNECTIONS).await;
        rig.settled().await;
        let (took, wall) = (rig.processor_time() - before, begun.elapsed());
        assert_eq!(rig.ignored().await, (COUNTED + 500) * plugins.len(), "each plugin found nothing to do, each time");
        let each: Sample = [took / COUNTED as u32].into_iter().collect();
        let name = format!("processor time of a delivery, {} plugins that ignore it", plugins.len());
        report.add(&name, &each, most.map_or(Goal::None, Goal::AtMost));
        report.rate("  such deliveries a second, to the end", (COUNTED as f64 / wall.as_secs_f64()) as u64, None);
    }
}

async fn drained(report: &mut Report) {
    let mut rig = Rig::start(THREE).await;
    rig.stop().await;
    backlog::undispatched(&rig.inbox_file(), BACKLOG, COMMENT).await;
    let begun = Instant::now();
    rig.restart().await;
    rig.settled().await;
    let rate = BACKLOG as f64 / begun.elapsed().as_secs_f64();
    report.rate("backlog drained a second, three plugins, from the start", rate as u64, Some(2_000));
}

async fn restarted(report: &mut Report) {
    let mut rig = Rig::start(THREE).await;
    // What a task begins with is named by one that the host made itself.
    let model = backlog::Model::of(&mut rig).await;
    rig.stop().await;
    backlog::undispatched(&rig.inbox_file(), UNFINISHED / 2, SMALL).await;
    backlog::dispatched(&rig.inbox_file(), UNFINISHED / 2, SMALL, &model).await;
    let begun = Instant::now();
    rig.start_only();
    load::first(&rig.hook()).await;
    let accepts: Sample = [begun.elapsed()].into_iter().collect();
    report.add("started with 100,000 unfinished, accepts", &accepts, Goal::AtMost(Duration::from_secs(2)));
    rig.settled().await;
    let memory = Memory::of(rig.pid());
    report.weight("the host's memory at its most, with these", memory.peak << 10, None);
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
