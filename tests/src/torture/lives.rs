//! How the lives of a host end: drawn, armed, and waited for. It is always the process that is killed, with SIGKILL.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use rand::RngExt as _;
use rand::rngs::StdRng;
use sim::fault::{FaultKind, FaultSpec, Match, When};

use super::hosts::{Host, Hosts};
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

/// One life of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// Whose, counted from 0.
    pub host: usize,
    /// How it ends.
    pub end: End,
}

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

/// Draws `count` lives of so many hosts. `disk`: whether the inbox is in files, and the kernel lets us trace.
pub fn draw(random: &mut StdRng, count: usize, hosts: usize, disk: bool) -> Vec<Life> {
    (0..count).map(|_| Life { host: random.random_range(0..hosts), end: one(random, disk) }).collect()
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

/// Has the host begin the life that is to end so: started anew, unless it runs and can go on.
///
/// # Errors
/// If it cannot be started, or its end not be armed.
pub async fn begin(world: &World, host: &mut Host, end: &End) -> anyhow::Result<u32> {
    let tracer = tracer(world, end);
    let pid = match &host.process {
        Some(running) if tracer.is_empty() => running.pid(),
        _ => host.start(world, &tracer)?.pid(),
    };
    if let End::Request { nth, writes, when } = end {
        let matches = Match {
            method: writes.then(|| WRITES.to_owned()),
            user_agent: Some(PLUGINS.to_owned()),
            nth: Some(*nth),
            ..Match::default()
        };
        let kill = sim::fault::Kill { pid: i32::try_from(pid).context("a process id")?, when: *when };
        world.sim.fault(&FaultSpec { matches, times: 1, fault: FaultKind::Kill(kill) }).await?;
    }
    Ok(pid)
}

/// What a host is started by that is to end at the disk: a tracer, which is the host's grandchild, so that the host is our
/// child as ever.
fn tracer(world: &World, end: &End) -> Vec<OsString> {
    let End::Disk { call, nth } = end else { return Vec::new() };
    let names = call.names();
    let (trace, inject) = (format!("trace={names}"), format!("inject={names}:signal=KILL:when={nth}"));
    let tracer = ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
    let mut line: Vec<OsString> = tracer.map(OsString::from).into();
    for file in ["inbox.db", "inbox.db-wal"] {
        line.extend(["-P".into(), world.path("state").join(file).into()]);
    }
    line
}

/// Waits until this life has come to its end, and takes the host away.
///
/// # Errors
/// It ended by itself, or another one did.
pub async fn ended(hosts: &mut Hosts, at: usize, end: &End) -> anyhow::Result<()> {
    if let End::Moment(after) = end {
        tokio::time::sleep(*after).await;
        hosts.all_run_but(None)?;
        let host = hosts.get(at).process.take();
        host.context("the victim runs")?.kill();
        return Ok(());
    }
    loop {
        hosts.all_run_but(Some(at))?;
        let process = hosts.get(at).process.as_mut().context("the victim runs")?;
        if let Some(status) = process.ended() {
            let (how, log) = (Process::describe(status), process.log_tail());
            ensure!(status.signal() == Some(9), "a host ended by itself ({how}):\n{log}");
            hosts.get(at).process = None;
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Comes back only if a host ends by itself.
///
/// # Errors
/// Then, with the end of its log.
pub async fn all_run(hosts: &mut Hosts) -> anyhow::Result<Infallible> {
    loop {
        hosts.all_run_but(None)?;
        tokio::time::sleep(POLL).await;
    }
}
