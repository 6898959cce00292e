//! Where deliveries, the journal and ProwJobs live.
