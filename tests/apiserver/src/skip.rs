//! Whether the program is here.

use std::io::Write as _;
use std::path::PathBuf;

/// Where the API server's program is; `None` where it is not, with the skip of `test` noted.
#[must_use]
pub fn find(test: &str) -> Option<PathBuf> {
    let told = std::env::var_os("BOWSPRIT_APISERVER").map(PathBuf::from).filter(|path| path.is_file());
    if told.is_none() {
        skip(test, "the API server for tests is not built: `cargo xtask setup` says why, or builds it");
    }
    told
}

/// Notes that `test` is skipped, and why: on the output, and in the file that `BOWSPRIT_SKIPS` names.
///
/// # Panics
/// If that file cannot be written.
pub fn skip(test: &str, reason: &str) {
    println!("skipped {test}: {reason}");
    if let Some(skips) = std::env::var_os("BOWSPRIT_SKIPS") {
        let mut file = std::fs::File::options().append(true).create(true).open(skips).expect("the skip file opens");
        writeln!(file, "{test}\t{reason}").expect("the skip file can be written");
    }
}
