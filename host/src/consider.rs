//! What a delivery is dispatched to, and why not to others, on one snapshot of configuration and plugins.

use prow::event::Event;
use store::{Dispatch, StoredDelivery};

use crate::dispatch::Parts;
use crate::forward;
use crate::parsed::Parsed;
use crate::passed_over::passed_over;
use crate::plan::{self, Candidate};
use crate::registry::Set;

/// Every plugin that is there or should be, and every external plugin of the repository.
pub(crate) fn consider(parts: &Parts, set: &Set, parsed: &Parsed) -> Dispatch {
    let Parsed { delivery, event } = parsed;
    let plugins = &set.loaded.plugins;
    let named = delivery.scope().repo().and_then(|full_name| Some((full_name, full_name.split_once('/')?)));
    let Some((full_name, (org, repo))) = named else { return planned(parts, set, delivery, event, &[]) };
    let enabled = plugins.effective(org, repo);
    let mut dispatch = planned(parts, set, delivery, event, &enabled);
    forward::plan(&mut dispatch, delivery.event(), full_name, &plugins.external(org, repo));
    let loaded = set.plugins.keys().map(String::as_str);
    dispatch.considered.extend(passed_over(plugins, (org, repo), loaded, &enabled));
    dispatch
}

fn planned(parts: &Parts, set: &Set, delivery: &StoredDelivery, event: &Event, enabled: &[&str]) -> Dispatch {
    let candidate = |name: &str| match set.plugins.get(name) {
        Some(plugin) => Candidate::Ready {
            wants: &plugin.description.events,
            digest: &plugin.digest,
            held: parts.gate.quarantine(name).map(|quarantine| quarantine.reason),
        },
        None if parts.registry.is_coming(name) => Candidate::Coming,
        None => {
            let why = parts.registry.absence(set, name);
            // Nobody hands it the event later: whoever looks into the log has to see that.
            tracing::warn!(delivery = delivery.guid(), plugin = name, why, "an event passes a plugin by");
            Candidate::Absent(why)
        }
    };
    plan::plan(delivery.guid(), delivery.scope(), event, &set.loaded.revision, enabled, candidate)
}
