//! The host's flags: Prow's names and defaults for what exists, and a few of our own.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use config::{ConfigFlags, PluginShardFlags};
use github::GithubFlags;
use kubernetes::KubernetesFlags;

/// Shown at the end of `bowsprit host --help`.
pub const EXAMPLES: &str = "\
Examples:
  Look at what would happen, changing nothing:
    bowsprit host --config-path config.yaml --plugin-config plugins.yaml \\
      --hmac-secret-file hmac --state-dir ./state
  For a GitHub App, in earnest:
    bowsprit host --config-path /etc/config/config.yaml \\
      --job-config-path /etc/jobs --dry-run=false \\
      --github-app-id 12345 \\
      --github-app-private-key-path /etc/github/key.pem \\
      --webhook-url https://hooks.example.com/hook
  Go's spellings work too: -config-path=config.yaml -dry-run=false";

/// What `bowsprit host` is told at its start.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct HostFlags {
    /// Address to listen on; all of them, unless one is given.
    #[arg(long, default_value = "0.0.0.0", value_name = "IP")]
    pub address: IpAddr,
    /// Port that GitHub's webhooks come to.
    #[arg(long, default_value_t = 8888)]
    pub port: u16,
    /// Path that GitHub's webhooks are posted to.
    #[arg(long, default_value = "/hook", value_name = "PATH")]
    pub webhook_path: String,
    /// File with the webhooks' secret: one token, or a map from `org/repo`, `org` or `*` to lists of tokens.
    #[arg(long, default_value = "/etc/webhook/hmac", value_name = "FILE")]
    pub hmac_secret_file: PathBuf,
    /// plugins.yaml: which plugins handle what where, and what they may do.
    #[arg(long, default_value = "/etc/plugins/plugins.yaml", value_name = "FILE")]
    pub plugin_config: PathBuf,
    /// Which files beside it hold parts of it.
    #[command(flatten)]
    pub plugin_shards: PluginShardFlags,
    /// Which files hold the config.
    #[command(flatten)]
    pub config: ConfigFlags,
    /// Who the host is to GitHub.
    #[command(flatten)]
    pub github: GithubFlags,
    /// Where Slack, Jira and Bugzilla are, and who the host is to them.
    #[command(flatten)]
    pub services: services::ServiceFlags,
    /// Which clusters there are, and where ProwJobs live.
    #[command(flatten)]
    pub kubernetes: KubernetesFlags,
    /// Change nothing on GitHub and create no ProwJob: plugins run, and what they would do is only written down.
    #[arg(long, default_value = "true", default_missing_value = "true", num_args = 0..=1, require_equals = true,
        value_parser = BoolishValueParser::new(), action = clap::ArgAction::Set, value_name = "BOOL")]
    pub dry_run: bool,
    /// How long runs of plugins may go on after the end was asked for. What is left is taken up at the next start.
    #[arg(long, default_value = "180s", value_parser = prow::duration::parse_go_duration, value_name = "DURATION")]
    pub grace_period: Duration,
    /// Where GitHub posts to this host, as it stands in a webhook's settings there (may be repeated): what these webhooks
    /// could not deliver is asked for again. Without it, nothing is.
    #[arg(long, value_name = "URL")]
    pub webhook_url: Vec<String>,
    /// How often GitHub's logs of deliveries are read for what nobody took.
    #[arg(long, default_value = "5m", value_parser = prow::duration::parse_go_duration, value_name = "DURATION")]
    pub catch_up_every: Duration,
    /// Port of Prometheus's /metrics.
    #[arg(long, default_value_t = 9090)]
    pub metrics_port: u16,
    /// Port of /healthz, /healthz/ready and /status.
    #[arg(long, default_value_t = 8081)]
    pub health_port: u16,
    /// Where deliveries, their journal, ProwJobs and compiled plugins are kept; made if it is not there.
    #[arg(long, default_value = "/var/lib/bowsprit", value_name = "DIR")]
    pub state_dir: PathBuf,
    /// Where deliveries are kept, if not in the state directory.
    #[command(flatten)]
    pub inbox: store::InboxFlags,
    /// How long a finished delivery is kept, with all that is known of it: `7d`, `100h`; at least 3d, since GitHub sends one
    /// again for that long. 0: for ever.
    #[arg(long, default_value = "7d", value_parser = parse_keep, value_name = "DURATION")]
    pub keep_deliveries: Duration,
    /// The bundled plugins: their components and the catalogue beside them. Without it, only `modules` in plugins.yaml.
    #[arg(long, env = "BOWSPRIT_PLUGINS_DIR", value_name = "DIR")]
    pub plugins_dir: Option<PathBuf>,
}

/// Flags that contradict each other.
#[derive(Debug, thiserror::Error)]
pub enum FlagError {
    /// Who is the host to GitHub?
    #[error(transparent)]
    Github(#[from] github::FlagError),
    /// Which clusters are there?
    #[error(transparent)]
    Kubernetes(#[from] kubernetes::FlagError),
    /// Where is the inbox?
    #[error(transparent)]
    Inbox(#[from] store::ServerError),
    /// What comes again would be taken for new.
    #[error(
        "--keep-deliveries is {0:?}: GitHub may send a delivery again for three days, so give at least 3d, or 0 for ever"
    )]
    KeepDeliveries(Duration),
    /// No request could match it.
    #[error("--webhook-path is `{0}`: it must begin with `/` and have no `?` or `#`")]
    WebhookPath(String),
    /// The webhook would never be reached.
    #[error("--webhook-path is `{0}`, where the webhook's port has the plugins' help: give another")]
    WebhookPathTaken(String),
    /// No webhook could post there.
    #[error("--webhook-url is `{0}`: give the whole address of the webhook, with `https://` or `http://`")]
    WebhookUrl(String),
    /// It would read them all the time.
    #[error("--catch-up-every is {0:?}: give a second or more")]
    CatchUpEvery(Duration),
    /// No two listeners on one port.
    #[error("{0} and {1} are both {2}: give each a port of its own")]
    SamePort(&'static str, &'static str, u16),
}

impl HostFlags {
    /// Behaviour: Prow's validation of its GitHub flags.
    ///
    /// # Errors
    /// The first contradiction; each says which flags it is about.
    pub fn check(&self) -> Result<(), FlagError> {
        self.github.check()?;
        self.kubernetes.check()?;
        self.inbox.server()?;
        if !self.keep_deliveries.is_zero() && self.keep_deliveries < store::FORGET_AFTER_AT_LEAST {
            return Err(FlagError::KeepDeliveries(self.keep_deliveries));
        }
        if !self.webhook_path.starts_with('/') || self.webhook_path.contains(['?', '#']) {
            return Err(FlagError::WebhookPath(self.webhook_path.clone()));
        }
        if self.webhook_path == crate::routes::PLUGIN_HELP {
            return Err(FlagError::WebhookPathTaken(self.webhook_path.clone()));
        }
        let is_none = |url: &&String| !url.starts_with("https://") && !url.starts_with("http://");
        if let Some(url) = self.webhook_url.iter().find(is_none) {
            return Err(FlagError::WebhookUrl(url.clone()));
        }
        if self.catch_up_every < Duration::from_secs(1) {
            return Err(FlagError::CatchUpEvery(self.catch_up_every));
        }
        let ports = [("--port", self.port), ("--metrics-port", self.metrics_port), ("--health-port", self.health_port)];
        for (at, (name, port)) in ports.iter().enumerate() {
            let same = ports[..at].iter().find(|(_, other)| other == port && *port != 0);
            if let Some((other, _)) = same {
                return Err(FlagError::SamePort(other, name, *port));
            }
        }
        Ok(())
    }

    /// Where the configuration is read from.
    #[must_use]
    pub fn sources(&self) -> config::Sources {
        let sources = self.config.sources(Some(self.plugin_config.clone()));
        config::Sources { plugin_shards: self.plugin_shards.shards(), ..sources }
    }
}

/// Reads days, or what Go takes for a duration, whose largest unit is the hour.
fn parse_keep(text: &str) -> Result<Duration, String> {
    let Some(days) = text.strip_suffix('d') else { return prow::duration::parse_go_duration(text) };
    let days: u32 = days.parse().map_err(|_| format!("`{text}` is no number of days like 7d"))?;
    Ok(Duration::from_secs(u64::from(days) * 24 * 3600))
}

/// Rewrites flags as Go's programs take them (`-flag`, `-flag=value`) to `--flag`. One letter (`-h`) stays, as does
/// everything behind `--` and what does not look like a flag.
pub fn go_spellings(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut flags_end = false;
    let rewrite = |arg: OsString| {
        flags_end |= arg == "--";
        match arg.to_str() {
            Some(text) if !flags_end && is_go_flag(text) => OsString::from(format!("-{text}")),
            _ => arg,
        }
    };
    args.into_iter().map(rewrite).collect()
}

fn is_go_flag(arg: &str) -> bool {
    let name = arg.strip_prefix('-').unwrap_or_default().split('=').next().unwrap_or_default();
    let letters = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    name.len() > 1 && letters && name.starts_with(|first: char| first.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Cli {
        #[command(flatten)]
        host: HostFlags,
    }

    fn parse(line: &str) -> Result<HostFlags, clap::Error> {
        let args = std::iter::once("host").chain(line.split_whitespace()).map(OsString::from);
        Cli::try_parse_from(go_spellings(args)).map(|cli| cli.host)
    }

    #[test]
    fn parts_of_plugins_yaml_may_be_in_several_directories() {
        let flags = parse("--config-path c.yaml").unwrap();
        assert!(flags.sources().plugin_shards.folders.is_empty());
        let dir = "-supplemental-plugin-config-dir";
        let suffix = "--supplemental-plugin-configs-filename-suffix=_p.yaml";
        let shards = parse(&format!("--config-path c.yaml {dir}=a -{dir} b {suffix}")).unwrap().sources().plugin_shards;
        assert_eq!((shards.folders, shards.suffix.as_str()), (vec!["a".into(), "b".into()], "_p.yaml"));
    }

    #[test]
    fn parts_of_config_yaml_may_be_in_several_directories() {
        let shards = |line: &str| parse(&format!("--config-path c.yaml {line}")).unwrap().sources().config_shards;
        let two = shards("-supplemental-prow-config-dir=a --supplemental-prow-config-dir b");
        assert_eq!((two.folders, two.suffix.as_str()), (vec!["a".into(), "b".into()], "_prowconfig.yaml"));
        for flag in ["--supplemental-prow-configs-filename-suffix", "-supplemental-prow-configs-filename"] {
            assert_eq!(shards(&format!("{flag}=_c.yaml")).suffix, "_c.yaml");
        }
    }

    #[test]
    fn defaults_are_prows() {
        let flags = parse("--config-path c.yaml").unwrap();
        assert_eq!((flags.port, flags.metrics_port, flags.health_port), (8888, 9090, 8081));
        assert_eq!(flags.webhook_path, "/hook");
        assert_eq!(flags.hmac_secret_file, PathBuf::from("/etc/webhook/hmac"));
        assert_eq!(flags.plugin_config, PathBuf::from("/etc/plugins/plugins.yaml"));
        assert_eq!(flags.sources().plugin_shards.suffix, "_pluginconfig.yaml");
        assert_eq!(flags.github.github_endpoint, ["https://api.github.com"]);
        assert!(flags.address.is_unspecified());
        assert_eq!(flags.grace_period, Duration::from_secs(180));
        assert!(flags.dry_run);
        assert_eq!((flags.webhook_url.len(), flags.catch_up_every), (0, Duration::from_secs(300)));
        flags.check().unwrap();
        assert!(parse("").unwrap_err().to_string().contains("--config-path"));
    }

    #[test]
    fn flags_are_taken_as_go_takes_them() {
        let dry_run = |line: &str| parse(&format!("-config-path=c.yaml {line}")).map(|flags| flags.dry_run);
        for line in ["-dry-run=false", "--dry-run=false", "--dry-run=0", "--dry-run=f", "--dry-run=FALSE"] {
            assert!(!dry_run(line).unwrap(), "{line}");
        }
        for line in ["-dry-run", "--dry-run", "--dry-run=true", "-dry-run=1", "--dry-run=T"] {
            assert!(dry_run(line).unwrap(), "{line}");
        }
        assert!(dry_run("--dry-run false").is_err(), "Go would not take the word as its value either");
        assert!(dry_run("--dry-run=maybe").is_err());
        let flags =
            parse("-config-path c -port=1 --grace-period 1m30s -github-endpoint=http://a -github-endpoint http://b");
        let flags = flags.unwrap();
        assert_eq!((flags.port, flags.grace_period), (1, Duration::from_secs(90)));
        assert_eq!(flags.github.github_endpoint, ["http://a", "http://b"]);
    }

    #[test]
    fn only_what_looks_like_a_flag_is_rewritten() {
        let cases = [
            ("-a-flag", "--a-flag"),
            ("-a-flag=-x", "--a-flag=-x"),
            ("--a-flag", "--a-flag"),
            ("-h", "-h"),
            ("-", "-"),
            ("-1", "-1"),
            ("-12", "-12"),
            ("word", "word"),
            ("-- -a-flag", "-- -a-flag"),
            ("-a b", "-a b"),
        ];
        for (given, want) in cases {
            let got = go_spellings(given.split(' ').map(OsString::from));
            assert_eq!(got, want.split(' ').collect::<Vec<_>>(), "{given}");
        }
    }

    #[test]
    fn contradictions_are_named() {
        let check = |line: &str, want: &str| {
            let checked = parse(&format!("--config-path c {line}")).unwrap().check();
            let text = checked.map_or_else(|error| error.to_string(), |()| "fine".to_owned());
            assert!(text.contains(want) && !text.contains("s3cret"), "{line}: {text}");
        };
        check("--github-app-id 1", &github::FlagError::HalfAnApp.to_string());
        check("--webhook-path hook", "--webhook-path is `hook`: it must begin with");
        check("--webhook-path /plugin-help", "where the webhook's port has the plugins' help");
        check("--health-port 8888", "--port and --health-port are both 8888");
        check("--port 0 --health-port 0 --metrics-port 0", "fine");
        check("--inbox postgres://bot:s3cret@db/inbox", "--inbox-password-file");
        check("--inbox postgres://bot@localhost/inbox --keep-deliveries=0", "fine");
        check("--keep-deliveries 71h59m", "at least 3d");
        check("--keep-deliveries 3d", "fine");
        check("--webhook-url hooks.example.com/hook", "--webhook-url");
        check("--webhook-url https://a/hook --webhook-url http://b/hook --catch-up-every 90s", "fine");
        check("--catch-up-every 10ms", "--catch-up-every");
    }

    #[test]
    fn help_has_examples() {
        let help = <Cli as clap::CommandFactory>::command().render_long_help().to_string();
        assert!(help.contains("Examples:") && help.contains("-dry-run=false"), "{help}");
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
