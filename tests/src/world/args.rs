//! The command lines of a world's processes.

use std::ffi::OsString;
use std::path::Path;

use apiserver::ADMIN;

use super::{HostPorts, World};

impl World {
    /// The command line of the host.
    #[must_use]
    pub fn host_args(&self) -> Vec<OsString> {
        self.host_args_at("state", self.ports.host())
    }

    /// The same for a host with this state directory and these ports.
    pub(super) fn host_args_at(&self, state: &str, ports: HostPorts) -> Vec<OsString> {
        let flags = [
            ("--plugin-config", self.path("plugins.yaml").into()),
            ("--hmac-secret-file", self.path("hmac").into()),
            ("--plugins-dir", self.programs.plugins.clone().into()),
            ("--port", number(ports.hook)),
            ("--metrics-port", number(ports.metrics)),
            ("--health-port", number(ports.health)),
            ("--grace-period", "5s".into()),
        ];
        let mut args = self.args("host", state, flags);
        args.extend(self.more.iter().cloned());
        args
    }

    /// The command line of the controller.
    #[must_use]
    pub fn controller_args(&self) -> Vec<OsString> {
        let flags = [
            ("--port", number(self.ports.logs)),
            ("--metrics-port", number(self.ports.controller_metrics)),
            ("--health-port", number(self.ports.controller_health)),
        ];
        self.args("controller", "state", flags)
    }

    fn args<const N: usize>(&self, who: &str, state: &str, own: [(&str, OsString); N]) -> Vec<OsString> {
        let common = [
            ("--config-path", self.path("config.yaml").into()),
            ("--github-endpoint", self.sim.base().into()),
            ("--state-dir", self.path(state).into()),
            ("--dry-run", self.dry_run.to_string().into()),
        ];
        let of_kubernetes = self.apiserver.iter().map(|server| ("--kubeconfig", server.kubeconfig(ADMIN).into()));
        let flags = common.into_iter().chain(self.identity.iter().cloned()).chain(of_kubernetes).chain(own);
        let joined = flags.map(|(flag, value): (&str, OsString)| {
            let mut joined = OsString::from(format!("{flag}="));
            joined.push(value);
            joined
        });
        [who.into(), ends_with_us()].into_iter().chain(joined).collect()
    }
}

pub(super) fn sim_args(port: u16, state: &Path) -> Vec<OsString> {
    let mut args: Vec<OsString> = ["sim", "serve", "--port"].map(OsString::from).into();
    args.extend([number(port), "--state-dir".into(), state.into(), ends_with_us()]);
    args
}

/// So that a test that is killed leaves no servers behind.
fn ends_with_us() -> OsString {
    format!("--end-with-parent={}", std::process::id()).into()
}

fn number(port: u16) -> OsString {
    port.to_string().into()
}
