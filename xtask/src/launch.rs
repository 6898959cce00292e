//! `cargo xtask demo`, `torture` and `up`: everything built, then handed over.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::workspace::Workspace;
use crate::{children, plugins};

/// Plays the demo's conversation; its exit code is ours.
pub(crate) fn demo(workspace: &Workspace, args: &[OsString]) -> anyhow::Result<ExitCode> {
    run(workspace, "demo", args)
}

/// Runs the torture test; its exit code is ours.
pub(crate) fn torture(workspace: &Workspace, args: &[OsString]) -> anyhow::Result<ExitCode> {
    run(workspace, "torture", args)
}

/// Becomes `bowsprit up`, so that Ctrl-C reaches it and nobody stands between.
pub(crate) fn up(workspace: &Workspace, args: &[OsString]) -> anyhow::Result<ExitCode> {
    let args = with_examples(&workspace.root, args);
    let error = built(workspace, "bowsprit")?.arg("up").args(args).exec();
    Err(error).context("cannot run bowsprit")
}

/// Shows the options of `bowsprit up`.
pub(crate) fn up_help(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    help(workspace, "bowsprit", &["up", "--help"])
}

/// Shows the options of the torture test.
pub(crate) fn torture_help(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    help(workspace, "torture", &["--help"])
}

/// Has a program say what it can do, if it was built before; nobody waits minutes for a help text.
fn help(workspace: &Workspace, name: &str, args: &[&str]) -> anyhow::Result<ExitCode> {
    let program = workspace.program(name);
    if !program.exists() {
        println!("The program `{name}` has these options, and is not built yet: this chore builds it first.");
        return Ok(ExitCode::SUCCESS);
    }
    let error = Command::new(program).args(args).exec();
    Err(error).with_context(|| format!("cannot run {name}"))
}

/// Whether help is all that is asked for.
pub(crate) fn asks_for_help(args: &[OsString]) -> bool {
    args.iter().any(|arg| arg == "--help" || arg == "-h")
}

/// The arguments, with the example configuration of the checkout where none is given: `cargo xtask` may be called from
/// anywhere below it.
fn with_examples(root: &Path, args: &[OsString]) -> Vec<OsString> {
    let mut all = args.to_vec();
    for (flag, file) in [("--config-path", "config.yaml"), ("--plugin-config", "plugins.yaml")] {
        let given = args.iter().map(|arg| arg.to_string_lossy());
        if !given.into_iter().any(|arg| arg.split('=').next() == Some(flag)) {
            all.push(flag.into());
            all.push(root.join(file).into());
        }
    }
    all
}

fn run(workspace: &Workspace, program: &str, args: &[OsString]) -> anyhow::Result<ExitCode> {
    let status = built(workspace, program)?.args(args).status().with_context(|| format!("cannot run {program}"))?;
    // What a signal ended has no code.
    Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}

fn built(workspace: &Workspace, program: &str) -> anyhow::Result<Command> {
    plugins::build(workspace)?;
    children::build(workspace)?;
    let mut command = Command::new(workspace.program(program));
    command.envs(workspace.environment());
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(args: &str, want: &str) {
        let args: Vec<OsString> = args.split_whitespace().map(OsString::from).collect();
        let got: Vec<_> =
            with_examples(Path::new("/src"), &args).iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        assert_eq!(got.join(" "), want);
    }

    #[test]
    fn the_checkout_s_examples_stand_in_for_what_is_not_given() {
        check("", "--config-path /src/config.yaml --plugin-config /src/plugins.yaml");
        check("--config-path=mine.yaml", "--config-path=mine.yaml --plugin-config /src/plugins.yaml");
        check("--plugin-config p --config-path c", "--plugin-config p --config-path c");
    }

    #[test]
    fn help_is_asked_for_in_two_ways() {
        assert!(asks_for_help(&["--help".into()]) && asks_for_help(&["--free-ports".into(), "-h".into()]));
        assert!(!asks_for_help(&["--free-ports".into()]));
    }
}
