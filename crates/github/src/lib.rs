//! The GitHub client: who asks ([`Auth`], [`Scope`]), what is asked ([`Api`]), and what a refusal means ([`ApiError`]).
//!
//! Three promises hold for every call:
//! - it never sleeps over a second: where GitHub says to wait, the error carries the moment ([`ApiError::retry_at`])
//!   and the caller parks;
//! - a token is seen by `token.rs`, the request header and git ([`GitCredentials`]) alone: no `Debug`, log line or error
//!   shows one;
//! - in a dry run nothing but reads reaches GitHub.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use github::{Auth, Client, Options, RepoName, Scope};
//! let client = Client::new(Options::new(Auth::TokenFile("/etc/github/token".into())))?;
//! let repo = RepoName::new("my-org", "hello");
//! let api = client.scoped(Scope::repo(&repo));
//! for label in api.list_labels(&repo, 7).await? {
//!     println!("{}", label.name);
//! }
//! # Ok(())
//! # }
//! ```

mod actions;
mod assignees;
mod cache;
mod call;
mod checks;
mod client;
mod collaborators;
mod comments;
mod commits;
mod contents;
mod error;
mod flags;
mod git_credentials;
mod graphql;
mod health;
mod history;
mod hooks;
mod identity;
mod installations;
mod issue_edits;
mod issues;
mod labels;
mod lenient;
mod limits;
mod members;
mod merge_states;
mod metrics;
mod milestones;
mod options;
mod permissions;
mod pins;
mod policy;
mod protection;
mod pull_edits;
mod pull_lists;
mod pulls;
mod reactions;
mod redirect;
mod refs;
mod repos;
mod review_requests;
mod reviews;
mod scope;
mod search;
mod statuses;
mod teams;
mod token;
mod transfer;
mod transport;
mod url;
mod users;
mod web;

pub use actions::WorkflowRun;
pub use checks::{CheckApp, CheckRun, NewCheckRun};
pub use client::{Api, Client};
pub use collaborators::PermissionLevel;
pub use comments::Comment;
pub use commits::{Commit, GitCommit, Sha, Signature};
pub use error::{ApiError, ApiErrorKind};
pub use flags::{FlagError, GithubFlags};
pub use git_credentials::GitCredentials;
pub use history::HistoryEntry;
pub use hooks::{Cursor, DeliveryPage, Hook, HookDelivery, HookLog, HookOwner};
pub use identity::{Bot, Budget, RateLimits};
pub use issues::{Issue, Label};
pub use lenient::User;
pub use merge_states::MergeState;
pub use milestones::Milestone;
pub use options::{Auth, Options, SetupError};
pub use permissions::{Access, PermissionSet};
pub use pulls::{Branch, ChangedFile, PullRequest, RequestedTeam};
pub use reactions::Reaction;
pub use refs::{GitObject, GitRef};
pub use repos::{Repo, RepoName};
pub use reviews::{LineComment, Review, ReviewComment, Verdict};
pub use scope::Scope;
pub use search::{MergedIn, SearchFor};
pub use statuses::{CombinedStatus, NewStatus, Status, StatusState};
pub use teams::Team;
pub use web::web_base;
