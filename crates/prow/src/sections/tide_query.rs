//! One of `tide.queries`: pull requests that are merged by themselves.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::problem::{KeyPath, Problems};

/// One of `tide.queries`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TideQuery {
    /// Only of this author.
    pub author: String,
    /// They have all of these; of a list within, separated by commas, one.
    pub labels: Vec<String>,
    /// They have none of these.
    pub missing_labels: Vec<String>,
    /// Not to these branches.
    pub excluded_branches: Vec<String>,
    /// Only to these branches.
    pub included_branches: Vec<String>,
    /// Only of this milestone.
    pub milestone: String,
    /// They are approved in a review on GitHub.
    pub review_approved_required: bool,
    /// Of these orgs.
    pub orgs: Vec<String>,
    /// Of these repositories (`org/repo`).
    pub repos: Vec<String>,
    /// But not of these, which are of one of the orgs.
    pub excluded_repos: Vec<String>,
}

impl TideQuery {
    /// Behaviour: Prow pkg/config, `TideQuery.Validate`.
    pub(super) fn check(&self, file: &str, at: &KeyPath, problems: &mut Problems) {
        let orgs: BTreeSet<&str> = self.orgs.iter().map(String::as_str).collect();
        for (index, org) in self.orgs.iter().enumerate().filter(|(_, org)| org.is_empty() || org.contains('/')) {
            problems.add(file, at.key("orgs").index(index), format!("`{org}` is no org: write its name alone"));
        }
        for (index, repo) in self.repos.iter().enumerate() {
            let at = at.key("repos").index(index);
            match org_of(repo) {
                None => problems.add(file, at, format!("`{repo}` is no repository: write it like `org/repo`")),
                Some(org) if orgs.contains(org) => {
                    problems.add(file, at, format!("`{repo}` is covered by the org `{org}` already: remove it"));
                }
                Some(_) => {}
            }
        }
        if self.orgs.is_empty() && self.repos.is_empty() {
            problems.add(file, at.clone(), "a query needs `orgs` or `repos`: it would cover nothing");
        }
        for (index, repo) in self.excluded_repos.iter().enumerate() {
            let at = at.key("excludedRepos").index(index);
            match org_of(repo) {
                None => problems.add(file, at, format!("`{repo}` is no repository: write it like `org/repo`")),
                Some(org) if !orgs.contains(org) => {
                    problems.add(file, at, format!("`{repo}` is left out of nothing: `{org}` is not among `orgs`"));
                }
                Some(_) => {}
            }
        }
        for (index, label) in self.missing_labels.iter().enumerate().filter(|(_, label)| self.labels.contains(label)) {
            let why = format!("`{label}` stands in `labels` too: nothing could match");
            problems.add(file, at.key("missingLabels").index(index), why);
        }
        if !self.excluded_branches.is_empty() && !self.included_branches.is_empty() {
            let why = "`includedBranches` and `excludedBranches` exclude each other: keep one";
            problems.add(file, at.key("excludedBranches"), why);
        }
        let lists = [
            ("orgs", &self.orgs),
            ("repos", &self.repos),
            ("excludedRepos", &self.excluded_repos),
            ("labels", &self.labels),
            ("missingLabels", &self.missing_labels),
            ("includedBranches", &self.included_branches),
            ("excludedBranches", &self.excluded_branches),
        ];
        for (key, list) in lists {
            let mut seen = BTreeSet::new();
            for (index, item) in list.iter().enumerate().filter(|(_, item)| !seen.insert(item.as_str())) {
                problems.add(file, at.key(key).index(index), format!("`{item}` stands in this list twice: remove one"));
            }
        }
    }
}

fn org_of(repo: &str) -> Option<&str> {
    let (org, name) = repo.split_once('/')?;
    (!org.is_empty() && !name.is_empty() && !name.contains('/')).then_some(org)
}
