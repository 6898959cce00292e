//! Events for plugins that are services of their own (`external_plugins`): each POSTed as GitHub sent it. Behaviour: Prow
//! pkg/hook/events.go, `demuxExternal` and `dispatch`; but from the inbox, so that neither a kill of this host nor an outage
//! of theirs loses one. After a kill one may come twice, with the same `X-GitHub-Delivery`.

mod client;
mod count;
mod help;

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use prow::external::ExternalPlugin;
use serde_json::json;
use store::{
    Considered, Dispatch, NewTask, Outcome, Park, ParkKind, StoreError, StoredDelivery, Task, TaskEnd, TaskKind,
};

use self::client::{Client, Unsent};
pub use self::count::Forwards;
use crate::dispatch::Parts;
use crate::journal::Interrupt;
use crate::task::After;
use crate::verdict::{Verdict, verdict};

/// How often a service that cannot be reached is tried in one run.
const TRIES: u32 = 5;
/// The pause after the first try; each later one is twice as long.
const PAUSE: Duration = Duration::from_millis(100);
const AGENT: HeaderValue = HeaderValue::from_static("ProwHook");
/// What is about the connection that it came by and not about the event.
const OF_THE_CONNECTION: [HeaderName; 11] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
];

/// Forwards events.
pub struct Forwarder {
    client: Client,
    /// How that went.
    pub forwards: Forwards,
}

/// What became of one event for one service.
#[derive(Debug)]
enum Sent {
    Answered(StatusCode),
    /// It may have come; no answer tells.
    NoAnswer(String),
    /// It was tried so often, and came nowhere.
    Unreached(String),
}

impl Forwarder {
    /// Registers what it counts.
    ///
    /// # Errors
    /// If a name is taken.
    pub fn new(registry: &prometheus::Registry) -> prometheus::Result<Self> {
        Ok(Forwarder { client: Client::new(), forwards: Forwards::new(registry)? })
    }

    async fn send(&self, plugin: &ExternalPlugin, delivery: &StoredDelivery) -> (Sent, u32) {
        let headers = headers(delivery);
        let mut pause = PAUSE;
        for tried in 1.. {
            // The whole body each time: a request that broke off may have taken a part of it along.
            let why = match self.client.post(&plugin.endpoint, headers.clone(), delivery.payload().clone()).await {
                Ok(status) => return (Sent::Answered(status), tried),
                Err(Unsent::TooSlow(why)) => return (Sent::NoAnswer(why), tried),
                Err(Unsent::Broken(why)) => why,
            };
            if tried == TRIES {
                return (Sent::Unreached(why), tried);
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        unreachable!("the last try returns")
    }
}

/// Adds the services of a repository to what its delivery is dispatched to.
pub(crate) fn plan(dispatch: &mut Dispatch, event: &str, repo: &str, services: &[&ExternalPlugin]) {
    for service in services {
        let (plugin, runs) = (service.name.clone(), service.wants(event));
        let why = match runs {
            true => format!("is an external plugin of {repo} and gets this event"),
            false => format!("is an external plugin that gets no `{event}` events"),
        };
        dispatch.considered.push(Considered { plugin: plugin.clone(), runs, why });
        if runs {
            let lane = format!("external {plugin} {repo} {}", dispatch.key.as_deref().unwrap_or("-"));
            dispatch.tasks.push(NewTask { plugin, kind: TaskKind::Forward, lane, component_digest: String::new() });
        }
    }
}

/// Runs a task once: forwards its event to where plugins.yaml has the service by now, and writes down what came of it.
///
/// # Errors
/// If the inbox cannot be written; the task is then as it was.
pub(crate) async fn run(parts: &Parts, task: &Task, delivery: &StoredDelivery) -> Result<After, StoreError> {
    let set = parts.registry.current();
    let named = delivery.scope().repo().and_then(|name| name.split_once('/'));
    let services = named.map(|(org, repo)| set.loaded.plugins.external(org, repo)).unwrap_or_default();
    let Some(service) = services.into_iter().find(|service| service.name == task.plugin) else {
        let why = "plugins.yaml has no such external plugin for this repository any more".to_owned();
        return finish(parts, task, Outcome::Ignored, why, serde_json::Value::Null, Duration::ZERO).await;
    };
    if parts.clients.dry_run {
        // Prow's hook forwards in a dry run as well. Whoever tries this host beside another has that one forward already.
        let why = format!("dry run: not sent to {}", service.endpoint);
        return finish(parts, task, Outcome::Ignored, why, serde_json::Value::Null, Duration::ZERO).await;
    }
    let started = Instant::now();
    let (sent, tries) = parts.inbox.while_held(parts.forwarder.send(service, delivery)).await?;
    let duration = started.elapsed();
    let status = match &sent {
        Sent::Answered(status) => Some(status.as_u16()),
        Sent::NoAnswer(_) | Sent::Unreached(_) => None,
    };
    let trace = json!({ "endpoint": service.endpoint.to_string(), "tries": tries, "status": status });
    let forwards = &parts.forwarder.forwards;
    match sent {
        Sent::Answered(status) if status.is_success() => {
            forwards.delivered(&service.name);
            finish(parts, task, Outcome::Done, format!("answered {status}"), trace, duration).await
        }
        Sent::Answered(status) => {
            let why = match status.is_redirection() {
                true => format!(
                    "it answered {status}, which is not followed: write the address that it names into plugins.yaml"
                ),
                false => format!("it answered {status}, and an answer is never asked for again; see its log"),
            };
            forwards.failed(&service.name, &why);
            finish(parts, task, Outcome::Failed, why, trace, duration).await
        }
        Sent::NoAnswer(why) => {
            forwards.failed(&service.name, &why);
            finish(parts, task, Outcome::Failed, why, trace, duration).await
        }
        Sent::Unreached(why) => {
            let why = format!("{} cannot be reached: {why}", service.endpoint);
            forwards.failed(&service.name, &why);
            let now = Timestamp::now();
            let away = Interrupt::Park { until: now, why, kind: ParkKind::Retry };
            match verdict(crate::guest::End::Interrupted(away), (task.woken, task.attempts), now)? {
                Verdict::Finish(outcome, why) => finish(parts, task, outcome, why, trace, duration).await,
                Verdict::Park(kind, until, why) => {
                    tracing::warn!(delivery = %task.guid, plugin = %task.plugin, %until, why, "not forwarded yet");
                    let park = Park { round: task.round, pins: None, reads: Vec::new(), until, why, kind };
                    parts.inbox.park(task.id, park).await?;
                    Ok(After::Again(until))
                }
            }
        }
    }
}

async fn finish(
    parts: &Parts,
    task: &Task,
    outcome: Outcome,
    reason: String,
    trace: serde_json::Value,
    duration: Duration,
) -> Result<After, StoreError> {
    let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    match outcome {
        Outcome::Done | Outcome::Ignored => {
            tracing::info!(delivery = %task.guid, plugin = %task.plugin, %outcome, reason, ms, "forwarded");
        }
        Outcome::Failed | Outcome::Dead | Outcome::Unknown => {
            tracing::error!(delivery = %task.guid, plugin = %task.plugin, %outcome, reason, ms, "not forwarded");
        }
    }
    let end = TaskEnd { round: task.round, outcome, reason: Some(reason), reads: Vec::new(), trace, duration };
    parts.inbox.finish(task.id, end).await?;
    Ok(After::Ended)
}

/// The headers that a delivery is kept with, as lines. What is about the connection stays behind, and so does what has
/// another meaning on another connection because `Connection` names it.
pub(crate) fn kept(headers: &HeaderMap) -> Vec<u8> {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    let mut lines = Vec::new();
    for (name, value) in headers {
        if OF_THE_CONNECTION.contains(name)
            || name.as_str() == "keep-alive"
            || named.contains(&name.as_str().to_owned())
        {
            continue;
        }
        lines.extend_from_slice(name.as_str().as_bytes());
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(value.as_bytes());
        lines.push(b'\n');
    }
    lines
}

/// The headers of the forwarded request.
fn headers(delivery: &StoredDelivery) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in delivery.headers().split(|byte| *byte == b'\n') {
        let Some(at) = line.windows(2).position(|pair| pair == b": ") else { continue };
        let (name, value) = (HeaderName::from_bytes(&line[..at]), HeaderValue::from_bytes(&line[at + 2..]));
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    // A delivery that an older release took has no others.
    for (name, value) in [("x-github-event", delivery.event()), ("x-github-delivery", delivery.guid())] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.entry(name).or_insert(value);
        }
    }
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, AGENT);
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_kept_but_for_those_of_the_connection() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-github-event", "push"),
            ("x-hub-signature-256", "sha256=00"),
            ("x-trace", "a"),
            ("x-trace", "b: c"),
            ("host", "hook.example.com"),
            ("content-length", "5"),
            ("connection", "keep-alive, X-Hop"),
            ("keep-alive", "timeout=5"),
            ("x-hop", "1"),
            ("user-agent", "GitHub-Hookshot/1"),
        ] {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let kept = String::from_utf8(kept(&headers)).unwrap();
        let mut lines: Vec<_> = kept.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["x-github-event: push", "x-hub-signature-256: sha256=00", "x-trace: a", "x-trace: b: c"]);
    }

    #[test]
    fn services_are_considered_and_asked_for_what_they_want() {
        let service = |name: &str, events: &[&str]| ExternalPlugin {
            name: name.to_owned(),
            endpoint: format!("http://{name}").parse().unwrap(),
            events: events.iter().map(ToString::to_string).collect(),
        };
        let (all, push) = (service("all", &[]), service("push-only", &["push"]));
        let mut dispatch = Dispatch { key: Some("#7".to_owned()), ..Dispatch::default() };
        plan(&mut dispatch, "issues", "o/r", &[&all, &push]);
        let considered: Vec<_> = dispatch.considered.iter().map(|one| (one.plugin.as_str(), one.runs)).collect();
        assert_eq!(considered, [("all", true), ("push-only", false)]);
        let [task] = &dispatch.tasks[..] else { panic!("{:?}", dispatch.tasks) };
        assert_eq!((task.kind, task.lane.as_str()), (TaskKind::Forward, "external all o/r #7"));
    }
}
