//! Components become machine code in a child process, once for each digest.
//!
//! A component is hostile input to a compiler: the child has limits on memory and processor time, and the host sees only
//! a file that it wrote. That file is native code, so the cache directory is the host's alone (0700).

use std::collections::BTreeSet;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use sha2::Digest as _;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine::whole;
use crate::log_book::one_line;

/// Larger components are refused before they are read.
pub const MAX_COMPONENT_BYTES: u64 = 64 << 20;
/// How far the compiler steps back, of 19: events go before it, and it is not starved.
const COMPILER_NICE: i32 = 10;
/// How a core module begins: WebAssembly's magic, version 1, layer 0. A component has layer 1.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";
/// How the names of the compilers' work directories begin.
const WORK: &str = "compile-";
/// What the compiler of one component may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileLimits {
    /// Bytes of address space.
    pub memory_bytes: u64,
    /// Seconds of processor time, of all its threads together.
    pub cpu_seconds: u64,
    /// Bytes of machine code.
    pub output_bytes: u64,
    /// Time by the clock, after which it is killed.
    pub wall: Duration,
}

impl Default for CompileLimits {
    fn default() -> Self {
        CompileLimits { memory_bytes: 4 << 30, cpu_seconds: 120, output_bytes: 1 << 30, wall: Duration::from_secs(180) }
    }
}

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It was not read.
    #[error("{path} has {size} bytes; a component may have {MAX_COMPONENT_BYTES}")]
    TooLarge {
        /// The component's file.
        path: PathBuf,
        /// Its length, or as much of it as was seen.
        size: u64,
    },
    /// The compiler does not take it, or it takes more than the compiler may use: it would fare no better again.
    #[error("the component does not compile: {0}")]
    Refused(String),
    /// It compiles, and asks for more than any instance may have: a larger memory, more of them.
    #[error("no instance of the component would fit: {0}")]
    Unfit(String),
    /// The compiler was stopped, by the machine or by us, and may do better at another time.
    #[error("the compiler was stopped: {0}")]
    Stopped(String),
}

impl CompileError {
    /// By how the child, which had these limits, ended and what it said.
    fn of(status: ExitStatus, said: &str, limits: &CompileLimits) -> Self {
        use rustix::process::Signal;
        use std::os::unix::process::ExitStatusExt as _;
        let how = if said.is_empty() { status.to_string() } else { format!("{said} ({status})") };
        let signal = status.signal().and_then(Signal::from_named_raw);
        match signal {
            None => CompileError::Refused(how),
            Some(Signal::XCPU) => {
                CompileError::Refused(format!("it took over {} s of processor time", limits.cpu_seconds))
            }
            Some(Signal::XFSZ) => {
                CompileError::Refused(format!("it would be over {} bytes of machine code", limits.output_bytes))
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
    limits: CompileLimits,
}

impl Compiler {
    /// A compiler whose results go to `cache`, which is made if it is not there. `program` is called as
    /// `program args… IN OUT MEMORY CPU OUTPUT`: two paths, and its limits in bytes, seconds and bytes.
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
        sweep_work(&cache);
        Ok(Compiler { cache, program: (program, args), limits: CompileLimits::default() })
    }

    /// The same with other limits.
    #[must_use]
    pub fn within(self, limits: CompileLimits) -> Self {
        Compiler { limits, ..self }
    }

    /// The component, compiled for `engine`; from the cache if it was compiled before.
    ///
    /// # Errors
    /// If it is no component, is larger than an instance may be, or the child failed or went over its limits; the child's
    /// message is in the error.
    pub async fn component(&self, engine: &Engine, bytes: &[u8]) -> anyhow::Result<Component> {
        let file = self.cache.join(format!("{}-{}.cwasm", digest(bytes), compatibility(engine)));
        if file.exists() {
            match deserialize(engine, &file) {
                Ok(component) => return Ok(component),
                // Cut off half way by a full disk, say: made again below.
                Err(error) => tracing::warn!(file = %file.display(), %error, "a cached component is unusable"),
            }
        }
        if bytes.starts_with(CORE_MODULE) {
            let why = "it is a core module, of which `bowsprit plugin build` makes a component";
            return Err(CompileError::Refused(why.to_owned()).into());
        }
        self.compile(bytes, &file).await?;
        // It has just been written whole, by the same wasmtime.
        deserialize(engine, &file).map_err(|error| CompileError::Unfit(format!("{error:#}")).into())
    }

    /// Deletes every compiled component but those of these digests for this engine. What cannot be deleted is tried again at
    /// the next turn.
    pub fn retain(&self, engine: &Engine, digests: &BTreeSet<String>) {
        let ours = compatibility(engine);
        let needed = |path: &Path| {
            let parts = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.split_once('-'));
            parts.is_some_and(|(digest, engine)| engine == ours && digests.contains(digest))
        };
        for path in files(&self.cache).filter(|path| path.extension().is_some_and(|it| it == "cwasm")) {
            if !needed(&path)
                && let Err(error) = fs::remove_file(&path)
            {
                tracing::warn!(%error, file = %path.display(), "cannot be deleted");
            }
        }
    }

    async fn compile(&self, bytes: &[u8], file: &Path) -> anyhow::Result<()> {
        let work = tempfile::Builder::new().prefix(WORK).tempdir_in(&self.cache).context("making a work directory")?;
        let (input, output) = (work.path().join("in.wasm"), work.path().join("out.cwasm"));
        fs::write(&input, bytes).context("writing the component for the compiler")?;
        let child = tokio::process::Command::new(&self.program.0)
            .args(&self.program.1)
            .arg(&input)
            .arg(&output)
            .args([self.limits.memory_bytes, self.limits.cpu_seconds, self.limits.output_bytes].map(|n| n.to_string()))
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting the compiler {}", self.program.0.display()))?;
        let result = tokio::time::timeout(self.limits.wall, child.wait_with_output())
            .await
            .map_err(|_| CompileError::Stopped(format!("it had not ended after {:?}", self.limits.wall)))?
            .context("waiting for the compiler")?;
        if !result.status.success() {
            // It may quote the component, whose author chose the names in it.
            let said = one_line(String::from_utf8_lossy(&result.stderr).trim().to_owned());
            return Err(CompileError::of(result.status, &said, &self.limits).into());
        }
        fs::rename(&output, file).context("keeping the compiled component")
    }
}

/// Takes away what compilers of a host that was killed have left. The caller is the only host.
fn sweep_work(cache: &Path) {
    let left = files(cache)
        .filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(WORK)));
    for path in left {
        if let Err(error) = fs::remove_dir_all(&path) {
            tracing::warn!(%error, dir = %path.display(), "cannot be deleted");
        }
    }
}

fn files(dir: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(dir).into_iter().flatten().filter_map(|file| file.ok().map(|file| file.path()))
}

/// What the child does: reads a component, compiles it, writes the result. It limits itself before it reads, and lets whoever
/// serves go first.
///
/// # Errors
/// If the input is no valid component.
pub fn child(input: &Path, output: &Path, limits: &CompileLimits) -> anyhow::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // Between the two limits of processor time lies the signal that tells this end from others.
    for (resource, most, end) in [
        (Resource::As, limits.memory_bytes, limits.memory_bytes),
        (Resource::Cpu, limits.cpu_seconds, limits.cpu_seconds + 2),
        (Resource::Fsize, limits.output_bytes, limits.output_bytes),
        (Resource::Core, 0, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(end) }).context("limiting the compiler")?;
    }
    rustix::process::nice(COMPILER_NICE).context("putting the compiler behind others")?;
    let bytes = fs::read(input).context("reading the component")?;
    let compiled = crate::engine::compiling()?.precompile_component(&bytes).map_err(whole)?;
    fs::write(output, compiled).context("writing the compiled component")
}

/// Compiles in this process, without limits and without a cache: for components that are trusted, or are only looked at.
///
/// # Errors
/// If it is no valid component.
pub fn here(engine: &Engine, bytes: &[u8]) -> anyhow::Result<Component> {
    Component::new(engine, bytes).map_err(whole)
}

/// The bytes of a component file, unless it is too large.
///
/// # Errors
/// If it cannot be read, or is larger than [`MAX_COMPONENT_BYTES`].
pub fn read_component(path: &Path) -> anyhow::Result<Vec<u8>> {
    let reading = || format!("cannot read the component {}", path.display());
    let found = fs::metadata(path).with_context(reading)?;
    anyhow::ensure!(found.is_file(), "the component {} is not a file", path.display());
    let too_large = |size| CompileError::TooLarge { path: path.to_owned(), size };
    if found.len() > MAX_COMPONENT_BYTES {
        return Err(too_large(found.len()).into());
    }
    // It may grow while it is read.
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(MAX_COMPONENT_BYTES + 1).read_to_end(&mut bytes));
    let size = u64::try_from(read.with_context(reading)?).unwrap_or(u64::MAX);
    if size > MAX_COMPONENT_BYTES { Err(too_large(size).into()) } else { Ok(bytes) }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A cache in a fresh directory, and a compiler that is this shell script; `$0` is what it reads, `$1` what it writes.
    fn compiler(dir: &Path, script: &str) -> Compiler {
        Compiler::new(dir.join("compiled"), "/bin/sh".into(), vec!["-c".to_owned(), script.to_owned()]).unwrap()
    }

    fn cached(dir: &Path) -> Vec<PathBuf> {
        files(&dir.join("compiled")).collect()
    }

    #[tokio::test]
    async fn a_component_is_compiled_once_whatever_is_restarted_and_again_if_its_file_is_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = wat::parse_str("(component)").unwrap();
        let compiled = crate::engine::compiling().unwrap().precompile_component(&bytes).unwrap();
        fs::write(dir.path().join("made"), compiled).unwrap();
        let script = format!("echo >> {0}/calls; cp {0}/made \"$1\"", dir.path().display());
        let engine = crate::engine::running().unwrap();
        let calls = || fs::read(dir.path().join("calls")).unwrap().len();
        for _ in 0..2 {
            let compiler = compiler(dir.path(), &script);
            compiler.component(&engine, &bytes).await.unwrap();
            compiler.component(&engine, &bytes).await.unwrap();
            assert_eq!(calls(), 1);
        }
        let [file] = &cached(dir.path())[..] else { panic!("one component, one file") };
        fs::write(file, "half").unwrap();
        let again = compiler(dir.path(), &script);
        again.component(&engine, &bytes).await.unwrap();
        assert_eq!(calls(), 2);

        again.retain(&engine, &BTreeSet::from([digest(&bytes)]));
        assert_eq!(cached(dir.path()).len(), 1);
        fs::write(file.with_file_name(format!("{}-0123456789abcdef.cwasm", digest(&bytes))), "another engine's")
            .unwrap();
        again.retain(&engine, &BTreeSet::from([digest(&bytes)]));
        assert_eq!(cached(dir.path()), std::slice::from_ref(file));
        again.retain(&engine, &BTreeSet::new());
        assert_eq!(cached(dir.path()).len(), 0);
    }

    #[test]
    fn the_cache_is_the_hosts_alone_and_what_killed_compilers_left_goes() {
        let dir = tempfile::tempdir().unwrap();
        let cache = dir.path().join("compiled");
        fs::create_dir_all(cache.join("compile-abc")).unwrap();
        fs::write(cache.join("compile-abc/in.wasm"), "left").unwrap();
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o777)).unwrap();
        compiler(dir.path(), "");
        assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(cached(dir.path()).len(), 0);
    }

    #[tokio::test]
    async fn how_a_compiler_ends_says_whether_another_try_may_help() {
        let dir = tempfile::tempdir().unwrap();
        let engine = crate::engine::running().unwrap();
        for (script, refused, part) in [
            ("echo no component >&2; exit 1", true, "no component"),
            (r"printf 'no \033[31m\ncomponent\n' >&2; exit 1", true, "no  [31m component (exit"),
            ("kill -XCPU $$", true, "processor time"),
            ("kill -ABRT $$", true, "signal: 6"),
            ("kill -XFSZ $$", true, "machine code"),
            ("kill -KILL $$", false, "signal: 9"),
            ("kill -TERM $$", false, "signal: 15"),
        ] {
            let error = compiler(dir.path(), script).component(&engine, b"x").await.err().unwrap();
            assert!(format!("{error:#}").contains(part), "{script}: {error:#}");
            let error = error.downcast_ref::<CompileError>().unwrap();
            assert_eq!(matches!(error, CompileError::Refused(_)), refused, "{script}: {error}");
            assert_eq!(cached(dir.path()).len(), 0, "{script}");
        }
    }

    #[test]
    fn a_component_that_is_too_large_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large.wasm");
        fs::File::create(&path).unwrap().set_len(MAX_COMPONENT_BYTES + 1).unwrap();
        let error = read_component(&path).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(CompileError::TooLarge { size: 67_108_865, .. })), "{error:#}");
        fs::File::create(&path).unwrap().set_len(MAX_COMPONENT_BYTES).unwrap();
        assert_eq!(read_component(&path).unwrap().len(), 64 << 20);
        let none = read_component(&dir.path().join("none.wasm")).unwrap_err().to_string();
        assert!(none.contains("cannot read the component") && none.ends_with("none.wasm"), "{none}");
        assert!(read_component(dir.path()).is_err());
    }

    #[tokio::test]
    async fn a_core_module_is_told_from_a_component() {
        let dir = tempfile::tempdir().unwrap();
        let engine = crate::engine::running().unwrap();
        let compiler = compiler(dir.path(), "echo compiled >&2; exit 1");
        for (text, part) in [("(module)", "a core module"), ("(component)", "compiled")] {
            let error = compiler.component(&engine, &wat::parse_str(text).unwrap()).await.err().unwrap();
            assert!(matches!(error.downcast_ref(), Some(CompileError::Refused(why)) if why.contains(part)), "{error}");
        }
    }
}
