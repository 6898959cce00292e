//! The flags by which every program of the system is told where its configuration is: Prow's names.

use std::path::PathBuf;

use crate::Sources;

/// Where config.yaml and the jobs are.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigFlags {
    /// config.yaml.
    #[arg(long, value_name = "FILE")]
    pub config_path: PathBuf,
    /// A file or directory of jobs beside those in config.yaml.
    #[arg(long, value_name = "PATH")]
    pub job_config_path: Option<PathBuf>,
}

impl ConfigFlags {
    /// What is to be read: these, and plugins.yaml for a program that wants it.
    #[must_use]
    pub fn sources(&self, plugin_config: Option<PathBuf>) -> Sources {
        Sources { config_path: self.config_path.clone(), job_config_path: self.job_config_path.clone(), plugin_config }
    }
}
