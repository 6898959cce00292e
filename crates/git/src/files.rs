//! Files of a commit or tree.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::mirror::Mirror;
use crate::names::{Sha, TreePath, shown};
use crate::objects::need_tree;

/// An entry that is a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) blob: Sha,
    /// Not a symbolic link.
    pub(crate) is_regular: bool,
}

pub(crate) async fn read(mirror: &Arc<Mirror>, at: &Sha, path: &TreePath) -> Result<Vec<u8>> {
    need_tree(mirror, at).await?;
    let Some(entry) = entries(mirror, at, Some(path.as_str()), false).await?.pop() else {
        return Err(Error::not_found(format!("there is no file `{}` in {at}", shown(path.as_str()))));
    };
    mirror.output(&["cat-file", "blob", entry.blob.as_str()], &[], mirror.shared.limits.content_bytes).await
}

pub(crate) async fn list(mirror: &Arc<Mirror>, at: &Sha, folder: Option<&TreePath>) -> Result<Vec<String>> {
    need_tree(mirror, at).await?;
    let below = folder.map(|folder| format!("{}/", folder.as_str()));
    let entries = entries(mirror, at, below.as_deref(), true).await?;
    match folder {
        // git has no empty folders, but for the root.
        Some(folder) if entries.is_empty() => {
            Err(Error::not_found(format!("there is no folder `{}` in {at}", shown(folder.as_str()))))
        }
        _ => Ok(entries.into_iter().map(|entry| entry.path).collect()),
    }
}

/// The files among the entries; all below a folder, or the one at a path.
pub(crate) async fn entries(mirror: &Mirror, at: &Sha, path: Option<&str>, deep: bool) -> Result<Vec<Entry>> {
    entries_at(mirror, at, path.as_slice(), deep).await
}

/// The same for several paths; of none of them for all that there is.
pub(crate) async fn entries_at(mirror: &Mirror, at: &Sha, paths: &[&str], deep: bool) -> Result<Vec<Entry>> {
    let mut args = vec!["ls-tree", "-z", "--full-tree"];
    args.extend(deep.then_some("-r"));
    args.extend([at.as_str(), "--"]);
    args.extend(paths);
    let output = mirror.output(&args, &[], mirror.shared.limits.list_bytes).await?;
    let output = String::from_utf8_lossy(&output);
    Ok(output.split_terminator('\0').filter_map(entry).collect())
}

/// `100644 blob <sha>\t<path>`
fn entry(line: &str) -> Option<Entry> {
    let (head, path) = line.split_once('\t')?;
    let mut words = head.split(' ');
    let (mode, kind, sha) = (words.next()?, words.next()?, words.next()?);
    let blob = Sha::new(sha).ok().filter(|_| kind == "blob")?;
    Some(Entry { path: path.to_owned(), blob, is_regular: mode.starts_with("100") })
}

/// The contents of blobs, in their order, by one process.
pub(crate) async fn contents(mirror: &Mirror, blobs: &[Sha], max_bytes: usize) -> Result<Vec<Vec<u8>>> {
    batch(mirror, blobs, "blob", max_bytes).await
}

/// The same of commits.
pub(crate) async fn contents_of_commits(mirror: &Mirror, commits: &[Sha]) -> Result<Vec<Vec<u8>>> {
    batch(mirror, commits, "commit", mirror.shared.limits.list_bytes).await
}

async fn batch(mirror: &Mirror, objects: &[Sha], kind: &str, max_bytes: usize) -> Result<Vec<Vec<u8>>> {
    if objects.is_empty() {
        return Ok(Vec::new());
    }
    let input: String = objects.iter().map(|sha| format!("{sha}\n")).collect();
    let output = mirror.output(&["cat-file", "--batch", "--buffer"], input.as_bytes(), max_bytes).await?;
    let contents = take_apart(&output, kind);
    if contents.len() == objects.len() {
        return Ok(contents);
    }
    Err(Error::Damaged(format!("of {} objects {} could be read", objects.len(), contents.len())))
}

/// `<sha> <kind> <size>\n<bytes>\n`, again and again, up to the first object that is not as it should be.
fn take_apart(output: &[u8], kind: &str) -> Vec<Vec<u8>> {
    let mut contents = Vec::new();
    let mut rest = output;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let head = String::from_utf8_lossy(&rest[..end]);
        let mut words = head.split(' ').skip(1);
        let is_kind = words.next() == Some(kind);
        let size = words.next().and_then(|size| size.parse::<usize>().ok()).filter(|_| is_kind);
        let Some(bytes) = size.and_then(|size| rest.get(end + 1..end + 1 + size)) else { break };
        contents.push(bytes.to_vec());
        rest = rest.get(end + bytes.len() + 2..).unwrap_or_default();
    }
    contents
}
