//! What tests need of others: the programs that they wrote and ports for those, the data that they published, and a note of
//! every test that had to be skipped because something was not there.

use std::io::Write as _;
use std::path::{Path, PathBuf};

mod port;

pub use port::free_port;

/// Where `cargo xtask setup` puts those programs: `$BOWSPRIT_COUNTERPARTS`, else a folder in the user's cache.
#[must_use]
pub fn directory() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("BOWSPRIT_COUNTERPARTS").unwrap_or_else(|| {
        let cache = set("XDG_CACHE_HOME").or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
        cache.unwrap_or_default().join("bowsprit/counterparts")
    })
}

/// A file in that directory; `None` where it is not there, with the skip of `test` noted.
#[must_use]
pub fn find(test: &str, file: &str) -> Option<PathBuf> {
    let path = directory().join(file);
    if path.exists() {
        return Some(path);
    }
    skip(test, &format!("{} is not there: `cargo xtask setup` installs it", path.display()));
    None
}

/// Where a file or folder of the data that others published would be: below `$BOWSPRIT_TEST_DATA`, else in `../shared/data`
/// beside the checkout.
#[must_use]
pub fn data_path(path: &str) -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    std::env::var_os("BOWSPRIT_TEST_DATA").map_or_else(beside, PathBuf::from).join(path)
}

/// The same; `None` where it is not there, with the skip of `test` noted.
#[must_use]
pub fn data(test: &str, path: &str) -> Option<PathBuf> {
    let path = data_path(path);
    if path.exists() {
        return Some(path);
    }
    skip(test, &format!("data: {} is absent", path.display()));
    None
}

/// The test that runs on this thread: the harness gives the thread its name.
#[must_use]
pub fn this_test() -> String {
    std::thread::current().name().unwrap_or("a test").to_owned()
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
