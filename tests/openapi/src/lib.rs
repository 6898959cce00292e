//! Checks HTTP exchanges against an OpenAPI 3.0 description: GitHub's, in our tests.
//!
//! A request is held to it strictly (a path, method, query key or body key that the description does not know is a
//! problem), an answer as its readers would (extra keys are fine, missing and mistyped ones are not).
//!
//! ```no_run
//! # fn example() -> anyhow::Result<()> {
//! use openapi::Description;
//! let Some(github) = Description::for_tests() else { return Ok(()) };
//! let headers = http::HeaderMap::new();
//! let operation = github.check_request("GET", "/user", None, &headers, b"").expect("a request that GitHub knows");
//! assert_eq!(github.check_response(&operation, 200, &headers, b"{}").len(), 1);
//! # Ok(())
//! # }
//! ```

mod description;
mod keys;
mod path;
mod request;
mod response;
mod schema;
mod test_data;

pub use description::{Description, Operation, Problem};
