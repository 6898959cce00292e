//! `wit-bindgen`: the world as C's and Go's declarations.

use std::path::PathBuf;
use std::process::Command;

use super::{Project, fresh};
use crate::plugin::tool::{self, Missing};

/// The world's bindings for `language`, in a directory of their own.
pub(super) fn generate(project: &Project<'_>, language: &str) -> anyhow::Result<PathBuf> {
    let tool = tool::find(&["wit-bindgen"], &[])
        .ok_or(Missing { tool: "wit-bindgen", how: "`cargo install wit-bindgen-cli@0.61.1 --locked`" })?;
    let dir = fresh(project.work.join("bindings"))?;
    let mut command = Command::new(tool);
    command.arg(language).arg(&project.world.dir).args(["-w", &project.world.name, "--out-dir"]).arg(&dir);
    tool::run(&mut command)?;
    Ok(dir)
}
