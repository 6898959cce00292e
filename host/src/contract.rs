//! The contract in wit/, as Rust: generated types and traits, and nothing written by hand but what they map to.

#![allow(missing_docs, unreachable_pub, reason = "generated from wit/, where each item has its doc")]

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
    agent, github_contents_read, github_issues_read, github_issues_write, github_members_read, github_metadata_read,
    github_pull_requests_read, github_pull_requests_write, github_statuses_read, job_config, log, prowjobs_read,
    prowjobs_write, types,
};
