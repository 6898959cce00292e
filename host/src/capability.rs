//! What a component may ask for and what plugins.yaml may answer: one table between the contract's interfaces and the
//! grants' keys.

use std::collections::{BTreeMap, BTreeSet};

use prow::grants::{Access, Grants, Permission};

use crate::wasi;

/// One row of [`CAPABILITIES`]: importing `interface` is asking for `permission: access`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    /// The interface's name within `bowsprit:plugin`.
    pub interface: &'static str,
    /// What is asked for, by its key under `grants`.
    pub permission: Permission,
    /// The least that the grant has to say.
    pub access: Access,
}

/// The interfaces that carry no authority; importing them requests nothing.
pub const FREE: [&str; 5] = ["types", "github-types", "cluster-types", "agent", "log"];

/// Every interface of the contract that carries authority.
pub const CAPABILITIES: [Capability; 30] = [
    row("github-metadata-read", Permission::Metadata, Access::Read),
    row("github-members-read", Permission::Members, Access::Read),
    row("github-contents-read", Permission::Contents, Access::Read),
    row("github-contents-write", Permission::Contents, Access::Write),
    row("github-statuses-read", Permission::Statuses, Access::Read),
    row("github-statuses-write", Permission::Statuses, Access::Write),
    row("github-checks-read", Permission::Checks, Access::Read),
    row("github-checks-write", Permission::Checks, Access::Write),
    row("github-actions-read", Permission::Actions, Access::Read),
    row("github-actions-write", Permission::Actions, Access::Write),
    row("github-administration-read", Permission::Administration, Access::Read),
    row("github-issues-read", Permission::Issues, Access::Read),
    row("github-issues-write", Permission::Issues, Access::Write),
    row("github-pull-requests-read", Permission::PullRequests, Access::Read),
    row("github-pull-requests-write", Permission::PullRequests, Access::Write),
    row("job-config", Permission::JobConfig, Access::Read),
    row("prowjobs-read", Permission::Prowjobs, Access::Read),
    row("prowjobs-write", Permission::Prowjobs, Access::Write),
    row("git-read", Permission::Git, Access::Read),
    row("git-write", Permission::Git, Access::Write),
    row("owners", Permission::Owners, Access::Read),
    row("kubernetes-read", Permission::Kubernetes, Access::Read),
    row("kubernetes-write", Permission::Kubernetes, Access::Write),
    row("build-cluster-read", Permission::BuildCluster, Access::Read),
    row("build-cluster-write", Permission::BuildCluster, Access::Write),
    row("slack", Permission::Slack, Access::Write),
    row("jira-read", Permission::Jira, Access::Read),
    row("jira-write", Permission::Jira, Access::Write),
    row("bugzilla-read", Permission::Bugzilla, Access::Read),
    row("bugzilla-write", Permission::Bugzilla, Access::Write),
];

const fn row(interface: &'static str, permission: Permission, access: Access) -> Capability {
    Capability { interface, permission, access }
}

impl Capability {
    /// Whether `grants` answer it.
    pub fn is_granted(&self, grants: &Grants) -> bool {
        grants.allow(self.permission, self.access)
    }

    /// The line to add under `grants`.
    pub fn line(&self) -> String {
        line(self.permission, self.access)
    }
}

/// How a grant is written in plugins.yaml.
pub fn line(permission: Permission, access: Access) -> String {
    match access {
        Access::Read => format!("{permission}: read"),
        Access::Write => format!("{permission}: write"),
    }
}

/// What a component imports, sorted into what the host knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Functions of our capability interfaces, as `interface.function`.
    pub functions: BTreeSet<String>,
    /// The interfaces that those stand in, strongest last.
    pub capabilities: Vec<Capability>,
    /// It imports WASI, which carries no authority here.
    pub wasi: bool,
    /// It makes requests of its own, by `wasi:http`.
    pub http: bool,
    /// Imports that this host does not have at all.
    pub unknown: BTreeSet<String>,
}

/// Sorts a component's imports. `imports` are pairs of an instance's full name, such as
/// `bowsprit:plugin/github-issues-write@0.1.0`, and a function in it; an instance from which only types are taken does
/// not appear.
pub fn requests<'a>(imports: impl IntoIterator<Item = (&'a str, &'a str)>) -> Requests {
    let mut found = Requests::default();
    for (instance, function) in imports {
        let ours = instance.strip_prefix("bowsprit:plugin/").and_then(|rest| rest.split('@').next());
        let Some(interface) = ours else {
            match () {
                () if wasi::is_free(instance) => found.wasi = true,
                () if wasi::is_http(instance) => found.http = true,
                () => {
                    found.unknown.insert(instance.to_owned());
                }
            }
            continue;
        };
        if FREE.contains(&interface) {
            continue;
        }
        match CAPABILITIES.iter().find(|c| c.interface == interface) {
            Some(capability) => {
                found.functions.insert(format!("{interface}.{function}"));
                if !found.capabilities.contains(capability) {
                    found.capabilities.push(*capability);
                }
            }
            None => {
                found.unknown.insert(instance.to_owned());
            }
        }
    }
    found.capabilities.sort_by_key(|c| (c.permission, c.access));
    found
}

/// Those requests that none of these grants covers, as lines to add under `grants`; the stronger access where both are missing.
pub fn missing(requests: &Requests, grants: &[&Grants]) -> Vec<Capability> {
    let mut lines: BTreeMap<Permission, Capability> = BTreeMap::new();
    let is_covered = |capability: &Capability| grants.iter().any(|grants| capability.is_granted(grants));
    for capability in requests.capabilities.iter().filter(|capability| !is_covered(capability)) {
        let line = lines.entry(capability.permission).or_insert(*capability);
        if capability.access > line.access {
            *line = *capability;
        }
    }
    lines.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(imports: &[&str], granted: &[(Permission, Access)], want_missing: &[&str]) {
        let requests = requests(imports.iter().map(|i| (*i, "f")));
        let grants = Grants { access: granted.iter().copied().collect(), ..Grants::default() };
        let missing: Vec<_> = missing(&requests, &[&Grants::default(), &grants]).iter().map(Capability::line).collect();
        assert_eq!(missing, want_missing, "{imports:?} with {granted:?}");
    }

    #[test]
    fn a_grant_answers_an_import() {
        const ISSUES: &str = "bowsprit:plugin/github-issues-write@0.1.0";
        const ISSUES_READ: &str = "bowsprit:plugin/github-issues-read@0.1.0";
        check(&[ISSUES], &[(Permission::Issues, Access::Write)], &[]);
        check(&[ISSUES], &[(Permission::Issues, Access::Read)], &["issues: write"]);
        check(&[ISSUES_READ], &[(Permission::Issues, Access::Write)], &[]);
        check(&[ISSUES_READ, ISSUES], &[], &["issues: write"]);
        check(&[ISSUES], &[(Permission::PullRequests, Access::Write)], &["issues: write"]);
        check(&["bowsprit:plugin/log@0.1.0", "bowsprit:plugin/agent@0.1.0"], &[], &[]);
    }

    #[test]
    fn what_the_host_does_not_have_is_unknown() {
        let found = requests([("wasi:keyvalue/store@0.2.0", "open"), ("bowsprit:plugin/root-shell@0.1.0", "exec")]);
        assert_eq!(
            found.unknown.into_iter().collect::<Vec<_>>(),
            ["bowsprit:plugin/root-shell@0.1.0", "wasi:keyvalue/store@0.2.0"]
        );
    }

    /// The documents that hold capability interfaces.
    const WIT: [&str; 5] = [
        include_str!("../../wit/clusters.wit"),
        include_str!("../../wit/github.wit"),
        include_str!("../../wit/jobs.wit"),
        include_str!("../../wit/repository.wit"),
        include_str!("../../wit/services.wit"),
    ];

    #[test]
    fn the_table_names_every_interface_of_the_contract_once() {
        let lines = WIT.iter().flat_map(|wit| wit.lines());
        let interfaces =
            lines.filter_map(|line| line.strip_prefix("interface ")).map(|rest| rest.trim_end_matches(" {"));
        let mut interfaces: Vec<_> = interfaces.filter(|name| !FREE.contains(name)).collect();
        let mut rows: Vec<_> = CAPABILITIES.iter().map(|c| c.interface).collect();
        interfaces.sort_unstable();
        rows.sort_unstable();
        assert_eq!(rows, interfaces);
    }

    #[test]
    fn every_function_of_the_contract_says_what_kind_of_effect_it_has() {
        let mut functions = 0;
        for wit in WIT {
            let mut doc = String::new();
            for line in wit.lines().map(str::trim) {
                if let Some(text) = line.strip_prefix("///") {
                    doc.push_str(text);
                } else if line.contains(": func(") {
                    let kinds = ["Read.", "Idempotent", "Findable", "Neither"];
                    let said = kinds.iter().filter(|kind| doc.contains(*kind)).count();
                    assert_eq!(said, 1, "{line}: {doc}");
                    assert!(doc.to_lowercase().contains("call"), "{line} does not say what it costs: {doc}");
                    functions += 1;
                    doc.clear();
                } else {
                    doc.clear();
                }
            }
        }
        assert!(functions > 120, "{functions} functions were looked at");
    }
}
