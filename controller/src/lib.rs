//! The ProwJob lifecycle: schedule, run, report, clean up.
