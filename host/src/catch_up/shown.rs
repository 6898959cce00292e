//! What `/status` and the metrics say of catching up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use github::HookLog;
use jiff::Timestamp;
use prometheus::{IntCounter, IntGauge, IntGaugeVec, Opts, Registry};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Inbox, MissedCounts, StoreError};

use super::decide::MOST_ASKED;
use super::gap::Gap;
use super::sources::Sources;

/// How many deliveries that were given up are named.
const NAMED: usize = 20;
/// What to do where it is not known which webhooks are this host's.
pub(super) const OFF: &str = "it is not known which webhooks are this host's, so nothing is asked for again: give --webhook-url=URL, as it stands in \
     the webhook's settings on GitHub";

/// What is shown. Cheap to clone.
#[derive(Clone)]
pub struct Shown(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    unreadable: IntGauge,
    asked: IntCounter,
    missed: IntGaugeVec,
}

#[derive(Clone, Default, Serialize)]
struct State {
    /// Why nothing is done.
    off: Option<String>,
    dry_run: bool,
    webhook_urls: Vec<String>,
    /// Whether another host of the inbox catches up, so that it is shown there.
    elsewhere: bool,
    /// When the last round ended.
    looked_at: Option<Timestamp>,
    /// Whose webhooks were looked at.
    sources: BTreeMap<String, Source>,
    #[serde(skip)]
    gap: Option<Gap>,
}

#[derive(Clone, Default, Serialize)]
struct Source {
    /// The logs of the webhooks that post to this host.
    logs: BTreeMap<String, Log>,
    /// How many webhooks post elsewhere.
    others: usize,
    /// Why the webhooks cannot be seen.
    fault: Option<String>,
}

#[derive(Clone, Default, Serialize)]
struct Log {
    /// The newest entry of the last reading that came to its end.
    read_to: Option<Timestamp>,
    /// Why it cannot be read, or nothing of it be asked for.
    fault: Option<String>,
}

impl Source {
    fn has_fault(&self) -> bool {
        self.fault.is_some() || self.logs.values().any(|log| log.fault.is_some())
    }
}

impl Shown {
    /// Registers the metrics.
    ///
    /// # Errors
    /// If one of their names is taken.
    pub fn new(webhook_urls: &[String], dry_run: bool, registry: &Registry) -> prometheus::Result<Self> {
        let unreadable = IntGauge::new(
            "bowsprit_catch_up_unreadable_sources",
            "Whose webhooks' logs GitHub does not let the host read.",
        )?;
        let asked = IntCounter::new(
            "bowsprit_redeliveries_asked",
            "How often GitHub was asked to deliver again what nobody had taken.",
        )?;
        let missed = IntGaugeVec::new(
            Opts::new("bowsprit_deliveries_missed", "Deliveries of the last days that nobody took at first, by state."),
            &["state"],
        )?;
        registry.register(Box::new(unreadable.clone()))?;
        registry.register(Box::new(asked.clone()))?;
        registry.register(Box::new(missed.clone()))?;
        let off = webhook_urls.is_empty().then(|| OFF.to_owned());
        let state = State { off, dry_run, webhook_urls: webhook_urls.to_vec(), ..State::default() };
        Ok(Self(Arc::new(Inner { state: Mutex::new(state), unreadable, asked, missed })))
    }

    /// As `/status` has it.
    ///
    /// # Errors
    /// If the inbox cannot be read.
    pub async fn page(&self, inbox: &Inbox) -> Result<Value, StoreError> {
        let now = Timestamp::now();
        let state = self.lock().clone();
        let counts = |between| inbox.missed_counts(between, now, MOST_ASKED);
        let mut page = json!(state);
        page["missed"] = json!(counts((Timestamp::MIN, Timestamp::MAX)).await?);
        page["given_up"] = json!(inbox.missed_given_up(now, MOST_ASKED, NAMED).await?);
        page["gap"] = match state.gap {
            None => Value::Null,
            Some(gap) => {
                let mut shown = json!(gap);
                shown["deliveries"] = json!(counts((gap.from, gap.to)).await?);
                shown
            }
        };
        Ok(page)
    }

    /// Whether another host does it for now: what this one saw is old then.
    pub(super) fn set_elsewhere(&self, elsewhere: bool) {
        let mut state = self.lock();
        state.elsewhere = elsewhere;
        if elsewhere {
            state.sources.clear();
            self.0.unreadable.set(0);
            self.0.missed.reset();
        }
    }

    pub(super) fn set_gap(&self, gap: Option<Gap>) {
        self.lock().gap = gap;
    }

    /// The webhooks were looked at. Gives what cannot be seen now and could before, or was not tried.
    pub(super) fn set_sources(&self, sources: &Sources) -> Vec<(String, String)> {
        let mut state = self.lock();
        let mut before = std::mem::take(&mut state.sources);
        let mut new = Vec::new();
        for (owner, source) in sources.all() {
            let name = owner.to_string();
            let mut old = before.remove(&name).unwrap_or_default();
            let log = |log: &HookLog| (log.to_string(), old.logs.remove(&log.to_string()).unwrap_or_default());
            let logs = source.logs.iter().map(log).collect();
            let fault = source.fault.clone();
            new.extend(
                fault.clone().filter(|fault| old.fault.as_ref() != Some(fault)).map(|fault| (name.clone(), fault)),
            );
            state.sources.insert(name, Source { logs, others: source.others, fault });
        }
        new
    }

    /// A round is over for a log. True if something is wrong with it that was not so before.
    pub(super) fn set_log(&self, log: &HookLog, read_to: Option<Timestamp>, fault: Option<String>) -> bool {
        let mut state = self.lock();
        let Some(source) = state.sources.get_mut(&log.owner().to_string()) else { return false };
        let shown = Log { read_to, fault };
        let new = shown.fault.is_some();
        match source.logs.insert(log.to_string(), shown.clone()) {
            Some(before) => new && before.fault != shown.fault,
            None => new,
        }
    }

    pub(super) fn asked(&self) {
        self.0.asked.inc();
    }

    /// A round is over; so much was missed all in all.
    pub(super) fn ended(&self, counts: MissedCounts) {
        let mut state = self.lock();
        state.looked_at = Some(Timestamp::now());
        let faults = state.sources.values().filter(|source| source.has_fault()).count();
        drop(state);
        self.0.unreadable.set(i64::try_from(faults).unwrap_or(i64::MAX));
        let waiting = counts.missed.saturating_sub(counts.came + counts.given_up);
        for (state, count) in [("waiting", waiting), ("came", counts.came), ("given_up", counts.given_up)] {
            self.0.missed.with_label_values(&[state]).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().expect("nothing panics while it holds what is shown")
    }
}
