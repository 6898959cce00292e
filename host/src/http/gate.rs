//! What stands between a plugin's `wasi:http` and the network: one request at a time is looked at, journalled and sent by the
//! host, with the secrets that the plugin never sees.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use secrecy::{ExposeSecret as _, SecretString};
use secrets::SecretFile;
use serde::{Deserialize, Serialize};
use store::EffectKind;
use tokio::sync::Semaphore;
use wasmtime_wasi_http::{Error as HttpError, RequestOptions, WasiBody, WasiHttpHooks};

use super::destination::{Destination, Granted, destination};
use super::sender::{self, Answer, Failed};
use crate::contract::types::{ApiError, ErrorKind};
use crate::journal::{Fault, Interrupt, Journal, Place};
use crate::log_book::one_line;

/// The most bytes of a request's body.
const MAX_BODY: usize = 512 << 10;
/// How many requests of one task are under way at a time: of each the host keeps the whole of both bodies.
pub(crate) const AT_A_TIME: usize = 4;

/// What a plugin may reach by itself, and what the host says for it there.
#[derive(Debug, Default)]
pub struct Reach {
    /// `grants.http`.
    pub granted: Vec<Granted>,
    /// `secrets`.
    pub secrets: Vec<Injected>,
}

/// A secret that goes into the requests to one host.
#[derive(Debug)]
pub struct Injected {
    /// Where it goes, and nowhere else: the scheme and the port count, too.
    pub host: Granted,
    /// The header that carries it.
    pub header: HeaderName,
    /// Its file.
    pub file: SecretFile<SecretString>,
}

/// One task's way out. None outside `handle`: a plugin that is asked what it is, or for help, reaches nothing.
pub(crate) struct Gate {
    pub(crate) journal: Journal,
    pub(crate) reach: Arc<Reach>,
    pub(crate) turns: Arc<Semaphore>,
    pub(crate) dry_run: bool,
}

/// The hooks of `wasi:http`: its requests go through the gate, if there is one.
#[derive(Default)]
pub(crate) struct Hooks(pub(crate) Option<Gate>);

type Sent = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), HttpError>> + Send>), HttpError>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _done: Box<dyn Future<Output = Result<(), HttpError>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let Some(gate) = &self.0 else {
            return Box::new(async { Err(HttpError::HttpRequestDenied) });
        };
        let begun = gate.begin(request);
        Box::new(async move {
            let answer = begun?.answer().await?;
            let done: Box<dyn Future<Output = Result<(), HttpError>> + Send> = Box::new(async { Ok(()) });
            Ok((answer, done))
        })
    }
}

/// A request whose place in the journal is fixed, and whose body may still come.
struct Begun {
    journal: Journal,
    place: Place,
    to: Result<Destination, ApiError>,
    request: Request<WasiBody>,
    reach: Arc<Reach>,
    turns: Arc<Semaphore>,
    dry_run: bool,
}

/// What a request is about, its body whole.
struct About {
    to: Result<Destination, ApiError>,
    reach: Arc<Reach>,
    head: Parts,
    body: Bytes,
    /// It is only told of.
    is_told: bool,
}

impl About {
    /// All that can refuse the request, before there is anything to be in doubt of; none for one that is only told of.
    async fn ready(&self) -> Result<Option<Ready>, Fault> {
        let Parts { method, uri, headers, .. } = &self.head;
        let to = self.to.clone().map_err(Fault::Answer)?;
        if self.is_told {
            tracing::info!(host = to.host, %method, "dry run: would send a request");
            return Ok(None);
        }
        let (headers, secrets) = with_secrets(&self.reach, &to, headers.clone())?;
        let request = request(method.clone(), uri.clone(), headers, self.body.clone())?;
        let addresses = sender::addresses(&to).await.map_err(Fault::Answer)?;
        Ok(Some(Ready { to, request, addresses, secrets }))
    }
}

/// A request that nothing refuses.
struct Ready {
    to: Destination,
    request: Request<Full<Bytes>>,
    addresses: Vec<SocketAddr>,
    secrets: Vec<Arc<SecretString>>,
}

/// What is kept of an answer.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Gate {
    fn begin(&self, request: Request<WasiBody>) -> Result<Begun, HttpError> {
        let op = if is_read(request.method()) { "wasi-http.read" } else { "wasi-http.send" };
        let to = destination(&self.reach.granted, request.uri());
        let to = to.map_err(|message| ApiError { kind: ErrorKind::Denied, message: one_line(message) });
        let place = self.journal.begin(op).map_err(|interrupt| ended(&self.journal, interrupt))?;
        let (journal, reach, turns) = (self.journal.clone(), self.reach.clone(), self.turns.clone());
        Ok(Begun { journal, place, to, request, reach, turns, dry_run: self.dry_run })
    }
}

/// The run ends here, whatever the guest makes of it.
fn ended(journal: &Journal, interrupt: Interrupt) -> HttpError {
    journal.end(interrupt);
    HttpError::InternalError(Some("the host has put this task aside".to_owned()))
}

/// Whether a request changes nothing, by the meaning of its method.
fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

impl Begun {
    async fn answer(self) -> Result<Response<WasiBody>, HttpError> {
        // From here on the host keeps bytes for it.
        let _turn = self.turns.acquire().await.map_err(|_| HttpError::HttpRequestDenied)?;
        let (head, body) = self.request.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await;
        let body = body.map_err(|_| HttpError::HttpRequestBodySize(Some(MAX_BODY as u64)))?.to_bytes();
        let args = (head.method.to_string(), head.uri.to_string(), listed(&head.headers), BASE64.encode(&body));
        let (is_read, is_told) = (is_read(&head.method), self.dry_run && !is_read(&head.method));
        let about = About { to: self.to, reach: self.reach, head, body, is_told };
        // What an earlier run has noted is not looked at again: it may be another answer now.
        let (ready, is_refused) = match self.place.noted() {
            None if !is_read && self.place.is_live() => {
                let ready = self.journal.waited().during(about.ready()).await;
                let is_refused = ready.is_err();
                (Some(ready), is_refused)
            }
            noted => (None, !is_read && noted == Some(EffectKind::Read)),
        };
        let live = async {
            let ready = match ready {
                Some(ready) => ready,
                None => about.ready().await,
            };
            let Some(Ready { to, request, addresses, secrets }) = ready? else {
                return Ok(Kept { status: 204, headers: Vec::new(), body: String::new() });
            };
            let answer = sender::send(&to, addresses, request).await.map_err(|failed| match failed {
                // It may have been done, and is not done twice.
                Failed::Sent(error) if !is_read => Fault::InDoubt { why: error.message },
                Failed::Sent(error) | Failed::NotSent(error) => Fault::Answer(error),
            })?;
            Ok(kept(answer, &secrets))
        };
        // A request that was refused is no effect, and its refusal is something to know.
        let result = match is_read || is_refused {
            true => self.place.read(&args, live).await,
            false => self.place.effect(EffectKind::Neither, &args, |_, _| live).await,
        };
        match result {
            Err(interrupt) => Err(ended(&self.journal, interrupt)),
            Ok(Ok(kept)) => response(kept),
            // In words: `wasi:http` has no place for them in a refusal.
            Ok(Err(error)) => Err(HttpError::InternalError(Some(error.message))),
        }
    }
}

/// The headers as a replay compares them; the host's own are not among them.
fn listed(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

/// The headers with the secrets for this host in place of whatever the plugin wrote there; and those secrets.
fn with_secrets(
    reach: &Reach,
    to: &Destination,
    mut headers: HeaderMap,
) -> Result<(HeaderMap, Vec<Arc<SecretString>>), Fault> {
    let mut used = Vec::new();
    for secret in reach.secrets.iter().filter(|secret| to.is(&secret.host)) {
        let text = secret.file.current();
        let unfit = |_| Fault::answer(ErrorKind::Invalid, format!("the secret for `{}` fits no header", secret.header));
        let mut value = HeaderValue::from_str(text.expose_secret()).map_err(unfit)?;
        value.set_sensitive(true);
        headers.insert(secret.header.clone(), value);
        used.push(text);
    }
    Ok((headers, used))
}

fn request(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Result<Request<Full<Bytes>>, Fault> {
    let request = Request::builder().method(method).uri(uri).body(Full::new(body));
    let mut request = request.map_err(|error| Fault::answer(ErrorKind::Invalid, error.to_string()))?;
    *request.headers_mut() = headers;
    // The host's own client says how long the body is.
    request.headers_mut().remove(http::header::CONTENT_LENGTH);
    request.headers_mut().remove(http::header::TRANSFER_ENCODING);
    Ok(request)
}

/// What the plugin, the journal and the trace see of an answer: a server that repeats a secret shows it to no one.
fn kept(answer: Answer, secrets: &[Arc<SecretString>]) -> Kept {
    let censor = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        for part in secrets.iter().flat_map(|secret| secret_parts(secret.expose_secret())) {
            bytes = censored(&bytes, part.as_bytes());
        }
        bytes
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(&censor(value.as_bytes())).into_owned();
    let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Kept { status: answer.status.as_u16(), headers, body: BASE64.encode(censor(&answer.body)) }
}

/// The words of a few letters that a header's value may have besides what is secret: `Bearer`, `Basic`.
const SCHEME: usize = 8;

/// What a server may repeat of a header's value: all of it, or what follows the scheme.
fn secret_parts(value: &str) -> impl Iterator<Item = &str> {
    let words = value.split_ascii_whitespace().filter(|word| word.len() >= SCHEME);
    std::iter::once(value).chain(words)
}

/// `bytes` with asterisks where `secret` stands.
fn censored(bytes: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        if !secret.is_empty() && rest.starts_with(secret) {
            out.extend(std::iter::repeat_n(b'*', secret.len()));
            rest = &rest[secret.len()..];
        } else {
            out.push(rest[0]);
            rest = &rest[1..];
        }
    }
    out
}

fn response(kept: Kept) -> Result<Response<WasiBody>, HttpError> {
    let unreadable = || HttpError::HttpProtocolError;
    let body = BASE64.decode(&kept.body).map_err(|_| unreadable())?;
    let mut response = Response::builder().status(kept.status);
    for (name, value) in &kept.headers {
        response = response.header(name, value);
    }
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    response.body(body).map_err(|_| unreadable())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use store::{Entry, EntryState, Pins};

    use super::*;
    use crate::budget::Budget;
    use crate::limits::Limits;

    /// A gate of a replay of these exchanges, to whoever listens there.
    fn replaying(kept: Vec<Entry>, listens: &TcpListener) -> Gate {
        let granted = format!("http://{}", listens.local_addr().unwrap()).parse().unwrap();
        let pins = Pins {
            component_digest: "d".to_owned(),
            config_revision: "r".to_owned(),
            clock: jiff::Timestamp::UNIX_EPOCH,
            seed: 7,
        };
        Gate {
            journal: Journal::replaying(kept, pins, Budget::new(Limits::default())),
            reach: Arc::new(Reach { granted: vec![granted], secrets: Vec::new() }),
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
            dry_run: false,
        }
    }

    async fn asks(gate: &Gate, method: Method, uri: &str) -> Result<u16, HttpError> {
        let body = Full::new(Bytes::new()).map_err(|never| match never {}).boxed_unsync();
        let request = Request::builder().method(method).uri(uri).body(body).unwrap();
        Ok(gate.begin(request)?.answer().await?.status().as_u16())
    }

    /// The listener is asked by nobody, though it is granted: a connection would wait in its queue.
    #[tokio::test]
    async fn a_replay_sends_no_request_that_was_not_sent_then() {
        let listens = TcpListener::bind("127.0.0.1:0").unwrap();
        listens.set_nonblocking(true).unwrap();
        let uri = format!("http://{}/then", listens.local_addr().unwrap());
        let args = to_args("GET", &uri);
        let result = r#"{"Ok":{"status":203,"headers":[],"body":""}}"#.to_owned();
        let op = "wasi-http.read".to_owned();
        let then = Entry { seq: 0, op, args, kind: EffectKind::Read, state: EntryState::Done(result) };
        for method in [Method::GET, Method::POST] {
            let gate = replaying(vec![then.clone()], &listens);
            assert_eq!(asks(&gate, Method::GET, &uri).await.unwrap(), 203);
            assert!(gate.journal.take_end().is_none());
            asks(&gate, method.clone(), &uri).await.unwrap_err();
            let end = gate.journal.take_end();
            assert!(matches!(&end, Some(Interrupt::Diverged(why)) if why.contains("wasi-http")), "{method}: {end:?}");
            assert_eq!(listens.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "{method}");
        }
    }

    /// What is kept of a request without headers and body.
    fn to_args(method: &str, uri: &str) -> String {
        serde_json::to_string(&(method, uri, Vec::<(String, String)>::new(), "")).unwrap()
    }

    #[test]
    fn a_secret_that_an_answer_repeats_is_starred() {
        let check = |text: &str, want: &str| assert_eq!(censored(text.as_bytes(), b"abc"), want.as_bytes());
        check("", "");
        check("abc", "***");
        check("xabcabcx", "x******x");
        check("ab", "ab");
        assert_eq!(censored(b"as it is", b""), b"as it is");
    }

    #[test]
    fn what_follows_the_scheme_of_a_header_is_secret_by_itself() {
        let parts = |value| secret_parts(value).collect::<Vec<_>>();
        assert_eq!(parts("Bearer 0123456789"), ["Bearer 0123456789", "0123456789"]);
        assert_eq!(parts("0123456789"), ["0123456789", "0123456789"]);
        assert_eq!(parts("short"), ["short"]);
        let secrets = [Arc::new(SecretString::from("Bearer 0123456789"))];
        let body = Bytes::from("your key 0123456789 is unknown");
        let kept = kept(Answer { status: http::StatusCode::FORBIDDEN, headers: HeaderMap::new(), body }, &secrets);
        assert_eq!(BASE64.decode(kept.body).unwrap(), b"your key ********** is unknown");
    }
}
