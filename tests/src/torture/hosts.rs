//! The hosts of a world: one with its inbox in a file, or several on one PostgreSQL.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use database::Server;
use store::Inbox;

use super::desk;
use crate::process::Process;
use crate::world::{HostPorts, World};

/// How many hosts there are where they share an inbox.
const SEVERAL: usize = 3;

/// What hosts are to be started.
#[derive(Clone)]
pub enum Kind {
    /// One, with a file.
    One,
    /// Three, on a database of this server.
    Several(Arc<Server>),
}

/// Where the inbox is.
#[derive(Debug, Clone)]
pub enum Place {
    /// In this file.
    File(PathBuf),
    /// On the PostgreSQL of this URL.
    Database(String),
}

/// The hosts, running or not.
pub struct Hosts {
    kind: Kind,
    place: Place,
    all: Vec<Host>,
}

/// One of them, from one start to the next.
pub struct Host {
    name: String,
    ports: HostPorts,
    /// None while it does not run.
    pub process: Option<Process>,
}

impl Kind {
    /// How many hosts these are.
    #[must_use]
    pub fn count(&self) -> usize {
        match self {
            Self::One => 1,
            Self::Several(_) => SEVERAL,
        }
    }
}

impl Place {
    /// The inbox, to look at.
    ///
    /// # Errors
    /// If no host has made it yet, or it cannot be reached.
    pub async fn open(&self) -> anyhow::Result<Inbox> {
        Ok(match self {
            Self::File(path) => Inbox::open_read_only(path).await?,
            Self::Database(url) => Inbox::connect_read_only(&store::Server::parse(url, None)?).await?,
        })
    }
}

impl Hosts {
    /// Those of this world; none is started yet.
    ///
    /// # Errors
    /// If a directory cannot be made, or there are no ports.
    pub fn new(world: &mut World, kind: &Kind) -> anyhow::Result<Self> {
        let (place, all) = match kind {
            Kind::One => {
                let host = Host { name: "state".to_owned(), ports: world.ports.host(), process: None };
                (Place::File(world.inbox_file()), vec![host])
            }
            Kind::Several(server) => {
                let url = server.database();
                world.tell_host([format!("--inbox={url}").into()]);
                let all = (1..=SEVERAL).map(|number| several(world, number)).collect::<anyhow::Result<_>>()?;
                (Place::Database(url), all)
            }
        };
        Ok(Self { kind: kind.clone(), place, all })
    }

    /// Where their webhooks are.
    #[must_use]
    pub fn hooks(&self) -> Vec<String> {
        self.all.iter().map(|host| format!("http://127.0.0.1:{}/hook", host.ports.hook)).collect()
    }

    /// Where their inbox is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// One of them.
    pub fn get(&mut self, at: usize) -> &mut Host {
        &mut self.all[at]
    }

    /// Starts all that do not run, but for one.
    ///
    /// # Errors
    /// If one cannot be started.
    pub fn start_all_but(&mut self, world: &World, victim: Option<usize>) -> anyhow::Result<()> {
        for (at, host) in self.all.iter_mut().enumerate() {
            if host.process.is_none() && victim != Some(at) {
                host.start(world, &[])?;
            }
        }
        Ok(())
    }

    /// Fails if one of them has ended, but for one that may.
    ///
    /// # Errors
    /// With the end of its log.
    pub fn all_run_but(&mut self, victim: Option<usize>) -> anyhow::Result<()> {
        for (at, host) in self.all.iter_mut().enumerate() {
            if let Some(process) = host.process.as_mut().filter(|_| victim != Some(at))
                && let Some(status) = process.ended()
            {
                bail!("{} ended by itself ({}):\n{}", host.name, Process::describe(status), process.log_tail());
            }
        }
        Ok(())
    }

    /// How many effects the one with this process id has left between their intents and their results. It has just been killed.
    ///
    /// # Errors
    /// If the inbox cannot be read.
    pub async fn in_doubt(&self, pid: u32) -> anyhow::Result<usize> {
        let (Kind::Several(server), Place::Database(url)) = (&self.kind, &self.place) else {
            let Place::File(path) = &self.place else { bail!("a host alone has its inbox in a file") };
            return desk::in_doubt(path).await;
        };
        // What the others do has its intents, too: those count whose keys are still leased to the dead.
        let sql = format!(
            "SELECT count(*) FROM journal j JOIN tasks t ON t.id = j.task AND t.round = j.round
               JOIN deliveries d ON d.id = t.delivery JOIN leases l ON l.key = d.lease_key
               JOIN sessions s ON s.id = l.session
             WHERE j.kind <> 'read' AND j.result IS NULL AND t.state IN ('queued', 'parked') AND s.host LIKE '%/{pid}'"
        );
        let count = tokio::task::block_in_place(|| server.sql(url, &sql));
        count.trim().parse().with_context(|| format!("a count, and not `{count}`"))
    }
}

impl Host {
    /// Starts it, by way of another program where `by` names one with its arguments, which then becomes the host.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(&mut self, world: &World, by: &[OsString]) -> anyhow::Result<&mut Process> {
        let process = world.start_another_by(by, &self.name, self.ports)?;
        Ok(self.process.insert(process))
    }
}

/// A host with a state directory of its own, but for the ProwJobs: without an API server they are in one file for all.
fn several(world: &World, number: usize) -> anyhow::Result<Host> {
    let name = format!("host-{number}");
    let state = world.path(&name);
    std::fs::create_dir_all(&state).context("making a state directory")?;
    let jobs = world.prowjobs_file();
    let own = state.join(jobs.file_name().context("a file has a name")?);
    symlink(&jobs, own).context("sharing the ProwJobs")?;
    Ok(Host { name, ports: HostPorts::free()?, process: None })
}
