//! The clients for services besides GitHub: [`Slack`], [`Jira`], [`Bugzilla`].
//!
//! What holds for every call:
//! - it never sleeps: where a service says to wait, the error carries the moment ([`ServiceError::retry_at`]);
//! - a secret is read from its file, again when that changes, and is seen by the request alone: no `Debug`, log line or
//!   error shows one. A call that was refused is made once more if the file has changed meanwhile;
//! - no redirect is followed, since the secret would go with it;
//! - in a dry run nothing but reads reaches a service.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use services::{Common, Slack, SlackOptions};
//! let slack = Slack::new(SlackOptions::new("/etc/slack/token"), &Common::default())?;
//! slack.for_plugin("slackevents").write_message("sig-testing", "*Warning:* bob merged by hand").await?;
//! # Ok(())
//! # }
//! ```

mod bugzilla;
mod credential;
mod error;
mod flags;
mod http_client;
mod jira;
mod metrics;
mod options;
mod outage;
mod session;
mod slack;

pub use bugzilla::{AuthMethod, Bug, BugUpdate, Bugzilla, BugzillaOptions, LinkedPullRequest};
pub use error::{ServiceError, ServiceErrorKind};
pub use flags::{ServiceFlags, Services};
pub use jira::{Jira, JiraAuth, JiraIssue, JiraOptions, RemoteLink};
pub use options::{Common, SetupError};
pub use slack::{Slack, SlackOptions};
