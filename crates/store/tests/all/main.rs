//! The store, from outside. The suites take the type they test, so that another implementation can run them too.

#![expect(clippy::unwrap_used, reason = "these are tests, in a target of their own")]

mod durability;
mod hosts;
mod inbox;
mod journal;
mod missed;
mod prowjobs;
mod prowjobs_suite;
mod rerun;
mod same;
mod speed;
mod together;
mod upgrade;
