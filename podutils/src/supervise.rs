//! The supervisor: one process for each run, which outlives whoever started it.
//!
//! It claims the run (of any number that try, one succeeds), clones, runs the command, and writes down how it ended.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow};
use jiff::Timestamp;
use prow::step::Exit;
use tokio::signal::unix::{Signal as SignalStream, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::clone::{self, Cloner, PATIENCE, RETRIES, Record};
use crate::exit_marker::ExitMarker;
use crate::file;
use crate::git::Git;
use crate::job_dir::JobDir;
use crate::observe::{self, MARK, Started};
use crate::options::Options;
use crate::payload::{self, Log};
use crate::process::{self, Process};
use crate::source;

/// How often the request to stop is looked for; whoever makes it usually sends a signal as well.
const STOP_POLL: Duration = Duration::from_millis(500);

/// Supervises the run in this folder to its end. Returns at once where another process does or did.
///
/// # Errors
/// If the run's folder cannot be read or written. The run then has no marker, and is taken for lost.
pub fn main(dir: &JobDir) -> anyhow::Result<()> {
    // So that no terminal's signal reaches it, and so that what it leaves behind is found by the session.
    rustix::process::setsid()
        .context("cannot begin a session of its own (it was started as a process group's leader)")?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))
        .context("cannot take on the children of children")?;
    let me = Process::current(Timestamp::now()).context("cannot tell who I am")?;
    match file::create_new(&dir.supervisor(), &serde_json::to_vec(&me)?) {
        Ok(()) => (),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(e) => return Err(anyhow!(e).context(format!("cannot claim the run in {}", dir.path().display()))),
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(supervise(dir));
    if let Err(error) = &outcome {
        note(dir, &format!("{error:#}"));
    }
    outcome
}

async fn supervise(dir: &JobDir) -> anyhow::Result<()> {
    let bytes = fs::read(dir.options()).with_context(|| format!("cannot read {}", dir.options().display()))?;
    let options: Options = serde_json::from_slice(&bytes).context("the run's options are not what they should be")?;
    dir.create_folders().context("cannot create the job's folders")?;
    let mut log = Log::open(dir).context("cannot open the job's log")?;
    let mut interrupts = Interrupts::new(dir)?;
    for line in &options.notes {
        log.say(line)?;
    }
    let (exit, revision) = match cloned(&options, dir, &mut log, &mut interrupts).await? {
        Ok(revision) => {
            let started = Started { at: Timestamp::now() };
            file::replace(&dir.started(), &serde_json::to_vec(&started)?)?;
            let start = source::start_folder(&dir.work(), &options.refs);
            (payload::run(&options, dir, &start, &mut log, &mut interrupts).await?, revision)
        }
        Err(exit) => (exit, String::new()),
    };
    ExitMarker::of(&exit, Timestamp::now(), revision).write(dir).context("cannot write how the run ended")
}

/// Clones the source: the commit that is tested, or how the run ends instead.
async fn cloned(
    options: &Options,
    dir: &JobDir,
    log: &mut Log,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Result<String, Exit>> {
    if options.refs.is_empty() {
        return Ok(Ok(String::new()));
    }
    let stop = Arc::new(AtomicBool::new(false));
    let mut clone = tokio::task::spawn_blocking({
        let (options, dir, stop) = (options.clone(), dir.clone(), Arc::clone(&stop));
        move || clone_in(&dir, &options, &stop)
    });
    let mut stopped = None;
    let records = loop {
        tokio::select! {
            records = &mut clone => break records.context("cloning broke off")??,
            interrupt = interrupts.next() => {
                if let Interrupt::Stop(reason) = interrupt {
                    stopped.get_or_insert(reason);
                    stop.store(true, Ordering::SeqCst);
                    // Again with each tick until the clone has noticed, since it may have just begun another command.
                    process::kill_all(|| process::descendants(process::me(), &[]), || (), STOP_POLL);
                }
            }
        }
    };
    // The command has no use for it, and without a sandbox it could read it.
    file::remove_folder(&dir.credentials())?;
    let text = clone::text(&records);
    file::replace(&dir.clone_records(), &serde_json::to_vec_pretty(&records)?)?;
    file::replace(&dir.clone_log(), text.as_bytes())?;
    if let Some(reason) = stopped {
        log.say(&format!("Cloning was stopped: {reason}"))?;
        return Ok(Err(Exit::Stopped(reason)));
    }
    if let Some(failed) = records.iter().find(|record| record.failed) {
        log.text(&text)?;
        return Ok(Err(Exit::NotCloned(failed.reason.clone())));
    }
    let revision = records.first().map(|record| record.final_sha.clone()).unwrap_or_default();
    log.say(&format!("cloned at {revision}"))?;
    Ok(Ok(revision))
}

fn clone_in(dir: &JobDir, options: &Options, stop: &AtomicBool) -> io::Result<Vec<Record>> {
    let home = tempfile::tempdir_in(dir.path())?;
    let (work, mark) = (dir.work(), dir.path().to_string_lossy());
    let cloner = Cloner {
        root: &work,
        git: Git { folder: &work, home: home.path(), credentials: None, mark: (MARK, &mark) },
        credentials: &options.credentials,
        retries: &RETRIES,
        patience: PATIENCE,
        stop: &|| stop.load(Ordering::SeqCst),
    };
    Ok(cloner.clone_all(&options.refs))
}

/// What a supervisor has to hear while it waits.
pub struct Interrupts {
    dir: JobDir,
    children: SignalStream,
    terminate: SignalStream,
    interrupt: SignalStream,
    poll: Interval,
}

/// Something that a supervisor heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interrupt {
    /// A child ended.
    Child,
    /// The run is to stop, for this reason. Heard again and again.
    Stop(String),
}

impl Interrupts {
    /// Begins to listen for this run.
    ///
    /// # Errors
    /// If signals cannot be listened for.
    pub fn new(dir: &JobDir) -> io::Result<Self> {
        let mut poll = interval(STOP_POLL);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            dir: dir.clone(),
            children: signal(SignalKind::child())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            poll,
        })
    }

    /// The next thing that happens.
    pub async fn next(&mut self) -> Interrupt {
        loop {
            let by_signal = tokio::select! {
                _ = self.children.recv() => return Interrupt::Child,
                _ = self.terminate.recv() => Some("terminate"),
                _ = self.interrupt.recv() => Some("interrupt"),
                _ = self.poll.tick() => None,
            };
            // A request that cannot be read is one all the same once a signal came.
            let asked = observe::stop_request(&self.dir).ok().flatten().map(|request| request.reason);
            match (asked, by_signal) {
                (Some(reason), _) => return Interrupt::Stop(reason),
                (None, Some(signal)) => {
                    return Interrupt::Stop(format!(
                        "Job was stopped from outside: its supervisor got the signal {signal}."
                    ));
                }
                (None, None) => (),
            }
        }
    }
}

/// The last word of a supervisor that fails. There is no one to tell if this fails too.
fn note(dir: &JobDir, error: &str) {
    if let Ok(mut file) = OpenOptions::new().append(true).create(true).open(dir.supervisor_log()) {
        let _ = writeln!(file, "{error}");
    }
}

#[cfg(test)]
#[path = "supervise_tests.rs"]
mod tests;
