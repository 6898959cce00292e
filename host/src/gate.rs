//! Where calls of plugins wait that are held back: the quarantine's decision, applied to each plugin. What waits holds neither
//! a slot nor a guest; its task stays as it is, in the inbox.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::metrics::Metrics;
use crate::quarantine::{Answer, Begin, Conduct, Patience, Standing};

/// What one plugin is made of: component, terms and settings. Another of these is another plugin, whatever the name.
pub type Identity = Arc<str>;

/// How long is remembered how a plugin stood that was replaced: until its last events are through.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// The standing of every plugin that has failed.
pub struct Gate {
    patience: Patience,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
    /// Told whenever a call might begin that could not before.
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// Plugins in force.
    in_force: BTreeMap<String, Identity>,
    /// Those of which something is known.
    records: HashMap<Key, Record>,
}

struct Record {
    standing: Standing,
    /// How its last failure came about.
    reason: String,
    /// When it was held back first, if it is suspect.
    since: Timestamp,
}

/// A plugin's name, and what it is made of.
type Key = (String, Identity);

/// A call that may not begin yet.
#[derive(Clone, Debug)]
pub struct Held {
    key: Key,
    /// What was in force under its name when it was held.
    in_force: Option<Identity>,
}

/// A call that is under way. Dropped without an end, it says nothing of its plugin.
pub struct Pass<'a> {
    gate: &'a Gate,
    key: Key,
    begun: Begin,
    has_ended: bool,
}

/// What `/status` shows of a plugin that is suspect.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Quarantine {
    /// `held`: no call begins; `tried`: one at a time.
    pub state: &'static str,
    /// Since when it has been suspect.
    pub since: Timestamp,
    /// When it is tried next, while it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// How its last failure came about.
    pub reason: String,
}

impl Gate {
    /// Everyone in good standing.
    pub fn new(patience: Patience, metrics: Arc<Metrics>) -> Self {
        Gate { patience, metrics, state: Mutex::default(), changed: Notify::new() }
    }

    /// These plugins are in force now. What was replaced is back at once, and so are the events that wait for it.
    pub fn in_force(&self, identities: BTreeMap<String, Identity>) {
        let mut state = self.state();
        let before = std::mem::replace(&mut state.in_force, identities);
        let replaced: Vec<_> = before
            .iter()
            .filter(|(name, identity)| state.in_force.get(*name) != Some(identity))
            .map(|(name, identity)| (name.clone(), identity.clone()))
            .collect();
        for (name, old) in replaced {
            if let Some(new) = state.in_force.get(&name).cloned() {
                state.records.remove(&(name.clone(), new));
            }
            if state.records.get(&(name.clone(), old)).is_some_and(|record| record.standing.is_suspect()) {
                tracing::info!(plugin = name, "was replaced: no longer in quarantine");
            }
            self.show(&state, &name);
        }
        let forgotten = Timestamp::now().checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN);
        let State { in_force, records } = &mut *state;
        records.retain(|(name, identity), record| in_force.get(name) == Some(identity) || record.since > forgotten);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Begins a call.
    ///
    /// # Errors
    /// If the plugin is held back, or is tried by another call: then [`Gate::wait`].
    pub fn begin(&self, plugin: &str, identity: &Identity) -> Result<Pass<'_>, Held> {
        let key = (plugin.to_owned(), identity.clone());
        let mut state = self.state();
        let asked = state.records.get_mut(&key).map(|record| record.standing.ask(Timestamp::now()));
        match asked.unwrap_or(Answer::Go(Begin::Ordinary)) {
            Answer::Go(begun) => Ok(Pass { gate: self, key, begun, has_ended: false }),
            Answer::Wait(_) => Err(Held { in_force: state.in_force.get(plugin).cloned(), key }),
        }
    }

    /// Waits until the call might begin, or another plugin of that name is in force.
    pub async fn wait(&self, call: &Held) {
        let mut changed = std::pin::pin!(self.changed.notified());
        loop {
            // Before the state is looked at, so that no change is missed in between.
            changed.as_mut().enable();
            let until = {
                let state = self.state();
                if state.in_force.get(&call.key.0) != call.in_force.as_ref() {
                    return;
                }
                match state.records.get(&call.key).map(|record| record.standing.clone()) {
                    None | Some(Standing::Good { .. } | Standing::Tried { under_way: false, .. }) => return,
                    Some(Standing::Tried { under_way: true, .. }) => None,
                    Some(Standing::Held { until, .. }) => Some(until),
                }
            };
            match until {
                None => changed.as_mut().await,
                Some(until) => {
                    tokio::select! {
                        () = crate::clock::wait_until(until) => return,
                        () = changed.as_mut() => {}
                    }
                }
            }
            changed.set(self.changed.notified());
        }
    }

    /// Whether the plugin is held back or tried.
    pub fn is_suspect(&self, plugin: &str, identity: &Identity) -> bool {
        let state = self.state();
        state.records.get(&(plugin.to_owned(), identity.clone())).is_some_and(|record| record.standing.is_suspect())
    }

    /// How the plugin of this name that is in force stands, if it is suspect.
    pub fn quarantine(&self, plugin: &str) -> Option<Quarantine> {
        quarantine(&self.state(), plugin)
    }

    fn ended(&self, key: &Key, begun: Begin, conduct: &Conduct) {
        let now = Timestamp::now();
        let mut state = self.state();
        let record = match (state.records.contains_key(key), conduct) {
            (true, _) | (false, Conduct::AtFault(_)) => state.records.entry(key.clone()).or_insert(Record {
                standing: Standing::FRESH,
                reason: String::new(),
                since: now,
            }),
            (false, Conduct::Sound | Conduct::Unclear) => return,
        };
        let before = record.standing.clone();
        record.standing.ended(begun, conduct, now, &self.patience);
        if let Conduct::AtFault(reason) = conduct {
            record.reason.clone_from(reason);
        }
        match &record.standing {
            Standing::Held { until, .. } => {
                if before == record.standing {
                    return;
                }
                if !before.is_suspect() {
                    record.since = now;
                }
                tracing::error!(plugin = key.0, %until, reason = record.reason, "keeps failing: in quarantine");
                self.metrics.quarantines.with_label_values(&[key.0.as_str()]).inc();
            }
            Standing::Good { .. } if before.is_suspect() => {
                tracing::info!(plugin = key.0, "does well again: no longer in quarantine");
            }
            Standing::Good { .. } | Standing::Tried { .. } => {}
        }
        if record.standing == Standing::FRESH {
            state.records.remove(key);
        }
        self.show(&state, &key.0);
        drop(state);
        self.changed.notify_waiters();
    }

    fn show(&self, state: &State, plugin: &str) {
        let gauge = &self.metrics.quarantined;
        match quarantine(state, plugin) {
            Some(_) => gauge.with_label_values(&[plugin]).set(1),
            None if state.in_force.contains_key(plugin) => gauge.with_label_values(&[plugin]).set(0),
            // An error says that there is no such series, which is as well.
            None => drop(gauge.remove_label_values(&[plugin])),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no one panics with it")
    }
}

fn quarantine(state: &State, plugin: &str) -> Option<Quarantine> {
    let identity = state.in_force.get(plugin)?;
    let record = state.records.get(&(plugin.to_owned(), identity.clone()))?;
    let (name, until) = match record.standing {
        Standing::Good { .. } => return None,
        Standing::Held { until, .. } => ("held", Some(until)),
        Standing::Tried { .. } => ("tried", None),
    };
    Some(Quarantine { state: name, since: record.since, until, reason: record.reason.clone() })
}

impl Pass<'_> {
    /// The call has ended, and this is what it says of its plugin.
    pub fn end(mut self, conduct: &Conduct) {
        self.has_ended = true;
        self.gate.ended(&self.key, self.begun, conduct);
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.gate.ended(&self.key, self.begun, &Conduct::Unclear);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn gate(first: Duration) -> Gate {
        let metrics = Arc::new(Metrics::new(&prometheus::Registry::new()).unwrap());
        let gate = Gate::new(Patience { failures: 2, first, longest: first, recovery: 2 }, metrics);
        gate.in_force(one("old"));
        gate
    }

    fn one(identity: &str) -> BTreeMap<String, Identity> {
        [("p".to_owned(), identity.into())].into()
    }

    fn fails(gate: &Gate, times: u32) {
        for _ in 0..times {
            gate.begin("p", &"old".into()).unwrap().end(&Conduct::AtFault("trapped".into()));
        }
    }

    fn held(gate: &Gate, identity: &str) -> Held {
        gate.begin("p", &identity.into()).err().expect("it is held back")
    }

    #[tokio::test]
    async fn what_waits_goes_on_when_the_time_has_come_one_call_at_a_time() {
        let gate = gate(Duration::from_millis(30));
        fails(&gate, 2);
        let shown = gate.quarantine("p").unwrap();
        assert_eq!((shown.state, shown.reason.as_str()), ("held", "trapped"));
        assert_eq!(gate.metrics.quarantined.with_label_values(&["p"]).get(), 1);
        gate.wait(&held(&gate, "old")).await;
        let trial = gate.begin("p", &"old".into()).unwrap();
        assert_eq!(gate.quarantine("p").unwrap().state, "tried");
        let other = held(&gate, "old");
        assert_eq!(gate.wait(&other).now_or_never(), None, "another is tried");
        let waits = gate.wait(&other);
        trial.end(&Conduct::Sound);
        waits.await;
        // One that is lost on its way is neither good nor bad, and does not shut the gate.
        drop(gate.begin("p", &"old".into()).unwrap());
        gate.begin("p", &"old".into()).unwrap().end(&Conduct::Sound);
        assert_eq!(gate.quarantine("p"), None);
        assert_eq!(gate.metrics.quarantined.with_label_values(&["p"]).get(), 0);
        assert_eq!(gate.metrics.quarantines.with_label_values(&["p"]).get(), 1);
        let many: Vec<_> = (0..9).map(|_| gate.begin("p", &"old".into())).collect();
        assert!(many.iter().all(Result::is_ok));
    }

    #[tokio::test]
    async fn a_plugin_that_is_replaced_is_back_at_once_and_what_has_begun_with_the_old_one_waits_on() {
        let gate = gate(Duration::from_secs(3600));
        fails(&gate, 2);
        let waits = held(&gate, "old");
        assert_eq!(gate.wait(&waits).now_or_never(), None);
        gate.in_force(one("old"));
        assert_eq!(gate.wait(&waits).now_or_never(), None, "nothing has changed");
        let (waited, ()) = tokio::join!(gate.wait(&waits), async { gate.in_force(one("new")) });
        let () = waited;
        assert!(gate.is_suspect("p", &"old".into()) && !gate.is_suspect("p", &"new".into()));
        assert_eq!(gate.quarantine("p"), None);
        gate.begin("p", &"new".into()).unwrap().end(&Conduct::Sound);
        assert_eq!(gate.wait(&held(&gate, "old")).now_or_never(), None, "for its own time");
        // Whoever puts the old one back in force asks for another try.
        gate.in_force(one("old"));
        assert!(gate.begin("p", &"old".into()).is_ok());
    }

    #[test]
    fn another_plugin_is_not_held_back_and_a_call_that_began_before_has_no_say() {
        let gate = gate(Duration::from_secs(3600));
        let earlier = gate.begin("p", &"old".into()).unwrap();
        fails(&gate, 2);
        earlier.end(&Conduct::Sound);
        assert!(gate.is_suspect("p", &"old".into()));
        assert!(gate.begin("q", &"old".into()).is_ok());
    }
}
