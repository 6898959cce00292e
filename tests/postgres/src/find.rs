//! Where the server's programs are, and as whom they run.

use std::path::{Path, PathBuf};

/// Debian has them outside of the search path, below the version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder with `initdb` and `postgres`, the newest if there are several.
pub(crate) fn programs() -> Option<PathBuf> {
    let has_both = |dir: &PathBuf| ["initdb", "postgres", "createdb"].iter().all(|name| dir.join(name).is_file());
    let versions = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut debian: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| {
            let number = version.file_name().to_str()?.parse().ok()?;
            Some((number, version.path().join("bin"))).filter(|(_, dir)| has_both(dir))
        })
        .collect();
    debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    debian.pop().map(|(_, dir)| dir).or_else(|| std::env::split_paths(&path).find(has_both))
}

/// Whom root becomes: PostgreSQL does not run as root. The package's user, else nobody.
pub(crate) fn user() -> Option<(u32, u32)> {
    if !is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"].iter().find_map(|name| {
        let fields: Vec<_> = users.lines().find(|line| line.split(':').next() == Some(name))?.split(':').collect();
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    })
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|this| this.uid() == 0)
}
