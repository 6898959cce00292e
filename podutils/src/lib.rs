//! Clone, supervise, upload: what runs beside a job.
