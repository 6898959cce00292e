//! Looks at the machine: which of the tools we need are there. Facts only; what follows from them is in `setup`.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use componentize::toolchain::output;
use componentize::toolchain::{self, Guest};

/// All that `setup` decides on.
pub(crate) struct Facts {
    /// What compiles the plugins, or why nothing does.
    pub(crate) guest: Result<Guest, String>,
    /// git, with the `http-backend` that the stand-in GitHub serves repositories through.
    pub(crate) git: bool,
    /// openssl, which makes the stand-in's App keys and checks its signatures independently.
    pub(crate) openssl: bool,
    /// Those of [`EXTRAS`] that are not here.
    pub(crate) lacks: Vec<&'static Extra>,
    /// `apt-get` is there: Debian, Ubuntu and their kin.
    pub(crate) apt: bool,
    /// We may install packages.
    pub(crate) root: bool,
}

/// A package whose absence stops nothing.
pub(crate) struct Extra {
    /// Debian's name of it.
    pub(crate) package: &'static str,
    /// What is otherwise without it.
    pub(crate) without: &'static str,
    is_here: fn() -> bool,
}

/// What jobs run in where the kernel allows it, what compiles plugins in C, and what tests run or hold ours
/// against.
pub(crate) const EXTRAS: [Extra; 11] = [
    Extra {
        package: "bubblewrap",
        without: "bubblewrap (bwrap) is not here; jobs will run outside a sandbox",
        is_here: || on_path("bwrap").is_some(),
    },
    Extra { package: "clang-19", without: NO_C, is_here: || has_wasi_sdk() || on_path("clang-19").is_some() },
    Extra { package: "lld-19", without: NO_C, is_here: || has_wasi_sdk() || on_path("wasm-ld-19").is_some() },
    Extra {
        package: "wasi-libc",
        without: NO_C,
        is_here: || has_wasi_sdk() || Path::new("/usr/lib/wasm32-wasi/libc.a").is_file(),
    },
    Extra {
        package: "libclang-rt-19-dev-wasm32",
        without: NO_C,
        is_here: || has_wasi_sdk() || Path::new("/usr/lib/llvm-19/lib/clang/19/lib/wasi").is_dir(),
    },
    Extra {
        package: "docker-registry",
        without: "docker-registry is not here; tests that need a registry are skipped",
        is_here: || on_path("docker-registry").is_some(),
    },
    Extra {
        package: "kubernetes-client",
        without: "kubectl is not here; tests that need it are skipped",
        is_here: || on_path("kubectl").is_some(),
    },
    Extra {
        package: "postgresql",
        without: "PostgreSQL is not here; tests of several hosts are skipped",
        is_here: || has_postgresql() || on_path("initdb").is_some(),
    },
    Extra {
        package: "python3-venv",
        without: "Python environments cannot be made here; tests against Python programs are skipped",
        is_here: || output(Command::new("python3").args(["-c", "import ensurepip, venv"])).is_some(),
    },
    Extra {
        package: "strace",
        without: "strace is not here; no host is killed at a call to the disk",
        is_here: || on_path("strace").is_some(),
    },
    Extra {
        package: "faketime",
        without: "faketime is not here; tests in which the clock jumps are skipped",
        is_here: || on_path("faketime").is_some(),
    },
];

/// What is otherwise without clang and its library.
const NO_C: &str = "C is not compiled for plugins here; tests of those are skipped";

/// Takes a few milliseconds, and changes nothing.
pub(crate) fn look() -> Facts {
    Facts {
        guest: toolchain::detect(),
        git: git_serves_http(),
        openssl: on_path("openssl").is_some(),
        lacks: EXTRAS.iter().filter(|extra| !(extra.is_here)()).collect(),
        apt: on_path("apt-get").is_some(),
        root: rustix::process::geteuid().is_root(),
    }
}

fn git_serves_http() -> bool {
    let printed = output(Command::new("git").arg("--exec-path"));
    printed.is_some_and(|path| Path::new(&path).join("git-http-backend").is_file())
}

/// The WASI SDK, whose user names it, has all that C needs.
fn has_wasi_sdk() -> bool {
    std::env::var_os("WASI_SDK_PATH").is_some()
}

/// Debian has the server's programs outside of the search path, below the version.
fn has_postgresql() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.into_iter().any(|version| version.path().join("bin/initdb").is_file())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|candidate| candidate.is_file())
}
