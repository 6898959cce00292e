//! A task that ran somewhere, run again here: the plugin is told what it was told then, and nobody is asked anything. What
//! it asks beyond that ends the run.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use config::Loaded;
use jiff::Timestamp;
use store::{Entry, Pins, ProwJobs, Scope, TaskKind};

use crate::budget::Budget;
use crate::calls::git::FromGitHub;
use crate::catalogue::Catalogue;
use crate::compile::digest;
use crate::contract::types::RepoRef;
use crate::convert;
use crate::envelope::Envelope;
use crate::guest::{self, Clients, End, TaskContext, TaskFacts};
use crate::journal::{CallTrace, Interrupt, Journal};
use crate::loader::{Loader, Wanted};
use crate::log_book::LogLine;
use crate::metrics::ConfigMapSizes;
use crate::source;

/// Nobody listens there: the discard service's port, on this machine.
const NOBODY: &str = "http://127.0.0.1:9";

/// What is known of a task that ran.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// The plugin's name.
    pub plugin: String,
    /// The delivery's GUID.
    pub guid: String,
    /// `X-GitHub-Event`.
    pub event: String,
    /// Which form of the event the plugin was given.
    pub form: TaskKind,
    /// Whom the delivery was about.
    pub scope: Scope,
    /// How often the plugin had asked to be called again.
    pub round: u32,
    /// What its clocks said.
    pub clock: Timestamp,
    /// Where its random numbers came from.
    pub seed: u64,
    /// The webhook's body.
    pub payload: String,
    /// What it asked, and what it was told, in order.
    pub calls: Vec<Entry>,
}

/// What came of running it again.
#[derive(Debug)]
pub struct Replayed {
    /// `done`, `ignored` or `failed`, with what was said.
    pub outcome: String,
    /// What it asked this time.
    pub calls: Vec<CallTrace>,
    /// What it wrote.
    pub log: Vec<LogLine>,
}

/// Runs it with the component that plugins.yaml names for it, whose grants and settings count, too. `dir` is for what is made
/// on the way.
///
/// # Errors
/// If the component cannot be loaded, or this machine is at fault.
pub async fn replay(loader: &Loader, loaded: Loaded, recording: &Recording, dir: &Path) -> anyhow::Result<Replayed> {
    let name = &recording.plugin;
    let mut sources = source::sources(&loaded, &Catalogue::default(), None)?;
    if let Some((_, why)) = sources.refused.remove(name) {
        return Err(why);
    }
    let want = sources.found.remove(name).with_context(|| format!("plugins.yaml has no module `{name}`"))?;
    let what = || format!("{}: {}", want.place, want.component);
    let source = want.source(None).context("a component from a registry is not replayed").with_context(what)?;
    let bytes = crate::compile::read_component(&source.path)?;
    let wanted = Wanted {
        name: name.clone(),
        digest: digest(&bytes),
        grants: source.terms.grants()?,
        limits: source.terms.limits,
    };
    let plugin = loader.load(&bytes, wanted).await.with_context(what)?;
    let event = prow::event::parse(&recording.event, recording.payload.as_bytes())
        .map_err(|error| anyhow::anyhow!("the webhook's payload: {error}"))?;
    let envelope = Envelope { guid: &recording.guid, scope: &recording.scope, round: recording.round };
    let handed = match recording.form {
        TaskKind::Typed => Some(convert::typed(&event, envelope)),
        TaskKind::Comment => convert::comment_event(&event, envelope),
        TaskKind::Forward => {
            anyhow::bail!("an event that was forwarded was handled elsewhere: there is nothing to replay")
        }
    };
    let handed = handed.context("the webhook holds no comment")?;
    let home = recording.scope.repo().and_then(|name| name.split_once('/'));
    let pins = Pins {
        component_digest: plugin.digest.clone(),
        config_revision: loaded.revision.clone(),
        clock: recording.clock,
        seed: recording.seed,
    };
    let facts = Arc::new(TaskFacts {
        plugin: name.clone(),
        grants: plugin.grants.clone(),
        guid: recording.guid.clone(),
        home: home.map(|(org, name)| RepoRef { org: org.to_owned(), name: name.to_owned() }),
        event: Arc::new(event),
        payload: Bytes::from(recording.payload.clone()),
        loaded: Arc::new(loaded),
        clients: nobody(dir).await?,
    });
    let journal = Journal::replaying(recording.calls.clone(), pins, Budget::new(plugin.limits));
    let run = async move { guest::handle(&plugin, TaskContext::new(journal, facts), &handed).await };
    let (end, leavings) = loader.guests().handle().spawn(run).await.context("the guest's thread")?;
    Ok(Replayed { outcome: said(end), calls: leavings.calls, log: leavings.log })
}

fn said(end: End) -> String {
    match end {
        End::Done(what) => format!("done {what}"),
        End::Ignored(why) => format!("ignored {why}"),
        End::Again(after) => format!("again after {} ms", after.as_millis()),
        End::Failed(why) => format!("failed {why}"),
        End::Trapped(why) => format!("failed trapped: {why}"),
        End::Over(which) => format!("failed over its limits: {which}"),
        End::OutOfTime | End::OutOfTimeWaiting => "failed over its deadline (`limits.deadline`)".to_owned(),
        End::Interrupted(Interrupt::Diverged(why)) => format!("diverged {why}"),
        End::Interrupted(Interrupt::Exhausted(why) | Interrupt::Flooded(why)) => {
            format!("failed over its limits: {why}")
        }
        End::Interrupted(other) => format!("failed {other}"),
    }
}

/// Far sides at which nobody is. The journal lets no call come to them; but a client has to have an address.
async fn nobody(dir: &Path) -> anyhow::Result<Clients> {
    let mut options = github::Options::new(github::Auth::None);
    options.endpoints = vec![NOBODY.to_owned()];
    options.connect_timeout = Duration::from_secs(1);
    let github = github::Client::new(options).map_err(|error| anyhow::anyhow!("a client of nobody's: {error}"))?;
    let credentials = Arc::new(FromGitHub(github.clone()));
    let mirrors = git::Mirrors::open(git::Options { credentials, ..git::Options::new(dir.join("mirrors"), NOBODY) })
        .context("a directory for mirrors")?;
    let owners = git::Owners::new(mirrors.clone());
    let in_repo = git::InRepo::new(mirrors.clone());
    Ok(Clients {
        github,
        github_endpoints: vec![NOBODY.to_owned()],
        mirrors,
        owners,
        in_repo,
        clusters: kubernetes::Clusters::default(),
        services: services::Services::default(),
        prowjobs: ProwJobs::open(&dir.join("prowjobs.db")).await?,
        config_map_sizes: ConfigMapSizes::default(),
        dry_run: false,
    })
}
