//! Who wrote which line.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::files::entries;
use crate::mirror::Mirror;
use crate::names::{Sha, TreePath, shown};
use crate::objects::need_commits;

/// One line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlamedLine {
    /// Its number, from 1 on.
    pub line: u32,
    /// The commit that it is from.
    pub commit: Sha,
    /// The address of that commit's author.
    pub author_email: String,
}

pub(crate) async fn blame(mirror: &Arc<Mirror>, at: &Sha, path: &TreePath) -> Result<Vec<BlamedLine>> {
    need_commits(mirror, std::slice::from_ref(at)).await?;
    if entries(mirror, at, Some(path.as_str()), false).await?.is_empty() {
        return Err(Error::not_found(format!("there is no file `{}` in {at}", shown(path.as_str()))));
    }
    let args = ["blame", "--incremental", at.as_str(), "--", path.as_str()];
    let output = mirror.output(&args, &[], mirror.shared.limits.list_bytes).await?;
    parse(&String::from_utf8_lossy(&output)).ok_or_else(|| Error::other("git blame wrote something unexpected"))
}

/// Blocks of `<sha> <line then> <line now> <count>`, what is known of the commit when it comes for the first time, and
/// `filename …` as the last line.
fn parse(output: &str) -> Option<Vec<BlamedLine>> {
    let mut emails: HashMap<Sha, String> = HashMap::new();
    let mut blocks = Vec::new();
    let mut lines = output.lines();
    while let Some(head) = lines.next() {
        let mut words = head.split(' ');
        let commit = Sha::new(words.next()?).ok()?;
        let first: u32 = words.nth(1)?.parse().ok()?;
        let count: u32 = words.next()?.parse().ok()?;
        for line in lines.by_ref() {
            if let Some(email) = line.strip_prefix("author-mail ") {
                emails.insert(commit.clone(), email.trim_matches(['<', '>']).to_owned());
            }
            if line.starts_with("filename ") {
                break;
            }
        }
        blocks.push((first, count, commit));
    }
    blocks.sort_unstable_by_key(|(first, ..)| *first);
    let lines = blocks.iter().flat_map(|(first, count, commit)| (*first..first + count).map(move |at| (at, commit)));
    let email = |commit: &Sha| emails.get(commit).cloned().unwrap_or_default();
    Some(lines.map(|(line, sha)| BlamedLine { line, commit: sha.clone(), author_email: email(sha) }).collect())
}
