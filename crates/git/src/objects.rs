//! Which objects a mirror has.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::fetch::fetch;
use crate::mirror::Mirror;
use crate::names::{Sha, Wanted};

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Commit,
    Tree,
    Blob,
    Tag,
}

/// What each of these is; `None` where the mirror lacks it. One process.
pub(crate) async fn look_up(mirror: &Mirror, wanted: &[Sha]) -> Result<Vec<Option<Kind>>> {
    let input: String = wanted.iter().map(|sha| format!("{sha}\n")).collect();
    let output = mirror.output(&["cat-file", "--batch-check=%(objecttype)"], input.as_bytes(), 1 << 20).await?;
    let kinds: Vec<_> = String::from_utf8_lossy(&output).lines().map(kind).collect();
    if kinds.len() == wanted.len() {
        Ok(kinds)
    } else {
        Err(Error::other("git cat-file did not answer for each object"))
    }
}

fn kind(line: &str) -> Option<Kind> {
    match line {
        "commit" => Some(Kind::Commit),
        "tree" => Some(Kind::Tree),
        "blob" => Some(Kind::Blob),
        "tag" => Some(Kind::Tag),
        _ => None,
    }
}

/// Sees to it that the mirror has these commits; fetches those that it lacks.
pub(crate) async fn need_commits(mirror: &Arc<Mirror>, wanted: &[Sha]) -> Result<()> {
    for (sha, kind) in wanted.iter().zip(need(mirror, wanted).await?) {
        if kind != Kind::Commit {
            return Err(Error::invalid(format!("{sha} is no commit")));
        }
    }
    Ok(())
}

/// The same for something that has files: a commit or a tree.
pub(crate) async fn need_tree(mirror: &Arc<Mirror>, wanted: &Sha) -> Result<()> {
    match need(mirror, std::slice::from_ref(wanted)).await?[..] {
        [Kind::Commit | Kind::Tree] => Ok(()),
        _ => Err(Error::invalid(format!("{wanted} is neither a commit nor a tree"))),
    }
}

async fn need(mirror: &Arc<Mirror>, wanted: &[Sha]) -> Result<Vec<Kind>> {
    let mut kinds = Vec::new();
    for (sha, kind) in wanted.iter().zip(look_up(mirror, wanted).await?) {
        kinds.push(match kind {
            Some(kind) => kind,
            None => {
                fetch(mirror, &Wanted::Object(sha.clone())).await?;
                let kind = look_up(mirror, std::slice::from_ref(sha)).await?[0];
                kind.ok_or_else(|| Error::Damaged(format!("{sha} was fetched and is not there")))?
            }
        });
    }
    Ok(kinds)
}
