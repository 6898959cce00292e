//! One call of a registry: the token that it asks for, and where it sends us.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, LOCATION, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use prow::component::Reference;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::auth::{Challenge, Realm};
use crate::body::Upload;
use crate::credentials::Credential;
use crate::error::OciError;
use crate::http_client::{Answer, Broken};
use crate::registries::Registries;
use crate::url;

const MOST_REDIRECTS: usize = 5;
const MOST_TOKEN_BYTES: u64 = 1 << 20;
const TOKEN_PATIENCE: Duration = Duration::from_secs(30);
const AGENT: HeaderValue = HeaderValue::from_static(concat!("bowsprit/", env!("CARGO_PKG_VERSION")));

/// What may be done with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Access {
    Pull,
    Push,
}

impl Access {
    fn scope(self, of: &Reference) -> String {
        match self {
            Access::Pull => format!("repository:{}:pull", of.name),
            Access::Push => format!("repository:{}:pull,push", of.name),
        }
    }
}

/// A request, as often as it has to be made.
pub(crate) struct Call<'a> {
    /// Whose registry, and whom tokens are for.
    pub(crate) of: &'a Reference,
    pub(crate) access: Access,
    pub(crate) method: Method,
    pub(crate) url: String,
    /// `Accept` or `Content-Type`, as it may be.
    pub(crate) header: Option<(HeaderName, &'static str)>,
    pub(crate) body: Upload,
    /// The most that is read of an answer.
    pub(crate) most: u64,
    pub(crate) patience: Duration,
    /// For messages.
    pub(crate) what: String,
}

impl<'a> Call<'a> {
    /// A GET.
    pub(crate) fn get(of: &'a Reference, url: String, accept: Option<&'static str>, most: u64, what: String) -> Self {
        let header = accept.map(|accept| (ACCEPT, accept));
        let patience = Duration::from_secs(if most > 1 << 23 { 600 } else { 30 });
        let (method, body) = (Method::GET, Upload::default());
        Call { of, access: Access::Pull, method, url, header, body, most, patience, what }
    }

    /// A request that writes.
    pub(crate) fn write(of: &'a Reference, method: Method, url: String, body: Upload, what: String) -> Self {
        let patience = Duration::from_secs(600);
        Call { of, access: Access::Push, method, url, header: None, body, most: 1 << 20, patience, what }
    }

    pub(crate) fn content_type(self, of_body: &'static str) -> Self {
        Call { header: Some((CONTENT_TYPE, of_body)), ..self }
    }

    fn host(&self) -> String {
        self.of.host.clone()
    }

    pub(crate) fn answer_error(&self, why: impl Into<String>) -> OciError {
        OciError::Answer { host: self.host(), what: self.what.clone(), why: why.into() }
    }
}

/// What a token server answers.
#[derive(Deserialize)]
struct Token {
    token: Option<SecretString>,
    access_token: Option<SecretString>,
}

impl Registries {
    /// Makes the call. An answer of any status that is neither a demand to log in nor a redirect comes back.
    pub(crate) async fn ask(&self, call: &Call<'_>) -> Result<Answer, OciError> {
        let no_url = |_| call.answer_error("no URL can be made of it");
        let registry: Uri = url::in_repository(call.of, "").parse().map_err(no_url)?;
        let mut url: Uri = call.url.parse().map_err(no_url)?;
        let mut authorization = self.known(call);
        let mut asked = false;
        for _ in 0..=MOST_REDIRECTS + 1 {
            // What lies elsewhere, at some storage's that it sent us to, carries its own permission in its URL.
            let at_home = url::same_server(&registry, &url);
            let shown = authorization.as_ref().filter(|_| at_home);
            let answer = self.once(call, &url, shown).await?;
            if answer.status == StatusCode::UNAUTHORIZED && !asked && at_home {
                asked = true;
                let Some(challenge) = Challenge::of(&answer.headers) else { return Ok(answer) };
                match self.authorize(call, challenge).await? {
                    Some(header) => authorization = Some(header),
                    None => return Ok(answer),
                }
            } else if answer.status.is_redirection() && call.method == Method::GET {
                let location = answer.headers.get(LOCATION).and_then(|location| location.to_str().ok());
                let location = location.ok_or_else(|| call.answer_error("its redirect leads nowhere"))?;
                url = url::follow(&url, location, call.of).map_err(|why| call.answer_error(why))?;
            } else {
                return Ok(answer);
            }
        }
        Err(call.answer_error("it redirects too often"))
    }

    /// As [`Registries::ask`]; what is no success is an error.
    pub(crate) async fn ask_well(&self, call: &Call<'_>) -> Result<Answer, OciError> {
        let answer = self.ask(call).await?;
        let (host, what) = (call.host(), call.what.clone());
        match answer.status {
            status if status.is_success() => Ok(answer),
            StatusCode::NOT_FOUND => Err(OciError::NotFound { host, what }),
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Err(OciError::Denied { host, what, status: status.as_u16() })
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                Err(OciError::Unreachable { host, why: format!("it answered {status}") })
            }
            status => Err(call.answer_error(format!("{status}{}", said(&answer.body)))),
        }
    }

    async fn once(&self, call: &Call<'_>, url: &Uri, auth: Option<&HeaderValue>) -> Result<Answer, OciError> {
        let mut request = Request::builder().method(&call.method).uri(url).header(USER_AGENT, AGENT);
        if let Some((name, value)) = &call.header {
            request = request.header(name, *value);
        }
        if let Some(auth) = auth {
            request = request.header(AUTHORIZATION, auth);
        }
        let request = request.body(call.body.clone()).map_err(|_| call.answer_error("no URL can be made of it"))?;
        self.http.send(request, call.most, call.patience).await.map_err(|broken| match broken {
            Broken::Failed(why) => OciError::Unreachable { host: call.host(), why },
            Broken::TooLarge(bytes) => OciError::TooLarge { what: call.what.clone(), bytes, most: call.most },
        })
    }

    /// The header that answers a challenge; `None` if we have nothing to show.
    async fn authorize(&self, call: &Call<'_>, challenge: Challenge) -> Result<Option<HeaderValue>, OciError> {
        let credential = self.credentials.of(&call.of.host).await?;
        let header = match (challenge, credential) {
            (Challenge::Basic, Some(Credential::Password(name, password))) => basic(&name, &password),
            (Challenge::Basic, _) => return Ok(None),
            (Challenge::Bearer(_), Some(Credential::Bearer(token))) => bearer(&token),
            (Challenge::Bearer(realm), credential) => match self.token(call, &realm, credential).await? {
                Some(token) => bearer(&token),
                None => return Ok(None),
            },
        };
        let header = header.ok_or_else(|| OciError::Credentials {
            host: call.host(),
            why: "they cannot be sent in a header".to_owned(),
        })?;
        self.remember(call, header.clone());
        Ok(Some(header))
    }

    /// An access token; anybody's, where we have no credential.
    async fn token(
        &self,
        call: &Call<'_>,
        realm: &Realm,
        credential: Option<Credential>,
    ) -> Result<Option<SecretString>, OciError> {
        let scope = realm.scope.clone().unwrap_or_else(|| call.access.scope(call.of));
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let service = realm.service.as_deref().map(|it| format!("&service={}", encode(it))).unwrap_or_default();
        let mut query = format!("scope={}{service}", encode(&scope));
        let mut request = Request::builder().header(USER_AGENT, AGENT);
        let url = match &credential {
            Some(Credential::Identity(token)) => {
                request = request.method(Method::POST).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
                query.push_str("&grant_type=refresh_token&client_id=bowsprit&refresh_token=");
                query.push_str(&encode(token.expose_secret()));
                realm.url.clone()
            }
            Some(Credential::Password(name, password)) => {
                if let Some(header) = basic(name, password) {
                    request = request.header(AUTHORIZATION, header);
                }
                with_query(&realm.url, &std::mem::take(&mut query))
            }
            Some(Credential::Bearer(_)) | None => with_query(&realm.url, &std::mem::take(&mut query)),
        };
        let url: Uri = url.parse().map_err(|_| call.answer_error("its token server is no URL"))?;
        url::may_ask(&url, call.of).map_err(|why| call.answer_error(format!("for a token, {why}")))?;
        let request = request.uri(url).body(Upload::new(query.into()));
        let request = request.map_err(|_| call.answer_error("its token server is no URL"))?;
        let answer =
            self.http.send(request, MOST_TOKEN_BYTES, TOKEN_PATIENCE).await.map_err(|broken| match broken {
                Broken::Failed(why) => {
                    OciError::Unreachable { host: call.host(), why: format!("its token server: {why}") }
                }
                Broken::TooLarge(_) => call.answer_error("its token server answers with more than a token"),
            })?;
        if answer.status.is_server_error() {
            let why = format!("its token server answered {}", answer.status);
            return Err(OciError::Unreachable { host: call.host(), why });
        }
        if !answer.status.is_success() {
            return Ok(None);
        }
        // Not quoted in an error: it is a secret.
        let token: Token = serde_json::from_slice(&answer.body)
            .map_err(|_| call.answer_error("its token server does not answer with a token"))?;
        Ok(token.token.or(token.access_token))
    }
}

fn basic(name: &str, password: &SecretString) -> Option<HeaderValue> {
    let pair = STANDARD.encode(format!("{name}:{}", password.expose_secret()));
    secret_header(&format!("Basic {pair}"))
}

fn bearer(token: &SecretString) -> Option<HeaderValue> {
    secret_header(&format!("Bearer {}", token.expose_secret()))
}

fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn with_query(url: &str, query: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{query}")
}

/// What a registry says went wrong: the first message of its list of errors.
fn said(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Error>,
    }
    #[derive(Deserialize)]
    struct Error {
        #[serde(default)]
        code: String,
        #[serde(default)]
        message: String,
    }
    let first = serde_json::from_slice::<Errors>(body).ok().and_then(|errors| errors.errors.into_iter().next());
    let line = first.map(|error| format!(": {} {}", error.code, error.message)).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(300).collect()
}
