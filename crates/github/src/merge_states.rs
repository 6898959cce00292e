//! Whether open pull requests can be merged, a hundred at a time. Permission: pull_requests. REST would need a call for
//! each.

use serde::{Deserialize, Serialize};

use crate::client::Api;
use crate::error::ApiError;
use crate::graphql::{Operation, operation};
use crate::repos::RepoName;

/// What GraphQL says of one open pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeState {
    /// Its number in its repository.
    pub number: u64,
    /// Whether it can be merged; `None` while GitHub is working it out.
    pub mergeable: Option<bool>,
    /// The names of its labels, a hundred at most.
    pub labels: Vec<String>,
    /// The login of who opened it, as REST spells it; empty where the account is gone.
    pub author: String,
    /// The head commit.
    pub head: String,
}

const MERGE_STATES: Operation = operation!(
    MergeStates,
    false,
    "query MergeStates($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequests(states: OPEN, first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        number
        mergeable
        headRefOid
        author { __typename login }
        labels(first: 100) { nodes { name } }
      }
    }
  }
}"
);

#[derive(Serialize)]
struct Variables<'a> {
    owner: &'a str,
    name: &'a str,
    after: Option<&'a str>,
}

#[derive(Deserialize)]
struct Data {
    repository: Repository,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    pull_requests: Page,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    page_info: PageInfo,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    number: u64,
    mergeable: String,
    head_ref_oid: String,
    author: Option<Author>,
    labels: Option<Labels>,
}

#[derive(Deserialize)]
struct Author {
    #[serde(rename = "__typename")]
    kind: String,
    login: String,
}

#[derive(Deserialize)]
struct Labels {
    nodes: Vec<Label>,
}

#[derive(Deserialize)]
struct Label {
    name: String,
}

impl Api {
    /// Whether each open pull request can be merged.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such repository; a page that fails fails the whole.
    pub async fn list_merge_states(&self, repo: &RepoName) -> Result<Vec<MergeState>, ApiError> {
        let mut states = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let variables = Variables { owner: &repo.org, name: &repo.repo, after: after.as_deref() };
            let data: Data = self.query(&MERGE_STATES, &variables).await?;
            let page = data.repository.pull_requests;
            states.extend(page.nodes.into_iter().map(MergeState::from));
            let next = page.page_info.end_cursor.filter(|_| page.page_info.has_next_page);
            if next.is_some() && next == after {
                return Err(ApiError::other("POST", MERGE_STATES.template, "the next page is this one"));
            }
            after = next;
            if after.is_none() {
                return Ok(states);
            }
        }
    }
}

impl From<Node> for MergeState {
    fn from(node: Node) -> Self {
        Self {
            number: node.number,
            mergeable: match node.mergeable.as_str() {
                "MERGEABLE" => Some(true),
                "CONFLICTING" => Some(false),
                _ => None,
            },
            labels: node.labels.into_iter().flat_map(|labels| labels.nodes).map(|label| label.name).collect(),
            author: node.author.map(login).unwrap_or_default(),
            head: node.head_ref_oid,
        }
    }
}

/// GraphQL names an App's account by its slug alone.
fn login(author: Author) -> String {
    if author.kind == "Bot" { format!("{}[bot]", author.login) } else { author.login }
}
