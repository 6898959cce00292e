//! What can be done with one repository. One method for each function of the contract's `git-read` and `git-write`;
//! commits, refs and paths come as texts, and are [`Error::Invalid`](crate::Error::Invalid) if they are not what they must be.

use std::fmt;
use std::sync::Arc;

use crate::blame::{self, BlamedLine};
use crate::diff::{self, PathChange};
use crate::error::{Error, Result};
use crate::fetch;
use crate::files;
use crate::merge::{self, MergeCheck};
use crate::mirror::Mirror;
use crate::names::{RefName, Repo, Sha, TreePath, Wanted};
use crate::pick::{self, Committer, Pick};
use crate::push;

/// How many commits one call picks, and how many paths it compares.
const MAX_ITEMS: usize = 1000;

/// One repository and its mirror. Cheap to clone.
///
/// Every method but [`Repository::fetch`] of a ref and [`Repository::push_branch`] talks to the far side only where the
/// mirror lacks a commit. Dropping its future ends a local command; a fetch goes on, for the next who asks.
///
/// # Errors
/// Beside what a method names itself: [`Error::NotFound`] if the repository or a commit is not there (or may not be
/// seen), [`Error::Unavailable`] if the far side does not answer, [`Error::Denied`] if it refuses the credentials, and
/// [`Error::Damaged`] if the mirror was damaged, was cloned anew, and is again.
#[derive(Clone)]
pub struct Repository {
    mirror: Arc<Mirror>,
}

impl fmt::Debug for Repository {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Repository({})", self.mirror.repo)
    }
}

impl Repository {
    pub(crate) fn new(mirror: Arc<Mirror>) -> Self {
        Self { mirror }
    }

    pub(crate) fn mirror(&self) -> &Arc<Mirror> {
        &self.mirror
    }

    /// Which one it is.
    pub fn name(&self) -> &Repo {
        &self.mirror.repo
    }

    /// Brings a ref (`refs/heads/main`, `refs/pull/7/head`) as it is now, or a commit, into the mirror. Of several calls
    /// for the same thing that wait, one fetches.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is no such thing, or it is no commit. Else as [`Repository`] says.
    pub async fn fetch(&self, what: &str) -> Result<Sha> {
        let wanted = Wanted::new(what)?;
        self.mirror.healed(|| fetch::bring(&self.mirror, &wanted)).await
    }

    /// The unified diff from one commit's files to another's; of these paths (files or folders), or of all if there are
    /// none. Bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// [`Error::Invalid`]: it is larger than the limit for content. Else as [`Repository`] says.
    pub async fn diff(&self, base: &str, head: &str, paths: &[String]) -> Result<String> {
        let (base, head) = (Sha::new(base)?, Sha::new(head)?);
        limit("paths", paths.len())?;
        let paths = paths.iter().map(|path| TreePath::new(path.trim_end_matches('/'))).collect::<Result<Vec<_>>>()?;
        self.mirror.healed(|| diff::diff(&self.mirror, &base, &head, &paths)).await
    }

    /// What that diff touches, in the order of the paths.
    ///
    /// # Errors
    /// As [`Repository`] says.
    pub async fn diff_paths(&self, base: &str, head: &str) -> Result<Vec<PathChange>> {
        let (base, head) = (Sha::new(base)?, Sha::new(head)?);
        self.mirror.healed(|| diff::paths(&self.mirror, &base, &head)).await
    }

    /// Whether `head` merges into `base` without conflict.
    ///
    /// # Errors
    /// [`Error::Invalid`]: the two have no commit in common. Else as [`Repository`] says.
    pub async fn check_merge(&self, base: &str, head: &str) -> Result<MergeCheck> {
        let (base, head) = (Sha::new(base)?, Sha::new(head)?);
        self.mirror.healed(|| merge::check(&self.mirror, &base, &head)).await
    }

    /// Whether a commit that `head` has and `base` has not is a merge.
    ///
    /// # Errors
    /// As [`Repository`] says.
    pub async fn has_merge_commits(&self, base: &str, head: &str) -> Result<bool> {
        let (base, head) = (Sha::new(base)?, Sha::new(head)?);
        self.mirror.healed(|| merge::has_merges(&self.mirror, &base, &head)).await
    }

    /// A file's bytes in a commit or tree; a symbolic link's are the path that it points to.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is no such file (a folder or submodule is none). [`Error::Invalid`]: it is larger than
    /// the limit for content. Else as [`Repository`] says.
    pub async fn read_file(&self, at: &str, path: &str) -> Result<Vec<u8>> {
        let (at, path) = (Sha::new(at)?, TreePath::new(path)?);
        self.mirror.healed(|| files::read(&self.mirror, &at, &path)).await
    }

    /// The paths, from the root on, of all files below a folder; the empty text is the root.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is no such folder. Else as [`Repository`] says.
    pub async fn list_files(&self, at: &str, folder: &str) -> Result<Vec<String>> {
        let (at, folder) = (Sha::new(at)?, TreePath::folder(folder)?);
        self.mirror.healed(|| files::list(&self.mirror, &at, folder.as_ref())).await
    }

    /// Who wrote each line of a file, in the order of the lines.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is no such file. Else as [`Repository`] says.
    pub async fn blame(&self, at: &str, path: &str) -> Result<Vec<BlamedLine>> {
        let (at, path) = (Sha::new(at)?, TreePath::new(path)?);
        self.mirror.healed(|| blame::blame(&self.mirror, &at, &path)).await
    }

    /// Applies commits, in order, on top of another, in the mirror alone. Authors and their dates stay; the committer is
    /// the given one, so that the same call makes the same commits, whenever and however often it is made. A commit
    /// whose changes are there already is left out. `message_suffix` becomes the last paragraph of each message.
    ///
    /// # Errors
    /// [`Error::Invalid`]: one of the commits is a merge, or none is given. Else as [`Repository`] says.
    pub async fn cherry_pick(
        &self,
        onto: &str,
        commits: &[String],
        message_suffix: &str,
        committer: &Committer,
    ) -> Result<Pick> {
        let onto = Sha::new(onto)?;
        limit("commits", commits.len())?;
        let commits = commits.iter().map(|sha| Sha::new(sha)).collect::<Result<Vec<_>>>()?;
        if commits.is_empty() {
            return Err(Error::invalid("there is no commit to pick"));
        }
        if message_suffix.contains('\0') || message_suffix.len() > 1 << 16 {
            return Err(Error::invalid("the end of the message is too long, or has a NUL in it"));
        }
        self.mirror.healed(|| pick::pick(&self.mirror, &onto, &commits, message_suffix, committer)).await
    }

    /// Makes a branch (without `refs/heads/`) point to a commit of the mirror; success if it does already.
    ///
    /// # Errors
    /// [`Error::Conflict`]: the branch is there, points elsewhere, and `force` is not set; or it moved while it was to be
    /// moved. [`Error::Invalid`]: the far side refuses the branch or the commit. Else as [`Repository`] says.
    pub async fn push_branch(&self, branch: &str, commit: &str, force: bool) -> Result<()> {
        let (branch, commit) = (RefName::branch(branch)?, Sha::new(commit)?);
        self.mirror.healed(|| push::push(&self.mirror, &branch, &commit, force)).await
    }
}

fn limit(what: &str, count: usize) -> Result<()> {
    if count <= MAX_ITEMS { Ok(()) } else { Err(Error::invalid(format!("{count} {what} are more than {MAX_ITEMS}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those who serve many at a time need futures that may change their thread.
    #[test]
    fn every_operation_can_be_spawned() {
        fn check<T: Send>(_: impl Fn(&'static Repository, Vec<String>) -> T) {}
        fn at() -> Committer {
            Committer { name: String::new(), email: String::new(), at: jiff::Timestamp::UNIX_EPOCH }
        }
        check(|repo, _| repo.fetch(""));
        check(|repo, list| async move { repo.diff("", "", &list).await });
        check(|repo, _| repo.diff_paths("", ""));
        check(|repo, _| repo.check_merge("", ""));
        check(|repo, _| repo.has_merge_commits("", ""));
        check(|repo, _| repo.read_file("", ""));
        check(|repo, _| repo.list_files("", ""));
        check(|repo, _| repo.blame("", ""));
        check(|repo, list| async move { repo.cherry_pick("", &list, "", &at()).await });
        check(|repo, _| repo.push_branch("", "", true));
    }
}
