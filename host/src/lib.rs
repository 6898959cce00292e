//! Webhook in, event, dispatch, sandbox, journal, the client-agent.

pub mod agent;
pub mod budget;
mod calls;
pub mod capability;
pub mod catalogue;
mod clients;
pub mod compile;
mod consider;
pub mod contract;
mod convert;
pub mod delivery;
pub mod dispatch;
pub mod engine;
mod envelope;
pub mod flags;
mod forget;
pub mod forward;
pub mod gate;
pub mod guest;
pub mod hmac;
pub mod hook;
pub mod http;
pub mod inspect;
pub mod journal;
pub mod kept;
mod lane;
pub mod limits;
pub mod loader;
pub mod log_book;
mod memory;
pub mod metrics;
pub mod origins;
pub mod parsed;
mod passed_over;
pub mod plan;
pub mod plugin;
pub mod plugin_help;
pub mod quarantine;
pub mod registry;
pub mod replay;
pub mod retry;
pub mod routes;
pub mod run;
mod same;
pub mod scan;
mod slots;
pub mod source;
pub mod task;
mod trap;
mod verdict;
pub mod waited;
mod wasi;

#[cfg(test)]
mod grants_tests;
#[cfg(test)]
mod test_data;
