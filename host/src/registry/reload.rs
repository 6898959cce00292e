//! Follows the files that a registry was made of: a new configuration, catalogue or component takes effect if it is good. What
//! does not is tried again when one of its files changes, and, where we or the machine were in the way, after a pause.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::{ConfigHandle, Loaded};
use store::Inbox;
use tokio::time::{MissedTickBehavior, interval};

use super::{CONFIG, Registry};
use crate::retry;
use crate::source::Source;

/// How often files are looked at. A change counts when two looks agree.
const LOOK: Duration = Duration::from_millis(100);
/// How often what no task needs any more is deleted.
const PRUNE: Duration = Duration::from_secs(600);
/// The first pause before another try; each later one is twice as long.
const PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// The one that changes what is in force.
pub(super) struct Follower {
    registry: Arc<Registry>,
    configs: ConfigHandle,
    inbox: Inbox,
    seen: BTreeMap<PathBuf, Seen>,
    refused: Option<Refused>,
    /// Components to be tried again.
    later: BTreeMap<String, Pause>,
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
    pub(super) fn new(registry: Arc<Registry>, configs: ConfigHandle, inbox: Inbox) -> Self {
        Follower { registry, configs, inbox, seen: BTreeMap::new(), refused: None, later: BTreeMap::new() }
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
                    self.take_config(loaded).await;
                }
                _ = looks.tick() => self.look().await,
                // Here and nowhere else: what a reload has just kept, and is not in force yet, must not be deleted.
                _ = prunes.tick() => self.registry.prune(&self.inbox).await,
            }
        }
    }

    async fn take_config(&mut self, loaded: Arc<Loaded>) {
        let before = self.refused.take().and_then(|refused| refused.pause);
        match self.registry.take_config(loaded.clone()).await {
            Ok(later) => {
                let mut before = std::mem::take(&mut self.later);
                let paused = |name: String| {
                    let pause = Pause::after(before.remove(&name), Instant::now());
                    (name, pause)
                };
                self.later = later.into_iter().map(paused).collect();
            }
            Err(error) => {
                let files = self.registry.files(&loaded);
                let pause = retry::may_help(&error).then(|| Pause::after(before, Instant::now()));
                self.refused = Some(Refused { loaded, files, why: format!("{error:#}"), pause });
            }
        }
    }

    async fn look(&mut self) {
        let changed = self.changed();
        // Files that do not load at all; then there is no point in a configuration from before them.
        let broken = self.configs.status().last_error;
        if broken.is_none()
            && let Some(refused) = &self.refused
            && (refused.files.iter().any(|file| changed.contains(file))
                || Pause::is_over(refused.pause.as_ref(), Instant::now()))
        {
            self.take_config(refused.loaded.clone()).await;
        } else {
            let set = self.registry.current();
            // Those whose component has not come from its registry yet.
            let is_due = |(name, pause): (&String, &Pause)| {
                !set.wanted.contains_key(name) && Pause::is_over(Some(pause), Instant::now())
            };
            if self.registry.others(&set.loaded).iter().any(|file| changed.contains(file))
                || self.later.iter().any(is_due)
            {
                self.take_config(set.loaded.clone()).await;
            }
        }
        self.registry.fault(CONFIG, broken.or_else(|| self.refused.as_ref().map(|refused| refused.why.clone())));
        let set = self.registry.current();
        for (name, source) in &set.wanted {
            if changed.contains(&source.path) || Pause::is_over(self.later.get(name), Instant::now()) {
                self.take_component(name, source).await;
            }
        }
    }

    async fn take_component(&mut self, name: &str, source: &Source) {
        let before = self.later.remove(name);
        if let Err(error) = self.registry.take_component(name, source).await
            && retry::may_help(&error)
        {
            self.later.insert(name.to_owned(), Pause::after(before, Instant::now()));
        }
    }

    /// The files that are not as they were when last told of, and have been quiet since the last look.
    fn changed(&mut self) -> BTreeSet<PathBuf> {
        let set = self.registry.current();
        let components = set.wanted.values().map(|source| source.path.clone());
        let refused = self.refused.iter().flat_map(|refused| refused.files.iter().cloned());
        let watched: BTreeSet<_> = components.chain(refused).chain(self.registry.others(&set.loaded)).collect();
        self.seen.retain(|path, _| watched.contains(path));
        let mut changed = BTreeSet::new();
        for path in watched {
            // A file that is gone is being replaced, or was deleted by mistake: what is in force stays.
            let Some(stamp) = Stamp::of(&path) else { continue };
            match self.seen.get_mut(&path) {
                Some(seen) if seen.stamp == stamp => {
                    if !std::mem::replace(&mut seen.told, true) {
                        changed.insert(path);
                    }
                }
                Some(_) | None => {
                    self.seen.insert(path, Seen { stamp, told: false });
                }
            }
        }
        changed
    }
}

struct Seen {
    stamp: Stamp,
    told: bool,
}

/// What tells one content of a file from another without reading it. Whoever sets a file's times back cannot set this one:
/// the time of its last change, in seconds and nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp((i64, i64), u64, u64);

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let file = std::fs::metadata(path).ok()?;
        Some(Stamp((file.ctime(), file.ctime_nsec()), file.len(), file.ino()))
    }
}

/// When something is tried again, and how long that was waited for.
#[derive(Debug)]
struct Pause {
    until: Instant,
    length: Duration,
}

impl Pause {
    fn after(before: Option<Pause>, now: Instant) -> Self {
        let length = before.map_or(PAUSE, |before| (before.length * 2).min(LONGEST_PAUSE));
        Pause { until: now + length, length }
    }

    fn is_over(pause: Option<&Self>, now: Instant) -> bool {
        pause.is_some_and(|pause| now >= pause.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut now = Instant::now();
        let mut pause = Pause::after(None, now);
        let mut lengths = Vec::new();
        for _ in 0..8 {
            assert!(!Pause::is_over(Some(&pause), now));
            now += pause.length;
            assert!(Pause::is_over(Some(&pause), now));
            lengths.push(pause.length.as_secs());
            pause = Pause::after(Some(pause), now);
        }
        assert_eq!(lengths, [5, 10, 20, 40, 80, 160, 300, 300]);
        assert!(!Pause::is_over(None, now));
    }
}
