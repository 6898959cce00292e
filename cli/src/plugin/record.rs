//! `bowsprit plugin record`: what a plugin did about a real delivery, as a scenario that needs nobody to answer.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use config::{Loaded, PluginShardFlags, Sources};
use host::replay::Recording;
use serde_json::{Value, json};
use store::{EntryState, StoredDelivery, TaskReport};

use crate::output;
use crate::state::StateArgs;

/// Make a scenario of what a plugin did about a delivery.
///
/// The scenario holds the webhook, what the plugin asked, and what it was told: `bowsprit plugin test` plays it without
/// anybody to ask. The plugin's settings and grants are those that its task ran with, as the state directory keeps them.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit deliveries list
  bowsprit plugin record 72d3162e-cc78-11e3-81ab-4c9367dc0958 \\
    --plugin greeter > scenarios/greets.yaml
  bowsprit plugin test greeter.wasm --scenario scenarios/greets.yaml

A task without effects leaves no answers behind, and cannot be recorded if it
has asked anything: write a scenario with steps for it, as in
  bowsprit plugin test --help")]
pub(crate) struct RecordArgs {
    #[command(flatten)]
    state: StateArgs,
    /// The plugin.
    #[arg(long)]
    plugin: String,
    /// A plugins.yaml in place of the one that the task ran with.
    #[arg(long, value_name = "FILE")]
    plugin_config: Option<PathBuf>,
    /// The config.yaml beside it.
    #[arg(long, value_name = "FILE", default_value = "config.yaml", requires = "plugin_config")]
    config_path: PathBuf,
    #[command(flatten)]
    plugin_shards: PluginShardFlags,
    /// The delivery's GUID.
    guid: String,
}

pub(crate) async fn run(args: RecordArgs) -> anyhow::Result<()> {
    let inbox = args.state.inbox().await?;
    let (guid, plugin) = (&args.guid, &args.plugin);
    let found = inbox.load(guid).await?.zip(inbox.show(guid).await?);
    let (delivery, report) = found.with_context(|| format!("there is no delivery {guid}"))?;
    let mut own: Vec<TaskReport> = report.reports.into_iter().filter(|task| &task.plugin == plugin).collect();
    // An event that comes in two forms makes two tasks; the one with more in it is meant.
    own.sort_by_key(|task| task.journal.len());
    let Some(task) = own.pop() else { bail!("`{plugin}` was not asked about delivery {guid}") };
    let loaded = match args.plugin_config {
        Some(plugin_config) => {
            let plugin_shards = args.plugin_shards.shards();
            given(Sources {
                config_path: args.config_path,
                plugin_config: Some(plugin_config),
                plugin_shards,
                ..Sources::default()
            })?
        }
        None => ran_with(&args.state, &task)?,
    };
    let document = document(&delivery, task, &loaded)?;
    output::print(&format!("# What `{plugin}` did about delivery {guid}.\n{}", serde_saphyr::to_string(&document)?))
}

/// The configuration of these files.
fn given(sources: Sources) -> anyhow::Result<Loaded> {
    Loaded::from_sources(&sources).map_err(|error| anyhow::anyhow!("{error}"))
}

/// The configuration that the task ran with.
fn ran_with(state: &StateArgs, task: &TaskReport) -> anyhow::Result<Loaded> {
    let traced = || Some(task.trace.as_ref()?["config_revision"].as_str()?.to_owned());
    let revision = task.pins.as_ref().map(|pins| pins.config_revision.clone()).or_else(traced);
    let revision = revision.context("the task has not begun: there is nothing to record")?;
    state.configs().configuration(&revision).with_context(|| {
        format!(
            "the configuration {} that the task ran with cannot be had: give one like it with --plugin-config FILE",
            revision.get(..12).unwrap_or(&revision)
        )
    })
}

fn document(delivery: &StoredDelivery, task: TaskReport, loaded: &Loaded) -> anyhow::Result<Value> {
    let asked = task.trace.as_ref().and_then(|trace| trace["calls"].as_array()).map_or(0, Vec::len);
    if task.state.is_open() || task.journal.iter().any(|entry| entry.state == EntryState::Intent) {
        bail!("the task is {}: it has not ended", task.state);
    }
    if task.journal.is_empty() && asked > 0 {
        bail!(
            "the task had no effects, and of such a task the host does not keep what it was told: it had asked {asked} \
             times, and a replay would have no answers. Write a scenario with `steps` instead (`bowsprit plugin test \
             --help`), in which the same thing happens on a stand-in GitHub, or record a delivery about which the \
             plugin did something"
        );
    }
    let scope = delivery.scope();
    let (org, repo) =
        scope.repo().and_then(|name| name.split_once('/')).unwrap_or((scope.org().unwrap_or_default(), ""));
    let settings = host::source::settings(loaded, &task.plugin, org, repo);
    let settings: Value = serde_json::from_str(&settings).context("the plugin's settings")?;
    let granted = loaded.plugins.module(&task.plugin).and_then(|module| module.grants.clone()).unwrap_or_default();
    let pins = task.pins.as_ref();
    let recorded = Recording {
        plugin: task.plugin.clone(),
        guid: delivery.guid().to_owned(),
        event: delivery.event().to_owned(),
        form: task.kind,
        scope: delivery.scope().clone(),
        round: task.woken,
        clock: pins.map_or_else(|| delivery.received_at(), |pins| pins.clock),
        seed: pins.map_or(0, |pins| pins.seed),
        payload: String::from_utf8(delivery.payload().to_vec()).context("the webhook's payload is no text")?,
        calls: task.journal,
    };
    let outcome = format!("{} {}", task.state, task.reason.unwrap_or_default());
    Ok(json!({ "settings": settings, "grants": granted, "recorded": recorded, "outcomes": [outcome] }))
}
