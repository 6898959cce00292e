//! `cargo +nightly fuzz run component`: see src/component.rs.
#![no_main]

#[path = "../src/component.rs"]
mod component;

libfuzzer_sys::fuzz_target!(|data: &[u8]| component::run(data));
