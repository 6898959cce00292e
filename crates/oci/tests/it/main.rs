//! Components to and from registries: Debian's, and one of the tests' own that can misbehave.

mod cached;
mod debian;
mod misbehaving;
mod real_registry;
mod signed;
mod stage;
mod tokens;
