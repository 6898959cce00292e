//! `cargo xtask demo` and `cargo xtask up`: everything built, then handed over.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::workspace::Workspace;
use crate::{children, plugins};

/// Plays the demo's conversation; its exit code is ours.
pub(crate) fn demo(workspace: &Workspace, args: &[OsString]) -> anyhow::Result<ExitCode> {
    let status = built(workspace, "demo")?.args(args).status().context("cannot run the demo")?;
    // A demo that a signal ended has no code.
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

/// Becomes `bowsprit up`, so that Ctrl-C reaches it and nobody stands between.
pub(crate) fn up(workspace: &Workspace, args: &[OsString]) -> anyhow::Result<ExitCode> {
    let error = built(workspace, "bowsprit")?.arg("up").args(args).exec();
    Err(error).context("cannot run bowsprit")
}

fn built(workspace: &Workspace, program: &str) -> anyhow::Result<Command> {
    plugins::build(workspace)?;
    children::build(workspace)?;
    let mut command = Command::new(workspace.program(program));
    command.envs(workspace.environment());
    Ok(command)
}
