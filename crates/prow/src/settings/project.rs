//! Settings of the plugins about GitHub's project boards.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The block `project_config`. Behaviour: Prow pkg/plugins/config.go, `ProjectConfig`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectSettings {
    /// By org.
    pub project_org_configs: BTreeMap<String, ProjectOrg>,
}

/// An org's boards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectOrg {
    /// The number of the team whose members may use them.
    pub org_maintainers_team_id: i64,
    /// By board: the column that cards go to.
    pub org_default_column_map: BTreeMap<String, String>,
    /// By repository, without its org.
    pub project_repo_configs: BTreeMap<String, ProjectRepo>,
}

/// A repository's boards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectRepo {
    /// The number of the team whose members may use them.
    pub repo_maintainers_team_id: i64,
    /// By board: the column that cards go to.
    pub repo_default_column_map: BTreeMap<String, String>,
}

/// The block `project_manager`. Behaviour: Prow pkg/plugins/config.go, `ProjectManager`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectManagerSettings {
    /// By org or org/repo.
    #[serde(rename = "orgsRepos")]
    pub orgs_repos: BTreeMap<String, ManagedScope>,
}

/// The boards of an org or repository.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ManagedScope {
    /// By board.
    pub projects: BTreeMap<String, ManagedProject>,
}

/// A board.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ManagedProject {
    /// Its columns.
    pub columns: Vec<ManagedColumn>,
}

/// A column, and the issues that go to it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ManagedColumn {
    /// Its number; either this or the name is given.
    pub id: Option<i64>,
    /// Its name.
    pub name: String,
    /// The state of the issues.
    pub state: String,
    /// The labels of the issues, all of them.
    pub labels: Vec<String>,
    /// The org of the issues.
    pub org: String,
}
