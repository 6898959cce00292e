//! The plugins in force, always together with the configuration that they belong to; and those that unfinished tasks began
//! with.

mod build;
mod reload;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use config::{ConfigHandle, Loaded};
use jiff::Timestamp;
use store::{Inbox, Task};
use tokio_util::sync::CancellationToken;

use crate::catalogue::{self, Catalogue};
use crate::compile::{self, Compiler};
use crate::engine::Guests;
use crate::gate::{Gate, Identity};
use crate::kept::Kept;
use crate::loader::Loader;
use crate::metrics::Metrics;
use crate::origins::Origins;
use crate::plugin::Plugin;
use crate::retry;
use crate::source::{self, Source, Sources, Terms};
use crate::task::Begun;

use self::reload::Follower;

/// The fault of the configuration itself, among those of the plugins.
pub const CONFIG: &str = "config";
/// How long a failed task's component and configuration are kept for a redelivery.
const KEEP_FAILED: Duration = Duration::from_secs(7 * 24 * 3600);

/// One revision of the configuration and the plugins loaded for it.
pub struct Set {
    /// The configuration.
    pub loaded: Arc<Loaded>,
    /// By name.
    pub plugins: BTreeMap<String, Arc<Plugin>>,
    /// Plugins that plugins.yaml enables and nobody has a component of.
    pub unknown: BTreeSet<String>,
    /// What the configuration says of each plugin. One that cannot be loaded so is as it was before, or not there.
    wanted: BTreeMap<String, Source>,
    /// What each of `plugins` was really loaded by.
    sources: BTreeMap<String, Source>,
    identities: BTreeMap<String, Identity>,
}

impl Set {
    /// The same with one plugin loaded by `source`.
    fn with(&self, name: &str, plugin: Arc<Plugin>, source: &Source) -> Self {
        let (mut plugins, mut sources) = (self.plugins.clone(), self.sources.clone());
        plugins.insert(name.to_owned(), plugin);
        sources.insert(name.to_owned(), source.clone());
        let (loaded, unknown, wanted) = (self.loaded.clone(), self.unknown.clone(), self.wanted.clone());
        Set { loaded, plugins, unknown, wanted, sources, identities: BTreeMap::new() }
    }

    /// All plugins that can have a fault.
    fn known(&self) -> impl Iterator<Item = &String> {
        self.wanted.keys().chain(self.sources.keys())
    }

    /// Why no plugin of this name is loaded.
    pub fn absence(&self, name: &str) -> &'static str {
        if self.unknown.contains(name) {
            "no component of this name is loaded"
        } else {
            "its component cannot be loaded: `/status` says why"
        }
    }
}

/// A plugin of another revision, by name, digest and revision.
type Earlier = (String, String, String);

/// Why a task cannot be run with what it began with.
#[derive(Debug)]
pub enum Unfit {
    /// That is gone: the task cannot be run again faithfully.
    Gone(String),
    /// It cannot be had just now.
    NotNow(String),
}

/// Loads plugins, and loads them again when their files or the configuration change.
pub struct Registry {
    loader: Loader,
    catalogue_dir: Option<PathBuf>,
    origins: Arc<Origins>,
    components: Kept,
    configs: Kept,
    current: ArcSwap<Set>,
    faults: Mutex<BTreeMap<String, String>>,
    earlier: Mutex<HashMap<Earlier, Begun>>,
    loading: tokio::sync::Mutex<()>,
    /// Every set that was in force and is still held by someone.
    handed_out: Mutex<Vec<Weak<Set>>>,
    gate: Arc<Gate>,
    metrics: Arc<Metrics>,
}

/// What a registry is made of.
pub struct Setup {
    /// Where guests run.
    pub guests: Arc<Guests>,
    /// What compiles components.
    pub compiler: Compiler,
    /// Where the bundled components and their catalogue are.
    pub catalogue_dir: Option<PathBuf>,
    /// Where the components of registries come from.
    pub origins: Arc<Origins>,
    /// Where components are kept for unfinished tasks.
    pub components: Kept,
    /// Where configurations are kept for unfinished tasks.
    pub configs: Kept,
    /// Who is told what is in force.
    pub gate: Arc<Gate>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
}

impl Registry {
    /// Loads every plugin that `loaded` enables or lists as a module.
    ///
    /// # Errors
    /// If one of them cannot be loaded: the message says which, where it stands and what to do.
    pub async fn start(setup: Setup, loaded: Arc<Loaded>) -> anyhow::Result<Arc<Self>> {
        let empty = Set {
            loaded: loaded.clone(),
            plugins: BTreeMap::new(),
            unknown: BTreeSet::new(),
            wanted: BTreeMap::new(),
            sources: BTreeMap::new(),
            identities: BTreeMap::new(),
        };
        let registry = Registry {
            loader: Loader::new(setup.guests, setup.compiler),
            catalogue_dir: setup.catalogue_dir,
            origins: setup.origins,
            components: setup.components,
            configs: setup.configs,
            current: ArcSwap::from_pointee(empty),
            faults: Mutex::default(),
            earlier: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
            handed_out: Mutex::default(),
            gate: setup.gate,
            metrics: setup.metrics,
        };
        let (set, failures) = registry.build(loaded).await?;
        // Nothing is in force yet that could stand: better to tell whoever starts it.
        if let Some((_, error)) = failures.into_iter().next() {
            return Err(error);
        }
        for plugin in set.plugins.values() {
            let digest = short(&plugin.digest);
            tracing::info!(plugin = %plugin.name, digest, imports = plugin.functions.len(), "loaded");
        }
        registry.put_in_force(set);
        Ok(Arc::new(registry))
    }

    /// The plugins and the configuration in force.
    pub fn current(&self) -> Arc<Set> {
        self.current.load_full()
    }

    /// What is wrong with the newest files, by plugin or [`CONFIG`]; what is in force is older and good.
    pub fn faults(&self) -> BTreeMap<String, String> {
        self.faults.lock().expect("no one panics with it").clone()
    }

    /// Follows the configuration, the catalogue and the component files until `stop`, and deletes what no task of `inbox`
    /// needs any more.
    pub async fn follow(self: Arc<Self>, configs: ConfigHandle, inbox: Inbox, stop: CancellationToken) {
        let follower = Follower::new(self, configs, inbox);
        tokio::select! {
            () = stop.cancelled() => {}
            () = follower.run() => {}
        }
    }

    /// What `task` is run with: what it began with, if it has begun, else what its delivery was dispatched with.
    ///
    /// # Errors
    /// If that is gone, or cannot be had now.
    pub async fn for_task(&self, task: &Task) -> Result<Begun, Unfit> {
        let begun = self.in_force(&task.plugin);
        let (digest, revision) = match (&task.pins, &task.component_digest) {
            (Some(pins), _) => (pins.component_digest.clone(), pins.config_revision.clone()),
            (None, Some(digest)) => (digest.clone(), task.config_revision.clone()),
            (None, None) => {
                return begun.ok_or_else(|| Unfit::Gone(format!("plugin `{}` is not loaded any more", task.plugin)));
            }
        };
        if let Some(begun) = begun
            && begun.plugin.digest == digest
            && begun.loaded.revision == revision
        {
            return Ok(begun);
        }
        let key = (task.plugin.clone(), digest, revision);
        if let Some(begun) = self.loaded_again(&key) {
            return Ok(begun);
        }
        // One at a time: tasks that want the same wait for the first, and there are never many compilers.
        let _turn = self.loading.lock().await;
        if let Some(begun) = self.loaded_again(&key) {
            return Ok(begun);
        }
        let begun = self.again(&key.0, &key.1, &key.2).await.map_err(|error| match retry::may_help(&error) {
            true => Unfit::NotNow(format!("what it began with cannot be had now: {error:#}")),
            false => Unfit::Gone(format!("diverged: {error:#}")),
        })?;
        self.earlier.lock().expect("no one panics with it").insert(key, begun.clone());
        Ok(begun)
    }

    /// The plugin of this name that is in force.
    pub fn in_force(&self, plugin: &str) -> Option<Begun> {
        let set = self.current();
        let (found, identity) = set.plugins.get(plugin).zip(set.identities.get(plugin))?;
        let (plugin, identity, loaded) = (found.clone(), identity.clone(), set.loaded.clone());
        Some(Begun { plugin, loaded, identity, held: Some(set) })
    }

    fn loaded_again(&self, key: &Earlier) -> Option<Begun> {
        self.earlier.lock().expect("no one panics with it").get(key).cloned()
    }

    /// Deletes what no unfinished task needs, what none will need that is being dispatched, and what is not in force.
    async fn prune(&self, inbox: &Inbox) {
        // Before the inbox is asked: who lets go of a set after that has its tasks in the inbox by then.
        let held = self.handed_out.lock().expect("no one panics with it").iter().filter_map(Weak::upgrade).collect();
        let since = Timestamp::now().checked_sub(KEEP_FAILED).unwrap_or(Timestamp::MIN);
        match inbox.pinned(since).await {
            Ok(pinned) => self.retain(&pinned, held),
            Err(error) => tracing::warn!(%error, "cannot tell what is still needed"),
        }
    }

    fn retain(&self, pinned: &store::Pinned, held: Vec<Arc<Set>>) {
        let mut digests: BTreeSet<_> = pinned.digests.iter().cloned().collect();
        let mut revisions: BTreeSet<_> = pinned.revisions.iter().cloned().collect();
        for set in held.iter().chain([&self.current()]) {
            digests.extend(set.plugins.values().map(|plugin| plugin.digest.clone()));
            revisions.insert(set.loaded.revision.clone());
        }
        self.origins.retain(held.iter().chain([&self.current()]).map(|set| &*set.loaded));
        self.components.retain(&digests);
        self.configs.retain(&revisions);
        self.loader.compiler().retain(&self.loader.guests().engine, &digests);
        let mut earlier = self.earlier.lock().expect("no one panics with it");
        earlier.retain(|(_, digest, revision), _| digests.contains(digest) && revisions.contains(revision));
    }

    /// Puts a configuration in force. A plugin that cannot be loaded as it says holds the others back in nothing: that is
    /// its own fault from then on. Gives those for whom another try may help.
    ///
    /// # Errors
    /// If nothing of it is in force.
    async fn take_config(&self, loaded: Arc<Loaded>) -> anyhow::Result<Vec<String>> {
        let (set, failures) = self.build(loaded).await?;
        let before = self.current();
        if before.loaded.revision != set.loaded.revision {
            tracing::info!(revision = short(&set.loaded.revision), "the new configuration is in force");
        }
        let is_there = |name: &String| set.wanted.contains_key(name) || failures.contains_key(name);
        let faulty = self.faults().into_keys().filter(|name| name != CONFIG);
        let gone: Vec<_> = before.known().cloned().chain(faulty).filter(|name| !is_there(name)).collect();
        let loaded_well: Vec<_> = set.wanted.keys().filter(|name| !failures.contains_key(*name)).cloned().collect();
        self.put_in_force(set);
        for name in &loaded_well {
            self.fault(name, None);
        }
        for (name, error) in &failures {
            self.fault(name, Some(format!("{error:#}")));
        }
        for name in &gone {
            self.forget(name);
        }
        Ok(failures.into_iter().filter(|(_, error)| retry::may_help(error)).map(|(name, _)| name).collect())
    }

    /// Puts one component in force. What goes wrong is that plugin's fault from then on.
    async fn take_component(&self, name: &str, source: &Source) -> anyhow::Result<()> {
        let set = self.current();
        if source.fetched {
            // Its file in the cache is not as it was: someone changed it, and the registry has it still.
            if let Some(error) = self.origins.fetch(&set.loaded).await?.remove(name) {
                self.fault(name, Some(format!("{error:#}")));
                return Err(error);
            }
        }
        let taken = self.plugin(name, source, &set).await;
        match taken.and_then(|plugin| self.keep_terms(&plugin, source, &set.loaded).map(|()| plugin)) {
            Ok(plugin) => {
                if !set.plugins.get(name).is_some_and(|old| Arc::ptr_eq(old, &plugin)) {
                    tracing::info!(plugin = name, digest = short(&plugin.digest), "replaced");
                    self.put_in_force(set.with(name, plugin, source));
                }
                self.fault(name, None);
                Ok(())
            }
            Err(error) => {
                self.fault(name, Some(format!("{error:#}")));
                Err(error)
            }
        }
    }

    fn put_in_force(&self, mut set: Set) {
        let of = |(name, plugin): (&String, &Arc<Plugin>)| {
            let terms = &set.sources.get(name)?.terms;
            Some((name.clone(), identity(name, &plugin.digest, terms, &set.loaded)))
        };
        set.identities = set.plugins.iter().filter_map(of).collect();
        let identities = set.identities.clone();
        let set = Arc::new(set);
        let mut handed_out = self.handed_out.lock().expect("no one panics with it");
        handed_out.retain(|set| set.strong_count() > 0);
        handed_out.push(Arc::downgrade(&set));
        drop(handed_out);
        self.current.store(set);
        // After: whoever waits for this finds it in force.
        self.gate.in_force(identities);
    }

    /// The catalogue, if bundled plugins were named.
    fn catalogue_file(&self) -> Option<PathBuf> {
        self.catalogue_dir.as_ref().map(|dir| dir.join(catalogue::FILE))
    }

    /// The files that a configuration depends on besides its own.
    fn files(&self, loaded: &Loaded) -> Vec<PathBuf> {
        let sources = self.sources(loaded).map(|sources| sources.found).unwrap_or_default();
        sources.into_values().map(|source| source.path).chain(self.others(loaded)).collect()
    }

    /// Those that are neither its own nor a component.
    fn others(&self, loaded: &Loaded) -> Vec<PathBuf> {
        self.catalogue_file().into_iter().chain(self.origins.files(loaded)).collect()
    }

    fn sources(&self, loaded: &Loaded) -> anyhow::Result<Sources> {
        let catalogue = match &self.catalogue_dir {
            Some(dir) => Catalogue::read(dir)?,
            None => Catalogue::default(),
        };
        source::sources(loaded, &catalogue, self.catalogue_dir.as_deref(), &self.origins.fetches())
    }

    /// What is not configured any more has no faults.
    fn forget(&self, plugin: &str) {
        self.faults.lock().expect("no one panics with it").remove(plugin);
        // An error says that there is no such series, which is as well.
        let _ = self.metrics.reload_failed.remove_label_values(&[plugin]);
    }

    fn fault(&self, what: &str, fault: Option<String>) {
        let gauge = self.metrics.reload_failed.with_label_values(&[what]);
        let mut faults = self.faults.lock().expect("no one panics with it");
        match fault {
            Some(fault) if faults.get(what) == Some(&fault) => {}
            Some(fault) => {
                tracing::error!(what, fault, "not taken; what was in force stays");
                gauge.set(1);
                faults.insert(what.to_owned(), fault);
            }
            None => {
                gauge.set(0);
                faults.remove(what);
            }
        }
    }
}

/// What a plugin is made of: its component, its terms, and what it is told.
fn identity(name: &str, digest: &str, terms: &Terms, loaded: &Loaded) -> Identity {
    let made_of = (digest, terms, loaded.plugins.settings_everywhere(name));
    let json = serde_json::to_vec(&made_of).expect("terms and settings are plain data");
    compile::digest(&json).into()
}

fn terms_file(digest: &str, revision: &str) -> String {
    format!("{digest}.{revision}.json")
}

/// The first digits of a digest, for people.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
