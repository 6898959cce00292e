//! Machine code that one world's host has made and the next need not make again: dozens of worlds have the same plugins.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;

use crate::programs::Programs;

/// What is larger is made again: a copy for every world would cost more.
const MAX_BYTES: u64 = 16 << 20;
/// The most that is kept.
const MAX_FILES: usize = 64;

/// Where all worlds of this target directory leave it.
fn shared(programs: &Programs) -> PathBuf {
    programs.bowsprit.with_file_name("compiled-for-tests")
}

/// Gives a host what others have made, before its first start. A host looks at it as at its own: by the component's digest and
/// what the engine was told.
pub(super) fn lend(programs: &Programs, state: &Path) -> anyhow::Result<()> {
    let cache = state.join("compiled");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&cache)
        .context("making a cache of compiled components")?;
    link_all(&shared(programs), &cache).context("lending compiled components")
}

/// Keeps what a host has made. Only for speed: what fails here is made again.
pub(super) fn keep(programs: &Programs, state: &Path) {
    let shared = shared(programs);
    let kept = fs::create_dir_all(&shared).and_then(|()| link_all(&state.join("compiled"), &shared));
    let _ = kept.and_then(|()| forget_the_oldest(&shared));
}

/// Each build of a plugin is another file.
fn forget_the_oldest(dir: &Path) -> std::io::Result<()> {
    let files = fs::read_dir(dir)?.flatten();
    let mut files: Vec<_> =
        files.filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path()))).collect();
    files.sort_unstable();
    for (_, file) in files.iter().rev().skip(MAX_FILES) {
        fs::remove_file(file)?;
    }
    Ok(())
}

fn link_all(from: &Path, to: &Path) -> std::io::Result<()> {
    static PARTS: AtomicU64 = AtomicU64::new(0);
    let Ok(files) = fs::read_dir(from) else { return Ok(()) };
    for file in files {
        let file = file?;
        let made = file.path().extension().is_some_and(|it| it == "cwasm");
        let kept = to.join(file.file_name());
        // A file that goes meanwhile was its host's to remove.
        if made && !kept.exists() && file.metadata().is_ok_and(|about| about.len() <= MAX_BYTES) {
            // Whole or not at all: a copy, where there can be no link, gets its name at the end.
            let number = PARTS.fetch_add(1, Ordering::Relaxed);
            let part = to.join(format!("{}-{number}.part", std::process::id()));
            let linked = fs::hard_link(file.path(), &part).or_else(|_| fs::copy(file.path(), &part).map(drop));
            if linked.is_ok() {
                fs::rename(part, kept)?;
            }
        }
    }
    Ok(())
}
