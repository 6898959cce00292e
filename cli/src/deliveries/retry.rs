//! `bowsprit deliveries retry`: dead letters and other tasks that failed, once more.

use anyhow::Context as _;
use clap::Args;
use store::{Again, Fate, Filter, How, Inbox, Rerun};

use super::rerun::{Tense, WHEN, render, runs};
use crate::output::{self, ListOutput};
use crate::state::InboxArgs;

/// Run again what failed or was given up, from its journal.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit deliveries list --failed
  bowsprit deliveries retry 72d3162e-cc78-11e3-81ab-4c9367dc0958
  bowsprit deliveries retry --all-failed
  bowsprit deliveries retry --all-failed --output json | jq '.[].guid'

What a task did before it failed is in its journal, and is not done again. A
task that left nothing there begins with the component that is in force now.
It makes no difference whether the host runs.")]
pub(super) struct RetryArgs {
    #[command(flatten)]
    state_dir: InboxArgs,
    /// The deliveries' GUIDs.
    #[arg(value_name = "GUID", required_unless_present = "all_failed", conflicts_with = "all_failed")]
    guids: Vec<String>,
    /// All deliveries with a task that failed or was given up.
    #[arg(long)]
    all_failed: bool,
    /// What to print.
    #[arg(long, short, value_enum, default_value_t = ListOutput::Table)]
    output: ListOutput,
}

pub(super) async fn run(args: RetryArgs) -> anyhow::Result<()> {
    let inbox = args.state_dir.inbox_to_write().await?;
    let guids = if args.all_failed { failed(&inbox).await? } else { args.guids };
    let mut reruns = Vec::new();
    for guid in &guids {
        reruns.push(retry(&inbox, guid).await?);
    }
    match args.output {
        ListOutput::Json => output::print_json(&reruns),
        ListOutput::Table => output::print(&told(&guids, &reruns)),
    }
}

/// In order of arrival.
async fn failed(inbox: &Inbox) -> anyhow::Result<Vec<String>> {
    let mut failed = inbox.list(&Filter { failed: true, ..Filter::default() }).await?;
    failed.reverse();
    Ok(failed.into_iter().map(|delivery| delivery.guid).collect())
}

async fn retry(inbox: &Inbox, guid: &str) -> anyhow::Result<Rerun> {
    let retried = inbox.rerun(guid, Again { plugin: None, how: How::Retry }).await?;
    let mut rerun = retried.with_context(|| format!("no delivery {guid}: `bowsprit deliveries list` shows them"))?;
    // What ended well has nothing to do with it.
    rerun.tasks.retain(|task| task.fate != Fate::Stays);
    Ok(rerun)
}

fn told(guids: &[String], reruns: &[Rerun]) -> String {
    if reruns.is_empty() {
        return "Nothing has failed.\n".to_owned();
    }
    let mut text = String::new();
    for (guid, rerun) in guids.iter().zip(reruns) {
        match rerun.tasks.is_empty() {
            true => text.push_str(&format!("{}\n  nothing of it has failed\n", output::tame(guid))),
            false => text.push_str(&render(rerun, guid, Tense::Done)),
        }
    }
    if reruns.iter().any(runs) {
        text.push_str(WHEN);
    }
    text
}
