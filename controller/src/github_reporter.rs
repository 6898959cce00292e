//! Carries each state of a ProwJob to GitHub: the commit status, and the comment that lists failures.
//!
//! At least once for each state: what was carried is written down after it was. A pull request that GitHub refuses
//! waits by itself.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Context;
use config::ConfigHandle;
use github::{Api, ApiError, Client, NewStatus, RepoName, Scope, StatusState};
use jiff::Timestamp;
use prow::core_config::CoreConfig;
use prow::failure_comment::{self, Existing, Mode, Write};
use prow::labels;
use prow::prowjob::{ProwJob, ProwJobType};
use prow::report::{self, REPORTER, StatusReport, StatusToSet};
use serde_json::json;
use store::{Change, ProwJobs, Selector};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tracing::{info, instrument, warn};

use crate::drive::Next;
use crate::metrics::ReporterMetrics;
use crate::template::render;

/// How long one report may take.
const REPORT_LIMIT: Duration = Duration::from_secs(300);

type PullKey = (String, String, u64);

/// What a report needs.
pub(crate) struct GithubReporter {
    pub(crate) store: ProwJobs,
    pub(crate) config: Arc<ConfigHandle>,
    pub(crate) client: Client,
    pub(crate) dry_run: bool,
    pub(crate) metrics: ReporterMetrics,
    /// One for each pull request whose comments are being changed.
    pub(crate) locks: std::sync::Mutex<HashMap<PullKey, Arc<Mutex<()>>>>,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carried {
    /// GitHub knows.
    Yes,
    /// This state is not carried; the next one may be.
    NotYet,
}

/// The ProwJobs to report because of a change.
pub(crate) fn interest(change: &Change) -> Vec<String> {
    match change {
        Change::Put(job, _) if is_due(job) => vec![job.name().to_owned()],
        Change::Put(..) | Change::Gone { .. } => Vec::new(),
    }
}

fn is_due(job: &ProwJob) -> bool {
    report::should_report(job) && !report::is_reported(job)
}

impl GithubReporter {
    /// Reports the state that one ProwJob is in, if it is due.
    #[instrument(name = "report", skip_all, fields(prowjob = %name))]
    pub(crate) async fn turn(&self, name: &str) -> anyhow::Result<Next> {
        let Some(job) = self.store.get(name).await?.filter(is_due) else {
            return Ok(Next::Nothing);
        };
        if self.dry_run {
            info!(job = %job.spec.job, state = %job.status.state, "dry run: would tell GitHub");
            return Ok(Next::Nothing);
        }
        match timeout(REPORT_LIMIT, self.carry(&job)).await {
            Ok(Ok(Carried::Yes)) => (),
            Ok(Ok(Carried::NotYet)) => return Ok(Next::Nothing),
            Ok(Err(error)) => {
                self.metrics.failed();
                let now = Timestamp::now();
                let Some(at) = error.downcast_ref::<ApiError>().and_then(|error| error.retry_at(now)) else {
                    return Err(error.context("telling GitHub"));
                };
                warn!(error = %format!("{error:#}"), "GitHub is told later, at {at}");
                return Ok(Next::In(Duration::try_from(at.duration_since(now)).unwrap_or_default()));
            }
            Err(_) => {
                self.metrics.failed();
                anyhow::bail!("telling GitHub took over {REPORT_LIMIT:?}");
            }
        }
        let state = job.status.state;
        let patch = json!({"status": {"prev_report_states": {REPORTER: state}}});
        // Whoever superseded it meanwhile has noted that nothing more is to be told: that stands.
        let written = self.store.update(name, |job| (!report::is_reported(job)).then(|| patch.clone()));
        written.await.context("GitHub was told, and it could not be written down")?;
        self.metrics.succeeded(job.status.completion_time, Timestamp::now());
        info!(job = %job.spec.job, %state, "GitHub was told");
        Ok(Next::Nothing)
    }

    async fn carry(&self, job: &ProwJob) -> anyhow::Result<Carried> {
        let loaded = self.config.current();
        let core = &loaded.config.core;
        let types = &core.github_reporter.job_types_to_report;
        match report::status(job, types) {
            StatusReport::NotYet => return Ok(Carried::NotYet),
            StatusReport::None => (),
            StatusReport::Set(status) => match self.set(&status).await {
                Ok(()) => (),
                Err(error) if report::is_final_refusal(error.status, &error.message) => {
                    info!(%error, "GitHub takes no status there, now or later");
                    return Ok(Carried::Yes);
                }
                Err(error) => return Err(error.into()),
            },
        }
        self.comment(job, core).await?;
        Ok(Carried::Yes)
    }

    async fn set(&self, status: &StatusToSet) -> Result<(), ApiError> {
        let repo = RepoName::new(&status.org, &status.repo);
        let new = NewStatus {
            state: match status.state {
                report::StatusState::Pending => StatusState::Pending,
                report::StatusState::Success => StatusState::Success,
                report::StatusState::Failure => StatusState::Failure,
                report::StatusState::Error => StatusState::Error,
            },
            context: status.context.clone(),
            description: status.description.clone(),
            target_url: status.target_url.clone(),
        };
        self.api(&repo).create_status(&repo, &status.sha, &new).await.map(drop)
    }

    async fn comment(&self, job: &ProwJob, core: &CoreConfig) -> anyhow::Result<()> {
        let Some((refs, pull)) = job.spec.refs.as_ref().and_then(|refs| Some((refs, refs.pulls.first()?))) else {
            return Ok(());
        };
        let reporter = &core.github_reporter;
        let listed = |list: &[String]| list.iter().any(|name| *name == refs.org || *name == refs.full_name());
        if !job.is_complete() || listed(&reporter.no_comment_repos) {
            return Ok(());
        }
        let mode = if listed(&reporter.summary_comment_repos) { Mode::Summary } else { Mode::PerJob };
        let repo = RepoName::new(&refs.org, &refs.repo);
        // Two reports that change one comment would each lose the other's row.
        let lock = (job.spec.job_type == ProwJobType::Presubmit)
            .then(|| self.lock_of((refs.org.clone(), refs.repo.clone(), pull.number)));
        let _held = match &lock {
            Some(lock) => Some(lock.lock().await),
            None => None,
        };
        let of_pull = match mode {
            Mode::PerJob => Vec::new(),
            Mode::Summary => self.of_pull(job).await?,
        };
        let jobs = failure_comment::subjects(job, &of_pull, &reporter.job_types_to_report, mode);
        let Some(first) = jobs.first() else { return Ok(()) };
        let template = core.plank.report_template(&refs.org, &refs.repo).unwrap_or_default();
        let template = render(template, first).unwrap_or_else(|why| {
            warn!(why, "`plank.report_templates` does not fit this job: the comment goes without");
            String::new()
        });
        let api = self.api(&repo);
        let bot = self.client.bot().await?;
        let comments: Vec<Existing> = api
            .list_comments(&repo, pull.number)
            .await?
            .into_iter()
            .filter(|comment| bot.is(&comment.user.login))
            .map(|comment| Existing { id: comment.id, body: comment.body })
            .collect();
        let plan = failure_comment::plan(&comments, &jobs, &template, mode);
        match plan.write {
            Some(Write::Create(body)) => drop(api.create_comment(&repo, pull.number, &body).await?),
            Some(Write::Edit(id, body)) => drop(api.edit_comment(&repo, id, &body).await?),
            None => (),
        }
        for id in plan.delete {
            api.delete_comment(&repo, id).await?;
        }
        Ok(())
    }

    async fn of_pull(&self, job: &ProwJob) -> Result<Vec<ProwJob>, store::StoreError> {
        let keys = [labels::ORG, labels::REPO, labels::PULL];
        let labels = keys.iter().filter_map(|key| Some(((*key).to_owned(), job.label(key)?.to_owned()))).collect();
        self.store.list(&Selector { labels, incomplete_only: false }).await
    }

    fn api(&self, repo: &RepoName) -> Api {
        self.client.scoped(Scope::repo(repo))
    }

    fn lock_of(&self, pull: PullKey) -> Arc<Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody holds or waits for are of no use any more.
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(pull).or_default())
    }
}
