//! Processes of this machine, told apart for sure, and their descendants.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

/// A process, with what tells it from a later one of the same number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// When it began, in clock ticks since the machine started (field 22 of `/proc/<pid>/stat`).
    pub start_ticks: u64,
    /// Which start of the machine that was.
    pub boot_id: String,
    /// When it was written down.
    pub since: Timestamp,
}

/// What `/proc/<pid>/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    state: u8,
    parent: i32,
    session: i32,
    start_ticks: u64,
}

impl Process {
    /// This process.
    ///
    /// # Errors
    /// If `/proc` cannot be read.
    pub fn current(now: Timestamp) -> io::Result<Self> {
        let pid = me();
        let stat = stat(pid).ok_or_else(|| io::Error::other("/proc does not show this process"))?;
        Ok(Self { pid, start_ticks: stat.start_ticks, boot_id: boot_id()?, since: now })
    }

    /// Whether it still runs. One that ended and was not collected does not.
    pub fn is_alive(&self) -> bool {
        boot_id().is_ok_and(|boot_id| boot_id == self.boot_id)
            && stat(self.pid).is_some_and(|stat| stat.start_ticks == self.start_ticks && !is_over(stat.state))
    }

    /// Sends it a signal, if it still runs.
    pub fn signal(&self, signal: Signal) {
        if self.is_alive() {
            send(self.pid, signal);
        }
    }
}

/// The number of this process.
pub fn me() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

/// All processes below `root`, without those in `spared`. Ended ones that were not collected are left out.
pub fn descendants(root: i32, spared: &[i32]) -> Vec<i32> {
    let all = all();
    let mut found = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        for (pid, stat) in all.iter().filter(|(_, stat)| stat.parent == parent) {
            parents.push(*pid);
            if !spared.contains(pid) && !is_over(stat.state) {
                found.push(*pid);
            }
        }
    }
    found
}

/// The processes, begun no earlier than `supervisor`, that carry `mark` (a `NAME=value`) in the environment that they
/// began with.
pub fn carriers(supervisor: &Process, mark: &str) -> Vec<i32> {
    since(supervisor).map(|(pid, _)| pid).filter(|pid| carries(*pid, mark)).collect()
}

/// The processes of the session that `supervisor` began; none where its number is another process's by now, since a
/// session of that number is then the other's.
pub fn session(supervisor: &Process) -> Vec<i32> {
    if stat(supervisor.pid).is_some_and(|stat| stat.start_ticks != supervisor.start_ticks) {
        return Vec::new();
    }
    since(supervisor).filter(|(_, stat)| stat.session == supervisor.pid).map(|(pid, _)| pid).collect()
}

/// All processes but this one that began no earlier than `supervisor` and still run.
fn since(supervisor: &Process) -> impl Iterator<Item = (i32, Stat)> {
    let same_boot = supervisor.pid != 0 && boot_id().is_ok_and(|boot_id| boot_id == supervisor.boot_id);
    let start_ticks = supervisor.start_ticks;
    let all = if same_boot { all() } else { HashMap::new() };
    all.into_iter().filter(move |(pid, stat)| stat.start_ticks >= start_ticks && !is_over(stat.state) && *pid != me())
}

/// Sends a signal; a process that is gone is no error.
pub fn send(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        // The only failures are that it is gone and that it is not ours; neither can be helped.
        let _ = kill_process(pid, signal);
    }
}

/// Kills what `find` finds until it finds nothing more, since what is found may fork before it dies. `after_each` runs
/// after each round. False: something was still there after `limit`.
pub fn kill_all(find: impl Fn() -> Vec<i32>, mut after_each: impl FnMut(), limit: Duration) -> bool {
    let end = Instant::now() + limit;
    loop {
        let found = find();
        // Stopped first: what stands still cannot fork between being seen and being killed.
        found.iter().for_each(|pid| send(*pid, Signal::STOP));
        found.iter().for_each(|pid| send(*pid, Signal::KILL));
        after_each();
        if found.is_empty() {
            return true;
        }
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn carries(pid: i32, mark: &str) -> bool {
    fs::read(Path::new("/proc").join(pid.to_string()).join("environ"))
        .is_ok_and(|environ| environ.split(|b| *b == 0).any(|entry| entry == mark.as_bytes()))
}

fn all() -> HashMap<i32, Stat> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return HashMap::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, stat(pid)?)))
        .collect()
}

fn stat(pid: i32) -> Option<Stat> {
    parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The program's name stands in parentheses and may hold anything, so fields are counted from its end.
fn parse(text: &str) -> Option<Stat> {
    let (_, rest) = text.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    Some(Stat {
        state: fields.first()?.bytes().next()?,
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        start_ticks: fields.get(19)?.parse().ok()?,
    })
}

fn is_over(state: u8) -> bool {
    matches!(state, b'Z' | b'X' | b'x')
}

fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_name_with_parentheses_and_blanks_is_read() {
        let text = "42 (a) b (c) S 7 8 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 1 2";
        assert_eq!(parse(text), Some(Stat { state: b'S', parent: 7, session: 9, start_ticks: 12345 }));
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn another_start_time_or_boot_is_another_process() {
        let me = Process::current(Timestamp::now()).unwrap();
        assert!(me.is_alive());
        assert!(!Process { start_ticks: me.start_ticks + 1, ..me.clone() }.is_alive());
        assert!(!Process { boot_id: "other".into(), ..me }.is_alive());
    }

    #[test]
    fn a_tree_is_found_and_killed() {
        let mut child = Command::new("sh").args(["-c", "sleep 600 & sleep 600 & wait"]).spawn().unwrap();
        let pid = child.id() as i32;
        while descendants(pid, &[]).len() < 2 {
            std::thread::yield_now();
        }
        let spared = descendants(pid, &[])[0];
        assert!(!descendants(pid, &[spared]).contains(&spared));
        let tree = descendants(pid, &[]);
        assert!(kill_all(|| descendants(pid, &[]), || (), Duration::from_secs(10)));
        child.wait().unwrap();
        for pid in tree {
            assert!(stat(pid).is_none_or(|stat| is_over(stat.state)), "{pid} lives");
        }
    }
}
