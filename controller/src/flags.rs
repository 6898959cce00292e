//! The controller's flags: Prow's names and defaults for what exists, and a few of our own.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use config::ConfigFlags;
use github::GithubFlags;
use kubernetes::KubernetesFlags;

/// Shown at the end of `bowsprit controller --help`.
pub const EXAMPLES: &str = "\
Examples:
  Look at what would happen, changing nothing:
    bowsprit controller --config-path config.yaml --state-dir ./state
  In earnest, with a personal access token:
    bowsprit controller --config-path /etc/config/config.yaml \\
      --job-config-path /etc/jobs --dry-run=false \\
      --github-token-path /etc/github/token \\
      --external-url https://logs.example.com
  Go's spellings work too: -config-path=config.yaml -dry-run=false";

/// What `bowsprit controller` is told at its start.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Options {
    /// Address to listen on; all of them, unless one is given.
    #[arg(long, default_value = "0.0.0.0", value_name = "IP")]
    pub address: IpAddr,
    /// Which files hold the config.
    #[command(flatten)]
    pub config: ConfigFlags,
    /// Who the controller is to GitHub.
    #[command(flatten)]
    pub github: GithubFlags,
    /// Which clusters there are, and where ProwJobs live.
    #[command(flatten)]
    pub kubernetes: KubernetesFlags,
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
    #[error(transparent)]
    Github(#[from] github::FlagError),
    /// In earnest, and nobody to GitHub.
    #[error(
        "--dry-run=false reports to GitHub, which takes nothing from strangers: give --github-token-path, or \
         --github-app-id and --github-app-private-key-path"
    )]
    Nobody,
    /// Which clusters are there?
    #[error(transparent)]
    Kubernetes(#[from] kubernetes::FlagError),
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
        self.github.check()?;
        if !self.dry_run && self.github.secrets().is_empty() {
            return Err(FlagError::Nobody);
        }
        self.kubernetes.check()?;
        let ports = [("--port", self.port), ("--metrics-port", self.metrics_port), ("--health-port", self.health_port)];
        for (at, (name, port)) in ports.iter().enumerate() {
            if let Some((other, _)) = ports[..at].iter().find(|(_, other)| other == port && *port != 0) {
                return Err(FlagError::SamePort(other, name, *port));
            }
        }
        Ok(())
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
        check(&["--github-app-id=1"], Err(FlagError::Github(github::FlagError::HalfAnApp)));
        check(&["--dry-run=false"], Err(FlagError::Nobody));
        check(&["--dry-run=false", "--github-token-path=t"], Ok(()));
        check(&["--port=1", "--health-port=1"], Err(FlagError::SamePort("--port", "--health-port", 1)));
        check(&["--port=0", "--health-port=0"], Ok(()));
    }
}
