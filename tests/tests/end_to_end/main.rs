//! End to end: whole systems of real processes, observed from outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod again;
mod authors;
mod catch_up;
mod conversation;
mod external;
mod face;
mod faults;
mod fences;
mod grants;
mod hosts;
mod http;
mod in_repo;
mod keys;
mod kills;
mod kubernetes;
mod languages;
mod large;
mod operation;
mod order;
mod parked;
mod payloads;
mod pinned;
mod registries;
mod reload;
mod replay;
mod same;
mod shutdown;
mod signing;
mod swaps;
mod upgrades;
