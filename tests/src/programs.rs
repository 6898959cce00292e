//! Where the programs under test are.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// What a build left behind.
#[derive(Debug, Clone)]
pub struct Programs {
    /// The binary `bowsprit`.
    pub bowsprit: PathBuf,
    /// The directory of the bundled plugins and their catalogue.
    pub plugins: PathBuf,
}

impl Programs {
    /// As `BOWSPRIT_BIN` and `BOWSPRIT_PLUGINS_DIR` say, else in the target directory that this very program lies in.
    ///
    /// # Errors
    /// If they are not there; the text says what builds them.
    pub fn find() -> anyhow::Result<Self> {
        let exe = std::env::current_exe().context("cannot tell where this program lies")?;
        let profile = profile_dir(&exe);
        let from_env = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let bowsprit = from_env("BOWSPRIT_BIN").unwrap_or_else(|| profile.join("bowsprit"));
        let plugins = from_env("BOWSPRIT_PLUGINS_DIR").unwrap_or_else(|| profile.with_file_name("plugins-dist"));
        for path in [&bowsprit, &plugins.join("catalogue.json")] {
            if !path.is_file() {
                bail!(
                    "{} is not there: `cargo xtask test` (or `cargo xtask demo`) builds what it needs first; to run this \
                     alone, name the programs in BOWSPRIT_BIN and BOWSPRIT_PLUGINS_DIR",
                    path.display()
                );
            }
        }
        Ok(Self { bowsprit, plugins })
    }
}

/// `target/debug` for `target/debug/demo` and for `target/debug/deps/end_to_end-0123`.
fn profile_dir(exe: &Path) -> PathBuf {
    let dir = exe.parent().unwrap_or(Path::new("."));
    if dir.file_name().is_some_and(|name| name == "deps") { dir.with_file_name("") } else { dir.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(exe: &str, want: &str) {
        // Compared as paths: a trailing slash is no difference.
        assert_eq!(profile_dir(Path::new(exe)), Path::new(want));
    }

    #[test]
    fn the_target_directory_is_found_from_a_binary_and_from_a_test() {
        check("/t/debug/demo", "/t/debug");
        check("/t/debug/deps/end_to_end-0123", "/t/debug");
    }
}
