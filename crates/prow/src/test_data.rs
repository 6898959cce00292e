//! For tests: data that others wrote, kept outside the project.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// `path` below the data folder (`$BOWSPRIT_TEST_DATA`, else `../shared/data` beside the workspace). Where it is absent
/// the skip of `test` is printed, and noted in the file that `$BOWSPRIT_SKIPS` names.
pub(crate) fn find(test: &str, path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("BOWSPRIT_TEST_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from);
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    let reason = format!("data: {} is absent", path.display());
    println!("skipped {test}: {reason}");
    if let Some(skips) = std::env::var_os("BOWSPRIT_SKIPS") {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(skips).expect("the skip file opens");
        writeln!(file, "{test}\t{reason}").expect("the skip file can be written");
    }
    None
}
