//! Requests that GitHub does not answer as it should: drawn, and set.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use serde_json::Value;
use sim::client::Sim;
use sim::fault::{FaultKind, FaultSpec, Match};

use super::lives::PLUGINS;

/// As often as each is to come: a limit is for all requests of the account, and stops everyone for seconds.
const KINDS: [FaultKind; 20] = [
    FaultKind::InternalError,
    FaultKind::InternalError,
    FaultKind::InternalError,
    FaultKind::InternalError,
    FaultKind::BadGateway,
    FaultKind::BadGateway,
    FaultKind::BadGateway,
    FaultKind::Reset,
    FaultKind::Reset,
    FaultKind::Reset,
    FaultKind::Reset,
    FaultKind::ResetAfter,
    FaultKind::ResetAfter,
    FaultKind::ResetAfter,
    FaultKind::ResetAfter,
    FaultKind::DelayMs(400),
    FaultKind::DelayMs(1500),
    FaultKind::TooManyRequests,
    FaultKind::SecondaryLimit,
    FaultKind::PrimaryLimit,
];

/// Which fault is played on which request of a plugin, counted from 1. None is on the last tenth of them: a run may come to
/// a few less.
#[must_use]
pub fn draw(random: &mut StdRng, count: usize, requests: u64) -> Vec<(u64, FaultKind)> {
    let mut faults: Vec<_> = (0..count)
        .map(|_| {
            (random.random_range(1..=(requests * 9 / 10).max(1)), KINDS.choose(random).expect("there are some").clone())
        })
        .collect();
    faults.sort_by_key(|(nth, _)| *nth);
    faults
}

/// Sets them.
///
/// # Errors
/// If the stand-in does not take one.
pub async fn set(sim: &Sim, faults: &[(u64, FaultKind)]) -> anyhow::Result<()> {
    for (nth, fault) in faults {
        let matches = Match { user_agent: Some(PLUGINS.to_owned()), nth: Some(*nth), ..Match::default() };
        sim.fault(&FaultSpec { matches, times: 1, fault: fault.clone() }).await?;
    }
    Ok(())
}

/// How many of each of these were played. The log of requests does not tell: what a kill cuts off is not in it.
///
/// # Errors
/// If the stand-in does not answer.
pub async fn played(sim: &Sim, planned: &[(u64, FaultKind)]) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    let left = sim.faults().await?;
    for (nth, fault) in planned {
        let is_left = left.iter().any(|left| left.spec.fault == *fault && left.spec.matches.nth == Some(*nth));
        if !is_left {
            *counts.entry(name(fault)).or_default() += 1;
        }
    }
    Ok(counts)
}

/// How many requests plugins have made.
///
/// # Errors
/// If the stand-in does not answer.
pub async fn requests(sim: &Sim) -> anyhow::Result<u64> {
    let all = sim.requests(0).await?;
    Ok(all.iter().filter(|request| request.user_agent.contains(PLUGINS)).count() as u64)
}

/// As it is set.
fn name(fault: &FaultKind) -> String {
    match serde_json::to_value(fault) {
        Ok(Value::String(name)) => name,
        Ok(other) => other.to_string(),
        Err(error) => unreachable!("a fault is plain data: {error}"),
    }
}
