//! Directories of files that are parts of one: what one team may change, say, without the others'.

use std::path::PathBuf;

use crate::fault::Fault;
use crate::source::{Role, SourceFile, read_into, unreadable, walker};

/// Where parts of a file are that may stand in files beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shards {
    /// Directories, looked through with all that is below them.
    pub folders: Vec<PathBuf>,
    /// What the paths of such files end with; none are read if it is empty.
    pub suffix: String,
}

impl Shards {
    /// The files in the order in which they are merged: by their paths, part by part. Behaviour: Prow
    /// pkg/plugins/plugins.go, `Load`, and pkg/config/config.go, `loadWithYamlOpts`.
    pub(crate) fn read(&self, files: &mut Vec<SourceFile>, faults: &mut Vec<Fault>, role: Role, flag: &str) {
        let folders = self.folders.iter().filter(|_| !self.suffix.is_empty());
        for folder in folders {
            for entry in walker(folder).build() {
                match entry {
                    Ok(entry) if !entry.path().to_string_lossy().ends_with(&self.suffix) => {}
                    Ok(entry) if entry.path().is_dir() => {}
                    Ok(entry) => read_into(files, faults, role, entry.path(), flag),
                    Err(error) => {
                        let why = format!("this cannot be read ({error}): make it readable, or correct `{flag}`");
                        faults.push(unreadable(folder, &why));
                    }
                }
            }
        }
    }
}
