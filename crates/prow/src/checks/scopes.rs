//! Sets of repositories: whole organisations without some of their repositories, and single ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::sections::tide_query::TideQuery;

/// A set of repositories whose organisations need not be known whole.
///
/// Behaviour: Prow cmd/checkconfig, `orgRepoConfig`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scopes {
    /// By organisation: the repositories (`org/repo`) that are not in the set.
    orgs: BTreeMap<String, BTreeSet<String>>,
    /// `org/repo`
    repos: BTreeSet<String>,
}

/// One part of such a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// An organisation without some repositories.
    Org(String, BTreeSet<String>),
    /// `org/repo`
    Repo(String),
}

impl Scope {
    /// Its organisation.
    pub(super) fn org(&self) -> &str {
        match self {
            Self::Org(org, _) => org,
            Self::Repo(full_name) => org_of(full_name),
        }
    }

    /// Its full name, where it is a repository.
    pub(super) fn repo(&self) -> Option<&str> {
        match self {
            Self::Org(..) => None,
            Self::Repo(full_name) => Some(full_name),
        }
    }
}

/// Writes "the organisation `o` without `o/r`" or "`o/r`".
impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repo(full_name) => write!(out, "`{full_name}`"),
            Self::Org(org, without) if without.is_empty() => write!(out, "the organisation `{org}`"),
            Self::Org(org, without) => {
                let without: Vec<_> = without.iter().map(String::as_str).collect();
                write!(out, "the organisation `{org}` without `{}`", without.join("`, `"))
            }
        }
    }
}

fn org_of(full_name: &str) -> &str {
    full_name.split('/').next().unwrap_or_default()
}

impl Scopes {
    /// Of organisations with what they leave out, and repositories; one that is named itself is in the set though its
    /// organisation leaves it out.
    pub(crate) fn new(mut orgs: BTreeMap<String, BTreeSet<String>>, repos: BTreeSet<String>) -> Self {
        for without in orgs.values_mut() {
            without.retain(|repo| !repos.contains(repo));
        }
        Self { orgs, repos }
    }

    /// What tide queries cover: a repository is left out only if all queries for its organisation leave it out.
    pub(super) fn of_queries<'a>(queries: impl IntoIterator<Item = &'a TideQuery>) -> Self {
        let mut orgs = BTreeMap::<String, BTreeSet<String>>::new();
        let mut repos = BTreeSet::new();
        for query in queries {
            for org in &query.orgs {
                let own = query.excluded_repos.iter().filter(|repo| org_of(repo) == org);
                let own: BTreeSet<String> = own.cloned().collect();
                orgs.entry(org.clone()).and_modify(|all| all.retain(|repo| own.contains(repo))).or_insert(own);
            }
            repos.extend(query.repos.iter().cloned());
        }
        Self::new(orgs, repos)
    }

    /// Single repositories.
    pub(super) fn of_repos<'a>(repos: impl IntoIterator<Item = &'a str>) -> Self {
        Self { orgs: BTreeMap::new(), repos: repos.into_iter().map(str::to_owned).collect() }
    }

    /// Its parts, organisations first.
    pub(super) fn parts(&self) -> Vec<Scope> {
        let orgs = self.orgs.iter().map(|(org, without)| Scope::Org(org.clone(), without.clone()));
        orgs.chain(self.repos.iter().cloned().map(Scope::Repo)).collect()
    }

    /// Whether the organisation is in the set, and with it the repository.
    fn has_by_org(&self, full_name: &str) -> bool {
        self.orgs.get(org_of(full_name)).is_some_and(|without| !without.contains(full_name))
    }

    /// What is in this set and not in the other.
    pub(super) fn without(&self, other: &Self) -> Self {
        let mut orgs = BTreeMap::new();
        let mut repos = self.repos.clone();
        for (org, without) in &self.orgs {
            match other.orgs.get(org) {
                Some(theirs) => repos.extend(theirs.difference(without).cloned()),
                None => {
                    let theirs = other.repos.iter().filter(|repo| org_of(repo) == org);
                    orgs.insert(org.clone(), without.iter().chain(theirs).cloned().collect());
                }
            }
        }
        repos.retain(|repo| !other.repos.contains(repo) && !other.has_by_org(repo));
        Self { orgs, repos }
    }

    /// What is in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut orgs = BTreeMap::new();
        for (org, without) in &self.orgs {
            if let Some(theirs) = other.orgs.get(org) {
                orgs.insert(org.clone(), without.union(theirs).cloned().collect());
            }
        }
        let ours = self.repos.iter().filter(|repo| other.repos.contains(*repo) || other.has_by_org(repo));
        let theirs = other.repos.iter().filter(|repo| self.has_by_org(repo));
        Self { orgs, repos: ours.chain(theirs).cloned().collect() }
    }

    /// What is in one of the two.
    pub(super) fn or(&self, other: &Self) -> Self {
        let mut orgs = BTreeMap::<String, BTreeSet<String>>::new();
        for (own, others) in [(self, other), (other, self)] {
            for (org, without) in &own.orgs {
                let left = without.iter().filter(|repo| !others.repos.contains(*repo));
                let left: BTreeSet<String> = left.cloned().collect();
                orgs.entry(org.clone()).and_modify(|all| all.retain(|repo| left.contains(repo))).or_insert(left);
            }
        }
        let repos = self.repos.union(&other.repos).filter(|repo| !orgs.contains_key(org_of(repo)));
        let repos = repos.cloned().collect();
        Self { orgs, repos }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `o-a-b` is the organisation `o` without `o/a` and `o/b`; `o/r` a repository.
    fn set(text: &str) -> Scopes {
        let (mut orgs, mut repos) = (BTreeMap::new(), BTreeSet::new());
        for word in text.split_whitespace() {
            if word.contains('/') {
                repos.insert(word.to_owned());
            } else {
                let mut parts = word.split('-');
                let org = parts.next().unwrap();
                orgs.insert(org.to_owned(), parts.map(|repo| format!("{org}/{repo}")).collect());
            }
        }
        Scopes { orgs, repos }
    }

    #[track_caller]
    fn check(found: Scopes, want: &str) {
        assert_eq!(found, set(want));
    }

    #[test]
    fn what_is_in_one_set_and_not_in_the_other() {
        check(set("o p/x").without(&set("")), "o p/x");
        check(set("o").without(&set("o")), "");
        check(set("o-a").without(&set("o-a-b")), "o/b");
        check(set("o").without(&set("o/a p/a")), "o-a");
        check(set("o/a o/b").without(&set("o-b")), "o/b");
        check(set("o/a").without(&set("o/a")), "");
    }

    #[test]
    fn what_is_in_both() {
        check(set("o-a").and(&set("o-b")), "o-a-b");
        check(set("o-a").and(&set("o/a o/b p/b")), "o/b");
        check(set("o/a o/b").and(&set("o-a")), "o/b");
        check(set("o/a p/a").and(&set("o/a")), "o/a");
        check(set("o").and(&set("p")), "");
    }

    #[test]
    fn what_is_in_one_of_the_two() {
        check(set("o-a-b").or(&set("o-b-c")), "o-b");
        check(set("o-a").or(&set("o/a")), "o");
        check(set("o/a").or(&set("p-x o-a")), "o p-x");
        check(set("o/a").or(&set("p/b")), "o/a p/b");
    }

    #[test]
    fn what_queries_cover() {
        let query = |orgs: &[&str], repos: &[&str], excluded: &[&str]| {
            let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
            TideQuery {
                orgs: owned(orgs),
                repos: owned(repos),
                excluded_repos: owned(excluded),
                ..TideQuery::default()
            }
        };
        check(Scopes::of_queries(&[query(&["o", "p"], &[], &["o/a", "p/b"])]), "o-a p-b");
        check(Scopes::of_queries(&[query(&["o"], &[], &["o/a", "o/b"]), query(&["o"], &[], &["o/b"])]), "o-b");
        check(Scopes::of_queries(&[query(&["o"], &[], &["o/a"]), query(&[], &["o/a"], &[])]), "o o/a");
    }

    #[test]
    fn parts_are_written_for_people() {
        let parts: Vec<_> = set("o-a-b p q/r").parts().iter().map(ToString::to_string).collect();
        assert_eq!(parts, ["the organisation `o` without `o/a`, `o/b`", "the organisation `p`", "`q/r`"]);
    }
}
