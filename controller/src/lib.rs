//! The ProwJob lifecycle: schedule, run, report, clean up.
//!
//! The controller meets the host in the store alone. Whatever it does it can be killed at, and it carries on: what is
//! true of a run stands in the run's folder, what is true of a ProwJob in the store.

mod build_id;
mod drive;
mod flags;
mod git_access;
mod github_reporter;
mod http;
mod interest;
mod launch;
mod local_runner;
mod metrics;
mod reconciler;
mod sinker;
mod starts;
mod template;
mod turns;
mod user;

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use axum::Router;
use config::{ConfigHandle, WatchOptions};
use podutils::sandbox::Sandbox;
use prometheus::Registry;
use store::{ProwJobs, Selector};
use tokio::net::TcpListener;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use flags::{EXAMPLES, FlagError, Options};

use build_id::BuildIds;
use git_access::GitAccess;
use github_reporter::GithubReporter;
use interest::Interest;
use launch::Machine;
use local_runner::LocalRunner;
use metrics::{ProwJobMetrics, ReporterMetrics, SharedRegistry, SinkerMetrics};
use reconciler::Reconciler;
use sinker::Sinker;
use starts::Starts;
use user::User;

/// How often ProwJobs are counted.
const SAMPLE_PERIOD: Duration = Duration::from_secs(30);
/// How many ProwJobs are worked on at once. Those that start or die wait for processes, and hold up others only when so
/// many do.
const RECONCILES: usize = 50;
/// How many ProwJobs are told of at once: GitHub asks its clients not to come in crowds.
const REPORTS: usize = 10;

/// Where a controller listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// The jobs' logs.
    pub logs: SocketAddr,
    /// Prometheus's metrics.
    pub metrics: SocketAddr,
    /// Whether it is well.
    pub health: SocketAddr,
}

/// A controller that listens and has not yet begun its work.
pub struct Controller {
    addresses: Addresses,
    servers: Vec<(TcpListener, Router)>,
    ready: Arc<AtomicBool>,
    store: ProwJobs,
    reconciler: Arc<Reconciler>,
    reporter: Arc<GithubReporter>,
    sinker: Sinker,
    jobs: ProwJobMetrics,
    /// Held while it lives: one state directory, one controller.
    _lock: File,
}

/// Starts a controller and runs it until `shutdown`. Jobs that run then go on, and are found again at the next start.
///
/// # Errors
/// Whatever keeps it from starting: flags that contradict each other, a config that cannot take effect (file, line and
/// column), a state directory or a port that is taken.
pub async fn run(options: Options, shutdown: CancellationToken) -> anyhow::Result<()> {
    Controller::start(options).await?.run(shutdown).await
}

impl Controller {
    /// Reads the config, opens the store, takes the ports. Nothing is changed yet.
    ///
    /// # Errors
    /// As [`run`].
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        options.check()?;
        let config = Arc::new(ConfigHandle::start(options.config.sources(None), WatchOptions::default())?);
        let state_dir = make_folder(&options.state_dir)?;
        let lock = sole(&state_dir)?;
        let jobs_dir = make_folder(&state_dir.join("jobs"))?;
        let namespace = config.current().config.core.prowjob_namespace.clone();
        let store = options.kubernetes.open_prowjobs(&namespace, &state_dir.join("prowjobs.db")).await?;
        let registry: SharedRegistry = Arc::new(Registry::new());

        let mut github = github::Options::new(options.github.auth());
        github.endpoints.clone_from(&options.github.github_endpoint);
        github.graphql_endpoint.clone_from(&options.github.github_graphql_endpoint);
        github.dry_run = options.dry_run;
        github.registry = Some((*registry).clone());
        let client = github::Client::new(github)
            .map_err(|error| anyhow::anyhow!("{}: {error}", options.github.at_fault(&error).unwrap_or("GitHub")))?;

        let (logs, logs_at) = http::listen(options.address, options.port, "--port").await?;
        let (metrics, metrics_at) = http::listen(options.address, options.metrics_port, "--metrics-port").await?;
        let (health, health_at) = http::listen(options.address, options.health_port, "--health-port").await?;
        let addresses = Addresses { logs: logs_at, metrics: metrics_at, health: health_at };
        let logs_url = match &options.external_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://127.0.0.1:{}", logs_at.port()),
        };

        let runner = LocalRunner::new(jobs_dir, supervisor(&options)?);
        let machine = machine(&options, &state_dir);
        let ready = Arc::new(AtomicBool::new(false));
        let reconciler = Reconciler {
            store: store.clone(),
            config: Arc::clone(&config),
            runner: runner.clone(),
            machine,
            git_access: GitAccess::new(&options.github, &client),
            logs_url,
            dry_run: options.dry_run,
            build_ids: BuildIds::default(),
            starts: Starts::default(),
        };
        let reporter = GithubReporter {
            store: store.clone(),
            config: Arc::clone(&config),
            client,
            dry_run: options.dry_run,
            metrics: ReporterMetrics::new(&registry)?,
            locks: std::sync::Mutex::new(HashMap::new()),
        };
        let sinker = Sinker {
            store: store.clone(),
            config,
            runner: runner.clone(),
            dry_run: options.dry_run,
            metrics: SinkerMetrics::new(&registry)?,
        };
        if options.dry_run {
            info!(
                "dry run: no job is started, no ProwJob is changed, GitHub is told nothing (--dry-run=false is in earnest)"
            );
        }
        Ok(Self {
            addresses,
            jobs: ProwJobMetrics::new(&registry)?,
            servers: vec![
                (logs, http::logs(runner)),
                (metrics, http::metrics(registry)),
                (health, http::health(Arc::clone(&ready))),
            ],
            ready,
            store,
            reconciler: Arc::new(reconciler),
            reporter: Arc::new(reporter),
            sinker,
            _lock: lock,
        })
    }

    /// Where it listens.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Does its work until `shutdown`.
    ///
    /// # Errors
    /// If one of its ports breaks.
    pub async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        let Self { addresses, servers, ready, store, reconciler, reporter, sinker, jobs, _lock } = self;
        info!(logs = %addresses.logs, metrics = %addresses.metrics, health = %addresses.health, "controller listens");
        // Servers stay up to the very end, so that logs can be read while turns come to theirs.
        let stop_serving = CancellationToken::new();
        let mut serving = tokio::task::JoinSet::new();
        for (listener, router) in servers {
            serving.spawn(http::serve(listener, router, stop_serving.clone()));
        }
        let mut interest = Interest::default();
        let work = async {
            tokio::join!(
                drive::drive(
                    "controller",
                    RECONCILES,
                    &store,
                    &shutdown,
                    |change| interest.of(change),
                    move |name| {
                        let reconciler = Arc::clone(&reconciler);
                        async move { reconciler.turn(&name).await }
                    }
                ),
                drive::drive("github-reporter", REPORTS, &store, &shutdown, github_reporter::interest, move |name| {
                    let reporter = Arc::clone(&reporter);
                    async move { reporter.turn(&name).await }
                }),
                sinker.run(&shutdown),
                sample(&store, &jobs, &shutdown),
            )
        };
        ready.store(true, Ordering::SeqCst);
        let outcome = tokio::select! {
            _ = work => Ok(()),
            Some(ended) = serving.join_next() => ended.map_err(anyhow::Error::from).and_then(|r| r.context("a port broke")),
        };
        ready.store(false, Ordering::SeqCst);
        stop_serving.cancel();
        // A client that reads a log slowly does not hold up the end.
        let _ =
            tokio::time::timeout(Duration::from_secs(2), async { while serving.join_next().await.is_some() {} }).await;
        outcome
    }
}

async fn sample(store: &ProwJobs, metrics: &ProwJobMetrics, shutdown: &CancellationToken) {
    let mut ticks = interval(SAMPLE_PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = ticks.tick() => match store.list(&Selector::default()).await {
                Ok(jobs) => metrics.sample(&jobs),
                Err(error) => warn!(error = %outgoing::chain(&error), "the ProwJobs cannot be counted"),
            },
        }
    }
}

/// The folder, made if it is not there, readable by its owner alone; as an absolute path.
fn make_folder(path: &Path) -> anyhow::Result<std::path::PathBuf> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("cannot create {} (--state-dir)", path.display()))?;
    fs::canonicalize(path).with_context(|| format!("cannot use {} (--state-dir)", path.display()))
}

/// Takes the state directory for this controller.
fn sole(state_dir: &Path) -> anyhow::Result<File> {
    let path = state_dir.join("controller.lock");
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another controller works in {}: stop it, or give another --state-dir", state_dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", path.display())),
    }
}

/// The command that supervises a job: as given, else this program's own subcommand.
fn supervisor(options: &Options) -> anyhow::Result<Vec<String>> {
    if let Some(command) = &options.supervisor {
        return Ok(command.clone());
    }
    let program = std::env::current_exe().context("cannot tell which program this is")?;
    Ok(vec![program.to_string_lossy().into_owned(), "supervise".to_owned()])
}

/// Looks at the machine once, and says what jobs may do on it.
fn machine(options: &Options, state_dir: &Path) -> Machine {
    let user = User::current();
    info!("jobs run as processes on this machine, with the rights of {user}; their images are ignored");
    let secrets = [options.github.secrets(), options.kubernetes.secrets()].concat();
    let folders = [vec![state_dir.to_owned()], options.kubernetes.secret_dirs()].concat();
    let sandbox = match Sandbox::probe(folders, secrets) {
        Ok(sandbox) => {
            info!("jobs are sandboxed by bubblewrap: read-only root, home and /tmp of their own, network open");
            Some(sandbox)
        }
        Err(why) => {
            warn!("jobs are NOT sandboxed, they may read and change whatever {user} may: {why}");
            None
        }
    };
    if user.is_root() {
        warn!(
            "jobs run as root, since the controller does: start it as a user of its own, who may do no more than jobs should"
        );
    }
    Machine { sandbox, search_path: std::env::var("PATH").unwrap_or_default() }
}
