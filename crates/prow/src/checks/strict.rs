//! Branch protection that has every pull request brought up to date before it is merged, against tide, which tests what
//! a merge would make.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use super::scopes::Scopes;
use crate::problem::{KeyPath, Problem};
use crate::sections::branch_protection::{BranchProtection, Policy};

const WAY_OUT: &str =
    "tide would wait for every pull request to be brought up to date by hand: take `strict: true` out";

/// What a level of branch protection comes to, of what matters here.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    protect: Option<bool>,
    strict: Option<bool>,
    unmanaged: Option<bool>,
}

impl Level {
    /// The level below this one.
    fn then(self, own: &Policy) -> Self {
        let strict = own.required_status_checks.as_ref().and_then(|checks| checks.strict);
        Self {
            protect: own.protect.or(self.protect),
            strict: strict.or(self.strict),
            unmanaged: own.unmanaged.or(self.unmanaged),
        }
    }

    fn is_strict(self) -> bool {
        self.protect == Some(true) && self.strict == Some(true)
    }
}

/// Behaviour: Prow cmd/checkconfig, `validateStrictBranches`: one strict branch makes the repository count as strict, and
/// one branch that tide merges to has it count as tide's.
pub(super) fn branches(subject: &Subject<'_>) -> Vec<Problem> {
    let sections = &subject.config.core.sections;
    let (queries, protection) = (&sections.tide.queries, &sections.branch_protection);
    if queries.is_empty() {
        return Vec::new();
    }
    let at = KeyPath::root().key("branch-protection");
    let whole = Level::default().then(&protection.policy);
    if whole.is_strict() {
        let path = at.key("required_status_checks").key("strict");
        return vec![subject.in_config(path, format!("all protected branches are strict, and {WAY_OUT}"))];
    }
    let mut undecided = Vec::new();
    let strict = strict(protection, whole, &mut undecided);
    let mut found: Vec<_> = undecided
        .into_iter()
        .map(|path| subject.in_config(path, "it is not said whether this branch is protected: set `protect`"))
        .collect();
    for scope in Scopes::of_queries(queries).and(&strict).parts() {
        let repo = scope.repo().and_then(|full_name| full_name.split_once('/')).map(|(_, repo)| repo);
        let path = written(protection, scope.org(), repo);
        found.push(subject.in_config(path, format!("protected branches of {scope} are strict, and {WAY_OUT}")));
    }
    found
}

/// Where it says that branches of an org, or of one of its repositories, are strict: as far down as possible.
fn written(protection: &BranchProtection, org: &str, repo: Option<&str>) -> KeyPath {
    let at = KeyPath::root().key("branch-protection");
    let mut levels = vec![(at.clone(), &protection.policy)];
    let org_at = at.key("orgs").key(org);
    if let Some(own) = protection.orgs.get(org) {
        levels.push((org_at.clone(), &own.policy));
        if let Some((repo, own)) = repo.and_then(|repo| own.repos.get_key_value(repo)) {
            let at = org_at.key("repos").key(repo);
            let branches = own.branches.iter().map(|(name, branch)| (at.key("branches").key(name), &branch.policy));
            levels.push((at.clone(), &own.policy));
            levels.extend(branches);
        }
    }
    let says_so = |(_, policy): &&(KeyPath, &Policy)| Level::default().then(policy).strict == Some(true);
    let found = levels.iter().rev().find(says_so);
    found.map_or(org_at, |(at, _)| at.key("required_status_checks").key("strict"))
}

/// The repositories with strict branches. A branch of which nobody can say whether it is protected goes to `undecided`.
fn strict(protection: &BranchProtection, whole: Level, undecided: &mut Vec<KeyPath>) -> Scopes {
    let (mut orgs, mut repos) = (BTreeMap::new(), BTreeSet::new());
    for (org, own) in &protection.orgs {
        let of_org = whole.then(&own.policy);
        let at = KeyPath::root().key("branch-protection").key("orgs").key(org);
        let (mut strict, mut lax) = (BTreeSet::new(), BTreeSet::new());
        for (repo, own) in &own.repos {
            let of_repo = of_org.then(&own.policy);
            let mut is_strict = of_repo.is_strict();
            for (branch, own) in own.branches.iter().filter(|_| !of_repo.is_strict()) {
                let of_branch = of_repo.then(&own.policy);
                if of_branch.protect.is_none() && of_branch.unmanaged != Some(true) {
                    undecided.push(at.key("repos").key(repo).key("branches").key(branch));
                }
                is_strict |= of_branch.is_strict();
            }
            let full_name = format!("{org}/{repo}");
            if is_strict {
                strict.insert(full_name)
            } else {
                lax.insert(full_name)
            };
        }
        if of_org.is_strict() {
            orgs.insert(org.clone(), lax);
        } else {
            repos.extend(strict);
        }
    }
    Scopes::new(orgs, repos)
}
