//! Where the description is found, and what is said where it is not.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::description::Description;

impl Description {
    /// GitHub's description from the test data, or `None` after noting that the test is skipped: the caller returns.
    ///
    /// # Panics
    /// Where the file is there and cannot be read.
    #[must_use]
    pub fn for_tests() -> Option<Arc<Self>> {
        let found = Self::if_present();
        if found.is_none() {
            skip(&format!("GitHub's OpenAPI description is not at {}", path().display()));
        }
        found
    }

    /// The same for a test that has other things to say where the description is absent.
    ///
    /// # Panics
    /// Where the file is there and cannot be read.
    #[must_use]
    pub fn if_present() -> Option<Arc<Self>> {
        let path = path();
        path.exists().then(|| Self::load(&path).unwrap_or_else(|error| panic!("{error:#}")))
    }
}

fn path() -> PathBuf {
    test_data().join("github-openapi/api.github.com.json.gz")
}

/// `$BOWSPRIT_TEST_DATA`, else `../shared/data` beside the workspace.
fn test_data() -> PathBuf {
    match std::env::var_os("BOWSPRIT_TEST_DATA") {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    }
}

/// Prints the reason and, for the summary at the end of a test run, adds a line to `$BOWSPRIT_SKIPS`.
fn skip(reason: &str) {
    // The test harness names each test's thread after the test.
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test").to_owned();
    println!("skipped: {reason}");
    if let Some(path) = std::env::var_os("BOWSPRIT_SKIPS") {
        let noted = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| writeln!(file, "{test}\t{reason}"));
        if let Err(error) = noted {
            println!("cannot note it in {}: {error}", Path::new(&path).display());
        }
    }
}
