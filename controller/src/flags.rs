//! The controller's flags: Prow's names and defaults for what exists, and a few of our own.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;

/// Shown at the end of `bowsprit controller --help`.
pub const EXAMPLES: &str = "\
Examples:
  Look at what would happen, changing nothing:
    bowsprit controller --config-path config.yaml --state-dir ./state
  In earnest, with a personal access token:
    bowsprit controller --config-path /etc/config/config.yaml --job-config-path /etc/jobs --dry-run=false \\
      --github-token-path /etc/github/token --external-url https://logs.example.com
  Go's spellings work too: -config-path=config.yaml -dry-run=false";

/// What `bowsprit controller` is told at its start.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// config.yaml.
    #[arg(long, value_name = "FILE")]
    pub config_path: PathBuf,
    /// A file or directory of jobs beside those in config.yaml.
    #[arg(long, value_name = "PATH")]
    pub job_config_path: Option<PathBuf>,
    /// Base URL of GitHub's API; given several times, each is tried when those before it cannot be reached.
    #[arg(long, default_value = "https://api.github.com", value_name = "URL")]
    pub github_endpoint: Vec<String>,
    /// File with a personal access token.
    #[arg(long, value_name = "FILE")]
    pub github_token_path: Option<PathBuf>,
    /// A GitHub App's numeric id; needs --github-app-private-key-path.
    #[arg(long, value_name = "ID")]
    pub github_app_id: Option<u64>,
    /// File with the GitHub App's private key, PEM.
    #[arg(long, value_name = "FILE")]
    pub github_app_private_key_path: Option<PathBuf>,
    /// Start no job, change no ProwJob, tell GitHub nothing: what would be done is only said.
    #[arg(long, default_value = "true", default_missing_value = "true", num_args = 0..=1, require_equals = true,
        value_parser = BoolishValueParser::new(), action = clap::ArgAction::Set, value_name = "BOOL")]
    pub dry_run: bool,
    /// Port of the jobs' logs.
    #[arg(long, default_value_t = 8889)]
    pub port: u16,
    /// How people reach that port; the links in commit statuses begin with it. [default: http://127.0.0.1:PORT]
    #[arg(long, value_name = "URL")]
    pub external_url: Option<String>,
    /// Port of Prometheus's /metrics.
    #[arg(long, default_value_t = 9090)]
    pub metrics_port: u16,
    /// Port of /healthz and /healthz/ready.
    #[arg(long, default_value_t = 8081)]
    pub health_port: u16,
    /// Where ProwJobs and the jobs' folders are kept; made if it is not there.
    #[arg(long, default_value = "/var/lib/bowsprit", value_name = "DIR")]
    pub state_dir: PathBuf,
    /// The command that supervises a job; the job's folder is added to it. Not a flag: this program itself.
    #[arg(skip)]
    pub supervisor: Option<Vec<String>>,
}

/// Flags that contradict each other.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// Who is the controller to GitHub?
    #[error("--github-token-path and --github-app-id exclude each other: give one of them")]
    TokenAndApp,
    /// Half of an App.
    #[error("--github-app-id and --github-app-private-key-path go together: give both or none")]
    HalfAnApp,
    /// No two listeners on one port.
    #[error("{0} and {1} are both {2}: give each a port of its own")]
    SamePort(&'static str, &'static str, u16),
}

impl Options {
    /// Behaviour: Prow's validation of its GitHub flags.
    ///
    /// # Errors
    /// The first contradiction; each says which flags it is about.
    pub fn check(&self) -> Result<(), FlagError> {
        let app = (self.github_app_id.is_some(), self.github_app_private_key_path.is_some());
        if self.github_token_path.is_some() && app != (false, false) {
            return Err(FlagError::TokenAndApp);
        }
        if app.0 != app.1 {
            return Err(FlagError::HalfAnApp);
        }
        let ports = [("--port", self.port), ("--metrics-port", self.metrics_port), ("--health-port", self.health_port)];
        for (at, (name, port)) in ports.iter().enumerate() {
            if let Some((other, _)) = ports[..at].iter().find(|(_, other)| other == port && *port != 0) {
                return Err(FlagError::SamePort(other, name, *port));
            }
        }
        Ok(())
    }

    /// Who the controller is to GitHub. With [`Options::check`] done, at most one of the two is given.
    pub(crate) fn github_auth(&self) -> github::Auth {
        if let Some(path) = &self.github_token_path {
            return github::Auth::TokenFile(path.clone());
        }
        match (self.github_app_id, &self.github_app_private_key_path) {
            (Some(id), Some(path)) => github::Auth::App { id, private_key_path: path.clone() },
            _ => github::Auth::None,
        }
    }

    /// Files that no job may read.
    pub(crate) fn secrets(&self) -> Vec<PathBuf> {
        [&self.github_token_path, &self.github_app_private_key_path].into_iter().flatten().cloned().collect()
    }

    pub(crate) fn sources(&self) -> config::Sources {
        config::Sources {
            config_path: self.config_path.clone(),
            job_config_path: self.job_config_path.clone(),
            plugin_config: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn parse(args: &[&str]) -> Options {
        Cli::try_parse_from(["controller", "--config-path=c"].iter().chain(args)).unwrap().options
    }

    #[test]
    fn a_dry_run_unless_said_otherwise() {
        assert!(parse(&[]).dry_run);
        assert!(parse(&["--dry-run"]).dry_run);
        assert!(!parse(&["--dry-run=false"]).dry_run);
    }

    #[track_caller]
    fn check(args: &[&str], want: Result<(), FlagError>) {
        assert_eq!(parse(args).check(), want, "{args:?}");
    }

    #[test]
    fn contradictions_are_told() {
        check(&[], Ok(()));
        check(&["--github-app-id=1"], Err(FlagError::HalfAnApp));
        check(&["--github-app-id=1", "--github-token-path=t"], Err(FlagError::TokenAndApp));
        check(&["--github-app-id=1", "--github-app-private-key-path=k"], Ok(()));
        check(&["--port=1", "--health-port=1"], Err(FlagError::SamePort("--port", "--health-port", 1)));
        check(&["--port=0", "--health-port=0"], Ok(()));
    }
}
