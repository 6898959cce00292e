//! What tide would make of the contexts of a pull request, on each branch that the configuration names.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use crate::goregex;
use crate::presubmit::Presubmit;
use crate::problem::{KeyPath, Problem};
use crate::sections::Sections;
use crate::sections::branch_protection::{BranchProtection, Policy as Protection};
use crate::sections::tide::{ContextOptions, ContextPolicy};

/// Where no branch is named, this one is looked at.
const SOME_BRANCH: &str = "master";

/// Behaviour: Prow cmd/checkconfig, `validateTideContextPolicy`.
pub(super) fn policies(subject: &Subject<'_>) -> Vec<Problem> {
    let sections = &subject.config.core.sections;
    let mut found = Vec::new();
    for (full_name, branches) in named_branches(subject) {
        let Some((org, repo)) = full_name.split_once('/').filter(|(_, repo)| !repo.contains('/')) else { continue };
        let jobs = subject.config.presubmits(org, repo);
        for branch in branches {
            let jobs: Vec<_> = jobs.iter().filter(|job| job.branches.should_run(&branch)).collect();
            let Some(why) = Contexts::of(sections, org, repo, &branch, &jobs).fault() else { continue };
            let at = KeyPath::root().key("tide").key("context_options").key("orgs").key(org);
            let path = at.key("repos").key(repo).key("branches").key(&branch);
            found.push(subject.in_config(path, format!("on the branch `{branch}` of `{full_name}` {why}")));
        }
    }
    found
}

/// By repository: the branches that jobs, branch protection or tide name.
fn named_branches(subject: &Subject<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let sections = &subject.config.core.sections;
    let mut all = BTreeMap::<String, BTreeSet<String>>::new();
    for (full_name, jobs) in subject.config.all_presubmits() {
        let branches = jobs.iter().flat_map(|job| job.branches.included()).cloned();
        all.entry(full_name.clone()).or_default().extend(branches);
    }
    for (org, own) in &sections.branch_protection.orgs {
        for (repo, own) in &own.repos {
            all.entry(format!("{org}/{repo}")).or_default().extend(own.branches.keys().cloned());
        }
    }
    for (org, own) in &sections.tide.context_options.orgs {
        for (repo, own) in &own.repos {
            all.entry(format!("{org}/{repo}")).or_default().extend(own.branches.keys().cloned());
        }
    }
    for branches in all.values_mut().filter(|branches| branches.is_empty()) {
        branches.insert(SOME_BRANCH.to_owned());
    }
    all
}

/// The contexts of one branch.
#[derive(Debug, Default)]
struct Contexts {
    required: BTreeSet<String>,
    if_present: BTreeSet<String>,
    optional: BTreeSet<String>,
    optional_expressions: BTreeSet<String>,
}

impl Contexts {
    /// Behaviour: Prow pkg/config/tide.go, `GetTideContextPolicy`.
    fn of(sections: &Sections, org: &str, repo: &str, branch: &str, jobs: &[&Presubmit]) -> Self {
        let mut all = Self::default();
        let mut from_protection = None;
        for level in levels(&sections.tide.context_options, org, repo, branch) {
            all.required.extend(level.required_contexts.iter().cloned());
            all.if_present.extend(level.required_if_present_contexts.iter().cloned());
            all.optional.extend(level.optional_contexts.iter().cloned());
            all.optional_expressions.extend(level.optional_regex_contexts.iter().cloned());
            from_protection = level.from_branch_protection.or(from_protection);
        }
        let mut manual = false;
        if from_protection == Some(true) {
            let protected = protected(&sections.branch_protection, org, repo, branch, jobs).unwrap_or_default();
            manual = protected.manual;
            all.required.extend(protected.contexts);
        }
        for job in jobs {
            all.list_of(job, manual).insert(job.context.clone());
        }
        all
    }

    /// Behaviour: Prow pkg/config/branch_protection.go, `BranchRequirements`.
    fn list_of(&mut self, job: &Presubmit, manual: bool) -> &mut BTreeSet<String> {
        let by_hand = job.needs_explicit_trigger();
        if !job.context_required() {
            &mut self.optional
        } else if (manual && by_hand) || !(by_hand || job.changes.is_some()) {
            &mut self.required
        } else {
            &mut self.if_present
        }
    }

    /// Behaviour: Prow pkg/config/tide.go, `TideContextPolicy.Validate`.
    fn fault(&self) -> Option<String> {
        let lists = [
            (&self.required, &self.optional, "required and optional"),
            (&self.required, &self.if_present, "required and required if present"),
            (&self.optional, &self.if_present, "optional and required if present"),
        ];
        for (one, other, what) in lists {
            let both: Vec<_> = one.intersection(other).map(String::as_str).collect();
            if !both.is_empty() {
                let both = both.join("`, `");
                return Some(format!(
                    "the contexts `{both}` are {what} at once, by tide, branch protection or jobs: keep one of the two"
                ));
            }
        }
        for pattern in &self.optional_expressions {
            let Ok(expression) = goregex::compile(pattern) else {
                return Some(format!("the optional contexts `{pattern}` are no expression: mend it"));
            };
            let mut needed = self.required.iter().chain(&self.if_present);
            if let Some(context) = needed.find(|context| expression.is_match(context)) {
                return Some(format!(
                    "the optional contexts `{pattern}` have `{context}`, which is required: narrow them"
                ));
            }
        }
        None
    }
}

/// The levels that count for a branch, the widest first.
fn levels<'a>(options: &'a ContextOptions, org: &str, repo: &str, branch: &str) -> Vec<&'a ContextPolicy> {
    let mut levels = vec![&options.policy];
    if let Some(org) = options.orgs.get(org) {
        levels.push(&org.policy);
        if let Some(repo) = org.repos.get(repo) {
            levels.push(&repo.policy);
            levels.extend(repo.branches.get(branch));
        }
    }
    levels
}

/// What branch protection has for tide.
#[derive(Debug, Default)]
struct Protected {
    contexts: BTreeSet<String>,
    /// Jobs that run by hand alone are required, too.
    manual: bool,
}

/// `None` where the branch is not protected, or nobody can say how.
///
/// Behaviour: Prow pkg/config/branch_protection.go, `GetBranchProtection` and `GetPolicy`. Contexts of jobs are not among
/// them: tide has those anyway.
fn protected(all: &BranchProtection, org: &str, repo: &str, branch: &str, jobs: &[&Presubmit]) -> Option<Protected> {
    let org = all.orgs.get(org)?;
    let repo = org.repos.get(repo);
    let own = repo.and_then(|repo| repo.branches.get(branch));
    let mut levels: Vec<&Protection> = vec![&all.policy, &org.policy];
    levels.extend(repo.map(|repo| &repo.policy));
    levels.extend(own.map(|branch| &branch.policy));
    let narrowest = |of: fn(&Protection) -> Option<bool>| levels.iter().rev().find_map(|level| of(level));
    let mut protect = narrowest(|level| level.protect);
    if own.is_some() && protect.is_none() && narrowest(|level| level.unmanaged) != Some(true) {
        return None;
    }
    let manual = narrowest(|level| level.require_manually_triggered_jobs) == Some(true);
    let mut of_jobs = Contexts::default();
    for job in jobs {
        of_jobs.list_of(job, manual).insert(job.context.clone());
    }
    let with_optional = all.protect_repos_with_optional_jobs == Some(true);
    let may_be_there = with_optional && !(of_jobs.if_present.is_empty() && of_jobs.optional.is_empty());
    let is_tested = !of_jobs.required.is_empty() || may_be_there;
    if is_tested && protect == Some(false) {
        return None;
    }
    if is_tested && all.protect_tested_repos == Some(true) {
        protect = Some(true);
    }
    let says_more = levels.iter().any(|level| has_terms(level)) || is_tested;
    let idle = protect == Some(false) && says_more && all.allow_disabled_policies != Some(true);
    if idle || (protect.is_none() && !says_more) {
        return None;
    }
    let checks = levels.iter().filter_map(|level| level.required_status_checks.as_ref());
    let contexts = checks.filter(|_| protect == Some(true)).flat_map(|checks| checks.contexts.clone());
    Some(Protected { contexts: contexts.collect(), manual })
}

/// Whether a level says what GitHub is to demand. Behaviour: Prow pkg/config/branch_protection.go, `Policy.defined`.
fn has_terms(level: &Protection) -> bool {
    let who = Protection {
        unmanaged: level.unmanaged,
        protect: level.protect,
        exclude: level.exclude.clone(),
        include: level.include.clone(),
        ..Protection::default()
    };
    *level != who
}
