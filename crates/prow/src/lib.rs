//! Pure decisions and data of Prow: events, job config, filters, the ProwJob and its next step.

pub mod actor;
#[cfg(feature = "matching")]
pub mod branches;
#[cfg(feature = "matching")]
pub mod changes;
pub mod check;
#[cfg(feature = "matching")]
pub mod checks;
pub mod commands;
pub mod comment;
pub mod commit_status;
pub mod component;
pub mod concurrency;
pub mod container;
#[cfg(feature = "matching")]
pub mod core_config;
pub mod create;
#[cfg(feature = "matching")]
pub mod cron;
pub mod decoration;
#[cfg(feature = "matching")]
pub mod decoration_defaults;
pub mod duration;
#[cfg(feature = "matching")]
pub mod endpoint;
pub mod env;
pub mod event;
#[cfg(feature = "matching")]
pub mod external;
pub mod failure_comment;
pub mod filter;
#[cfg(feature = "matching")]
mod from_config;
pub mod go_fields;
#[cfg(feature = "matching")]
pub mod goregex;
#[cfg(feature = "matching")]
pub mod grants;
#[cfg(feature = "matching")]
pub mod in_repo;
#[cfg(feature = "matching")]
mod inlined;
pub mod issue;
#[cfg(feature = "matching")]
pub mod job;
#[cfg(feature = "matching")]
pub mod job_config;
#[cfg(feature = "matching")]
mod job_rules;
#[cfg(feature = "matching")]
pub mod job_shapes;
#[cfg(feature = "matching")]
pub mod kept;
pub mod labels;
mod lenient;
#[cfg(feature = "matching")]
pub mod limits;
#[cfg(feature = "matching")]
pub mod module;
#[cfg(feature = "matching")]
pub mod owners;
#[cfg(feature = "matching")]
mod patterns;
#[cfg(feature = "matching")]
pub mod periodic;
#[cfg(feature = "matching")]
pub mod plugins;
#[cfg(feature = "matching")]
mod pod_spec;
#[cfg(feature = "matching")]
pub mod postsubmit;
#[cfg(feature = "matching")]
pub mod preset;
#[cfg(feature = "matching")]
pub mod presubmit;
pub mod problem;
pub mod prowjob;
#[cfg(feature = "matching")]
pub mod prowjob_defaults;
pub mod pull_request;
pub mod push;
#[cfg(feature = "matching")]
pub mod raw_config;
pub mod refs;
pub mod report;
pub mod repository;
pub mod review;
#[cfg(feature = "matching")]
pub mod scalar;
#[cfg(feature = "schema")]
mod schema;
#[cfg(feature = "matching")]
pub mod sections;
pub mod settings;
mod shorten;
#[cfg(feature = "matching")]
pub mod signatures;
pub mod sinker;
pub mod step;
pub mod supersede;
#[cfg(feature = "matching")]
pub mod trigger;
pub mod trust;

#[cfg(test)]
mod event_tests;
#[cfg(test)]
mod filter_tests;
#[cfg(test)]
#[cfg(feature = "matching")]
mod job_config_tests;
