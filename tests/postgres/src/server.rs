//! One server.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use counterparts::{free_port, skip, this_test};

use crate::find;

/// The server's child of ours is a shell that waits for the end of its input, which comes with the end of this process too, and
/// then ends the server and takes its folder away, unless that is to be kept for another start.
const SHELL: &str = r#"
"$0" -D "$1/data" & server=$!
cat > /dev/null
kill -QUIT $server; wait $server
[ -e "$1/keep" ] || rm -rf "$1"
"#;
/// How long it may take to begin, or to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of the role that has to say a password, `guarded`.
const GUARDED: &str = "host all guarded 127.0.0.1/32 scram-sha-256\n";

/// A server that runs on this machine's loopback. It syncs what it commits, as one in earnest does.
pub struct Server {
    programs: PathBuf,
    dir: PathBuf,
    port: u16,
    shell: Option<Child>,
    databases: AtomicU32,
}

impl Server {
    /// Whether PostgreSQL is installed.
    #[must_use]
    pub fn is_here() -> bool {
        find::programs().is_some()
    }

    /// Starts one with an empty data directory. None where PostgreSQL is not installed, with the skip of this test noted.
    ///
    /// # Panics
    /// If it is installed, and cannot be started.
    #[must_use]
    pub fn start() -> Option<Self> {
        let Some(programs) = find::programs() else {
            skip(&this_test(), "PostgreSQL is not here: `cargo xtask setup` installs it");
            return None;
        };
        Some(Self::made(programs).expect("PostgreSQL starts"))
    }

    fn made(programs: PathBuf) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("bowsprit-postgres").tempdir().context("making a folder")?.keep();
        if let Some((user, group)) = find::user() {
            chown(&dir, Some(user), Some(group)).context("giving a folder away")?;
        }
        let mut server = Self { programs, dir, port: free_port()?, shell: None, databases: AtomicU32::new(0) };
        let data = server.dir.join("data");
        let mut initdb = server.program("initdb");
        initdb.args(["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"]);
        run(initdb.arg(&data))?;
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\nfsync = on\n",
            server.port,
            server.dir.display()
        );
        // The first line that fits counts.
        let access = format!("{GUARDED}host all all 127.0.0.1/32 trust\nlocal all all trust\n");
        for (name, text) in [("postgresql.auto.conf", settings), ("pg_hba.conf", access)] {
            std::fs::write(data.join(name), text).with_context(|| format!("writing {name}"))?;
        }
        server.begin()?;
        Ok(server)
    }

    /// Starts it again after [`Server::stop`]; returns when it takes connections.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start_again(&mut self) {
        std::fs::remove_file(self.dir.join("keep")).expect("it was stopped");
        self.begin().expect("PostgreSQL starts again");
    }

    fn begin(&mut self) -> anyhow::Result<()> {
        let log = std::fs::File::options().create(true).append(true).open(self.log()).context("opening a log")?;
        let mut shell = as_user(Command::new("sh"));
        shell.args(["-c", SHELL]).arg(self.programs.join("postgres")).arg(&self.dir);
        shell.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        // A signal for the tests' group, as from a terminal, is not for the server: its end comes by its input.
        shell.process_group(0);
        self.shell = Some(shell.spawn().context("starting the server")?);
        let begun = Instant::now();
        while run(self.client("pg_isready").arg("-q")).is_err() {
            if begun.elapsed() > PATIENCE {
                bail!("it takes no connections: {}", std::fs::read_to_string(self.log()).unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Ends it at once, with every connection to it. What was committed stays.
    ///
    /// # Panics
    /// If it does not run.
    pub fn stop(&mut self) {
        std::fs::write(self.dir.join("keep"), "").expect("its folder can be written");
        self.end();
    }

    fn end(&mut self) {
        if let Some(mut shell) = self.shell.take() {
            drop(shell.stdin.take());
            let _ = shell.wait();
        }
    }

    /// Makes an empty database; the URL of it, for a role that needs no password.
    ///
    /// # Panics
    /// If it cannot be made.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        run(self.client("createdb").arg(&name)).expect("a database can be made");
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// Runs SQL in the database of this URL; what it prints, without the names of columns.
    ///
    /// # Panics
    /// If it fails.
    pub fn sql(&self, url: &str, sql: &str) -> String {
        run(self.program("psql").args(["-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", sql, url])).expect("SQL")
    }

    /// Has it offer TLS with this certificate and key, PEM.
    ///
    /// # Panics
    /// If it cannot.
    pub fn secure(&self, url: &str, certificate: &[u8], key: &[u8]) {
        for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
            let path = self.dir.join("data").join(name);
            std::fs::write(&path, pem).expect("its folder can be written");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its file is ours");
            if let Some((user, group)) = find::user() {
                chown(&path, Some(user), Some(group)).expect("a file can be given away");
            }
        }
        self.sql(url, "ALTER SYSTEM SET ssl = on");
        self.sql(url, "SELECT pg_reload_conf()");
        while self.sql(url, "SHOW ssl") != "on" {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn client(&self, name: &str) -> Command {
        let mut client = self.program(name);
        client.args(["-h", "127.0.0.1", "-U", "postgres", "-p", &self.port.to_string()]);
        client
    }

    fn program(&self, name: &str) -> Command {
        as_user(Command::new(self.programs.join(name)))
    }

    fn log(&self) -> PathBuf {
        self.dir.join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Away from a folder that the user may not read.
fn as_user(mut command: Command) -> Command {
    if let Some((user, group)) = find::user() {
        command.uid(user).gid(group);
    }
    command.current_dir(Path::new("/"));
    command
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("running {command:?}"))?;
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(output.status.success(), "{command:?}: {said}{failed}");
    Ok(said.trim_end().to_owned())
}
