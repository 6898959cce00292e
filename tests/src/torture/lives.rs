//! How the lives of a host end: drawn, armed, and waited for. It is always the process that is killed, with SIGKILL.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rand::RngExt as _;
use rand::rngs::StdRng;
use sim::fault::{FaultKind, FaultSpec, Match, When};

use crate::process::Process;
use crate::world::World;

/// What every plugin's requests have in their user agent, and no one else's.
pub const PLUGINS: &str = "bowsprit.";
const WRITES: &str = "POST,PATCH,PUT,DELETE";
/// How often it is looked whether a victim is dead.
const POLL: Duration = Duration::from_millis(3);
/// A life that ends at a moment takes so many milliseconds, its start included.
const MOMENTS: std::ops::Range<u64> = 300..3000;
/// The largest numbers before a life ends: of requests, of those that change something, and of calls to the disk.
const MOST_REQUESTS: u64 = 60;
const MOST_WRITES: u64 = 15;
const MOST_SYNCS: u64 = 25;
const MOST_PAGES: u64 = 120;

/// How one life of a host ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// So long after it began.
    Moment(Duration),
    /// At the `nth` request of a plugin that GitHub gets (`writes`: that changes something): before GitHub acts on it, or when
    /// it did and has not answered yet.
    Request {
        /// Counted from 1.
        nth: u64,
        /// Whether only requests count that change something.
        writes: bool,
        /// On which side of its effect.
        when: When,
    },
    /// As the host makes its `nth` call of this kind on the inbox's files, which does not take place.
    Disk {
        /// Which call.
        call: DiskCall,
        /// Counted from 1, by the thread that writes.
        nth: u64,
    },
}

/// What a database asks of the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskCall {
    /// To take a part of a page.
    Write,
    /// To have on the medium what it was given.
    Sync,
}

impl DiskCall {
    /// The system calls: which of them it is hangs on how SQLite was built.
    fn names(self) -> &'static str {
        match self {
            Self::Write => "write,pwrite64",
            Self::Sync => "fsync,fdatasync",
        }
    }
}

impl End {
    /// The sort, for counting.
    #[must_use]
    pub fn sort(&self) -> &'static str {
        match self {
            Self::Moment(_) => "at a moment",
            Self::Request { when: When::Before, .. } => "before a request",
            Self::Request { when: When::After, .. } => "after a request",
            Self::Disk { .. } => "at the disk",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moment(after) => write!(f, "{} ms after its start", after.as_millis()),
            Self::Request { nth, writes, when } => {
                let side = if *when == When::Before { "before" } else { "after" };
                write!(f, "{side} {} {nth}", if *writes { "change" } else { "request" })
            }
            Self::Disk { call, nth } => write!(f, "at {call:?} {nth}"),
        }
    }
}

/// Draws `count` ends. `disk`: whether the kernel lets us trace.
pub fn draw(random: &mut StdRng, count: usize, disk: bool) -> Vec<End> {
    (0..count).map(|_| one(random, disk)).collect()
}

fn one(random: &mut StdRng, disk: bool) -> End {
    let when = if random.random_bool(0.5) { When::Before } else { When::After };
    match random.random_range(0..100) {
        0..20 => End::Moment(Duration::from_millis(random.random_range(MOMENTS))),
        20..45 if disk => {
            let (call, most) =
                if random.random_bool(0.5) { (DiskCall::Write, MOST_PAGES) } else { (DiskCall::Sync, MOST_SYNCS) };
            End::Disk { call, nth: random.random_range(1..=most) }
        }
        45..65 => End::Request { nth: random.random_range(1..=MOST_REQUESTS), writes: false, when },
        _ => End::Request { nth: random.random_range(1..=MOST_WRITES), writes: true, when },
    }
}

/// Why nobody may trace a program here; none if one may.
#[must_use]
pub fn untraceable() -> Option<String> {
    let mut traced = Command::new("strace");
    traced.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync", "true"]);
    match traced.stdin(Stdio::null()).output() {
        Ok(output) if output.status.success() && output.stderr.is_empty() => None,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Some(format!("kernel: ptrace is refused: {}", said.lines().next().unwrap_or("strace failed")))
        }
        Err(error) => Some(format!("strace cannot be run ({error}): `cargo xtask setup` installs it")),
    }
}

/// Starts the world's host, with nothing in its way.
///
/// # Errors
/// If it cannot be started.
pub fn start(world: &World) -> anyhow::Result<Process> {
    Process::start("host", &world.programs().bowsprit, &world.host_args(), &world.path("host.log"))
}

/// Starts the world's host for a life with this end.
///
/// # Errors
/// If it cannot be started, or its end not be armed.
pub async fn begin(world: &World, end: &End) -> anyhow::Result<Process> {
    match end {
        End::Moment(_) => start(world),
        End::Request { nth, writes, when } => {
            let host = start(world)?;
            let matches = Match {
                method: writes.then(|| WRITES.to_owned()),
                user_agent: Some(PLUGINS.to_owned()),
                nth: Some(*nth),
                ..Match::default()
            };
            let pid = i32::try_from(host.pid()).context("a process id")?;
            let fault = FaultKind::Kill(sim::fault::Kill { pid, when: *when });
            world.sim.fault(&FaultSpec { matches, times: 1, fault }).await?;
            Ok(host)
        }
        End::Disk { call, nth } => {
            // The tracer is the host's grandchild, so that the host is our child, as ever.
            let names = call.names();
            let (trace, inject) = (format!("trace={names}"), format!("inject={names}:signal=KILL:when={nth}"));
            let tracer = ["-D", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let mut args: Vec<OsString> = tracer.map(OsString::from).into();
            for file in ["inbox.db", "inbox.db-wal"] {
                args.extend(["-P".into(), world.path("state").join(file).into()]);
            }
            args.push(world.programs().bowsprit.clone().into());
            args.extend(world.host_args());
            Process::start("host", Path::new("strace"), &args, &world.path("host.log"))
        }
    }
}

/// Waits until this life has come to its end.
///
/// # Errors
/// It ended by itself.
pub async fn ended(host: &mut Process, end: &End) -> anyhow::Result<()> {
    if let End::Moment(after) = end {
        tokio::time::sleep(*after).await;
        ensure!(host.ended().is_none(), "a host ended by itself:\n{}", host.log_tail());
        host.kill();
        return Ok(());
    }
    killed(host).await
}

/// Waits until the host is killed, from now on by nobody that we know of.
///
/// # Errors
/// It ended by itself.
pub async fn killed(host: &mut Process) -> anyhow::Result<()> {
    loop {
        if let Some(status) = host.ended() {
            let (how, log) = (Process::describe(status), host.log_tail());
            ensure!(status.signal() == Some(9), "a host ended by itself ({how}):\n{log}");
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}
