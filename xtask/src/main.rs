//! Chores: setup, plugins, test, demo.
fn main() {}
