//! What plugins in Rust share. A plugin implements [`Plugin`] and names itself with [`export!`].
//!
//! A plugin is a pure decision and a few lines of wiring. What two plugins would wire alike stands here: replies,
//! the bot's own comments, labels, commands, settings, questions about very many files, and decisions that ask for what they lack.
//!
//! ```text
//! struct Greeter;
//! impl kit::Plugin for Greeter { /* describe, help, handle */ }
//! kit::export!(Greeter);
//! ```

mod asking;
pub mod bindings;
mod command;
mod conversation;
mod entry;
mod labels;
mod large;
mod own_comments;
pub mod reply;
pub mod sample;
mod words;

pub use prow;

pub use asking::asking;
pub use bindings::bowsprit::plugin::agent::ClientAgent;
pub use bindings::bowsprit::plugin::types::*;
/// The plugin's clients, each granted or not in plugins.yaml.
pub use bindings::bowsprit::plugin::{
    bugzilla_read, bugzilla_write, github_actions_read, github_actions_write, github_contents_read, github_issues_read,
    github_issues_write, github_members_read, github_metadata_read, github_pull_requests_read,
    github_pull_requests_write, github_statuses_read, jira_read, jira_write, job_config, owners, prowjobs_read,
    prowjobs_write, slack,
};
pub use command::{Line, lines};
pub use conversation::{Conversation, Issues, PullRequests};
pub use entry::{Exported, Plugin};
pub use labels::has_label;
pub use large::{jobs_concerned, owners_of};
pub use own_comments::{Change, OwnComments, Renewal, upserted, written_by};
pub use words::{command, debug, done, failures, ignored, info, parsed_or_default, settings, warn};
