//! What is wrong with the newest files: on `/status`, in the log and in a metric.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use super::CONFIG;
use crate::metrics::Metrics;

/// The faults, by plugin or [`CONFIG`].
pub(super) struct Faults {
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    texts: BTreeMap<String, String>,
    /// Whom the metric shows.
    shown: BTreeSet<String>,
}

impl Faults {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Faults { metrics, state: Mutex::default() }
    }

    pub(super) fn all(&self) -> BTreeMap<String, String> {
        self.state().texts.clone()
    }

    pub(super) fn of(&self, what: &str) -> Option<String> {
        self.state().texts.get(what).cloned()
    }

    /// All is well with it.
    pub(super) fn clear(&self, what: &str) {
        let mut state = self.state();
        state.texts.remove(what);
        state.shown.insert(what.to_owned());
        self.metrics.reload_failed.with_label_values(&[what]).set(0);
    }

    /// Said once, until it is another. `stands`: something older goes on in its place.
    pub(super) fn set(&self, what: &str, fault: String, stands: bool) {
        let mut state = self.state();
        if state.texts.get(what) == Some(&fault) {
            return;
        }
        let so = if stands { "not taken; what was in force stays" } else { "not loaded; nothing handles its events" };
        tracing::error!(what, fault, "{so}");
        state.texts.insert(what.to_owned(), fault);
        state.shown.insert(what.to_owned());
        self.metrics.reload_failed.with_label_values(&[what]).set(1);
    }

    /// What is not configured any more has no faults.
    pub(super) fn forget_all_but(&self, plugins: &BTreeSet<String>) {
        let stays = |name: &String| name == CONFIG || plugins.contains(name);
        let mut state = self.state();
        state.texts.retain(|name, _| stays(name));
        for gone in state.shown.extract_if(.., |name| !stays(name)) {
            // An error says that there is no such series, which is as well.
            let _ = self.metrics.reload_failed.remove_label_values(&[&gone]);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no one panics with it")
    }
}
