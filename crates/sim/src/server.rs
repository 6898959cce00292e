//! The one port: takes connections, plays faults, keeps the log, and hands each request to whom it is for.

use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming as Body;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answer::{Answer, Refusal};
use crate::budget::{Resource, Standing};
use crate::fault::{FaultKind, When};
use crate::hub::Hub;
use crate::rest::{self, Incoming, limits, used_up};
use crate::world::now;
use crate::{admin, bugzilla, git_http, jira, page_for_people, stranger};

/// The largest body that is taken: packs come through here too.
const LARGEST_BODY: usize = 256 << 20;

/// No answer is to be given: hyper closes the connection when it gets this.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut off on purpose")]
struct Cut;

/// Takes connections until `stop`; those that are open then finish their request.
pub(crate) async fn accept(hub: Arc<Hub>, listener: TcpListener, stop: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let (stream, peer) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    continue;
                }
            },
        };
        connections.spawn(connection(hub.clone(), stream, peer, stop.clone()));
    }
    connections.close();
    // A client that keeps a request open does not keep us.
    let _ = tokio::time::timeout(Duration::from_secs(5), connections.wait()).await;
}

async fn connection(hub: Arc<Hub>, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
    let _ = stream.set_nodelay(true);
    // A second handle on the socket, for the linger option once hyper has the first.
    let Ok(handle) = stream.as_fd().try_clone_to_owned() else { return };
    let handle = Arc::new(std::net::TcpStream::from(handle));
    let service = service_fn(|request: Request<Body>| {
        let (hub, handle) = (hub.clone(), handle.clone());
        async move {
            match respond(hub, request).await {
                Some(answer) => Ok(into_response(answer)),
                None => {
                    reset_on_close(&handle);
                    Err(Cut)
                }
            }
        }
    });
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let result = tokio::select! {
        result = &mut serving => result,
        () = stop.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// Makes the coming close a reset instead of an orderly end.
fn reset_on_close(handle: &std::net::TcpStream) {
    let again = handle.try_clone().and_then(TcpStream::from_std);
    if let Err(error) = again.and_then(|stream| stream.set_zero_linger()) {
        tracing::warn!(%error, "the connection cannot be reset, only closed");
    }
}

fn into_response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// The answer; none if the connection is to be reset.
async fn respond(hub: Arc<Hub>, request: Request<Body>) -> Option<Answer> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, LARGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            tracing::debug!(%error, "a body was not received whole");
            return Some(Refusal::new(StatusCode::BAD_REQUEST, "The body cannot be read").into_answer());
        }
    };
    let path = head.uri.path().to_owned();
    if let Some(why) = stranger::refusal(&head.headers, &path, hub.base()) {
        return Some(Refusal::new(StatusCode::FORBIDDEN, why).into_answer());
    }
    let incoming = Incoming {
        method: head.method.to_string(),
        path: without_enterprise(&path).to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
    };
    if path.starts_with("/_sim/") {
        return Some(admin::answer(hub, incoming).await);
    }
    logged(hub, incoming).await
}

/// Enterprise serves REST below `/api/v3` and GraphQL at `/api/graphql`.
fn without_enterprise(path: &str) -> &str {
    match path {
        "/api/graphql" => "/graphql",
        path => path.strip_prefix("/api/v3").filter(|rest| rest.starts_with('/')).unwrap_or(path),
    }
}

async fn logged(hub: Arc<Hub>, request: Incoming) -> Option<Answer> {
    let (at, start) = (Timestamp::now(), Instant::now());
    let header = |name| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let user_agent = header(http::header::USER_AGENT);
    let (method, path, query) = (request.method.clone(), request.path.clone(), request.query.clone());
    let fault = hub.faults.take(&method, &path, &user_agent);
    let (answer, who) = with_fault(&hub, request, fault.as_ref()).await;
    hub.log.add(crate::client::Request {
        seq: 0,
        method,
        path,
        query,
        who,
        user_agent,
        status: answer.as_ref().map(|answer| answer.status.as_u16()),
        fault: fault.map(|fault| name_of(&fault)),
        at,
        elapsed_ms: start.elapsed().as_secs_f64() * 1000.0,
    });
    answer
}

fn name_of(fault: &FaultKind) -> String {
    match fault {
        FaultKind::InternalError => "500".to_owned(),
        FaultKind::BadGateway => "502".to_owned(),
        FaultKind::Forbidden => "403".to_owned(),
        FaultKind::PrimaryLimit => "403-primary".to_owned(),
        FaultKind::SecondaryLimit => "403-secondary".to_owned(),
        FaultKind::TooManyRequests => "429".to_owned(),
        FaultKind::DelayMs(ms) => format!("delay_ms {ms}"),
        FaultKind::Reset => "reset".to_owned(),
        FaultKind::ResetAfter => "reset-after".to_owned(),
        FaultKind::Kill(kill) => format!("kill {} {:?}", kill.pid, kill.when).to_lowercase(),
    }
}

async fn with_fault(hub: &Arc<Hub>, request: Incoming, fault: Option<&FaultKind>) -> (Option<Answer>, String) {
    let who = hub.read(|world| {
        let who = crate::auth::Who::of(world, &request.headers);
        who.map_or_else(|_| "bad-credentials".to_owned(), |who| who.label(world))
    });
    match fault {
        None => {
            let (answer, who) = handle(hub, request).await;
            (Some(answer), who)
        }
        Some(FaultKind::DelayMs(ms)) => {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            let (answer, who) = handle(hub, request).await;
            (Some(answer), who)
        }
        Some(FaultKind::ResetAfter) => (None, handle(hub, request).await.1),
        Some(FaultKind::Kill(kill)) => {
            if kill.when == When::After {
                handle(hub, request).await;
            }
            kill_process(kill.pid);
            (None, who)
        }
        Some(FaultKind::Reset) => (None, who),
        Some(refuse) => (Some(refusal_of(refuse, &who)), who),
    }
}

fn kill_process(pid: i32) {
    let killed = rustix::process::Pid::from_raw(pid)
        .ok_or(rustix::io::Errno::SRCH)
        .and_then(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL));
    if let Err(error) = killed {
        tracing::warn!(pid, %error, "the process was not killed");
    }
}

/// What GitHub answers in each of the cases that need no handling of the request.
fn refusal_of(fault: &FaultKind, who: &str) -> Answer {
    let now = now().as_second();
    let later = |refusal: Refusal, seconds: &str| refusal.into_answer().with("retry-after", seconds);
    match fault {
        FaultKind::Forbidden => Refusal::forbidden("Resource not accessible by integration").into_answer(),
        FaultKind::PrimaryLimit => {
            // On GitHub it may be an hour; two seconds can be waited for in a test.
            let standing = Standing { limit: 5000, used: 5000, reset: now + 2 };
            limits(used_up(who).into_answer(), standing, Resource::Core)
        }
        FaultKind::SecondaryLimit => {
            let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
            let standing = Standing { limit: 5000, used: 1, reset: now + 3600 };
            limits(later(Refusal::forbidden(message), "1"), standing, Resource::Core)
        }
        FaultKind::TooManyRequests => later(Refusal::new(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"), "1"),
        FaultKind::BadGateway => Refusal::new(StatusCode::BAD_GATEWAY, "Server Error").into_answer(),
        FaultKind::InternalError
        | FaultKind::DelayMs(_)
        | FaultKind::Reset
        | FaultKind::ResetAfter
        | FaultKind::Kill(_) => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error").into_answer(),
    }
}

/// Git and the API wait for git commands, so they run where waiting is allowed.
async fn handle(hub: &Arc<Hub>, request: Incoming) -> (Answer, String) {
    let hub = hub.clone();
    let work = move || {
        let beside = |prefix: &str| request.path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
        if beside(jira::PREFIX) {
            return jira::answer(&hub, &request);
        }
        if beside(bugzilla::PREFIX) {
            return bugzilla::answer(&hub, &request);
        }
        github(&hub, request)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => {
            tracing::error!(%error, "a request was not handled");
            (Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "Server Error").into_answer(), String::new())
        }
    }
}

fn github(hub: &Arc<Hub>, request: Incoming) -> (Answer, String) {
    match git_http::split(&request.path) {
        None => match page_for_people::answer(hub, &request) {
            Some(page) => (page, "anonymous".to_owned()),
            None => rest::answer(hub, request),
        },
        Some((repo, rest)) => {
            let who = hub.read(|world| {
                crate::auth::Who::of(world, &request.headers)
                    .map_or_else(|_| "bad-credentials".to_owned(), |w| w.label(world))
            });
            let call = git_http::GitCall {
                method: &request.method,
                repo,
                rest,
                query: &request.query,
                headers: &request.headers,
                body: &request.body,
            };
            (git_http::answer(hub, &call), who)
        }
    }
}
