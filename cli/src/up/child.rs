//! One child process: started, listened to, and ended.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::plan::Role;
use crate::parent;

/// How long the last lines of an ended process may take. Jobs' supervisors outlive the controller and might hold its
/// output open for as long as they run.
const LAST_LINES: Duration = Duration::from_millis(500);

/// A process that runs, and what to do with it.
pub(super) struct Running {
    pub(super) role: Role,
    child: Child,
    relays: JoinSet<()>,
    started: Instant,
}

/// A process that ran.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) role: Role,
    /// How it ended, in words.
    pub(super) how: String,
    /// For how long it had run.
    pub(super) ran: Duration,
}

/// Starts a part; its log lines go to our standard output, each behind `prefix`.
pub(super) fn start(role: Role, program: &Path, args: &[String], prefix: &'static str) -> anyhow::Result<Running> {
    let mut child = Command::new(program)
        .args(args)
        .arg(format!("{}={}", parent::FLAG, std::process::id()))
        // A process group of its own: Ctrl-C reaches us alone, and we end the parts in order.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start the {} ({})", role.as_str(), program.display()))?;
    let mut relays = JoinSet::new();
    relays.spawn(relay(child.stdout.take().expect("stdout is piped"), prefix));
    relays.spawn(relay(child.stderr.take().expect("stderr is piped"), prefix));
    Ok(Running { role, child, relays, started: Instant::now() })
}

impl Running {
    /// The process id.
    pub(super) fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Until the process ends; once `stop` is cancelled it is asked to, and killed after `grace`.
    pub(super) async fn live(mut self, stop: CancellationToken, grace: Duration) -> Ended {
        let status = tokio::select! {
            status = self.child.wait() => status,
            () = stop.cancelled() => {
                self.ask_to_end();
                match timeout(grace, self.child.wait()).await {
                    Ok(status) => status,
                    Err(_) => {
                        tracing::warn!("the {} did not end within {grace:?} and is killed", self.role.as_str());
                        // Only a process that has ended already cannot be killed.
                        self.child.kill().await.ok();
                        self.child.wait().await
                    }
                }
            }
        };
        // Late lines are lost rather than waited for.
        timeout(LAST_LINES, async { while self.relays.join_next().await.is_some() {} }).await.ok();
        let how = status.map_or_else(|error| error.to_string(), in_words);
        Ended { role: self.role, how, ran: self.started.elapsed() }
    }

    fn ask_to_end(&self) {
        // The id is gone once the process was waited for: no other process is hit.
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid
            && let Err(error) = kill_process(pid, Signal::TERM)
        {
            tracing::warn!(%error, "cannot send SIGTERM to the {}", self.role.as_str());
        }
    }
}

fn in_words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

async fn relay(from: impl AsyncRead + Unpin, prefix: &'static str) {
    let mut lines = BufReader::new(from).split(b'\n');
    // An error here is the end of the pipe as well.
    while let Ok(Some(line)) = lines.next_segment().await {
        let text = format!("{prefix}{}\n", String::from_utf8_lossy(&line));
        // When nobody reads our output any more, the part still has to be read from, or it would stop.
        crate::output::print(&text).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(script: &str, grace: Duration, stop_at_once: bool) -> Ended {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("part");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let ready = dir.path().join("ready");
        let running = start(Role::Host, &program, &[ready.display().to_string()], "").unwrap();
        let stop = CancellationToken::new();
        if stop_at_once {
            // The trap must be set before the signal comes.
            while !ready.exists() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            stop.cancel();
        }
        running.live(stop, grace).await
    }

    #[tokio::test]
    async fn a_part_ends_by_itself_or_is_asked_or_is_killed() {
        let long = Duration::from_secs(60);
        assert_eq!(run("exit 3", long, false).await.how, "ended with exit code 3");
        assert_eq!(run("kill -9 $$", long, false).await.how, "was ended by signal 9");
        let polite = "trap 'exit 0' TERM; touch \"$1\"; while :; do sleep 0.05; done";
        assert_eq!(run(polite, long, true).await.how, "ended with exit code 0");
        let deaf = "trap '' TERM; touch \"$1\"; while :; do sleep 0.05; done";
        assert_eq!(run(deaf, Duration::from_millis(50), true).await.how, "was ended by signal 9");
    }
}
