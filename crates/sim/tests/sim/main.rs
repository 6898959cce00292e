//! The stand-in as its users see it: over HTTP, by git, and as the receiver of webhooks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by its panic")]

mod cli;
mod faults;
mod fence;
mod git;
mod graphql;
mod lists;
mod openapi;
mod payloads;
mod permissions;
mod pulls;
mod restart;
mod support;
mod webhooks;
