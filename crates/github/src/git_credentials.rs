//! What git is given to speak to GitHub over HTTPS: the one way in which a token leaves this crate.

use secrecy::SecretString;

use crate::client::{Api, Client};
use crate::error::ApiError;

/// A name and a password for git. `Debug` does not show the password.
#[derive(Debug, Clone)]
pub struct GitCredentials {
    /// `x-access-token` for an App, the bot's login otherwise.
    pub user: String,
    /// The token. An installation's is good for at least another minute, and at most an hour: ask again for each fetch.
    pub password: SecretString,
}

impl Client {
    /// What git is given for the repositories of `org`, with all that the client may do there; `None` where the client is
    /// nobody.
    ///
    /// # Errors
    /// As for any call: [`crate::ApiErrorKind::Unauthorized`] where the App is not installed in `org`.
    pub async fn git_credentials(&self, org: &str) -> Result<Option<GitCredentials>, ApiError> {
        self.for_org(org).git_credentials().await
    }
}

impl Api {
    /// The same, narrowed to the scope where the client is an App; to fetch, it needs `contents: read`, to push `write`.
    ///
    /// # Errors
    /// As [`Client::git_credentials`].
    pub async fn git_credentials(&self) -> Result<Option<GitCredentials>, ApiError> {
        let credential = self.credential().await?;
        let Some(password) = credential.secret() else { return Ok(None) };
        let user = match self.client().uses_app_auth() {
            true => "x-access-token".to_owned(),
            false => self.client().bot().await?.login,
        };
        Ok(Some(GitCredentials { user, password }))
    }
}
