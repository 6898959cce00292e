//! The one place that knows a token: where it comes from, and how it gets into a request.

use std::fmt;
use std::sync::Arc;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use secrets::SecretFile;
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::installations::{ACCESS_TOKENS, App};
use crate::options::{Auth, SetupError};
use crate::scope::Scope;
use crate::transport::Transport;

/// Something that can stand in an `Authorization` header, or nothing at all.
pub(crate) struct Credential {
    secret: Option<(SecretString, HeaderValue)>,
    /// Whose rate limits are spent; a metric label, so never the token itself.
    pub(crate) budget: Arc<str>,
    /// Whose answers may be shared: all that may see the same.
    pub(crate) partition: Arc<str>,
}

impl Credential {
    pub(crate) fn anonymous() -> Self {
        Self { secret: None, budget: "anonymous".into(), partition: "anonymous".into() }
    }

    /// # Errors
    /// Where the token holds something that no header can (a line break inside it, say).
    pub(crate) fn bearer(secret: SecretString, budget: Arc<str>, partition: Arc<str>) -> Result<Self, String> {
        let mut header = HeaderValue::from_str(&format!("Bearer {}", secret.expose_secret()))
            .map_err(|_| "it holds characters that no token has".to_owned())?;
        header.set_sensitive(true);
        Ok(Self { secret: Some((secret, header)), budget, partition })
    }

    /// A personal token's budget is named by its SHA-256, as in Prow's metrics: it tells two tokens apart and neither.
    fn personal(secret: SecretString) -> Result<Self, String> {
        if secret.expose_secret().trim().is_empty() {
            return Err("it is empty".into());
        }
        let hash: Arc<str> = hex::encode(Sha256::digest(secret.expose_secret().trim().as_bytes())).into();
        Self::bearer(secret, Arc::clone(&hash), hash)
    }

    pub(crate) fn authorize(&self, headers: &mut HeaderMap) {
        if let Some((_, header)) = &self.secret {
            headers.insert(AUTHORIZATION, header.clone());
        }
    }

    /// The token itself, for git.
    pub(crate) fn secret(&self) -> Option<SecretString> {
        self.secret.as_ref().map(|(secret, _)| secret.clone())
    }

    /// `text` without the token: a plugin that was tricked into quoting it does not publish it.
    pub(crate) fn censor(&self, text: String) -> String {
        match &self.secret {
            Some((secret, _)) if text.contains(secret.expose_secret()) => {
                text.replace(secret.expose_secret(), "CENSORED")
            }
            _ => text,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("budget", &self.budget).finish_non_exhaustive()
    }
}

/// Where credentials come from.
pub(crate) enum Tokens {
    None(Arc<Credential>),
    Fixed(Arc<Credential>),
    File(SecretFile<Credential>),
    App(Box<App>),
}

impl Tokens {
    pub(crate) fn new(auth: &Auth) -> Result<Self, SetupError> {
        Ok(match auth {
            Auth::None => Self::None(Arc::new(Credential::anonymous())),
            Auth::Token(token) => {
                let credential = Credential::personal(token.clone());
                Self::Fixed(Arc::new(
                    credential.map_err(|problem| SetupError::Secret { path: "the token given".into(), problem })?,
                ))
            }
            Auth::TokenFile(path) => Self::File(SecretFile::open(path, Credential::personal)?),
            Auth::App { id, private_key_path } => Self::App(Box::new(App::open(*id, private_key_path)?)),
        })
    }

    pub(crate) fn uses_app_auth(&self) -> bool {
        matches!(self, Self::App(_))
    }

    /// What a call in `scope` is made with: under App auth an installation token for its organisation, narrowed to its
    /// permissions if it names some.
    ///
    /// # Errors
    /// A scope that no token can carry is refused before the network, under any authentication, so that it shows.
    pub(crate) async fn for_scope(&self, scope: &Scope, transport: &Transport) -> Result<Arc<Credential>, ApiError> {
        scope.check().map_err(|problem| ApiError::other("POST", ACCESS_TOKENS, problem))?;
        match self {
            Self::None(credential) | Self::Fixed(credential) => Ok(Arc::clone(credential)),
            Self::File(file) => Ok(file.current()),
            Self::App(app) => app.token(scope, transport).await,
        }
    }

    /// What `/user` or `/app` is asked with.
    pub(crate) fn for_self(&self) -> Result<Arc<Credential>, ApiError> {
        match self {
            Self::None(credential) | Self::Fixed(credential) => Ok(Arc::clone(credential)),
            Self::File(file) => Ok(file.current()),
            Self::App(app) => app.jwt(),
        }
    }

    /// Told that GitHub answered 401 to `credential`: whether another may be had by asking again.
    pub(crate) fn refused(&self, credential: &Arc<Credential>) -> bool {
        match self {
            Self::None(_) | Self::Fixed(_) => false,
            Self::File(file) => !Arc::ptr_eq(&file.look_again(), credential),
            Self::App(app) => app.forget(credential),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_show_and_is_cut_out_of_bodies() {
        let credential = Credential::personal(SecretString::from("ghp_hunter2")).unwrap();
        assert!(!format!("{credential:?}").contains("hunter2"));
        let mut headers = HeaderMap::new();
        credential.authorize(&mut headers);
        assert!(!format!("{headers:?}").contains("hunter2"));
        assert_eq!(headers[AUTHORIZATION], "Bearer ghp_hunter2");
        assert_eq!(credential.censor("it is ghp_hunter2!".into()), "it is CENSORED!");
        assert_eq!(credential.censor("nothing".into()), "nothing");
    }

    #[test]
    fn a_token_that_cannot_be_sent_is_refused_without_showing_it() {
        for bad in ["", "  ", "two\nlines"] {
            let problem = Credential::personal(SecretString::from(bad)).unwrap_err();
            assert!(!problem.contains("lines"), "{problem}");
        }
    }
}
