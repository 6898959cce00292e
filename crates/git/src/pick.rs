//! Cherry-picking, without a work tree or an index.
//!
//! A pick is a merge whose base is the parent of what is picked. `git merge-tree` takes a base of its own only from 2.40
//! on; before that it looks for one. So it is given two made-up commits, one with the files of each side, whose common
//! parent, made up too, has the files of the base. All that is written are objects under their own names: a call that
//! is killed leaves nothing that another could stumble over, and any number of them go on at a time.

use std::sync::Arc;

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::files::contents_of_commits;
use crate::keep::keep;
use crate::merge::merge;
use crate::mirror::Mirror;
use crate::names::Sha;
use crate::objects::need_commits;

/// The tree without files: what the first commit of a repository is compared with.
const NO_FILES: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// Who commits, and when. The same committer at the same moment makes the same commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committer {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// The moment; git keeps whole seconds.
    pub at: Timestamp,
}

impl Committer {
    /// For commits that nobody is ever shown.
    pub(crate) fn nobody() -> Self {
        Self { name: "none".to_owned(), email: "none".to_owned(), at: Timestamp::UNIX_EPOCH }
    }
}

/// What came of a cherry-pick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pick {
    /// The last of the new commits; what they were to be put on, if none of them changes anything there.
    Picked(Sha),
    /// The paths in conflict, of the first commit that has any.
    Conflicts(Vec<String>),
}

pub(crate) async fn pick(
    mirror: &Arc<Mirror>,
    onto: &Sha,
    commits: &[Sha],
    suffix: &str,
    committer: &Committer,
) -> Result<Pick> {
    let all: Vec<Sha> = [onto].into_iter().chain(commits).cloned().collect();
    need_commits(mirror, &all).await?;
    let picked = put_on(mirror, onto, commits, suffix, committer).await?;
    if let Pick::Picked(tip) = &picked
        && tip != onto
    {
        keep(mirror, tip).await?;
    }
    Ok(picked)
}

/// Picks commits that the mirror has; what comes of it is not kept from git's housekeeping.
pub(crate) async fn put_on(
    mirror: &Mirror,
    onto: &Sha,
    commits: &[Sha],
    suffix: &str,
    committer: &Committer,
) -> Result<Pick> {
    let all: Vec<Sha> = [onto].into_iter().chain(commits).cloned().collect();
    let mut read = read(mirror, &all).await?.into_iter();
    let mut tree = read.next().map(|onto| onto.tree).ok_or_else(|| Error::other("no commit was read"))?;
    let picked: Vec<Commit> = read.collect();
    if let Some(at) = picked.iter().position(|commit| commit.parents.len() > 1) {
        return Err(Error::invalid(format!("{} is a merge: pick the commits that it merged", commits[at])));
    }
    let parents: Vec<Sha> = picked.iter().filter_map(|commit| commit.parents.first().cloned()).collect();
    let mut bases = self::read(mirror, &parents).await?.into_iter().map(|parent| parent.tree);
    let mut tip = onto.clone();
    for commit in &picked {
        let base = match commit.parents.is_empty() {
            true => Sha::new(NO_FILES)?,
            false => bases.next().ok_or_else(|| Error::other("a parent was not read"))?,
        };
        let new = match apply(mirror, &base, &tree, &commit.tree).await? {
            Applied::Tree(new) => new,
            Applied::Conflicts(paths) => return Ok(Pick::Conflicts(paths)),
        };
        if new != tree {
            tip = write(mirror, &commit.anew(&new, &tip, suffix, committer)).await?;
            tree = new;
        }
    }
    Ok(Pick::Picked(tip))
}

enum Applied {
    Tree(Sha),
    Conflicts(Vec<String>),
}

/// Does to the files `ours` what was done to `base` to make `theirs`. All three are trees.
async fn apply(mirror: &Mirror, base: &Sha, ours: &Sha, theirs: &Sha) -> Result<Applied> {
    if base == ours {
        return Ok(Applied::Tree(theirs.clone()));
    }
    if base == theirs {
        return Ok(Applied::Tree(ours.clone()));
    }
    let base = write(mirror, &made_up(base, &[])).await?;
    let ours = write(mirror, &made_up(ours, &[&base])).await?;
    let theirs = write(mirror, &made_up(theirs, &[&base])).await?;
    let merged = merge(mirror, &ours, &theirs).await?;
    Ok(match merged.tree {
        Some(tree) => Applied::Tree(tree),
        None => Applied::Conflicts(merged.conflicts),
    })
}

/// A commit of nobody's: the same files on the same parents make the same one.
pub(crate) fn made_up(tree: &Sha, parents: &[&Sha]) -> Vec<u8> {
    let parents: String = parents.iter().map(|parent| format!("parent {parent}\n")).collect();
    format!("tree {tree}\n{parents}author none <none> 0 +0000\ncommitter none <none> 0 +0000\n\n").into_bytes()
}

pub(crate) async fn write(mirror: &Mirror, commit: &[u8]) -> Result<Sha> {
    let output = mirror.output(&["hash-object", "-t", "commit", "-w", "--stdin"], commit, 1 << 12).await?;
    Sha::new(String::from_utf8_lossy(&output).trim())
}

async fn read(mirror: &Mirror, commits: &[Sha]) -> Result<Vec<Commit>> {
    let read = contents_of_commits(mirror, commits).await?;
    let parsed = commits.iter().zip(&read).map(|(sha, bytes)| {
        Commit::parse(bytes).ok_or_else(|| Error::other(format!("{sha} is not as a commit should be")))
    });
    parsed.collect()
}

/// A commit as it is stored. What is a person's stays in bytes: it need not be UTF-8.
#[derive(Debug, PartialEq, Eq)]
struct Commit {
    tree: Sha,
    parents: Vec<Sha>,
    author: Vec<u8>,
    /// What the message is encoded in, if not in UTF-8.
    encoding: Option<Vec<u8>>,
    message: Vec<u8>,
}

impl Commit {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(2).position(|two| two == b"\n\n")?;
        let sha = |value: &[u8]| Sha::new(std::str::from_utf8(value).ok()?).ok();
        let (mut tree, mut parents, mut author, mut encoding) = (None, Vec::new(), None, None);
        // A signature goes on in lines that begin with a space; none of these words does.
        for line in bytes[..end].split(|byte| *byte == b'\n') {
            let at = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
            let (word, value) = (&line[..at], line.get(at + 1..).unwrap_or_default());
            match word {
                b"tree" => tree = sha(value),
                b"parent" => parents.push(sha(value)?),
                b"author" => author = Some(value.to_vec()),
                b"encoding" => encoding = Some(value.to_vec()),
                _ => {}
            }
        }
        Some(Self { tree: tree?, parents, author: author?, encoding, message: bytes[end + 2..].to_vec() })
    }

    /// The same change on top of another commit.
    fn anew(&self, tree: &Sha, parent: &Sha, suffix: &str, committer: &Committer) -> Vec<u8> {
        let mut bytes = format!("tree {tree}\nparent {parent}\nauthor ").into_bytes();
        bytes.extend(&self.author);
        let plain = |text: &str| text.replace(['<', '>', '\n', '\0'], "").trim().to_owned();
        let (name, email) = (plain(&committer.name), plain(&committer.email));
        bytes.extend(format!("\ncommitter {name} <{email}> {} +0000\n", committer.at.as_second()).bytes());
        if let Some(encoding) = &self.encoding {
            bytes.extend([b"encoding ", &encoding[..], b"\n"].concat());
        }
        bytes.push(b'\n');
        match suffix.trim() {
            "" => bytes.extend(&self.message),
            suffix => {
                bytes.extend(self.message.trim_ascii_end());
                bytes.extend(format!("\n\n{suffix}\n").bytes());
            }
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "1111111111111111111111111111111111111111";
    const PARENT: &str = "2222222222222222222222222222222222222222";

    #[test]
    fn a_commit_keeps_its_author_and_loses_its_signature() {
        let stored = [
            format!("tree {TREE}\nparent {PARENT}\nauthor Zo").as_bytes(),
            b"\xeb <z@x> 5 +0200\ncommitter c <c@x> 6 +0000\ngpgsig -----BEGIN\n author no\n -----END\nencoding latin1\n\nOne\n\ntwo\n\n",
        ]
        .concat();
        let commit = Commit::parse(&stored).unwrap();
        let committer = Committer { name: "b<o>t\n".into(), email: "b@x".into(), at: Timestamp::UNIX_EPOCH };
        let onto = Sha::new(PARENT).unwrap();
        let anew = commit.anew(&commit.tree, &onto, "\n(picked)\n", &committer);
        let want = [
            format!("tree {TREE}\nparent {PARENT}\nauthor Zo").as_bytes(),
            b"\xeb <z@x> 5 +0200\ncommitter bot <b@x> 0 +0000\nencoding latin1\n\nOne\n\ntwo\n\n(picked)\n",
        ]
        .concat();
        assert_eq!(String::from_utf8_lossy(&anew), String::from_utf8_lossy(&want));
        assert!(commit.anew(&commit.tree, &onto, " ", &committer).ends_with(b"two\n\n"));
        assert_eq!(Commit::parse(b"tree x\n\n"), None);
        assert_eq!(Commit::parse(b""), None);
    }
}
