//! What governs one file.

use std::collections::{BTreeSet, HashMap};

use super::{OwnersOptions, Section, Tree};

/// What governs one file. Logins in lower case, groups expanded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct FileOwners {
    /// The path that was asked about.
    pub path: String,
    /// The nearest folder whose OWNERS file names approvers for it; the root, which is empty, if none does.
    pub approvers_folder: String,
    /// The same for reviewers.
    pub reviewers_folder: String,
    /// Of the nearest place that names any.
    pub leaf_approvers: BTreeSet<String>,
    /// Of all places up to the root, or to one without parent owners.
    pub approvers: BTreeSet<String>,
    /// As `leaf_approvers`.
    pub leaf_reviewers: BTreeSet<String>,
    /// As `approvers`.
    pub reviewers: BTreeSet<String>,
    /// As `approvers`.
    pub required_reviewers: BTreeSet<String>,
    /// As `approvers`.
    pub labels: BTreeSet<String>,
    /// The options of `approvers_folder`.
    pub options: OwnersOptions,
}

/// Files that are governed alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnersGroup {
    /// What governs them; the path is that of the first.
    pub owners: FileOwners,
    /// Where they stand among those that were asked about, ascending.
    pub files: Vec<u32>,
}

/// A tree as who asks sees it.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    tree: &'a Tree,
    people: Option<&'a BTreeSet<String>>,
}

/// One of a section's lists.
type List = fn(&Section) -> &BTreeSet<String>;

const APPROVERS: List = |people| &people.approvers;
const REVIEWERS: List = |people| &people.reviewers;

impl Tree {
    /// The tree as if its files named nobody but `people` (in lower case) as approvers and reviewers. A folder of which
    /// nobody is left is then governed by those above. Required reviewers and labels stay.
    ///
    /// Behaviour: Prow pkg/repoowners, `filterCollaborators`.
    pub fn among<'a>(&'a self, people: &'a BTreeSet<String>) -> View<'a> {
        View { tree: self, people: Some(people) }
    }

    /// The tree as it is written.
    pub fn whole(&self) -> View<'_> {
        View { tree: self, people: None }
    }

    /// What governs the file, or the folder, at `path`, as it is written.
    pub fn file_owners(&self, path: &str) -> FileOwners {
        self.whole().file_owners(path)
    }

    /// The places with owners from `path` to the root, each with the sections that are about `path`.
    fn steps<'a>(&'a self, path: &'a str) -> Vec<Step<'a>> {
        let start = self.start(path);
        let mut steps = Vec::new();
        let mut at = start;
        loop {
            if let Some(place) = self.place(at) {
                let relative = match start.strip_prefix(at).map(|rest| rest.trim_start_matches('/')) {
                    None | Some("") => ".",
                    Some(rest) => rest,
                };
                let about = place.sections.iter().filter(|section| section.is_about(relative));
                steps.push(Step { at, options: place.options, about: about.map(|section| &section.people).collect() });
            }
            match at.rsplit_once('/') {
                Some((above, _)) => at = above,
                None if at.is_empty() => return steps,
                None => at = "",
            }
        }
    }
}

impl View<'_> {
    /// What governs the file, or the folder, at `path`. It need not exist.
    ///
    /// Behaviour: the search goes from the path itself to the root. `no_parent_owners` ends it only if something was
    /// found by then; it does not bear on the two folders.
    pub fn file_owners(&self, path: &str) -> FileOwners {
        let steps = self.tree.steps(path);
        let people = self.people;
        let approvers_folder = folder(&steps, APPROVERS, people);
        FileOwners {
            path: path.to_owned(),
            options: self.tree.options(&approvers_folder),
            approvers_folder,
            reviewers_folder: folder(&steps, REVIEWERS, people),
            leaf_approvers: leaf(&steps, APPROVERS, people),
            approvers: collected(&steps, APPROVERS, people),
            leaf_reviewers: leaf(&steps, REVIEWERS, people),
            reviewers: collected(&steps, REVIEWERS, people),
            required_reviewers: collected(&steps, |people| &people.required_reviewers, None),
            labels: collected(&steps, |people| &people.labels, None),
        }
    }

    /// What governs these paths, each answer once, in the order of its first path.
    pub fn groups(&self, paths: &[String]) -> Vec<OwnersGroup> {
        let mut groups: Vec<OwnersGroup> = Vec::new();
        let mut known: HashMap<FileOwners, usize> = HashMap::new();
        for (index, path) in (0..).zip(paths) {
            let owners = self.file_owners(path);
            let alike = FileOwners { path: String::new(), ..owners.clone() };
            let group = *known.entry(alike).or_insert_with(|| {
                groups.push(OwnersGroup { owners, files: Vec::new() });
                groups.len() - 1
            });
            groups[group].files.push(index);
        }
        groups
    }

    /// Who approves for the root of the repository.
    pub fn top_level_approvers(&self) -> BTreeSet<String> {
        leaf(&self.tree.steps("."), APPROVERS, self.people)
    }

    /// Everyone whom any OWNERS file names as approver or reviewer, groups expanded. Behaviour: Prow's `AllOwners`, which
    /// leaves required reviewers out.
    pub fn all_owners(&self) -> BTreeSet<String> {
        let named = self.tree.sections().flat_map(|people| people.approvers.iter().chain(&people.reviewers));
        named.filter(|login| counts(self.people, login)).cloned().collect()
    }
}

struct Step<'a> {
    at: &'a str,
    options: OwnersOptions,
    about: Vec<&'a Section>,
}

impl<'a> Step<'a> {
    fn named(&self, list: List, people: Option<&'a BTreeSet<String>>) -> impl Iterator<Item = &'a String> {
        self.about.iter().flat_map(move |section| list(section)).filter(move |name| counts(people, name))
    }

    fn names_any(&self, list: List, people: Option<&'a BTreeSet<String>>) -> bool {
        self.named(list, people).next().is_some()
    }
}

fn counts(people: Option<&BTreeSet<String>>, login: &str) -> bool {
    people.is_none_or(|people| people.contains(login))
}

fn collected<'a>(steps: &[Step<'a>], list: List, people: Option<&'a BTreeSet<String>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for step in steps {
        found.extend(step.named(list, people).cloned());
        if step.options.no_parent_owners && !found.is_empty() {
            break;
        }
    }
    found
}

fn leaf<'a>(steps: &[Step<'a>], list: List, people: Option<&'a BTreeSet<String>>) -> BTreeSet<String> {
    let first = steps.iter().find(|step| step.names_any(list, people));
    first.into_iter().flat_map(|step| step.named(list, people)).cloned().collect()
}

fn folder<'a>(steps: &[Step<'a>], list: List, people: Option<&'a BTreeSet<String>>) -> String {
    let first = steps.iter().find(|step| step.names_any(list, people));
    first.map(|step| step.at.to_owned()).unwrap_or_default()
}
