//! What differs between two commits.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::mirror::Mirror;
use crate::names::{Sha, TreePath};
use crate::objects::need_commits;

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// Its content or mode differ.
    Modified,
    /// It was elsewhere; its content may differ too.
    Renamed,
    /// Something else, for example a file that became a link.
    Other,
}

/// One path of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathChange {
    /// Where it is; for a removed file, where it was.
    pub path: String,
    /// Where it was, if it was renamed.
    pub previous_path: Option<String>,
    /// What happened.
    pub kind: ChangeKind,
}

pub(crate) async fn diff(mirror: &Arc<Mirror>, base: &Sha, head: &Sha, paths: &[TreePath]) -> Result<String> {
    need_commits(mirror, &[base.clone(), head.clone()]).await?;
    let mut args = vec!["diff-tree", "-r", "-p", "-M", "--no-ext-diff", "--no-textconv", "--no-color"];
    args.extend(["--end-of-options", base.as_str(), head.as_str(), "--"]);
    args.extend(paths.iter().map(TreePath::as_str));
    let output = mirror.output(&args, &[], mirror.shared.limits.content_bytes).await?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

pub(crate) async fn paths(mirror: &Arc<Mirror>, base: &Sha, head: &Sha) -> Result<Vec<PathChange>> {
    need_commits(mirror, &[base.clone(), head.clone()]).await?;
    let args = ["diff-tree", "-r", "-z", "-M", "--name-status", "--end-of-options", base.as_str(), head.as_str(), "--"];
    let output = mirror.output(&args, &[], mirror.shared.limits.list_bytes).await?;
    parse(&String::from_utf8_lossy(&output)).ok_or_else(|| Error::other("git diff-tree wrote something unexpected"))
}

/// `M\0path\0` or `R087\0old\0new\0`, again and again.
fn parse(output: &str) -> Option<Vec<PathChange>> {
    let mut words = output.split_terminator('\0');
    let mut changes = Vec::new();
    while let Some(status) = words.next() {
        let first = words.next()?.to_owned();
        let (kind, second) = match status.as_bytes().first()? {
            b'A' => (ChangeKind::Added, None),
            b'D' => (ChangeKind::Removed, None),
            b'M' => (ChangeKind::Modified, None),
            b'R' => (ChangeKind::Renamed, Some(words.next()?.to_owned())),
            b'C' => (ChangeKind::Other, Some(words.next()?.to_owned())),
            _ => (ChangeKind::Other, None),
        };
        changes.push(match second {
            Some(path) => PathChange { path, previous_path: Some(first), kind },
            None => PathChange { path: first, previous_path: None, kind },
        });
    }
    Some(changes)
}
