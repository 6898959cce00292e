//! The webhook: what GitHub posts is checked, kept, and only then answered with 200.
//!
//! On the rest of its port this answers 404 with a hint, where Prow answers 200 to any path: there a mistyped webhook URL
//! looks as if it worked. `/` alone stays 200, for probes that were set up for Prow.

mod body;
mod refusal;
mod server;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, Method, StatusCode, header};
use jiff::Timestamp;
use prometheus::{IntCounter, IntCounterVec, Opts, Registry};
use store::{Accepted, Inbox, StoreError};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::delivery::{self, Delivery, NotVerified, Unverified};
use crate::forward;
use crate::hmac::Hmacs;
use body::{Budget, Received};
use refusal::{Refusal, plain};

pub use server::serve;

/// Bodies over this are hashed and parsed two at a time.
const LARGE: usize = 1 << 20;
/// The most characters of a header that a refusal's log line has.
const MAX_SAID: usize = 64;
const EVENT: &str = "x-github-event";
const DELIVERY: &str = "x-github-delivery";
const SIGNATURE: &str = "x-hub-signature-256";
const HOOK_ID: &str = "x-github-hook-id";

/// What a sender may take.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest body, in bytes. GitHub cuts off at 25 MiB too.
    pub body_bytes: usize,
    /// How long the request line and headers may take, and how long a connection may idle.
    pub head: Duration,
    /// How long the body may take. GitHub gives the whole delivery 10 s.
    pub body: Duration,
    /// Connections at the same time; more wait to be accepted.
    pub connections: usize,
    /// Bytes of all bodies under way, up to 256 KiB of each; what is beyond that in a body has four times as much.
    pub buffered_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 26_214_400,
            head: Duration::from_secs(10),
            body: Duration::from_secs(10),
            connections: 4096,
            buffered_bytes: 64 << 20,
        }
    }
}

/// The webhook's handler with what it needs. Cheap to clone.
#[derive(Clone)]
pub struct Hook(Arc<Inner>);

struct Inner {
    path: String,
    hmacs: Hmacs,
    inbox: Inbox,
    limits: Limits,
    budget: Budget,
    large: Semaphore,
    /// Bodies that are read only to be thrown away.
    drains: TaskTracker,
    events: IntCounterVec,
    responses: IntCounterVec,
    duplicates: IntCounter,
}

impl Hook {
    /// A webhook at `path`, with Prow's metrics in `registry`.
    ///
    /// # Errors
    /// If `registry` has these metrics already.
    pub fn new(path: &str, hmacs: Hmacs, inbox: Inbox, registry: &Registry) -> prometheus::Result<Self> {
        Self::with_limits(path, hmacs, inbox, registry, Limits::default())
    }

    /// As [`Hook::new`], with limits of one's own.
    ///
    /// # Errors
    /// If `registry` has these metrics already.
    pub fn with_limits(
        path: &str,
        hmacs: Hmacs,
        inbox: Inbox,
        registry: &Registry,
        limits: Limits,
    ) -> prometheus::Result<Self> {
        let counter = |name: &str, help: &str, label: &str| {
            let counter = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counter.clone()))?;
            prometheus::Result::Ok(counter)
        };
        let duplicates =
            IntCounter::new("bowsprit_webhook_duplicates", "Webhooks that told of an event which another told of.")?;
        registry.register(Box::new(duplicates.clone()))?;
        Ok(Self(Arc::new(Inner {
            path: path.to_owned(),
            hmacs,
            inbox,
            budget: Budget::new(limits.buffered_bytes),
            limits,
            large: Semaphore::new(2),
            drains: TaskTracker::new(),
            events: counter("prow_webhook_counter", "Webhooks whose signature held.", "event_type")?,
            responses: counter("prow_webhook_response_codes", "Answers of the webhook.", "response_code")?,
            duplicates,
        })))
    }

    /// Everything on the webhook's port: the webhook, what `others` routes, and hints. Once `stop` is cancelled,
    /// deliveries get 503.
    pub(crate) fn router(&self, others: Router, stop: CancellationToken) -> Router {
        let hook = self.clone();
        others.fallback(move |request: Request| async move { hook.route(request, &stop).await })
    }

    async fn route(&self, request: Request, stop: &CancellationToken) -> Response {
        match request.uri().path() {
            path if path == self.0.path => self.respond(request, stop).await,
            "/" => plain(StatusCode::OK, ""),
            _ => {
                let text = format!("404 Not Found: webhooks are taken at {}, by POST\n", self.0.path);
                plain(StatusCode::NOT_FOUND, text)
            }
        }
    }

    async fn respond(&self, request: Request, stop: &CancellationToken) -> Response {
        let (delivery, event) = (said(request.headers(), DELIVERY), said(request.headers(), EVENT));
        let (status, text) = match self.receive(request, stop).await {
            Ok(text) => (StatusCode::OK, text),
            Err(refusal) => {
                // What anyone may have written in the headers: quoted, and cut.
                tracing::info!(delivery, event, code = refusal.status.as_u16(), why = %refusal.why, "a delivery was refused");
                (refusal.status, refusal.to_string())
            }
        };
        self.0.responses.with_label_values(&[status.as_str()]).inc();
        plain(status, text)
    }

    /// The checks in their order, from the cheapest to the disk.
    async fn receive(&self, request: Request, stop: &CancellationToken) -> Result<String, Refusal> {
        let (head, body) = request.into_parts();
        let headers = match check_head(&head.method, &head.headers, self.0.limits.body_bytes) {
            Ok(headers) => headers,
            Err(refusal) => {
                self.drain(body, stop);
                return Err(refusal);
            }
        };
        let reading = body::read(body, &self.0.limits, &self.0.budget);
        let Received { body, held } = match stop.run_until_cancelled(reading).await {
            Some(Ok(received)) => received,
            Some(Err((refusal, rest))) => {
                self.drain(rest, stop);
                return Err(refusal);
            }
            None => return Err(shutting_down()),
        };
        let delivery = self.verify(headers.with(body)).await?;
        self.0.events.with_label_values(&[delivery.event()]).inc();
        if stop.is_cancelled() {
            return Err(shutting_down());
        }
        let kept = self.keep(delivery).await;
        drop(held);
        kept
    }

    /// Hashing and parsing take a while, and the keys' file may have to be read: not for a thread that serves others.
    async fn verify(&self, unverified: Unverified) -> Result<Delivery, Refusal> {
        let _turn = match unverified.body.len() {
            ..=LARGE => None,
            _ => Some(self.0.large.acquire().await.expect("the semaphore is never closed")),
        };
        let hmacs = self.0.hmacs.clone();
        let verified = tokio::task::spawn_blocking(move || delivery::verify(&hmacs, unverified)).await;
        let verified = verified.map_err(|_| shutting_down())?;
        verified.map_err(|why| match why {
            NotVerified::Scan(_) | NotVerified::Signature(_) | NotVerified::Disagrees { .. } => {
                Refusal::new(StatusCode::FORBIDDEN, why.to_string())
            }
            NotVerified::NotJson(_) => Refusal::new(StatusCode::BAD_REQUEST, why.to_string()),
        })
    }

    async fn keep(&self, delivery: Delivery) -> Result<String, Refusal> {
        let (guid, event, scope) = (delivery.guid().to_owned(), delivery.event().to_owned(), delivery.scope().clone());
        let accepted = self.0.inbox.accept(delivery.into_new()).await.map_err(not_kept)?;
        let said = match accepted {
            Accepted::Stored => "kept".to_owned(),
            Accepted::Duplicate(first) => {
                self.0.duplicates.inc();
                format!("kept as a duplicate of {first}, which tells of the same event: nothing is done twice")
            }
            Accepted::Done => "handled before, nothing to do".to_owned(),
            Accepted::Waiting => "here already, and not finished".to_owned(),
            Accepted::Requeued => "here already, and had failed: queued again".to_owned(),
            Accepted::Foreign => {
                let why = "this X-GitHub-Delivery belongs to a delivery about somebody else";
                return Err(Refusal::new(StatusCode::FORBIDDEN, why));
            }
        };
        tracing::info!(delivery = %guid, %event, org = scope.org(), repo = scope.repo(), outcome = said, "delivery");
        Ok(format!("200 OK: delivery {said}\n"))
    }

    /// Reads what the sender still sends, so that it gets to see the answer instead of a broken connection. The rest of an
    /// honest body fits; others are cut off.
    fn drain(&self, body: Body, stop: &CancellationToken) {
        let limits = &self.0.limits;
        let rest = body::discard(body, 2 * limits.body_bytes, limits.body);
        self.0.drains.spawn(stop.clone().run_until_cancelled_owned(rest));
    }
}

/// A header for the log; empty where there is none, cut where it is long.
fn said(headers: &HeaderMap, name: &str) -> String {
    let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.chars().take(MAX_SAID).collect()
}

fn shutting_down() -> Refusal {
    Refusal::unavailable("shutting down; send the delivery again")
}

fn not_kept(error: StoreError) -> Refusal {
    tracing::error!(error = %with_cause(&error), "a delivery could not be kept");
    Refusal::unavailable("the delivery could not be kept; send it again")
}

fn with_cause(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The headers that every delivery has.
struct Headers {
    guid: String,
    event: String,
    signature: String,
    hook: Option<String>,
    /// All that are kept, as lines.
    kept: Vec<u8>,
}

impl Headers {
    fn with(self, body: bytes::Bytes) -> Unverified {
        let Self { guid, event, signature, hook, kept: headers } = self;
        Unverified { guid, event, signature, hook, headers, body, received_at: Timestamp::now() }
    }
}

/// Everything that can be said before a byte of the body is read.
fn check_head(method: &Method, headers: &HeaderMap, body_bytes: usize) -> Result<Headers, Refusal> {
    if method != Method::POST {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "webhooks are sent by POST"));
    }
    let text = |name: &str| headers.get(name)?.to_str().ok().filter(|text| !text.is_empty()).map(str::to_owned);
    let missing = |name: &str| format!("the {name} header is missing");
    let event = text(EVENT).ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, missing("X-GitHub-Event")))?;
    let guid = text(DELIVERY).ok_or_else(|| Refusal::new(StatusCode::BAD_REQUEST, missing("X-GitHub-Delivery")))?;
    let signature = text(SIGNATURE).ok_or_else(|| {
        let why = missing("X-Hub-Signature-256")
            + ": set a secret in the webhook's settings (SHA-1 signatures are not taken)";
        Refusal::new(StatusCode::FORBIDDEN, why)
    })?;
    check_content_type(text(header::CONTENT_TYPE.as_str()).as_deref())?;
    let declared = text(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<u64>().ok());
    if declared.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > body_bytes)) {
        return Err(Refusal::too_large(body_bytes));
    }
    Ok(Headers { guid, event, signature, hook: text(HOOK_ID), kept: forward::kept(headers) })
}

/// `application/json`, with or without parameters; Prow takes it without alone.
fn check_content_type(value: Option<&str>) -> Result<(), Refusal> {
    let bad = |why: String| Err(Refusal::new(StatusCode::BAD_REQUEST, why));
    let Some(value) = value else { return bad("the Content-Type header is missing".to_owned()) };
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let why =
            "the body is form-encoded: in the webhook's settings on GitHub, set \"Content type\" to application/json";
        return bad(why.to_owned());
    }
    bad("the Content-Type header is not application/json".to_owned())
}

#[cfg(test)]
mod tests;
