//! A component, as WebAssembly or as its text, is loaded and asked what it is. Whatever it is, the host goes on.

use std::sync::OnceLock;
use std::time::Duration;

use host::agent::Grants;
use host::compile;
use host::engine::Guests;
use host::limits::Limits;
use host::plugin::Plugin;

static GUESTS: OnceLock<Guests> = OnceLock::new();

/// One input.
pub(crate) fn run(data: &[u8]) {
    let guests = GUESTS.get_or_init(|| Guests::start().expect("there is address space for a few instances"));
    let Ok(bytes) = wat::parse_bytes(data) else { return };
    // Compiled in this process: its compiler is what is tried.
    let Ok(component) = compile::here(&guests.engine, &bytes) else { return };
    let limits = Limits { deadline: Duration::from_millis(50), ..Limits::default() };
    let (engine, digest) = (&guests.engine, compile::digest(&bytes));
    let load = Plugin::load(engine, "fuzzed", digest, &component, Grants::default(), limits);
    match guests.handle().block_on(load) {
        Ok(plugin) => assert_eq!(plugin.description.name, "fuzzed"),
        Err(error) => assert!(error.to_string().contains("`fuzzed`"), "{error}"),
    }
}
