//! Debian's `docker-registry`, for worlds whose plugins come from one.

use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::process::Process;

const PROGRAM: &str = "/usr/bin/docker-registry";
const PATIENCE: Duration = Duration::from_secs(30);

/// A registry on a free port of loopback; ends when it is dropped.
#[derive(Debug)]
pub struct Registry {
    /// `127.0.0.1:PORT`.
    pub host: String,
    process: Process,
}

impl Registry {
    /// Starts one that keeps everything in `dir`. None where it is not installed: then `test` is noted as skipped.
    ///
    /// # Errors
    /// If it is there and does not get ready.
    pub fn start(test: &str, dir: &Path) -> anyhow::Result<Option<Self>> {
        if !Path::new(PROGRAM).is_file() {
            counterparts::skip(test, &format!("{PROGRAM} is not there: `cargo xtask setup` installs it"));
            return Ok(None);
        }
        let port = counterparts::free_port()?;
        Self::at(&format!("127.0.0.1:{port}"), dir).map(Some)
    }

    /// Starts one at this address, with what an earlier one left in `dir`.
    ///
    /// # Errors
    /// If it does not get ready.
    pub fn at(host: &str, dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir).context("making the registry's directory")?;
        let (file, data) = (dir.join("config.yml"), dir.join("data"));
        let config = format!(
            "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: '{host}' }}\n",
            data.display()
        );
        std::fs::write(&file, config).context("writing the registry's configuration")?;
        let args = ["serve".into(), file.into_os_string()];
        let mut process = Process::start("registry", Path::new(PROGRAM), &args, &dir.join("registry.log"))?;
        let begun = Instant::now();
        while TcpStream::connect(host).is_err() {
            if process.ended().is_some() || begun.elapsed() > PATIENCE {
                bail!("the registry does not get ready:\n{}", process.log_tail());
            }
            std::thread::yield_now();
        }
        Ok(Registry { host: host.to_owned(), process })
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.process.kill();
    }
}
