//! The contract in `wit/`, as Rust. Generated; a module of its own, since the export macro would clash with the crate's
//! names otherwise.
#![allow(unsafe_code, missing_docs, unreachable_pub, clippy::all, clippy::unwrap_used)]

wit_bindgen::generate!({
    // All interfaces; a component made from this imports only those that it really calls.
    world: "everything",
    path: "../../wit",
    additional_derives: [PartialEq, Eq],
    pub_export_macro: true,
    export_macro_name: "export_everything",
    default_bindings_module: "kit::bindings",
});
