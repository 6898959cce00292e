//! The jobs that repositories define themselves, in `.prow/` or `.prow.yaml`, at a base with heads merged into it.
//!
//! What they are follows from commits and from the configuration alone: asked again, the same comes out, whatever was
//! forgotten meanwhile. Behaviour: Prow pkg/config/inrepoconfig.go and pkg/config/cache.go.

use std::fmt;
use std::sync::{Arc, Mutex};

use config::in_repo::{FILE, FOLDER, IGNORE, OwnFile, has_part, is_below};
use config::{Fault, LoadError, Loaded, Position};
use prow::in_repo::OwnJobs;
use prow::sections::tide::MergeMethod;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Result};
use crate::files::{Entry, contents, entries_at};
use crate::merge;
use crate::mirror::Mirror;
use crate::mirrors::Mirrors;
use crate::names::{Repo, Sha};
use crate::recent::Recent;

/// How large all files of one repository may be together, and how many.
const MAX_BYTES: usize = 4 << 20;
const MAX_FILES: usize = 1000;

/// How many heads may be merged into one base.
const MAX_HEADS: usize = 50;

/// How many sets of files are remembered (as many as Prow's `--in-repo-config-cache-size` has by default), and of how
/// many bytes together, about.
const MAX_KEPT: usize = 200;
const MAX_KEPT_BYTES: usize = 64 << 20;

/// How much more room jobs take than their text, about.
const TIMES_TEXT: usize = 8;

/// How many merges are remembered.
const MAX_MERGES: usize = 1000;
/// How many bytes these may take together.
const MAX_MERGES_BYTES: usize = 32 << 20;
/// What an entry takes besides its path.
const BYTES_OF_AN_ENTRY: usize = 100;
/// How many files that conflict are named.
const MAX_CONFLICTS: usize = 20;

/// How many warnings of one set of files are logged: who opens a pull request writes them.
const MAX_WARNINGS: usize = 10;

/// Why the jobs of a repository cannot be had.
#[derive(Debug, Clone)]
pub enum InRepoError {
    /// The commits are not to be had.
    Git(Error),
    /// The heads do not merge: the paths in conflict.
    Conflict(Vec<String>),
    /// The files are not what they must be; each fault has its place.
    Wrong(Arc<LoadError>),
}

impl fmt::Display for InRepoError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Git(error) => error.fmt(out),
            Self::Conflict(paths) => {
                write!(out, "the heads do not merge into the base: conflicts in {}", paths.join(", "))
            }
            Self::Wrong(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for InRepoError {}

impl From<Error> for InRepoError {
    fn from(error: Error) -> Self {
        Self::Git(error)
    }
}

/// The jobs of all repositories. Cheap to clone.
#[derive(Clone)]
pub struct InRepo {
    mirrors: Mirrors,
    merges: Arc<Mutex<Recent<Commits, Merged>>>,
    jobs: Arc<Mutex<Recent<Content, Checked>>>,
}

impl fmt::Debug for InRepo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("InRepo").field("mirrors", &self.mirrors).finish_non_exhaustive()
    }
}

/// What is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Commits {
    repo: Repo,
    base: Sha,
    heads: Vec<Sha>,
    method: MergeMethod,
}

/// What came of it.
type Merged = std::result::Result<Arc<Inputs>, Vec<String>>;

/// About how many bytes it takes.
fn weight(merged: &Merged) -> usize {
    let paths: usize = match merged {
        Ok(inputs) => inputs.entries.iter().map(|entry| entry.path.len() + BYTES_OF_AN_ENTRY).sum(),
        Err(conflicts) => conflicts.iter().map(|path| path.len() + BYTES_OF_AN_ENTRY).sum(),
    };
    paths + BYTES_OF_AN_ENTRY
}

/// The files of a merge that have a part in it, unread.
#[derive(Debug)]
struct Inputs {
    entries: Vec<Entry>,
    has_folder: bool,
    digest: [u8; 32],
}

/// What checked jobs follow from.
#[derive(Debug, PartialEq, Eq)]
struct Content {
    repo: Repo,
    revision: String,
    digest: [u8; 32],
}

type Checked = std::result::Result<Arc<OwnJobs>, Arc<LoadError>>;

impl InRepo {
    /// Nothing is read yet.
    pub fn new(mirrors: Mirrors) -> Self {
        Self {
            mirrors,
            merges: Arc::new(Mutex::new(Recent::new(MAX_MERGES, MAX_MERGES_BYTES))),
            jobs: Arc::new(Mutex::new(Recent::new(MAX_KEPT, MAX_KEPT_BYTES))),
        }
    }

    /// The jobs that `repo` defines at `base` with `heads` merged into it, in their order, by the method that `tide` has for
    /// it. Whether they count is not asked here. The far side is asked only for commits that the mirror lacks.
    ///
    /// # Errors
    /// Why there are none.
    pub async fn jobs(
        &self,
        loaded: &Loaded,
        repo: &Repo,
        base: &str,
        heads: &[String],
    ) -> std::result::Result<Arc<OwnJobs>, InRepoError> {
        if heads.len() > MAX_HEADS {
            return Err(Error::invalid(format!("{} heads are more than {MAX_HEADS}", heads.len())).into());
        }
        let heads = heads.iter().map(|head| Sha::new(head)).collect::<Result<_>>()?;
        let method = loaded.config.core.sections.tide.merge_method(repo.org(), repo.name());
        let inputs = self.merged(Commits { repo: repo.clone(), base: Sha::new(base)?, heads, method }).await?;
        let inputs = inputs.map_err(InRepoError::Conflict)?;
        if inputs.entries.is_empty() {
            return Ok(Arc::default());
        }
        let content = Content { repo: repo.clone(), revision: loaded.revision.clone(), digest: inputs.digest };
        let known = self.jobs.lock().expect("nothing panics while it looks for jobs").get(&content);
        let checked = match known {
            Some(checked) => checked,
            None => {
                let (checked, weight) = self.read(loaded, repo, &inputs).await?;
                let mut jobs = self.jobs.lock().expect("nothing panics while it keeps jobs");
                jobs.put(content, checked.clone(), weight);
                checked
            }
        };
        checked.map_err(InRepoError::Wrong)
    }

    async fn merged(&self, commits: Commits) -> Result<Merged> {
        let known = self.merges.lock().expect("nothing panics while it looks for a merge").get(&commits);
        if let Some(known) = known {
            return Ok(known);
        }
        let repository = self.mirrors.repository(&commits.repo);
        let mirror = repository.mirror();
        let merged = mirror.healed(|| merge_inputs(mirror, &commits)).await?;
        self.merges.lock().expect("nothing panics while it keeps a merge").put(
            commits,
            merged.clone(),
            weight(&merged),
        );
        Ok(merged)
    }

    /// The jobs, and about how many bytes they take.
    async fn read(&self, loaded: &Loaded, repo: &Repo, inputs: &Inputs) -> Result<(Checked, usize)> {
        let faults: Vec<Fault> = inputs.entries.iter().filter_map(no_file).collect();
        if !faults.is_empty() {
            return Ok((Err(Arc::new(LoadError { faults })), 0));
        }
        if inputs.entries.len() > MAX_FILES {
            return Ok((Err(too_much(format!("over {MAX_FILES} files"))), 0));
        }
        let repository = self.mirrors.repository(repo);
        let mirror = repository.mirror();
        let blobs: Vec<Sha> = inputs.entries.iter().map(|entry| entry.blob.clone()).collect();
        let texts = match mirror.healed(|| contents(mirror, &blobs, MAX_BYTES)).await {
            // The blobs are there, and so this is all that can be invalid about them.
            Err(Error::Invalid(_)) => return Ok((Err(too_much(format!("over {MAX_BYTES} bytes"))), 0)),
            texts => texts?,
        };
        let text: usize = texts.iter().map(Vec::len).sum();
        let paths = inputs.entries.iter().map(|entry| entry.path.clone());
        let files: Vec<OwnFile> = paths.zip(texts).map(|(path, bytes)| OwnFile { path, bytes }).collect();
        let (config, named, has_folder) = (Arc::clone(&loaded.config), repo.clone(), inputs.has_folder);
        let work = move || config::in_repo::read(&config, (named.org(), named.name()), has_folder, &files);
        let read = tokio::task::spawn_blocking(work).await.map_err(|error| Error::other(error.to_string()))?;
        let checked = read.map_err(Arc::new).map(|own| {
            for warning in own.warnings.iter().take(MAX_WARNINGS) {
                tracing::warn!(%repo, warning, "a repository's own jobs");
            }
            Arc::new(own.jobs)
        });
        let weight = checked.as_ref().map_or(0, |jobs| jobs.weight) + TIMES_TEXT * text;
        Ok((checked, weight))
    }
}

async fn merge_inputs(mirror: &Arc<Mirror>, commits: &Commits) -> Result<Merged> {
    let merged = merge::merge_all(mirror, &commits.base, &commits.heads, commits.method).await?;
    let Some(tree) = merged.tree else { return Ok(Err(named(merged.conflicts))) };
    let mut entries = entries_at(mirror, &tree, &[FOLDER, FILE, IGNORE], true).await?;
    let has_folder = entries.iter().any(|entry| is_below(&entry.path));
    // A file where the folder belongs is told of when it is read.
    entries.retain(|entry| has_part(&entry.path) || entry.path == FOLDER);
    let mut digest = Sha256::new();
    digest.update([u8::from(has_folder)]);
    for entry in &entries {
        digest.update(format!("{} {} {}\0", entry.blob, entry.is_regular, entry.path));
    }
    // One more than are read says that there are too many.
    entries.truncate(MAX_FILES + 1);
    entries.shrink_to_fit();
    Ok(Ok(Arc::new(Inputs { entries, has_folder, digest: digest.finalize().into() })))
}

/// The first of the files that conflict; a message has no room for more.
fn named(mut conflicts: Vec<String>) -> Vec<String> {
    conflicts.truncate(MAX_CONFLICTS);
    conflicts.shrink_to_fit();
    conflicts
}

/// Why an entry cannot be read, if so.
fn no_file(entry: &Entry) -> Option<Fault> {
    if !entry.is_regular {
        return Some(fault(
            &entry.path,
            "this is a symbolic link, and none is followed here: put the file itself in its place",
        ));
    }
    (entry.path == FOLDER).then(|| fault(FOLDER, "this must be a folder: name the file .prow.yaml"))
}

fn too_much(what: String) -> Arc<LoadError> {
    Arc::new(LoadError { faults: vec![fault(FOLDER, &format!("there are {what} of job configuration: use fewer"))] })
}

fn fault(file: &str, message: &str) -> Fault {
    Fault { file: file.to_owned(), at: Position::START, message: message.to_owned() }
}
