//! `bowsprit jobs show`.

use anyhow::Context as _;
use clap::Args;

use crate::jobs::place::JobsPlace;
use crate::output::{self, ShowOutput};

/// Show all fields of a ProwJob.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit jobs show 3f0c9a
  bowsprit jobs show 3f0c9a --output json | jq .spec.refs")]
pub(super) struct ShowArgs {
    #[command(flatten)]
    place: JobsPlace,
    /// The ProwJob's name, or how it begins.
    name: String,
    /// What to print: YAML for people, or JSON.
    #[arg(long, short, value_enum, default_value_t = ShowOutput::Text)]
    output: ShowOutput,
}

pub(super) async fn run(args: ShowArgs) -> anyhow::Result<()> {
    let job = super::find::find(&args.place.prowjobs().await?, &args.name).await?;
    match args.output {
        ShowOutput::Json => output::print_json(&job),
        ShowOutput::Text => {
            // By way of JSON, so that both show the same keys in the same order.
            let object = serde_json::to_value(&job).context("cannot write as JSON")?;
            output::print(&serde_saphyr::to_string(&object).context("cannot write as YAML")?)
        }
    }
}
