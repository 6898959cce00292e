//! The plugins in force, always together with the configuration that they belong to; and those that unfinished tasks began
//! with.

mod attempts;
mod build;
mod decide;
mod faults;
mod loading;
mod pause;
mod refusals;
mod reload;
mod set;
mod setup;
mod shared;
mod turns;
mod watched;

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
use crate::compile;
use crate::gate::{Gate, Identity};
use crate::kept::Kept;
use crate::loader::Loader;
use crate::origins::Origins;
use crate::plan;
use crate::plugin::Plugin;
use crate::retry;
use crate::source::{self, Component, Sources, Terms, Want};
use crate::task::Begun;

use self::decide::Cause;
use self::faults::Faults;
use self::loading::Loading;
use self::refusals::Refusals;
pub use self::refusals::Refused;
use self::reload::Follower;
pub use self::set::Set;
pub use self::setup::{Patience, Setup};
use self::turns::Turns;

/// The fault of the configuration itself, among those of the plugins.
pub const CONFIG: &str = "config";
/// How long a failed task's component and configuration are kept for a redelivery.
const KEEP_FAILED: Duration = Duration::from_secs(7 * 24 * 3600);

/// How long what hosts share is kept that none of them needs: longer than for a failed task, which one host may know of alone.
const KEEP_UNUSED: Duration = Duration::from_secs(8 * 24 * 3600);

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
    faults: Faults,
    refusals: Mutex<Refusals>,
    turns: Turns,
    patience: Patience,
    earlier: Mutex<HashMap<Earlier, (Begun, Terms)>>,
    loading: tokio::sync::Mutex<()>,
    /// What the start has begun, for whoever follows the files.
    left: Mutex<Option<Loading>>,
    /// Every set that was in force and is still held by someone.
    handed_out: Mutex<Vec<Weak<Set>>>,
    /// The set whose files every host can have.
    shared: tokio::sync::Mutex<Weak<Set>>,
    gate: Arc<Gate>,
}

impl Registry {
    /// Loads every plugin that `loaded` enables or lists as a module. Those that cannot be loaded, or are not ready within
    /// the patience of `setup`, are faults, and the host starts without them.
    ///
    /// # Errors
    /// If plugins are configured and none of them can be loaded: the message is the first one's, says where it stands and what
    /// to do. If the state directory cannot be written, or the catalogue not be read.
    pub async fn start(setup: Setup, loaded: Arc<Loaded>) -> anyhow::Result<Arc<Self>> {
        let registry = Arc::new(Registry {
            loader: Loader::new(setup.guests, setup.compiler),
            catalogue_dir: setup.catalogue_dir,
            origins: setup.origins,
            components: setup.components,
            configs: setup.configs,
            patience: setup.patience,
            current: ArcSwap::from_pointee(Set::of(loaded.clone())),
            faults: Faults::new(setup.metrics),
            refusals: Mutex::default(),
            turns: Turns::new(),
            earlier: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
            left: Mutex::default(),
            handed_out: Mutex::default(),
            shared: tokio::sync::Mutex::default(),
            gate: setup.gate,
        });
        registry.origins.forget_pins(&loaded, None);
        let mut loading = Loading::new(registry.clone());
        loading.take_config(loaded, Cause::Configuration, registry.patience.start).await?;
        let (set, faults) = (registry.current(), registry.faults());
        if !decide::can_start(set.plugins.len(), loading.under_way(), faults.len())
            && let Some(first) = faults.into_values().next()
        {
            anyhow::bail!(first);
        }
        for plugin in set.plugins.values() {
            let digest = short(&plugin.digest);
            tracing::info!(plugin = %plugin.name, digest, imports = plugin.functions.len(), "loaded");
        }
        *registry.left.lock().expect("no one panics with it") = Some(loading);
        Ok(registry)
    }

    /// The plugins and the configuration in force.
    pub fn current(&self) -> Arc<Set> {
        self.current.load_full()
    }

    /// What is wrong with the newest files, by plugin or [`CONFIG`]; what is in force is older and good.
    pub fn faults(&self) -> BTreeMap<String, String> {
        self.faults.all()
    }

    /// Follows the configuration, the catalogue and the component files until `stop`, and deletes what no task of `inbox`
    /// needs any more.
    pub async fn follow(self: Arc<Self>, configs: ConfigHandle, inbox: Inbox, stop: CancellationToken) {
        let left = self.left.lock().expect("no one panics with it").take();
        let loading = left.unwrap_or_else(|| Loading::new(self.clone()));
        let follower = Follower::new(self, loading, configs, inbox);
        tokio::select! {
            () = stop.cancelled() => {}
            () = follower.run() => {}
        }
    }

    /// What `task` is run with: what it began with, if it has begun, else what its delivery was dispatched with.
    ///
    /// # Errors
    /// If that is gone, or cannot be had now.
    pub async fn for_task(&self, inbox: &Inbox, task: &Task) -> Result<Begun, Unfit> {
        let begun = self.in_force(&task.plugin);
        let (digest, revision) = match (&task.pins, task.component_digest.as_deref()) {
            (Some(pins), _) => (pins.component_digest.clone(), pins.config_revision.clone()),
            (None, Some(plan::UNKNOWN) | None) => return begun.ok_or_else(|| self.unfit(&task.plugin)),
            (None, Some(digest)) => (digest.to_owned(), task.config_revision.clone()),
        };
        if let Some(begun) = begun
            && begun.plugin.digest == digest
            && begun.loaded.revision == revision
        {
            return Ok(begun);
        }
        let key = (task.plugin.clone(), digest, revision);
        if let Some((begun, terms)) = self.loaded_again(&key) {
            return self.left_now(begun, &terms);
        }
        // One at a time: tasks that want the same wait for the first, and there are never many compilers.
        let _turn = self.loading.lock().await;
        if let Some((begun, terms)) = self.loaded_again(&key) {
            return self.left_now(begun, &terms);
        }
        if let Err(error) = self.bring(inbox, &key.1, &key.2).await {
            return Err(Unfit::NotNow(format!("what it began with cannot be had from the inbox now: {error:#}")));
        }
        let (begun, terms) =
            self.again(&key.0, &key.1, &key.2).await.map_err(|error| match retry::may_help(&error) {
                true => Unfit::NotNow(format!("what it began with cannot be had now: {error:#}")),
                false => Unfit::Gone(format!("diverged: {error:#}")),
            })?;
        self.earlier.lock().expect("no one panics with it").insert(key, (begun.clone(), terms.clone()));
        self.left_now(begun, &terms)
    }

    /// `begun` with what is left of its grants: what the operator takes away is taken away from tasks that have begun, too. The
    /// terms of a bundled plugin change with its component, and say nothing of the one before.
    fn left_now(&self, begun: Begun, terms: &Terms) -> Result<Begun, Unfit> {
        let set = self.current();
        let now = match set.wanted.get(&begun.plugin.name) {
            Some(Want { component: Component::File(_) | Component::Registry(..), terms, .. }) => terms,
            Some(Want { component: Component::Bundled(..), .. }) | None => return Ok(begun),
        };
        let left = terms.left_by(now);
        if left == *terms {
            return Ok(begun);
        }
        match left.grants() {
            Ok(grants) => Ok(Begun { plugin: Arc::new(begun.plugin.narrowed(grants)), ..begun }),
            Err(error) => Err(Unfit::Gone(format!("what is left of its grants cannot be read: {error:#}"))),
        }
    }

    /// The plugin of this name that is in force.
    pub fn in_force(&self, plugin: &str) -> Option<Begun> {
        let set = self.current();
        let (found, identity) = set.plugins.get(plugin).zip(set.identities.get(plugin))?;
        let (plugin, identity, loaded) = (found.clone(), identity.clone(), set.loaded.clone());
        Some(Begun { plugin, loaded, identity, held: Some(set) })
    }

    fn loaded_again(&self, key: &Earlier) -> Option<(Begun, Terms)> {
        self.earlier.lock().expect("no one panics with it").get(key).cloned()
    }

    /// Deletes what no unfinished task needs, what none will need that is being dispatched, and what is not in force.
    async fn prune(&self, inbox: &Inbox) {
        // Before the inbox is asked: who lets go of a set after that has its tasks in the inbox by then.
        let held = self.handed_out.lock().expect("no one panics with it").iter().filter_map(Weak::upgrade).collect();
        let since = Timestamp::now().checked_sub(KEEP_FAILED).unwrap_or(Timestamp::MIN);
        match inbox.pinned(since).await {
            Ok(pinned) => {
                let needed = self.retain(&pinned, held);
                let unused = Timestamp::now().checked_sub(KEEP_UNUSED).unwrap_or_default();
                if let Err(error) = inbox.touch_files(needed, unused).await {
                    tracing::warn!(%error, "cannot say which files are still needed");
                }
            }
            Err(error) => tracing::warn!(%error, "cannot tell what is still needed"),
        }
    }

    /// Deletes what is neither pinned, nor of a set that is held, nor in force; gives the digests and revisions of the rest.
    fn retain(&self, pinned: &store::Pinned, held: Vec<Arc<Set>>) -> Vec<String> {
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
        digests.into_iter().chain(revisions).collect()
    }

    /// Puts another set in force, and says so.
    fn take_set(&self, before: &Set, set: Set) {
        let loaded = set.loaded.clone();
        self.put_in_force(set);
        if before.loaded.revision != loaded.revision {
            tracing::info!(revision = short(&loaded.revision), "the new configuration is in force");
            self.origins.forget_pins(&loaded, Some(&before.loaded));
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
        let wanted = self.sources(loaded).map(|sources| sources.found).unwrap_or_default();
        wanted.values().filter_map(|want| self.file(want)).chain(self.others(loaded)).collect()
    }

    /// Where a component is by now; none for one that was never fetched.
    fn file(&self, want: &Want) -> Option<PathBuf> {
        match &want.component {
            Component::File(path) | Component::Bundled(path, _) => Some(path.clone()),
            Component::Registry(reference, _) => self.origins.file(reference),
        }
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
        source::sources(loaded, &catalogue, self.catalogue_dir.as_deref())
    }

    /// Whether nothing stands for this plugin because it is still being loaded.
    pub fn is_coming(&self, plugin: &str) -> bool {
        self.faults.of(plugin).is_some_and(|fault| fault == loading::COMING)
    }

    /// Why a task whose plugin is not in force cannot run with whatever is.
    fn unfit(&self, plugin: &str) -> Unfit {
        match self.is_coming(plugin) {
            true => Unfit::NotNow(loading::COMING.to_owned()),
            false => Unfit::Gone(format!("plugin `{plugin}` {}", self.absence(&self.current(), plugin))),
        }
    }

    /// Why no plugin of this name is in `set`.
    pub fn absence(&self, set: &Set, name: &str) -> String {
        if set.unknown.contains(name) {
            return "has no component: plugins.yaml names none, and none of this name is bundled".to_owned();
        }
        match self.faults.of(name) {
            Some(fault) => format!("is not loaded, and does not get this event: {fault}"),
            None => "is not loaded, and does not get this event".to_owned(),
        }
    }

    fn fault(&self, what: &str, fault: Option<String>) {
        match fault {
            None => self.faults.clear(what),
            Some(fault) => {
                self.faults.set(what, fault, what == CONFIG || self.current().plugins.contains_key(what));
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

fn component_file(digest: &str) -> String {
    format!("{digest}.wasm")
}

fn config_file(revision: &str) -> String {
    format!("{revision}.json")
}

fn terms_file(digest: &str, revision: &str) -> String {
    format!("{digest}.{revision}.json")
}

/// The first digits of a digest, for people.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

#[cfg(test)]
mod tests;
