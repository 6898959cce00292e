//! `bowsprit deliveries replay`: a delivery once more.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, bail};
use clap::Args;
use store::{Again, Fate, How, Rerun};

use super::rerun::{Tense, WHEN, render, runs};
use crate::output::{self, ShowOutput, tame};
use crate::state::InboxArgs;

/// Have a delivery handled once more, without doing again what was done.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit deliveries replay 72d3162e-cc78-11e3-81ab-4c9367dc0958
  bowsprit deliveries replay --plugin hold --dry-run \\
    72d3162e-cc78-11e3-81ab-4c9367dc0958
  bowsprit deliveries replay --plugin hold --again --yes \\
    72d3162e-cc78-11e3-81ab-4c9367dc0958

Tasks that failed go on from their journals. Those that ended well and changed
nothing begin again, with the component and the configuration that are in
force now. Those that ended well and changed something stay: their journals
would answer for all of it. A plugin that was not asked (it was not loaded,
not enabled, or did not want the event) is asked if it wants the event now.
With --again every task begins anew, and what it did may be done twice.
It makes no difference whether the host runs.")]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    state_dir: InboxArgs,
    /// The delivery's GUID; for a duplicate the first is replayed.
    guid: String,
    /// This plugin alone.
    #[arg(long, value_name = "NAME")]
    plugin: Option<String>,
    /// Show what would run again, and what it has done; change nothing.
    #[arg(long)]
    dry_run: bool,
    /// Begin a new journal: what was done may be done twice.
    #[arg(long)]
    again: bool,
    /// With --again: do not ask.
    #[arg(long, requires = "again")]
    yes: bool,
    /// What to print.
    #[arg(long, short, value_enum, default_value_t = ShowOutput::Text)]
    output: ShowOutput,
}

pub(super) async fn run(args: ReplayArgs) -> anyhow::Result<()> {
    let how = if args.again { How::Anew } else { How::Replay };
    let again = Again { plugin: args.plugin, how };
    let guid = args.guid.as_str();
    let unknown = || format!("no delivery {guid}: `bowsprit deliveries list` shows them");
    let foreseen = args.state_dir.inbox().await?.foresee_rerun(guid, again.clone()).await?.with_context(unknown)?;
    if args.dry_run {
        return tell(&foreseen, guid, Tense::DryRun, args.output);
    }
    if !args.yes && foreseen.tasks.iter().any(|task| task.fate == Fate::Doubles) {
        confirm(&foreseen, guid)?;
    }
    let replayed = args.state_dir.inbox_to_write().await?.rerun(guid, again).await?.with_context(unknown)?;
    tell(&replayed, guid, Tense::Done, args.output)
}

fn tell(rerun: &Rerun, guid: &str, tense: Tense, output: ShowOutput) -> anyhow::Result<()> {
    match output {
        ShowOutput::Json => output::print_json(rerun),
        ShowOutput::Text => {
            let when = if tense == Tense::Done && runs(rerun) { WHEN } else { "" };
            output::print(&format!("{}{when}", render(rerun, guid, tense)))
        }
    }
}

/// Asks whoever sits at a terminal; a script has to say `--yes`.
fn confirm(foreseen: &Rerun, guid: &str) -> anyhow::Result<()> {
    let warning = "what these tasks have done may be done twice";
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        bail!("{warning}: look with --dry-run, and say so with --yes");
    }
    let mut err = io::stderr();
    write!(err, "{}{}: go on? [y/N] ", render(foreseen, guid, Tense::DryRun), tame(warning)).context("asking")?;
    err.flush().context("asking")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).context("reading the answer")?;
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        bail!("nothing was changed");
    }
    Ok(())
}
