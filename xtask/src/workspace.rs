//! Where the checkout and its build products lie.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

use crate::{children, counterparts, go};

/// The checkout that cargo started us in, and the target directory that cargo would use (`CARGO_TARGET_DIR`, a config
/// file, or `target/`).
pub(crate) struct Workspace {
    /// The directory of the root manifest.
    pub(crate) root: PathBuf,
    /// Absolute; may lie outside the checkout.
    pub(crate) target: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> anyhow::Result<Self> {
        // Not the working directory: `cargo xtask` may be called from anywhere below.
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("Cargo.toml");
        let found: Metadata = children::metadata(&manifest).context("cannot ask cargo where the workspace is")?;
        Ok(Self { root: found.workspace_root, target: found.target_directory })
    }

    /// The manifest of the plugins' workspace.
    pub(crate) fn plugins_manifest(&self) -> PathBuf {
        self.root.join("plugins/Cargo.toml")
    }

    /// Cargo's target directory for the plugins' workspace; apart, since another compiler may write there.
    pub(crate) fn plugins_target(&self) -> PathBuf {
        self.target.join("plugins")
    }

    /// Where the finished components and their catalogue go.
    pub(crate) fn plugins_dist(&self) -> PathBuf {
        self.target.join("plugins-dist")
    }

    /// A program that [`children::build`] has built.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target.join("debug").join(name)
    }

    /// What the demo, the tests and `bowsprit up` are told about this build: the binary, the bundled plugins, the tests'
    /// programs in Go that are built, the test data if there is any, and other people's programs. A value that the caller has
    /// set stands.
    pub(crate) fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        let mut told = vec![("BOWSPRIT_BIN", self.program("bowsprit")), ("BOWSPRIT_PLUGINS_DIR", self.plugins_dist())];
        told.extend(go::ALL.iter().filter_map(|program| Some((program.variable, program.built(self)?))));
        let data = self.root.join("../shared/data");
        if std::env::var_os("BOWSPRIT_TEST_DATA").is_none() && data.is_dir() {
            told.push(("BOWSPRIT_TEST_DATA", data));
        }
        if let Some(dir) = counterparts::directory() {
            told.push(("BOWSPRIT_COUNTERPARTS", dir));
        }
        told
    }
}
