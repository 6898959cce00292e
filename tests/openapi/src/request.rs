//! A request, held to the description.

use http::HeaderMap;
use http::header::{CONTENT_TYPE, USER_AGENT};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::description::{Description, Operation, Problem};

impl Description {
    /// The operation that a request is for. `path` is percent-encoded, relative to the API's base and without its query;
    /// `query` is what stands behind the question mark; `body` is the bytes as sent, empty for none.
    ///
    /// # Errors
    /// All that the description does not allow: an unknown path or method, a placeholder's, a query parameter's or the
    /// body's wrong type, a query or body key that is unknown or missing, a body that is not the JSON it should be, no
    /// user agent (which GitHub refuses).
    pub fn check_request(
        &self,
        method: &str,
        path: &str,
        query: Option<&str>,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Operation, Vec<Problem>> {
        let (operation, values) = self.find(method, path).map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        if !headers.contains_key(USER_AGENT) {
            problems.push(Problem::new("header user-agent", "missing: GitHub answers 403 without one"));
        }
        for (name, value) in &values {
            problems.extend(self.check_placeholder(&operation, name, value));
        }
        problems.extend(self.check_query(&operation, query.unwrap_or_default()));
        problems.extend(self.check_body(&operation, headers, body));
        if problems.is_empty() { Ok(operation) } else { Err(problems) }
    }

    fn parameters<'a>(&'a self, operation: &Operation, place: &'static str) -> Vec<&'a Value> {
        let listed = self.described(operation).get("parameters").and_then(Value::as_array);
        listed.into_iter().flatten().map(|one| self.resolve(one)).filter(|one| one["in"] == place).collect()
    }

    fn check_placeholder(&self, operation: &Operation, name: &str, value: &str) -> Vec<Problem> {
        let parameters = self.parameters(operation, "path");
        match parameters.iter().find(|parameter| parameter["name"] == name) {
            Some(parameter) => self.check_text(operation, parameter, value, &format!("path {{{name}}}")),
            None => Vec::new(),
        }
    }

    fn check_query(&self, operation: &Operation, query: &str) -> Vec<Problem> {
        let parameters = self.parameters(operation, "query");
        let pairs = match pairs(query) {
            Some(pairs) => pairs,
            None => return vec![Problem::new("query", "not percent-encoded UTF-8")],
        };
        let mut problems = Vec::new();
        for (index, (key, value)) in pairs.iter().enumerate() {
            let place = format!("query {key}");
            if pairs[..index].iter().any(|(before, _)| before == key) {
                problems.push(Problem::new(&place, "given twice"));
            }
            match parameters.iter().find(|parameter| parameter["name"] == **key) {
                Some(parameter) => problems.extend(self.check_text(operation, parameter, value, &place)),
                None => problems.push(Problem::new(&place, "no such key")),
            }
        }
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            if parameter["required"] == true && !pairs.iter().any(|(key, _)| key == name) {
                problems.push(Problem::new(format!("query {name}"), "required, and missing"));
            }
        }
        problems
    }

    /// Text from a URL, read as the type that its schema asks for.
    fn check_text(&self, operation: &Operation, parameter: &Value, text: &str, place: &str) -> Vec<Problem> {
        let schema = &parameter["schema"];
        let value = match self.resolve(schema)["type"].as_str() {
            Some("integer" | "number") => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
            Some("boolean") => text.parse::<bool>().map_or_else(|_| json!(text), Value::Bool),
            Some("array") => text.split(',').collect(),
            _ => json!(text),
        };
        self.validate(&format!("{operation} {place}"), schema, &value, place)
    }

    fn check_body(&self, operation: &Operation, headers: &HeaderMap, body: &[u8]) -> Vec<Problem> {
        let described = self.resolve(&self.described(operation)["requestBody"]);
        if body.is_empty() {
            let missing = described["required"] == true;
            return if missing { vec![Problem::new("body", "required, and missing")] } else { Vec::new() };
        }
        if described.is_null() {
            return vec![Problem::new("body", format!("{operation} takes none"))];
        }
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = content_type.split(';').next().unwrap_or_default().trim();
        let Some(schema) = described["content"].get(content_type).map(|content| &content["schema"]) else {
            return vec![Problem::new("header content-type", format!("`{content_type}` is not taken here"))];
        };
        if content_type != "application/json" {
            return Vec::new();
        }
        let value: Value = match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(error) => return vec![Problem::new("body", format!("not JSON: {error}"))],
        };
        let mut problems = self.validate(&format!("{operation} body"), schema, &value, "body");
        problems.extend(self.unknown_keys(schema, &value));
        problems
    }
}

/// Keys and values, decoded as forms are.
fn pairs(query: &str) -> Option<Vec<(String, String)>> {
    let decode = |text: &str| Some(percent_decode_str(&text.replace('+', " ")).decode_utf8().ok()?.into_owned());
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(key)?, decode(value)?))
        })
        .collect()
}
