//! How one request is made: the endpoint, the cache, the limits, and the few times that it is made again.
//!
//! octocrab carries the request (its service stack over hyper and rustls) and signs for Apps. Three things are ours and
//! not its own. The connector: octocrab's sets one user agent for all requests, where each plugin has its own, and wants
//! root certificates even for a server on loopback. The cache: octocrab's is keyed by URL alone, and would show one
//! installation what another may see. Installation tokens: octocrab's cannot be narrowed to permissions.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH, LINK, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Error as HyperError;
use jiff::Timestamp;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use outgoing::{chain, connector, pooled};
use serde::de::DeserializeOwned;

use crate::cache::{Cache, Kept, Key};
use crate::call::{Answer, Call, Protocol};
use crate::error::{ApiError, ApiErrorKind};
use crate::graphql;
use crate::health::{Health, Now};
use crate::limits::Limits;
use crate::metrics::{CacheMode, Labels, Metrics};
use crate::options::{Options, SetupError};
use crate::policy;
use crate::redirect::moved;
use crate::token::Credential;
use crate::url::{Endpoint, next_link, resolve};

pub(crate) struct Transport {
    octocrab: Octocrab,
    endpoints: Vec<Endpoint>,
    /// Where GraphQL is asked, if that does not follow from the REST endpoint.
    graphql: Option<Endpoint>,
    current: AtomicUsize,
    timeout: Duration,
    cache: Cache,
    health: Health,
    metrics: Option<Metrics>,
}

/// A request that brought no success, and how far it got.
struct Failed {
    error: ApiError,
    reached: Reached,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// No connection: the request was not sent, so that it cannot have had an effect.
    Nothing,
    /// Sent, but no whole answer came.
    Unknown,
    Answer,
}

const ACCEPTED: &str = "application/vnd.github+json";
const API_VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28"));
const MOST_BYTES: usize = 64 << 20;

impl Transport {
    pub(crate) fn new(options: &Options) -> Result<Self, SetupError> {
        let endpoints = options.endpoints.iter().map(|text| Endpoint::parse(text)).collect::<Result<Vec<_>, _>>()?;
        if endpoints.is_empty() {
            return Err(SetupError::Endpoint { endpoint: String::new(), problem: "at least one is needed".into() });
        }
        let graphql = options.graphql_endpoint.as_deref().map(Endpoint::parse).transpose()?;
        Ok(Self {
            octocrab: connect(endpoints.iter().chain(&graphql), options.connect_timeout)?,
            endpoints,
            graphql,
            current: AtomicUsize::new(0),
            timeout: options.request_timeout,
            cache: Cache::new(options.cache_bytes),
            health: Health::default(),
            metrics: options.registry.as_ref().map(Metrics::register).transpose()?,
        })
    }

    /// The answer's JSON.
    pub(crate) fn read<T: DeserializeOwned>(&self, call: &Call, answer: &Answer) -> Result<T, ApiError> {
        serde_json::from_slice(&answer.body).map_err(|error| ApiError {
            status: Some(answer.status.as_u16()),
            // The write was done; only its answer is unreadable.
            in_doubt: !call.is_read(),
            ..ApiError::other(call.method_name(), &call.path, format!("the answer cannot be read: {error}"))
        })
    }

    /// The call for the page behind `answer`'s.
    pub(crate) fn next_page(&self, call: &Call, answer: &Answer) -> Result<Option<Call>, ApiError> {
        let Some(url) = answer.link.as_deref().and_then(next_link) else { return Ok(None) };
        let path_and_query = self.stay(call, url, "the next page")?;
        if path_and_query == call.path_and_query() {
            return Err(ApiError::other(call.method_name(), &call.path, "the next page is this one"));
        }
        Ok(Some(moved(call.clone(), &path_and_query)))
    }

    /// One request, made again where that is safe and may help.
    pub(crate) async fn ask(
        &self,
        call: &Call,
        credential: &Credential,
        user_agent: &HeaderValue,
    ) -> Result<Answer, ApiError> {
        let begun = Instant::now();
        let (mut tries, mut rotations) = (0, 0);
        loop {
            self.check_limits(call, credential)?;
            let at = self.current.load(Ordering::Relaxed);
            let failed = match self.once(at, call, credential, user_agent).await {
                Ok(answer) => {
                    self.health.succeeded(&credential.budget);
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            self.health.refused(&credential.budget, resource(call), &failed.error.kind, Now::read());
            let not_sent = failed.reached == Reached::Nothing;
            if not_sent && rotations + 1 < self.endpoints.len() {
                rotations += 1;
                // Of several calls that failed here at once, one moves on; else two would move past a good endpoint.
                let _ = self.current.compare_exchange(at, at.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
                continue;
            }
            let answered = failed.reached == Reached::Answer;
            match policy::again_in(failed.error.status, answered, tries, begun.elapsed()) {
                Some(pause) if call.is_read() || not_sent => {
                    tries += 1;
                    tokio::time::sleep(pause).await;
                }
                _ => return Err(failed.error),
            }
        }
    }

    fn check_limits(&self, call: &Call, credential: &Credential) -> Result<(), ApiError> {
        // Asking for the limits is free, and the way to see them while they hold.
        if call.template == "/rate_limit" {
            return Ok(());
        }
        match self.health.closed(&credential.budget, resource(call), Now::read()) {
            None => Ok(()),
            Some(kind) => Err(ApiError {
                kind,
                ..ApiError::other(call.method_name(), &call.path, "not sent, since GitHub said to wait")
            }),
        }
    }

    async fn once(
        &self,
        at: usize,
        call: &Call,
        credential: &Credential,
        user_agent: &HeaderValue,
    ) -> Result<Answer, Failed> {
        let url = self.url(at, call);
        let key = Key { partition: credential.partition.clone(), url: url.clone(), accept: ACCEPTED };
        let kept = if call.is_cacheable() { self.cache.get(&key) } else { None };
        let labels = Labels {
            token_hash: &credential.budget,
            path: call.template,
            user_agent: user_agent.to_str().unwrap_or_default(),
        };

        let built = request(call, &url, credential, user_agent, kept.as_deref());
        let request = built.map_err(|error| Failed { error, reached: Reached::Answer })?;
        let begun = Instant::now();
        let sent = tokio::time::timeout(self.timeout, self.send(request)).await;
        let received = match sent {
            Ok(Ok(received)) => received,
            Ok(Err((problem, reached))) => {
                self.count(|metrics| metrics.cached(labels, CacheMode::Error));
                return Err(self.no_answer(call, credential, problem, reached));
            }
            Err(_) => {
                self.count(|metrics| metrics.cached(labels, CacheMode::Error));
                let problem = format!("no answer within {} s", self.timeout.as_secs_f32());
                return Err(self.no_answer(call, credential, problem, Reached::Unknown));
            }
        };
        let (status, headers, body) = received;
        tracing::debug!(method = call.method_name(), path = %call.path, status = status.as_u16(), "GitHub answered");
        let revalidated = status == StatusCode::NOT_MODIFIED && kept.is_some();
        self.count(|metrics| {
            metrics.answered(labels, status.as_u16(), begun.elapsed());
            metrics.cached(labels, mode(call, status, kept.is_some(), headers.contains_key(ETAG)));
            let api = if call.is_graphql() { "v4" } else { "v3" };
            metrics.budget(&credential.budget, api, &Limits::read(&headers), Timestamp::now());
        });

        if let Some(kept) = kept.filter(|_| revalidated) {
            let (link, body) = (kept.link.clone(), kept.body.clone());
            return Ok(Answer { status: StatusCode::OK, link, location: None, body });
        }
        if status.as_u16() >= 400 {
            return Err(self.refused(call, credential, status, &headers, &body));
        }
        if call.is_graphql()
            && let Some(failed) = self.graphql_refused(call, credential, status, &headers, &body)
        {
            return Err(failed);
        }
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let answer = Answer { status, link: text(LINK), location: text(LOCATION), body };
        if let Some(etag) = headers.get(ETAG).filter(|_| call.is_cacheable() && status == StatusCode::OK) {
            let kept = Kept { etag: etag.clone(), link: answer.link.clone(), body: answer.body.clone() };
            self.cache.put(key, kept);
        }
        Ok(answer)
    }

    fn url(&self, at: usize, call: &Call) -> String {
        let endpoint = &self.endpoints[at % self.endpoints.len()];
        match &self.graphql {
            _ if !call.is_graphql() => endpoint.join(&call.path_and_query()),
            Some(graphql) => graphql.join(""),
            None => endpoint.graphql(),
        }
    }

    async fn send(
        &self,
        request: http::Request<OctoBody>,
    ) -> Result<(StatusCode, HeaderMap, Bytes), (String, Reached)> {
        let response = self.octocrab.send(request).await.map_err(|error| {
            let reached = if is_connect(&error) { Reached::Nothing } else { Reached::Unknown };
            (chain(&error), reached)
        })?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MOST_BYTES).collect().await;
        let body = body.map_err(|error| (chain(&*error), Reached::Unknown))?.to_bytes();
        Ok((parts.status, parts.headers, body))
    }

    fn no_answer(&self, call: &Call, credential: &Credential, problem: String, reached: Reached) -> Failed {
        let retry_after = policy::unavailable_for(self.health.streak(&credential.budget));
        let error = ApiError {
            kind: ApiErrorKind::Unavailable { retry_after },
            in_doubt: !call.is_read() && reached != Reached::Nothing,
            ..ApiError::other(call.method_name(), &call.path, problem)
        };
        Failed { error, reached }
    }

    fn refused(
        &self,
        call: &Call,
        credential: &Credential,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Failed {
        let message = policy::message(status, body);
        let streak = self.health.streak(&credential.budget);
        let kind = policy::refusal(status, headers, &message, streak, Timestamp::now());
        let error = ApiError {
            kind,
            status: Some(status.as_u16()),
            // A gateway that gave up says nothing of what is behind it.
            in_doubt: !call.is_read() && status.is_server_error(),
            ..ApiError::other(call.method_name(), &call.path, message)
        };
        Failed { error, reached: Reached::Answer }
    }

    /// GraphQL says no with 200 and a list of errors.
    fn graphql_refused(
        &self,
        call: &Call,
        credential: &Credential,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Option<Failed> {
        let streak = self.health.streak(&credential.budget);
        let refusal = graphql::refusal(body, &Limits::read(headers), streak, Timestamp::now())?;
        let error = ApiError {
            // What broke off in the middle may have had its effect.
            in_doubt: !call.is_read() && matches!(refusal.kind, ApiErrorKind::Unavailable { .. }),
            kind: refusal.kind,
            status: Some(status.as_u16()),
            ..ApiError::other(call.method_name(), &call.path, refusal.message)
        };
        Some(Failed { error, reached: Reached::Answer })
    }

    /// The path and query of a URL on one of the configured hosts.
    pub(crate) fn stay(&self, call: &Call, url: &str, what: &str) -> Result<String, ApiError> {
        resolve(&self.endpoints, url).ok_or_else(|| {
            let host = url.parse::<Uri>().ok().and_then(|url| url.host().map(str::to_owned)).unwrap_or_default();
            let message = format!("{what} leads to `{host}`, which is not a configured endpoint");
            ApiError::other(call.method_name(), &call.path, message)
        })
    }

    pub(crate) fn count(&self, count: impl FnOnce(&Metrics)) {
        if let Some(metrics) = &self.metrics {
            count(metrics);
        }
    }
}

fn connect<'a>(
    mut endpoints: impl Iterator<Item = &'a Endpoint>,
    connect_timeout: Duration,
) -> Result<Octocrab, SetupError> {
    let (tcp, hyper) = (connector(connect_timeout), pooled());
    let octocrab = if endpoints.any(Endpoint::is_https) {
        let tls = HttpsConnectorBuilder::new().with_native_roots().map_err(SetupError::Roots)?;
        let service = hyper.build::<_, OctoBody>(tls.https_or_http().enable_http1().wrap_connector(tcp));
        OctocrabBuilder::new_empty().with_service(service).with_auth(AuthState::None).build()
    } else {
        let service = hyper.build::<_, OctoBody>(tcp);
        OctocrabBuilder::new_empty().with_service(service).with_auth(AuthState::None).build()
    };
    Ok(octocrab.unwrap_or_else(|never| match never {}))
}

fn request(
    call: &Call,
    url: &str,
    credential: &Credential,
    user_agent: &HeaderValue,
    kept: Option<&Kept>,
) -> Result<http::Request<OctoBody>, ApiError> {
    let body = match &call.body {
        Some(body) => OctoBody::from(credential.censor(body.clone())),
        None => OctoBody::empty(),
    };
    let built = http::Request::builder().method(call.method.clone()).uri(url).body(body);
    let mut request = built.map_err(|_| ApiError::other(call.method_name(), &call.path, "no URL can be made of it"))?;
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static(ACCEPTED));
    headers.insert(API_VERSION.0, API_VERSION.1);
    headers.insert(USER_AGENT, user_agent.clone());
    if call.body.is_some() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(kept) = kept {
        headers.insert(IF_NONE_MATCH, kept.etag.clone());
    }
    credential.authorize(headers);
    Ok(request)
}

fn resource(call: &Call) -> &'static str {
    match call.api {
        Protocol::GraphQl { .. } => "graphql",
        Protocol::Rest if call.template.starts_with("/search/") => "search",
        Protocol::Rest => "core",
    }
}

fn mode(call: &Call, status: StatusCode, had_one: bool, has_etag: bool) -> CacheMode {
    match (call.is_cacheable(), status) {
        (false, _) => CacheMode::Skip,
        (true, StatusCode::NOT_MODIFIED) => CacheMode::Revalidated,
        (true, StatusCode::OK) if has_etag && had_one => CacheMode::Changed,
        (true, StatusCode::OK) if has_etag => CacheMode::Miss,
        (true, _) => CacheMode::NoStore,
    }
}

fn is_connect(error: &octocrab::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = match error {
        octocrab::Error::Service { source, .. } => Some(&**source),
        error => Some(error),
    };
    while let Some(error) = next {
        if let Some(hyper) = error.downcast_ref::<HyperError>() {
            return hyper.is_connect();
        }
        next = error.source();
    }
    false
}
