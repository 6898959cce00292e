//! Moments at which a process may be killed: commits to the journal and to the ProwJobs, requests to GitHub. A run that
//! nobody disturbs tells how many there are; kills are drawn from those.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::Context as _;
use rand::RngExt as _;
use rand::rngs::StdRng;
use rusqlite::{Connection, OpenFlags};
use sim::client::Request;
use sim::fault::When;
use tests::world::World;

/// What every plugin's requests have in their user agent, and no one else's.
pub(super) const PLUGINS: &str = "bowsprit.";
/// What the controller's requests have there; the host makes none in its own name with a personal token.
pub(super) const CONTROLLER: &str = "bowsprit/";

/// The methods that change something.
const WRITES: &str = "POST,PATCH,PUT,DELETE";

/// Intents, and results of effects: each is one durable commit.
const JOURNAL_COMMITS: &str = "SELECT count(*) + count(result) FROM journal WHERE kind <> 'read'";
const PROWJOB_WRITES: &str = "SELECT revision FROM counter";

/// A kind of moment, and with it who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The host, around a request that changes something: between an intent and its result.
    HostWrite,
    /// The host, once a commit to the journal is there.
    JournalCommit,
    /// The controller, around any of its requests.
    ControllerRequest,
    /// The controller, once a write to the ProwJobs is there.
    ProwJobWrite,
    /// The host, around a request that changes nothing.
    HostRead,
}

/// What a moment is seen by.
pub(super) enum Trigger {
    /// A request of this agent, with one of these methods.
    Request { agent: &'static str, method: Option<&'static str> },
    /// A number in a database has grown.
    Commit(fn(&World) -> anyhow::Result<Counter>),
}

impl Kind {
    pub(super) fn trigger(self) -> Trigger {
        match self {
            Self::HostWrite => Trigger::Request { agent: PLUGINS, method: Some(WRITES) },
            Self::HostRead => Trigger::Request { agent: PLUGINS, method: Some("GET") },
            Self::ControllerRequest => Trigger::Request { agent: CONTROLLER, method: None },
            Self::JournalCommit => Trigger::Commit(|world| Counter::open(&world.inbox_file(), JOURNAL_COMMITS)),
            Self::ProwJobWrite => Trigger::Commit(|world| Counter::open(&world.prowjobs_file(), PROWJOB_WRITES)),
        }
    }

    /// Whether it is the host that is killed; else it is the controller.
    pub(super) fn is_of_host(self) -> bool {
        match self {
            Self::HostWrite | Self::HostRead | Self::JournalCommit => true,
            Self::ControllerRequest | Self::ProwJobWrite => false,
        }
    }
}

const KINDS: [Kind; 5] =
    [Kind::HostWrite, Kind::JournalCommit, Kind::ControllerRequest, Kind::ProwJobWrite, Kind::HostRead];

/// One moment: the `nth` of its kind in a step, counted from 1.
#[derive(Debug, Clone)]
pub(super) struct Kill {
    pub(super) step: usize,
    pub(super) kind: Kind,
    pub(super) nth: u64,
    /// For requests: on which side of their effect.
    pub(super) when: When,
}

impl fmt::Display for Kill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "killed in step {} at {:?} {}", self.step, self.kind, self.nth)?;
        match self.kind.trigger() {
            Trigger::Request { .. } => write!(f, " ({:?} its effect)", self.when),
            Trigger::Commit(_) => Ok(()),
        }
    }
}

/// How many moments of each kind there have been in a world so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals(BTreeMap<Kind, u64>);

impl Totals {
    pub(super) async fn of(world: &World) -> anyhow::Result<Self> {
        let requests = world.sim.requests(0).await?;
        let mut totals = BTreeMap::new();
        for kind in KINDS {
            let total = match kind.trigger() {
                Trigger::Request { agent, method } => {
                    let method_fits = |own: &str| method.is_none_or(|wanted| wanted.split(',').any(|one| one == own));
                    let fits = |r: &&Request| r.user_agent.contains(agent) && method_fits(&r.method);
                    u64::try_from(requests.iter().filter(fits).count())?
                }
                Trigger::Commit(counter) => counter(world)?.now()?,
            };
            totals.insert(kind, total);
        }
        Ok(Self(totals))
    }
}

/// How many moments there are in each step of a run.
#[derive(Debug, Default)]
pub(super) struct Moments(BTreeMap<Kind, Vec<(usize, u64)>>);

impl Moments {
    /// Notes what a step has added.
    pub(super) fn add(&mut self, step: usize, before: &Totals, after: &Totals) {
        for (kind, total) in &after.0 {
            let new = total - before.0.get(kind).copied().unwrap_or(0);
            if new > 0 {
                self.0.entry(*kind).or_default().push((step, new));
            }
        }
    }

    /// Draws `count` kills in steps of their own. Kinds take turns, beginning with the `turn`th; within a kind, every moment
    /// is as likely as any other.
    pub(super) fn draw(&self, random: &mut StdRng, count: usize, turn: usize) -> Vec<Kill> {
        let mut kills: Vec<Kill> = Vec::new();
        for kind in KINDS.iter().cycle().skip(turn % KINDS.len()).take(count) {
            let free = self.0.get(kind).into_iter().flatten();
            let free: Vec<_> = free.filter(|(step, _)| kills.iter().all(|kill| kill.step != *step)).collect();
            let all: u64 = free.iter().map(|(_, moments)| moments).sum();
            assert!(all > 0, "there is no moment of kind {kind:?} to draw");
            let mut drawn = random.random_range(0..all);
            let when = if random.random_bool(0.5) { When::Before } else { When::After };
            for (step, moments) in free {
                if drawn < *moments {
                    kills.push(Kill { step: *step, kind: *kind, nth: drawn + 1, when });
                    break;
                }
                drawn -= moments;
            }
        }
        kills
    }
}

impl fmt::Display for Moments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, steps) in &self.0 {
            write!(f, "{kind:?} {} ", steps.iter().map(|(_, moments)| moments).sum::<u64>())?;
        }
        Ok(())
    }
}

/// A number in a database that grows with each commit of a kind.
pub(super) struct Counter {
    db: Connection,
    sql: &'static str,
}

impl Counter {
    fn open(file: &Path, sql: &'static str) -> anyhow::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(file, flags).with_context(|| format!("opening {}", file.display()))?;
        db.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(Self { db, sql })
    }

    pub(super) fn now(&self) -> anyhow::Result<u64> {
        Ok(self.db.prepare_cached(self.sql)?.query_row([], |row| row.get(0))?)
    }
}
