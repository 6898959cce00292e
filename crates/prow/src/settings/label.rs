//! Settings of the label plugin.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The block `label` as it is written. Behaviour: Prow pkg/plugins/config.go, `Label`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelBlock {
    /// Labels that `/label` may set beside those of the plugin's own commands.
    pub additional_labels: Vec<String>,
    /// By `*`, org or org/repo: labels that only some people may set.
    pub restricted_labels: BTreeMap<String, Vec<RestrictedLabel>>,
}

/// A label that only some people may set.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RestrictedLabel {
    /// Its name.
    pub label: String,
    /// Slugs of teams whose members may.
    pub allowed_teams: Vec<String>,
    /// Logins of those who may.
    pub allowed_users: Vec<String>,
    /// Labels on which those who may are assigned.
    pub assign_on: Vec<AssignOnLabel>,
}

/// A label on which somebody is assigned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AssignOnLabel {
    /// Its name.
    pub label: String,
}

/// What the block says about one repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelSettings {
    /// Labels that `/label` may set.
    pub additional_labels: Vec<String>,
    /// Labels that only some may set, each once, sorted by their names in lower case.
    pub restricted_labels: Vec<RestrictedLabel>,
}

impl LabelBlock {
    /// What it says about a repository: who is allowed at any of the three levels is allowed.
    #[must_use]
    pub fn of(&self, org: &str, repo: &str) -> LabelSettings {
        let mut all = BTreeMap::<String, RestrictedLabel>::new();
        let full_name = format!("{org}/{repo}");
        let levels = ["*", org, full_name.as_str()].map(|level| self.restricted_labels.get(level));
        for own in levels.into_iter().flatten().flatten() {
            all.entry(own.label.to_lowercase()).and_modify(|label| label.join(own)).or_insert_with(|| own.clone());
        }
        LabelSettings {
            additional_labels: self.additional_labels.clone(),
            restricted_labels: all.into_values().collect(),
        }
    }
}

impl RestrictedLabel {
    /// Allows whom `other` allows too.
    fn join(&mut self, other: &Self) {
        united(&mut self.allowed_teams, &other.allowed_teams);
        united(&mut self.allowed_users, &other.allowed_users);
        united(&mut self.assign_on, &other.assign_on);
    }
}

fn united<T: Clone + Ord>(all: &mut Vec<T>, more: &[T]) {
    all.extend_from_slice(more);
    all.sort();
    all.dedup();
}
