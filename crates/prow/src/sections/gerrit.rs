//! `gerrit`: changes that are tested beside GitHub's pull requests.

use serde::Deserialize;

use super::url_fault;
use crate::goregex;
use crate::problem::{KeyPath, Problems};
use crate::raw_config::DurationOr;

/// `gerrit`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Gerrit {
    /// The pause between looks at a project.
    pub tick_interval: DurationOr<60>,
    /// How many changes are asked for at once; 5 unless said otherwise.
    pub ratelimit: i64,
    /// Where links in comments point to.
    pub deck_url: String,
    /// Which repositories.
    pub org_repos_config: Vec<OrgRepos>,
    /// The only messages that may trigger presubmits; empty: all.
    pub allowed_presubmit_trigger_re: String,
}

/// Repositories of one Gerrit server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OrgRepos {
    /// The server, with `https://`.
    pub org: String,
    /// Its repositories.
    pub repos: Vec<String>,
    /// No comment about commands that nobody knows.
    pub opt_out_help: bool,
    /// Which changes of them.
    pub filters: Option<QueryFilter>,
}

/// Which changes are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct QueryFilter {
    /// Only to these branches.
    pub branches: Vec<String>,
    /// Not to these.
    pub excluded_branches: Vec<String>,
    /// tide merges without being asked.
    pub opt_in_by_default: bool,
}

impl Gerrit {
    /// Behaviour: Prow pkg/config, `Gerrit.DefaultAndValidate` and `validateComponentConfig`.
    pub(super) fn check(&mut self, file: &str, at: &KeyPath, problems: &mut Problems) {
        if self.ratelimit == 0 {
            self.ratelimit = 5;
        }
        if let Some(why) = url_fault(&self.deck_url) {
            problems.add(file, at.key("deck_url"), why);
        }
        if let Err(why) = goregex::compile(&self.allowed_presubmit_trigger_re) {
            problems.add(file, at.key("allowed_presubmit_trigger_re"), format!("{why}: mend the expression"));
        }
    }
}
