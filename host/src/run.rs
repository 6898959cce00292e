//! The host, put together: opens what it needs, serves, and ends in order.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::catch_up::{self, CatchUp, Gap};
use crate::compile::Compiler;
use crate::dispatch::{self, Parts};
use crate::engine::Guests;
use crate::flags::HostFlags;
use crate::forget;
use crate::forward::Forwarder;
use crate::gate::Gate;
use crate::guest::Clients;
use crate::hmac::Hmacs;
use crate::hook::{self, Hook};
use crate::kept::Kept;
use crate::metrics::Metrics;
use crate::origins::Origins;
use crate::plugin_help::Answer;
use crate::quarantine::Patience;
use crate::registry::{self, Registry, Setup};
use crate::routes::{self, Pages};

/// How the host starts the compiler's child process: a program and its first arguments, called with two paths more.
pub struct CompilerCommand {
    /// The program.
    pub program: std::path::PathBuf,
    /// Its first arguments.
    pub args: Vec<String>,
}

/// Runs the host until `stop`.
///
/// # Errors
/// If something that it needs at the start is missing or wrong; the message says what to do.
pub async fn run(flags: HostFlags, compiler: CompilerCommand, stop: CancellationToken) -> anyhow::Result<()> {
    flags.check()?;
    let state = &flags.state_dir;
    std::fs::create_dir_all(state).with_context(|| format!("making the state directory {}", state.display()))?;
    let _lock = lock(state)?;
    let configs = config::ConfigHandle::start(flags.sources(), config::WatchOptions::default())
        .context("the configuration cannot be used")?;
    let loaded = configs.current();
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    let hmacs = Hmacs::open(&flags.hmac_secret_file)?;
    let registry_of_metrics = prometheus::Registry::new();
    if !flags.dry_run && flags.github.secrets().is_empty() {
        tracing::warn!(
            "nobody to GitHub: plugins read little and change nothing there; give --github-token-path, or --github-app-id"
        );
    }
    if flags.inbox.inbox.is_some() && flags.kubernetes.place() == kubernetes::Place::Sqlite {
        tracing::warn!(
            "ProwJobs are in this host's state directory, where other hosts of the inbox do not see them: with several hosts, \
             keep them on Kubernetes (--kubeconfig or --prowjobs=kubernetes)"
        );
    }
    let inbox = flags.inbox.open(&state.join("inbox.db")).await?;
    let clients = Clients::open(&flags, &loaded.config.core, &registry_of_metrics).await?;
    let metrics = Arc::new(Metrics::new(&registry_of_metrics)?);
    let guests = Arc::new(Guests::start()?);
    let gate = Arc::new(Gate::new(Patience::default(), metrics.clone()));
    let origins = Arc::new(Origins::open(state, oci::Credentials::of_docker())?);
    let setup = Setup {
        guests: guests.clone(),
        compiler: Compiler::new(state.join("compiled"), compiler.program, compiler.args)?,
        catalogue_dir: flags.plugins_dir.clone(),
        origins: origins.clone(),
        components: Kept::open(state.join("components"))?,
        configs: Kept::open(state.join("configs"))?,
        gate: gate.clone(),
        metrics: metrics.clone(),
        patience: registry::Patience::default(),
    };
    let registry = Registry::start(setup, loaded).await?;
    let forwarder = Arc::new(Forwarder::new(&registry_of_metrics)?);
    let parts = Parts { inbox: inbox.clone(), registry: registry.clone(), clients, guests, gate, forwarder, metrics };
    let shown = catch_up::Shown::new(&flags.webhook_url, flags.dry_run, &registry_of_metrics)?;
    let catch_up = CatchUp {
        inbox: inbox.clone(),
        registry: registry.clone(),
        github: parts.clients.github.clone(),
        webhook_urls: flags.webhook_url.clone(),
        every: flags.catch_up_every,
        shown: shown.clone(),
    };
    let ready = Arc::new(AtomicBool::new(false));
    let about = about(&flags);
    let pages = Pages {
        parts: parts.clone(),
        registry: registry_of_metrics.clone(),
        ready: ready.clone(),
        help: Answer::default(),
        origins: origins.clone(),
        catch_up: shown,
        about,
    };

    let hook_at = listen(flags.address, flags.port, "--port").await?;
    let metrics_at = listen(flags.address, flags.metrics_port, "--metrics-port").await?;
    let health_at = listen(flags.address, flags.health_port, "--health-port").await?;
    say_so(&flags, hook_at.local_addr()?);

    let tasks = tokio_util::task::TaskTracker::new();
    let dispatching = CancellationToken::new();
    let dispatcher = tokio::spawn(dispatch::run(parts, dispatching.clone(), flags.grace_period));
    tasks.spawn(registry.follow(configs, inbox.clone(), stop.clone()));
    tasks.spawn(origins.watch(stop.clone()));
    tasks.spawn(forget::run(inbox.clone(), flags.keep_deliveries, stop.clone()));
    // Health and metrics stay while the host ends, so that what waits for it can see it.
    tasks.spawn(serve(health_at, routes::health(pages.clone()), dispatching.clone()));
    tasks.spawn(serve(metrics_at, routes::metrics(pages.clone()), dispatching.clone()));
    let hook = Hook::new(&flags.webhook_path, hmacs, inbox.clone(), &registry_of_metrics)?;
    let taking =
        hook::serve(hook_at, hook, routes::plugin_help(pages), stop.clone()).context("the webhook's server")?;
    let gap = Gap::until_now(&inbox).await?;
    let mut taking = tokio::spawn(taking);
    tasks.spawn(catch_up.run(gap, stop.clone()));
    tasks.spawn(catch_up::beat(inbox, stop.clone()));
    ready.store(true, Ordering::SeqCst);

    tokio::pin!(dispatcher);
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        ended = &mut dispatcher => {
            // Without it nothing would be handled: better to end and be started again.
            ended.context("the dispatcher")?.context("the dispatcher")?;
        }
        ended = &mut taking => {
            // Without it nothing would come in, and nobody would notice.
            ended.context("the webhook's server")?;
            anyhow::bail!("the webhook's server ended before it was told to");
        }
    }
    ready.store(false, Ordering::SeqCst);
    taking.await.context("the webhook's server")?;
    dispatching.cancel();
    if !dispatcher.is_finished() {
        (&mut dispatcher).await.context("the dispatcher")?.context("the dispatcher")?;
    }
    tasks.close();
    tasks.wait().await;
    tracing::info!("ended; what is left to do is on disk");
    Ok(())
}

/// Two hosts on one state directory would each run every task.
fn lock(state: &Path) -> anyhow::Result<std::fs::File> {
    let path = state.join("host.lock");
    let file = std::fs::File::create(&path).with_context(|| format!("making {}", path.display()))?;
    rustix::fs::flock(file.as_fd(), rustix::fs::FlockOperation::NonBlockingLockExclusive).with_context(|| {
        format!("another host works with {}: end it first, or give another --state-dir", state.display())
    })?;
    Ok(file)
}

async fn listen(address: IpAddr, port: u16, flag: &str) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::from((address, port));
    TcpListener::bind(address)
        .await
        .with_context(|| format!("{address} cannot be had: end what listens there, or give another port by {flag}"))
}

async fn serve(listener: TcpListener, router: axum::Router, stop: CancellationToken) {
    let served = axum::serve(listener, router).with_graceful_shutdown(async move { stop.cancelled().await });
    if let Err(error) = served.await {
        tracing::error!(%error, "a server ended");
    }
}

/// The mirrors of repositories below `folder`, fetched from `web` with the host's own credentials.
fn about(flags: &HostFlags) -> serde_json::Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "dry_run": flags.dry_run,
        "github": {
            "endpoints": flags.github.github_endpoint,
            "auth": match flags.github.auth() {
                github::Auth::App { .. } => "app",
                github::Auth::Token(_) | github::Auth::TokenFile(_) => "token",
                github::Auth::None => "none",
            },
        },
    })
}

fn say_so(flags: &HostFlags, hook: SocketAddr) {
    tracing::info!(address = %hook, path = %flags.webhook_path, "webhooks are taken here");
    tracing::info!(port = flags.health_port, "health and /status");
    if flags.dry_run {
        tracing::warn!(
            "dry run: nothing is changed on GitHub and no ProwJob is made; `--dry-run=false` turns that off"
        );
    }
    if flags.github.github_token_path.is_some() {
        tracing::warn!(
            "a personal token can do what its owner can: plugins are held by what they import and by a check at each call, \
             not by the token itself; a GitHub App narrows the token too"
        );
    }
}
