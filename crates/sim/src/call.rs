//! One request to the REST API, read as far as every endpoint needs it.

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;

use crate::answer::Refusal;
use crate::auth::Who;
use crate::world::{Comment, Issue, Repo, World};

/// A request, with its path already taken apart.
#[derive(Debug)]
pub(crate) struct Call {
    /// `GET` and so on.
    pub(crate) method: String,
    /// The path as it came, but for an `/api/v3` before it.
    pub(crate) path: String,
    /// What stood in the path's placeholders, decoded.
    pub(crate) params: Vec<(&'static str, String)>,
    /// The query's parameters in order, decoded.
    pub(crate) query: Vec<(String, String)>,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body as received.
    pub(crate) body: Bytes,
    /// Who asks.
    pub(crate) who: Who,
}

impl Call {
    /// What stood in a placeholder, if the path has it.
    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(param, _)| *param == name).map(|(_, value)| value.as_str())
    }

    /// What stood in a placeholder that the endpoint's path has.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.find(name).expect("the endpoint's path has this placeholder")
    }

    /// A number in the path; anything else there is a thing that is not there.
    pub(crate) fn number(&self, name: &str) -> Result<u64, Refusal> {
        self.param(name).parse().map_err(|_| Refusal::not_found())
    }

    /// A parameter of the query; an empty one counts as left out.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(param, _)| param == name).map(|(_, value)| value.as_str()).filter(|v| !v.is_empty())
    }

    /// The body.
    ///
    /// # Errors
    /// 400 if it is not JSON, 422 if it has not the shape that the endpoint wants.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let text: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        let value: serde_json::Value = serde_json::from_slice(text)
            .map_err(|_| Refusal::new(http::StatusCode::BAD_REQUEST, "Problems parsing JSON"))?;
        serde_json::from_value(value).map_err(|error| Refusal::unprocessable(&format!("Invalid request.\n\n{error}")))
    }

    /// `owner/name`, if the path is a repository's.
    pub(crate) fn repo_name(&self) -> Option<String> {
        Some(format!("{}/{}", self.find("owner")?, self.find("repo")?))
    }

    /// The repository in the path, which the rule's check has found.
    pub(crate) fn repo<'a>(&self, world: &'a World) -> Result<&'a Repo, Refusal> {
        self.repo_name().and_then(|name| world.repo(&name)).ok_or_else(Refusal::not_found)
    }

    /// The key of the repository in the path.
    pub(crate) fn repo_key(&self) -> String {
        crate::world::key(&self.repo_name().unwrap_or_default())
    }

    /// The issue in the path, or the comment and its issue.
    pub(crate) fn target<'a>(&self, world: &'a World) -> Option<(&'a Issue, Option<&'a Comment>)> {
        let repo = self.repo(world).ok()?;
        if let Some(id) = self.find("comment_id") {
            let id: u64 = id.parse().ok()?;
            return repo.issues.values().find_map(|issue| {
                issue.comments.iter().find(|comment| comment.id == id).map(|comment| (issue, Some(comment)))
            });
        }
        let number = self.find("issue_number").or_else(|| self.find("pull_number"))?;
        repo.issues.get(&number.parse().ok()?).map(|issue| (issue, None))
    }

    /// The login under which the caller acts, for endpoints that nobody reaches without one.
    pub(crate) fn login(&self, world: &World) -> Result<String, Refusal> {
        let refused = || Refusal::new(http::StatusCode::UNAUTHORIZED, "Requires authentication");
        self.who.login(world).ok_or_else(refused)
    }
}
