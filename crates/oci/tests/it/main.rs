//! Components to and from registries: Debian's, and one of the tests' own that can misbehave.

#![expect(clippy::unwrap_used, reason = "the helpers of tests, too, may fail by panicking")]

mod cached;
mod cosign;
mod debian;
mod misbehaving;
mod real_registry;
mod signed;
mod stage;
mod tokens;
