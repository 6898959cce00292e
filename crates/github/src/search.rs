//! Search. Permission: issues for issues, pull_requests for pull requests; a budget of its own, thirty calls a minute.

use serde::Deserialize;

use crate::call::Call;
use crate::client::Api;
use crate::error::{ApiError, ApiErrorKind};
use crate::issues::Issue;
use crate::repos::RepoName;

/// Where merged pull requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergedIn<'a> {
    /// In all repositories of an organisation that the token may see.
    Org(&'a str),
    /// In one.
    Repo(&'a RepoName),
}

/// What a search is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchFor {
    /// Issues that are no pull requests.
    Issues,
    /// Pull requests.
    PullRequests,
}

#[derive(Deserialize)]
struct Found {
    total_count: u64,
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default)]
    repository_url: String,
    #[serde(flatten)]
    issue: Issue,
}

const SEARCH_ISSUES: &str = "/search/issues";

/// Qualifiers that say where to search. GitHub joins them by "or", so that one more of them would widen the search.
const PLACES: [&str; 4] = ["repo", "org", "user", "owner"];

impl Api {
    /// How many pull requests of `author` were merged there.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unprocessable`] where `author` or the place does not exist.
    pub async fn merged_pull_requests_count(&self, place: MergedIn<'_>, author: &str) -> Result<u64, ApiError> {
        let call = Call::get(SEARCH_ISSUES, &[])?;
        let place = match place {
            MergedIn::Org(org) => qualifier("org", org),
            MergedIn::Repo(repo) => qualifier("repo", &repo.to_string()),
        };
        let query = format!("type:pr is:merged {place} {}", qualifier("author", author));
        let found: Found = self.get(call.with_query("q", &query).with_query("per_page", "1")).await?;
        Ok(found.total_count)
    }

    /// The issues or pull requests of `repo` that GitHub's search finds; a thousand at most.
    ///
    /// # Errors
    /// [`ApiErrorKind::Unprocessable`] for a query that says itself where to search, which is not sent, and for one that
    /// GitHub does not understand.
    pub async fn search(&self, repo: &RepoName, what: SearchFor, query: &str) -> Result<Vec<Issue>, ApiError> {
        let call = Call::get(SEARCH_ISSUES, &[])?;
        let query = within(repo, what, query).map_err(|message| ApiError {
            kind: ApiErrorKind::Unprocessable,
            ..ApiError::other(call.method_name(), &call.path, message)
        })?;
        let pages: Vec<Page> = self.pages(call.with_query("q", &query)).await?;
        let here = format!("/repos/{repo}").to_ascii_lowercase();
        // An `OR` in the query reaches further than the qualifiers behind it.
        let inside = |item: &Item| item.repository_url.to_ascii_lowercase().ends_with(&here);
        Ok(pages.into_iter().flat_map(|page| page.items).filter(inside).map(|item| item.issue).collect())
    }
}

/// The query with its kind and its place, or why it cannot be taken.
fn within(repo: &RepoName, what: SearchFor, query: &str) -> Result<String, String> {
    if let Some(place) = places(query) {
        return Err(format!("`{place}` in a query: it is made in {repo} alone, and cannot say where to search"));
    }
    let kind = match what {
        SearchFor::Issues => "is:issue",
        SearchFor::PullRequests => "is:pr",
    };
    let query = query.trim();
    let place = qualifier("repo", &repo.to_string());
    Ok(if query.is_empty() { format!("{kind} {place}") } else { format!("{query} {kind} {place}") })
}

/// The first word outside quotes that says where to search.
fn places(query: &str) -> Option<&str> {
    // With an odd quote nobody knows what is inside; then everything counts as outside.
    let balanced = query.matches('"').count().is_multiple_of(2);
    let outside = |(index, part): (usize, &'_ str)| !balanced || index.is_multiple_of(2) || part.is_empty();
    let parts = query.split('"').enumerate().filter(move |(index, part)| outside((*index, part)));
    parts.flat_map(|(_, part)| part.split(|c: char| c.is_whitespace() || "()".contains(c))).find(|word| {
        let name = word.trim_start_matches(['-', '+']).split_once(':').map(|(name, _)| name);
        name.is_some_and(|name| PLACES.iter().any(|place| name.eq_ignore_ascii_case(place)))
    })
}

/// `key:"value"`, so that a value with a space or a colon does not become a qualifier of its own.
fn qualifier(key: &str, value: &str) -> String {
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.[]/".contains(c));
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

    #[test]
    fn a_search_stays_in_its_repository() {
        let repo = RepoName::new("o", "r");
        let check = |query: &str, want: Option<&str>| {
            assert_eq!(within(&repo, SearchFor::PullRequests, query).ok().as_deref(), want, "{query:?}");
        };
        check("author:alice is:merged", Some("author:alice is:merged is:pr repo:o/r"));
        check("", Some("is:pr repo:o/r"));
        check("  0a1b2c ", Some("0a1b2c is:pr repo:o/r"));
        check("\"repo:x is text here\"", Some("\"repo:x is text here\" is:pr repo:o/r"));
        check("label:\"repo:x\"", Some("label:\"repo:x\" is:pr repo:o/r"));
        check("repository-wide: yes", Some("repository-wide: yes is:pr repo:o/r"));
        for wide in ["repo:x/y", "REPO:x/y", "a org:x", "user:x b", "-repo:o/r", "(repo:x/y)", "owner:x", "\" repo:x"] {
            check(wide, None);
        }
        check("\"a\" repo:\"x/y\"", None);
        assert_eq!(within(&repo, SearchFor::Issues, "x").unwrap(), "x is:issue repo:o/r");
    }
}
