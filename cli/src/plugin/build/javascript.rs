//! JavaScript, by componentize-qjs: QuickJS and the script, snapshot after its start.

use std::process::Command;

use super::{Project, made};
use crate::plugin::tool::{self, Missing};

pub(super) fn build(project: &Project<'_>) -> anyhow::Result<Vec<u8>> {
    let beside = [project.dir.join("node_modules/.bin")];
    let tool = tool::find(&["componentize-qjs"], &beside).ok_or(Missing {
        tool: "componentize-qjs",
        how: "`npm install componentize-qjs@0.4.5` in the plugin's folder, or with -g for all",
    })?;
    let component = project.work.join("component.wasm");
    let mut command = Command::new(tool);
    command.arg("-w").arg(&project.world.dir).args(["-n", &project.world.name]);
    command.arg("-j").arg(project.dir.join("plugin.js")).arg("-o").arg(&component);
    // Without WASI, and without the asynchronous calls that the contract does not have.
    command.args(["--stub-wasi", "--sync"]);
    tool::run(command.current_dir(project.dir))?;
    made(&component)
}
