//! The toolchain that compiles plugins to `wasm32-unknown-unknown`: what cargo runs with, if it has the target's
//! standard library; else Debian's, which brings the library's source.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The target of a plugin: it imports what its world names and nothing else, no WASI.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// The Debian packages that make [`Guest::Debian`]; the linker's version stands in its name.
pub const DEBIAN_PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "lld-19"];

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
/// Always this very path: cargo compiles everything again when the linker's path changes.
const LINKER: &str = "/usr/bin/wasm-ld-19";

/// Set by the cargo (and rustup) that runs us, or by the user for the root workspace; each would leak the wrong
/// compiler, wrapper, target or flags into the plugins' build.
const FOREIGN: &[&str] = &[
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_TARGET_DIR",
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
];

/// A toolchain that can compile plugins.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub enum Guest {
    /// The active toolchain has the target.
    Active,
    /// `/usr/bin/rustc` with the source of std: std is compiled too, once for a target directory.
    Debian,
}

/// Finds the toolchain, in the order of [`Guest`]'s variants.
///
/// # Errors
/// One sentence that says what was looked for and what was found instead.
pub fn detect() -> Result<Guest, String> {
    let active = sysroot("rustc");
    if active.as_deref().is_some_and(has_target) {
        return Ok(Guest::Active);
    }
    debian().map_err(|why| format!("the active Rust toolchain has no {TARGET}, and {why}"))?;
    Ok(Guest::Debian)
}

fn has_target(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir()
}

fn sysroot(rustc: &str) -> Option<PathBuf> {
    output(Command::new(rustc).args(["--print", "sysroot"]).env_remove("RUSTC")).map(PathBuf::from)
}

fn debian() -> Result<(), String> {
    if !Path::new(CARGO).is_file() {
        return Err(format!("there is no {CARGO}"));
    }
    let version = output(clean(&mut Command::new(RUSTC)).arg("--version")).ok_or(format!("there is no {RUSTC}"))?;
    let wanted = env!("CARGO_PKG_RUST_VERSION");
    if !new_enough(&version, wanted) {
        return Err(format!("{RUSTC} is `{version}`, older than {wanted}"));
    }
    let source = sysroot(RUSTC).map(|root| root.join("lib/rustlib/src/rust/library/std/Cargo.toml"));
    if !source.is_some_and(|path| path.is_file()) {
        return Err(format!("{RUSTC} comes without the source of std"));
    }
    if !Path::new(LINKER).is_file() {
        return Err(format!("there is no {LINKER}"));
    }
    Ok(())
}

/// Whether `rustc 1.96.0 (…)` is at least `1.95`; text that is no version is not.
fn new_enough(printed: &str, wanted: &str) -> bool {
    let numbers = |text: &str| -> Option<(u32, u32)> {
        let mut parts = text.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let present = printed.split_whitespace().nth(1).and_then(numbers);
    present.is_some() && present >= numbers(wanted)
}

impl Guest {
    /// A cargo that compiles for [`TARGET`], with an environment of its own: `cargo build --release --target …`. `active` is
    /// that of the active toolchain.
    #[must_use]
    pub fn build(self, active: Command) -> Command {
        let mut command = match self {
            Self::Active => active,
            Self::Debian => Command::new(CARGO),
        };
        for name in FOREIGN {
            command.env_remove(name);
        }
        command.args(["build", "--release", "--target", TARGET]);
        if self == Self::Debian {
            // On the command line and not in the config file: who has the target installed must not need the source.
            command.args(["-Z", "build-std=std,panic_abort"]).env("RUSTC_BOOTSTRAP", "1").env("RUSTC", RUSTC);
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", LINKER);
            clean(&mut command);
        }
        command
    }
}

/// What a program prints, trimmed; `None` if it is not there or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Takes away what points into the active toolchain.
fn clean(command: &mut Command) -> &mut Command {
    for name in ["RUSTUP_TOOLCHAIN", "CARGO", "RUSTDOC", "LD_LIBRARY_PATH"] {
        command.env_remove(name);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(printed: &str, wanted: &str, enough: bool) {
        assert_eq!(new_enough(printed, wanted), enough, "{printed:?} for {wanted}");
    }

    #[test]
    fn an_old_compiler_is_not_taken_for_a_guest_toolchain() {
        check("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)", "1.95", true);
        check("rustc 1.95.1", "1.95", true);
        check("rustc 2.0.0", "1.95", true);
        check("rustc 1.63.0", "1.95", false);
        check("rustc 1.100.0", "1.95", true);
        check("", "1.95", false);
        check("rustc unknown", "1.95", false);
    }

    #[test]
    fn the_plugins_build_inherits_no_flags_or_wrapper() {
        for guest in [Guest::Active, Guest::Debian] {
            let command = guest.build(Command::new("cargo"));
            let gone: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
            for name in ["RUSTFLAGS", "RUSTC_WRAPPER", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
                assert!(gone.iter().any(|it| *it == name), "{guest:?} keeps {name}");
            }
        }
    }
}
