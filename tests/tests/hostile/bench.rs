//! The real host but for its webhook, in this process: inbox, dispatcher, sandbox, plugins that are replaced when their
//! files change. GitHub is an address that takes connections and never answers.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use host::compile::{CompileLimits, Compiler};
use host::dispatch::{self, Parts};
use host::engine::Guests;
use host::forward::Forwarder;
use host::gate::Gate;
use host::guest::Clients;
use host::kept::Kept;
use host::metrics::{ConfigMapSizes, Metrics};
use host::origins::Origins;
use host::quarantine::Patience;
use host::registry::{self, Registry, Setup};
use jiff::Timestamp;
use store::{Inbox, NewDelivery, ProwJobs, Scope, StoreError, TaskReport};
use tempfile::TempDir;
use tests::programs::Programs;
use tests::world::write;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long anything may take that is waited for.
const SOON: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(2);

/// A running host.
pub(crate) struct Bench {
    pub(crate) inbox: Inbox,
    pub(crate) gate: Arc<Gate>,
    pub(crate) guests: Arc<Guests>,
    pub(crate) metrics: prometheus::Registry,
    dir: TempDir,
    numbers: AtomicU32,
    stop: CancellationToken,
    dispatcher: JoinHandle<Result<(), StoreError>>,
    follower: JoinHandle<()>,
    _never_answers: TcpListener,
}

/// What compiles, with its results in `dir`.
pub(crate) fn compiler(dir: &Path, limits: CompileLimits) -> Compiler {
    let program = Programs::find().unwrap().bowsprit;
    Compiler::new(dir.to_owned(), program, vec!["compile-component".to_owned()]).unwrap().within(limits)
}

impl Bench {
    /// A host with this plugins.yaml, these components beside it, and the bundled plugins.
    pub(crate) async fn start(plugins: &str, components: &[(String, Vec<u8>)], patience: Patience) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        write(dir.path(), "config.yaml", b"{}").unwrap();
        write(dir.path(), "plugins.yaml", plugins.as_bytes()).unwrap();
        for (name, bytes) in components {
            write(dir.path(), &format!("{name}.wasm"), bytes).unwrap();
        }
        let sources = config::Sources {
            config_path: at("config.yaml"),
            job_config_path: None,
            plugin_config: Some(at("plugins.yaml")),
            ..config::Sources::default()
        };
        let configs = config::ConfigHandle::start(sources, config::WatchOptions::default()).unwrap();
        let inbox = Inbox::open(&at("inbox.db")).await.unwrap();
        let prowjobs = ProwJobs::open(&at("prowjobs.db")).await.unwrap();
        let all_metrics = prometheus::Registry::new();
        let metrics = Arc::new(Metrics::new(&all_metrics).unwrap());
        let guests = Arc::new(Guests::start().unwrap());
        let gate = Arc::new(Gate::new(patience, metrics.clone()));
        let setup = Setup {
            guests: guests.clone(),
            compiler: compiler(&at("compiled"), CompileLimits::default()),
            catalogue_dir: Some(Programs::find().unwrap().plugins),
            origins: Arc::new(Origins::open(dir.path(), oci::Credentials::default()).unwrap()),
            components: Kept::open(at("components")).unwrap(),
            configs: Kept::open(at("configs")).unwrap(),
            gate: gate.clone(),
            metrics: metrics.clone(),
            patience: registry::Patience::default(),
        };
        let registry = Registry::start(setup, configs.current()).await.unwrap();
        let never_answers = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoints = vec![format!("http://{}", never_answers.local_addr().unwrap())];
        let mut options = github::Options::new(github::Auth::None);
        options.endpoints.clone_from(&endpoints);
        let github = github::Client::new(options).unwrap();
        let mirrors = git::Mirrors::open(git::Options::new(at("mirrors"), &endpoints[0])).unwrap();
        let clients = Clients {
            github,
            github_endpoints: endpoints,
            owners: git::Owners::new(mirrors.clone()),
            in_repo: git::InRepo::new(mirrors.clone()),
            mirrors,
            clusters: kubernetes::Clusters::default(),
            services: services::Services::default(),
            prowjobs,
            config_map_sizes: ConfigMapSizes::default(),
            dry_run: false,
        };
        let parts = Parts {
            inbox: inbox.clone(),
            registry: registry.clone(),
            clients,
            guests: guests.clone(),
            gate: gate.clone(),
            forwarder: Arc::new(Forwarder::new(&all_metrics).unwrap()),
            metrics,
        };
        let stop = CancellationToken::new();
        let dispatcher = tokio::spawn(dispatch::run(parts, stop.clone(), Duration::ZERO));
        let follower = tokio::spawn(registry.follow(configs, inbox.clone(), stop.clone()));
        Bench {
            inbox,
            gate,
            guests,
            metrics: all_metrics,
            dir,
            numbers: AtomicU32::new(1),
            stop,
            dispatcher,
            follower,
            _never_answers: never_answers,
        }
    }

    /// Puts another component in a plugin's place.
    pub(crate) fn replace(&self, plugin: &str, component: &[u8]) {
        write(self.dir.path(), &format!("{plugin}.wasm"), component).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    /// Somebody comments on an issue of `ORG/r` that nobody has commented on yet. Gives the delivery's GUID.
    pub(crate) async fn comment(&self, org: &str) -> String {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let guid = format!("{org}-{number}");
        let payload = serde_json::json!({
            "action": "created",
            "issue": { "id": 1, "number": number, "pull_request": {} },
            "comment": { "id": 3, "body": "nothing in particular" },
            "repository": { "name": "r", "full_name": format!("{org}/r"), "owner": { "login": org } },
        });
        let delivery = NewDelivery {
            guid: guid.clone(),
            event: "issue_comment".into(),
            scope: Scope::Repo(format!("{org}/r")),
            key_level: "*".into(),
            payload: payload.to_string().into(),
            headers: Vec::new(),
            received_at: Timestamp::now(),
            likeness: None,
        };
        self.inbox.accept(delivery).await.unwrap();
        guid
    }

    /// Waits until the delivery's one task has ended, or was put aside; gives it, and how long that took from its arrival.
    pub(crate) async fn ended(&self, guid: &str) -> (TaskReport, Duration) {
        self.until(&format!("{guid} to have ended"), async || {
            let report = self.inbox.show(guid).await.unwrap().unwrap();
            let [task] = &report.reports[..] else { return None };
            let ended = task.finished_at.or(task.not_before)?;
            let latency = ended.duration_since(report.summary.received_at).unsigned_abs();
            Some((task.clone(), latency))
        })
        .await
    }

    /// Looks until there is something to see.
    pub(crate) async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            assert!(begun.elapsed() < SOON, "waited {SOON:?} for {what}");
            assert!(!self.dispatcher.is_finished() && !self.follower.is_finished(), "the host has ended");
            tokio::time::sleep(POLL).await;
        }
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.dispatcher.await.unwrap().unwrap();
        self.follower.await.unwrap();
    }
}
