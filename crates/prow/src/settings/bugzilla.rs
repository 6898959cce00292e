//! Settings of the bugzilla plugin.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// What stands for every branch that has no entry.
const ANY: &str = "*";

/// The block `bugzilla` as it is written. Behaviour: Prow pkg/plugins/config.go, `Bugzilla`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BugzillaBlock {
    /// By branch, for all repositories.
    pub default: Option<BranchOptions>,
    /// By org.
    pub orgs: BTreeMap<String, BugzillaOrg>,
}

/// By branch, `*` for all others.
pub type BranchOptions = BTreeMap<String, BugzillaOptions>;

/// An org's options.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BugzillaOrg {
    /// By branch, for all of its repositories.
    pub default: Option<BranchOptions>,
    /// By repository, without its org.
    pub repos: BTreeMap<String, BugzillaRepo>,
}

/// A repository's options.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BugzillaRepo {
    /// By branch.
    pub branches: BranchOptions,
}

/// A state of a bug; what is empty may be anything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BugState {
    /// Its status.
    pub status: String,
    /// Its resolution.
    pub resolution: String,
}

/// What holds for one branch. What is absent is taken from the wider level.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys are Prow's; the plugin's documentation tells what each does")]
pub struct BugzillaOptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_defaults: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_backporting: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validate_by_default: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_open: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statuses: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_states: Option<Vec<BugState>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependent_bug_statuses: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependent_bug_states: Option<Vec<BugState>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependent_bug_target_releases: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependent_bug_target_release: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_after_validation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_after_validation: Option<BugState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub add_external_link: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_after_merge: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_after_merge: Option<BugState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_after_close: Option<BugState>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_groups: Option<Vec<String>>,
}

/// What the block says about one repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BugzillaSettings {
    /// Every branch that any level names, and `*` for all others; each with nothing left to take from elsewhere.
    pub branches: BranchOptions,
}

impl BugzillaBlock {
    /// What it says about a repository.
    #[must_use]
    pub fn of(&self, org: &str, repo: &str) -> BugzillaSettings {
        let org = self.orgs.get(org);
        let repo = org.and_then(|org| org.repos.get(repo));
        let levels = [self.default.as_ref(), org.and_then(|org| org.default.as_ref()), repo.map(|repo| &repo.branches)];
        let named = levels.iter().flatten().flat_map(|level| level.keys().map(String::as_str));
        let branches: BTreeSet<&str> = named.chain([ANY]).collect();
        let of_branch = |branch: &str| {
            let own = |level: &BranchOptions| {
                let wide = level.get(ANY).cloned().unwrap_or_default();
                wide.overridden(&level.get(branch).cloned().unwrap_or_default())
            };
            let all = levels.iter().flatten().map(|level| own(level));
            all.reduce(|wide, narrow| wide.overridden(&narrow)).unwrap_or_default()
        };
        BugzillaSettings { branches: branches.into_iter().map(|it| (it.to_owned(), of_branch(it))).collect() }
    }
}

impl BugzillaOptions {
    /// These options with what a narrower level says above them; a status is a state of any resolution. Behaviour: Prow
    /// pkg/plugins/config.go, `ResolveBugzillaOptions`.
    fn overridden(&self, narrow: &Self) -> Self {
        let narrow = narrow.folded();
        let wide = if narrow.exclude_defaults == Some(true) { Self::default() } else { self.folded() };
        let groups = [&wide.allowed_groups, &narrow.allowed_groups];
        let groups: Option<BTreeSet<String>> = groups
            .iter()
            .any(|groups| groups.is_some())
            .then(|| groups.iter().copied().flatten().flatten().cloned().collect());
        Self {
            exclude_defaults: narrow.exclude_defaults.or(wide.exclude_defaults),
            enable_backporting: narrow.enable_backporting.or(wide.enable_backporting),
            validate_by_default: narrow.validate_by_default.or(wide.validate_by_default),
            is_open: narrow.is_open.or(wide.is_open),
            target_release: narrow.target_release.or(wide.target_release),
            valid_states: narrow.valid_states.or(wide.valid_states),
            dependent_bug_states: narrow.dependent_bug_states.or(wide.dependent_bug_states),
            dependent_bug_target_releases: narrow.dependent_bug_target_releases.or(wide.dependent_bug_target_releases),
            state_after_validation: narrow.state_after_validation.or(wide.state_after_validation),
            add_external_link: narrow.add_external_link.or(wide.add_external_link),
            state_after_merge: narrow.state_after_merge.or(wide.state_after_merge),
            state_after_close: narrow.state_after_close.or(wide.state_after_close),
            allowed_groups: groups.map(|groups| groups.into_iter().collect()),
            ..Self::default()
        }
    }

    /// The same with the older keys written as the newer ones.
    fn folded(&self) -> Self {
        let mut folded = self.clone();
        let of_status = |status: String| BugState { status, resolution: String::new() };
        let states = |states: Option<Vec<BugState>>, statuses: Option<Vec<String>>| match statuses {
            None => states,
            Some(statuses) => {
                let all: BTreeSet<_> =
                    states.into_iter().flatten().chain(statuses.into_iter().map(of_status)).collect();
                (!all.is_empty()).then(|| all.into_iter().collect())
            }
        };
        folded.valid_states = states(folded.valid_states, folded.statuses.take());
        folded.dependent_bug_states = states(folded.dependent_bug_states, folded.dependent_bug_statuses.take());
        if let Some(release) = folded.dependent_bug_target_release.take() {
            let releases = folded.dependent_bug_target_releases.get_or_insert_default();
            if !releases.contains(&release) {
                releases.push(release);
            }
        }
        let (validated, merged) = (folded.status_after_validation.take(), folded.status_after_merge.take());
        folded.state_after_validation = folded.state_after_validation.or(validated.map(of_status));
        folded.state_after_merge = folded.state_after_merge.or(merged.map(of_status));
        folded
    }
}
