//! What governs one file.

use std::collections::BTreeSet;

use super::{OwnersOptions, Section, Tree};

/// What governs one file. Logins in lower case, groups expanded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

/// One of a section's lists.
type List = fn(&Section) -> &BTreeSet<String>;

impl Tree {
    /// What governs the file, or the folder, at `path`. It need not exist.
    ///
    /// Behaviour: the search goes from the path itself to the root. `no_parent_owners` ends it only if something was
    /// found by then; it does not bear on the two folders.
    pub fn file_owners(&self, path: &str) -> FileOwners {
        let steps = self.steps(path);
        let collect = |list| collected(&steps, list);
        let approvers_folder = folder(&steps, |people| &people.approvers);
        FileOwners {
            path: path.to_owned(),
            options: self.options(&approvers_folder),
            approvers_folder,
            reviewers_folder: folder(&steps, |people| &people.reviewers),
            leaf_approvers: leaf(&steps, |people| &people.approvers),
            approvers: collect(|people| &people.approvers),
            leaf_reviewers: leaf(&steps, |people| &people.reviewers),
            reviewers: collect(|people| &people.reviewers),
            required_reviewers: collect(|people| &people.required_reviewers),
            labels: collect(|people| &people.labels),
        }
    }

    /// Who approves for the root of the repository.
    pub fn top_level_approvers(&self) -> BTreeSet<String> {
        leaf(&self.steps("."), |people| &people.approvers)
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

struct Step<'a> {
    at: &'a str,
    options: OwnersOptions,
    about: Vec<&'a Section>,
}

fn collected(steps: &[Step<'_>], list: List) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for step in steps {
        found.extend(step.about.iter().flat_map(|people| list(people)).cloned());
        if step.options.no_parent_owners && !found.is_empty() {
            break;
        }
    }
    found
}

fn leaf(steps: &[Step<'_>], list: List) -> BTreeSet<String> {
    let first = steps.iter().find(|step| step.about.iter().any(|people| !list(people).is_empty()));
    first.into_iter().flat_map(|step| &step.about).flat_map(|people| list(people)).cloned().collect()
}

fn folder(steps: &[Step<'_>], list: List) -> String {
    let first = steps.iter().find(|step| step.about.iter().any(|people| !list(people).is_empty()));
    first.map(|step| step.at.to_owned()).unwrap_or_default()
}
