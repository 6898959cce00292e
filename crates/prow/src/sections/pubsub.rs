//! `pubsub_triggers`, and `pubsub_subscriptions`, their older form: messages that start jobs.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::problem::{KeyPath, Problems};

/// One of `pubsub_triggers`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PubsubTrigger {
    /// The cloud project.
    pub project: String,
    /// Its subscriptions.
    pub topics: Vec<String>,
    /// Build clusters that jobs may be started on; `*` for any.
    pub allowed_clusters: Vec<String>,
    /// How many messages are worked on at once; 10 unless said otherwise.
    pub max_outstanding_messages: i64,
}

/// Both forms in one, with defaults.
///
/// Behaviour: Prow pkg/config, `loadConfig`.
pub(super) fn check(
    subscriptions: Option<BTreeMap<String, Vec<String>>>,
    triggers: Option<Vec<PubsubTrigger>>,
    file: &str,
    problems: &mut Problems,
) -> Vec<PubsubTrigger> {
    if subscriptions.is_some() && triggers.is_some() {
        let why = "`pubsub_subscriptions` and `pubsub_triggers` exclude each other: keep the latter";
        problems.add(file, KeyPath::root().key("pubsub_subscriptions"), why);
    }
    let of_project = |(project, topics)| PubsubTrigger {
        project,
        topics,
        allowed_clusters: vec!["*".to_owned()],
        max_outstanding_messages: 0,
    };
    let mut all = triggers.unwrap_or_default();
    all.extend(subscriptions.unwrap_or_default().into_iter().map(of_project));
    for trigger in all.iter_mut().filter(|trigger| trigger.max_outstanding_messages == 0) {
        trigger.max_outstanding_messages = 10;
    }
    all
}
