//! The flags by which every program of the system is told where its configuration is: Prow's names.

use std::path::PathBuf;

use crate::{Shards, Sources};

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
        let (config_path, job_config_path) = (self.config_path.clone(), self.job_config_path.clone());
        Sources { config_path, job_config_path, plugin_config, ..Sources::default() }
    }
}

/// Where parts of plugins.yaml are.
#[derive(Debug, Clone, clap::Args)]
pub struct PluginShardFlags {
    /// A directory with parts of plugins.yaml (plugins, external_plugins, approve, bugzilla, label.restricted_labels, lgtm,
    /// triggers, welcome) in files of their own, looked through with all that is below it. May be given several times.
    #[arg(long, value_name = "DIR")]
    pub supplemental_plugin_config_dir: Vec<PathBuf>,
    /// What the names of such files end with; empty to read none.
    #[arg(long, value_name = "SUFFIX", default_value = "_pluginconfig.yaml")]
    pub supplemental_plugin_configs_filename_suffix: String,
}

impl PluginShardFlags {
    /// Where they are.
    #[must_use]
    pub fn shards(&self) -> Shards {
        Shards {
            folders: self.supplemental_plugin_config_dir.clone(),
            suffix: self.supplemental_plugin_configs_filename_suffix.clone(),
        }
    }
}
