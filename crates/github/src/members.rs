//! Who belongs where. Permission: members for organisations, metadata for collaborators.

use http::StatusCode;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::repos::RepoName;

const MEMBER: &str = "/orgs/{org}/members/{username}";
const COLLABORATOR: &str = "/repos/{owner}/{repo}/collaborators/{username}";

impl Api {
    /// Whether `user` is a member of `org`; an account belongs to itself, which costs no call.
    ///
    /// # Errors
    /// Where the token's own account is no member GitHub would show public members only, which is no answer: an error
    /// that says so.
    pub async fn is_member(&self, org: &str, user: &str) -> Result<bool, ApiError> {
        if org.eq_ignore_ascii_case(user) {
            return Ok(true);
        }
        let call = Call::get(MEMBER, &[org, user])?.without_redirects();
        self.is_there(call, |status| {
            if status == StatusCode::FOUND {
                Some(format!("cannot tell whether `{user}` is a member: the requester is not a member of `{org}`"))
            } else {
                None
            }
        })
        .await
    }

    /// Whether `user` may at least read `repo` as a collaborator; the owner may, which costs no call.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Forbidden`] where the token may not ask.
    pub async fn is_collaborator(&self, repo: &RepoName, user: &str) -> Result<bool, ApiError> {
        if repo.org.eq_ignore_ascii_case(user) {
            return Ok(true);
        }
        self.is_there(Call::get(COLLABORATOR, &[&repo.org, &repo.repo, user])?, |_| None).await
    }

    /// 204 is yes and 404 is no; any other status is an error, in the words of `explain` where it has some.
    async fn is_there(&self, call: Call, explain: impl Fn(StatusCode) -> Option<String>) -> Result<bool, ApiError> {
        let (method, path) = (call.method_name(), call.path.clone());
        match self.call(call).await {
            Ok(answer) if answer.status == StatusCode::NO_CONTENT => Ok(true),
            Ok(answer) => {
                let message = explain(answer.status).unwrap_or_else(|| "neither yes nor no".into());
                Err(ApiError { status: Some(answer.status.as_u16()), ..ApiError::other(method, &path, message) })
            }
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }
}
