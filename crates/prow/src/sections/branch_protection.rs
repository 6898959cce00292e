//! `branch-protection`: what GitHub is to demand of pushes and merges, by org, repository and branch.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::inlined::inlined;
use crate::problem::{KeyPath, Problems};

inlined! {
    /// What can be said on each level; what is not said is the level's above.
    policy: Policy {
        /// The branch protector keeps its hands off; explicitly `false` makes this level managed.
        unmanaged: Option<bool>,
        /// Whether the branches are protected at all.
        protect: Option<bool>,
        /// The contexts that must be green.
        required_status_checks: Option<ContextPolicy>,
        /// Whether administrators are bound, too.
        enforce_admins: Option<bool>,
        /// Who may push.
        restrictions: Option<Restrictions>,
        /// Whether contexts of jobs that run by hand alone are required, too.
        require_manually_triggered_jobs: Option<bool>,
        /// The reviews that are needed.
        required_pull_request_reviews: Option<ReviewPolicy>,
        /// Whether merge commits are refused.
        required_linear_history: Option<bool>,
        /// Whether history may be rewritten.
        allow_force_pushes: Option<bool>,
        /// Whether the branch may be deleted.
        allow_deletions: Option<bool>,
        /// Whether commits must be signed.
        require_signed_commits: Option<bool>,
        /// Expressions of branches that are left out.
        exclude: Vec<String>,
        /// Expressions of the only branches that are meant.
        include: Vec<String>,
    }
    /// `branch-protection`
    pub struct BranchProtection {
        /// Branches with required jobs are protected.
        #[serde(rename = "protect-tested-repos")]
        protect_tested_repos: Option<bool>,
        /// By name.
        orgs: BTreeMap<String, Org>,
        /// `protect: false` may stand beside settings, which then have no effect.
        allow_disabled_policies: Option<bool>,
        /// `protect: false` may stand where jobs are required.
        allow_disabled_job_policies: Option<bool>,
        /// Branches with optional jobs alone are protected, too.
        protect_repos_with_optional_jobs: Option<bool>,
    }
    /// One of `branch-protection.orgs`
    pub struct Org {
        /// By name, without the org.
        repos: BTreeMap<String, Repo>,
    }
    /// One of an org's `repos`
    pub struct Repo {
        /// By name.
        branches: BTreeMap<String, Branch>,
    }
    /// One of a repository's `branches`
    pub struct Branch {}
}

/// `required_status_checks`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ContextPolicy {
    /// Contexts of commit statuses.
    pub contexts: Vec<String>,
    /// Whether the branch must be up to date with its base.
    pub strict: Option<bool>,
}

/// `required_pull_request_reviews`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are GitHub's")]
pub struct ReviewPolicy {
    pub dismissal_restrictions: Option<People>,
    pub dismiss_stale_reviews: Option<bool>,
    pub require_code_owner_reviews: Option<bool>,
    pub required_approving_review_count: Option<i64>,
    pub bypass_pull_request_allowances: Option<People>,
}

/// Users and teams.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are GitHub's")]
pub struct People {
    pub users: Vec<String>,
    pub teams: Vec<String>,
}

/// `restrictions`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are GitHub's")]
pub struct Restrictions {
    pub apps: Vec<String>,
    pub users: Vec<String>,
    pub teams: Vec<String>,
}

impl Policy {
    /// Whether anything is said.
    pub fn is_set(&self) -> bool {
        *self != Self::default()
    }
}

impl BranchProtection {
    /// Behaviour: Prow pkg/config, `parseProwConfig`, which looks at the outermost level alone.
    pub(super) fn check(&self, file: &str, at: &KeyPath, problems: &mut Problems) {
        if !self.policy.include.is_empty() && !self.policy.exclude.is_empty() {
            problems.add(file, at.key("exclude"), "`include` and `exclude` exclude each other here: keep one");
        }
    }

    /// Takes in what another file says.
    ///
    /// Behaviour: Prow pkg/config, `BranchProtection.merge`: each level's policy, and each switch, is said by one file.
    pub(super) fn merge(&mut self, other: Self, file: &str, at: &KeyPath, problems: &mut Problems) {
        let Self {
            policy,
            protect_tested_repos,
            orgs,
            allow_disabled_policies,
            allow_disabled_job_policies,
            protect_repos_with_optional_jobs,
        } = other;
        merge_policy(&mut self.policy, policy, "all orgs", file, at, problems);
        let switches = [
            ("protect-tested-repos", &mut self.protect_tested_repos, protect_tested_repos),
            ("allow_disabled_policies", &mut self.allow_disabled_policies, allow_disabled_policies),
            ("allow_disabled_job_policies", &mut self.allow_disabled_job_policies, allow_disabled_job_policies),
            (
                "protect_repos_with_optional_jobs",
                &mut self.protect_repos_with_optional_jobs,
                protect_repos_with_optional_jobs,
            ),
        ];
        for (key, ours, theirs) in switches {
            match (ours.is_some(), theirs) {
                (_, None) => {}
                (false, theirs) => *ours = theirs,
                (true, Some(_)) => {
                    problems.add(file, at.key(key), format!("another file sets `{key}`, too: remove one of the two"));
                }
            }
        }
        for (org, theirs) in orgs {
            let at = at.key("orgs").key(&org);
            let ours = self.orgs.entry(org.clone()).or_default();
            merge_policy(&mut ours.policy, theirs.policy, &org, file, &at, problems);
            for (repo, theirs) in theirs.repos {
                let at = at.key("repos").key(&repo);
                let full_name = format!("{org}/{repo}");
                let ours = ours.repos.entry(repo).or_default();
                merge_policy(&mut ours.policy, theirs.policy, &full_name, file, &at, problems);
                for (branch, theirs) in theirs.branches {
                    let at = at.key("branches").key(&branch);
                    let of = format!("the branch `{branch}` of {full_name}");
                    let ours = ours.branches.entry(branch).or_default();
                    merge_policy(&mut ours.policy, theirs.policy, &of, file, &at, problems);
                }
            }
        }
    }
}

fn merge_policy(ours: &mut Policy, theirs: Policy, of: &str, file: &str, at: &KeyPath, problems: &mut Problems) {
    if ours.is_set() && theirs.is_set() {
        problems.add(file, at.clone(), format!("another file has a policy for {of}, too: put both into one"));
    } else if theirs.is_set() {
        *ours = theirs;
    }
}
