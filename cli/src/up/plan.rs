//! Which processes there are, and with which arguments.

use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{ConfigShardFlags, PluginShardFlags};
use serde::Serialize;

use super::ports::Ports;
use super::secret::{HMAC_FILE, TOKEN_FILE};
use crate::log::LogFormat;

/// A part of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Role {
    /// The stand-in GitHub.
    Sim,
    /// Webhooks and plugins.
    Host,
    /// Jobs.
    Controller,
}

impl Role {
    /// In this order they start, each needing the one before.
    pub(super) const STARTING: [Self; 3] = [Self::Sim, Self::Host, Self::Controller];
    /// In this order they end: nothing new comes in, then nobody looks after the jobs (they go on by themselves),
    /// then there is nobody left to tell.
    pub(super) const ENDING: [Self; 3] = [Self::Host, Self::Controller, Self::Sim];

    /// As the subcommand is called.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::Host => "host",
            Self::Controller => "controller",
        }
    }

    /// What its log lines begin with; all of one width.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Sim => "sim  | ",
            Self::Host => "host | ",
            Self::Controller => "ctrl | ",
        }
    }
}

/// Everything that the processes' arguments are made of.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Absolute.
    pub(super) state_dir: PathBuf,
    pub(super) ports: Ports,
    pub(super) config_path: PathBuf,
    pub(super) job_config_path: Option<PathBuf>,
    pub(super) plugin_config: PathBuf,
    pub(super) config_shards: ConfigShardFlags,
    pub(super) plugin_shards: PluginShardFlags,
    pub(super) plugins_dir: PathBuf,
    pub(super) log_format: LogFormat,
    /// How long plugins may go on after the end was asked for.
    pub(super) grace: Duration,
}

impl Plan {
    /// The arguments of one process, beginning with its subcommand.
    pub(super) fn arguments(&self, role: Role) -> Vec<String> {
        let state = |name: &str| text(&self.state_dir.join(name));
        let flags: Vec<(&str, String)> = match role {
            Role::Sim => vec![("--port", self.ports.sim.to_string()), ("--state-dir", state("github"))],
            Role::Host => vec![
                ("--plugin-config", text(&self.plugin_config)),
                ("--plugins-dir", text(&self.plugins_dir)),
                ("--hmac-secret-file", state(HMAC_FILE)),
                ("--port", self.ports.hook.to_string()),
                ("--webhook-url", self.hook()),
                ("--metrics-port", self.ports.host_metrics.to_string()),
                ("--health-port", self.ports.host_health.to_string()),
                ("--grace-period", format!("{}ms", self.grace.as_millis())),
            ],
            Role::Controller => vec![
                ("--port", self.ports.job_logs.to_string()),
                ("--external-url", self.job_logs()),
                ("--metrics-port", self.ports.controller_metrics.to_string()),
                ("--health-port", self.ports.controller_health.to_string()),
            ],
        };
        let (sub, common): (&[&str], _) = match role {
            Role::Sim => (&["sim", "serve"], Vec::new()),
            Role::Host => (&["host"], self.common().into_iter().chain(self.plugin_shards.arguments()).collect()),
            Role::Controller => (&["controller"], self.common()),
        };
        let mut args = vec![format!("--log-format={}", self.log_format.as_str())];
        args.extend(sub.iter().map(|&word| word.to_owned()));
        args.extend(flags.into_iter().chain(common).map(|(name, value)| format!("{name}={value}")));
        args
    }

    /// What host and controller have in common.
    fn common(&self) -> Vec<(&'static str, String)> {
        let mut flags = vec![
            ("--config-path", text(&self.config_path)),
            ("--github-endpoint", self.github()),
            ("--github-token-path", text(&self.state_dir.join(TOKEN_FILE))),
            ("--address", "127.0.0.1".to_owned()),
            ("--state-dir", text(&self.state_dir)),
            ("--dry-run", "false".to_owned()),
        ];
        flags.extend(self.job_config_path.iter().map(|path| ("--job-config-path", text(path))));
        flags.extend(self.config_shards.arguments());
        flags
    }

    /// What answers with success once the process does its work.
    pub(super) fn ready_url(&self, role: Role) -> String {
        match role {
            Role::Sim => format!("{}/_sim/faults", self.github()),
            Role::Host => format!("{}/healthz/ready", self.host_health()),
            Role::Controller => format!("{}/healthz/ready", local(self.ports.controller_health)),
        }
    }

    pub(super) fn github(&self) -> String {
        local(self.ports.sim)
    }

    pub(super) fn hook(&self) -> String {
        format!("{}/hook", local(self.ports.hook))
    }

    pub(super) fn host_health(&self) -> String {
        local(self.ports.host_health)
    }

    pub(super) fn host_metrics(&self) -> String {
        format!("{}/metrics", local(self.ports.host_metrics))
    }

    pub(super) fn job_logs(&self) -> String {
        local(self.ports.job_logs)
    }

    pub(super) fn controller_metrics(&self) -> String {
        format!("{}/metrics", local(self.ports.controller_metrics))
    }

    /// Whether tools that are told nothing find everything.
    pub(super) fn is_default_state(&self) -> bool {
        std::env::current_dir().is_ok_and(|here| here.join(crate::state::DEFAULT_STATE_DIR) == self.state_dir)
    }
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
pub(super) fn example() -> Plan {
    Plan {
        state_dir: "/work/.bowsprit".into(),
        ports: Ports {
            sim: 1,
            hook: 2,
            host_metrics: 3,
            host_health: 4,
            job_logs: 5,
            controller_metrics: 6,
            controller_health: 7,
        },
        config_path: "config.yaml".into(),
        job_config_path: Some("jobs".into()),
        plugin_config: "plugins.yaml".into(),
        config_shards: ConfigShardFlags {
            supplemental_prow_config_dir: vec!["teams".into(), "more".into()],
            supplemental_prow_configs_filename_suffix: "_prow.yaml".to_owned(),
        },
        plugin_shards: PluginShardFlags {
            supplemental_plugin_config_dir: vec!["teams".into()],
            supplemental_plugin_configs_filename_suffix: "_plugins.yaml".to_owned(),
        },
        plugins_dir: "/dist".into(),
        log_format: LogFormat::Human,
        grace: Duration::from_secs(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cli;
    use clap::Parser as _;

    #[test]
    fn each_part_is_told_what_it_needs() {
        let plan = example();
        let parts = Role::STARTING.map(|role| {
            format!("{}\n  ready when {} answers\n", plan.arguments(role).join("\n  "), plan.ready_url(role))
        });
        insta::assert_snapshot!(parts.concat(), @r"
        --log-format=human
          sim
          serve
          --port=1
          --state-dir=/work/.bowsprit/github
          ready when http://127.0.0.1:1/_sim/faults answers
        --log-format=human
          host
          --plugin-config=plugins.yaml
          --plugins-dir=/dist
          --hmac-secret-file=/work/.bowsprit/hmac
          --port=2
          --webhook-url=http://127.0.0.1:2/hook
          --metrics-port=3
          --health-port=4
          --grace-period=10000ms
          --config-path=config.yaml
          --github-endpoint=http://127.0.0.1:1
          --github-token-path=/work/.bowsprit/bot-token
          --address=127.0.0.1
          --state-dir=/work/.bowsprit
          --dry-run=false
          --job-config-path=jobs
          --supplemental-prow-config-dir=teams
          --supplemental-prow-config-dir=more
          --supplemental-prow-configs-filename-suffix=_prow.yaml
          --supplemental-plugin-config-dir=teams
          --supplemental-plugin-configs-filename-suffix=_plugins.yaml
          ready when http://127.0.0.1:4/healthz/ready answers
        --log-format=human
          controller
          --port=5
          --external-url=http://127.0.0.1:5
          --metrics-port=6
          --health-port=7
          --config-path=config.yaml
          --github-endpoint=http://127.0.0.1:1
          --github-token-path=/work/.bowsprit/bot-token
          --address=127.0.0.1
          --state-dir=/work/.bowsprit
          --dry-run=false
          --job-config-path=jobs
          --supplemental-prow-config-dir=teams
          --supplemental-prow-config-dir=more
          --supplemental-prow-configs-filename-suffix=_prow.yaml
          ready when http://127.0.0.1:7/healthz/ready answers
        ");
    }

    #[test]
    fn the_parts_understand_what_they_are_told() {
        for role in Role::STARTING {
            let args = example().arguments(role);
            let parsed = Cli::try_parse_from(std::iter::once("bowsprit".to_owned()).chain(args));
            assert!(parsed.is_ok(), "{role:?}: {}", parsed.err().unwrap());
        }
    }
}
