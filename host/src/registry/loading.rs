//! Puts configurations and components in force. Plugins are fetched, compiled and asked what they are beside one another; each
//! is in force as soon as it is ready, whatever the others do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::Loaded;

use super::attempts::{Attempts, Ended};
use super::build::{Failed, Made};
use super::decide::{self, Before, Cause, Fault, Load, Progress, Stands, UnderWay};
use super::pause::Pause;
use super::{Registry, Set, short};
use crate::retry;
use crate::source::{Component, Source, Sources, Terms, Want};

/// What a plugin's fault is while it is not there yet.
pub(super) const COMING: &str =
    "its component is still being fetched or compiled; it is in force as soon as it is ready";

/// The one that changes what is in force.
pub(super) struct Loading {
    registry: Arc<Registry>,
    attempts: Attempts<Want, Result<Made, Failed>>,
    /// Plugins that are tried again, and when.
    later: BTreeMap<String, Pause>,
    /// Those whose files are read once more when they have been loaded.
    again: BTreeSet<String>,
}

impl Loading {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        let (later, again) = (BTreeMap::new(), BTreeSet::new());
        Loading { registry, attempts: Attempts::new(), later, again }
    }

    /// How many plugins are being loaded.
    pub(super) fn under_way(&self) -> usize {
        self.attempts.len()
    }

    /// Puts a configuration in force, with the plugins that are ready within `patience`: sooner if all are. The others are
    /// as they were until [`Loading::settle`] has them. One that cannot be loaded holds the others back in nothing: that is
    /// its own fault from then on.
    ///
    /// # Errors
    /// If nothing of it is in force.
    pub(super) async fn take_config(
        &mut self,
        loaded: Arc<Loaded>,
        cause: Cause,
        patience: Duration,
    ) -> anyhow::Result<()> {
        let registry = self.registry.clone();
        let sources = registry.sources(&loaded)?;
        registry.keep_config(&loaded)?;
        for name in &sources.unknown {
            tracing::warn!(plugin = %name, "plugins.yaml enables a plugin that has no component: nothing will handle its events");
        }
        self.attempts.retain(|name| sources.found.contains_key(name));
        for (name, want) in &sources.found {
            // Pins and keys are a registry's; another catalogue is another want.
            let cause = match want.component {
                Component::Registry(..) => cause,
                Component::File(_) | Component::Bundled(..) => Cause::Configuration,
            };
            self.load(name, want, &loaded, cause);
        }
        let ended = self.ended_within(patience).await;
        self.put_in_force(loaded, sources, ended)
    }

    /// Loads one plugin as the configuration in force says.
    pub(super) fn take_component(&mut self, name: &str, want: &Want, cause: Cause) {
        let set = self.registry.current();
        self.load(name, want, &set.loaded, cause);
    }

    /// Those whose pause is over.
    pub(super) fn due(&self, now: Instant) -> Vec<String> {
        self.later.iter().filter(|(_, pause)| Pause::is_over(Some(pause), now)).map(|(name, _)| name.clone()).collect()
    }

    /// The next load that ends. None if none is under way. May be cut off at any time.
    pub(super) async fn next(&mut self) -> Option<Ended<Want, Result<Made, Failed>>> {
        self.attempts.next().await
    }

    /// Puts in force what has been loaded, if the configuration in force still wants it.
    pub(super) fn settle(&mut self, ended: Ended<Want, Result<Made, Failed>>) {
        let Ended { plugin: name, want, result } = ended;
        let set = self.registry.current();
        let Some(wanted) = set.wanted.get(&name).filter(|wanted| wanted.is_same(&want)) else { return };
        match made(result).and_then(|made| self.put_one(&set, &name, made)) {
            Ok(()) => {
                self.later.remove(&name);
                self.registry.fault(&name, None);
            }
            Err(failed) => self.failed(&set.loaded, &name, wanted, failed),
        }
        if self.again.remove(&name) {
            self.load(&name, wanted, &set.loaded, Cause::FirstLook);
        }
    }

    fn load(&mut self, name: &str, want: &Want, loaded: &Arc<Loaded>, cause: Cause) {
        let under_way = match self.attempts.under_way(name) {
            None => UnderWay::Nothing,
            Some(other) if other.is_same(want) => UnderWay::Same,
            Some(_) => UnderWay::Other,
        };
        match decide::load(under_way, cause) {
            Load::GoesOn => {}
            Load::GoesOnAndAgain => {
                self.again.insert(name.to_owned());
            }
            Load::Begins => {
                let attempt = self.registry.clone().make(loaded.clone(), name.to_owned(), want.clone());
                self.attempts.begin(name, want.clone(), attempt);
            }
        }
    }

    async fn ended_within(&mut self, patience: Duration) -> BTreeMap<String, Result<Made, Failed>> {
        let mut ended = BTreeMap::new();
        let all = async {
            while let Some(Ended { plugin, result, .. }) = self.attempts.next().await {
                ended.insert(plugin, made(result));
            }
        };
        // Who is later is not waited for.
        let _ = tokio::time::timeout(patience, all).await;
        ended
    }

    fn put_in_force(
        &mut self,
        loaded: Arc<Loaded>,
        sources: Sources,
        mut ended: BTreeMap<String, Result<Made, Failed>>,
    ) -> anyhow::Result<()> {
        let Sources { found: wanted, refused, unknown } = sources;
        let before = self.registry.current();
        let mut set = Set::of(loaded.clone());
        (set.wanted, set.unknown) = (wanted, unknown);
        let mut terms: BTreeMap<String, Terms> =
            set.wanted.iter().map(|(name, want)| (name.clone(), want.terms.clone())).collect();
        // Those that cannot be had on these terms have failed already.
        let mut failures = BTreeMap::new();
        for (name, (own, why)) in refused {
            terms.insert(name.clone(), own);
            failures.insert(name, Failed::Refused(why));
        }
        let names: BTreeSet<String> = set.wanted.keys().chain(failures.keys()).cloned().collect();
        let mut faults = BTreeMap::new();
        for name in &names {
            let made = match ended.remove(name) {
                Some(Ok(made)) => Some(made),
                Some(Err(failed)) => {
                    failures.insert(name.clone(), failed);
                    None
                }
                None => None,
            };
            let progress = match (&made, failures.contains_key(name)) {
                (Some(_), _) => Progress::Ready,
                (None, true) => Progress::Failed,
                (None, false) => Progress::UnderWay,
            };
            let old = before.plugins.get(name).zip(before.sources.get(name));
            let old = old.map(|(plugin, source)| Made { plugin: plugin.clone(), source: source.clone() });
            let (stood, left) = left(old.as_ref(), terms.get(name));
            let (stands, fault) = decide::put_in_force(progress, stood);
            faults.insert(name.clone(), fault);
            let made = match stands {
                Stands::New => made,
                Stands::Old => old,
                Stands::OldNarrowed => left,
                Stands::Nothing => None,
            };
            if stands == Stands::OldNarrowed {
                tracing::warn!(plugin = %name, "goes on as it was, without what is not granted any more");
            }
            if let Some(Made { plugin, source }) = made {
                self.registry.keep_terms(&plugin, &source, &loaded)?;
                set.plugins.insert(name.clone(), plugin);
                set.sources.insert(name.clone(), source);
            }
        }
        let wanted = set.wanted.clone();
        self.registry.take_set(&before, set);
        self.later.retain(|name, _| wanted.contains_key(name));
        self.again.retain(|name| wanted.contains_key(name));
        for (name, fault) in faults {
            match (fault, failures.remove(&name), wanted.get(&name)) {
                (Fault::None, ..) => {
                    self.later.remove(&name);
                    self.registry.fault(&name, None);
                }
                (Fault::Failure, Some(failed), Some(want)) => self.failed(&loaded, &name, want, failed),
                (Fault::Failure, Some(failed), None) => {
                    self.registry.fault(&name, Some(format!("{:#}", failed.into_error())));
                }
                (Fault::Coming, ..) => self.registry.fault(&name, Some(COMING.to_owned())),
                (Fault::AsBefore, ..) | (Fault::Failure, None, _) => {}
            }
        }
        // After: those that are configured still have theirs.
        self.registry.faults.forget_all_but(&names);
        Ok(())
    }

    fn put_one(&self, set: &Set, name: &str, made: Made) -> Result<(), Failed> {
        let Made { plugin, source } = made;
        self.registry.keep_terms(&plugin, &source, &set.loaded).map_err(Failed::Load)?;
        let old = set.plugins.get(name);
        if !old.is_some_and(|old| Arc::ptr_eq(old, &plugin)) {
            let what = if old.is_some() { "replaced" } else { "loaded" };
            tracing::info!(plugin = name, digest = short(&plugin.digest), imports = plugin.functions.len(), "{what}");
            self.registry.put_in_force(set.with(name, plugin, &source));
        }
        Ok(())
    }

    /// It is a fault of the plugin from now on, and tried again later if that may help.
    fn failed(&mut self, loaded: &Loaded, name: &str, want: &Want, failed: Failed) {
        let before = self.later.remove(name);
        let error = failed.placed(loaded, name, want);
        if retry::may_help(&error) {
            self.later.insert(name.to_owned(), Pause::after(before, Instant::now()));
        }
        self.registry.fault(name, Some(format!("{error:#}")));
    }
}

/// What stood, by the terms of now, and what is left of it.
fn left(old: Option<&Made>, now: Option<&Terms>) -> (Before, Option<Made>) {
    let Some((Made { plugin, source }, now)) = old.zip(now) else { return (Before::Nothing, None) };
    let terms = source.terms.left_by(now);
    if terms == source.terms {
        return (Before::Granted, None);
    }
    match terms.grants() {
        Ok(grants) => {
            let plugin = Arc::new(plugin.narrowed(grants));
            (Before::Narrowed, Some(Made { plugin, source: Source { terms, ..source.clone() } }))
        }
        // What is left of readable terms can be read.
        Err(_) => (Before::Nothing, None),
    }
}

fn made(result: Result<Result<Made, Failed>, tokio::task::JoinError>) -> Result<Made, Failed> {
    result.unwrap_or_else(|lost| Err(Failed::Load(anyhow::Error::new(lost).context("its load was lost: see the log"))))
}
