//! C, by clang with wasi-libc. What the C library would ask of WASI, the stub adapter answers.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;

use super::{Project, adapter, bindgen, files, made};
use crate::plugin::tool::{self, Missing};

const HOW: &str = "on Debian and Ubuntu `apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32`; \
    elsewhere the WASI SDK, named by WASI_SDK_PATH";

pub(super) fn build(project: &Project<'_>) -> anyhow::Result<Vec<u8>> {
    let sdk: Vec<PathBuf> = std::env::var_os("WASI_SDK_PATH").map(PathBuf::from).into_iter().collect();
    let beside: Vec<PathBuf> = sdk.iter().map(|dir| dir.join("bin")).collect();
    let names: &[&str] =
        if sdk.is_empty() { &["clang-19", "clang-18", "clang-17", "clang-16", "clang"] } else { &["clang"] };
    let clang = tool::find(names, &beside).ok_or(Missing { tool: "clang", how: HOW })?;
    let bindings = bindgen::generate(project, "c")?;
    let core = project.work.join("core.wasm");
    let mut command = Command::new(clang);
    command.args([
        "--target=wasm32-wasi",
        "-Os",
        "-mexec-model=reactor",
        "-Wl,-z,stack-size=131072",
        "-Wl,--strip-debug",
    ]);
    for dir in &sdk {
        command.arg("--sysroot").arg(dir.join("share/wasi-sysroot"));
    }
    command.arg("-I").arg(&bindings).args(files(project.dir, "c")?).args(files(&bindings, "c")?);
    // It carries the world into the module.
    command.args(files(&bindings, "o")?).arg("-o").arg(&core);
    tool::run(command.current_dir(project.dir)).with_context(|| format!("does clang have wasi-libc? {HOW}"))?;
    componentize::encode_with(&made(&core)?, &adapter::stub()?)
}
