//! This program: where it is, and how it is called again.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The file that is running.
pub(crate) fn current() -> anyhow::Result<PathBuf> {
    std::env::current_exe().context("cannot tell which file is running")
}

/// `plugins-dist` beside the directory that holds the program: where the build leaves the plugins.
pub(crate) fn plugins_dir(program: &Path) -> PathBuf {
    let beside = program.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    beside.join("plugins-dist")
}

/// How to call the program from a shell in this directory: `bowsprit` where PATH finds this very file, else its path.
pub(crate) fn spelled(program: &Path) -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join("bowsprit")).find(|file| file.is_file());
    if found.is_some_and(|file| file.canonicalize().is_ok_and(|file| file == program)) {
        return "bowsprit".to_owned();
    }
    let here = std::env::current_dir().unwrap_or_default();
    match program.strip_prefix(&here) {
        Ok(below) => format!("./{}", below.display()),
        Err(_) => program.display().to_string(),
    }
}
