//! A small GitHub: statuses and comments, with faults on demand.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};

#[derive(Default)]
pub(crate) struct Content {
    /// `sha context state description target`, as they came.
    pub(crate) statuses: Vec<SetStatus>,
    /// Number of the pull request, id and text.
    pub(crate) comments: Vec<(u64, u64, String)>,
    /// Commits on which statuses fail with a 500.
    pub(crate) broken: BTreeSet<String>,
    /// Commits on which statuses are not answered for as long as they stand here.
    pub(crate) held: BTreeSet<String>,
    /// Whether a status has come that was not answered at once.
    pub(crate) has_waited: bool,
    /// How many new comments are refused with a 403.
    pub(crate) refused_comments: u32,
    /// Commits that are not there.
    pub(crate) unknown: BTreeSet<String>,
    /// The work tree of `o/r`, which only the token of an installation may clone.
    pub(crate) repository: Option<PathBuf>,
    /// What tokens were asked for: the bodies of those requests.
    pub(crate) minted: Vec<Value>,
    last_id: u64,
}

/// The token that every installation gets here.
pub(crate) const TOKEN: &str = "ghs_narrow";
/// How git shows it.
const SHOWN: &str = "Basic eC1hY2Nlc3MtdG9rZW46Z2hzX25hcnJvdw==";

impl Content {
    fn must_wait(&mut self, sha: &str) -> bool {
        let held = self.held.contains(sha);
        self.has_waited |= held;
        held
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetStatus {
    pub(crate) sha: String,
    pub(crate) context: String,
    pub(crate) state: String,
    pub(crate) description: String,
    pub(crate) target_url: String,
}

#[derive(Clone)]
pub(crate) struct Github {
    pub(crate) content: Arc<Mutex<Content>>,
    pub(crate) endpoint: String,
}

type Shared = State<Arc<Mutex<Content>>>;

impl Github {
    pub(crate) async fn start() -> Self {
        let content = Arc::new(Mutex::new(Content::default()));
        let router = Router::new()
            .route("/user", get(async || Json(json!({"login": "bot"}))))
            .route("/repos/o/r/statuses/{sha}", post(set_status))
            .route("/repos/o/r/issues/{number}/comments", get(list_comments).post(create_comment))
            .route("/repos/o/r/issues/comments/{id}", patch(edit_comment).delete(delete_comment))
            .route("/app", get(async || Json(json!({"slug": "bot"}))))
            .route(
                "/app/installations",
                get(async || Json(json!([{"id": 3, "app_slug": "bot", "account": {"login": "o"}}]))),
            )
            .route("/app/installations/3/access_tokens", post(mint))
            .route("/o/r.git/{*path}", get(clone_file))
            .with_state(Arc::clone(&content));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { content, endpoint }
    }

    /// The states that were set for this commit, in order.
    pub(crate) fn states(&self, sha: &str) -> Vec<String> {
        let content = self.content.lock().unwrap();
        content.statuses.iter().filter(|status| status.sha == sha).map(|status| status.state.clone()).collect()
    }

    pub(crate) fn last(&self, sha: &str) -> Option<SetStatus> {
        self.content.lock().unwrap().statuses.iter().rfind(|status| status.sha == sha).cloned()
    }

    pub(crate) fn comments(&self, number: u64) -> Vec<String> {
        let content = self.content.lock().unwrap();
        content.comments.iter().filter(|comment| comment.0 == number).map(|comment| comment.2.clone()).collect()
    }
}

fn text(body: &Value, key: &str) -> String {
    body[key].as_str().unwrap_or_default().to_owned()
}

async fn set_status(State(content): Shared, Path(sha): Path<String>, Json(body): Json<Value>) -> Response {
    while content.lock().unwrap().must_wait(&sha) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut content = content.lock().unwrap();
    if content.broken.contains(&sha) {
        return (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({"message": "Server Error"}))).into_response();
    }
    if content.unknown.contains(&sha) {
        let message = format!("No commit found for SHA: {sha}");
        return (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"message": message}))).into_response();
    }
    content.statuses.push(SetStatus {
        sha,
        context: text(&body, "context"),
        state: text(&body, "state"),
        description: text(&body, "description"),
        target_url: text(&body, "target_url"),
    });
    (StatusCode::CREATED, Json(body)).into_response()
}

async fn mint(State(content): Shared, Json(body): Json<Value>) -> Response {
    content.lock().unwrap().minted.push(body);
    let answer = json!({"token": TOKEN, "expires_at": Timestamp::now() + Duration::from_secs(3600)});
    (StatusCode::CREATED, Json(answer)).into_response()
}

/// git's oldest protocol: plain files.
async fn clone_file(State(content): Shared, Path(path): Path<String>, headers: HeaderMap) -> Response {
    if headers.get(header::AUTHORIZATION).is_none_or(|shown| shown != SHOWN) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")]).into_response();
    }
    let repository = content.lock().unwrap().repository.clone().unwrap();
    match std::fs::read(repository.join(".git").join(path)) {
        Ok(bytes) => bytes.into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn list_comments(State(content): Shared, Path(number): Path<u64>) -> Json<Value> {
    let content = content.lock().unwrap();
    let of_pull = content.comments.iter().filter(|comment| comment.0 == number);
    Json(of_pull.map(|(_, id, body)| json!({"id": id, "body": body, "user": {"login": "bot"}})).collect())
}

async fn create_comment(State(content): Shared, Path(number): Path<u64>, Json(body): Json<Value>) -> Response {
    let mut content = content.lock().unwrap();
    if content.refused_comments > 0 {
        content.refused_comments -= 1;
        return (StatusCode::FORBIDDEN, Json(json!({"message": "Not now"}))).into_response();
    }
    content.last_id += 1;
    let id = content.last_id;
    content.comments.push((number, id, text(&body, "body")));
    (StatusCode::CREATED, Json(json!({"id": id, "body": body["body"], "user": {"login": "bot"}}))).into_response()
}

async fn edit_comment(State(content): Shared, Path(id): Path<u64>, Json(body): Json<Value>) -> Response {
    let mut content = content.lock().unwrap();
    match content.comments.iter_mut().find(|comment| comment.1 == id) {
        Some(comment) => {
            comment.2 = text(&body, "body");
            Json(json!({"id": id, "body": comment.2, "user": {"login": "bot"}})).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn delete_comment(State(content): Shared, Path(id): Path<u64>) -> StatusCode {
    content.lock().unwrap().comments.retain(|comment| comment.1 != id);
    StatusCode::NO_CONTENT
}
