//! What an answer means and whether to ask again at once: decided on plain data.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;

use crate::error::{ApiErrorKind, after};
use crate::limits::Limits;

/// How many refusals of one sort a token has met in a row, this one not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Streak {
    pub(crate) secondary: u32,
    pub(crate) unavailable: u32,
}

/// All that sleeping within one call may add up to.
pub(crate) const BUDGET: Duration = Duration::from_secs(1);

/// How long to wait before a read is made again; the number of entries is the number of repetitions.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(300)];

/// How long GitHub may need until what was just written can be read.
pub(crate) const READ_AFTER_WRITE: Duration = Duration::from_millis(500);

const SECONDARY: Duration = Duration::from_secs(60);
const SECONDARY_MOST: Duration = Duration::from_secs(15 * 60);
const UNAVAILABLE: Duration = Duration::from_secs(2);
const UNAVAILABLE_MOST: Duration = Duration::from_secs(2 * 60);

/// The meaning of a status of 400 and more.
///
/// Behaviour: GitHub's order. `Retry-After` is obeyed first, then an exhausted budget waits for its reset and a second,
/// then a refusal that speaks of a limit waits a minute, and longer if it comes again.
pub(crate) fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    message: &str,
    streak: Streak,
    now: Timestamp,
) -> ApiErrorKind {
    let limits = Limits::read(headers);
    match status.as_u16() {
        401 => ApiErrorKind::Unauthorized,
        403 | 429 => limited(status, &limits, message, streak, now)
            .unwrap_or_else(|| ApiErrorKind::Forbidden { needed: needed(headers) }),
        404 | 410 => ApiErrorKind::NotFound,
        409 => ApiErrorKind::Conflict,
        422 => ApiErrorKind::Unprocessable,
        408 | 500.. => {
            ApiErrorKind::Unavailable { retry_after: limits.retry_after.unwrap_or_else(|| unavailable_for(streak)) }
        }
        _ => ApiErrorKind::Other,
    }
}

/// The back-off after a failure that names no time.
pub(crate) fn unavailable_for(streak: Streak) -> Duration {
    doubled(UNAVAILABLE, streak.unavailable, UNAVAILABLE_MOST)
}

/// The wait after a burst limit that names no time.
pub(crate) fn secondary_for(streak: Streak) -> Duration {
    doubled(SECONDARY, streak.secondary, SECONDARY_MOST)
}

fn limited(status: StatusCode, limits: &Limits, message: &str, streak: Streak, now: Timestamp) -> Option<ApiErrorKind> {
    let exhausted = limits.remaining == Some(0);
    let reset = limits.reset.filter(|_| exhausted).map(|reset| after(reset, Duration::from_secs(1)));
    let asked = limits.retry_after.filter(|wait| !wait.is_zero()).map(|wait| after(now, wait));
    if let Some(until) = asked.max(reset) {
        return Some(ApiErrorKind::RateLimited { until, secondary: reset.is_none() });
    }
    let speaks_of_it = message.to_ascii_lowercase().contains("rate limit") || message.contains("abuse detection");
    let refused_by_limit = status == StatusCode::TOO_MANY_REQUESTS || exhausted || speaks_of_it;
    refused_by_limit.then(|| ApiErrorKind::RateLimited { until: after(now, secondary_for(streak)), secondary: true })
}

fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times.min(16))).min(most)
}

/// What the token lacks: an App's permissions, or a personal token's scopes where it has none of those accepted.
fn needed(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(permissions) = text("x-accepted-github-permissions").filter(|text| !text.is_empty()) {
        return Some(permissions.to_owned());
    }
    let accepted = text("x-accepted-oauth-scopes").filter(|text| !text.is_empty())?;
    let held = text("x-oauth-scopes").unwrap_or_default();
    let has_one = held.split(',').any(|scope| accepted.split(',').any(|wanted| wanted.trim() == scope.trim()));
    (!has_one)
        .then(|| format!("one of the scopes {accepted}; the token has {}", if held.is_empty() { "none" } else { held }))
}

/// GitHub's words in an error body; the body itself where it is not GitHub's JSON, cut to a line's length.
pub(crate) fn message(status: StatusCode, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Body {
        message: String,
        #[serde(default)]
        errors: Vec<serde_json::Value>,
    }
    if let Ok(body) = serde_json::from_slice::<Body>(body) {
        let details: Vec<String> = body.errors.iter().map(detail).collect();
        return if details.is_empty() { body.message } else { format!("{}: {}", body.message, details.join("; ")) };
    }
    let text = String::from_utf8_lossy(body);
    let line: String = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    if line.is_empty() { status.canonical_reason().unwrap_or("no words").to_owned() } else { line }
}

/// One entry of `errors`: a text, or an object whose `message`, or else `resource`, `field` and `code`, say it.
fn detail(error: &serde_json::Value) -> String {
    let part = |key: &str| error.get(key).and_then(serde_json::Value::as_str);
    if let Some(text) = error.as_str().or_else(|| part("message")) {
        return text.to_owned();
    }
    ["resource", "field", "code"].into_iter().filter_map(part).collect::<Vec<_>>().join(" ")
}

/// How long to wait before a failed read is made again, if at all.
///
/// `spent` is the time since the call began: a call that took its second to fail is not made again, since whoever waits
/// for it may be a guest that holds an instance.
pub(crate) fn again_in(status: Option<u16>, answered: bool, tries: usize, spent: Duration) -> Option<Duration> {
    let passing = !answered || matches!(status, Some(502..=504));
    let pause = *PAUSES.get(tries)?;
    (passing && spent + pause < BUDGET).then_some(pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn now() -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }

    fn limited_until(seconds: i64, secondary: bool) -> ApiErrorKind {
        ApiErrorKind::RateLimited { until: Timestamp::from_second(NOW + seconds).unwrap(), secondary }
    }

    fn unavailable(seconds: u64) -> ApiErrorKind {
        ApiErrorKind::Unavailable { retry_after: Duration::from_secs(seconds) }
    }

    fn forbidden(needed: Option<&str>) -> ApiErrorKind {
        ApiErrorKind::Forbidden { needed: needed.map(str::to_owned) }
    }

    #[track_caller]
    fn check(status: u16, headers: &[(&'static str, &str)], text: &str, times: u32, want: ApiErrorKind) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let streak = Streak { secondary: times, unavailable: times };
        let got = refusal(StatusCode::from_u16(status).unwrap(), &map, text, streak, now());
        assert_eq!(got, want, "{status} {headers:?} {text:?}");
    }

    #[test]
    fn each_refusal_has_its_meaning() {
        let reset = (NOW + 100).to_string();
        let empty: &[(&str, &str)] = &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)];
        check(401, &[], "Bad credentials", 0, ApiErrorKind::Unauthorized);
        check(404, &[], "Not Found", 0, ApiErrorKind::NotFound);
        check(410, &[], "Gone", 0, ApiErrorKind::NotFound);
        check(409, &[], "", 0, ApiErrorKind::Conflict);
        check(422, &[], "", 0, ApiErrorKind::Unprocessable);
        check(405, &[], "", 0, ApiErrorKind::Other);
        check(403, empty, "API rate limit exceeded", 0, limited_until(101, false));
        check(429, empty, "", 0, limited_until(101, false));
        check(403, &[("retry-after", "30")], "", 0, limited_until(30, true));
        check(429, &[("retry-after", "30")], "", 3, limited_until(30, true));
        check(403, &[], "You have exceeded a secondary rate limit.", 0, limited_until(60, true));
        check(403, &[], "You have exceeded a secondary rate limit.", 2, limited_until(240, true));
        check(403, &[], "You have exceeded a secondary rate limit.", 99, limited_until(900, true));
        check(403, &[], "You have triggered an abuse detection mechanism", 0, limited_until(60, true));
        check(429, &[], "", 0, limited_until(60, true));
        check(403, &[("x-ratelimit-remaining", "0")], "", 0, limited_until(60, true));
        check(403, &[("x-ratelimit-remaining", "7")], "Must have admin rights", 0, forbidden(None));
        check(403, &[("retry-after", "0")], "no", 0, forbidden(None));
        check(403, &[("x-accepted-github-permissions", "issues=write")], "no", 0, forbidden(Some("issues=write")));
        check(500, &[], "", 0, unavailable(2));
        check(502, &[], "", 3, unavailable(16));
        check(503, &[("retry-after", "7")], "", 3, unavailable(7));
        check(504, &[], "", 40, unavailable(120));
        check(403, &[("retry-after", "99999999999999")], "", 0, limited_until(365 * 24 * 3600, true));
    }

    #[test]
    fn both_headers_wait_for_the_later() {
        let reset = (NOW + 10).to_string();
        let headers: &[(&str, &str)] =
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset), ("retry-after", "60")];
        check(403, headers, "", 0, limited_until(60, false));
    }

    #[test]
    fn scopes_are_named_only_where_none_fits() {
        let check = |accepted: &str, held: &str, want: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert("x-accepted-oauth-scopes", accepted.parse().unwrap());
            headers.insert("x-oauth-scopes", held.parse().unwrap());
            assert_eq!(needed(&headers).as_deref(), want, "{accepted:?} {held:?}");
        };
        check("repo", "repo, user", None);
        check("repo", "user", Some("one of the scopes repo; the token has user"));
        check("repo", "", Some("one of the scopes repo; the token has none"));
        check("", "user", None);
    }

    #[test]
    fn errors_carry_githubs_words() {
        let check = |status: u16, body: &str, want: &str| {
            assert_eq!(message(StatusCode::from_u16(status).unwrap(), body.as_bytes()), want);
        };
        check(404, r#"{"message":"Not Found","documentation_url":"x"}"#, "Not Found");
        check(
            422,
            r#"{"message":"Validation Failed","errors":[{"resource":"Label","code":"invalid","field":"name"},"why"]}"#,
            "Validation Failed: Label name invalid; why",
        );
        check(
            422,
            r#"{"message":"Validation Failed","errors":[{"message":"too long","code":"custom"}]}"#,
            "Validation Failed: too long",
        );
        check(502, "<html>\nUnicorn</html>", "<html> Unicorn</html>");
        check(503, "", "Service Unavailable");
    }

    #[test]
    fn a_read_is_made_again_twice_within_a_second() {
        let check = |status: Option<u16>, answered: bool, tries: usize, spent_ms: u64, want_ms: Option<u64>| {
            let got = again_in(status, answered, tries, Duration::from_millis(spent_ms));
            assert_eq!(got, want_ms.map(Duration::from_millis), "{status:?} {tries} {spent_ms}");
        };
        check(Some(502), true, 0, 10, Some(100));
        check(Some(503), true, 1, 120, Some(300));
        check(Some(504), true, 2, 450, None);
        check(Some(500), true, 0, 10, None);
        check(Some(404), true, 0, 10, None);
        check(None, false, 0, 10, Some(100));
        check(None, false, 0, 950, None);
        check(None, false, 1, 700, None);
        check(None, true, 0, 10, None);
    }
}
