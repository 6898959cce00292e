//! Pure decisions and data of Prow: events, job config, filters, the ProwJob and its next step.
