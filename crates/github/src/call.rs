//! One request to GitHub, before anything is known of servers and tokens.

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use crate::error::ApiError;

/// What is asked. The template is how metrics and tests know the operation; the path is the template filled in.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) template: &'static str,
    /// Percent-encoded, relative to the endpoint's base path.
    pub(crate) path: String,
    /// Percent-encoded, without the question mark.
    pub(crate) query: String,
    /// JSON.
    pub(crate) body: Option<String>,
    pub(crate) follow_redirects: bool,
    pub(crate) api: Protocol,
}

/// Which of GitHub's two APIs a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Rest,
    /// One URL for everything, and only the body tells a read from a write.
    GraphQl {
        mutates: bool,
    },
}

/// Everything but RFC 3986's unreserved characters is encoded, so that a name can neither end a path segment nor begin
/// a query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Call {
    pub(crate) fn get(template: &'static str, args: &[&str]) -> Result<Self, ApiError> {
        Self::new(Method::GET, template, args)
    }

    pub(crate) fn post(template: &'static str, args: &[&str]) -> Result<Self, ApiError> {
        Self::new(Method::POST, template, args)
    }

    pub(crate) fn patch(template: &'static str, args: &[&str]) -> Result<Self, ApiError> {
        Self::new(Method::PATCH, template, args)
    }

    pub(crate) fn delete(template: &'static str, args: &[&str]) -> Result<Self, ApiError> {
        Self::new(Method::DELETE, template, args)
    }

    /// Fills the template's `{names}` with `args` in order; `{*name}` keeps its slashes.
    fn new(method: Method, template: &'static str, args: &[&str]) -> Result<Self, ApiError> {
        let mut args = args.iter();
        let mut path = String::with_capacity(template.len());
        for segment in template.split('/').skip(1) {
            path.push('/');
            match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                None => path.push_str(segment),
                Some(name) => {
                    let arg = args.next().expect("a call gives one argument for each name in its template");
                    let filled = if name.starts_with('*') { encode_path(arg) } else { encode_segment(arg) };
                    path.push_str(&filled.ok_or_else(|| {
                        let message = format!("{arg:?} cannot stand for {segment} in a path");
                        ApiError::other(name_of(&method), template, message)
                    })?);
                }
            }
        }
        debug_assert!(args.next().is_none(), "more arguments than names in {template}");
        Ok(Self {
            method,
            template,
            path,
            query: String::new(),
            body: None,
            follow_redirects: true,
            api: Protocol::Rest,
        })
    }

    /// A GraphQL request; `template` names the operation, for metrics.
    pub(crate) fn graphql(template: &'static str, mutates: bool, body: &impl Serialize) -> Self {
        Self {
            method: Method::POST,
            template,
            path: template.to_owned(),
            query: String::new(),
            body: None,
            follow_redirects: false,
            api: Protocol::GraphQl { mutates },
        }
        .with_body(body)
    }

    pub(crate) fn with_query(mut self, key: &str, value: &str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(key);
        self.query.push('=');
        self.query.extend(utf8_percent_encode(value, ENCODED));
        self
    }

    pub(crate) fn with_body(mut self, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).expect("our own request bodies have string keys and known variants");
        self.body = Some(body);
        self
    }

    /// For the one endpoint where a redirect is an answer.
    pub(crate) fn without_redirects(mut self) -> Self {
        self.follow_redirects = false;
        self
    }

    /// Whether it changes nothing, so that it may be made again and reaches GitHub in a dry run.
    pub(crate) fn is_read(&self) -> bool {
        match self.api {
            Protocol::Rest => self.method == Method::GET,
            Protocol::GraphQl { mutates } => !mutates,
        }
    }

    /// Whether its answer may be kept for conditional requests.
    pub(crate) fn is_cacheable(&self) -> bool {
        self.method == Method::GET
    }

    pub(crate) fn is_graphql(&self) -> bool {
        matches!(self.api, Protocol::GraphQl { .. })
    }

    pub(crate) fn method_name(&self) -> &'static str {
        name_of(&self.method)
    }

    pub(crate) fn path_and_query(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }
}

fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "request",
    }
}

/// `None` for names that a server may resolve to another path: empty, `.` and `..`.
fn encode_segment(segment: &str) -> Option<String> {
    (!matches!(segment, "" | "." | "..")).then(|| utf8_percent_encode(segment, ENCODED).to_string())
}

fn encode_path(path: &str) -> Option<String> {
    let segments: Option<Vec<String>> = path.split('/').map(encode_segment).collect();
    Some(segments?.join("/"))
}

/// A successful answer, or a redirect that was not followed.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: http::StatusCode,
    /// The `Link` header, for the next page.
    pub(crate) link: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) body: Bytes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_place() {
        let check = |template: &'static str, args: &[&str], want: Option<&str>| {
            assert_eq!(Call::get(template, args).ok().map(|call| call.path).as_deref(), want, "{args:?}");
        };
        let label = "/repos/{owner}/{repo}/labels/{name}";
        check(label, &["o", "r", "kind/bug"], Some("/repos/o/r/labels/kind%2Fbug"));
        check(label, &["o", "r", "50% off?#"], Some("/repos/o/r/labels/50%25%20off%3F%23"));
        check(label, &["o", "r", "né"], Some("/repos/o/r/labels/n%C3%A9"));
        check(label, &["o", "..", "x"], None);
        check(label, &["", "r", "x"], None);
        check("/git/ref/{*ref}", &["heads/feature/x"], Some("/git/ref/heads/feature/x"));
        check("/git/ref/{*ref}", &["heads/../../x"], None);
        check("/user", &[], Some("/user"));
    }

    #[test]
    fn a_query_is_encoded() {
        let call = Call::get("/search", &[]).unwrap().with_query("q", "is:pr a&b").with_query("per_page", "1");
        assert_eq!(call.path_and_query(), "/search?q=is%3Apr%20a%26b&per_page=1");
    }
}
