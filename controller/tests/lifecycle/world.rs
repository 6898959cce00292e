//! A state directory, a store, a GitHub, and controllers that work on them.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use controller::{Addresses, Controller, Options};
use jiff::Timestamp;
use podutils::job_dir::JobDir;
use podutils::process::Process;
use prow::create::{Creation, JobFacts, new_presubmit};
use prow::prowjob::{ProwJob, ProwJobState};
use prow::refs::Refs;
use serde_json::json;
use store::ProwJobs;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::github::Github;

/// What all controllers of this process have said, in plain lines.
static SAID: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Said;

impl std::io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        SAID.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The lines said so far that hold all of these words.
pub(crate) fn said(words: &[&str]) -> Vec<String> {
    let said = SAID.lock().unwrap();
    let lines = String::from_utf8_lossy(&said);
    lines.lines().filter(|line| words.iter().all(|word| line.contains(word))).map(str::to_owned).collect()
}

const LIMIT: Duration = Duration::from_secs(90);

pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) store: ProwJobs,
    pub(crate) github: Github,
}

/// A controller in this process.
pub(crate) struct Running {
    shutdown: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
    pub(crate) at: Addresses,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
    }
}

/// The options of a controller on this state directory; config.yaml stands in it.
pub(crate) fn options(state: &Path, endpoint: &str) -> Options {
    let me = std::env::current_exe().unwrap().to_string_lossy().into_owned();
    Options {
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        config: config::ConfigFlags {
            config_path: state.join("config.yaml"),
            job_config_path: None,
            shards: config::ConfigShardFlags::default(),
        },
        github: github::GithubFlags {
            github_endpoint: vec![endpoint.to_owned()],
            github_graphql_endpoint: None,
            github_token_path: Some(state.join("token")),
            github_app_id: None,
            github_app_private_key_path: None,
        },
        kubernetes: kubernetes::KubernetesFlags::default(),
        dry_run: false,
        port: 0,
        external_url: None,
        metrics_port: 0,
        health_port: 0,
        state_dir: state.to_owned(),
        supervisor: Some(vec![me, "--exact".into(), "supervisor_process".into()]),
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_config("{}\n").await
    }

    pub(crate) async fn with_config(config: &str) -> Self {
        // The first world begins to listen for all.
        let _ = tracing_subscriber::fmt().with_ansi(false).with_writer(|| Said).try_init();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config.yaml"), config).unwrap();
        fs::write(folder.path().join("token"), "t0ken\n").unwrap();
        let store = ProwJobs::open(&folder.path().join("prowjobs.db")).await.unwrap();
        Self { folder, store, github: Github::start().await }
    }

    pub(crate) fn options(&self) -> Options {
        options(self.folder.path(), &self.github.endpoint)
    }

    pub(crate) async fn controller(&self) -> Running {
        self.controller_with(self.options()).await
    }

    pub(crate) async fn controller_with(&self, options: Options) -> Running {
        let controller = Controller::start(options).await.unwrap();
        let at = controller.addresses();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(controller.run(shutdown.clone()));
        Running { shutdown, task, at }
    }

    /// A controller in a process of its own.
    pub(crate) fn controller_process(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "controller_process"])
            .env("TEST_CONTROLLER_STATE", self.folder.path())
            .env("TEST_CONTROLLER_GITHUB", &self.github.endpoint)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    pub(crate) fn dir(&self, name: &str) -> JobDir {
        JobDir::new(self.folder.path().canonicalize().unwrap().join("jobs").join(name))
    }

    /// What the run's supervisor wrote about itself.
    pub(crate) fn supervisor(&self, name: &str) -> Process {
        serde_json::from_slice(&fs::read(self.dir(name).supervisor()).unwrap()).unwrap()
    }

    pub(crate) fn log(&self, name: &str) -> String {
        fs::read_to_string(self.dir(name).log()).unwrap_or_default()
    }

    /// Creates a presubmit that runs a shell script, as the trigger plugin would.
    pub(crate) async fn create(&self, name: &str, job: &str, script: &str, refs: &Refs) -> ProwJob {
        self.create_with(name, job, script, refs, |_| ()).await
    }

    pub(crate) async fn create_with(
        &self,
        name: &str,
        job: &str,
        script: &str,
        refs: &Refs,
        change: impl FnOnce(&mut ProwJob),
    ) -> ProwJob {
        let facts = JobFacts {
            name: job.into(),
            rerun_command: format!("/test {job}"),
            clone_uri: refs.clone_uri.clone(),
            pod_spec: Some(json!({"containers": [{"image": "alpine", "command": ["sh", "-c", script]}]})),
            decoration_config: Some(json!({"grace_period": "1s"})),
            ..JobFacts::default()
        };
        let creation = Creation {
            name: name.into(),
            namespace: "default".into(),
            now: Timestamp::now(),
            event_guid: "guid".into(),
            labels: Default::default(),
            scheduled: false,
        };
        let mut job = new_presubmit(&facts, refs.clone(), &creation);
        change(&mut job);
        self.store.create(&job).await.unwrap();
        job
    }

    pub(crate) async fn get(&self, name: &str) -> ProwJob {
        self.store.get(name).await.unwrap().unwrap_or_else(|| panic!("{name} is gone"))
    }

    /// Waits until the ProwJob is complete.
    pub(crate) async fn complete(&self, name: &str) -> ProwJob {
        self.until(&format!("{name} is complete"), || async { self.get(name).await.is_complete() }).await;
        self.get(name).await
    }

    pub(crate) async fn in_state(&self, name: &str, state: ProwJobState) {
        self.until(&format!("{name} is {state}"), || async { self.get(name).await.status.state == state }).await;
    }

    /// Waits until the job's log holds this text.
    pub(crate) async fn logged(&self, name: &str, text: &str) {
        self.until(&format!("the log of {name} says `{text}`"), || async { self.log(name).contains(text) }).await;
    }

    /// Waits until GitHub was told the state that the ProwJob is in.
    pub(crate) async fn reported(&self, name: &str) {
        self.until(&format!("{name} is reported"), || async { prow::report::is_reported(&self.get(name).await) }).await;
    }

    pub(crate) async fn until<F: Future<Output = bool>>(&self, what: &str, condition: impl Fn() -> F) {
        let end = Instant::now() + LIMIT;
        while !condition().await {
            if Instant::now() >= end {
                let jobs = self.store.list(&Default::default()).await.unwrap();
                let told: Vec<String> = jobs
                    .iter()
                    .map(|job| format!("{} {:?}\n{}", job.name(), job.status, self.log(job.name())))
                    .collect();
                panic!("never came: {what}\n{}", told.join("\n"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn is_alive(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{}/stat", pid.trim()))
        .is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.trim_start().starts_with('Z'))
}

/// The processes, on this whole machine, that carry the mark of this run.
pub(crate) fn processes_of(dir: &JobDir) -> Vec<String> {
    let mark = podutils::observe::mark(dir);
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter(|entry| {
            fs::read(entry.path().join("environ"))
                .is_ok_and(|environ| environ.split(|b| *b == 0).any(|part| part == mark.as_bytes()))
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|pid| is_alive(pid))
        .collect()
}
