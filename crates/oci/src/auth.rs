//! What a registry asks for when it answers 401, and the header that it wants then.

use http::header::{HeaderMap, WWW_AUTHENTICATE};

/// `WWW-Authenticate`, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// Name and password with each request.
    Basic,
    /// A token, from there.
    Bearer(Realm),
}

/// Where tokens are had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Realm {
    pub(crate) url: String,
    pub(crate) service: Option<String>,
    pub(crate) scope: Option<String>,
}

impl Challenge {
    /// The first challenge that we can answer.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        headers.get_all(WWW_AUTHENTICATE).iter().find_map(|value| parse(value.to_str().ok()?))
    }
}

fn parse(text: &str) -> Option<Challenge> {
    let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    if scheme.eq_ignore_ascii_case("basic") {
        return Some(Challenge::Basic);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let mut realm = Realm { url: String::new(), service: None, scope: None };
    for (key, value) in parameters(rest) {
        match key.to_ascii_lowercase().as_str() {
            "realm" => realm.url = value,
            "service" => realm.service = Some(value),
            "scope" => realm.scope = Some(value),
            _ => {}
        }
    }
    (!realm.url.is_empty()).then_some(Challenge::Bearer(realm))
}

/// `key="value"` or `key=value`, parted by commas; a value in quotes may hold commas.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((key, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        found.push((key.trim().to_owned(), value.trim().to_owned()));
        rest = next.trim_start_matches([',', ' ']);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<Challenge>) {
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, text.parse().unwrap());
        assert_eq!(Challenge::of(&headers), want, "{text}");
    }

    #[test]
    fn challenges_as_registries_write_them() {
        let bearer = |url: &str, service: Option<&str>, scope: Option<&str>| {
            let (service, scope) = (service.map(str::to_owned), scope.map(str::to_owned));
            Some(Challenge::Bearer(Realm { url: url.to_owned(), service, scope }))
        };
        check(
            r#"Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:a/b:pull,push""#,
            bearer("https://ghcr.io/token", Some("ghcr.io"), Some("repository:a/b:pull,push")),
        );
        check(r#"bearer realm="https://h/t?a=b", error="x""#, bearer("https://h/t?a=b", None, None));
        check("Bearer realm=https://h/t,service=s", bearer("https://h/t", Some("s"), None));
        check("Bearer service=s", None);
        check(r#"Basic realm="registry""#, Some(Challenge::Basic));
        check("Negotiate", None);
        check(r#"Bearer realm="unfinished"#, bearer("unfinished", None, None));
    }
}
