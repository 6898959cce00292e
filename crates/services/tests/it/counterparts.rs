//! Programs that other people wrote, as `cargo xtask setup` installs them.

use std::io::Write as _;
use std::path::PathBuf;

/// The file in the counterparts' directory (`$BOWSPRIT_COUNTERPARTS`, else where setup puts it). None where it is not
/// there: then the skip of `test` is printed, and noted in the file that `$BOWSPRIT_SKIPS` names.
pub(crate) fn find(test: &str, file: &str) -> Option<PathBuf> {
    let dir = std::env::var_os("BOWSPRIT_COUNTERPARTS").map(PathBuf::from).or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let cache = cache.or_else(|| std::env::home_dir().map(|home| home.join(".cache")))?;
        Some(cache.join("bowsprit/counterparts"))
    });
    let path = dir.unwrap_or_default().join(file);
    if path.exists() {
        return Some(path);
    }
    let reason = format!("{} is not there: `cargo xtask setup` installs it", path.display());
    println!("{test} is skipped: {reason}");
    if let Some(skips) = std::env::var_os("BOWSPRIT_SKIPS") {
        let mut skips = std::fs::OpenOptions::new().append(true).create(true).open(skips).unwrap();
        writeln!(skips, "{test}\t{reason}").unwrap();
    }
    None
}
