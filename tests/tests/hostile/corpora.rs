//! What is kept in fuzz/corpus/, replayed: each file goes through the very function that is fuzzed by hand with it.

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/src/component.rs"]
mod component;
#[path = "../../../fuzz/src/config.rs"]
mod config;
#[path = "../../../fuzz/src/event.rs"]
mod event;
#[path = "../../../fuzz/src/scan.rs"]
mod scan;

/// Gives `run` every file that is kept for `target`; there have to be some.
fn replay(target: &str, run: impl Fn(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target);
    let files: Vec<_> = fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 5, "{} has {} files", dir.display(), files.len());
    for file in files {
        println!("{}", file.display());
        run(&fs::read(&file).unwrap());
    }
}

#[test]
fn components() {
    let _alone = crate::ALONE.blocking_lock();
    replay("component", component::run);
}

#[test]
fn key_scans() {
    replay("scan", scan::run);
}

#[test]
fn events() {
    replay("event", event::run);
}

#[test]
fn configurations() {
    replay("config", config::run);
}
