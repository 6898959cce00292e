//! A server that ends when whoever started it does, so that a killed `bowsprit up` leaves nothing behind.

use anyhow::{Context as _, bail};
use clap::Args;

/// The option's name, for whoever starts servers.
pub(crate) const FLAG: &str = "--end-with-parent";

#[derive(Debug, Clone, Args)]
pub(crate) struct ParentArgs {
    /// End in order when the process of this id, which must be the parent, is no more.
    #[arg(long, global = true, hide = true, value_name = "PID")]
    end_with_parent: Option<i32>,
}

impl ParentArgs {
    /// Asks the kernel for a SIGTERM at the parent's end, if that was wanted.
    pub(crate) fn follow(&self) -> anyhow::Result<()> {
        let Some(parent) = self.end_with_parent else { return Ok(()) };
        ask_for_signal()?;
        // It may have ended before we asked.
        if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(parent) {
            bail!("process {parent}, which started this one, is no more");
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn ask_for_signal() -> anyhow::Result<()> {
    use rustix::process::{Signal, set_parent_process_death_signal};
    set_parent_process_death_signal(Some(Signal::TERM)).context("cannot ask for a signal at the parent's end")
}

/// Elsewhere there is no such thing; the servers then stay when `up` is killed, and the next `up` finds their ports taken.
#[cfg(not(target_os = "linux"))]
fn ask_for_signal() -> anyhow::Result<()> {
    Ok(())
}
