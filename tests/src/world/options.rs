//! What a world is made of.

use std::path::PathBuf;

/// What a world is made of.
#[derive(Debug, Clone)]
pub struct Options {
    /// config.yaml.
    pub config: String,
    /// plugins.yaml.
    pub plugins: String,
    /// Files that lie beside plugins.yaml.
    pub beside: Vec<(String, Vec<u8>)>,
    /// Whether there is a job directory, `jobs` beside config.yaml, which is empty at first.
    pub jobs: bool,
    /// What host and controller are told with `--dry-run`.
    pub dry_run: bool,
    /// Whether host and controller are started at once.
    pub started: bool,
    /// The API server's program: ProwJobs are custom resources there. `None`: they are in the state directory.
    pub apiserver: Option<PathBuf>,
    /// Where the stand-in GitHub posts its webhooks. `None`: to the host.
    pub hook: Option<String>,
}

impl Options {
    /// These two files, everything started, and not dry.
    #[must_use]
    pub fn new(config: impl Into<String>, plugins: impl Into<String>) -> Self {
        Self {
            config: config.into(),
            plugins: plugins.into(),
            beside: Vec::new(),
            jobs: false,
            dry_run: false,
            started: true,
            apiserver: None,
            hook: None,
        }
    }
}
