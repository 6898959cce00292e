//! Pure decisions and data of Prow: events, job config, filters, the ProwJob and its next step.

pub mod actor;
pub mod check;
pub mod commands;
pub mod comment;
pub mod commit_status;
pub mod concurrency;
pub mod container;
pub mod create;
pub mod decoration;
pub mod duration;
pub mod env;
pub mod event;
pub mod failure_comment;
pub mod filter;
pub mod issue;
pub mod labels;
mod lenient;
pub mod problem;
pub mod prowjob;
pub mod pull_request;
pub mod push;
pub mod refs;
pub mod report;
pub mod repository;
pub mod review;
pub mod settings;
pub mod sinker;
pub mod step;
pub mod supersede;
pub mod trust;

#[cfg(test)]
mod test_data;
