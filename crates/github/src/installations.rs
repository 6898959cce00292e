//! A GitHub App's tokens: the signed one for itself, and one for each installation, set of permissions and set of
//! repositories.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::HeaderValue;
use jiff::Timestamp;
use octocrab::auth::{AppAuth, EncodingKey};
use octocrab::models::AppId;
use secrecy::{ExposeSecret, SecretString};
use secrets::SecretFile;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::{ApiError, ApiErrorKind, after};
use crate::lenient::{User, null_is_empty};
use crate::options::SetupError;
use crate::permissions::PermissionSet;
use crate::scope::Scope;
use crate::token::Credential;
use crate::transport::Transport;

/// The App itself. What it has made is remembered until a minute before it expires.
pub(crate) struct App {
    id: u64,
    key: SecretFile<EncodingKey>,
    jwt: Mutex<Option<Signed>>,
    installations: ArcSwap<HashMap<String, Installation>>,
    listing: tokio::sync::Mutex<()>,
    tokens: Mutex<HashMap<TokenKey, Slot>>,
}

struct Signed {
    by: Arc<EncodingKey>,
    until: Timestamp,
    credential: Arc<Credential>,
}

/// One slot's lock is held while its token is being made, so that a hundred events at once make one token.
type Slot = Arc<tokio::sync::Mutex<Option<Minted>>>;

struct Minted {
    credential: Arc<Credential>,
    until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TokenKey {
    installation: u64,
    permissions: Option<PermissionSet>,
    repos: Option<BTreeSet<String>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Installation {
    id: u64,
    #[serde(deserialize_with = "null_is_empty")]
    account: User,
    app_slug: String,
}

#[derive(Serialize)]
struct Narrowing<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    permissions: Option<&'a PermissionSet>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repositories: Option<&'a BTreeSet<String>>,
}

#[derive(Deserialize)]
struct AccessToken {
    token: SecretString,
    expires_at: Timestamp,
}

const INSTALLATIONS: &str = "/app/installations";
pub(crate) const ACCESS_TOKENS: &str = "/app/installations/{installation_id}/access_tokens";

/// octocrab signs for nine minutes; ours is renewed a minute before.
const JWT_FOR: Duration = Duration::from_secs(8 * 60);
const MARGIN: Duration = Duration::from_secs(60);
const NOT_SENT: &str = "GET";

impl App {
    pub(crate) fn open(id: u64, private_key: &Path) -> Result<Self, SetupError> {
        let key = SecretFile::open(private_key, |pem| {
            // The parser's error quotes nothing of the key, but it says nothing useful either.
            EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes())
                .map_err(|_| "not an RSA private key in PEM form".to_owned())
        })?;
        Ok(Self {
            id,
            key,
            jwt: Mutex::default(),
            installations: ArcSwap::default(),
            listing: tokio::sync::Mutex::default(),
            tokens: Mutex::default(),
        })
    }

    /// The signed token that `/app` and what is below it takes.
    pub(crate) fn jwt(&self) -> Result<Arc<Credential>, ApiError> {
        let (key, now) = (self.key.current(), Timestamp::now());
        let mut signed = lock(&self.jwt);
        if let Some(held) = signed.as_ref().filter(|held| held.until > now && Arc::ptr_eq(&held.by, &key)) {
            return Ok(Arc::clone(&held.credential));
        }
        let auth = AppAuth { app_id: AppId(self.id), key: EncodingKey::clone(&key) };
        let token = auth.generate_bearer_token().map_err(|_| unauthorized("the App's private key cannot sign"))?;
        let budget: Arc<str> = format!("app {}", self.id).into();
        let credential = Credential::bearer(token.into(), Arc::clone(&budget), budget).map_err(unauthorized)?;
        let credential = Arc::new(credential);
        *signed = Some(Signed { by: key, until: after(now, JWT_FOR), credential: Arc::clone(&credential) });
        Ok(credential)
    }

    /// The installation token for the scope's organisation.
    pub(crate) async fn token(&self, scope: &Scope, transport: &Transport) -> Result<Arc<Credential>, ApiError> {
        let installation = self.installation(&scope.org, transport).await?;
        match self.token_of(&installation, scope, transport).await {
            // The App was removed and installed again, under another id.
            Err(error) if error.is_not_found() => {
                self.installations.store(Arc::default());
                let installation = self.installation(&scope.org, transport).await?;
                self.token_of(&installation, scope, transport).await.map_err(never_not_found)
            }
            result => result,
        }
    }

    /// Drops `refused` wherever it is held; false if nothing was, so that asking again would bring the same.
    pub(crate) fn forget(&self, refused: &Arc<Credential>) -> bool {
        let mut jwt = lock(&self.jwt);
        if jwt.as_ref().is_some_and(|held| Arc::ptr_eq(&held.credential, refused)) {
            *jwt = None;
            return !Arc::ptr_eq(&self.key.current(), &self.key.look_again());
        }
        let slots: Vec<Slot> = lock(&self.tokens).values().cloned().collect();
        for slot in slots {
            // A slot that is locked is being filled anew.
            if let Ok(mut held) = slot.try_lock()
                && held.as_ref().is_some_and(|held| Arc::ptr_eq(&held.credential, refused))
            {
                *held = None;
            }
        }
        true
    }

    async fn installation(&self, org: &str, transport: &Transport) -> Result<Installation, ApiError> {
        let org = org.to_ascii_lowercase();
        let seen = self.installations.load_full();
        if let Some(found) = seen.get(&org) {
            return Ok(found.clone());
        }
        let _one_at_a_time = self.listing.lock().await;
        if Arc::ptr_eq(&seen, &self.installations.load()) {
            let listed = self.list_installations(transport).await.map_err(never_not_found)?;
            self.installations.store(Arc::new(listed));
        }
        let known = self.installations.load();
        known.get(&org).cloned().ok_or_else(|| {
            unauthorized(format!("the GitHub App {} is not installed in `{org}`: install it there", self.id))
        })
    }

    async fn list_installations(&self, transport: &Transport) -> Result<HashMap<String, Installation>, ApiError> {
        let jwt = self.jwt()?;
        let mut by_login = HashMap::new();
        let mut next = Some(Call::get(INSTALLATIONS, &[])?.with_query("per_page", "100"));
        while let Some(call) = next {
            let answer = transport.call(call.clone(), &jwt, &user_agent(), None).await?;
            let page: Vec<Installation> = transport.read(&call, &answer)?;
            by_login.extend(page.into_iter().map(|found| (found.account.login.to_ascii_lowercase(), found)));
            next = transport.next_page(&call, &answer)?;
        }
        Ok(by_login)
    }

    async fn token_of(
        &self,
        installation: &Installation,
        scope: &Scope,
        transport: &Transport,
    ) -> Result<Arc<Credential>, ApiError> {
        let key = TokenKey {
            installation: installation.id,
            permissions: scope.permissions.clone(),
            repos: scope.narrowed_to(),
        };
        let slot = self.slot(&key);
        let mut held = slot.lock().await;
        if let Some(minted) = held.as_ref().filter(|minted| minted.until > Timestamp::now()) {
            return Ok(Arc::clone(&minted.credential));
        }
        let minted = self.mint(installation, &key, transport).await?;
        Ok(Arc::clone(&held.insert(minted).credential))
    }

    fn slot(&self, key: &TokenKey) -> Slot {
        let mut tokens = lock(&self.tokens);
        if let Some(slot) = tokens.get(key) {
            return Arc::clone(slot);
        }
        let now = Timestamp::now();
        tokens.retain(|_, slot| match slot.try_lock() {
            Ok(held) => held.as_ref().is_some_and(|minted| minted.until > now),
            Err(_) => true,
        });
        Arc::clone(tokens.entry(key.clone()).or_default())
    }

    /// The one write that a dry run makes too: without a token it could not even read.
    async fn mint(
        &self,
        installation: &Installation,
        key: &TokenKey,
        transport: &Transport,
    ) -> Result<Minted, ApiError> {
        let narrowing = Narrowing { permissions: key.permissions.as_ref(), repositories: key.repos.as_ref() };
        let call = Call::post(ACCESS_TOKENS, &[&installation.id.to_string()])?.with_body(&narrowing);
        let answer = transport.call(call.clone(), &*self.jwt()?, &user_agent(), None).await?;
        let made: AccessToken = transport.read(&call, &answer)?;
        let budget: Arc<str> = format!("{} - {}", installation.app_slug, installation.account.login).into();
        let partition = match (&key.permissions, &key.repos) {
            (None, _) => Arc::clone(&budget),
            (Some(permissions), None) => format!("{budget} - {permissions} - *").into(),
            (Some(permissions), Some(repos)) => {
                let repos: Vec<&str> = repos.iter().map(String::as_str).collect();
                format!("{budget} - {permissions} - {}", repos.join(",")).into()
            }
        };
        let credential = Credential::bearer(made.token, budget, partition).map_err(unauthorized)?;
        let until = made.expires_at.checked_sub(MARGIN).unwrap_or(made.expires_at);
        Ok(Minted { credential: Arc::new(credential), until })
    }
}

/// Plugins do not make tokens: these requests are the client's own.
fn user_agent() -> HeaderValue {
    HeaderValue::from_static(concat!("bowsprit/", env!("CARGO_PKG_VERSION")))
}

/// A 404 on the way to a token says nothing of what the caller asked about, and callers read one as "no".
fn never_not_found(error: ApiError) -> ApiError {
    if error.is_not_found() { ApiError { kind: ApiErrorKind::Unauthorized, ..error } } else { error }
}

fn unauthorized(message: impl Into<String>) -> ApiError {
    ApiError { kind: ApiErrorKind::Unauthorized, ..ApiError::other(NOT_SENT, INSTALLATIONS, message) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
