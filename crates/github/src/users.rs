//! What accounts say of themselves. No permission: what is asked of is public. REST has no call for either.

use serde::{Deserialize, Serialize};

use crate::client::Api;
use crate::error::ApiError;
use crate::graphql::{Operation, operation};

const IS_BUSY: Operation = operation!(
    UserIsBusy,
    false,
    "query UserIsBusy($login: String!) {
  user(login: $login) { status { indicatesLimitedAvailability } }
}"
);

const BY_EMAIL: Operation = operation!(
    UsersByEmail,
    false,
    "query UsersByEmail($query: String!) {
  search(type: USER, query: $query, first: 100) {
    nodes { __typename ... on User { login email } }
  }
}"
);

#[derive(Serialize)]
struct Login<'a> {
    login: &'a str,
}

#[derive(Serialize)]
struct Search<'a> {
    query: &'a str,
}

#[derive(Deserialize)]
struct Looked {
    user: User,
}

#[derive(Deserialize)]
struct User {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    indicates_limited_availability: bool,
}

#[derive(Deserialize)]
struct Found {
    search: Nodes,
}

#[derive(Deserialize)]
struct Nodes {
    nodes: Vec<Account>,
}

/// An organisation that was found has neither.
#[derive(Deserialize)]
struct Account {
    login: Option<String>,
    email: Option<String>,
}

impl Api {
    /// Whether the account's status says that it has little time. One that set no status has time.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where there is no such user; apps' accounts are none.
    pub async fn is_busy(&self, login: &str) -> Result<bool, ApiError> {
        let looked: Looked = self.query(&IS_BUSY, &Login { login }).await?;
        Ok(looked.user.status.is_some_and(|status| status.indicates_limited_availability))
    }

    /// The logins of the accounts that show this e-mail address, a hundred at most; none for what is no address.
    ///
    /// # Errors
    /// Those of every call.
    pub async fn find_by_email(&self, email: &str) -> Result<Vec<String>, ApiError> {
        // A blank or a qualifier would widen the search to others.
        if !email.contains('@') || email.chars().any(|c| c.is_whitespace() || matches!(c, ':' | '"')) {
            return Ok(Vec::new());
        }
        let found: Found = self.query(&BY_EMAIL, &Search { query: &format!("{email} in:email") }).await?;
        // The search matches parts of addresses too.
        let same = |account: &Account| account.email.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(email));
        Ok(found.search.nodes.into_iter().filter(same).filter_map(|account| account.login).collect())
    }
}
