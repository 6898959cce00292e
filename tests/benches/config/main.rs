//! What the configuration of a large installation costs to load, to load again and to ask. `cargo xtask bench config` builds it
//! and runs it: `config FILE COMMIT` prints a table and writes FILE as JSON.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on is none")]

mod generate;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use config::{Loaded, Sources};
use prow::commands::Commands;
use prow::filter::{self, Contexts, Filters, Selection};
use tests::measure::{Memory, Sample};
use tests::report::{Goal, Report};
use tests::world::{Options, World};

const LOADS: usize = 15;
const DECISIONS: usize = 2000;
/// What the host may hold with it: Prow's hook, measured with such a configuration, held 196 MB.
const MOST_MEMORY: u64 = 130 << 20;

fn main() {
    // cargo adds flags of its own.
    let args: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let [file, commit] = &args[..] else {
        eprintln!("config FILE COMMIT: started by `cargo xtask bench config`");
        std::process::exit(2);
    };
    let folder = tempfile::tempdir().unwrap();
    let bytes = generate::write(folder.path());
    let sources = Sources {
        config_path: folder.path().join("config.yaml"),
        job_config_path: Some(folder.path().join("jobs")),
        ..Sources::default()
    };
    let mut report = Report::new(commit);
    println!("{} jobs in {} files, {} KB", generate::JOBS, generate::FILES, bytes / 1000);

    let loaded = Loaded::from_sources(&sources).unwrap_or_else(|error| panic!("{error}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert_eq!(loaded.config.presubmits("big-org", "big").len(), generate::BIG);
    let own = Memory::of(std::process::id());
    report.weight("a process that has loaded it and does nothing else", own.resident << 10, None);
    let (started, host) = host();
    report.add("a host, from its start until it is ready", &started, Goal::None);
    report.weight("that host", host.resident << 10, Some(MOST_MEMORY));
    report.weight("the same at its most", host.peak << 10, Some(MOST_MEMORY));

    let loads = times(LOADS, || drop(Loaded::from_sources(&sources).unwrap()));
    report.add("load from disk", &loads, Goal::AtMost(Duration::from_millis(700)));
    let reloads = reloads(&sources, loaded.clone(), folder.path());
    report.add("load again after one job file changed", &reloads, Goal::AtMost(Duration::from_millis(300)));
    for comment in ["/test pull-big-e2e-7", "/retest", "/test all", "thank you"] {
        let decisions = times(DECISIONS, || assert!(decide(&loaded, comment) <= generate::BIG));
        let name = format!("the decision about `{comment}` for {} presubmits", generate::BIG);
        report.add(&name, &decisions, Goal::AtMost(Duration::from_millis(1)));
    }
    report.ratios(&["load again"]);
    report.write(Path::new(file));
}

/// A host with this configuration and two plugins: how long it takes to be ready, and what it holds then.
fn host() -> (Sample, Memory) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let plugins = "plugins:\n  big-org:\n    plugins: [trigger, hold]\n";
        let options = Options { jobs: true, started: false, ..Options::new("{}", plugins) };
        let mut world = World::start(options).await.unwrap();
        generate::write(world.dir());
        // Once for the compiler of plugins, whose work is kept.
        world.start_host().unwrap();
        world.ready().await.unwrap();
        world.kill_host();
        let begun = Instant::now();
        world.start_host().unwrap();
        world.ready().await.unwrap();
        let started = [begun.elapsed()].into_iter().collect();
        (started, Memory::of(world.host().unwrap().pid()))
    })
}

fn times(count: usize, mut what: impl FnMut()) -> Sample {
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        what();
        took.push(begun.elapsed());
    }
    took.into_iter().collect()
}

/// Each time another value in one file; the files are read anew, as the watcher does.
fn reloads(sources: &Sources, mut loaded: Loaded, root: &Path) -> Sample {
    let path = root.join("jobs/area-00/jobs-040.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let mut took = Vec::with_capacity(LOADS);
    for number in 0..LOADS {
        fs::write(&path, text.replace("cpu: 4", &format!("cpu: {}", 5 + number))).unwrap();
        let begun = Instant::now();
        let files = sources.read().unwrap();
        loaded = Loaded::from_files_after(files, Some(&loaded)).unwrap();
        took.push(begun.elapsed());
    }
    took.into_iter().collect()
}

/// How many presubmits a comment starts, on a pull request to `main` with two changed files: everything that is decided, and
/// nothing that is fetched.
fn decide(loaded: &Loaded, comment: &str) -> usize {
    let jobs = loaded.config.presubmits("big-org", "big");
    let facts: Vec<_> = jobs.iter().map(|job| job.facts(Some(comment), Some("main"))).collect();
    let contexts = Contexts::of([("pull-big-e2e-3", "failure"), ("pull-big-e2e-6", "success")]);
    let filters = Filters::of_comment(Commands::of(comment), false);
    let files = ["pkg/area7/types.go", "docs/README.md"];
    let changed = match filter::select(&facts, filters, Some(&contexts), None) {
        Selection::Run(run) => return run.len(),
        Selection::NeedContexts => unreachable!("they are given"),
        Selection::NeedChanges(asked) => asked.into_iter().filter(|job| jobs[*job].changes.matches(&files)).collect(),
    };
    let Selection::Run(run) = filter::select(&facts, filters, Some(&contexts), Some(&changed)) else {
        unreachable!("all is given")
    };
    run.len()
}
