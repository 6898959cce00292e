//! `bowsprit jobs logs`: what a job wrote, from its directory here or from the controller that serves it.

use std::io::SeekFrom;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use prow::prowjob::ProwJob;
use store::ProwJobs;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use crate::output;
use crate::state::StateArgs;

/// How often a log that is followed is looked at.
const POLL: Duration = Duration::from_millis(200);

/// Print a job's log.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit jobs logs 3f0c9a
  bowsprit jobs logs --follow 3f0c9a    until the job is over")]
pub(super) struct LogsArgs {
    #[command(flatten)]
    state: StateArgs,
    /// The ProwJob's name, or how it begins.
    name: String,
    /// Wait for more until the job is over.
    #[arg(long, short)]
    follow: bool,
}

pub(super) async fn run(args: LogsArgs) -> anyhow::Result<()> {
    let jobs = args.state.prowjobs().await?;
    let mut job = super::find::find(&jobs, &args.name).await?;
    let mut log = Log::new(args.state.job_log(job.name()))?;
    loop {
        // Whether it is over is asked before the log is read: what is written in between is then not missed.
        let over = job.is_complete();
        let there = log.print_more(&job).await?;
        if over || !args.follow {
            return if there { Ok(()) } else { bail!("{}", why_no_log(&job)) };
        }
        tokio::time::sleep(POLL).await;
        job = again(&jobs, job).await?;
    }
}

async fn again(jobs: &ProwJobs, job: ProwJob) -> anyhow::Result<ProwJob> {
    let name = job.metadata.name;
    jobs.get(&name).await?.with_context(|| format!("ProwJob `{name}` was deleted meanwhile"))
}

fn why_no_log(job: &ProwJob) -> String {
    let (name, state) = (job.name(), job.status.state);
    if job.is_complete() {
        let why = &job.status.description;
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        return format!("ProwJob `{name}` is over ({state}{why}) and has no log, or it has been cleaned up");
    }
    format!("ProwJob `{name}` is {state} and has no log yet; --follow waits for it")
}

/// A log, and how much of it has been printed.
struct Log {
    path: PathBuf,
    http: reqwest::Client,
    printed: u64,
}

impl Log {
    fn new(path: PathBuf) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy().build();
        Ok(Self { path, http: http.context("cannot make an HTTP client")?, printed: 0 })
    }

    /// Prints what has come since the last time; false if there is no log at all.
    async fn print_more(&mut self, job: &ProwJob) -> anyhow::Result<bool> {
        let Some(more) = self.more(job).await? else { return Ok(false) };
        output::print_bytes(&more)?;
        self.printed += u64::try_from(more.len()).expect("a log that is in memory has a length");
        Ok(true)
    }

    async fn more(&self, job: &ProwJob) -> anyhow::Result<Option<Vec<u8>>> {
        match self.read_file().await? {
            Some(more) => Ok(Some(more)),
            // It ran elsewhere, or its directory has another place.
            None if job.status.url.starts_with("http://") || job.status.url.starts_with("https://") => {
                self.read_url(&job.status.url).await
            }
            None => Ok(None),
        }
    }

    async fn read_file(&self) -> anyhow::Result<Option<Vec<u8>>> {
        let read = async {
            let mut file = tokio::fs::File::open(&self.path).await?;
            file.seek(SeekFrom::Start(self.printed)).await?;
            let mut more = Vec::new();
            file.read_to_end(&mut more).await?;
            Ok::<_, std::io::Error>(more)
        };
        match read.await {
            Ok(more) => Ok(Some(more)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.path.display())),
        }
    }

    async fn read_url(&self, url: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let answer = self.http.get(url).send().await.with_context(|| format!("cannot get the log from {url}"))?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = answer.error_for_status().with_context(|| format!("cannot get the log from {url}"))?;
        let mut all = answer.bytes().await.with_context(|| format!("{url} broke off"))?.to_vec();
        let printed = usize::try_from(self.printed).unwrap_or(usize::MAX).min(all.len());
        Ok(Some(all.split_off(printed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use prow::prowjob::{ProwJobSpec, ProwJobState, ProwJobType};

    fn job() -> ProwJob {
        let mut job = ProwJob::new("j", ProwJobSpec::new(ProwJobType::Presubmit, "unit"));
        job.status.state = ProwJobState::Triggered;
        job
    }

    #[tokio::test]
    async fn a_log_goes_on_where_it_was_left() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = Log::new(dir.path().join("build-log.txt")).unwrap();
        assert_eq!(log.more(&job()).await.unwrap(), None);
        std::fs::write(&log.path, "one\ntwo\n").unwrap();
        assert_eq!(log.more(&job()).await.unwrap().unwrap(), b"one\ntwo\n");
        log.printed = 4;
        assert_eq!(log.more(&job()).await.unwrap().unwrap(), b"two\n");
        log.printed = 8;
        assert_eq!(log.more(&job()).await.unwrap().unwrap(), b"");
    }

    #[test]
    fn a_missing_log_is_explained() {
        let mut job = job();
        assert_eq!(why_no_log(&job), "ProwJob `j` is triggered and has no log yet; --follow waits for it");
        job.status.state = ProwJobState::Error;
        job.status.description = "No containers.".into();
        job.status.completion_time = Some(Timestamp::UNIX_EPOCH);
        assert!(why_no_log(&job).starts_with("ProwJob `j` is over (error: No containers.) and has no log"));
    }
}
