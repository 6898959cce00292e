//! `bowsprit up`: the whole system on this machine, each part a process of its own, so that each can be killed and
//! started on its own.

mod banner;
mod child;
mod config_files;
mod first_start;
mod going_on;
mod keeper;
mod plan;
mod ports;
mod record;
mod secret;

use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use config::{ConfigShardFlags, PluginShardFlags};

use crate::log::{self, LogArgs};
use crate::program;
use crate::state::DEFAULT_STATE_DIR;
use crate::up::ports::PortArgs;
use crate::up::record::Record;

pub(crate) use crate::up::record::read as read_record;
pub(crate) use crate::up::secret::HMAC_FILE;

/// Run the whole system on this machine: a stand-in GitHub, the host and the controller.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  On the default ports, with its state in ./.bowsprit:
    bowsprit up
  On ports 10000 to 10006 instead:
    bowsprit up --port-base 10000
  On whatever ports are free; /tmp/b/up.json says which:
    bowsprit up --free-ports --state-dir /tmp/b

The state directory holds everything: Ctrl-C ends the system, and the next
`bowsprit up` finds it as it was. Jobs that run then go on by themselves, and
are found too. Jobs run on this machine as the user who starts this: run only
code that you trust.")]
pub(crate) struct UpArgs {
    /// Where everything is kept.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_STATE_DIR)]
    state_dir: PathBuf,
    /// Prow's config.yaml.
    #[arg(long, value_name = "FILE", default_value = "config.yaml")]
    config_path: PathBuf,
    /// Further job configs: a file, or a directory of them.
    #[arg(long, value_name = "PATH")]
    job_config_path: Option<PathBuf>,
    #[command(flatten)]
    config_shards: ConfigShardFlags,
    /// Prow's plugins.yaml.
    #[arg(long, value_name = "FILE", default_value = "plugins.yaml")]
    plugin_config: PathBuf,
    #[command(flatten)]
    plugin_shards: PluginShardFlags,
    /// The bundled plugins with their catalogue; `plugins-dist` beside this program's directory if left out.
    #[arg(long, value_name = "DIR", env = "BOWSPRIT_PLUGINS_DIR")]
    plugins_dir: Option<PathBuf>,
    #[command(flatten)]
    ports: PortArgs,
    /// How long plugins may go on after the end was asked for.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = prow::duration::parse_go_duration)]
    grace_period: Duration,
}

pub(crate) async fn run(args: UpArgs, log: &LogArgs) -> anyhow::Result<()> {
    log::start(log)?;
    let shutdown = crate::signals::shutdown()?;
    let program = program::current()?;
    let plugins_dir = args.plugins_dir.clone().unwrap_or_else(|| program::plugins_dir(&program));
    config_files::check(&args, &plugins_dir)?;

    make_private(&args.state_dir)?;
    let state_dir = args.state_dir.canonicalize().context("cannot find the state directory that was just made")?;
    let _lock = lock(&state_dir)?;
    let before = record::read(&state_dir)?;
    let ports = ports::choose(&args.ports, before.as_ref().map(|record| &record.ports))?;
    let hmac = secret::hmac(&state_dir)?;

    let plan = plan::Plan {
        state_dir: state_dir.clone(),
        ports,
        config_path: args.config_path,
        job_config_path: args.job_config_path,
        plugin_config: args.plugin_config,
        config_shards: args.config_shards,
        plugin_shards: args.plugin_shards,
        plugins_dir,
        log_format: log.log_format,
        grace: args.grace_period,
    };
    let record = Record::new(&plan);
    let mut keeper = keeper::Keeper::new(program.clone(), plan, record)?;
    let ran = tokio::select! {
        started = keeper.start(&hmac) => started,
        () = shutdown.cancelled() => Ok(()),
    };
    let ran = match ran {
        Ok(()) if !shutdown.is_cancelled() => {
            let banner = banner::render(keeper.plan(), &program::spelled(&program));
            match crate::output::print(&banner) {
                Ok(()) => keeper.keep(&shutdown).await,
                Err(error) => Err(error),
            }
        }
        other => other,
    };
    // Whatever came of it, nothing is left running.
    let ended = keeper.end().await;
    let told = crate::output::print(&going_on::render(going_on::count(&state_dir)));
    ran.and(ended).and(told)
}

fn make_private(dir: &Path) -> anyhow::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(dir);
    made.with_context(|| format!("cannot make the state directory {}", dir.display()))
}

/// Two systems on one state directory would fight over its ports and its files.
fn lock(state_dir: &Path) -> anyhow::Result<File> {
    let path = state_dir.join("up.lock");
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another `bowsprit up` works with {}: end it first, or give another --state-dir", state_dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}
