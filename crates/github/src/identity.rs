//! Who the client is to GitHub, and what it may still spend. Permission: none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::{Api, Client};
use crate::error::ApiError;

/// The account that the client acts as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bot {
    /// As GitHub shows it: a personal token's login, or an App's slug with `[bot]` behind it.
    pub login: String,
}

impl Bot {
    /// Whether `candidate`, a login as GitHub shows it, is this account.
    ///
    /// Behaviour: compared with its case. Prow takes a trailing `[bot]` off the candidate under App authentication; here it
    /// stays, since a person may be called like an App's slug, and is not the App.
    #[must_use]
    pub fn is(&self, candidate: &str) -> bool {
        candidate == self.login
    }
}

/// What may still be spent, for each of GitHub's budgets (`core`, `search`, `graphql`, …).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RateLimits {
    /// By the budget's name.
    pub resources: BTreeMap<String, Budget>,
}

/// One budget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Budget {
    /// Calls in a period.
    pub limit: u64,
    /// Calls left in this one.
    pub remaining: u64,
    /// When the period ends, in seconds since 1970.
    pub reset: i64,
}

#[derive(Deserialize)]
struct Login {
    login: String,
    #[serde(default)]
    email: Option<String>,
}

#[derive(Deserialize)]
struct App {
    slug: String,
}

const USER: &str = "/user";
const APP: &str = "/app";
const RATE_LIMIT: &str = "/rate_limit";

impl Client {
    /// The account that this client acts as; asked once and then remembered.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unauthorized`] where the token is wrong or there is none.
    pub async fn bot(&self) -> Result<Bot, ApiError> {
        let bot = self.bot_cell().get_or_try_init(|| async {
            if self.uses_app_auth() {
                let app: App = self.as_itself().get(Call::get(APP, &[])?).await?;
                Ok(Bot { login: format!("{}[bot]", app.slug) })
            } else {
                let user: Login = self.as_itself().get(Call::get(USER, &[])?).await?;
                self.count_user(&user.login, user.email.as_deref().unwrap_or_default());
                Ok(Bot { login: user.login })
            }
        });
        bot.await.cloned()
    }
}

impl Api {
    /// The login of the account that the client acts as: an App's slug with `[bot]`. Asked once and then remembered.
    ///
    /// # Errors
    /// As [`Client::bot`].
    pub async fn bot_login(&self) -> Result<String, ApiError> {
        Ok(self.client().bot().await?.login)
    }

    /// What this scope's token may still spend. Asking is free.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::NotFound`] where an Enterprise server has no limits.
    pub async fn rate_limit(&self) -> Result<RateLimits, ApiError> {
        self.get(Call::get(RATE_LIMIT, &[])?).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_knows_itself() {
        let check = |login: &str, candidate: &str, want: bool| {
            assert_eq!(Bot { login: login.into() }.is(candidate), want, "{login} {candidate}");
        };
        check("ci-bot", "ci-bot", true);
        check("ci-bot", "CI-bot", false);
        check("ci-bot", "ci-bot[bot]", false);
        check("my-app[bot]", "my-app[bot]", true);
        check("my-app[bot]", "my-app", false);
        check("my-app[bot]", "other[bot]", false);
    }
}
