//! Debian's `docker-registry`, started on a free port of loopback and stopped with its owner.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = "/usr/bin/docker-registry";
/// `bob` and `s3:cret`, as `htpasswd -B` would write them.
const HTPASSWD: &str = "bob:$2b$05$abcdefghijklmnopqrstuurbSequnG1gzxxhK4UV/3MoClne322iS\n";
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct RealRegistry {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) host: String,
    _dir: tempfile::TempDir,
}

impl RealRegistry {
    /// None where it is not installed: then `test` is noted as skipped.
    pub(crate) fn start(test: &str, with_login: bool) -> Option<Self> {
        if !Path::new(PROGRAM).is_file() {
            counterparts::skip(test, &format!("{PROGRAM} is not there: `cargo xtask setup` installs it"));
            return None;
        }
        // Another process may take the port between our look and the registry's.
        (0..5).find_map(|_| Self::on_some_port(with_login)).or_else(|| panic!("the registry does not start"))
    }

    fn on_some_port(with_login: bool) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let port = counterparts::free_port().unwrap();
        let host = format!("127.0.0.1:{port}");
        let mut config = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage: {{ filesystem: {{ rootdirectory: {} }} }}\nhttp: {{ addr: '{host}' }}\n",
            dir.path().join("data").display()
        );
        if with_login {
            let passwords = dir.path().join("htpasswd");
            std::fs::write(&passwords, HTPASSWD).unwrap();
            config.push_str(&format!("auth: {{ htpasswd: {{ realm: test, path: {} }} }}\n", passwords.display()));
        }
        let file = dir.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let mut child = Command::new(PROGRAM)
            .arg("serve")
            .arg(&file)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while TcpStream::connect(&host).is_err() {
            if child.try_wait().unwrap().is_some() || begun.elapsed() > PATIENCE {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            std::thread::yield_now();
        }
        Some(RealRegistry { child, host, _dir: dir })
    }
}

impl Drop for RealRegistry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
