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
use crate::journal::{Interrupt, Journal};
use crate::log_book::LogLine;
use crate::parsed::Parsed;
use crate::plugin::Plugin;
use crate::quarantine::Conduct;
use crate::registry::Set;

/// How long an upstream's failures are waited out before a task is given up: over a weekend. It is the waits that count; a
/// host that was not running has not tried.
const GIVE_UP_AFTER: Duration = Duration::from_secs(3 * 24 * 3600);

/// How soon a plugin is called again at its own wish, and how often with one event: each time may call and change as much as the
/// first.
const AGAIN_AT_LEAST: Duration = Duration::from_secs(1);
const MOST_ROUNDS: u32 = 100;

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
        let envelope = Envelope { guid: &task.guid, scope: delivery.scope(), round: task.round };
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

fn failed(end: &End) -> bool {
    !matches!(end, End::Done(_) | End::Ignored(_) | End::Again(_) | End::Interrupted(Interrupt::Park { .. }))
}

/// Who traps, or takes more than its due, may hurt others, and is held back if it goes on so. An error of its own is an answer.
/// What an upstream or the host did is no sign either way.
fn conduct(end: &End) -> Conduct {
    match end {
        End::Done(_) | End::Ignored(_) | End::Again(_) | End::Failed(_) => Conduct::Sound,
        End::Trapped(why) => Conduct::AtFault(format!("trapped: {why}")),
        End::Over(which) => Conduct::AtFault(format!("over its limits: {which}")),
        End::Interrupted(Interrupt::Exhausted(why)) => Conduct::AtFault(format!("over its limits: {why}")),
        End::OutOfTime => Conduct::AtFault("over its deadline".to_owned()),
        End::OutOfTimeWaiting
        | End::Interrupted(
            Interrupt::Park { .. }
            | Interrupt::Flooded(_)
            | Interrupt::Diverged(_)
            | Interrupt::Unknown(_)
            | Interrupt::Journal(_),
        ) => Conduct::Unclear,
    }
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

/// What is to be done about an end: written as an outcome, or put aside.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Its outcome, and why.
    Finish(Outcome, String),
    /// What its next run is, when, and why.
    Park(ParkKind, Timestamp, String),
}

/// Only what the host saw decides whether a task is run again: an upstream that fails is waited for, a plugin that fails
/// would fail again.
pub(crate) fn verdict(end: End, (round, attempts): (u32, u32), now: Timestamp) -> Result<Verdict, StoreError> {
    let retry = |until: Timestamp, why: String| {
        if (0..=attempts).map(backoff).sum::<Duration>() > GIVE_UP_AFTER {
            let why = format!("given up after {} attempts in three days; the last: {why}", attempts + 1);
            return Verdict::Finish(Outcome::Dead, why);
        }
        Verdict::Park(ParkKind::Retry, until, why)
    };
    Ok(match end {
        End::Done(said) => Verdict::Finish(Outcome::Done, said),
        End::Ignored(why) => Verdict::Finish(Outcome::Ignored, why),
        End::Again(_) if round >= MOST_ROUNDS => {
            Verdict::Finish(Outcome::Failed, format!("asked to be called again, and was {MOST_ROUNDS} times before"))
        }
        End::Again(after) => {
            let until = later(now, after.max(AGAIN_AT_LEAST));
            Verdict::Park(ParkKind::Wake, until, format!("asked to be called again after {after:?}"))
        }
        End::Failed(message) => Verdict::Finish(Outcome::Failed, message),
        End::Trapped(message) => Verdict::Finish(Outcome::Failed, format!("trapped: {message}")),
        End::Over(which) => Verdict::Finish(Outcome::Failed, format!("over its limits: {which}")),
        End::OutOfTime => Verdict::Finish(Outcome::Failed, "over its deadline (`limits.deadline`)".to_owned()),
        End::OutOfTimeWaiting => {
            retry(later(now, backoff(attempts)), "over its deadline while an upstream kept it waiting".to_owned())
        }
        End::Interrupted(Interrupt::Park { until, why, kind: ParkKind::Retry }) => {
            retry(until.max(later(now, backoff(attempts))), why)
        }
        // Nothing failed, so nothing is counted; a pause all the same, should the far side's clock be behind.
        End::Interrupted(Interrupt::Park { until, why, kind }) => {
            Verdict::Park(kind, until.max(later(now, backoff(0))), why)
        }
        End::Interrupted(Interrupt::Diverged(why)) => Verdict::Finish(Outcome::Dead, format!("diverged: {why}")),
        End::Interrupted(Interrupt::Exhausted(why) | Interrupt::Flooded(why)) => {
            Verdict::Finish(Outcome::Failed, format!("over its limits: {why}"))
        }
        End::Interrupted(unknown @ Interrupt::Unknown(_)) => Verdict::Finish(Outcome::Unknown, unknown.to_string()),
        End::Interrupted(Interrupt::Journal(error)) => return Err(error),
    })
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
    match verdict(end, (round, task.attempts), Timestamp::now())? {
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

/// One second, doubling, to five minutes.
fn backoff(attempts: u32) -> Duration {
    Duration::from_secs(1 << attempts.min(9)).min(Duration::from_secs(300))
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(end: End, attempts: u32, want: &str) {
        check_in(0, end, attempts, want);
    }

    #[track_caller]
    fn check_in(round: u32, end: End, attempts: u32, want: &str) {
        let now = Timestamp::UNIX_EPOCH;
        let got = match verdict(end, (round, attempts), now).unwrap() {
            Verdict::Finish(outcome, reason) => format!("{outcome}: {reason}"),
            Verdict::Park(kind, until, why) => format!("{kind:?} +{}s: {why}", until.as_second()),
        };
        assert_eq!(got, want);
    }

    fn park(seconds: i64) -> End {
        let until = Timestamp::from_second(seconds).unwrap();
        End::Interrupted(Interrupt::Park { until, why: "GitHub is away".into(), kind: ParkKind::Retry })
    }

    fn limit(seconds: i64) -> End {
        let until = Timestamp::from_second(seconds).unwrap();
        End::Interrupted(Interrupt::Park { until, why: "come back".into(), kind: ParkKind::Resume })
    }

    #[test]
    fn an_upstream_that_fails_is_waited_for_and_a_plugin_that_fails_is_not() {
        check(End::Done("did".into()), 0, "done: did");
        check(End::Ignored("not mine".into()), 0, "ignored: not mine");
        check(End::Failed("no".into()), 0, "failed: no");
        check(End::Trapped("unreachable".into()), 0, "failed: trapped: unreachable");
        check(End::Over("its memory".into()), 0, "failed: over its limits: its memory");
        check(End::OutOfTime, 0, "failed: over its deadline (`limits.deadline`)");
        check(End::OutOfTimeWaiting, 2, "Retry +4s: over its deadline while an upstream kept it waiting");
        check(park(60), 0, "Retry +60s: GitHub is away");
        check(park(0), 3, "Retry +8s: GitHub is away");
        check(park(0), 12, "Retry +300s: GitHub is away");
        check(limit(3600), 0, "Resume +3600s: come back");
        check(limit(3600), 5000, "Resume +3600s: come back");
        check(limit(0), 9, "Resume +1s: come back");
        check(End::Again(Duration::from_secs(5)), 0, "Wake +5s: asked to be called again after 5s");
        check(End::Again(Duration::ZERO), 0, "Wake +1s: asked to be called again after 0ns");
        check_in(99, End::Again(Duration::ZERO), 0, "Wake +1s: asked to be called again after 0ns");
        check_in(100, End::Again(Duration::ZERO), 0, "failed: asked to be called again, and was 100 times before");
        check_in(100, End::Done("did".into()), 0, "done: did");
        check(End::Interrupted(Interrupt::Diverged("x".into())), 0, "dead: diverged: x");
        check(End::Interrupted(Interrupt::Exhausted("x".into())), 0, "failed: over its limits: x");
        check(End::Interrupted(Interrupt::Flooded("x".into())), 0, "failed: over its limits: x");
        check(
            End::Interrupted(Interrupt::Unknown("slack.post".into())),
            0,
            "unknown: whether `slack.post` took effect is unknown, and it is not made twice",
        );
    }

    #[test]
    fn a_plugin_is_at_fault_for_what_it_does_and_not_for_what_it_says_or_is_done_to_it() {
        let unknown = || End::Interrupted(Interrupt::Unknown("slack.post".into()));
        let exhausted = || End::Interrupted(Interrupt::Exhausted("over 2 host calls".into()));
        for (end, want) in [
            (End::Done("did".into()), "Sound"),
            (End::Ignored("no".into()), "Sound"),
            (End::Again(Duration::ZERO), "Sound"),
            (End::Failed("no".into()), "Sound"),
            (End::Trapped("unreachable".into()), "AtFault(\"trapped: unreachable\")"),
            (End::Over("its memory".into()), "AtFault(\"over its limits: its memory\")"),
            (exhausted(), "AtFault(\"over its limits: over 2 host calls\")"),
            (End::OutOfTime, "AtFault(\"over its deadline\")"),
            (End::OutOfTimeWaiting, "Unclear"),
            (park(1), "Unclear"),
            (limit(1), "Unclear"),
            (unknown(), "Unclear"),
            (End::Interrupted(Interrupt::Diverged("x".into())), "Unclear"),
            (End::Interrupted(Interrupt::Flooded("over 16 MiB".into())), "Unclear"),
        ] {
            assert_eq!(format!("{:?}", conduct(&end)), want);
        }
    }

    /// Each attempt waits for its back-off, and none for more than five minutes.
    #[test]
    fn an_outage_of_three_days_is_waited_out() {
        let (mut attempts, mut now) = (0, Timestamp::UNIX_EPOCH);
        let reason = loop {
            match verdict(park(0), (0, attempts), now).unwrap() {
                Verdict::Park(_, until, _) => (attempts, now) = (attempts + 1, until),
                Verdict::Finish(outcome, reason) => break format!("{outcome}: {reason}"),
            }
        };
        let hours = now.as_second() / 3600;
        assert!((71..=72).contains(&hours), "{hours} h, {attempts} attempts");
        assert!(reason.starts_with("dead: given up after") && reason.contains("three days"), "{reason}");
    }

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

    #[test]
    fn the_back_off_doubles_to_five_minutes() {
        let seconds: Vec<_> = [0, 1, 5, 8, 9, 40].map(|n| backoff(n).as_secs()).into();
        assert_eq!(seconds, [1, 2, 32, 256, 300, 300]);
    }
}
