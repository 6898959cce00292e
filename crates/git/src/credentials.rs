//! How git shows who it is.

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::error::Result;
use crate::names::Repo;

/// A user's name and password; for GitHub's tokens any name and the token. They reach git in the environment of one
/// command, and stand in no argument, no file and no error.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user's name.
    pub username: String,
    /// The password, or token.
    pub password: SecretString,
}

impl Credentials {
    /// A token, personal or of an installation.
    pub fn token(token: SecretString) -> Self {
        Self { username: "x-access-token".to_owned(), password: token }
    }
}

/// What credentials are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// To fetch.
    Read,
    /// To push.
    Write,
}

/// Where credentials come from. Asked before each command that talks to the far side; `None` is to go without.
pub trait CredentialSource: Send + Sync + 'static {
    /// Credentials for this repository.
    ///
    /// # Errors
    /// Whatever keeps them from being had, as the caller of the operation shall see it.
    fn credentials<'a>(&'a self, repo: &'a Repo, access: Access) -> BoxFuture<'a, Result<Option<Credentials>>>;
}

/// Everyone may read; nobody is to know who did.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

impl CredentialSource for Anonymous {
    fn credentials<'a>(&'a self, _: &'a Repo, _: Access) -> BoxFuture<'a, Result<Option<Credentials>>> {
        Box::pin(async { Ok(None) })
    }
}

/// The same credentials for all repositories.
impl CredentialSource for Credentials {
    fn credentials<'a>(&'a self, _: &'a Repo, _: Access) -> BoxFuture<'a, Result<Option<Credentials>>> {
        Box::pin(async { Ok(Some(self.clone())) })
    }
}
