//! An answer, held to the description.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::description::{Description, Operation, Problem};

impl Description {
    /// What an answer to `operation` has that the description does not allow: a status that is not listed, a body of
    /// another shape. Keys beyond the schema's are allowed.
    ///
    /// Some statuses are listed nowhere and may come anywhere (a bad token, a rate limit, a fault, `304` to a
    /// conditional read); those are held to GitHub's common error body.
    #[must_use]
    pub fn check_response(&self, operation: &Operation, status: u16, headers: &HeaderMap, body: &[u8]) -> Vec<Problem> {
        let responses = &self.described(operation)["responses"];
        let listed = responses.get(status.to_string()).map(|response| self.resolve(response));
        if status == 304 {
            return self.check_no_body(body, "304");
        }
        match listed {
            Some(response) => match response.get("content") {
                Some(content) => self.check_content(operation, status, content, headers, body),
                None => self.check_no_body(body, &status.to_string()),
            },
            None if matches!(status, 401 | 403 | 404 | 429 | 500..=599) => {
                let error = json!({
                    "type": "object",
                    "required": ["message"],
                    "properties": { "message": { "type": "string" }, "documentation_url": { "type": "string" } },
                });
                self.check_json("any error", &error, body)
            }
            None => vec![Problem::new("status", format!("{operation} does not answer {status}"))],
        }
    }

    fn check_content(
        &self,
        operation: &Operation,
        status: u16,
        content: &Value,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Vec<Problem> {
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = content_type.split(';').next().unwrap_or_default().trim();
        let name = format!("{operation} {status} {content_type}");
        match content.get(content_type).or_else(|| content.get("application/json")) {
            Some(media) if content_type.ends_with("json") => self.check_json(&name, &media["schema"], body),
            _ if content.get(content_type).is_some() => Vec::new(),
            _ => vec![Problem::new("header content-type", format!("`{content_type}` is not given here"))],
        }
    }

    fn check_json(&self, name: &str, schema: &Value, body: &[u8]) -> Vec<Problem> {
        match serde_json::from_slice(body) {
            Ok(value) => self.validate(name, schema, &value, "body"),
            Err(error) => vec![Problem::new("body", format!("not JSON: {error}"))],
        }
    }

    fn check_no_body(&self, body: &[u8], status: &str) -> Vec<Problem> {
        if body.is_empty() { Vec::new() } else { vec![Problem::new("body", format!("a {status} has none here"))] }
    }
}
