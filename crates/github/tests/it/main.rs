//! The client against a far side over loopback: scripted where GitHub's moods are the point, the stand-in GitHub where a
//! conversation is.

#![expect(clippy::unwrap_used, reason = "the helpers of tests, too, may fail by panicking")]

mod app;
mod caching;
mod dry_run;
mod every_method;
mod far_side;
mod git;
mod limits;
mod pages;
mod redirects;
mod retries;
mod secrets;
mod semantics;
mod tokens;
