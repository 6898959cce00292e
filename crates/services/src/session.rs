//! A client's talk with its service: the credential, the user agent, what a refusal is, and when to ask again.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use jiff::Timestamp;
use secrets::SecretFile;
use serde::de::DeserializeOwned;

use crate::credential::{Scheme, Secret};
use crate::error::{Refusal, ServiceError, ServiceErrorKind, cut};
use crate::http_client::{Answer, Base, Broken, HttpClient};
use crate::metrics::{Labels, Metrics};
use crate::options::{Common, SetupError};
use crate::outage::{Outage, retry_after};

/// How a service says no: what it is, and its words. Pure; asked for every answer that came.
pub(crate) type Judge = fn(&Answer) -> Result<(), (Refusal, String)>;

/// What a service is, for all of its calls.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) base: Base,
    pub(crate) scheme: Scheme,
    pub(crate) judge: Judge,
    pub(crate) metrics: Metrics,
}

/// Cheap to clone: all clones share connections and secret.
#[derive(Clone)]
pub(crate) struct Session {
    shared: Arc<Shared>,
    user_agent: HeaderValue,
    component: String,
}

struct Shared {
    service: Service,
    http: HttpClient,
    /// None: anonymous.
    secret: Option<SecretFile<Secret>>,
    outage: Outage,
    dry_run: bool,
}

/// One call.
pub(crate) struct Ask {
    /// The client's function, as Prow calls it.
    pub(crate) function: &'static str,
    pub(crate) method: Method,
    /// Encoded, behind the base; for Jira's metric its template too.
    pub(crate) path: String,
    pub(crate) template: &'static str,
    /// Encoded, without the secret.
    pub(crate) query: String,
    pub(crate) body: Option<Body>,
}

pub(crate) enum Body {
    Json(String),
    Form(String),
}

impl Ask {
    pub(crate) fn get(function: &'static str, path: String) -> Self {
        Self { function, method: Method::GET, path, template: "", query: String::new(), body: None }
    }

    pub(crate) fn send(function: &'static str, method: Method, path: String, body: Body) -> Self {
        Self { method, body: Some(body), ..Self::get(function, path) }
    }

    pub(crate) fn query(self, query: impl Into<String>) -> Self {
        Self { query: query.into(), ..self }
    }

    pub(crate) fn template(self, template: &'static str) -> Self {
        Self { template, ..self }
    }

    fn is_effect(&self) -> bool {
        self.method != Method::GET
    }
}

impl Session {
    pub(crate) fn new(service: Service, secret: Option<&Path>, common: &Common) -> Result<Self, SetupError> {
        Ok(Self {
            user_agent: agent(&common.user_agent).ok_or_else(|| SetupError::UserAgent(common.user_agent.clone()))?,
            component: common.user_agent.clone(),
            shared: Arc::new(Shared {
                http: HttpClient::new(service.base.clone(), common)?,
                secret: secret.map(|path| SecretFile::open(path, Secret::parse)).transpose()?,
                outage: Outage::default(),
                dry_run: common.dry_run,
                service,
            }),
        })
    }

    /// The same under the plugin's name; a name that no header can hold leaves the component's.
    pub(crate) fn for_plugin(&self, plugin: &str) -> Self {
        let user_agent = agent(&format!("{}.{plugin}", self.component)).unwrap_or_else(|| self.user_agent.clone());
        Self { user_agent, ..self.clone() }
    }

    pub(crate) fn base_url(&self) -> &str {
        self.shared.service.base.as_str()
    }

    /// True, and one log line, where nothing must change.
    pub(crate) fn is_dry_run(&self, function: &'static str) -> bool {
        if self.shared.dry_run {
            tracing::info!(service = self.shared.service.name, function, "dry run: nothing is sent");
        }
        self.shared.dry_run
    }

    /// The answer, read as JSON.
    pub(crate) async fn json<T: DeserializeOwned>(&self, ask: &Ask) -> Result<T, ServiceError> {
        let body = self.call(ask).await?;
        serde_json::from_slice(&body).map_err(|error| ServiceError {
            // The write was done; only its answer is unreadable.
            in_doubt: ask.is_effect(),
            ..self.error(ServiceErrorKind::Other, format!("the answer to {} cannot be read: {error}", ask.function))
        })
    }

    /// The answer's body.
    pub(crate) async fn call(&self, ask: &Ask) -> Result<Bytes, ServiceError> {
        let Some(file) = &self.shared.secret else { return self.once(ask, None).await };
        let secret = file.current();
        let first = self.once(ask, Some(&secret)).await;
        match first {
            Err(ServiceError { kind: ServiceErrorKind::Denied, .. }) => {
                let newer = file.look_again();
                if Arc::ptr_eq(&newer, &secret) { first } else { self.once(ask, Some(&newer)).await }
            }
            first => first,
        }
    }

    pub(crate) fn error(&self, kind: ServiceErrorKind, message: impl Into<String>) -> ServiceError {
        ServiceError::new(self.shared.service.name, kind, message)
    }

    async fn once(&self, ask: &Ask, secret: Option<&Secret>) -> Result<Bytes, ServiceError> {
        let Shared { service, http, outage, .. } = &*self.shared;
        let (mut headers, mut query) = (self.headers(ask), ask.query.clone());
        if let Some(secret) = secret {
            service.scheme.apply(secret, &mut headers, &mut query);
        }
        let body = match &ask.body {
            Some(Body::Json(text) | Body::Form(text)) => Bytes::from(text.clone()),
            None => Bytes::new(),
        };
        let begun = Instant::now();
        let answer = http.send(&ask.method, &ask.path, &query, headers, body).await;
        let status = answer.as_ref().ok().map(|answer| answer.status.as_u16());
        let (method, took) = (ask.method.as_str(), begun.elapsed());
        service.metrics.observe(Labels { function: ask.function, method, template: ask.template, status }, took);
        let now = Timestamp::now();
        let answer = match answer {
            Ok(answer) => answer,
            Err(Broken { what, sent }) => {
                let kind = ServiceErrorKind::Later { until: outage.failed(None, now) };
                let in_doubt = sent && ask.is_effect();
                return Err(ServiceError { in_doubt, ..self.error(kind, format!("{}: {what}", ask.function)) });
            }
        };
        let (refusal, words) = match (service.judge)(&answer) {
            Ok(()) => {
                outage.over();
                return Ok(answer.body);
            }
            Err(no) => no,
        };
        let kind = match refusal {
            Refusal::Limited | Refusal::Broken => {
                ServiceErrorKind::Later { until: outage.failed(retry_after(&answer.headers, now), now) }
            }
            Refusal::Denied => ServiceErrorKind::Denied,
            Refusal::NotFound => ServiceErrorKind::NotFound,
            Refusal::Conflict => ServiceErrorKind::Conflict,
            Refusal::Invalid => ServiceErrorKind::Invalid,
            Refusal::Other => ServiceErrorKind::Other,
        };
        if !matches!(kind, ServiceErrorKind::Later { .. }) {
            outage.over();
        }
        // Cut after censoring, so that no half of a secret is left.
        let words = cut(secret.map_or_else(|| words.clone(), |secret| secret.censor(words.clone())));
        tracing::debug!(service = service.name, function = ask.function, status, refusal = ?refusal, "refused");
        let in_doubt = refusal == Refusal::Broken && ask.is_effect();
        Err(ServiceError { kind, service: service.name, status, message: words, in_doubt })
    }

    fn headers(&self, ask: &Ask) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, self.user_agent.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let content_type = match &ask.body {
            Some(Body::Json(_)) => "application/json",
            Some(Body::Form(_)) => "application/x-www-form-urlencoded; charset=utf-8",
            None => return headers,
        };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("base", &self.base_url()).finish_non_exhaustive()
    }
}

fn agent(name: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{name}/{}", env!("CARGO_PKG_VERSION"))).ok().filter(|value| value.to_str().is_ok())
}
