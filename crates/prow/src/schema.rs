//! What the ProwJob's schema says where the types here say less, or more, than an API server is to check.

use schemars::{Schema, SchemaGenerator, json_schema};

/// An object of any content: what others act on is kept as it comes.
pub(crate) fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "nullable": true, "x-kubernetes-preserve-unknown-fields": true })
}

/// Metadata is the API server's own; a definition may say no more of it.
pub(crate) fn metadata(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}
