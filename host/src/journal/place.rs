//! One call's place in its journal: answered by an entry that is there, or made and written down.

use std::future::Future;
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{EffectKind, Entry, EntryState, ParkKind};

use super::{Beyond, CallTrace, Doubt, EffectKey, Fault, Interrupt, Journal};
use crate::budget::Over;
use crate::contract::types::{ApiError, ErrorKind};

/// One call's place in its journal.
pub(crate) struct Place {
    pub(super) journal: Journal,
    pub(super) op: &'static str,
    pub(super) seq: u32,
    pub(super) kept: Option<Entry>,
    pub(super) begun: Instant,
}

impl Place {
    /// As [`Journal::read`].
    ///
    /// # Errors
    /// If the run has to end here.
    pub(crate) async fn read<A: Serialize, T: Serialize + DeserializeOwned>(
        mut self,
        args: &A,
        live: impl Future<Output = Result<T, Fault>>,
    ) -> Result<Result<T, ApiError>, Interrupt> {
        let args = to_json(args);
        if let Some(refused) = self.ask(&args)? {
            return Ok(Err(refused));
        }
        let (op, seq) = (self.op, self.seq);
        if let Some(entry) = self.take_kept(&args)? {
            let EntryState::Done(result) = &entry.state else {
                return Err(Interrupt::Diverged(format!("`{op}` was an effect without a result")));
            };
            return self.again(EffectKind::Read, result);
        }
        self.beyond()?;
        let result = settle(op, self.journal.0.waited.during(live).await)?;
        let json = to_json(&result);
        self.journal.keep(&json)?;
        let entry = Entry { seq, op: op.to_owned(), args, kind: EffectKind::Read, state: EntryState::Done(json) };
        self.journal.state().reads.push(entry);
        self.trace(EffectKind::Read, false, &result);
        Ok(result)
    }

    /// As [`Journal::effect`].
    ///
    /// # Errors
    /// If the run has to end here.
    pub(crate) async fn effect<A: Serialize, T: Serialize + DeserializeOwned, F: Future<Output = Result<T, Fault>>>(
        mut self,
        kind: EffectKind,
        args: &A,
        make: impl FnOnce(EffectKey, Doubt) -> F,
    ) -> Result<Result<T, ApiError>, Interrupt> {
        let args = to_json(args);
        if let Some(refused) = self.ask(&args)? {
            return Ok(Err(refused));
        }
        let counted = self.journal.state().budget.effect();
        if let Some(refused) = self.told(counted)? {
            return Ok(Err(refused));
        }
        let (op, seq) = (self.op, self.seq);
        let kept = self.take_kept(&args)?;
        if let Some(Entry { state: EntryState::Done(result), .. }) = &kept {
            return self.again(kind, result);
        }
        let (shared, Beyond { inbox, task, round }) = (&self.journal.0, self.beyond()?);
        let doubt = match kept {
            Some(_) if kind == EffectKind::Neither => {
                return Err(Interrupt::Unknown(op.to_owned()));
            }
            Some(_) => Doubt::MayBeMade,
            None => {
                self.journal.open(seq, op)?;
                let intent = Entry { seq, op: op.to_owned(), args, kind, state: EntryState::Intent };
                let reads = std::mem::take(&mut self.journal.state().reads);
                shared.waited.during(inbox.intend(*task, *round, &shared.pins, reads, intent)).await?;
                Doubt::NotMade
            }
        };
        let key = EffectKey(format!("{}/{seq}", shared.identity));
        // A host that was stopped meanwhile, for longer than its lease, sends nothing any more: another may have made it.
        let made = shared.waited.during(inbox.while_held(make(key, doubt))).await?;
        if kind == EffectKind::Neither && matches!(made, Err(Fault::Later { .. } | Fault::Limited { .. })) {
            // Certainly not made: the next run may make it.
            shared.waited.during(inbox.withdraw(*task, *round, seq)).await?;
            self.journal.state().open.remove(&seq);
        }
        let result = settle(op, made)?;
        let json = to_json(&result);
        let kept = self.journal.keep(&json);
        // First what was done is written down, whatever becomes of the run.
        shared.waited.during(inbox.resolve(*task, *round, seq, json)).await?;
        self.journal.state().open.remove(&seq);
        kept?;
        self.trace(kind, false, &result);
        Ok(result)
    }

    /// Counts the call. A refusal is for the guest to know.
    fn ask(&self, args: &str) -> Result<Option<ApiError>, Interrupt> {
        let counted = self.journal.state().budget.ask(self.op, args.len());
        self.told(counted)
    }

    /// What a bound means for the run: a refusal is for the guest to know.
    fn told(&self, counted: Result<(), Over>) -> Result<Option<ApiError>, Interrupt> {
        match counted {
            Ok(()) => Ok(None),
            Err(Over::Refused(error)) => {
                self.journal.note_denial(&format!("`{}`: {}", self.op, error.message));
                Ok(Some(error))
            }
            Err(over) => Err(over.into()),
        }
    }

    /// Whether nothing is known of the call, and it can be made.
    pub(crate) fn is_live(&self) -> bool {
        self.kept.is_none() && self.journal.0.beyond.is_some()
    }

    /// How an earlier run has noted the call; none if it has not come to it.
    pub(crate) fn noted(&self) -> Option<EffectKind> {
        self.kept.as_ref().map(|entry| entry.kind)
    }

    /// The entry of an earlier run, if there is one; it has to be of the same call.
    fn take_kept(&mut self, args: &str) -> Result<Option<Entry>, Interrupt> {
        match self.kept.take() {
            Some(entry) if entry.args != args => {
                Err(Interrupt::Diverged(format!("call {} (`{}`) has other arguments now", self.seq, self.op)))
            }
            kept => Ok(kept),
        }
    }

    /// Where a call that no entry answers goes on.
    fn beyond(&self) -> Result<&Beyond, Interrupt> {
        self.journal.0.beyond.as_ref().ok_or_else(|| {
            Interrupt::Diverged(format!("call {} (`{}`) is one that was not made then", self.seq, self.op))
        })
    }

    /// The answer that an earlier run was given.
    fn again<T: DeserializeOwned>(&self, kind: EffectKind, result: &str) -> Result<Result<T, ApiError>, Interrupt> {
        self.journal.keep(result)?;
        let result = from_json(self.op, result)?;
        self.trace(kind, true, &result);
        Ok(result)
    }

    fn trace<T>(&self, kind: EffectKind, replayed: bool, result: &Result<T, ApiError>) {
        if let Err(ApiError { kind: ErrorKind::Denied, message }) = result {
            self.journal.note_denial(message);
        }
        let error = result.as_ref().err().map(|e| format!("{:?}: {}", e.kind, e.message));
        if let Some(error) = &error {
            tracing::debug!(op = self.op, error, "a call was answered with an error");
        }
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.journal.state().calls.push(CallTrace { op: self.op, kind: kind.as_str(), replayed, error, ms });
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
