//! Mirrors by the real git: against bare repositories on disk, and against the stand-in GitHub over HTTP.

#![expect(clippy::unwrap_used, reason = "the helpers of tests, too, may fail by panicking")]

mod crash;
mod damage;
mod far_side;
mod fetches;
mod in_repo;
mod merges;
mod owners;
mod picks;
mod pushes;
mod reads;
mod refusals;
mod support;
