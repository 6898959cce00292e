//! The journal of one task: every host call in order, so that a run that was cut off can be run again and no one notices.
//!
//! Reads are kept in memory and committed with the intent of the next effect; an effect's result is committed after it.
//! A run that finds entries is answered from them, in order, until they end; from there on it is live. The last entry may
//! be an intent without a result: that effect is in doubt, and its kind says what becomes of it.
//!
//! A run can also be a replay of what happened elsewhere: then there is nothing behind the entries, and a call that they do
//! not answer ends it.

mod place;
mod trace;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Digest as _;
use store::{EffectKind, Entry, Inbox, ParkKind, Pins, TaskId};

use crate::budget::{Budget, Over};
use crate::contract::types::{ApiError, ErrorKind};
use crate::log_book::one_line;
use crate::waited::Waited;

pub(crate) use self::place::Place;
pub use self::trace::{CallTrace, Denials};

/// Why a run ends before the guest does. The guest never sees it: its store is dropped.
#[derive(Debug, thiserror::Error)]
pub enum Interrupt {
    /// What was asked for cannot be had now; the task is run again then.
    #[error("put aside until {until}: {why}")]
    Park {
        /// When to run the task again.
        until: jiff::Timestamp,
        /// What stood in the way, for the trace.
        why: String,
        /// Whether anything failed.
        kind: ParkKind,
    },
    /// The guest did not ask what it had asked in its first run.
    #[error("diverged from its journal: {0}")]
    Diverged(String),
    /// An effect that is made at most once was cut off half way.
    #[error("whether `{0}` took effect is unknown, and it is not made twice")]
    Unknown(String),
    /// The guest asked for more than one task may.
    #[error("{0}")]
    Exhausted(String),
    /// What the guest was told is more than one task may hold.
    #[error("{0}")]
    Flooded(String),
    /// The journal itself cannot be written.
    #[error("the journal cannot be written")]
    Journal(#[from] store::StoreError),
}

impl From<Over> for Interrupt {
    fn from(over: Over) -> Self {
        match over {
            Over::Refused(error) => Self::Exhausted(error.message),
            Over::Ended(why) => Self::Exhausted(why),
            Over::Flooded(why) => Self::Flooded(why),
        }
    }
}

/// How the far side of a call answered, if not with what was asked for.
#[derive(Debug)]
pub enum Fault {
    /// For good: the guest is told.
    Answer(ApiError),
    /// It failed, and may do better later: the task is parked, and one attempt is counted.
    Later {
        /// When to try again.
        until: jiff::Timestamp,
        /// What it was.
        why: String,
    },
    /// It may have been made, and there is no telling: only of what is made at most once.
    InDoubt {
        /// What it was.
        why: String,
    },
    /// The far side said when to come back: the task is parked, and nothing has failed.
    Limited {
        /// When to come back.
        until: jiff::Timestamp,
        /// What the far side said.
        why: String,
    },
}

impl Fault {
    /// An answer of this kind.
    pub fn answer(kind: ErrorKind, message: impl Into<String>) -> Self {
        Fault::Answer(ApiError { kind, message: message.into() })
    }
}

/// What one effect is known by at the far side: the same in every run of the task, and of no other effect.
#[derive(Clone, Debug)]
pub struct EffectKey(String);

impl EffectKey {
    /// Sixteen hexadecimal digits, for a hidden marker. A digest, so that it tells a reader of the comment nothing.
    pub fn marker(&self) -> String {
        hex::encode(&sha2::Sha256::digest(self.0.as_bytes())[..8])
    }

    /// A UUID, for the name of an object.
    pub fn uuid(&self) -> uuid::Uuid {
        const NAMESPACE: uuid::Uuid = uuid::uuid!("0b9c3a1e-51a7-5f3e-9a51-b0d5b21704a1");
        uuid::Uuid::new_v5(&NAMESPACE, self.0.as_bytes())
    }
}

/// The journal of one run of one task. A handle: its clones are the same journal.
#[derive(Clone)]
pub struct Journal(Arc<Shared>);

struct Shared {
    /// Where the run goes on when its entries have ended; nowhere, in a replay.
    beyond: Option<Beyond>,
    /// Names the task's effects; the same in every run.
    identity: String,
    pins: Pins,
    waited: Waited,
    state: Mutex<State>,
}

/// What a run that goes on live writes to.
struct Beyond {
    inbox: Inbox,
    task: TaskId,
    round: u32,
}

struct State {
    kept: VecDeque<Entry>,
    reads: Vec<Entry>,
    seq: u32,
    budget: Budget,
    calls: Vec<CallTrace>,
    denials: Denials,
    /// Effects that were begun and have no result yet.
    open: BTreeMap<u32, &'static str>,
    /// Nothing is begun any more.
    closed: bool,
    /// Set once the run has to end, by a call whose own end does not end the guest.
    end: Option<Interrupt>,
}

impl Journal {
    /// A run of `round` of `task`, to be answered from `kept` first. `identity` has to be the same in every run of this
    /// task.
    pub fn new(
        inbox: Inbox,
        (task, round): (TaskId, u32),
        identity: &str,
        pins: Pins,
        kept: Vec<Entry>,
        budget: Budget,
    ) -> Self {
        let beyond = Beyond { inbox, task, round };
        Self::answered_from(kept, Some(beyond), format!("{identity}/{round}"), pins, budget)
    }

    /// A run that is told what `kept` has and nothing else: whatever it asks beyond that ends it as diverged, before anybody
    /// is asked and anything is made or written.
    pub fn replaying(kept: Vec<Entry>, pins: Pins, budget: Budget) -> Self {
        Self::answered_from(kept, None, String::new(), pins, budget)
    }

    fn answered_from(kept: Vec<Entry>, beyond: Option<Beyond>, identity: String, pins: Pins, budget: Budget) -> Self {
        let state = State {
            kept: kept.into(),
            reads: Vec::new(),
            seq: 0,
            budget,
            calls: Vec::new(),
            denials: Denials::default(),
            open: BTreeMap::new(),
            closed: false,
            end: None,
        };
        let waited = Waited::default();
        Journal(Arc::new(Shared { beyond, identity, pins, waited, state: Mutex::new(state) }))
    }

    /// The moment and the choices that are fixed for this task.
    pub fn pins(&self) -> &Pins {
        &self.0.pins
    }

    /// How long this run has waited for others.
    pub fn waited(&self) -> Waited {
        self.0.waited.clone()
    }

    /// How many effects this run made or was answered.
    pub fn effects(&self) -> u32 {
        self.state().budget.effects()
    }

    /// Notes a call that no grant covers, and what the guest is told. It counts as a call. Nothing of it is journalled: it would
    /// be denied again.
    ///
    /// # Errors
    /// If the run has to end here.
    pub(crate) fn deny(&self, told: &str) -> Result<(), Interrupt> {
        self.state().budget.count()?;
        self.note_denial(told);
        Ok(())
    }

    /// Counts a refusal, whoever it came from: the guard, a bound, or the far side. The first are kept for the trace, and the
    /// log is told of them.
    fn note_denial(&self, told: &str) {
        let told = one_line(told.to_owned());
        let is_told = self.state().denials.add(&told);
        if is_told {
            tracing::warn!(task = self.0.identity, why = told, "a call was denied");
        }
    }

    /// Counts what the guest is told by the host alone, which is in no journal: so many bytes.
    ///
    /// # Errors
    /// If the run has to end here.
    pub(crate) fn tell(&self, bytes: usize) -> Result<(), Interrupt> {
        let mut state = self.state();
        state.budget.count()?;
        Ok(state.budget.tell(bytes)?)
    }

    /// Lets nothing begin any more, and names an effect whose end the guest has not waited for: whether it was made is unknown.
    pub(crate) fn close(&self) -> Option<&'static str> {
        let mut state = self.state();
        state.closed = true;
        state.open.values().next().copied()
    }

    /// Notes that an effect begins.
    fn open(&self, seq: u32, op: &'static str) -> Result<(), Interrupt> {
        let mut state = self.state();
        if state.closed {
            return Err(Interrupt::Exhausted("the run has ended".to_owned()));
        }
        state.open.insert(seq, op);
        Ok(())
    }

    /// What was denied so far.
    pub fn denials(&self) -> Denials {
        self.state().denials.clone()
    }

    /// The calls of this run, and the reads that no effect has committed yet.
    pub fn into_parts(self) -> (Vec<CallTrace>, Vec<Entry>) {
        let mut state = self.state();
        let mut reads = std::mem::take(&mut state.reads);
        // Calls that were under way at a time came to their ends in any order.
        reads.sort_by_key(|entry| entry.seq);
        (std::mem::take(&mut state.calls), reads)
    }

    /// Ends the run: whatever the guest asks from now on is refused. For a call that does not end the guest by itself.
    pub(crate) fn end(&self, interrupt: Interrupt) {
        self.state().end.get_or_insert(interrupt);
    }

    /// Why the run had to end, if that was said by [`Self::end`].
    pub(crate) fn take_end(&self) -> Option<Interrupt> {
        self.state().end.take()
    }

    /// The next call. Its place among the others is fixed here, and whether an earlier run has come to it; what is asked,
    /// and the answer, may come later, while other calls are made.
    ///
    /// # Errors
    /// If the run has to end here.
    pub(crate) fn begin(&self, op: &'static str) -> Result<Place, Interrupt> {
        let mut state = self.state();
        if state.end.is_some() {
            return Err(Interrupt::Exhausted("the run has ended".to_owned()));
        }
        let seq = state.seq;
        state.seq += 1;
        // A place without an entry: the call was refused, or an earlier run was cut off before it had an answer.
        let kept = state.kept.pop_front_if(|entry| entry.seq == seq);
        if let Some(entry) = &kept
            && entry.op != op
        {
            return Err(Interrupt::Diverged(format!("call {seq} was `{}` and is now `{op}`", entry.op)));
        }
        Ok(Place { journal: self.clone(), op, seq, kept, begun: Instant::now() })
    }

    /// A call that changes nothing: answered from the journal, else by `live`.
    ///
    /// # Errors
    /// If the run has to end here.
    pub async fn read<A: Serialize, T: Serialize + DeserializeOwned>(
        &self,
        op: &'static str,
        args: &A,
        live: impl Future<Output = Result<T, Fault>>,
    ) -> Result<Result<T, ApiError>, Interrupt> {
        self.begin(op)?.read(args, live).await
    }

    /// A call that changes something. `make` is told the effect's key, and whether an earlier run may have made it.
    ///
    /// # Errors
    /// If the run has to end here.
    pub async fn effect<A: Serialize, T: Serialize + DeserializeOwned, F: Future<Output = Result<T, Fault>>>(
        &self,
        kind: EffectKind,
        op: &'static str,
        args: &A,
        make: impl FnOnce(EffectKey, Doubt) -> F,
    ) -> Result<Result<T, ApiError>, Interrupt> {
        self.begin(op)?.effect(kind, args, make).await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("nothing panics while it holds the journal")
    }

    fn keep(&self, answer: &str) -> Result<(), Interrupt> {
        Ok(self.state().budget.tell(answer.len())?)
    }
}

/// Whether an effect may already have been made, by a run that was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Certainly not made yet.
    NotMade,
    /// Its intent was on disk: it may have been made.
    MayBeMade,
}

#[cfg(test)]
mod tests;
