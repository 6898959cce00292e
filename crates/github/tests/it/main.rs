//! The client against a far side over loopback: scripted where GitHub's moods are the point, the stand-in GitHub where a
//! conversation is.

#![expect(clippy::unwrap_used, reason = "the helpers of tests, too, may fail by panicking")]

mod app;
mod caching;
mod dry_run;
mod emulate;
mod every_method;
mod every_talk;
mod far_side;
mod finding;
mod git;
mod graphql;
mod limits;
mod pages;
mod people;
mod redirects;
mod retries;
mod schema;
mod secrets;
mod semantics;
mod tokens;
