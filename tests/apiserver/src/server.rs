//! A running API server.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use counterparts::free_port;

/// May do everything.
pub const ADMIN: &str = "admin";
/// May do what RBAC objects allow.
pub const WORKER: &str = "worker";
/// As [`WORKER`], somebody else.
pub const NOBODY: &str = "nobody";

/// How long the server may take to be ready, on a machine that has much to do.
const READY: Duration = Duration::from_secs(120);

/// How a server is started.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether lists and watches are answered from memory, as in a real cluster. Without it a compaction is felt at once.
    pub watch_cache: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { watch_cache: true }
    }
}

/// An API server with its state in a directory of its own. It ends when this is dropped, or the process ends that has it.
#[derive(Debug)]
pub struct ApiServer {
    program: PathBuf,
    options: Options,
    dir: TempDir,
    port: u16,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// Its end is the server's: so it follows whoever started it, even one that is killed.
    orders: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl ApiServer {
    /// Starts it on a free port, with an empty state, and waits until it is ready.
    ///
    /// # Errors
    /// If it does not get ready; the text has the end of its log.
    pub async fn start(program: &Path, options: Options) -> anyhow::Result<Self> {
        let dir = tempfile::Builder::new().prefix("bowsprit-apiserver-").tempdir().context("making a directory")?;
        let user = |name: &str, group: &str| format!("{name}-token,{name},{name},\"{group}\"\n");
        let users = [user(ADMIN, "system:masters"), user(WORKER, "workers"), user(NOBODY, "nobodies")];
        std::fs::write(dir.path().join("users.csv"), users.concat()).context("writing the users")?;
        let port = free_port()?;
        let mut server = Self { program: program.to_owned(), options, dir, port, running: None };
        server.run().await?;
        Ok(server)
    }

    /// Ends it in the middle of whatever it does.
    ///
    /// # Errors
    /// If it cannot be waited for.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        let Some(mut running) = self.running.take() else { return Ok(()) };
        running.child.kill().await.context("killing the API server")
    }

    /// Starts it again after [`ApiServer::kill`], on the same port and with the same state.
    ///
    /// # Errors
    /// As [`ApiServer::start`].
    pub async fn run(&mut self) -> anyhow::Result<()> {
        let log = File::options().create(true).append(true).open(self.log()).context("opening the log")?;
        let mut child = Command::new(&self.program)
            .arg(format!("--data-dir={}", self.dir.path().display()))
            .arg(format!("--tokens={}", self.dir.path().join("users.csv").display()))
            .arg(format!("--port={}", self.port))
            .arg(format!("--watch-cache={}", self.options.watch_cache))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", self.program.display()))?;
        let orders = child.stdin.take().expect("its input is piped");
        let said = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
        let running = self.running.insert(Running { child, orders, said });
        match timeout(READY, running.said.next_line()).await {
            Ok(Ok(Some(line))) if line == "ready" => Ok(()),
            outcome => bail!("the API server is not ready ({outcome:?}); the end of its log:\n{}", self.log_tail()),
        }
    }

    /// Where it answers, by its own certificate.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// A kubeconfig with one context, named as the user is.
    #[must_use]
    pub fn kubeconfig(&self, user: &str) -> PathBuf {
        self.dir.path().join("kubeconfigs").join(user)
    }

    /// The same kubeconfig for another port, which a [`Proxy`](crate::Proxy) listens on.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn kubeconfig_by(&self, user: &str, port: u16) -> anyhow::Result<PathBuf> {
        let own = std::fs::read_to_string(self.kubeconfig(user)).context("reading the kubeconfig")?;
        let path = self.dir.path().join(format!("{user}-by-{port}"));
        let other = own.replace(&self.url(), &format!("https://127.0.0.1:{port}"));
        std::fs::write(&path, other).context("writing the kubeconfig")?;
        Ok(path)
    }

    /// Makes it forget every version but the current one. Felt by watches where there is no watch cache.
    ///
    /// # Errors
    /// If it refuses.
    pub async fn compact(&mut self) -> anyhow::Result<()> {
        let running = self.running.as_mut().context("the API server is not running")?;
        running.orders.write_all(b"compact\n").await.context("ordering a compaction")?;
        match timeout(READY, running.said.next_line()).await {
            Ok(Ok(Some(line))) if line == "compacted" => Ok(()),
            outcome => bail!("no compaction: {outcome:?}"),
        }
    }

    /// Where pods' logs are read from: `<namespace>/<pod>/<container>.log`.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.dir.path().join("logs")
    }

    /// The end of what it wrote about itself.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("apiserver.log")
    }
}
