//! The journal of one task: every host call in order, so that a run that was cut off can be run again and no one notices.
//!
//! Reads are kept in memory and committed with the intent of the next effect; an effect's result is committed after it.
//! A run that finds entries is answered from them, in order, until they end; from there on it is live. The last entry may
//! be an intent without a result: that effect is in doubt, and its kind says what becomes of it.

use std::collections::VecDeque;
use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Digest as _;
use store::{EffectKind, Entry, EntryState, Inbox, ParkKind, Pins, TaskId};

use crate::budget::{Budget, Over};
use crate::contract::types::{ApiError, ErrorKind};
use crate::waited::Waited;

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
    /// The journal itself cannot be written.
    #[error("the journal cannot be written")]
    Journal(#[from] store::StoreError),
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

/// One call as the trace keeps it.
#[derive(Clone, Debug, Serialize)]
pub struct CallTrace {
    /// `interface.function`.
    pub op: &'static str,
    /// `read`, `idempotent`, `findable` or `neither`.
    pub kind: &'static str,
    /// Answered from the journal.
    pub replayed: bool,
    /// How the call failed, for the guest to see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Milliseconds that it took.
    pub ms: u64,
}

/// The journal of one run of one task.
pub struct Journal {
    inbox: Inbox,
    task: TaskId,
    round: u32,
    /// Names the task's effects; the same in every run.
    identity: String,
    pins: Pins,
    kept: VecDeque<Entry>,
    reads: Vec<Entry>,
    seq: u32,
    budget: Budget,
    calls: Vec<CallTrace>,
    waited: Waited,
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
        let identity = format!("{identity}/{round}");
        let (kept, reads, calls) = (kept.into(), Vec::new(), Vec::new());
        let waited = Waited::default();
        Journal { inbox, task, round, identity, pins, kept, reads, seq: 0, budget, calls, waited }
    }

    /// The moment and the choices that are fixed for this task.
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// How long this run has waited for others.
    pub fn waited(&self) -> Waited {
        self.waited.clone()
    }

    /// How many effects this run made or was answered.
    pub fn effects(&self) -> u32 {
        self.budget.effects()
    }

    /// The calls of this run, and the reads that no effect has committed yet.
    pub fn into_parts(self) -> (Vec<CallTrace>, Vec<Entry>) {
        (self.calls, self.reads)
    }

    /// A call that changes nothing: answered from the journal, else by `live`.
    ///
    /// # Errors
    /// If the run has to end here.
    pub async fn read<A: Serialize, T: Serialize + DeserializeOwned>(
        &mut self,
        op: &'static str,
        args: &A,
        live: impl Future<Output = Result<T, Fault>>,
    ) -> Result<Result<T, ApiError>, Interrupt> {
        let begun = std::time::Instant::now();
        let args = to_json(args);
        if let Some(refused) = self.ask(op, &args)? {
            return Ok(Err(refused));
        }
        if let Some(entry) = self.next_kept(op, &args)? {
            let EntryState::Done(result) = &entry.state else {
                return Err(Interrupt::Diverged(format!("`{op}` was an effect without a result")));
            };
            self.keep(result)?;
            let result = from_json(op, result)?;
            self.trace(op, EffectKind::Read, true, &result, begun);
            return Ok(result);
        }
        let result = settle(op, self.waited.during(live).await)?;
        let json = to_json(&result);
        self.keep(&json)?;
        let (seq, state) = (self.seq, EntryState::Done(json));
        self.reads.push(Entry { seq, op: op.to_owned(), args, kind: EffectKind::Read, state });
        self.seq += 1;
        self.trace(op, EffectKind::Read, false, &result, begun);
        Ok(result)
    }

    /// A call that changes something. `make` is told the effect's key, and whether an earlier run may have made it.
    ///
    /// # Errors
    /// If the run has to end here.
    pub async fn effect<A: Serialize, T: Serialize + DeserializeOwned, F: Future<Output = Result<T, Fault>>>(
        &mut self,
        kind: EffectKind,
        op: &'static str,
        args: &A,
        make: impl FnOnce(EffectKey, Doubt) -> F,
    ) -> Result<Result<T, ApiError>, Interrupt> {
        let begun = std::time::Instant::now();
        let args = to_json(args);
        if let Some(refused) = self.ask(op, &args)? {
            return Ok(Err(refused));
        }
        if let Some(refused) = told(op, self.budget.effect())? {
            return Ok(Err(refused));
        }
        let seq = self.seq;
        let key = EffectKey(format!("{}/{seq}", self.identity));
        let doubt = match self.next_kept(op, &args)? {
            Some(Entry { state: EntryState::Done(result), .. }) => {
                self.keep(&result)?;
                let result = from_json(op, &result)?;
                self.trace(op, kind, true, &result, begun);
                return Ok(result);
            }
            Some(Entry { state: EntryState::Intent, .. }) if kind == EffectKind::Neither => {
                return Err(Interrupt::Unknown(op.to_owned()));
            }
            Some(Entry { state: EntryState::Intent, .. }) => Doubt::MayBeMade,
            None => {
                let intent = Entry { seq, op: op.to_owned(), args, kind, state: EntryState::Intent };
                let reads = std::mem::take(&mut self.reads);
                let intended = self.inbox.intend(self.task, self.round, &self.pins, reads, intent);
                self.waited.during(intended).await?;
                self.seq += 1;
                Doubt::NotMade
            }
        };
        let made = self.waited.during(make(key, doubt)).await;
        if kind == EffectKind::Neither && matches!(made, Err(Fault::Later { .. } | Fault::Limited { .. })) {
            // Certainly not made: the next run may make it.
            self.waited.during(self.inbox.withdraw(self.task, self.round, seq)).await?;
        }
        let result = settle(op, made)?;
        let json = to_json(&result);
        let kept = self.keep(&json);
        // First what was done is written down, whatever becomes of the run.
        self.waited.during(self.inbox.resolve(self.task, self.round, seq, json)).await?;
        kept?;
        self.trace(op, kind, false, &result, begun);
        Ok(result)
    }

    /// Counts a call. A refusal is for the guest to know.
    fn ask(&mut self, op: &'static str, args: &str) -> Result<Option<ApiError>, Interrupt> {
        told(op, self.budget.ask(op, args.len()))
    }

    fn keep(&mut self, answer: &str) -> Result<(), Interrupt> {
        self.budget.keep(answer.len()).map_err(Interrupt::Exhausted)
    }

    /// The next entry of earlier runs, if there is one; it has to be of the same call.
    fn next_kept(&mut self, op: &str, args: &str) -> Result<Option<Entry>, Interrupt> {
        let Some(entry) = self.kept.pop_front() else { return Ok(None) };
        if entry.op != op {
            return Err(Interrupt::Diverged(format!("call {} was `{}` and is now `{op}`", entry.seq, entry.op)));
        }
        if entry.args != args {
            return Err(Interrupt::Diverged(format!("call {} (`{op}`) has other arguments now", entry.seq)));
        }
        self.seq = entry.seq + 1;
        Ok(Some(entry))
    }

    fn trace<T>(
        &mut self,
        op: &'static str,
        kind: EffectKind,
        replayed: bool,
        result: &Result<T, ApiError>,
        begun: std::time::Instant,
    ) {
        let error = result.as_ref().err().map(|e| format!("{:?}: {}", e.kind, e.message));
        if let Some(error) = &error {
            tracing::debug!(op, error, "a call was answered with an error");
        }
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.calls.push(CallTrace { op, kind: kind.as_str(), replayed, error, ms });
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

/// What a bound means for the run: a refusal is for the guest to know.
fn told(op: &'static str, counted: Result<(), Over>) -> Result<Option<ApiError>, Interrupt> {
    match counted {
        Ok(()) => Ok(None),
        Err(Over::Refused(error)) => {
            tracing::warn!(op, why = error.message, "a call was refused");
            Ok(Some(error))
        }
        Err(Over::Ended(why)) => Err(Interrupt::Exhausted(why)),
    }
}

fn settle<T>(op: &str, result: Result<T, Fault>) -> Result<Result<T, ApiError>, Interrupt> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(Fault::Answer(error)) => Ok(Err(error)),
        Err(Fault::InDoubt { why }) => {
            tracing::warn!(op, why, "it may have been done, or not");
            Err(Interrupt::Unknown(op.to_owned()))
        }
        Err(Fault::Later { until, why }) => Err(Interrupt::Park { until, why, kind: ParkKind::Retry }),
        Err(Fault::Limited { until, why }) => Err(Interrupt::Park { until, why, kind: ParkKind::Resume }),
    }
}

fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the contract's types are plain data")
}

fn from_json<T: DeserializeOwned>(op: &str, text: &str) -> Result<T, Interrupt> {
    serde_json::from_str(text)
        .map_err(|e| Interrupt::Diverged(format!("the journalled result of `{op}` is unreadable: {e}")))
}

#[cfg(test)]
mod tests;
