//! The ports of a system on one machine.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, bail};
use clap::Args;
use serde::{Deserialize, Serialize};

/// A port for each thing that listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ports {
    /// The stand-in GitHub.
    pub(crate) sim: u16,
    /// The host's webhook.
    pub(crate) hook: u16,
    /// The host's metrics.
    pub(crate) host_metrics: u16,
    /// The host's health and `/status`.
    pub(crate) host_health: u16,
    /// The controller's job logs.
    pub(crate) job_logs: u16,
    /// The controller's metrics.
    pub(crate) controller_metrics: u16,
    /// The controller's health.
    pub(crate) controller_health: u16,
}

const COUNT: u16 = 7;

const DEFAULT: Ports = Ports {
    sim: 8880,
    hook: 8888,
    host_metrics: 9090,
    host_health: 8081,
    job_logs: 8889,
    controller_metrics: 9091,
    controller_health: 8082,
};

#[derive(Debug, Clone, Default, Args)]
pub(super) struct PortArgs {
    /// Seven ports in a row from this one on, instead of the default ones.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..=(65_536 - COUNT as i64)))]
    port_base: Option<u16>,
    /// Ports that are free, the same as last time where they still are.
    #[arg(long, conflicts_with = "port_base")]
    free_ports: bool,
    /// The stand-in GitHub's port [default: 8880].
    #[arg(long, value_name = "PORT")]
    sim_port: Option<u16>,
    /// The webhook's port [default: 8888].
    #[arg(long, value_name = "PORT")]
    hook_port: Option<u16>,
    /// The port of the host's metrics [default: 9090].
    #[arg(long, value_name = "PORT")]
    metrics_port: Option<u16>,
    /// The port of the host's health and status [default: 8081].
    #[arg(long, value_name = "PORT")]
    health_port: Option<u16>,
    /// The port that serves the jobs' logs [default: 8889].
    #[arg(long, value_name = "PORT")]
    log_port: Option<u16>,
    /// The port of the controller's metrics [default: 9091].
    #[arg(long, value_name = "PORT")]
    controller_metrics_port: Option<u16>,
    /// The port of the controller's health [default: 8082].
    #[arg(long, value_name = "PORT")]
    controller_health_port: Option<u16>,
}

impl Ports {
    fn from_base(base: u16) -> Self {
        Self {
            sim: base,
            hook: base + 1,
            host_metrics: base + 2,
            host_health: base + 3,
            job_logs: base + 4,
            controller_metrics: base + 5,
            controller_health: base + 6,
        }
    }

    /// Each port with what it is for and the flag that chooses another.
    fn all(&self) -> [(u16, &'static str, &'static str); COUNT as usize] {
        [
            (self.sim, "the stand-in GitHub", "--sim-port"),
            (self.hook, "the webhook", "--hook-port"),
            (self.host_metrics, "the host's metrics", "--metrics-port"),
            (self.host_health, "the host's health and status", "--health-port"),
            (self.job_logs, "the jobs' logs", "--log-port"),
            (self.controller_metrics, "the controller's metrics", "--controller-metrics-port"),
            (self.controller_health, "the controller's health", "--controller-health-port"),
        ]
    }

    fn with(self, args: &PortArgs) -> Self {
        Self {
            sim: args.sim_port.unwrap_or(self.sim),
            hook: args.hook_port.unwrap_or(self.hook),
            host_metrics: args.metrics_port.unwrap_or(self.host_metrics),
            host_health: args.health_port.unwrap_or(self.host_health),
            job_logs: args.log_port.unwrap_or(self.job_logs),
            controller_metrics: args.controller_metrics_port.unwrap_or(self.controller_metrics),
            controller_health: args.controller_health_port.unwrap_or(self.controller_health),
        }
    }
}

/// The ports to use. `last` are those of the last start, which free ports prefer: links in what is kept stay true.
///
/// # Errors
/// If one is taken, names it and the flag that chooses another.
pub(super) fn choose(args: &PortArgs, last: Option<&Ports>) -> anyhow::Result<Ports> {
    let begin = match (args.free_ports, args.port_base, last) {
        (true, _, Some(last)) if check(&last.with(args)).is_ok() => *last,
        (true, _, _) => free()?,
        (false, Some(base), _) => Ports::from_base(base),
        (false, None, _) => DEFAULT,
    };
    let ports = begin.with(args);
    check(&ports)?;
    Ok(ports)
}

/// Whether each can be had now, for all of them at once.
fn check(ports: &Ports) -> anyhow::Result<()> {
    let mut held: Vec<(u16, &str, TcpListener)> = Vec::new();
    for (port, purpose, flag) in ports.all() {
        let out = format!("choose another with {flag}, or all others with --port-base or --free-ports");
        if let Some((_, other, _)) = held.iter().find(|(taken, _, _)| *taken == port) {
            bail!("port {port} cannot be both for {other} and for {purpose}: {out}");
        }
        let listener = listen(port).with_context(|| format!("port {port}, for {purpose}, cannot be had: {out}"))?;
        held.push((port, purpose, listener));
    }
    Ok(())
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
}

fn free() -> anyhow::Result<Ports> {
    // Held together, so that they differ.
    let held: Vec<TcpListener> = (0..COUNT).map(|_| listen(0)).collect::<Result<_, _>>().context("no free ports")?;
    let mut ports = Vec::new();
    for listener in &held {
        ports.push(listener.local_addr().context("a listener has no address")?.port());
    }
    Ok(Ports {
        sim: ports[0],
        hook: ports[1],
        host_metrics: ports[2],
        host_health: ports[3],
        job_logs: ports[4],
        controller_metrics: ports[5],
        controller_health: ports[6],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distinct(ports: &Ports) -> bool {
        let mut all: Vec<u16> = ports.all().iter().map(|(port, _, _)| *port).collect();
        all.sort_unstable();
        all.dedup();
        all.len() == usize::from(COUNT)
    }

    #[test]
    fn the_sets_do_not_clash_within_themselves() {
        assert!(distinct(&DEFAULT));
        assert!(distinct(&Ports::from_base(65_536u32.wrapping_sub(u32::from(COUNT)) as u16)));
    }

    #[test]
    fn a_flag_wins_over_the_base() {
        let args = PortArgs { hook_port: Some(7), ..PortArgs::default() };
        let ports = Ports::from_base(100).with(&args);
        assert_eq!((ports.sim, ports.hook, ports.host_metrics), (100, 7, 102));
    }

    #[test]
    fn free_ports_are_free_and_stay_the_same() {
        let args = PortArgs { free_ports: true, ..PortArgs::default() };
        let first = choose(&args, None).unwrap();
        assert!(distinct(&first));
        assert_eq!(choose(&args, Some(&first)).unwrap(), first);

        let _taken = listen(first.hook).unwrap();
        assert_ne!(choose(&args, Some(&first)).unwrap().hook, first.hook);
    }

    #[test]
    fn a_taken_port_is_named_with_its_flag() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let args = PortArgs { free_ports: true, log_port: Some(port), ..PortArgs::default() };
        let error = choose(&args, None).unwrap_err().to_string();
        assert!(error.contains(&format!("port {port}, for the jobs' logs")) && error.contains("--log-port"), "{error}");

        let mut twice = free().unwrap();
        twice.host_metrics = twice.hook;
        let error = check(&twice).unwrap_err().to_string();
        assert!(error.contains("cannot be both for the webhook and for the host's metrics"), "{error}");
    }
}
