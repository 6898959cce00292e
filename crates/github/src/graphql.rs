//! The GraphQL API, for the few things that REST has no call for. Each operation is a constant document; its variables
//! and its answer are types. The request goes through the same transport, limits and metrics as all others.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::client::Api;
use crate::error::{ApiError, ApiErrorKind, after};
use crate::limits::Limits;
use crate::policy::{Streak, secondary_for, unavailable_for};

/// One operation that this client knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// Its name in `document`.
    pub(crate) name: &'static str,
    /// The name as metrics and errors show it: `/graphql#name`.
    pub(crate) template: &'static str,
    /// The whole text; variables are declared in it and never pasted into it.
    pub(crate) document: &'static str,
    /// Whether it changes anything.
    pub(crate) mutates: bool,
}

/// `query!(Name, "…")` and `mutation!(Name, "…")`: an operation whose document names it so.
macro_rules! operation {
    ($name:ident, $mutates:literal, $document:literal) => {
        $crate::graphql::Operation {
            name: stringify!($name),
            template: concat!("/graphql#", stringify!($name)),
            document: $document,
            mutates: $mutates,
        }
    };
}
pub(crate) use operation;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a, V> {
    query: &'a str,
    operation_name: &'a str,
    variables: &'a V,
}

#[derive(Deserialize)]
struct Response<T> {
    data: T,
}

/// The answer's errors, without its data.
#[derive(Deserialize)]
struct Failure {
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: String,
}

/// What GitHub says no with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: ApiErrorKind,
    pub(crate) message: String,
}

impl Api {
    /// Asks a query. The answer is GitHub's `data`; one with errors beside it counts as failed.
    pub(crate) async fn query<T: DeserializeOwned>(
        &self,
        operation: &Operation,
        variables: &impl Serialize,
    ) -> Result<T, ApiError> {
        debug_assert!(!operation.mutates, "{} is a mutation", operation.name);
        let response: Response<T> = self.read_answer(request(operation, variables)).await?;
        Ok(response.data)
    }

    /// Makes a mutation; in a dry run only tells of it. `intent` completes "would …".
    pub(crate) async fn mutate<T: DeserializeOwned + Default>(
        &self,
        operation: &Operation,
        variables: &impl Serialize,
        intent: &str,
    ) -> Result<T, ApiError> {
        debug_assert!(operation.mutates, "{} is a query", operation.name);
        let call = request(operation, variables);
        if self.only_tells(&call, intent) {
            return Ok(T::default());
        }
        let response: Response<T> = self.read_answer(call).await?;
        Ok(response.data)
    }
}

fn request(operation: &Operation, variables: &impl Serialize) -> Call {
    let body = Request { query: operation.document, operation_name: operation.name, variables };
    Call::graphql(operation.template, operation.mutates, &body)
}

/// The first error in an answer with status 200, if there is one.
///
/// Behaviour: GitHub's words for the type of an error. What bears none is an error in the request itself, or GitHub's
/// "something went wrong", which passes.
pub(crate) fn refusal(body: &[u8], limits: &Limits, streak: Streak, now: Timestamp) -> Option<Refusal> {
    let failure: Failure = serde_json::from_slice(body).ok()?;
    let kind = kind(failure.errors.first()?, limits, streak, now);
    let messages: Vec<String> = failure.errors.into_iter().map(|problem| problem.message).collect();
    Some(Refusal { kind, message: messages.join("; ") })
}

fn kind(problem: &Problem, limits: &Limits, streak: Streak, now: Timestamp) -> ApiErrorKind {
    match problem.kind.as_deref() {
        Some("NOT_FOUND") => ApiErrorKind::NotFound,
        Some("FORBIDDEN") => ApiErrorKind::Forbidden { needed: None },
        Some("INSUFFICIENT_SCOPES") => ApiErrorKind::Forbidden { needed: Some(problem.message.clone()) },
        Some("UNPROCESSABLE") => ApiErrorKind::Unprocessable,
        Some("STALE_DATA") => ApiErrorKind::Conflict,
        Some("RATE_LIMITED" | "RATE_LIMIT") => {
            let reset = limits.reset.filter(|_| limits.remaining == Some(0));
            let until = reset.map(|reset| after(reset, std::time::Duration::from_secs(1)));
            ApiErrorKind::RateLimited {
                until: until.unwrap_or_else(|| after(now, limits.retry_after.unwrap_or_else(|| secondary_for(streak)))),
                secondary: until.is_none(),
            }
        }
        Some("SERVICE_UNAVAILABLE") => ApiErrorKind::Unavailable { retry_after: unavailable_for(streak) },
        None if problem.message.starts_with("Something went wrong while executing your query") => {
            ApiErrorKind::Unavailable { retry_after: unavailable_for(streak) }
        }
        Some(_) | None => ApiErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(NOW + seconds).unwrap()
    }

    #[track_caller]
    fn check(body: &str, limits: &Limits, want: Option<(ApiErrorKind, &str)>) {
        let got = refusal(body.as_bytes(), limits, Streak::default(), at(0));
        let want = want.map(|(kind, message)| Refusal { kind, message: message.into() });
        assert_eq!(got, want, "{body}");
    }

    #[test]
    fn an_error_beside_the_data_has_its_kind() {
        let none = Limits::default();
        let typed = |kind: &str| {
            format!(r#"{{"data":{{"x":null}},"errors":[{{"type":"{kind}","path":["x"],"message":"m"}}]}}"#)
        };
        check(r#"{"data":{"x":1}}"#, &none, None);
        check(r#"{"data":{"x":1},"errors":[]}"#, &none, None);
        check(&typed("NOT_FOUND"), &none, Some((ApiErrorKind::NotFound, "m")));
        check(&typed("FORBIDDEN"), &none, Some((ApiErrorKind::Forbidden { needed: None }, "m")));
        check(&typed("INSUFFICIENT_SCOPES"), &none, Some((ApiErrorKind::Forbidden { needed: Some("m".into()) }, "m")));
        check(&typed("UNPROCESSABLE"), &none, Some((ApiErrorKind::Unprocessable, "m")));
        check(&typed("STALE_DATA"), &none, Some((ApiErrorKind::Conflict, "m")));
        check(&typed("unheard"), &none, Some((ApiErrorKind::Other, "m")));
        check(r#"{"errors":[{"message":"a"},{"message":"b"}]}"#, &none, Some((ApiErrorKind::Other, "a; b")));
        let passing = "Something went wrong while executing your query. Please include `A1` when reporting this issue.";
        let unavailable = ApiErrorKind::Unavailable { retry_after: Duration::from_secs(2) };
        check(&format!(r#"{{"errors":[{{"message":"{passing}"}}]}}"#), &none, Some((unavailable, passing)));
    }

    #[test]
    fn a_limit_holds_until_its_reset_or_a_minute() {
        let body = r#"{"errors":[{"type":"RATE_LIMITED","message":"m"}]}"#;
        let limited = |seconds, secondary| Some((ApiErrorKind::RateLimited { until: at(seconds), secondary }, "m"));
        let used_up = Limits { remaining: Some(0), reset: Some(at(100)), ..Limits::default() };
        check(body, &used_up, limited(101, false));
        check(body, &Limits { remaining: Some(7), ..used_up }, limited(60, true));
        check(body, &Limits { retry_after: Some(Duration::from_secs(9)), ..Limits::default() }, limited(9, true));
    }
}
