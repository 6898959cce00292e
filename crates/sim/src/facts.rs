//! What git knows of a pull request: whether it merges, which files and commits it brings. Worked out once for each pair
//! of commits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::git::{Commit, FileChange, Git, GitError, Merge};

/// How many pairs are remembered before all are forgotten.
const REMEMBERED: usize = 512;

/// What merging `head` into `base` would bring.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Whether it merges without conflict.
    pub(crate) mergeable: bool,
    /// Changes since the common ancestor.
    pub(crate) files: Vec<FileChange>,
    /// Commits that the base has not, oldest first, at most 250 as on GitHub.
    pub(crate) commits: Vec<Commit>,
}

/// Facts by repository, base and head.
#[derive(Debug, Default)]
pub(crate) struct FactsCache(Mutex<HashMap<(String, String, String), Arc<Facts>>>);

impl FactsCache {
    /// The facts, from memory if the pair was asked for before.
    pub(crate) fn get(&self, git: &Git, repo: &str, base: &str, head: &str) -> Result<Arc<Facts>, GitError> {
        let key = (repo.to_owned(), base.to_owned(), head.to_owned());
        if let Some(known) = self.lock().get(&key) {
            return Ok(known.clone());
        }
        let facts = Arc::new(gather(git, repo, base, head)?);
        let mut cache = self.lock();
        if cache.len() >= REMEMBERED {
            cache.clear();
        }
        cache.insert(key, facts.clone());
        Ok(facts)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String, String), Arc<Facts>>> {
        self.0.lock().expect("nothing panics while it holds the facts")
    }
}

fn gather(git: &Git, repo: &str, base: &str, head: &str) -> Result<Facts, GitError> {
    let from = git.merge_base(repo, base, head);
    Ok(Facts {
        mergeable: git.merge(repo, base, head)? != Merge::Conflict,
        files: git.diff(repo, from.as_deref().unwrap_or(base), head)?,
        commits: git.log(repo, &[base], head, 250)?,
    })
}
