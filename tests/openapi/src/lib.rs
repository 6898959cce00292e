//! Checks HTTP exchanges against an OpenAPI description.
