//! Components that nobody wrote, the same ones each time: whatever comes of them has a name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use host::compile::CompileLimits;
use host::loader::Loader;
use host::quarantine::Patience;
use tests::programs::Programs;

use crate::bench::{Bench, compiler};
use crate::contract::Contract;
use crate::guests::{DONE, Guest};
use crate::loads::{load, named};
use crate::{ALONE, times};

/// What all of it may take in the short tier, and how many are tried at least whatever the machine does.
const TIME: Duration = Duration::from_secs(20);
const FEWEST: usize = 40;
/// How many there are of them.
const MOST: usize = 300;

/// What makes them: tests/smith, which `cargo xtask test` builds. Without it `test` is skipped.
fn program(test: &str) -> Option<PathBuf> {
    let programs = Programs::find().unwrap().bowsprit;
    let target = programs.ancestors().nth(2).unwrap();
    let program = target.join("smith").join("debug").join("smith");
    if program.is_file() {
        return Some(program);
    }
    counterparts::skip(test, &format!("{} is not built: `cargo xtask test` does that", program.display()));
    None
}

/// So many of them, made in `dir`.
fn components(program: &Path, dir: &Path, count: usize) -> Vec<PathBuf> {
    std::fs::create_dir(dir).unwrap();
    let made = std::process::Command::new(program).arg(dir).arg(count.to_string()).status().unwrap();
    assert!(made.success(), "{made}");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_of_components_that_nobody_wrote_has_a_name() {
    let Some(program) = program("smith::whatever_comes_of_components_that_nobody_wrote_has_a_name") else { return };
    let _alone = ALONE.lock().await;
    let bench = Bench::start("{}", &[], Patience::default()).await;
    let loader = Loader::new(bench.guests.clone(), compiler(&bench.path("others"), CompileLimits::default()));
    let files = components(&program, &bench.path("smith"), times(MOST, 20 * MOST));
    let (long, begun) = (times(0, 1) > 0, Instant::now());
    let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut tried, mut compiled) = (0, 0);
    for file in &files {
        if !long && tried >= FEWEST && begun.elapsed() > TIME {
            break;
        }
        tried += 1;
        let end = match load(&loader, file, "smith").await {
            Ok(_) => "taken",
            Err(error) => {
                let (name, text) = named(&error);
                assert!(!["no name", "Stopped"].contains(&name), "{}: {name}: {text}", file.display());
                name
            }
        };
        compiled += usize::from(end != "Refused");
        *ends.entry(end).or_default() += 1;
    }
    println!("{tried} tried, {compiled} compiled, in {:.1?}: {ends:?}", begun.elapsed());
    // Else nothing was looked at.
    assert!(compiled * 4 > tried && ends.len() > 1, "{ends:?}");
    // The host is as it was: a plugin loads.
    let file = bench.path("after");
    std::fs::write(&file, Guest::new("after", DONE).component(&Contract::read())).unwrap();
    load(&loader, &file, "after").await.unwrap();
    bench.stop().await;
}
