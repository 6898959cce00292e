//! What an endpoint answers: success, or GitHub's way of saying no.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use sha2::Digest as _;

/// A response whose body is known.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: StatusCode,
    /// Headers beyond those that every answer has.
    pub(crate) headers: HeaderMap,
    /// The body; empty for 204 and 304.
    pub(crate) body: Bytes,
}

/// GitHub's way of saying no. `errors` is there for what is wrong with single fields.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    /// The status code.
    pub(crate) status: StatusCode,
    /// One sentence.
    pub(crate) message: String,
    /// What is wrong with single fields.
    pub(crate) errors: Vec<Value>,
}

/// What endpoints give back.
pub(crate) type Reply = Result<Answer, Refusal>;

impl Answer {
    /// A JSON body.
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
        Self { status, headers, body: value.to_string().into() }
    }

    /// 200 with a JSON body.
    pub(crate) fn ok(value: &Value) -> Self {
        Self::json(StatusCode::OK, value)
    }

    /// 201 with a JSON body, and where the new thing is.
    pub(crate) fn created(value: &Value) -> Self {
        let answer = Self::json(StatusCode::CREATED, value);
        match value["url"].as_str() {
            Some(url) => answer.with("location", url),
            None => answer,
        }
    }

    /// A status code alone.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// The same with one more header. A value that cannot be a header is left out.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// The weak validator of a successful GET: a digest of its body and of its place in a list.
    pub(crate) fn etag(&self) -> String {
        let mut digest = sha2::Sha256::new();
        digest.update(&self.body);
        digest.update(self.headers.get(http::header::LINK).map_or(&b""[..], HeaderValue::as_bytes));
        format!("W/\"{}\"", hex::encode(digest.finalize()))
    }
}

impl Refusal {
    /// A refusal with no more than its sentence.
    pub(crate) fn new(status: StatusCode, message: &str) -> Self {
        Self { status, message: message.to_owned(), errors: Vec::new() }
    }

    /// 404, which is also what hides a thing that the caller may not see.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// 422 with one thing that is wrong: `field` of `resource` is `code`.
    pub(crate) fn invalid(resource: &str, field: &str, code: &str) -> Self {
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        refusal.errors.push(json!({ "resource": resource, "field": field, "code": code }));
        refusal
    }

    /// 422 with one thing that is wrong, in words.
    pub(crate) fn custom(resource: &str, message: &str) -> Self {
        let mut refusal = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        refusal.errors.push(json!({ "resource": resource, "code": "custom", "message": message }));
        refusal
    }

    /// 422 with a sentence.
    pub(crate) fn unprocessable(message: &str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    /// 403 with a sentence.
    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// The response.
    pub(crate) fn into_answer(self) -> Answer {
        let mut body = json!({
            "message": self.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": self.status.as_str(),
        });
        if !self.errors.is_empty() {
            body["errors"] = json!(self.errors);
        }
        Answer::json(self.status, &body)
    }
}

impl From<crate::git::GitError> for Refusal {
    /// A git command that should have worked did not: the stand-in's own fault, so 500 with git's words.
    fn from(error: crate::git::GitError) -> Self {
        tracing::error!(%error, "git failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string())
    }
}
