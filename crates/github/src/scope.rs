//! For whom a call is made, and how narrow its token is.

use std::collections::BTreeSet;

use crate::permissions::PermissionSet;
use crate::repos::RepoName;

/// The most repositories that GitHub takes in a request for a token.
const MOST_REPOSITORIES: usize = 500;

/// For whom a call is made. Under App auth it chooses the installation token; under a personal token only `plugin` has
/// an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The organisation or user that the App is installed in.
    pub org: String,
    /// The repositories that the token is narrowed to, where `permissions` narrow it at all; `None` is all that the
    /// installation covers.
    pub repositories: Option<BTreeSet<RepoName>>,
    /// What the token is narrowed to; `None` is all that the installation has.
    pub permissions: Option<PermissionSet>,
    /// The plugin whose name stands in the user agent.
    pub plugin: Option<String>,
}

impl Scope {
    /// All that the installation in `org` may do.
    pub fn org(org: impl Into<String>) -> Self {
        Self { org: org.into(), repositories: None, permissions: None, plugin: None }
    }

    /// The scope of one repository.
    #[must_use]
    pub fn repo(name: &RepoName) -> Self {
        Self::org(&name.org).with_repositories([name.clone()])
    }

    /// The same, narrowed to `permissions`.
    #[must_use]
    pub fn with_permissions(self, permissions: PermissionSet) -> Self {
        Self { permissions: Some(permissions), ..self }
    }

    /// The same, with these repositories besides those it has; to a whole organisation's they are a narrowing. They must
    /// be of one owner with the scope: a token never spans organisations, and a call in a scope that would is an error.
    #[must_use]
    pub fn with_repositories(self, repositories: impl IntoIterator<Item = RepoName>) -> Self {
        let mut all = self.repositories.unwrap_or_default();
        all.extend(repositories);
        Self { repositories: Some(all), ..self }
    }

    /// The same in every repository that the installation covers: for grants that are patterns, which no token can carry.
    #[must_use]
    pub fn in_all_repositories(self) -> Self {
        Self { repositories: None, ..self }
    }

    /// The same, in the name of `plugin`.
    #[must_use]
    pub fn with_plugin(self, plugin: impl Into<String>) -> Self {
        Self { plugin: Some(plugin.into()), ..self }
    }

    /// Whether one token can carry it; says why not.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Some(repositories) = &self.repositories else { return Ok(()) };
        if let Some(foreign) = repositories.iter().find(|repo| !repo.org.eq_ignore_ascii_case(&self.org)) {
            return Err(format!("a token for `{}` cannot cover {foreign}: one token is for one owner", self.org));
        }
        match repositories.len() {
            // GitHub would take an empty list for "all of them".
            0 => Err(format!("a scope in `{}` without a single repository", self.org)),
            1..=MOST_REPOSITORIES => Ok(()),
            many => Err(format!("a token covers at most {MOST_REPOSITORIES} repositories by name, not {many}")),
        }
    }

    /// The names that the token is narrowed to, in one spelling. All permissions in one repository would be one token a
    /// repository, for no gain in safety.
    pub(crate) fn narrowed_to(&self) -> Option<BTreeSet<String>> {
        let repositories = self.repositories.as_ref().filter(|_| self.permissions.is_some())?;
        Some(repositories.iter().map(|repo| repo.repo.to_ascii_lowercase()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(scope: &Scope, want: Result<(), &str>) {
        match (scope.check(), want) {
            (Ok(()), Ok(())) => {}
            (Err(got), Err(want)) => assert!(got.contains(want), "{got}"),
            (got, want) => panic!("{scope:?}: {got:?} and not {want:?}"),
        }
    }

    #[test]
    fn a_token_is_for_one_owner() {
        let repo = |org: &str, name: &str| RepoName::new(org, name);
        let one = Scope::repo(&repo("o", "a"));
        check(&Scope::org("o"), Ok(()));
        check(&one, Ok(()));
        check(&one.clone().with_repositories([repo("O", "b")]), Ok(()));
        check(&one.clone().with_repositories([repo("p", "b")]), Err("cannot cover p/b"));
        check(&one.with_repositories([repo("p", "b")]).in_all_repositories(), Ok(()));
        check(&Scope::org("o").with_repositories([]), Err("without a single repository"));
        let many = |count: usize| Scope::org("o").with_repositories((0..count).map(|i| repo("o", &i.to_string())));
        check(&many(500), Ok(()));
        check(&many(501), Err("at most 500"));
    }

    #[test]
    fn spelling_makes_no_other_token() {
        let scope = |name: &str| Scope::repo(&RepoName::new("o", name)).with_permissions(PermissionSet::minimal());
        assert_eq!(scope("Repo").narrowed_to(), scope("repo").narrowed_to());
        assert_eq!(Scope::repo(&RepoName::new("o", "a")).narrowed_to(), None);
    }
}
