//! The client-agent: what a handle stands for, and the one guard before every call that is made through it.

use std::sync::Arc;

use github::{RepoName, Scope};
use globset::GlobSet;
use prow::grants::{Access, Permission};

use crate::capability::{self, Requests};
use crate::contract::types::{ApiError, ErrorKind, RepoRef};
use crate::http::Reach;

/// What a guest's handle stands for. It lives in the table of one task's store and goes with it.
#[derive(Clone, Debug)]
pub struct ClientAgent {
    /// The repository that calls are about; none for an event of an organisation.
    pub repo: Option<RepoRef>,
    /// Refuses what would change something.
    pub read_only: bool,
}

/// What the operator granted to one plugin; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Grants {
    /// As plugins.yaml or the catalogue has them.
    pub granted: prow::grants::Grants,
    /// What the component may import without being granted it: such calls are linked, and answer `denied`.
    pub optional: prow::grants::Grants,
    /// What its own requests may reach.
    pub reach: Arc<Reach>,
    /// `granted.repos`, compiled: the repositories besides the event's own, as `org/name`.
    pub repos: GlobSet,
    /// `granted.namespaces`, compiled; none: what the configuration says.
    pub namespaces: Option<GlobSet>,
}

impl Grants {
    /// Grants that cover these requests and no more; of hosts, one that nobody has.
    pub(crate) fn answering(requests: &Requests) -> Self {
        let mut granted = prow::grants::Grants::default();
        for capability in &requests.capabilities {
            let access = granted.access.entry(capability.permission).or_insert(capability.access);
            *access = (*access).max(capability.access);
        }
        let nobody = "host.invalid".parse().expect("a name is a host");
        let reach = Reach { granted: if requests.http { vec![nobody] } else { Vec::new() }, ..Reach::default() };
        Grants { granted, reach: Arc::new(reach), ..Grants::default() }
    }

    /// Whether `repo` is within the grants, `home` being the event's own.
    pub fn covers(&self, home: Option<&RepoRef>, repo: &RepoRef) -> bool {
        home == Some(repo) || self.repos.is_match(format!("{}/{}", repo.org, repo.name))
    }

    /// Whether `namespace` may be named to a cluster where the configuration means `configured`.
    pub fn covers_namespace(&self, namespace: &str, configured: &str) -> bool {
        self.namespaces.as_ref().map_or(namespace == configured, |globs| globs.is_match(namespace))
    }

    /// Whether every repository of `org` is within the grants, those to come included: only where a pattern says just that.
    pub fn covers_all_of(&self, org: &str) -> bool {
        let all = |glob: &str| {
            glob == "**"
                || glob
                    .split_once('/')
                    .is_some_and(|(orgs, names)| (names == "*" || names == "**") && (orgs == "*" || orgs == org))
        };
        self.granted.repos.iter().any(|glob| all(glob))
    }

    /// For whom GitHub makes the token of a call about `repo`: with the permissions that were granted and no others, and for
    /// this repository alone; where the grants cover others by patterns, which no token can carry, for all that the
    /// installation has.
    pub fn scope(&self, repo: &RepoRef) -> Scope {
        let permissions = self.granted.access.iter().filter(|(permission, _)| permission.is_github());
        let permissions = permissions.map(|(permission, access)| (permission.key(), github_access(*access))).collect();
        let scope = Scope::repo(&RepoName::new(&repo.org, &repo.name)).with_permissions(permissions);
        if self.granted.repos.iter().any(|glob| glob.contains(['*', '?', '[', '{'])) {
            return scope.in_all_repositories();
        }
        scope
    }

    /// The same for what is asked of an organisation: no repository is named, and this permission is all that the token has.
    pub fn org_scope(&self, org: &str, permission: Permission) -> Scope {
        Scope::org(org).with_permissions([(permission.key(), github::Access::Read)].into_iter().collect())
    }
}

fn github_access(access: Access) -> github::Access {
    match access {
        Access::Read => github::Access::Read,
        Access::Write => github::Access::Write,
    }
}

/// A call that passed the guard: which repository it is about.
pub type Passed = Arc<RepoRef>;

/// Whether `agent` may be used for `permission: access`. The grant was checked when the plugin was loaded; that it is checked
/// again here costs nothing and does not trust the linker.
///
/// # Errors
/// `denied`, naming the grant that is missing.
pub fn guard(agent: &ClientAgent, grants: &Grants, permission: Permission, access: Access) -> Result<Passed, ApiError> {
    let denied = |message: String| ApiError { kind: ErrorKind::Denied, message };
    let line = capability::line(permission, access);
    if !grants.granted.allow(permission, access) {
        return Err(denied(format!("not granted: add `{line}` under `grants`")));
    }
    if agent.read_only && access == Access::Write {
        return Err(denied(format!("this client-agent is read-only, and `{line}` changes something")));
    }
    match &agent.repo {
        Some(repo) => Ok(Arc::new(repo.clone())),
        None => Err(denied("this event belongs to no repository, and the call is about one".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(org: &str, name: &str) -> RepoRef {
        RepoRef { org: org.into(), name: name.into() }
    }

    fn grants(access: &[(Permission, Access)], globs: &[&str]) -> Grants {
        let mut set = globset::GlobSetBuilder::new();
        for glob in globs {
            set.add(globset::Glob::new(glob).unwrap());
        }
        let access = access.iter().copied().collect();
        let repos = globs.iter().map(ToString::to_string).collect();
        let granted = prow::grants::Grants { access, repos, ..prow::grants::Grants::default() };
        Grants { granted, repos: set.build().unwrap(), ..Grants::default() }
    }

    #[track_caller]
    fn check(agent: &ClientAgent, grants: &Grants, access: Access, want: Result<&str, &str>) {
        let got = guard(agent, grants, Permission::Issues, access);
        match (got, want) {
            (Ok(repo), Ok(name)) => assert_eq!(repo.name, name),
            (Err(error), Err(part)) => {
                assert_eq!(error.kind, ErrorKind::Denied);
                assert!(error.message.contains(part), "{}", error.message);
            }
            (got, want) => panic!("{agent:?} {access:?}: got {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn a_call_needs_its_grant_a_writing_agent_and_a_repository() {
        let agent = ClientAgent { repo: Some(repo("o", "r")), read_only: false };
        let read_only = ClientAgent { read_only: true, ..agent.clone() };
        let nowhere = ClientAgent { repo: None, read_only: false };
        let (none, read, write) = (
            grants(&[], &[]),
            grants(&[(Permission::Issues, Access::Read)], &[]),
            grants(&[(Permission::Issues, Access::Write)], &[]),
        );
        check(&agent, &write, Access::Write, Ok("r"));
        check(&agent, &write, Access::Read, Ok("r"));
        check(&agent, &read, Access::Write, Err("add `issues: write`"));
        check(&agent, &none, Access::Read, Err("add `issues: read`"));
        check(&read_only, &write, Access::Write, Err("read-only"));
        check(&read_only, &write, Access::Read, Ok("r"));
        check(&nowhere, &write, Access::Read, Err("no repository"));
        // What a component may do without lets it load, and does nothing for its calls.
        let optional = Grants { optional: write.granted.clone(), ..read.clone() };
        check(&agent, &optional, Access::Write, Err("add `issues: write`"));
        check(&agent, &optional, Access::Read, Ok("r"));
    }

    #[test]
    fn a_namespace_is_the_configured_one_or_of_the_list() {
        let none = grants(&[], &[]);
        assert!(none.covers_namespace("test-pods", "test-pods") && !none.covers_namespace("prow", "test-pods"));
        let globs = GlobSet::new([globset::Glob::new("ci-*").unwrap()]).unwrap();
        let listed = Grants { namespaces: Some(globs), ..none };
        assert!(listed.covers_namespace("ci-1", "test-pods"));
        assert!(!listed.covers_namespace("test-pods", "test-pods"), "a list says all that there is");
    }

    #[test]
    fn other_repositories_need_a_glob() {
        let home = repo("o", "r");
        assert!(grants(&[], &[]).covers(Some(&home), &home));
        assert!(!grants(&[], &[]).covers(Some(&home), &repo("o", "other")));
        assert!(grants(&[], &["o/*"]).covers(Some(&home), &repo("o", "other")));
        assert!(!grants(&[], &["o/*"]).covers(Some(&home), &repo("p", "r")));
        assert!(!grants(&[], &[]).covers(None, &home));
    }

    #[test]
    fn only_a_pattern_for_all_covers_all() {
        for (globs, covered) in [
            (&["o/*"][..], true),
            (&["*/*"], true),
            (&["o/**"], true),
            (&["**"], true),
            (&["p/x", "o/*"], true),
            (&[], false),
            (&["p/*"], false),
            (&["o/?"], false),
            (&["o/.*"], false),
            (&["o/[!a]*"], false),
            (&["o/r*"], false),
            (&["o/r"], false),
        ] {
            assert_eq!(grants(&[], globs).covers_all_of("o"), covered, "{globs:?}");
        }
    }

    #[test]
    fn a_token_has_what_was_granted_where_the_call_is() {
        let access = [(Permission::Issues, Access::Write), (Permission::Git, Access::Write)];
        let scope = grants(&access, &[]).scope(&repo("o", "r"));
        assert_eq!(scope.permissions.unwrap().to_string(), "issues=write,metadata=read");
        let one = |globs: &[&str]| grants(&access, globs).scope(&repo("o", "r")).repositories.map(|all| all.len());
        assert_eq!(one(&[]), Some(1));
        assert_eq!(one(&["o/a", "o/b"]), Some(1));
        assert_eq!(one(&["o/a", "o/*"]), None);
        let of_org = grants(&access, &[]).org_scope("o", Permission::Members);
        assert_eq!(of_org.permissions.unwrap().to_string(), "members=read,metadata=read");
    }
}
