//! Whether the program is here.

use std::path::PathBuf;

/// Where the API server's program is; `None` where it is not, with the skip of `test` noted.
#[must_use]
pub fn find(test: &str) -> Option<PathBuf> {
    let told = std::env::var_os("BOWSPRIT_APISERVER").map(PathBuf::from).filter(|path| path.is_file());
    if told.is_none() {
        counterparts::skip(test, "the API server for tests is not built: `cargo xtask setup` says why, or builds it");
    }
    told
}
