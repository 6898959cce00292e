//! Three hosts, each a process with a state directory of its own.

use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, bail};
use database::Server;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use store::Inbox;
use tests::process::{Process, tail};
use tests::world::{HostPorts, World};

/// How long a host may take to be ready, and anything else to be seen.
const READY: Duration = Duration::from_secs(300);
const SOON: Duration = Duration::from_secs(60);

pub(super) struct Fleet<'a> {
    server: &'a Server,
    url: &'a str,
    hosts: Vec<Host>,
}

struct Host {
    name: String,
    ports: HostPorts,
    /// None, when it has ended.
    process: Option<Process>,
    /// As the inbox calls its last process.
    pid: u32,
}

impl<'a> Fleet<'a> {
    pub(super) async fn start(world: &World, server: &'a Server, url: &'a str) -> anyhow::Result<Self> {
        let mut fleet = Self { server, url, hosts: Vec::new() };
        for number in 1..=3 {
            let (name, ports) = (format!("host-{number}"), HostPorts::free()?);
            fleet.hosts.push(Host { name, ports, process: None, pid: 0 });
        }
        for number in 0..3 {
            fleet.begin(world, number)?;
        }
        for number in 0..3 {
            fleet.ready(world, number).await?;
        }
        Ok(fleet)
    }

    pub(super) fn hooks(&self) -> Vec<String> {
        self.hosts.iter().map(|host| format!("http://127.0.0.1:{}/hook", host.ports.hook)).collect()
    }

    pub(super) async fn inbox(&self) -> anyhow::Result<Inbox> {
        Ok(Inbox::connect_read_only(&store::Server::parse(self.url, None)?).await?)
    }

    fn begin(&mut self, world: &World, number: usize) -> anyhow::Result<()> {
        let host = &mut self.hosts[number];
        let process = world.start_another(&host.name, host.ports)?;
        (host.pid, host.process) = (process.pid(), Some(process));
        Ok(())
    }

    async fn ready(&mut self, world: &World, number: usize) -> anyhow::Result<()> {
        let host = &mut self.hosts[number];
        let url = format!("http://127.0.0.1:{}/healthz/ready", host.ports.health);
        let begun = std::time::Instant::now();
        while !world.http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            let process = host.process.as_mut().context("it was started")?;
            if process.ended().is_some() || begun.elapsed() > READY {
                bail!("{} is not ready:\n{}", host.name, process.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Starts one again that has ended.
    pub(super) async fn restart(&mut self, world: &World, number: usize) -> anyhow::Result<()> {
        self.begin(world, number)?;
        self.ready(world, number).await
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self, number: usize) {
        self.hosts[number].process.take().expect("it runs").kill();
    }

    pub(super) fn signal(&self, number: usize, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.hosts[number].pid).expect("an id")).expect("of a process");
        kill_process(pid, signal).expect("it runs");
    }

    /// SIGTERM, and how it ended.
    pub(super) fn end(&mut self, number: usize) -> ExitStatus {
        let mut process = self.hosts[number].process.take().expect("it runs");
        tokio::task::block_in_place(|| process.stop())
    }

    /// Waits until some host has tasks that are not finished, and gives the one that has the most.
    pub(super) async fn busiest(&self, world: &mut World) -> anyhow::Result<usize> {
        let sql = "SELECT substring(s.host FROM '[0-9]+$') FROM tasks t JOIN deliveries d ON d.id = t.delivery
              JOIN leases l ON l.key = d.lease_key JOIN sessions s ON s.id = l.session
            WHERE t.state IN ('queued', 'parked') GROUP BY s.host ORDER BY count(*) DESC LIMIT 1";
        let look = async |_: &World| {
            let pid = tokio::task::block_in_place(|| self.server.sql(self.url, sql));
            let found = self.hosts.iter().position(|host| host.process.is_some() && host.pid.to_string() == pid);
            found.ok_or_else(|| format!("`{pid}`"))
        };
        world.wait("a host to have work", SOON, look).await
    }

    /// Waits until the host has no key any more.
    pub(super) async fn taken_over(&self, world: &mut World, number: usize) -> anyhow::Result<()> {
        let sql = format!(
            "SELECT count(*) FROM leases l JOIN sessions s ON s.id = l.session WHERE s.host LIKE '%/{}'",
            self.hosts[number].pid
        );
        let look = async |_: &World| match tokio::task::block_in_place(|| self.server.sql(self.url, &sql)).as_str() {
            "0" => Ok(()),
            left => Err(format!("{left} keys")),
        };
        world.wait("a host's keys to be taken over", SOON, look).await
    }

    pub(super) async fn status(&self, world: &World, number: usize) -> anyhow::Result<Value> {
        let url = format!("http://127.0.0.1:{}/status", self.hosts[number].ports.health);
        world.http.get(&url).send().await?.json().await.context("reading /status")
    }

    pub(super) fn logs(&self, world: &World) -> String {
        let tail =
            |host: &Host| format!("--- {}\n{}\n", host.name, tail(&world.path(&format!("{}.log", host.name)), 60));
        self.hosts.iter().map(tail).collect()
    }
}

impl Drop for Fleet<'_> {
    /// One that was stopped hears nothing else.
    fn drop(&mut self) {
        for host in &mut self.hosts {
            if let Some(process) = &mut host.process {
                process.kill();
            }
        }
    }
}
