//! Hostile components, built from text, in the real host: each ends in its named error and in time, the host stays up, its
//! memory comes back, and a well-behaved plugin beside it hardly notices.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod beside;
mod contract;
mod corpora;
mod guests;
mod loads;
mod memory;
mod quarantine;
mod restart;
mod runs;
mod smith;

/// How often each is run: `short`, or with `BOWSPRIT_LONG` `long` times.
fn times(short: usize, long: usize) -> usize {
    if std::env::var_os("BOWSPRIT_LONG").is_some() { long } else { short }
}

/// Held by whoever measures: these tests share one process, its memory and its processors.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
