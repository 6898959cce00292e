//! Pure decisions and data of Prow: events, job config, filters, the ProwJob and its next step.

pub mod actor;
pub mod check;
pub mod commands;
pub mod comment;
pub mod commit_status;
pub mod create;
pub mod duration;
pub mod event;
pub mod filter;
pub mod issue;
pub mod labels;
mod lenient;
pub mod problem;
pub mod prowjob;
pub mod pull_request;
pub mod push;
pub mod refs;
pub mod repository;
pub mod review;
pub mod settings;
pub mod trust;
