//! One child process: started, watched, ended, by its own id.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

/// How long a process has to end after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// How often a process that is to end is looked at.
const POLL: Duration = Duration::from_millis(5);
/// How much of a log is shown when something went wrong.
const TAIL_LINES: usize = 60;

/// A running child whose output goes to a file.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with `args`; what it prints is appended to `log`.
    ///
    /// # Errors
    /// If it cannot be started, or the log not be written.
    pub fn start(name: &'static str, program: &Path, args: &[OsString], log: &Path) -> anyhow::Result<Self> {
        let out = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("opening {}", log.display()))?;
        let err = out.try_clone().context("sharing the log")?;
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(out).stderr(err);
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "info");
        }
        let child = command.spawn().with_context(|| format!("starting {} {name}", program.display()))?;
        Ok(Self { name, child, log: log.to_owned() })
    }

    /// What it is called in messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Its id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; none while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        // An error would mean that it is no child of ours, which it is.
        self.child.try_wait().expect("a child can be waited for")
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(&mut self) {
        // It may have ended by itself meanwhile, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and SIGKILL if that is not heeded within ten seconds. Says how it ended.
    pub fn stop(&mut self) -> ExitStatus {
        let _ = signal(self.child.id(), Signal::TERM);
        let asked = Instant::now();
        while self.ended().is_none() && asked.elapsed() < GRACE {
            std::thread::sleep(POLL);
        }
        self.kill();
        self.child.wait().expect("a child can be waited for")
    }

    /// How it ended, in words.
    #[must_use]
    pub fn describe(status: ExitStatus) -> String {
        match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit code {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => "an unknown end".to_owned(),
        }
    }

    /// The last lines that it printed.
    #[must_use]
    pub fn log_tail(&self) -> String {
        tail(&self.log, TAIL_LINES)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            self.stop();
        }
    }
}

/// The last lines of a file; empty if it cannot be read.
#[must_use]
pub fn tail(file: &Path, lines: usize) -> String {
    let text = String::from_utf8_lossy(&fs::read(file).unwrap_or_default()).into_owned();
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Ends every process that carries `mark` (a path that no one else uses) in its arguments: jobs outlive the controller that
/// started them, on purpose.
pub fn end_those_with(mark: &Path) {
    for pid in processes_with(mark) {
        let _ = signal(pid, Signal::TERM);
    }
    let asked = Instant::now();
    while !processes_with(mark).is_empty() && asked.elapsed() < Duration::from_secs(3) {
        std::thread::sleep(POLL);
    }
    for pid in processes_with(mark) {
        let _ = signal(pid, Signal::KILL);
    }
}

fn processes_with(mark: &Path) -> Vec<u32> {
    let mark = mark.as_os_str().as_encoded_bytes();
    let own = std::process::id();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let carries = |pid: &u32| {
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        arguments.windows(mark.len()).any(|part| part == mark)
    };
    pids.filter(|pid| *pid != own).filter(carries).collect()
}

fn signal(pid: u32, signal: Signal) -> rustix::io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id is a positive number");
    kill_process(pid, signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_ends_when_it_is_asked_to_and_its_output_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let script = "trap 'echo bye; exit 3' TERM; echo hello; while :; do sleep 0.01; done";
        let args = ["-c".into(), script.into()];
        let mut process = Process::start("script", Path::new("/bin/sh"), &args, &log).unwrap();
        while !process.log_tail().contains("hello") {
            std::thread::yield_now();
        }
        assert!(process.ended().is_none());
        assert_eq!(Process::describe(process.stop()), "exit code 3");
        assert_eq!(process.log_tail(), "hello\nbye");
    }

    #[test]
    fn strays_are_found_by_the_path_in_their_arguments() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("job");
        let mut stray = Command::new("sleep").args(["600"]).spawn().unwrap();
        let args = ["-c".as_ref(), "while :; do sleep 0.05; done".as_ref(), mark.as_os_str()];
        let mut marked = Command::new("/bin/sh").args(args).spawn().unwrap();
        // A process that has just begun has no arguments for a moment.
        while processes_with(&mark).is_empty() {
            std::thread::sleep(POLL);
        }
        end_those_with(&mark);
        assert!(!marked.wait().unwrap().success());
        assert!(stray.try_wait().unwrap().is_none());
        stray.kill().unwrap();
        stray.wait().unwrap();
    }
}
