//! What a call may, by the grants alone; and whether a request that reached a far side is covered: by the grants, and by a call
//! that was asked for and may.

use host::agent::Grants;
use prow::grants::{Access, Permission};
use sim::fence::{Decision, Need, Row as Rule};
use sim::world::{Level, Permissions};
use tests::stage::REPO;

/// Another repository of the event's organisation, and one of another.
pub(super) const OTHER: &str = "my-org/other";
pub(super) const SECOND: &str = "second/its";

/// The endpoint by which the host finds out whose the target of a redirect is.
const REPOSITORY: &str = "/repos/{owner}/{repo}";

/// How the guest changes its agent before a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Through {
    Own,
    ReadOnly,
    Other,
    Second,
}

/// One call of a sequence.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) function: &'static str,
    pub(super) through: Through,
    /// As the guest is told it.
    pub(super) line: String,
    /// Whether it asks for an issue that was transferred to [`OTHER`].
    pub(super) moved: bool,
    /// Whether the grants cover it.
    pub(super) may: bool,
}

impl Through {
    /// What stands before the function.
    pub(super) fn words(self) -> String {
        match self {
            Self::Own => String::new(),
            Self::ReadOnly => "read-only ".to_owned(),
            Self::Other | Self::Second => format!("for-repo {} ", self.repo()),
        }
    }

    /// The repository that the call is about then.
    fn repo(self) -> &'static str {
        match self {
            Self::Own | Self::ReadOnly => REPO,
            Self::Other => OTHER,
            Self::Second => SECOND,
        }
    }
}

/// Whether grants and agent cover a call of this function.
pub(super) fn may(function: &str, through: Through, grants: &Grants) -> bool {
    let (permission, access) = need(function);
    grants.granted.allow(permission, access)
        && match through {
            Through::Own => true,
            Through::ReadOnly => access == Access::Read,
            Through::Other | Through::Second => grants.repos.is_match(through.repo()),
        }
}

/// What an interface asks for, by its name alone.
fn need(function: &str) -> (Permission, Access) {
    let interface = function.split('.').next().unwrap().trim_start_matches("github-");
    let (key, access) = match (interface.strip_suffix("-read"), interface.strip_suffix("-write")) {
        (Some(key), _) => (key, Access::Read),
        (_, Some(key)) => (key, Access::Write),
        (None, None) => (interface, if interface == "slack" { Access::Write } else { Access::Read }),
    };
    let key = key.replace('-', "_");
    (Permission::ALL.into_iter().find(|permission| permission.key() == key).unwrap(), access)
}

/// What GitHub would call these grants. Content comes by git too.
fn permissions<'a>(access: impl IntoIterator<Item = (&'a Permission, &'a Access)>) -> Permissions {
    let mut held = Permissions::new();
    for (permission, access) in access {
        let level = if *access == Access::Write { Level::Write } else { Level::Read };
        let name = match permission {
            Permission::Git | Permission::Owners => "contents",
            other => other.key(),
        };
        // OWNERS files are compared with the collaborators.
        if *permission == Permission::Owners {
            held.entry("metadata".to_owned()).or_insert(Level::Read);
        }
        let known = held.entry(name.to_owned()).or_insert(level);
        *known = (*known).max(level);
    }
    held
}

/// Why a request to GitHub ought not to have been made; `None` if the grants cover it, and a call that may is what it is for.
pub(super) fn github(asked: &Decision, rules: &[Rule], grants: &Grants, calls: &[Asking]) -> Option<String> {
    let rule = rules.iter().find(|rule| rule.method == asked.method && rule.endpoint == asked.endpoint);
    let Some(rule) = rule else { return Some("an endpoint that is not in the table".to_owned()) };
    // The host finds out which repositories its installation has, for every plugin.
    if rule.need == Need::Jwt {
        return None;
    }
    let looks = (asked.method.as_str(), asked.endpoint.as_str()) == ("GET", REPOSITORY);
    if looks && calls.iter().any(|call| call.may && call.moved) && asked.repo.as_deref() == Some(OTHER) {
        return None;
    }
    let granted = permissions(&grants.granted.access);
    if ![false, true].iter().any(|on_pull| rule.need.is_met_by(&granted, *on_pull)) {
        return Some(format!("it needs {:?}", rule.need));
    }
    let other = asked.repo.as_ref().filter(|repo| *repo != REPO && !grants.repos.is_match(repo.as_str()));
    if let Some(repo) = other {
        return Some(format!("it is about {repo}"));
    }
    if let Some(org) = &asked.org {
        let is_own = calls.iter().any(|call| call.may && owner(call.through.repo()) == org);
        if !is_own && !grants.granted.repos.contains(&format!("{org}/*")) {
            return Some(format!("it is about {org}"));
        }
    }
    if !calls.iter().any(|call| explains(call, rule, asked)) {
        return Some("no call that may asks for it".to_owned());
    }
    token_complaint(asked, grants)
}

/// Whether this call may be what the request is for.
fn explains(call: &Asking, rule: &Rule, asked: &Decision) -> bool {
    let (permission, access) = need(call.function);
    let on_pull = !call.function.starts_with("github-issues");
    let is_there = match asked.repo.as_deref() {
        None => true,
        Some(repo) if repo == call.through.repo() => true,
        Some(repo) => repo == OTHER && (call.moved || call.function.ends_with(".transfer")),
    };
    call.may && is_there && rule.need.is_met_by(&permissions([(&permission, &access)]), on_pull)
}

/// What the request's token could do that the grants do not cover, had the host's other fences failed.
fn token_complaint(asked: &Decision, grants: &Grants) -> Option<String> {
    let held = asked.permissions.as_ref()?;
    let granted = permissions(&grants.granted.access);
    // Every token has this one.
    let beyond = held.iter().find(|(name, level)| {
        !(*name == "metadata" && **level == Level::Read) && granted.get(*name).is_none_or(|granted| granted < *level)
    });
    if let Some((name, level)) = beyond {
        return Some(format!("its token has {name}: {level:?}"));
    }
    let repo = asked.repo.as_deref()?;
    let Some(repositories) = &asked.repositories else {
        let is_closed = !grants.granted.repos.iter().any(|glob| glob.contains('*'));
        return is_closed.then(|| "its token is for all repositories".to_owned());
    };
    let beyond = repositories.iter().find(|name| {
        owner(name) != owner(repo) || (*name != REPO && *name != repo && !grants.repos.is_match(name.as_str()))
    });
    beyond.map(|name| format!("its token is for {name}, too"))
}

fn owner(repo: &str) -> &str {
    repo.split_once('/').map_or(repo, |(owner, _)| owner)
}

/// Why a search ought not to have been made: without a place, or in one that the grants do not cover.
pub(super) fn search(query: &str, grants: &Grants, calls: &[Asking]) -> Option<String> {
    let query = query.split('&').next().unwrap_or_default();
    let place = |key: &str| query.split_whitespace().find_map(|word| word.strip_prefix(key));
    match (place("repo:"), place("org:")) {
        (Some(repo), None) => {
            let is_of_one = calls.iter().any(|call| call.may && call.through.repo() == repo);
            (!is_of_one).then(|| format!("it is about {repo}"))
        }
        (None, Some(org)) => {
            let is_all = grants.granted.repos.contains(&format!("{org}/*"));
            (!is_all).then(|| format!("it is about all of {org}"))
        }
        _ => Some(format!("it is about everything: {query}")),
    }
}

/// The same for a request to a service or a cluster, `METHOD /path`. `whose` is what covers it: one of these.
pub(super) fn service(asked: &str, whose: &[Permission], calls: &[Asking]) -> Option<String> {
    let access = if asked.starts_with("GET ") { Access::Read } else { Access::Write };
    let is_for = |call: &&Asking| {
        let (permission, of_call) = need(call.function);
        call.may && whose.contains(&permission) && of_call >= access
    };
    let covered = calls.iter().any(|call| is_for(&call));
    (!covered).then(|| format!("no call that may asks for it: {whose:?}, {access:?}"))
}

/// Who may ask a cluster for this; nobody beyond the namespace that is granted.
pub(super) fn of_cluster(asked: &str) -> &'static [Permission] {
    use Permission::{BuildCluster, Kubernetes, Prowjobs};
    let path = asked.split_once(' ').map_or(asked, |(_, path)| path);
    let is_of = |start: &str| path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    if is_of("/apis/prow.k8s.io/v1/namespaces/default/prowjobs") {
        &[Prowjobs]
    } else if is_of("/api/v1/namespaces/trial/configmaps") {
        &[Kubernetes, BuildCluster]
    } else if is_of("/api/v1/namespaces/trial/pods") {
        &[BuildCluster]
    } else {
        &[]
    }
}

#[test]
fn a_request_is_for_a_call_that_may() {
    let call = |function, may| Asking { function, through: Through::Own, line: String::new(), moved: false, may };
    let check = |asked: &str, whose: &[Permission], function, may, want: bool| {
        assert_eq!(service(asked, whose, &[call(function, may)]).is_none(), want, "{asked} {function} {may}");
    };
    check("GET /x", &[Permission::Jira], "jira-read.get-issue", true, true);
    check("GET /x", &[Permission::Jira], "jira-read.get-issue", false, false);
    check("POST /x", &[Permission::Jira], "jira-read.get-issue", true, false);
    check("POST /x", &[Permission::Jira], "bugzilla-write.update-bug", true, false);
    check("POST /x", &[Permission::Slack], "slack.write-message", true, true);
    assert_eq!(of_cluster("GET /api/v1/namespaces/trial/pods/runs"), [Permission::BuildCluster]);
    assert!(of_cluster("GET /api/v1/namespaces/default/pods/runs").is_empty());
    assert!(of_cluster("GET /api/v1/namespaces/trial/secrets/x").is_empty());
}
