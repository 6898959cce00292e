//! Measurements, by hand: optimised programs, on a machine that should do nothing else.

use std::process::{Command, ExitCode};

use anyhow::Context as _;

use crate::workspace::Workspace;
use crate::{children, plugins, tools};

/// What can be measured.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Subject {
    /// What a plugin's call costs in the host.
    Plugins,
    /// What the configuration of a large installation costs.
    Config,
    /// What a delivery costs, from its socket to the end of its tasks.
    Deliveries,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Self::Plugins => "plugins",
            Self::Config => "config",
            Self::Deliveries => "deliveries",
        }
    }
}

/// Builds what is measured, with optimisations, and measures it; the figures lie in `<target>/bench/<subject>.json` then.
pub(crate) fn run(workspace: &Workspace, subject: Subject) -> anyhow::Result<ExitCode> {
    let commit = tools::output(Command::new("git").args(["rev-parse", "HEAD"]).current_dir(&workspace.root));
    let changed = tools::output(Command::new("git").args(["status", "--porcelain"]).current_dir(&workspace.root));
    let and_changes = if changed.is_some_and(|changed| !changed.is_empty()) { "+changes" } else { "" };
    let commit = format!("{}{and_changes}", commit.as_deref().unwrap_or("unknown"));
    let dir = workspace.target.join("bench");
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
    plugins::build(workspace)?;
    let mut programs = children::cargo();
    programs.args(["build", "--workspace", "--bins", "--profile", "bench"]);
    children::run("build optimised programs", programs.current_dir(&workspace.root))?;
    let name = subject.name();
    let mut bench = children::cargo();
    bench.args(["bench", "--workspace", "--bench", name, "--"]).arg(dir.join(format!("{name}.json"))).arg(commit);
    children::run(&format!("measure {name}"), bench.current_dir(&workspace.root))?;
    Ok(ExitCode::SUCCESS)
}
