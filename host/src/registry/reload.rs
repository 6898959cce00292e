//! Follows the files that a registry was made of: a new configuration, catalogue or component takes effect if it is good. What
//! does not is tried again when one of its files changes, and, where we or the machine were in the way, after a pause.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::{ConfigHandle, Loaded};
use store::Inbox;
use tokio::time::{MissedTickBehavior, interval};

use super::decide::Cause;
use super::loading::Loading;
use super::pause::Pause;
use super::watched::{Sight, Watched};
use super::{CONFIG, Registry};
use crate::retry;

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How often what no task needs any more is deleted.
const PRUNE: Duration = Duration::from_secs(600);

/// Has what is in force follow the files.
pub(super) struct Follower {
    registry: Arc<Registry>,
    loading: Loading,
    configs: ConfigHandle,
    inbox: Inbox,
    watched: Watched,
    refused: Option<Refused>,
    prune: bool,
}

/// A configuration that can be read, and that cannot be put in force: no fault of one plugin.
struct Refused {
    loaded: Arc<Loaded>,
    /// The files that it depends on besides its own.
    files: Vec<PathBuf>,
    why: String,
    pause: Option<Pause>,
}

impl Follower {
    /// `loading` goes on with what the start has begun.
    pub(super) fn new(registry: Arc<Registry>, loading: Loading, configs: ConfigHandle, inbox: Inbox) -> Self {
        let watched = Watched::new();
        Follower { registry, loading, configs, inbox, watched, refused: None, prune: false }
    }

    /// Never ends. May be cut off at any await.
    pub(super) async fn run(mut self) {
        let mut revisions = self.configs.subscribe();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut prunes = interval(PRUNE);
        loop {
            tokio::select! {
                Ok(()) = revisions.changed() => {
                    let loaded = revisions.borrow_and_update().clone();
                    self.refused = None;
                    self.take_config(loaded, Cause::Configuration).await;
                }
                Some(ended) = self.loading.next() => self.loading.settle(ended),
                _ = looks.tick() => self.look().await,
                _ = prunes.tick() => self.prune = true,
            }
            // Here and nowhere else, and while nothing is being loaded: what has just been kept, and is not in force yet, must
            // not be deleted.
            if self.prune && self.loading.under_way() == 0 {
                self.registry.prune(&self.inbox).await;
                self.prune = false;
            }
        }
    }

    async fn take_config(&mut self, loaded: Arc<Loaded>, cause: Cause) {
        let before = self.refused.take().and_then(|refused| refused.pause);
        let patience = self.registry.patience.reload;
        if let Err(error) = self.loading.take_config(loaded.clone(), cause, patience).await {
            let files = self.registry.files(&loaded);
            let pause = retry::may_help(&error).then(|| Pause::after(before, Instant::now()));
            self.refused = Some(Refused { loaded, files, why: format!("{error:#}"), pause });
        }
    }

    async fn look(&mut self) {
        let changed = self.changed().await;
        let now = Instant::now();
        let sight =
            |files: &[PathBuf]| files.iter().filter_map(|file| changed.get(file)).max().map(|sight| cause(*sight));
        // Files that do not load at all; then there is no point in a configuration from before them.
        let broken = self.configs.status().last_error;
        if broken.is_none()
            && let Some(refused) = &self.refused
            && let Some(cause) =
                sight(&refused.files).or_else(|| Pause::is_over(refused.pause.as_ref(), now).then_some(Cause::Retry))
        {
            self.take_config(refused.loaded.clone(), cause).await;
        } else {
            let set = self.registry.current();
            if let Some(cause) = sight(&self.registry.others(&set.loaded)) {
                self.take_config(set.loaded.clone(), cause).await;
            }
        }
        self.registry.fault(CONFIG, broken.or_else(|| self.refused.as_ref().map(|refused| refused.why.clone())));
        let set = self.registry.current();
        let due = self.loading.due(now);
        for (name, want) in &set.wanted {
            let file = self.registry.file(want);
            let seen = file.and_then(|file| changed.get(&file)).map(|sight| cause(*sight));
            if let Some(cause) = seen.or_else(|| due.contains(name).then_some(Cause::Retry)) {
                self.loading.take_component(name, want, cause);
            }
        }
    }

    async fn changed(&mut self) -> BTreeMap<PathBuf, Sight> {
        let set = self.registry.current();
        let components = set.wanted.values().filter_map(|want| self.registry.file(want));
        let refused = self.refused.iter().flat_map(|refused| refused.files.iter().cloned());
        let files: BTreeSet<_> = components.chain(refused).chain(self.registry.others(&set.loaded)).collect();
        self.watched.changed(files).await
    }
}

fn cause(sight: Sight) -> Cause {
    match sight {
        Sight::First => Cause::FirstLook,
        Sight::Changed => Cause::Files,
    }
}
