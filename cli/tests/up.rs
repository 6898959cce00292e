//! `bowsprit up` as its user sees it: a process with three children, on free ports, with state in a fresh directory.

#![expect(clippy::unwrap_used, reason = "all of this file is a test")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use prow::prowjob::{ProwJob, ProwJobSpec, ProwJobState, ProwJobType};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};
use store::ProwJobs;

/// Enough for a slow machine; a condition that holds is noticed at once.
const PATIENCE: Duration = Duration::from_secs(60);

struct Up {
    child: Child,
    dir: PathBuf,
}

impl Up {
    fn start(dir: &Path) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        // Without bundled plugins: what is tested is the processes.
        fs::create_dir_all(dir.join("plugins")).unwrap();
        let log = File::options().create(true).append(true).open(dir.join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_bowsprit"))
            .args(["up", "--free-ports", "--grace-period=1s"])
            .arg("--state-dir")
            .arg(dir.join("state"))
            .arg("--plugins-dir")
            .arg(dir.join("plugins"))
            .arg("--config-path")
            .arg(root.join("config.yaml"))
            .arg("--plugin-config")
            .arg(root.join("plugins.yaml"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let up = Self { child, dir: dir.to_owned() };
        let pid = up.child.id();
        up.wait("all parts to be ready", |record| record["ready"] == true && record["pid"] == pid);
        up
    }

    /// What `up.json` says; null while it is not there.
    fn record(&self) -> Value {
        let text = fs::read_to_string(self.dir.join("state/up.json")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    #[track_caller]
    fn wait(&self, what: &str, holds: impl Fn(&Value) -> bool) {
        until(|| holds(&self.record()), || format!("waited for {what}; {}\n{}", self.record(), self.log()));
    }

    fn pid_of(&self, part: &str) -> Option<Pid> {
        let pid = self.record()["pids"][part].as_i64()?;
        Pid::from_raw(i32::try_from(pid).ok()?)
    }

    fn pids(&self) -> Vec<Pid> {
        ["sim", "host", "controller"].iter().map(|part| self.pid_of(part).expect("the part runs")).collect()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until(
            || {
                status = self.child.try_wait().unwrap();
                status.is_some()
            },
            || "waited for `up` to end".to_owned(),
        );
        status.unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // The parts end with it. It may have ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[track_caller]
fn until(mut holds: impl FnMut() -> bool, otherwise: impl Fn() -> String) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{}", otherwise());
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[track_caller]
fn gone(pids: &[Pid]) {
    let alive = || pids.iter().filter(|pid| test_kill_process(**pid).is_ok()).collect::<Vec<_>>();
    until(|| alive().is_empty(), || format!("still there: {:?}", alive()));
}

#[test]
fn a_part_that_dies_is_started_again_and_the_system_ends_in_order_and_comes_back_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let mut up = Up::start(dir.path());
    let host = up.pid_of("host").unwrap();
    kill_process(host, Signal::KILL).unwrap();
    up.wait("another host", |record| {
        record["pids"]["host"].as_i64().is_some_and(|pid| pid != i64::from(host.as_raw_nonzero().get()))
    });
    assert!(up.log().contains("the host was ended by signal 9"), "{}", up.log());
    // Before that it would not end in order, for it has not yet asked to be told of signals.
    until(|| up.log().matches("webhooks are taken here").count() == 2, || up.log());

    let (first, pids) = (up.record(), up.pids());
    up.signal(Signal::INT);
    assert!(up.ended().success(), "{}", up.log());
    gone(&pids);
    let log = up.log();
    let order = ["the host ", "the controller ", "the sim "].map(|part| log.rfind(&format!("{part}ended with")));
    assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{order:?}\n{log}");
    assert_eq!(up.record()["pid"], Value::Null);

    let again = Up::start(dir.path());
    assert_eq!(again.record()["ports"], first["ports"]);
}

/// The ProwJobs of a system, as any other process would open them.
fn prowjobs<T>(up: &Up, work: impl AsyncFnOnce(ProwJobs) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { work(ProwJobs::open(&up.dir.join("state/prowjobs.db")).await.unwrap()).await })
}

#[test]
fn a_job_goes_on_when_the_system_ends_and_is_found_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let mut up = Up::start(dir.path());
    let script = "echo began; while [ ! -e $ARTIFACTS/go ]; do sleep 0.05; done; echo ended";
    let mut spec = ProwJobSpec::new(ProwJobType::Periodic, "long");
    spec.agent = "kubernetes".into();
    spec.pod_spec = Some(json!({ "containers": [{ "command": ["sh", "-c", script] }] }));
    let mut job = ProwJob::new("a-job", spec);
    job.status.state = ProwJobState::Triggered;
    job.status.start_time = Some(jiff::Timestamp::now());
    prowjobs(&up, async |jobs| jobs.create(&job).await.unwrap());
    let folder = dir.path().join("state/jobs/a-job");
    let said = || fs::read_to_string(folder.join("build-log.txt")).unwrap_or_default();
    until(|| said().contains("began"), || format!("waited for the job; {}", up.log()));

    up.signal(Signal::INT);
    assert!(up.ended().success(), "{}", up.log());
    assert!(up.log().ends_with("1 job goes on without the rest of the system; it is found again at the next start.\n"));
    fs::write(folder.join("artifacts/go"), "").unwrap();
    until(|| said().contains("ended"), || format!("waited for the job to end by itself: {}", said()));

    let up = Up::start(dir.path());
    let state = || prowjobs(&up, async |jobs| jobs.get("a-job").await.unwrap().unwrap().status.state);
    until(|| state() == ProwJobState::Success, || format!("waited for the job's end; {}", up.log()));
}

#[test]
fn the_parts_end_when_up_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let mut up = Up::start(dir.path());
    let pids = up.pids();
    up.signal(Signal::KILL);
    up.ended();
    gone(&pids);
}

#[test]
fn a_broken_config_ends_it_and_says_where() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("config.yaml", "plank:\n  max_concurrency: many\n");
    write("plugins.yaml", "plugins: {}\n");
    fs::create_dir(dir.path().join("plugins")).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bowsprit"))
        .args(["up", "--free-ports", "--state-dir=state", "--plugins-dir=plugins"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("config.yaml:2:"), "{said}");
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(failed.contains("error: the host ended with exit code 1 at its start"), "{failed}");
}
