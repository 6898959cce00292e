//! Pure decisions and data of Prow: events, job config, filters, the ProwJob and its next step.

pub mod create;
pub mod labels;
pub mod prowjob;
pub mod refs;
