//! How forwarding goes, for metrics and `/status`.

use std::collections::BTreeMap;
use std::sync::Mutex;

use config::Loaded;
use jiff::Timestamp;
use prometheus::{IntCounterVec, Opts, Registry};
use serde_json::{Value, json};

/// Counted since the start, by the service's name.
pub struct Forwards {
    counter: IntCounterVec,
    last: Mutex<BTreeMap<String, Failure>>,
}

/// The newest failure, until an event gets through.
#[derive(Clone)]
struct Failure {
    at: Timestamp,
    why: String,
}

impl Forwards {
    /// Registers its metric.
    ///
    /// # Errors
    /// If the name is taken.
    pub fn new(registry: &Registry) -> prometheus::Result<Self> {
        let counter = IntCounterVec::new(
            Opts::new(
                "bowsprit_external_plugin_events_total",
                "Events for external plugins, by what came of sending them.",
            ),
            &["plugin", "outcome"],
        )?;
        registry.register(Box::new(counter.clone()))?;
        Ok(Forwards { counter, last: Mutex::default() })
    }

    pub(super) fn delivered(&self, plugin: &str) {
        self.counter.with_label_values(&[plugin, "delivered"]).inc();
        self.last.lock().expect("no one panics with it").remove(plugin);
    }

    pub(super) fn failed(&self, plugin: &str, why: &str) {
        self.counter.with_label_values(&[plugin, "failed"]).inc();
        let failure = Failure { at: Timestamp::now(), why: why.to_owned() };
        self.last.lock().expect("no one panics with it").insert(plugin.to_owned(), failure);
    }

    /// Every service that plugins.yaml names, for `/status`.
    pub(crate) fn shown(&self, loaded: &Loaded) -> BTreeMap<String, Value> {
        let last = self.last.lock().expect("no one panics with it").clone();
        let shown = loaded.plugins.all_external().map(|(scope, service)| {
            let fault = last.get(&service.name).map(|failure| format!("{}: {}", failure.at, failure.why));
            let about = json!({ "endpoint": service.endpoint.to_string(), "events": service.events, "fault": fault });
            (format!("{scope}: {}", service.name), about)
        });
        shown.collect()
    }
}
