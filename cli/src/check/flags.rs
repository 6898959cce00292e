//! The flags: Prow's `checkconfig` has them all, but for `--output`.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args, ValueEnum};
use config::{ConfigFlags, PluginShardFlags, Sources};

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people: each place with its line.
    Text,
    /// An object.
    Json,
    /// What code hosts show beside the lines of a change (SARIF 2.1.0).
    Sarif,
}

/// Check config.yaml, job files and plugins.yaml, and tell what is most likely not meant.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit check --config-path config.yaml
  bowsprit check --config-path config.yaml --job-config-path jobs --strict
  bowsprit check --config-path config.yaml --plugin-config plugins.yaml
  bowsprit check --config-path config.yaml --exclude-warning unknown-fields
  bowsprit check --config-path config.yaml --output sarif > check.sarif
  bowsprit check --config-path config.yaml --prow-yaml-repo-name my-org/hi \\
    --prow-yaml-path ../hi/.prow.yaml

Exit code:
  0  nothing is wrong; there may be warnings
  1  there are errors, or warnings under --strict
  2  the check did not take place: a file or folder that a flag names cannot
     be read, or the flags are wrong

Warnings have the names of Prow's checkconfig, errors none: they keep the
files from taking effect, and cannot be left out. Go's spellings work too:
-strict")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    config: ConfigFlags,
    /// plugins.yaml. Without it, warnings that need it are not looked for.
    #[arg(long, value_name = "FILE")]
    plugin_config: Option<PathBuf>,
    #[command(flatten)]
    plugin_shards: PluginShardFlags,
    /// A warning to look for; the default ones are then left out. May be given several times.
    #[arg(long, value_name = "NAME")]
    pub(super) warnings: Vec<String>,
    /// A warning not to look for. May be given several times.
    #[arg(long, value_name = "NAME")]
    pub(super) exclude_warning: Vec<String>,
    /// Exit with 1 where there are warnings.
    #[arg(long, default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true,
        value_parser = BoolishValueParser::new(), action = ArgAction::Set, value_name = "BOOL")]
    pub(super) strict: bool,
    /// Look for all warnings where the default ones would be looked for.
    #[arg(long, default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true,
        value_parser = BoolishValueParser::new(), action = ArgAction::Set, value_name = "BOOL")]
    pub(super) expensive_checks: bool,
    /// Look for the default warnings beside those that `--warnings` names.
    #[arg(long, default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true,
        value_parser = BoolishValueParser::new(), action = ArgAction::Set, value_name = "BOOL")]
    pub(super) include_default_warnings: bool,
    /// The repository whose own jobs (.prow.yaml, or the folder .prow) are checked too.
    #[arg(long, value_name = "ORG/REPO", value_parser = repository)]
    pub(super) prow_yaml_repo_name: Option<(String, String)>,
    /// Its .prow.yaml; what counts is the folder that it is in. The current one unless said otherwise.
    #[arg(long, value_name = "FILE", requires = "prow_yaml_repo_name")]
    pub(super) prow_yaml_path: Option<PathBuf>,
    /// An annotation that every job must have. May be given several times.
    #[arg(long, value_name = "NAME")]
    pub(super) required_job_annotations: Vec<String>,
    /// What to print.
    #[arg(long, short, value_enum, default_value_t = Output::Text)]
    pub(super) output: Output,
    #[command(flatten)]
    _github: GithubFlags,
}

/// Flags of checks that are not made here: taken, so that a command line of Prow's need not be changed.
#[derive(Debug, Args)]
struct GithubFlags {
    #[arg(long, hide = true)]
    github_app_id: Option<String>,
    #[arg(long, hide = true)]
    github_app_private_key_path: Option<PathBuf>,
    #[arg(long, hide = true)]
    github_token_path: Option<PathBuf>,
    #[arg(long, hide = true)]
    github_endpoint: Vec<String>,
    #[arg(long, hide = true)]
    github_graphql_endpoint: Option<String>,
    #[arg(long, hide = true)]
    github_host: Option<String>,
    #[arg(long, hide = true)]
    github_hourly_tokens: Option<u32>,
    #[arg(long, hide = true)]
    github_allowed_burst: Option<u32>,
    #[arg(long, hide = true)]
    github_throttle_org: Vec<String>,
    #[arg(long = "github-client.request-timeout", hide = true)]
    github_request_timeout: Option<String>,
    #[arg(long = "github-client.max-retries", hide = true)]
    github_max_retries: Option<u32>,
    #[arg(long = "github-client.max-404-retries", hide = true)]
    github_max_404_retries: Option<u32>,
    #[arg(long = "github-client.initial-delay", hide = true)]
    github_initial_delay: Option<String>,
    #[arg(long = "github-client.backoff-timeout", hide = true)]
    github_backoff_timeout: Option<String>,
    #[arg(long, hide = true)]
    in_repo_config_cache_size: Option<u32>,
    #[arg(long, hide = true)]
    in_repo_config_cache_copies: Option<u32>,
    #[arg(long, hide = true)]
    in_repo_config_cache_dir_base: Option<PathBuf>,
    #[arg(long, hide = true)]
    cache_dir_base: Option<PathBuf>,
    #[arg(long, hide = true)]
    moonraker_address: Option<String>,
    #[arg(long, hide = true)]
    gcs_credentials_file: Option<PathBuf>,
    #[arg(long, hide = true)]
    s3_credentials_file: Option<PathBuf>,
}

fn repository(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((org, name)) if !org.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok((org.to_owned(), name.to_owned()))
        }
        _ => Err("a repository is written ORG/REPO".to_owned()),
    }
}

impl CheckArgs {
    /// The files that are read.
    pub(super) fn sources(&self) -> Sources {
        let sources = self.config.sources(self.plugin_config.clone());
        Sources { plugin_shards: self.plugin_shards.shards(), ..sources }
    }
}
