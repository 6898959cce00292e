//! The OWNERS of repositories: which files a mirror has at a commit, read once, and the answers that follow from them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use config::fault::Fault;
use prow::owners::{Aliases, DenyList, Names, OwnersFile, Section, Source, Terms, Tree};

use crate::error::{Error, Result};
use crate::files::{Entry, contents, entries};
use crate::links;
use crate::mirror::Mirror;
use crate::mirrors::Mirrors;
use crate::names::{Repo, Sha};
use crate::objects::need_tree;
use crate::repository::Repository;

/// How large all OWNERS files of a repository may be together.
const MAX_BYTES: usize = 64 << 20;

/// How many commits of one repository are remembered: its branches, mostly.
const MAX_TREES: usize = 16;

/// The OWNERS of all repositories. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Owners {
    mirrors: Mirrors,
    known: Arc<Mutex<HashMap<Repo, Arc<Known>>>>,
}

/// What is remembered of one repository; held by who reads it.
#[derive(Debug, Default)]
struct Known(tokio::sync::Mutex<Vec<Remembered>>);

/// The trees of some commits, the latest used last. Commits with the same OWNERS files share one.
#[derive(Debug)]
struct Remembered {
    commit: Sha,
    terms: Terms,
    files: Arc<HashMap<String, File>>,
    tree: Arc<Tree>,
}

/// An OWNERS file that was read.
#[derive(Debug, Clone)]
struct File {
    blob: Sha,
    read: Read,
}

#[derive(Debug, Clone)]
enum Read {
    Owners(OwnersFile),
    Aliases(Aliases),
    /// A Markdown file without a header.
    Nothing,
}

impl Owners {
    /// None are read yet.
    pub fn new(mirrors: Mirrors) -> Self {
        Self { mirrors, known: Arc::default() }
    }

    /// What a text says as an OWNERS file.
    ///
    /// # Errors
    /// Where, and why, it is none. Named `OWNERS`, since the text is all that is known of it.
    pub fn parse(text: &str) -> std::result::Result<Vec<Section>, Fault> {
        let read = config::owners::owners("OWNERS", text);
        read.fault.map_or(Ok(read.value.sections), Err)
    }

    /// The OWNERS of a branch as it is now, read on these terms. One fetch.
    ///
    /// # Errors
    /// [`Error::NotFound`]: there is no such branch. Else as [`Repository`] says.
    pub async fn of_branch(&self, repo: &Repo, branch: &str, terms: &Terms) -> Result<Arc<Tree>> {
        let head = self.mirrors.repository(repo).fetch(&format!("refs/heads/{branch}")).await?;
        self.of_commit(repo, head.as_str(), terms).await
    }

    /// The OWNERS of a commit, read on these terms. What does not differ from the commits before is not read again.
    ///
    /// # Errors
    /// As [`Repository`] says.
    pub async fn of_commit(&self, repo: &Repo, commit: &str, terms: &Terms) -> Result<Arc<Tree>> {
        let commit = Sha::new(commit)?;
        let known = {
            let mut all = self.known.lock().expect("nothing panics while it looks for a repository");
            Arc::clone(all.entry(repo.clone()).or_default())
        };
        let mut known = known.0.lock().await;
        if let Some(at) = known.iter().position(|one| one.commit == commit && one.terms == *terms) {
            let found = known.remove(at);
            let tree = Arc::clone(&found.tree);
            known.push(found);
            return Ok(tree);
        }
        let before = known.iter().rev().find(|one| one.terms == *terms);
        let made = self.read(&self.mirrors.repository(repo), commit, terms, before).await?;
        let tree = Arc::clone(&made.tree);
        known.push(made);
        if known.len() > MAX_TREES {
            known.remove(0);
        }
        Ok(tree)
    }

    async fn read(
        &self,
        repository: &Repository,
        commit: Sha,
        terms: &Terms,
        before: Option<&Remembered>,
    ) -> Result<Remembered> {
        let mirror = repository.mirror();
        let (deny, problems) = terms.denied.compile();
        for problem in problems {
            tracing::warn!(repo = %repository.name(), problem, "a pattern of `owners_dir_denylist` denies nothing");
        }
        let gathered = mirror.healed(|| gather(mirror, &commit, &terms.names, &deny, before)).await?;
        let Gathered { found, texts, passed_over } = gathered;
        for (path, why) in passed_over {
            tracing::warn!(repo = %repository.name(), path, why, "a symbolic link in the place of owners is passed over");
        }
        // The same files: then also the same tree.
        if let Some(before) = before.filter(|before| texts.is_empty() && before.files.len() == found.len()) {
            let (files, tree) = (Arc::clone(&before.files), Arc::clone(&before.tree));
            return Ok(Remembered { commit, terms: terms.clone(), files, tree });
        }
        let before = before.map(|before| Arc::clone(&before.files)).unwrap_or_default();
        let (name, terms) = (repository.name().to_string(), terms.clone());
        let work = move || put_together(&name, commit, terms, found, texts, &before);
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::other(error.to_string()))
    }
}

/// The files with owners at a commit.
struct Gathered {
    found: Vec<Found>,
    /// Of those that differ from what was read before.
    texts: Vec<Vec<u8>>,
    /// Links that lead to no file, and why.
    passed_over: Vec<(String, &'static str)>,
}

/// Behaviour: Prow pkg/repoowners walks a checkout. It goes into no folder that is a link, and reads through one that is
/// called as a file with owners. Here only a link that stays in the repository is followed.
async fn gather(
    mirror: &Arc<Mirror>,
    commit: &Sha,
    names: &Names,
    deny: &DenyList,
    before: Option<&Remembered>,
) -> Result<Gathered> {
    need_tree(mirror, commit).await?;
    let all = entries(mirror, commit, None, true).await?;
    let (mut found, links) = sources(&all, names, deny);
    let paths: Vec<&str> = links.iter().map(|(path, _)| *path).collect();
    let mut passed_over = Vec::new();
    for ((path, source), target) in links.iter().zip(links::targets(mirror, &all, &paths).await?) {
        match target {
            Ok(blob) => found.push(Found { path: (*path).to_owned(), blob, source: *source }),
            Err(why) => passed_over.push(((*path).to_owned(), why)),
        }
    }
    let new: Vec<Sha> = found.iter().filter(|one| one.is_new(before)).map(|one| one.blob.clone()).collect();
    let texts = contents(mirror, &new, MAX_BYTES).await.map_err(|error| match error {
        Error::Invalid(_) => too_long(names),
        other => other,
    })?;
    Ok(Gathered { found, texts, passed_over })
}

fn too_long(names: &Names) -> Error {
    let (mib, others) = (MAX_BYTES >> 20, if names.markdown { ", all Markdown files with them," } else { "" });
    let way = if names.markdown { "take the repository out of `owners.mdyamlrepos`, or " } else { "" };
    Error::invalid(format!(
        "the files with owners{others} have over {mib} MiB together: {way}deny folders in `owners_dir_denylist`"
    ))
}

/// The files with owners, and the links in their places.
fn sources<'a>(all: &'a [Entry], names: &Names, deny: &DenyList) -> (Vec<Found>, Vec<(&'a str, Source)>) {
    let (mut found, mut links) = (Vec::new(), Vec::new());
    for entry in all {
        match names.source(&entry.path, deny) {
            Some(source) if entry.is_regular => {
                found.push(Found { path: entry.path.clone(), blob: entry.blob.clone(), source });
            }
            Some(source) => links.push((entry.path.as_str(), source)),
            None => {}
        }
    }
    (found, links)
}

/// A file with owners in it, perhaps.
struct Found {
    path: String,
    blob: Sha,
    source: Source,
}

impl Found {
    fn is_new(&self, before: Option<&Remembered>) -> bool {
        before.and_then(|before| before.files.get(&self.path)).is_none_or(|file| file.blob != self.blob)
    }
}

fn put_together(
    repo: &str,
    commit: Sha,
    terms: Terms,
    found: Vec<Found>,
    texts: Vec<Vec<u8>>,
    before: &HashMap<String, File>,
) -> Remembered {
    let mut texts = texts.into_iter();
    let mut files = HashMap::with_capacity(found.len());
    for Found { path, blob, source } in found {
        let file = match before.get(&path).filter(|file| file.blob == blob) {
            Some(file) => file.clone(),
            None => {
                let text = texts.next().unwrap_or_default();
                File { blob, read: read_text(repo, &path, source, &String::from_utf8_lossy(&text)) }
            }
        };
        files.insert(path, file);
    }
    let mut aliases = Aliases::default();
    let mut owners = Vec::with_capacity(files.len());
    for (path, file) in &files {
        match &file.read {
            Read::Owners(read) => owners.push((path.clone(), read.clone())),
            Read::Aliases(read) => aliases = read.clone(),
            Read::Nothing => {}
        }
    }
    let tree = Arc::new(Tree::new(owners, aliases, &terms.names));
    Remembered { commit, terms, files: Arc::new(files), tree }
}

fn read_text(repo: &str, path: &str, source: Source, text: &str) -> Read {
    let told = |fault: Option<Fault>| {
        if let Some(fault) = fault {
            tracing::warn!(repo, %fault, "not all owners can be read");
        }
    };
    match source {
        Source::Owners => {
            let read = config::owners::owners(path, text);
            told(read.fault);
            Read::Owners(read.value)
        }
        Source::Aliases => {
            let read = config::owners::aliases(path, text);
            told(read.fault);
            Read::Aliases(read.value)
        }
        Source::Markdown => config::owners::markdown(path, text).map_or(Read::Nothing, Read::Owners),
    }
}
