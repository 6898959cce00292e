//! What killed commands leave in a mirror.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

/// Removes lock files and half-written objects. No git may be at work in the mirror.
pub(crate) fn sweep(mirror: &Path) -> io::Result<()> {
    locks(mirror)?;
    remove_below(&mirror.join("objects"), &|name| name.starts_with("tmp_"))
}

/// Removes lock files. Nobody may be writing refs.
pub(crate) fn locks(mirror: &Path) -> io::Result<()> {
    for entry in entries(mirror)? {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".lock") || name == "gc.pid" {
            remove(&entry)?;
        }
    }
    remove_below(&mirror.join("refs"), &|name| name.ends_with(".lock"))
}

fn remove_below(folder: &Path, is_left: &dyn Fn(&str) -> bool) -> io::Result<()> {
    for entry in entries(folder)? {
        if is_left(&entry.file_name().to_string_lossy()) {
            remove(&entry)?;
        } else if entry.file_type()?.is_dir() {
            remove_below(&entry.path(), is_left)?;
        }
    }
    Ok(())
}

/// What is in a folder; nothing, if it is not there: whether the mirror is whole is for git to say.
fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn remove(entry: &DirEntry) -> io::Result<()> {
    let path = entry.path();
    let removed = if entry.file_type()?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
