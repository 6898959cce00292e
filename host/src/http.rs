//! `wasi:http` for plugins: requests of their own, to the hosts that `grants.http` names.
//!
//! What a plugin may rely on, and an operator too:
//! - nothing is sent outside `handle`, and nothing but to a granted host, by the granted scheme and port;
//! - no address of this machine or its network is connected to, whatever a name says, unless the grant is that address;
//! - a redirect is an answer: who follows it makes a request that is looked at anew;
//! - each request is journalled: a GET, HEAD or OPTIONS is a read, everything else is made at most once;
//! - secrets are put in by the host, for their host alone, and taken out of what comes back.

mod destination;
mod gate;
mod sender;

pub use destination::{Granted, NoHost};
pub(crate) use gate::{AT_A_TIME, Gate, Hooks};
pub use gate::{Injected, Reach};
