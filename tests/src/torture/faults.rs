//! Requests that GitHub does not answer as it should: drawn, and set.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
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

/// What plugins have asked of GitHub: how many requests, and how many of each fault were played on them. Kills are none.
///
/// # Errors
/// If the stand-in does not answer.
pub async fn played(sim: &Sim) -> anyhow::Result<(u64, BTreeMap<String, usize>)> {
    let (mut requests, mut faults) = (0, BTreeMap::new());
    for request in sim.requests(0).await? {
        if !request.user_agent.contains(PLUGINS) {
            continue;
        }
        requests += 1;
        if let Some(fault) = request.fault.filter(|fault| !fault.starts_with("kill")) {
            *faults.entry(fault).or_default() += 1;
        }
    }
    Ok((requests, faults))
}
