//! Everything that a running stand-in is made of, and the one way to its world.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::answer::Refusal;
use crate::budget::Budget;
use crate::bugzilla::Bugzilla;
use crate::deliveries::Deliveries;
use crate::facts::{Facts, FactsCache};
use crate::fault::Faults;
use crate::fence::Decisions;
use crate::git::Git;
use crate::jira::Jira;
use crate::postman::Postman;
use crate::request_log::RequestLog;
use crate::world::World;

/// A running stand-in.
#[derive(Debug)]
pub(crate) struct Hub {
    world: Mutex<World>,
    revision: watch::Sender<u64>,
    base: OnceLock<String>,
    dir: PathBuf,
    delivery_ids: AtomicU64,
    /// The repositories' objects and refs.
    pub(crate) git: Git,
    /// Held by whoever moves refs, so that each move's consequences are drawn before the next one.
    pub(crate) moving_refs: Mutex<()>,
    /// What git knows of pull requests.
    pub(crate) facts: FactsCache,
    /// How many requests each token may make.
    pub(crate) budget: Budget,
    /// The stand-in Jira, in memory.
    pub(crate) jira: Mutex<Jira>,
    /// The stand-in Bugzilla, in memory.
    pub(crate) bugzilla: Mutex<Bugzilla>,
    /// Faults to play.
    pub(crate) faults: Faults,
    /// Requests that were made.
    pub(crate) log: RequestLog,
    /// Which tokens were let through, and which were not.
    pub(crate) decisions: Decisions,
    /// The log of webhook deliveries.
    pub(crate) deliveries: Deliveries,
    /// Carries webhooks out.
    pub(crate) postman: Postman,
    /// Each hook is told of an event under a GUID of its own, as an organisation's and a repository's may be.
    pub(crate) guid_a_hook: AtomicBool,
}

impl Hub {
    /// A stand-in with what an earlier run left in `dir`.
    ///
    /// # Errors
    /// The directory cannot be read or written, or what is in it is not ours.
    pub(crate) fn open(dir: &Path, rate_limit: u64, stop: CancellationToken) -> anyhow::Result<Arc<Self>> {
        let world = crate::persist::load(dir)?;
        let deliveries = Deliveries::open(&dir.join("deliveries.jsonl"))?;
        let hub = Arc::new(Self {
            delivery_ids: AtomicU64::new(deliveries.last_id()),
            world: Mutex::new(world),
            revision: watch::Sender::new(0),
            base: OnceLock::new(),
            dir: dir.to_owned(),
            git: Git::new(dir.join("git")),
            moving_refs: Mutex::new(()),
            facts: FactsCache::default(),
            budget: Budget::new(rate_limit),
            jira: Mutex::default(),
            bugzilla: Mutex::default(),
            faults: Faults::default(),
            log: RequestLog::default(),
            decisions: Decisions::default(),
            deliveries,
            postman: Postman::new(stop),
            guid_a_hook: AtomicBool::new(false),
        });
        Ok(hub)
    }

    /// Says what links begin with; once, before anything is served.
    pub(crate) fn set_base(&self, base: &str) {
        self.base.set(base.trim_end_matches('/').to_owned()).expect("the base is set once");
    }

    /// What links begin with.
    pub(crate) fn base(&self) -> &str {
        self.base.get().expect("the base is set before anything is served")
    }

    /// The directory that holds the state.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Looks at the world.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.world.lock().expect("nothing panics while it holds the world"))
    }

    /// Changes the world; a snapshot follows shortly. `change` must not wait for anything: it holds the world.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.world.lock().expect("nothing panics while it holds the world"));
        self.revision.send_modify(|revision| *revision += 1);
        result
    }

    /// Counts changes.
    pub(crate) fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// A new delivery's id.
    pub(crate) fn next_delivery_id(&self) -> u64 {
        self.delivery_ids.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What git knows of a pull request now. None for an issue, and for a pull request whose base branch is gone.
    pub(crate) fn facts_of(&self, repo: &str, number: u64) -> Result<Option<Arc<Facts>>, Refusal> {
        let found = self.read(|world| {
            let issue = world.repo(repo)?.issues.get(&number)?;
            let pull = issue.pull.as_ref()?;
            // Of what is closed the base at that time tells: a merged head brings nothing to the present one.
            let frozen = issue.closed_at.is_some().then(|| pull.base_sha.clone());
            Some((pull.base_ref.clone(), pull.head_sha.clone(), frozen))
        });
        let Some((base_ref, head, frozen)) = found else { return Ok(None) };
        let base = frozen.or_else(|| self.git.tip(repo, &base_ref));
        let Some(base) = base else { return Ok(None) };
        Ok(Some(self.facts.get(&self.git, repo, &base, &head)?))
    }
}
