//! `up.json`: where the parts of a running system listen and under which process ids, for tools and tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::{Plan, Role};
use super::ports::Ports;

const FILE: &str = "up.json";

/// What the file says. It stays when the system ends, without process ids, so that the next start can take the same
/// ports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The process that keeps the others; none: the system has ended.
    pub(crate) pid: Option<u32>,
    /// When it was started.
    pub(crate) started_at: Timestamp,
    /// Whether every part has come up.
    pub(crate) ready: bool,
    /// The state directory, absolute.
    pub(crate) state_dir: PathBuf,
    /// Where everything listens.
    pub(crate) ports: Ports,
    /// The addresses that people and programs use.
    pub(crate) urls: Urls,
    /// The process ids of `sim`, `host` and `controller`, as far as they run.
    pub(crate) pids: BTreeMap<String, u32>,
}

/// Addresses, all on loopback.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Urls {
    /// The stand-in GitHub.
    pub(crate) github: String,
    /// Where webhooks go.
    pub(crate) hook: String,
    /// What the host knows of itself.
    pub(crate) status: String,
    /// The host's metrics.
    pub(crate) host_metrics: String,
    /// The jobs' logs.
    pub(crate) job_logs: String,
    /// The controller's metrics.
    pub(crate) controller_metrics: String,
}

impl Record {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            pid: Some(std::process::id()),
            started_at: Timestamp::now(),
            ready: false,
            state_dir: plan.state_dir.clone(),
            ports: plan.ports,
            urls: Urls {
                github: plan.github(),
                hook: plan.hook(),
                status: format!("{}/status", plan.host_health()),
                host_metrics: plan.host_metrics(),
                job_logs: plan.job_logs(),
                controller_metrics: plan.controller_metrics(),
            },
            pids: BTreeMap::new(),
        }
    }

    /// Notes that a part runs, or no longer.
    pub(super) fn note(&mut self, role: Role, pid: Option<u32>) -> anyhow::Result<()> {
        match pid {
            Some(pid) => self.pids.insert(role.as_str().to_owned(), pid),
            None => self.pids.remove(role.as_str()),
        };
        self.write()
    }

    /// Notes that every part has come up.
    pub(super) fn note_ready(&mut self) -> anyhow::Result<()> {
        self.ready = true;
        self.write()
    }

    /// Notes that all have ended.
    pub(super) fn note_ended(&mut self) -> anyhow::Result<()> {
        (self.pid, self.ready) = (None, false);
        self.pids.clear();
        self.write()
    }

    /// By renaming, so that a reader never sees half of it.
    fn write(&self) -> anyhow::Result<()> {
        let path = self.state_dir.join(FILE);
        let new = path.with_extension("json.new");
        let text = serde_json::to_string_pretty(self).context("cannot write the record as JSON")?;
        let written = std::fs::write(&new, text + "\n").and_then(|()| std::fs::rename(&new, &path));
        written.with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The record of the running or last system in a state directory; none if there never was one.
pub(crate) fn read(state_dir: &Path) -> anyhow::Result<Option<Record>> {
    let path = state_dir.join(FILE);
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    let record = serde_json::from_slice(&text);
    record.map(Some).with_context(|| format!("{} is not what `bowsprit up` wrote: delete it", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_is_kept_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
        let plan = Plan { state_dir: dir.path().to_owned(), ..crate::up::plan::example() };
        let mut record = Record::new(&plan);
        record.note(Role::Host, Some(42)).unwrap();
        record.note(Role::Sim, Some(43)).unwrap();
        record.note(Role::Sim, None).unwrap();
        record.note_ready().unwrap();
        let seen = read(dir.path()).unwrap().unwrap();
        assert_eq!(seen, record);
        assert_eq!((seen.pids["host"], seen.pids.len(), seen.ready), (42, 1, true));
        assert_eq!(seen.urls.hook, "http://127.0.0.1:2/hook");

        record.note_ended().unwrap();
        let seen = read(dir.path()).unwrap().unwrap();
        assert_eq!((seen.pid, seen.ready, seen.pids.len(), seen.ports), (None, false, 0, plan.ports));

        std::fs::write(dir.path().join(FILE), "{").unwrap();
        assert!(read(dir.path()).unwrap_err().to_string().contains("delete it"));
    }
}
