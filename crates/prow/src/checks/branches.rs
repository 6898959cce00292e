//! Branch protection that is left to others, and says something all the same.

use super::Subject;
use crate::problem::{KeyPath, Problem};
use crate::sections::branch_protection::{BranchProtection, Org, Policy, Repo};

/// Whether a level is explicitly taken into our hands.
fn is_managed(policy: &Policy) -> bool {
    policy.unmanaged == Some(false)
}

fn is_unmanaged(policy: &Policy) -> bool {
    policy.unmanaged == Some(true)
}

/// Whether a level says anything but whose it is.
fn has_settings(policy: &Policy) -> bool {
    *policy != Policy { unmanaged: policy.unmanaged, ..Policy::default() }
}

fn has_managed_branch(repo: &Repo) -> bool {
    repo.branches.values().any(|branch| is_managed(&branch.policy))
}

fn is_repo_managed(repo: &Repo) -> bool {
    is_managed(&repo.policy) || has_managed_branch(repo)
}

fn is_org_managed(org: &Org) -> bool {
    is_managed(&org.policy) || org.repos.values().any(is_repo_managed)
}

/// Behaviour: Prow cmd/checkconfig, `validateUnmanagedBranchprotectionConfigDoesntHaveSubconfig`, with one difference: a
/// level that says `unmanaged: false` itself is never told that it should.
pub(super) fn unmanaged(subject: &Subject<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut add = |path: KeyPath, why: String| found.push(subject.in_config(path, why));
    whole(&subject.config.core.sections.branch_protection, &mut add);
    found
}

fn idle(of: &str) -> String {
    format!("{of} is unmanaged, so what else is said here has no effect: remove it, or `unmanaged: true`")
}

fn below(what: &str, level: &str) -> String {
    format!(
        "{what} has settings, which have no effect as {level} is unmanaged: set `unmanaged: false` here, or remove it"
    )
}

fn whole(protection: &BranchProtection, add: &mut impl FnMut(KeyPath, String)) {
    let at = KeyPath::root().key("branch-protection");
    if is_unmanaged(&protection.policy) {
        if has_settings(&protection.policy) && !protection.orgs.values().any(is_org_managed) {
            add(at.key("unmanaged"), idle("all branch protection"));
        }
        for (name, _) in protection.orgs.iter().filter(|(_, org)| !is_org_managed(org)) {
            add(at.key("orgs").key(name), below(&format!("the organisation `{name}`"), "all branch protection"));
        }
    }
    for (name, org) in &protection.orgs {
        of_org(name, org, &at.key("orgs").key(name), add);
    }
}

fn of_org(name: &str, org: &Org, at: &KeyPath, add: &mut impl FnMut(KeyPath, String)) {
    if is_unmanaged(&org.policy) {
        let level = format!("the organisation `{name}`");
        if has_settings(&org.policy) && !org.repos.values().any(is_repo_managed) {
            add(at.key("unmanaged"), idle(&level));
        }
        for (repo, _) in org.repos.iter().filter(|(_, repo)| !is_repo_managed(repo)) {
            add(at.key("repos").key(repo), below(&format!("`{name}/{repo}`"), &level));
        }
    }
    for (repo, own) in &org.repos {
        of_repo(&format!("{name}/{repo}"), own, &at.key("repos").key(repo), add);
    }
}

fn of_repo(full_name: &str, repo: &Repo, at: &KeyPath, add: &mut impl FnMut(KeyPath, String)) {
    let level = format!("`{full_name}`");
    let unmanaged = is_unmanaged(&repo.policy);
    if unmanaged && has_settings(&repo.policy) && !has_managed_branch(repo) {
        add(at.key("unmanaged"), idle(&level));
    }
    for (name, branch) in &repo.branches {
        let at = at.key("branches").key(name);
        let of = format!("the branch `{name}` of {level}");
        if unmanaged && !is_managed(&branch.policy) {
            add(at.clone(), below(&of, &level));
        }
        if is_unmanaged(&branch.policy) && has_settings(&branch.policy) {
            add(at.key("unmanaged"), idle(&of));
        }
    }
}
