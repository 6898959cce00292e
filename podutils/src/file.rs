//! Files that are either there as a whole or not at all, whatever is killed when.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Replaces the file at `path`. A reader sees the old bytes or the new ones.
///
/// # Errors
/// If the folder cannot be written.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temp = written_beside(path, bytes)?;
    temp.persist(path).map_err(|e| e.error)?;
    sync_folder(path)
}

/// Creates the file at `path`, complete from its first moment. Of several who try, exactly one succeeds.
///
/// # Errors
/// `AlreadyExists` if someone else was first; others if the folder cannot be written.
pub fn create_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temp = written_beside(path, bytes)?;
    fs::hard_link(temp.path(), path)?;
    sync_folder(path)
}

/// The file's text; none if there is no such file.
///
/// # Errors
/// If it is there and cannot be read.
pub fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Removes the folder and all that is in it; one that is not there is no error.
///
/// # Errors
/// If it is still there.
pub fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn written_beside(path: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let folder = path.parent().ok_or_else(|| io::Error::other("a file needs a folder"))?;
    let mut temp = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    temp.write_all(bytes)?;
    temp.as_file().sync_all()?;
    Ok(temp)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn of_many_that_create_one_file_one_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claim");
        let start = Barrier::new(8);
        let winners: Vec<usize> = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|i| {
                    let (path, start) = (&path, &start);
                    scope.spawn(move || {
                        start.wait();
                        create_new(path, format!("{i}").as_bytes()).is_ok().then_some(i)
                    })
                })
                .collect();
            tries.into_iter().filter_map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(winners.len(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), winners[0].to_string());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "temporary files are gone");
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        assert_eq!(read_if_there(&path).unwrap(), None);
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read_if_there(&path).unwrap().unwrap(), b"two");
    }
}
