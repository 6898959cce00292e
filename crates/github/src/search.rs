//! Search. Permission: metadata; a budget of its own, thirty calls a minute.

use serde::Deserialize;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;

#[derive(Deserialize)]
struct Found {
    total_count: u64,
}

const SEARCH_ISSUES: &str = "/search/issues";

impl Api {
    /// How many pull requests of `author` were merged in `org`.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unprocessable`] where `author` or `org` does not exist.
    pub async fn merged_pull_requests_count(&self, org: &str, author: &str) -> Result<u64, ApiError> {
        let call = Call::get(SEARCH_ISSUES, &[])?;
        let query = format!("type:pr is:merged {} {}", qualifier("org", org), qualifier("author", author));
        let found: Found = self.get(call.with_query("q", &query).with_query("per_page", "1")).await?;
        Ok(found.total_count)
    }
}

/// `key:"value"`, so that a value with a space or a colon does not become a qualifier of its own.
fn qualifier(key: &str, value: &str) -> String {
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.[]".contains(c));
    if plain { format!("{key}:{value}") } else { format!("{key}:\"{}\"", value.replace(['"', '\\'], "")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_become_another_qualifier() {
        let check = |value: &str, want: &str| assert_eq!(qualifier("author", value), want);
        check("alice-1", "author:alice-1");
        check("renovate[bot]", "author:renovate[bot]");
        check("a org:b", "author:\"a org:b\"");
        check("a\" org:b", "author:\"a org:b\"");
    }
}
