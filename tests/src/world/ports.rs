//! Where a world's servers listen.

use counterparts::free_port;

/// The ports of one world.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// The stand-in GitHub.
    pub sim: u16,
    /// The webhook.
    pub hook: u16,
    /// `/healthz` and `/status` of the host.
    pub health: u16,
    /// `/metrics` of the host.
    pub metrics: u16,
    /// The jobs' logs.
    pub logs: u16,
    /// `/healthz` of the controller.
    pub controller_health: u16,
    /// `/metrics` of the controller.
    pub controller_metrics: u16,
}

/// The ports of one host.
#[derive(Debug, Clone, Copy)]
pub struct HostPorts {
    /// The webhook.
    pub hook: u16,
    /// `/healthz` and `/status`.
    pub health: u16,
    /// `/metrics`.
    pub metrics: u16,
}

impl HostPorts {
    /// Ports that nobody listens on.
    ///
    /// # Errors
    /// If none are left.
    pub fn free() -> anyhow::Result<Self> {
        Ok(Self { hook: free_port()?, health: free_port()?, metrics: free_port()? })
    }
}

impl Ports {
    /// Those of the world's own host.
    #[must_use]
    pub fn host(&self) -> HostPorts {
        HostPorts { hook: self.hook, health: self.health, metrics: self.metrics }
    }

    pub(super) fn free() -> anyhow::Result<Self> {
        Ok(Self {
            sim: free_port()?,
            hook: free_port()?,
            health: free_port()?,
            metrics: free_port()?,
            logs: free_port()?,
            controller_health: free_port()?,
            controller_metrics: free_port()?,
        })
    }
}
