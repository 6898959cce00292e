//! The programs of other languages: found, started, and their failure told.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// A tool that is not on this machine. The command says what it is for and how to get it.
#[derive(Debug)]
pub(crate) struct Missing {
    /// What was looked for.
    pub(crate) tool: &'static str,
    /// How to get it.
    pub(crate) how: &'static str,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is missing: {}", self.tool, self.how)
    }
}

impl std::error::Error for Missing {}

/// The first of these names that is in one of `beside` or on PATH.
pub(crate) fn find(names: &[&str], beside: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = beside.iter().cloned().chain(std::env::split_paths(&path)).collect();
    names.iter().find_map(|name| dirs.iter().map(|dir| dir.join(name)).find(|file| file.is_file()))
}

/// Runs a tool to its end. What it says is shown only if it fails: with success, it has nothing to say that matters.
///
/// # Errors
/// With all that it said.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = name(command.get_program());
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start {name}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stderr, output.stdout].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let said = said.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n");
    bail!("{name} ended with {}:\n{said}", output.status)
}

/// Runs a tool that takes its time and tells of its progress itself.
///
/// # Errors
/// If it fails.
pub(crate) fn run_openly(command: &mut Command) -> anyhow::Result<()> {
    let name = name(command.get_program());
    // What it prints goes to where progress goes: standard output is for results.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
    let status = status.with_context(|| format!("cannot start {name}"))?;
    if status.success() { Ok(()) } else { bail!("{name} ended with {status}") }
}

fn name(program: &OsStr) -> String {
    Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_beside_the_plugin_comes_before_others() {
        let dir = tempfile::tempdir().unwrap();
        let own = dir.path().join("sh");
        std::fs::write(&own, "").unwrap();
        assert_eq!(find(&["sh"], &[dir.path().to_owned()]), Some(own));
        assert!(find(&["sh"], &[]).is_some());
        assert_eq!(find(&["no-such-tool-anywhere"], &[]), None);
    }

    #[test]
    fn a_tool_that_fails_is_quoted() {
        let error = run(Command::new("sh").args(["-c", "echo out; echo 'line 3: no' >&2; exit 4"])).unwrap_err();
        assert_eq!(error.to_string(), "sh ended with exit status: 4:\nline 3: no\nout");
        run(Command::new("sh").args(["-c", "echo fine >&2"])).unwrap();
    }
}
