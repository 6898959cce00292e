//! Python, by componentize-py: the interpreter and the program, snapshot after its start.

use std::process::Command;

use super::{Project, made};
use crate::plugin::tool::{self, Missing};

pub(super) fn build(project: &Project<'_>) -> anyhow::Result<Vec<u8>> {
    let beside = [project.dir.join(".venv/bin"), project.dir.join("venv/bin")];
    let tool = tool::find(&["componentize-py"], &beside).ok_or(Missing {
        tool: "componentize-py",
        how: "`pip install componentize-py==0.25.1` (an environment in .venv beside plugin.py is found, too)",
    })?;
    let component = project.work.join("component.wasm");
    let mut command = Command::new(tool);
    command.arg("-d").arg(&project.world.dir).args(["-w", &project.world.name, "-q", "componentize", "plugin"]);
    // Without WASI: there is nothing in it that could be asked for.
    command.arg("-s").arg("-p").arg(project.dir).arg("-o").arg(&component);
    tool::run(command.current_dir(project.dir))?;
    made(&component)
}
