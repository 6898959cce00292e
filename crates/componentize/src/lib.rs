//! Makes a component of a core WebAssembly module, and puts it where a running host may be watching.
//!
//! `cargo xtask plugins` and `bowsprit plugin build` share it, so that a bundled plugin and an author's own come about
//! in the same way.

mod contents;
pub mod toolchain;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::{Resolve, WorldId};

pub use contents::{Contents, contents};

/// Turns a core module as `wit-bindgen` leaves it (its WIT world in a custom section) into a validated component.
///
/// # Errors
/// When `core` is no WebAssembly module, or imports something that its world does not name.
pub fn encode(core: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(core)
        .context("not a core module that a component can be made of")?
        .encode()
        .context("the module does not fit the world it carries")
}

/// The same for a module that was built for WASI preview 1, which `adapter` answers: a core module that exports what the
/// module imports of `wasi_snapshot_preview1`.
///
/// # Errors
/// As [`encode`]; and when the adapter lacks what the module imports.
pub fn encode_with(core: &[u8], adapter: &[u8]) -> anyhow::Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(core)
        .context("not a core module that a component can be made of")?
        .adapter("wasi_snapshot_preview1", adapter)
        .context("the adapter for WASI cannot be used")?
        .encode()
        .context("the module does not fit the world it carries")
}

/// Puts its world into a core module that comes without: Go's linker does not take `wit-bindgen`'s section along.
///
/// # Errors
/// When `core` is no WebAssembly module.
pub fn embed(core: &mut Vec<u8>, resolve: &Resolve, world: WorldId) -> anyhow::Result<()> {
    wit_component::embed_component_metadata(core, resolve, world, StringEncoding::UTF8, false)
        .context("not a core module that a component can be made of")
}

/// The SHA-256 of `bytes` in lower-case hex: how catalogues, caches and `/status` name a component.
pub fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Puts `bytes` at `path` in one step, so that nobody ever reads half a file. Returns whether anything changed: a file
/// that holds these bytes already is left alone, since a new timestamp would make a host look at it again.
///
/// # Errors
/// When the directory of `path` cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    if fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(false);
    }
    let temporary = temporary(path);
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    // Without this a crash of the machine could leave the new name with no content behind it.
    file.sync_all()?;
    drop(file);
    fs::rename(&temporary, path)?;
    Ok(true)
}

/// A name beside `path` (a rename does not cross file systems), of this process alone (two builds may run at once).
fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(core: &[u8], why: &str) {
        let error = format!("{:#}", encode(core).expect_err("must be refused"));
        assert!(error.contains(why), "{error:?} does not say {why:?}");
    }

    #[test]
    fn a_core_module_becomes_a_component() {
        let component = encode(&wat::parse_str("(module)").unwrap()).unwrap();
        // The version field tells the two apart: a core module has 1, layer 0 there.
        assert_eq!(component[..8], *b"\0asm\x0d\0\x01\0");
    }

    #[test]
    fn what_no_world_names_is_refused() {
        let stray = wat::parse_str(r#"(module (import "env" "launch" (func)))"#).unwrap();
        refused(&stray, "env");
        refused(b"#!/bin/sh", "not a core module");
    }

    #[test]
    fn a_digest_is_sha256_in_hex() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest(b"abc"), known);
    }

    #[test]
    fn the_same_bytes_are_not_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wasm");
        assert!(write(&path, b"one").unwrap());
        assert!(!write(&path, b"one").unwrap());
        assert!(write(&path, b"two").unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file stays behind");
    }
}
