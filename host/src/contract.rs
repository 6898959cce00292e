//! The contract in wit/, as Rust: generated types and traits, and nothing written by hand but what they map to.

#![allow(missing_docs, unreachable_pub, reason = "generated from wit/, where each item has its doc")]

pub(crate) mod previous;
pub(crate) mod version;

wasmtime::component::bindgen!({
    path: "../wit",
    world: "everything",
    imports: { default: async | trappable },
    exports: { default: async },
    additional_derives: [Clone, PartialEq, serde::Serialize, serde::Deserialize],
    with: {
        "bowsprit:plugin/agent.client-agent": crate::agent::ClientAgent,
    },
});

pub use bowsprit::plugin::{
    agent, bugzilla_read, bugzilla_write, build_cluster_read, build_cluster_write, cluster_types, git_read, git_write,
    github_actions_read, github_actions_write, github_administration_read, github_checks_read, github_checks_write,
    github_contents_read, github_contents_write, github_issues_read, github_issues_write, github_members_read,
    github_metadata_read, github_pull_requests_read, github_pull_requests_write, github_statuses_read,
    github_statuses_write, github_types, jira_read, jira_write, job_config, kubernetes_read, kubernetes_write, log,
    owners, prowjobs_read, prowjobs_write, slack, types,
};
