//! The clients and the seam on a real API server, as `tests/apiserver` starts it.

#![expect(clippy::unwrap_used, reason = "these are tests, in a target of their own")]

mod access;
mod config_maps;
mod definition;
mod discovery;
mod faults;
mod generated;
mod harness;
mod kubectl;
mod pods;
mod prowjobs;
#[path = "../../../store/tests/all/prowjobs_suite.rs"]
mod prowjobs_suite;
