//! Carries out what [`prow::step::step`] decides, one ProwJob at a time. May be killed between any two lines.

use std::sync::Arc;
use std::time::Duration;

use config::ConfigHandle;
use jiff::Timestamp;
use prow::concurrency::{Limits, Room, room};
use prow::core_config::{CoreConfig, Plank};
use prow::decoration::Decoration;
use prow::labels;
use prow::prowjob::{ProwJob, ProwJobState};
use prow::report;
use prow::step::{Observed, Patience, Run, STOP_POLL, Step, step};
use prow::supersede::superseded_by;
use serde_json::{Value, json};
use store::{ProwJobs, Selector, StoreError};
use tracing::{debug, info, instrument, warn};

use crate::build_id::BuildIds;
use crate::drive::Next;
use crate::git_access::GitAccess;
use crate::launch::{self, GRACE_PERIOD, Machine};
use crate::local_runner::LocalRunner;
use crate::starts::Starts;
use crate::template::render;

/// How often a run that is under way is looked at.
const RUN_POLL: Duration = Duration::from_millis(250);

/// What a turn needs.
pub(crate) struct Reconciler {
    pub(crate) store: ProwJobs,
    pub(crate) config: Arc<ConfigHandle>,
    pub(crate) runner: LocalRunner,
    pub(crate) machine: Machine,
    pub(crate) git_access: GitAccess,
    /// What the address of a job's log begins with.
    pub(crate) logs_url: String,
    pub(crate) dry_run: bool,
    pub(crate) build_ids: BuildIds,
    pub(crate) starts: Starts,
}

/// What became of a step.
enum Applied {
    /// Something changed: look again at once.
    Again,
    /// That was it for this turn.
    Done(Next),
}

impl Reconciler {
    /// One turn of one ProwJob.
    #[instrument(name = "reconcile", skip_all, fields(prowjob = %name))]
    pub(crate) async fn turn(&self, name: &str) -> anyhow::Result<Next> {
        let (mut looking, mut start) = (None, None);
        loop {
            let Some(job) = self.store.get(name).await? else {
                self.remove(name).await?;
                return Ok(Next::Nothing);
            };
            let run = self.runner.observe(&job)?;
            let may_start = run == Run::Absent
                && !job.is_complete()
                && matches!(job.status.state, ProwJobState::Triggered | ProwJobState::Pending);
            if may_start && looking.is_none() && start.is_none() && !self.dry_run {
                looking = Some(self.starts.look().await);
                continue;
            }
            let decided = self.decide(&job, &run).await?;
            if decided == Step::Start && start.is_none() {
                start = Some(self.starts.begin(name));
            }
            looking = None;
            debug!(state = %job.status.state, ?run, ?decided, "decided");
            if let Applied::Done(next) = self.apply(&job, &run, decided).await? {
                return Ok(next);
            }
        }
    }

    async fn decide(&self, job: &ProwJob, run: &Run) -> Result<Step, StoreError> {
        let loaded = self.config.current();
        let plank = &loaded.config.core.plank;
        let wants_room = job.status.state == ProwJobState::Triggered && *run == Run::Absent;
        let mut others = self.others(job, wants_room).await?;
        self.starts.count_as_pending(&mut others);
        let limits = Limits { global: plank.max_concurrency, queues: &plank.job_queue_capacities };
        let room = if wants_room { room(job, others.iter(), limits) } else { Room::Free };
        match &room {
            Room::Free => (),
            Room::Full(why) => debug!(why, "waits for room"),
            Room::NoSuchQueue(queue) => {
                warn!(job = %job.spec.job, "waits: `plank.job_queue_capacities` has no queue `{queue}`");
            }
        }
        let newer = superseded_by(job, others.iter());
        if let Some(newer) = newer {
            info!(job = %job.spec.job, newer = %newer.name(), "superseded");
        }
        Ok(step(&Observed {
            job,
            run: run.clone(),
            room,
            superseded: newer.is_some(),
            patience: patience(job, plank),
            now: Timestamp::now(),
        }))
    }

    /// The unfinished ProwJobs that count for this one.
    async fn others(&self, job: &ProwJob, wants_room: bool) -> Result<Vec<ProwJob>, StoreError> {
        let mut selector = Selector { incomplete_only: true, ..Selector::default() };
        if !matches!(job.status.state, ProwJobState::Triggered | ProwJobState::Pending) || job.is_complete() {
            return Ok(Vec::new());
        }
        if let (false, Some(label)) = (wants_room, job.label(labels::JOB)) {
            // Limits count all jobs; only runs of the same job supersede.
            selector.labels.insert(labels::JOB.to_owned(), label.to_owned());
        }
        self.store.list(&selector).await
    }

    async fn apply(&self, job: &ProwJob, run: &Run, step: Step) -> anyhow::Result<Applied> {
        if self.dry_run && !matches!(step, Step::Wait | Step::LookAgain(_)) {
            info!(job = %job.spec.job, state = %job.status.state, "dry run: would {step:?}");
            return Ok(Applied::Done(Next::Nothing));
        }
        let now = Timestamp::now();
        match step {
            Step::Wait => Ok(Applied::Done(Next::Nothing)),
            Step::LookAgain(after) => {
                Ok(Applied::Done(Next::In(if run.is_live() { after.min(RUN_POLL) } else { after })))
            }
            Step::Schedule => self.write(job, json!({"state": ProwJobState::Triggered})).await,
            Step::Start => self.start(job, now).await,
            Step::MarkPending => self.mark_pending(job, now).await,
            Step::Stop(reason) => {
                info!(job = %job.spec.job, reason, "stops");
                self.runner.stop(job.name(), &reason)?;
                Ok(Applied::Done(Next::In(STOP_POLL)))
            }
            Step::Kill => {
                warn!(job = %job.spec.job, "it does not stop: killing it");
                self.runner.kill(job.name()).await?;
                Ok(Applied::Again)
            }
            Step::RequestAbort { description, hush_github } => {
                let mut status = json!({"state": ProwJobState::Aborted});
                if let Some(description) = description {
                    status["description"] = description.into();
                }
                if hush_github {
                    status["prev_report_states"] = json!({report::REPORTER: ProwJobState::Aborted});
                }
                self.write(job, status).await
            }
            Step::Finish { state, description } => {
                if !self.cleared(job, run).await? {
                    return Ok(Applied::Again);
                }
                let mut after = job.clone();
                after.status.state = state;
                after.status.description.clone_from(&description);
                let mut status = json!({"state": state, "description": description, "completionTime": now});
                if self.has_log(job, run) {
                    status["url"] = self.url(&after).into();
                }
                self.write(job, status).await
            }
            Step::Complete => {
                if !self.cleared(job, run).await? {
                    return Ok(Applied::Again);
                }
                self.write(job, json!({"completionTime": now})).await
            }
        }
    }

    async fn start(&self, job: &ProwJob, now: Timestamp) -> anyhow::Result<Applied> {
        let Some(dir) = self.runner.dir(job.name()) else { return Ok(Applied::Again) };
        let core = &self.config.current().config.core;
        let build_id = self.build_ids.next(now);
        let shown = self.git_access.of(&launch::refs(job), core.link_url.as_deref(), &dir).await?;
        match launch::options(job, &build_id, &dir, core.default_job_timeout, shown, &self.machine) {
            Ok(options) => self.runner.start(job.name(), &options).await?,
            // The next look finds it invalid.
            Err(why) => debug!(why, "cannot run"),
        }
        Ok(Applied::Again)
    }

    async fn mark_pending(&self, job: &ProwJob, now: Timestamp) -> anyhow::Result<Applied> {
        let build_id = self.runner.build_id(job.name()).unwrap_or_else(|| self.build_ids.next(now));
        let mut after = job.clone();
        after.status.state = ProwJobState::Pending;
        after.status.pending_time = Some(now);
        after.status.build_id.clone_from(&build_id);
        after.status.pod_name = job.name().to_owned();
        after.status.description = "Job triggered.".to_owned();
        let url = self.url(&after);
        let status = json!({
            "state": after.status.state,
            "pendingTime": now,
            "build_id": build_id,
            "pod_name": after.status.pod_name,
            "description": after.status.description,
            "url": url,
        });
        self.write(job, status).await
    }

    /// Merges into the status of just the version that was decided on. If it has changed meanwhile, nothing is written
    /// and the next look decides anew.
    async fn write(&self, job: &ProwJob, status: Value) -> anyhow::Result<Applied> {
        let patch = json!({"status": status});
        match self.store.patch_if(job.name(), &job.metadata.resource_version, &patch).await {
            Ok(Some(after)) if after.status.state != job.status.state => {
                let (state, description) = (after.status.state, &after.status.description);
                info!(job = %job.spec.job, from = %job.status.state, %state, description, "state");
            }
            Ok(_) | Err(StoreError::Conflict { .. }) => (),
            Err(error) => return Err(error.into()),
        }
        Ok(Applied::Again)
    }

    /// Whether nothing of the run is there and nothing can begin any more.
    async fn cleared(&self, job: &ProwJob, run: &Run) -> anyhow::Result<bool> {
        match run {
            Run::Lost => {
                self.runner.kill(job.name()).await?;
                Ok(true)
            }
            Run::Absent | Run::Invalid(_) => Ok(self.runner.forbid(job.name())?),
            Run::Exited(_) => Ok(true),
            Run::Unknown | Run::Starting { .. } | Run::Running { .. } | Run::Stopping { .. } => Ok(false),
        }
    }

    /// Whether there is a log to point to. One that says why it cannot run is written for a job that never ran.
    fn has_log(&self, job: &ProwJob, run: &Run) -> bool {
        let Run::Invalid(why) = run else { return true };
        let written = self.runner.explain(job.name(), why);
        written.inspect_err(|error| warn!(%error, "why it cannot run stands in no log")).is_ok()
    }

    /// Where this job's log is: by the config's template, else on our own port.
    fn url(&self, job: &ProwJob) -> String {
        let loaded = self.config.current();
        let CoreConfig { plank, .. } = &loaded.config.core;
        if plank.job_url_template.is_empty() {
            return format!("{}/log/{}", self.logs_url, job.name());
        }
        render(&plank.job_url_template, job).unwrap_or_else(|why| {
            warn!(job = %job.spec.job, why, "`plank.job_url_template` does not fit this job: it gets no address");
            String::new()
        })
    }

    async fn remove(&self, name: &str) -> anyhow::Result<()> {
        if !self.dry_run {
            self.runner.remove(name).await?;
        }
        Ok(())
    }
}

/// `plank`'s limits, with the job's own before them. A job whose own cannot be read is found invalid elsewhere.
fn patience(job: &ProwJob, plank: &Plank) -> Patience {
    let own = Decoration::of(job).unwrap_or_default();
    Patience {
        pending: own.pod_pending_timeout.unwrap_or(plank.pod_pending_timeout),
        running: own.pod_running_timeout.unwrap_or(plank.pod_running_timeout),
        grace: own.grace_period.unwrap_or(GRACE_PERIOD),
    }
}
