//! Components become machine code in a child process, once for each digest.
//!
//! A component is hostile input to a compiler: the child has limits on memory and processor time, and the host sees only
//! a file that it wrote. That file is native code, so the cache directory is the host's alone (0700).

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use sha2::Digest as _;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine::whole;

/// Larger components are refused before they are read.
pub const MAX_COMPONENT_BYTES: u64 = 64 << 20;
const CHILD_MEMORY: u64 = 4 << 30;
const CHILD_CPU_SECONDS: u64 = 120;
const CHILD_WALL: Duration = Duration::from_secs(180);

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiler does not take it, or it takes more than the compiler may use: it would fare no better again.
    #[error("the component does not compile: {0}")]
    Refused(String),
    /// The compiler was stopped, by the machine or by us, and may do better at another time.
    #[error("the compiler was stopped: {0}")]
    Stopped(String),
}

impl CompileError {
    /// By how the child ended and what it said.
    fn of(status: ExitStatus, said: &str) -> Self {
        use rustix::process::Signal;
        use std::os::unix::process::ExitStatusExt as _;
        let how = if said.is_empty() { status.to_string() } else { format!("{said} ({status})") };
        let signal = status.signal().and_then(Signal::from_named_raw);
        match signal {
            None => CompileError::Refused(how),
            Some(Signal::XCPU) => {
                CompileError::Refused(format!("it took over {CHILD_CPU_SECONDS} s of processor time"))
            }
            // An allocation over the limit aborts the child; a stack that overflows is a segmentation fault.
            Some(Signal::ABORT | Signal::SEGV | Signal::BUS | Signal::ILL) => CompileError::Refused(how),
            Some(_) => CompileError::Stopped(how),
        }
    }
}

/// The SHA-256 of a component's bytes, in lower-case hexadecimal.
pub fn digest(component: &[u8]) -> String {
    hex::encode(sha2::Sha256::digest(component))
}

/// The cache of compiled components.
#[derive(Clone, Debug)]
pub struct Compiler {
    cache: PathBuf,
    /// The program and its first arguments that, with the paths of a component and of the result, compile.
    program: (PathBuf, Vec<String>),
}

impl Compiler {
    /// A compiler whose results go to `cache`, which is made if it is not there. `program` is called as
    /// `program args… IN OUT`.
    ///
    /// # Errors
    /// If the directory cannot be made, or others may write to it.
    pub fn new(cache: PathBuf, program: PathBuf, args: Vec<String>) -> anyhow::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&cache)
            .with_context(|| format!("making the compile cache {}", cache.display()))?;
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o700))
            .with_context(|| format!("making {} the host's alone", cache.display()))?;
        Ok(Compiler { cache, program: (program, args) })
    }

    /// The component, compiled for `engine`; from the cache if it was compiled before.
    ///
    /// # Errors
    /// If it is no component, or the child failed or went over its limits; the child's message is in the error.
    pub async fn component(&self, engine: &Engine, bytes: &[u8]) -> anyhow::Result<Component> {
        let file = self.cache.join(format!("{}-{}.cwasm", digest(bytes), compatibility(engine)));
        if file.exists() {
            match deserialize(engine, &file) {
                Ok(component) => return Ok(component),
                // Cut off half way by a full disk, say: made again below.
                Err(error) => tracing::warn!(file = %file.display(), %error, "a cached component is unusable"),
            }
        }
        self.compile(bytes, &file).await?;
        deserialize(engine, &file)
    }

    async fn compile(&self, bytes: &[u8], file: &Path) -> anyhow::Result<()> {
        let work =
            tempfile::Builder::new().prefix("compile-").tempdir_in(&self.cache).context("making a work directory")?;
        let (input, output) = (work.path().join("in.wasm"), work.path().join("out.cwasm"));
        fs::write(&input, bytes).context("writing the component for the compiler")?;
        let child = tokio::process::Command::new(&self.program.0)
            .args(&self.program.1)
            .arg(&input)
            .arg(&output)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting the compiler {}", self.program.0.display()))?;
        let result = tokio::time::timeout(CHILD_WALL, child.wait_with_output())
            .await
            .map_err(|_| CompileError::Stopped(format!("it had not ended after {CHILD_WALL:?}")))?
            .context("waiting for the compiler")?;
        if !result.status.success() {
            return Err(CompileError::of(result.status, String::from_utf8_lossy(&result.stderr).trim()).into());
        }
        fs::rename(&output, file).context("keeping the compiled component")
    }
}

/// What the child does: reads a component, compiles it, writes the result. It limits itself before it reads.
///
/// # Errors
/// If the input is no valid component.
pub fn child(input: &Path, output: &Path) -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Between the two limits of processor time lies the signal that tells this end from others.
    for (resource, most, end) in
        [(Resource::As, CHILD_MEMORY, CHILD_MEMORY), (Resource::Cpu, CHILD_CPU_SECONDS, CHILD_CPU_SECONDS + 2)]
    {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(end) }).context("limiting the compiler")?;
    }
    let bytes = fs::read(input).context("reading the component")?;
    let compiled = crate::engine::compiling()?.precompile_component(&bytes).map_err(whole)?;
    fs::write(output, compiled).context("writing the compiled component")
}

/// The bytes of a component file, unless it is too large.
///
/// # Errors
/// If it cannot be read, or is larger than [`MAX_COMPONENT_BYTES`].
pub fn read_component(path: &Path) -> anyhow::Result<Vec<u8>> {
    let size = fs::metadata(path)
        .with_context(|| format!("cannot read the component {} (built yet? `cargo xtask plugins`)", path.display()))?
        .len();
    if size > MAX_COMPONENT_BYTES {
        anyhow::bail!("{} has {size} bytes; a component may have {MAX_COMPONENT_BYTES}", path.display());
    }
    fs::read(path).with_context(|| format!("reading the component {}", path.display()))
}

/// Names everything that compiled code depends on besides the component.
fn compatibility(engine: &Engine) -> String {
    use std::hash::{Hash, Hasher};
    struct Sha(sha2::Sha256);
    impl Hasher for Sha {
        fn finish(&self) -> u64 {
            let digest = self.0.clone().finalize();
            u64::from_be_bytes(digest[..8].try_into().expect("a SHA-256 has more than eight bytes"))
        }
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }
    }
    let mut sha = Sha(sha2::Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut sha);
    format!("{:016x}", sha.finish())
}

#[expect(unsafe_code, reason = "machine code is loaded from a directory that only this host writes to")]
fn deserialize(engine: &Engine, file: &Path) -> anyhow::Result<Component> {
    // SAFETY: the file was written by our own child with the same wasmtime, into a directory of mode 0700.
    unsafe { Component::deserialize_file(engine, file) }
        .map_err(whole)
        .with_context(|| format!("loading the compiled component {}", file.display()))
}
