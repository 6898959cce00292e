//! `bowsprit jobs logs`: what a job wrote, from its directory here or from the controller that serves it.

use std::io::SeekFrom;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use prow::prowjob::ProwJob;
use store::ProwJobs;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use crate::jobs::place::JobsPlace;
use crate::output;

/// How often a log that is followed is looked at.
const POLL: Duration = Duration::from_millis(200);

/// By this header the controller's server tells a log and where in it an answer begins.
const LOG_OFFSET: &str = "bowsprit-log-offset";

/// Print a job's log.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit jobs logs 3f0c9a
  bowsprit jobs logs --follow 3f0c9a    until the job is over")]
pub(super) struct LogsArgs {
    #[command(flatten)]
    place: JobsPlace,
    /// The ProwJob's name, or how it begins.
    name: String,
    /// Wait for more until the job is over.
    #[arg(long, short)]
    follow: bool,
}

pub(super) async fn run(args: LogsArgs) -> anyhow::Result<()> {
    let jobs = args.place.prowjobs().await?;
    let mut job = super::find::find(&jobs, &args.name).await?;
    let mut log = Log::new(args.place.state.job_log(job.name()))?;
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
        let mut address = reqwest::Url::parse(url).with_context(|| format!("the log's address is none: {url}"))?;
        // Of a long log that is followed, only what is new.
        address.query_pairs_mut().append_pair("offset", &self.printed.to_string());
        let request = self.http.get(address);
        let answer = request.send().await.with_context(|| format!("cannot get the log from {url}"))?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = answer.error_for_status().with_context(|| format!("cannot get the log from {url}"))?;
        let offset = answer.headers().get(LOG_OFFSET).and_then(|offset| offset.to_str().ok());
        if offset != Some(self.printed.to_string().as_str()) {
            bail!("{url} is no log that a controller of ours serves, but a page for people: open it in a browser");
        }
        Ok(Some(answer.bytes().await.with_context(|| format!("{url} broke off"))?.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use prow::prowjob::{ProwJobSpec, ProwJobState, ProwJobType};
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};

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

    /// Answers each request with its path and query, behind these headers.
    async fn echo(header: Option<&'static str>) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = tokio::io::BufReader::new(stream);
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                let path = line.split(' ').nth(1).unwrap().to_owned();
                let offset = path.split_once("offset=").map_or("", |(_, offset)| offset);
                let header = header.map(|name| format!("{name}: {offset}\r\n")).unwrap_or_default();
                let length = path.len();
                let head = format!("HTTP/1.1 200 OK\r\n{header}Content-Length: {length}\r\nConnection: close\r\n\r\n");
                stream.write_all(format!("{head}{path}").as_bytes()).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn only_what_is_new_is_fetched_and_no_other_page_is_taken_for_a_log() {
        let mut log = Log::new("/no/such/file".into()).unwrap();
        let mut job = job();
        job.status.url = format!("{}/log/j", echo(Some("Bowsprit-Log-Offset")).await);
        log.printed = 7;
        assert_eq!(log.more(&job).await.unwrap().unwrap(), b"/log/j?offset=7");
        job.status.url = format!("{}/view/j", echo(None).await);
        assert!(log.more(&job).await.unwrap_err().to_string().contains("a page for people"));
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
