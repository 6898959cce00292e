//! `bowsprit jobs rerun`: the same job on the same source, once more.

use clap::Args;
use jiff::Timestamp;
use prow::prowjob::{ProwJob, ProwJobState};
use uuid::Uuid;

use crate::jobs::place::JobsPlace;
use crate::output;

/// Run a ProwJob again, on the same commits and with the spec it had.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit jobs rerun 3f0c9a
  bowsprit jobs logs -f \"$(bowsprit jobs rerun 3f0c9a)\"

Prints the new ProwJob's name. A newer config is not looked at: for that,
comment /test JOB on the pull request.")]
pub(super) struct RerunArgs {
    #[command(flatten)]
    place: JobsPlace,
    /// The ProwJob's name, or how it begins.
    name: String,
}

pub(super) async fn run(args: RerunArgs) -> anyhow::Result<()> {
    let jobs = args.place.prowjobs_to_write().await?;
    let old = super::find::find(&jobs, &args.name).await?;
    let new = again(&old, Uuid::new_v4(), Timestamp::now());
    jobs.create(&new).await?;
    output::print(&format!("{}\n", new.name()))
}

/// A new ProwJob like `old`: spec, labels and annotations are kept, name and status are fresh.
/// Behaviour: Prow's web page, `/rerun`, without `mode=latest`. It starts as triggered, whatever `old` started as, since
/// a cluster is assigned already.
fn again(old: &ProwJob, name: Uuid, now: Timestamp) -> ProwJob {
    let mut new = ProwJob::new(name.to_string(), old.spec.clone());
    new.metadata.namespace.clone_from(&old.metadata.namespace);
    new.metadata.labels.clone_from(&old.metadata.labels);
    new.metadata.annotations.clone_from(&old.metadata.annotations);
    new.status.start_time = Some(now);
    new.status.state = ProwJobState::Triggered;
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use prow::prowjob::{ProwJobSpec, ProwJobType};
    use serde_json::json;

    #[test]
    fn a_rerun_keeps_what_says_what_to_run_and_nothing_of_how_it_went() {
        let mut old = ProwJob::new("old", ProwJobSpec::new(ProwJobType::Presubmit, "unit"));
        old.spec.pod_spec = Some(json!({ "containers": [{ "image": "i" }] }));
        old.spec.rest.insert("future".into(), json!(1));
        old.metadata.namespace = "ns".into();
        old.metadata.uid = "u".into();
        old.metadata.resource_version = "7".into();
        old.metadata.labels.insert("event-GUID".into(), "g".into());
        old.metadata.annotations.insert("prow.k8s.io/job".into(), "unit".into());
        old.status.state = ProwJobState::Failure;
        old.status.completion_time = Some(Timestamp::UNIX_EPOCH);
        old.status.build_id = "5".into();
        old.status.url = "http://log".into();
        old.status.prev_report_states.insert("github-reporter".into(), "failure".into());

        let now = Timestamp::from_second(1_000_000).unwrap();
        let new = again(&old, Uuid::nil(), now);
        let status = json!({ "startTime": now, "state": "triggered" });
        assert_eq!(serde_json::to_value(&new.status).unwrap(), status);
        assert_eq!(new.spec, old.spec);
        let metadata = json!({
            "name": "00000000-0000-0000-0000-000000000000",
            "namespace": "ns",
            "labels": { "event-GUID": "g" },
            "annotations": { "prow.k8s.io/job": "unit" },
        });
        assert_eq!(serde_json::to_value(&new.metadata).unwrap(), metadata);
    }
}
