//! The store, from outside. The suites take the type they test, so that another implementation can run them too.

mod durability;
mod inbox;
mod journal;
mod prowjobs;
mod speed;
