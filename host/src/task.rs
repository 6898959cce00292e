//! One run of one task: what it begins with, the guest's call, and what becomes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use prow::event::Event;
use store::{Entry, Inbox, Outcome, Park, ParkKind, Pins, StoreError, Task, TaskEnd, TaskKind};

use crate::agent::Grants;
use crate::budget::Budget;
use crate::contract::types;
use crate::convert;
use crate::envelope::Envelope;
use crate::gate::Identity;
use crate::guest::{self, Clients, End, Leavings, TaskContext, TaskFacts};
use crate::journal::Journal;
use crate::log_book::LogLine;
use crate::parsed::Parsed;
use crate::plugin::Plugin;
use crate::quarantine::Conduct;
use crate::registry::Set;
use crate::verdict::{Verdict, conduct, failed, later, verdict};

/// How soon a task is tried again that could not be run because of us.
const PUT_OFF: Duration = Duration::from_secs(5);

/// What a task runs with: one revision of the configuration, and the component that belongs to it.
#[derive(Clone)]
pub struct Begun {
    /// The component.
    pub plugin: Arc<Plugin>,
    /// The configuration.
    pub loaded: Arc<config::Loaded>,
    /// What the plugin is made of.
    pub identity: Identity,
    /// The set in force that both are of: while someone holds it, its files are kept for whoever will need them.
    pub held: Option<Arc<Set>>,
}

/// What comes after a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// The task has ended; the next of its lane may run.
    Ended,
    /// It is run again then, before any other of its lane.
    Again(Timestamp),
}

/// Everything about one run that is kept for whoever asks why something did or did not happen.
#[derive(serde::Serialize)]
struct Trace<'a> {
    digest: &'a str,
    config_revision: &'a str,
    calls: &'a [crate::journal::CallTrace],
    /// What the guest was told of calls that were refused.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    denied: &'a [String],
    log: &'a [LogLine],
}

/// One call of a plugin: all that the guest will see, and nothing written down yet.
pub struct Call {
    begun: Begun,
    context: TaskContext,
    event: types::Event,
    pins: Pins,
}

impl Call {
    /// The call for this task. `kept` is what an earlier run of its round has journalled.
    pub fn new(
        inbox: &Inbox,
        clients: &Clients,
        begun: &Begun,
        parsed: &Parsed,
        task: &Task,
        kept: Vec<Entry>,
    ) -> Self {
        let pins = task.pins.clone().unwrap_or_else(|| Pins {
            component_digest: begun.plugin.digest.clone(),
            config_revision: begun.loaded.revision.clone(),
            clock: Timestamp::now(),
            seed: uuid::Uuid::new_v4().as_u64_pair().0,
        });
        let Parsed { delivery, event } = parsed;
        let envelope = Envelope { guid: &task.guid, scope: delivery.scope(), round: task.woken };
        let handed = match task.kind {
            TaskKind::Typed => Some(convert::typed(event, envelope)),
            TaskKind::Comment => convert::comment_event(event, envelope),
            TaskKind::Forward => unreachable!("events are forwarded without a guest"),
        };
        let home = delivery.scope().repo().and_then(|name| name.split_once('/'));
        let facts = Arc::new(TaskFacts {
            plugin: task.plugin.clone(),
            grants: begun.plugin.grants.clone(),
            guid: task.guid.clone(),
            home: home.map(|(org, name)| types::RepoRef { org: org.to_owned(), name: name.to_owned() }),
            event: event.clone(),
            payload: delivery.payload().clone(),
            loaded: begun.loaded.clone(),
            clients: clients.clone(),
        });
        let identity = format!("{}/{}/{}", task.guid, task.plugin, task.kind);
        let budget = Budget::new(begun.plugin.limits);
        let journal = Journal::new(inbox.clone(), (task.id, task.round), &identity, pins.clone(), kept, budget);
        let event = handed.expect("a comment's task is planned for comments only");
        Call { begun: begun.clone(), context: TaskContext::new(journal, facts), event, pins }
    }

    /// The same with other grants than its plugin was loaded with: what stands at the call alone.
    #[must_use]
    pub fn within(mut self, grants: Grants) -> Self {
        let facts = Arc::unwrap_or_clone(self.context.facts);
        self.context.facts = Arc::new(TaskFacts { grants, ..facts });
        self
    }

    /// Makes it: a fresh instance, its call, and its end.
    pub async fn make(self) -> (End, Leavings) {
        guest::handle(&self.begun.plugin, self.context, &self.event).await
    }
}

/// Runs `task` once and writes down what came of it.
///
/// # Errors
/// If the inbox cannot be read or written; the task is then as it was.
pub async fn run(
    inbox: &Inbox,
    clients: &Clients,
    begun: &Begun,
    parsed: &Parsed,
    task: &Task,
) -> Result<(After, Ran), StoreError> {
    let started = Instant::now();
    let kept = if task.pins.is_some() { inbox.journal(task.id, task.round).await? } else { Vec::new() };
    let call = Call::new(inbox, clients, begun, parsed, task, kept);
    let (action, pins) = (call.event.action.clone(), call.pins.clone());
    let (end, leavings) = call.make().await;
    let duration = started.elapsed();
    let took_action = leavings.calls.iter().any(|call| is_action(call.op));
    let denied = leavings.denials.count;
    let ran = Ran { action, duration, took_action, denied, failed: failed(&end), conduct: conduct(&end) };
    let after = write_down(inbox, task, &pins, end, leavings, duration).await?;
    Ok((after, ran))
}

/// Ends a task that cannot be run again as it began.
///
/// # Errors
/// If the inbox cannot be written.
pub async fn give_up(inbox: &Inbox, task: &Task, why: String) -> Result<(), StoreError> {
    end_unrun(inbox, task, Outcome::Dead, why).await
}

/// Ends a task that there is nothing to run for.
///
/// # Errors
/// If the inbox cannot be written.
pub async fn ignore(inbox: &Inbox, task: &Task, why: String) -> Result<(), StoreError> {
    end_unrun(inbox, task, Outcome::Ignored, why).await
}

async fn end_unrun(inbox: &Inbox, task: &Task, outcome: Outcome, why: String) -> Result<(), StoreError> {
    let (round, reads, trace) = (task.round, Vec::new(), serde_json::Value::Null);
    let end = TaskEnd { round, outcome, reason: Some(why), reads, trace, duration: Duration::ZERO };
    inbox.finish(task.id, end).await
}

/// Puts a task aside that cannot be run just now, for a reason that is neither its plugin's nor an upstream's.
///
/// # Errors
/// If the inbox cannot be written.
pub async fn put_off(inbox: &Inbox, task: &Task, why: String) -> Result<After, StoreError> {
    let until = later(Timestamp::now(), PUT_OFF);
    let (round, pins, reads) = (task.round, task.pins.clone(), Vec::new());
    inbox.park(task.id, Park { round, pins, reads, until, why, kind: ParkKind::Resume }).await?;
    Ok(After::Again(until))
}

/// What the metrics want to know of a run.
pub struct Ran {
    /// The event's action.
    pub action: Option<String>,
    /// How long it took.
    pub duration: Duration,
    /// Whether the plugin called one of the services that Prow counts, were it to read.
    pub took_action: bool,
    /// How many of its calls were refused.
    pub denied: u64,
    /// Whether it failed.
    pub failed: bool,
    /// What it says of the plugin.
    pub conduct: Conduct,
}

/// Behaviour: Prow pkg/plugins, `tookAction`: its clients of GitHub, OWNERS, Bugzilla and Jira, reads included; not ProwJobs,
/// job config, git, clusters or Slack, and not who the bot is, which is remembered.
fn is_action(op: &str) -> bool {
    ["github-", "owners", "bugzilla", "jira"].iter().any(|client| op.starts_with(client))
}

/// Whether `plugin` asked for this form of the event.
#[must_use]
pub fn is_wanted(plugin: &Plugin, event: &Event, form: TaskKind) -> bool {
    match form {
        TaskKind::Comment => plugin.wants(types::EventKind::Comment),
        TaskKind::Typed => plugin.wants(convert::kind(event)),
        TaskKind::Forward => false,
    }
}

async fn write_down(
    inbox: &Inbox,
    task: &Task,
    pins: &Pins,
    end: End,
    leavings: Leavings,
    duration: Duration,
) -> Result<After, StoreError> {
    let round = task.round;
    match verdict(end, (task.woken, task.attempts), Timestamp::now())? {
        Verdict::Park(kind, until, why) => {
            tracing::info!(delivery = %task.guid, plugin = %task.plugin, %until, why, "put aside");
            let park = Park { round, pins: Some(pins.clone()), reads: leavings.reads, until, why, kind };
            inbox.park(task.id, park).await?;
            Ok(After::Again(until))
        }
        Verdict::Finish(outcome, reason) => {
            let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            match outcome {
                // Most plugins have nothing to do with most events; the inbox knows.
                Outcome::Ignored => {
                    tracing::debug!(delivery = %task.guid, plugin = %task.plugin, %outcome, reason, ms, "handled");
                }
                Outcome::Done => {
                    tracing::info!(delivery = %task.guid, plugin = %task.plugin, %outcome, reason, ms, "handled");
                }
                Outcome::Failed | Outcome::Dead | Outcome::Unknown => {
                    tracing::error!(delivery = %task.guid, plugin = %task.plugin, %outcome, reason, ms, "not handled");
                }
            }
            let trace = Trace {
                digest: &pins.component_digest,
                config_revision: &pins.config_revision,
                calls: &leavings.calls,
                denied: &leavings.denials.told,
                log: &leavings.log,
            };
            let trace = serde_json::to_value(trace).expect("a trace is plain data");
            // A task without effects leaves its outcome and its trace, and nothing else.
            let reads = if leavings.effects > 0 { leavings.reads } else { Vec::new() };
            inbox.finish(task.id, TaskEnd { round, outcome, reason: Some(reason), reads, trace, duration }).await?;
            Ok(After::Ended)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_a_call_of_a_client_that_prow_counts() {
        for (op, want) in [
            ("github-issues-read.list-comments", true),
            ("github-issues-write.add-label", true),
            ("owners.approvers", true),
            ("agent.is-bot", false),
            ("job-config.presubmits", false),
            ("prowjobs-write.create-presubmit", false),
        ] {
            assert_eq!(is_action(op), want, "{op}");
        }
    }
}
