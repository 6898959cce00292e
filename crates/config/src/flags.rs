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
    /// Which files hold parts of config.yaml.
    #[command(flatten)]
    pub shards: ConfigShardFlags,
}

impl ConfigFlags {
    /// What is to be read: these, and plugins.yaml for a program that wants it.
    #[must_use]
    pub fn sources(&self, plugin_config: Option<PathBuf>) -> Sources {
        let config_shards = self.shards.shards();
        let (config_path, job_config_path) = (self.config_path.clone(), self.job_config_path.clone());
        Sources { config_path, config_shards, job_config_path, plugin_config, ..Sources::default() }
    }
}

/// Where parts of config.yaml are.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct ConfigShardFlags {
    /// A directory with parts of config.yaml (branch-protection, slack_reporter_configs, tide.queries, tide.merge_method) in
    /// files of their own, looked through with all that is below it. May be given several times.
    #[arg(long, value_name = "DIR")]
    pub supplemental_prow_config_dir: Vec<PathBuf>,
    /// What the names of such files end with; empty to read none.
    #[arg(
        long,
        value_name = "SUFFIX",
        default_value = "_prowconfig.yaml",
        alias = "supplemental-prow-configs-filename"
    )]
    pub supplemental_prow_configs_filename_suffix: String,
}

impl ConfigShardFlags {
    /// Where they are.
    #[must_use]
    pub fn shards(&self) -> Shards {
        Shards {
            folders: self.supplemental_prow_config_dir.clone(),
            suffix: self.supplemental_prow_configs_filename_suffix.clone(),
        }
    }

    /// The same as flags of another program.
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        arguments(&self.shards(), "--supplemental-prow-config-dir", "--supplemental-prow-configs-filename-suffix")
    }
}

/// Where parts of plugins.yaml are.
#[derive(Debug, Clone, Default, clap::Args)]
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

    /// The same as flags of another program.
    pub fn arguments(&self) -> Vec<(&'static str, String)> {
        arguments(&self.shards(), "--supplemental-plugin-config-dir", "--supplemental-plugin-configs-filename-suffix")
    }
}

/// Without a folder nothing is read, whatever the suffix.
fn arguments(shards: &Shards, folder: &'static str, suffix: &'static str) -> Vec<(&'static str, String)> {
    let folders = shards.folders.iter().map(|path| (folder, path.display().to_string()));
    let suffix = (!shards.folders.is_empty()).then(|| (suffix, shards.suffix.clone()));
    folders.chain(suffix).collect()
}
