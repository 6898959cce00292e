//! Who belongs to an organisation. Permission: members.

use http::StatusCode;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::User;

const MEMBERS: &str = "/orgs/{org}/members";
const MEMBER: &str = "/orgs/{org}/members/{username}";

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

    /// The members of `org`; only the public ones where the token's account is none of them.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such organisation.
    pub async fn list_members(&self, org: &str) -> Result<Vec<User>, ApiError> {
        self.list(Call::get(MEMBERS, &[org])?).await
    }

    /// 204 is yes and 404 is no; any other status is an error, in the words of `explain` where it has some.
    pub(crate) async fn is_there(
        &self,
        call: Call,
        explain: impl Fn(StatusCode) -> Option<String>,
    ) -> Result<bool, ApiError> {
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
