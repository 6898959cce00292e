//! What runs beside a job: clone its source, supervise its process, keep its log and how it ended.
//!
//! Everything about one run stands in one folder, a [`job_dir::JobDir`], so that whoever comes later (a controller that
//! was killed and started again) finds the run, or how it ended, without asking anyone.

pub mod clone;
pub mod exit_marker;
pub mod file;
pub mod git;
pub mod job_dir;
pub mod observe;
pub mod options;
pub mod payload;
#[cfg(test)]
mod private_server;
pub mod process;
pub mod sandbox;
pub mod source;
pub mod supervise;
mod userinfo;
