//! The job's command, from its start to the end of its last process.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use prow::duration::format_go_duration;
use prow::step::Exit;
use rustix::process::{Signal, WaitOptions, WaitStatus};
use tokio::time::{Instant, sleep_until};

use crate::job_dir::JobDir;
use crate::observe::MARK;
use crate::options::Options;
use crate::process;
use crate::sandbox;
use crate::supervise::{Interrupt, Interrupts};

/// How long the kernel is given to carry out SIGKILLs.
const KILL_LIMIT: Duration = Duration::from_secs(20);

/// The job's log, which the command's streams and our own lines go to.
pub struct Log(File);

impl Log {
    /// Opens the log of this run for more.
    ///
    /// # Errors
    /// If the run's folder cannot be written.
    pub fn open(dir: &JobDir) -> io::Result<Self> {
        Ok(Self(OpenOptions::new().append(true).create(true).open(dir.log())?))
    }

    /// Adds a line of ours, so marked.
    ///
    /// # Errors
    /// If the log cannot be written.
    pub fn say(&mut self, line: &str) -> io::Result<()> {
        self.text(&format!("bowsprit: {line}\n"))
    }

    /// Adds a text as it is.
    ///
    /// # Errors
    /// If the log cannot be written.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes())
    }
}

/// Runs the command in `start` to its end and kills what it leaves behind.
///
/// # Errors
/// If the log cannot be written.
pub async fn run(
    options: &Options,
    dir: &JobDir,
    start: &Path,
    log: &mut Log,
    interrupts: &mut Interrupts,
) -> io::Result<Exit> {
    let mut command = match command(options, dir, start) {
        Ok(command) => command,
        Err(why) => {
            log.say(&format!("the command could not be started: {why}"))?;
            return Ok(Exit::NotStarted(why));
        }
    };
    command.stdin(Stdio::null()).stdout(log.0.try_clone()?).stderr(log.0.try_clone()?).process_group(0);
    // From this thread, which lives as long as the process: the kernel's death signal follows the parent *thread*.
    let child = match command.spawn() {
        Ok(child) => child.id() as i32,
        Err(e) => {
            let why = format!("{}: {e}", options.command[0]);
            log.say(&format!("the command could not be started: {why}"))?;
            return Ok(Exit::NotStarted(why));
        }
    };
    let mut running = Running {
        child,
        // bubblewrap itself would die of a signal and take the job along without its grace period.
        wrapper: options.sandbox.as_ref().map(|_| child),
        ended: None,
    };
    let exit = running.until_over(options, log, interrupts).await;
    if !running.kill() {
        log.say("some of the job's processes could not be killed")?;
    }
    exit
}

struct Running {
    child: i32,
    wrapper: Option<i32>,
    ended: Option<WaitStatus>,
}

impl Running {
    async fn until_over(&mut self, options: &Options, log: &mut Log, interrupts: &mut Interrupts) -> io::Result<Exit> {
        let deadline = Instant::now() + options.timeout;
        let exit = loop {
            if let Some(status) = self.reaped() {
                return Ok(exit_of(status));
            }
            tokio::select! {
                interrupt = interrupts.next() => match interrupt {
                    Interrupt::Child => (),
                    Interrupt::Stop(reason) => {
                        log.say(&format!("Process is asked to stop: {reason}"))?;
                        self.signal(&[Signal::INT, Signal::TERM]);
                        break Exit::Stopped(reason);
                    }
                },
                () = sleep_until(deadline) => {
                    let limit = format_go_duration(options.timeout);
                    log.say(&format!("Process did not finish before {limit} timeout"))?;
                    self.signal(&[Signal::INT]);
                    break Exit::TimedOut(limit);
                }
            }
        };
        let grace = format_go_duration(options.grace_period);
        let deadline = Instant::now() + options.grace_period;
        while self.reaped().is_none() {
            tokio::select! {
                // A child that ended is looked at above; to be asked again changes nothing.
                _ = interrupts.next() => (),
                () = sleep_until(deadline) => {
                    log.say(&format!("Process did not exit before {grace} grace period"))?;
                    return Ok(exit);
                }
            }
        }
        log.say(&format!("Process gracefully exited before {grace} grace period"))?;
        Ok(exit)
    }

    /// Collects every process that ended; we are the parent of all that lose theirs. How the command itself ended, once it has.
    fn reaped(&mut self) -> Option<WaitStatus> {
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if pid.as_raw_nonzero().get() == self.child {
                self.ended = Some(status);
            }
        }
        self.ended
    }

    fn signal(&self, signals: &[Signal]) {
        let spared: Vec<i32> = self.wrapper.into_iter().collect();
        for pid in process::descendants(process::me(), &spared) {
            signals.iter().for_each(|signal| process::send(pid, *signal));
        }
    }

    fn kill(&mut self) -> bool {
        process::kill_all(
            || process::descendants(process::me(), &[]),
            || {
                self.reaped();
            },
            KILL_LIMIT,
        )
    }
}

fn exit_of(status: WaitStatus) -> Exit {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(-1),
    }
}

fn command(options: &Options, dir: &JobDir, start: &Path) -> Result<Command, String> {
    let name = options.command.first().ok_or("it is empty")?;
    let program = program(name, options, start)?;
    let mut command = match &options.sandbox {
        Some(sandbox) => {
            let mut command = Command::new(&sandbox.bwrap);
            command.args(sandbox.arguments(dir, start)).arg(program);
            command
        }
        None => {
            let mut command = Command::new(program);
            command.arg0(name);
            command
        }
    };
    command.args(&options.command[1..]).current_dir(start).env_clear().envs(&options.env).env(MARK, dir.path());
    match &options.sandbox {
        Some(sandbox) => command.env("HOME", &sandbox.home).env("TMPDIR", "/tmp"),
        None => command.env("HOME", dir.home()).env("TMPDIR", dir.tmp()),
    };
    Ok(command)
}

/// The file that is run: a path below `start`, or a name on the job's own search path. (Left to the kernel, a missing
/// program in a sandbox would look like a program that failed.)
fn program(name: &str, options: &Options, start: &Path) -> Result<PathBuf, String> {
    if name.contains('/') {
        let file = start.join(name);
        // A program of the image's is looked for as it is; that it is there says nothing of what it needs.
        return if sandbox::is_program(&file) { Ok(file) } else { Err(format!("{name}: no such program")) };
    }
    let path = options.env.get("PATH").map(String::as_str).unwrap_or_default();
    sandbox::find_in(name, path.as_ref()).ok_or_else(|| format!("{name}: no such program on the search path {path}"))
}
