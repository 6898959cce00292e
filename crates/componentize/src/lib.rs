//! Makes a component of a core WebAssembly module.
