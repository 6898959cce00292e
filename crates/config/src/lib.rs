//! Reads config.yaml, job files and plugins.yaml, and reads them again when they change.
