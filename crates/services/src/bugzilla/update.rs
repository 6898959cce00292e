//! What can be changed of a bug.

use serde::Serialize;

/// What to change; absent: left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BugUpdate {
    /// `NEW`, `ON_QA`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// `FIXED`, …; Bugzilla wants one with a closing status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// The releases that the fix is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_release: Option<Vec<String>>,
}
