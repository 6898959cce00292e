//! A whole system: a stand-in GitHub, a host and a controller, each a process, with its state in a fresh directory.

mod args;
mod compiled;
mod options;
mod ports;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use apiserver::{ADMIN, ApiServer};
use kubernetes::{Cluster, Clusters, KubernetesFlags};
use sim::client::Sim;
use sim::seed::{DemoHook, Seed};
use store::{Inbox, ProwJobs};
use tempfile::TempDir;

use crate::process::{self, Process};
use crate::programs::Programs;

pub use self::options::Options;
pub use self::ports::{HostPorts, Ports};

/// The machine account that host and controller act as.
pub const BOT: &str = "bowsprit-bot";
/// Where ProwJobs are, unless the config says otherwise.
const PROWJOB_NAMESPACE: &str = "default";
/// How long a process may take to be ready.
const READY: Duration = Duration::from_secs(300);
/// How soon it is looked again, at first, and after a long wait: who looks takes time from what is waited for.
const POLL: Duration = Duration::from_millis(10);
const MOST_POLL: Duration = Duration::from_millis(200);

/// A running system. Ends its processes when it is dropped; keeps its directory if that happens in a panic.
#[derive(Debug)]
pub struct World {
    /// The stand-in GitHub, with the demo's world in it.
    pub sim: Sim,
    /// For requests to the host and the controller.
    pub http: reqwest::Client,
    /// The key of the webhook's signatures.
    pub secret: String,
    /// Who listens where.
    pub ports: Ports,
    programs: Programs,
    dry_run: bool,
    /// Who host and controller are to GitHub.
    identity: Vec<(&'static str, OsString)>,
    /// What the host is told besides.
    more: Vec<OsString>,
    dir: TempDir,
    // In this order they end: nobody talks to a far side that is gone.
    host: Option<Process>,
    controller: Option<Process>,
    github: Process,
    apiserver: Option<ApiServer>,
}

impl World {
    /// Starts everything and waits until it is ready.
    ///
    /// # Errors
    /// If something is not there or does not get ready; the text has the end of its log.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let programs = Programs::find()?;
        let dir = tempfile::Builder::new().prefix("bowsprit-world-").tempdir().context("making a directory")?;
        let ports = Ports::free().context("finding free ports")?;
        let sim = Sim::new(&format!("http://127.0.0.1:{}", ports.sim));
        let secret = "a key for this world alone".to_owned();
        let state = dir.path().join("state");
        std::fs::create_dir_all(&state).context("making the state directory")?;
        compiled::lend(&programs, &state)?;
        write(dir.path(), "config.yaml", options.config.as_bytes())?;
        write(dir.path(), "plugins.yaml", options.plugins.as_bytes())?;
        write(dir.path(), "hmac", secret.as_bytes())?;
        for (name, bytes) in &options.beside {
            write(dir.path(), name, bytes)?;
        }
        let args = args::sim_args(ports.sim, &dir.path().join("github"));
        let github = Process::start("sim", &programs.bowsprit, &args, &dir.path().join("sim.log"))?;
        let http = reqwest::Client::builder().no_proxy().build().context("making an HTTP client")?;
        let dry_run = options.dry_run;
        let mut identity = vec![("--github-token-path", dir.path().join("token").into())];
        if options.jobs {
            let jobs = dir.path().join("jobs");
            std::fs::create_dir(&jobs).context("making the job directory")?;
            identity.push(("--job-config-path", jobs.into()));
        }
        let (more, host, controller) = (Vec::new(), None, None);
        let apiserver = match &options.apiserver {
            Some(program) => Some(start_apiserver(program).await?),
            None => None,
        };
        let mut world = Self {
            sim,
            http,
            secret,
            ports,
            programs,
            dry_run,
            identity,
            more,
            dir,
            host,
            controller,
            github,
            apiserver,
        };
        world.wait("the stand-in GitHub to answer", READY, async |w| seen(w.sim.faults().await)).await?;
        let url = options.hook.unwrap_or_else(|| world.hook_url());
        let hook = DemoHook { url, secret: world.secret.clone() };
        world.sim.seed(&Seed::demo(Some(hook))).await.context("seeding the stand-in GitHub")?;
        let bot = world.sim.user(BOT).await.context("asking for the bot's token")?;
        write(world.dir.path(), "token", bot.token().as_bytes())?;
        if options.started {
            world.start_host()?;
            world.start_controller()?;
            world.ready().await?;
        }
        Ok(world)
    }

    /// The directory of all files.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A file in [`World::dir`].
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Where deliveries are posted.
    #[must_use]
    pub fn hook_url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.ports.hook)
    }

    /// The programs under test.
    #[must_use]
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Gives the host other bundled plugins from its next start on.
    pub fn use_plugins(&mut self, dir: PathBuf) {
        self.programs.plugins = dir;
    }

    /// Makes host and controller, from their next start on, the App with this id and key.
    pub fn act_as_app(&mut self, id: u64, key: &Path) {
        let key = ("--github-app-private-key-path", key.into());
        self.identity = vec![("--github-app-id", id.to_string().into()), key];
    }

    /// Tells the host more, from its next start on: flags as they stand on a command line, `--flag=value`.
    pub fn tell_host(&mut self, flags: impl IntoIterator<Item = OsString>) {
        self.more.extend(flags);
    }

    /// Starts the host; the one before must have ended.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start_host(&mut self) -> anyhow::Result<()> {
        let args = self.host_args();
        self.host = Some(Process::start("host", &self.programs.bowsprit, &args, &self.path("host.log"))?);
        Ok(())
    }

    /// Starts a further host beside the world's own, with the state directory `name` and ports of its own; what it prints is in
    /// `NAME.log`. Whoever starts it has to look after it.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start_another(&self, name: &str, ports: HostPorts) -> anyhow::Result<Process> {
        self.start_another_by(&[], name, ports)
    }

    /// The same by way of another program, which `by` names with its arguments and which becomes the host; of none, if there is
    /// none.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start_another_by(&self, by: &[OsString], name: &str, ports: HostPorts) -> anyhow::Result<Process> {
        let state = self.path(name);
        std::fs::create_dir_all(&state).context("making a state directory")?;
        compiled::lend(&self.programs, &state)?;
        let bowsprit = self.programs.bowsprit.clone().into_os_string();
        let line: Vec<OsString> = by.iter().cloned().chain([bowsprit]).chain(self.host_args_at(name, ports)).collect();
        let (program, args) = line.split_first().context("there is a program at least")?;
        Process::start("host", Path::new(program), args, &self.path(&format!("{name}.log")))
    }

    /// Starts the host by way of another program, which takes these arguments before the host's own and becomes the host.
    ///
    /// # Errors
    /// If that program cannot be started.
    pub fn start_host_by(&mut self, program: &Path, mut args: Vec<OsString>) -> anyhow::Result<()> {
        args.push(self.programs.bowsprit.clone().into());
        args.extend(self.host_args());
        self.host = Some(Process::start("host", program, &args, &self.path("host.log"))?);
        Ok(())
    }

    /// Starts the controller; the one before must have ended.
    ///
    /// # Errors
    /// If the program cannot be started.
    pub fn start_controller(&mut self) -> anyhow::Result<()> {
        let args = self.controller_args();
        let log = self.path("controller.log");
        self.controller = Some(Process::start("controller", &self.programs.bowsprit, &args, &log)?);
        Ok(())
    }

    /// Waits until host and controller, as far as they were started, say that they are ready.
    ///
    /// # Errors
    /// With the end of the log of the one that is not.
    pub async fn ready(&mut self) -> anyhow::Result<()> {
        let host = self.host.as_ref().map(|_| ("host", self.ports.health));
        let controller = self.controller.as_ref().map(|_| ("controller", self.ports.controller_health));
        for (who, port) in host.into_iter().chain(controller) {
            let url = format!("http://127.0.0.1:{port}/healthz/ready");
            self.wait(&format!("the {who} to be ready"), READY, async |w| {
                let answer = w.http.get(&url).send().await.map_err(|error| error.to_string())?;
                if answer.status().is_success() { Ok(()) } else { Err(format!("{url} answers {}", answer.status())) }
            })
            .await?;
        }
        Ok(())
    }

    /// The host as a process; none while it is not running.
    pub fn host(&mut self) -> Option<&mut Process> {
        self.host.as_mut()
    }

    /// The controller as a process; none while it is not running.
    pub fn controller(&mut self) -> Option<&mut Process> {
        self.controller.as_mut()
    }

    /// SIGKILL for the host.
    pub fn kill_host(&mut self) {
        if let Some(mut host) = self.host.take() {
            host.kill();
        }
    }

    /// SIGKILL for the controller; its jobs run on.
    pub fn kill_controller(&mut self) {
        if let Some(mut controller) = self.controller.take() {
            controller.kill();
        }
    }

    /// Hands the host over to whoever expects it to end: from now on it is not missed.
    pub fn release_host(&mut self) -> Option<Process> {
        self.host.take()
    }

    /// Takes back a host that did not end after all.
    pub fn return_host(&mut self, host: Process) {
        self.host = Some(host);
    }

    /// Takes back a controller that did not end after all.
    pub fn return_controller(&mut self, controller: Process) {
        self.controller = Some(controller);
    }

    /// Hands the controller over to whoever expects it to end: from now on it is not missed.
    pub fn release_controller(&mut self) -> Option<Process> {
        self.controller.take()
    }

    /// The deliveries and their journals, to look at.
    ///
    /// # Errors
    /// If no host has made the file yet.
    pub async fn inbox(&self) -> anyhow::Result<Inbox> {
        Ok(Inbox::open_read_only(&self.inbox_file()).await?)
    }

    /// The cluster, as its administrator, if there is one.
    ///
    /// # Errors
    /// If it cannot be used.
    pub async fn cluster(&self) -> anyhow::Result<Option<Cluster>> {
        match &self.apiserver {
            Some(server) => Ok(Some(admin(server).await?)),
            None => Ok(None),
        }
    }

    /// The ProwJobs, to look at.
    ///
    /// # Errors
    /// If nobody has made the file yet.
    pub async fn prowjobs(&self) -> anyhow::Result<ProwJobs> {
        if let Some(cluster) = self.cluster().await? {
            return Ok(kubernetes::prowjobs(cluster, PROWJOB_NAMESPACE));
        }
        Ok(ProwJobs::open_read_only(&self.prowjobs_file()).await?)
    }

    /// The API server, in a world that has one.
    pub fn apiserver(&mut self) -> Option<&mut ApiServer> {
        self.apiserver.as_mut()
    }

    /// The inbox's file.
    #[must_use]
    pub fn inbox_file(&self) -> PathBuf {
        self.path("state").join("inbox.db")
    }

    /// The ProwJobs' file.
    #[must_use]
    pub fn prowjobs_file(&self) -> PathBuf {
        self.path("state").join("prowjobs.db")
    }

    /// The host's `/status`.
    ///
    /// # Errors
    /// If it does not answer with JSON.
    pub async fn status(&self) -> anyhow::Result<serde_json::Value> {
        let url = format!("http://127.0.0.1:{}/status", self.ports.health);
        self.http.get(&url).send().await?.json().await.context("reading /status")
    }

    /// The host's `/metrics`.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn metrics(&self) -> anyhow::Result<String> {
        let url = format!("http://127.0.0.1:{}/metrics", self.ports.metrics);
        self.http.get(&url).send().await?.text().await.context("reading /metrics")
    }

    /// Looks until `look` answers `Ok`; what it answers with `Err` tells what is there instead.
    ///
    /// # Errors
    /// The time is over, or a process that should run has ended: the text says what was waited for, what was seen, and has
    /// the end of that process's log.
    pub async fn wait<T>(
        &mut self,
        what: &str,
        timeout: Duration,
        mut look: impl AsyncFnMut(&Self) -> Result<T, String>,
    ) -> anyhow::Result<T> {
        let start = Instant::now();
        loop {
            match look(self).await {
                Ok(found) => return Ok(found),
                Err(seen) if start.elapsed() >= timeout => {
                    bail!("waited {:.1} s for {what}; seen instead: {seen}", start.elapsed().as_secs_f64())
                }
                Err(_) => {}
            }
            self.all_alive().with_context(|| format!("while waiting for {what}"))?;
            tokio::time::sleep((start.elapsed() / 20).clamp(POLL, MOST_POLL)).await;
        }
    }

    /// The ends of all logs, for whoever has to find out what went wrong.
    #[must_use]
    pub fn logs(&self) -> String {
        let files = std::fs::read_dir(self.dir()).into_iter().flatten().flatten().map(|file| file.path());
        let mut logs: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "log")).collect();
        logs.sort();
        let tail = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().display();
            format!("--- {name}\n{}\n", process::tail(path, 40))
        };
        logs.iter().map(tail).collect()
    }

    /// Leaves the directory in place when the world ends, and says where it is.
    pub fn keep(&mut self) -> PathBuf {
        self.dir.disable_cleanup(true);
        self.dir.path().to_owned()
    }

    fn all_alive(&mut self) -> anyhow::Result<()> {
        let processes = [Some(&mut self.github), self.host.as_mut(), self.controller.as_mut()];
        for process in processes.into_iter().flatten() {
            if let Some(status) = process.ended() {
                bail!("the {} has ended ({}):\n{}", process.name(), Process::describe(status), process.log_tail());
            }
        }
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}kept: {}", self.logs(), self.keep().display());
        }
        self.host = None;
        self.controller = None;
        compiled::keep(&self.programs, &self.path("state"));
        // Jobs outlive the controller, but not the world.
        process::end_those_with(&self.path("state"));
    }
}

/// An API server that knows what a ProwJob is.
async fn start_apiserver(program: &Path) -> anyhow::Result<ApiServer> {
    let server = ApiServer::start(program, apiserver::Options::default()).await?;
    admin(&server).await?.apply_definition(&kubernetes::definition()).await.context("applying the definition")?;
    Ok(server)
}

async fn admin(server: &ApiServer) -> anyhow::Result<Cluster> {
    let kubeconfig = Some(server.kubeconfig(ADMIN));
    let flags = KubernetesFlags { kubeconfig, no_in_cluster_config: true, ..KubernetesFlags::default() };
    Ok(Clusters::load(&flags).await?.service()?.clone())
}

/// Writes a file in one step: whoever reads it sees the old or the new one, never half of it.
///
/// # Errors
/// If it cannot be written.
pub fn write(dir: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(dir).context("making a file")?;
    std::io::Write::write_all(&mut file, bytes).context("writing a file")?;
    file.persist(dir.join(name)).with_context(|| format!("writing {name}"))?;
    Ok(())
}

/// An outcome as [`World::wait`] wants it.
///
/// # Errors
/// The error as text.
pub fn seen<T, E: std::fmt::Display>(outcome: Result<T, E>) -> Result<T, String> {
    outcome.map_err(|error| format!("{error:#}"))
}
