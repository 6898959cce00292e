//! What a component asks for and offers, by the names of its type.

use anyhow::{Context as _, bail};
use wit_component::DecodedWasm;

/// How a core module begins, up to its version: a component has another layer there. `wit_component` would take a module for
/// one without a type.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// The names of a component's imports and exports, as the component model writes them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// What it imports: interfaces with their version, and functions.
    pub imports: Vec<String>,
    /// What it exports.
    pub exports: Vec<String>,
}

/// Reads them.
///
/// # Errors
/// When `component` is something else: a core module, a WIT package, or no WebAssembly.
pub fn contents(component: &[u8]) -> anyhow::Result<Contents> {
    if component.starts_with(MODULE) {
        bail!("it is a core module: make a component of it (`wasm-tools component new`)");
    }
    match wit_component::decode(component).context("its type cannot be read")? {
        DecodedWasm::Component(resolve, world) => {
            let world = &resolve.worlds[world];
            let names = |keys: Vec<_>| keys.into_iter().map(|key| resolve.name_world_key(key)).collect();
            Ok(Contents {
                imports: names(world.imports.keys().collect()),
                exports: names(world.exports.keys().collect()),
            })
        }
        DecodedWasm::WitPackage(..) => bail!("it is a package of WIT, not a component"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_type() {
        let component = wat::parse_str(
            r#"(component
                (import "a:b/c@1.0.0" (instance (export "f" (func))))
                (component $inner)
                (import "g" (func $g))
                (export "h" (func $g)))"#,
        )
        .unwrap();
        let found = contents(&component).unwrap();
        assert_eq!(
            (found.imports, found.exports),
            (vec!["a:b/c@1.0.0".to_owned(), "g".to_owned()], vec!["h".to_owned()])
        );
    }

    #[test]
    fn what_is_no_component_is_refused() {
        for wasm in [b"".to_vec(), b"\0asm\x01\0\0\0".to_vec(), b"not wasm".to_vec()] {
            assert!(contents(&wasm).is_err(), "{wasm:?}");
        }
    }
}
