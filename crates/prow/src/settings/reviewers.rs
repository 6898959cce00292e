//! Settings of the plugins that ask for reviews.

use serde::{Deserialize, Serialize};

/// What tide says of a pull request that lacks nothing but reviews.
const LACKS_REVIEWS: &str = r"Not mergeable. (PullRequest is missing sufficient approving GitHub review\(s\)|Needs (lgtm|approved|approved, lgtm) labels?)\.?";

/// The blocks `blunderbuss` and `rifle`. Behaviour: Prow pkg/plugins/config.go, `Blunderbuss` and `Rifle`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ReviewersSettings {
    /// How many reviews are asked for: at least 1, and 2 if nothing is said.
    pub request_count: Option<i64>,
    /// How many at the most, those asked for by others included; 0 for no limit.
    pub max_request_count: i64,
    /// Approvers are asked only where there are too few reviewers.
    pub exclude_approvers: bool,
    /// Who says on their page to be busy is not asked.
    pub use_status_availability: bool,
    /// Nobody is asked about drafts.
    pub ignore_drafts: bool,
    /// Logins on whose pull requests nobody is asked.
    pub ignore_authors: Vec<String>,
    /// Nobody is asked before this status is there.
    pub wait_for_status: Option<StatusMatch>,
}

/// A commit status that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StatusMatch {
    /// Its context.
    pub context: String,
    /// An expression for its description, in Go's syntax.
    pub description: String,
    /// Its state.
    pub state: String,
}

impl ReviewersSettings {
    /// Fills in what was left out.
    #[must_use]
    pub fn completed(mut self) -> Self {
        self.request_count.get_or_insert(2);
        if let Some(status) = &mut self.wait_for_status {
            for (value, usual) in [
                (&mut status.context, "tide"),
                (&mut status.state, "pending"),
                (&mut status.description, LACKS_REVIEWS),
            ] {
                super::usual(value, usual);
            }
        }
        self
    }
}
