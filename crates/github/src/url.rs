//! Endpoints, and which URLs that a server names may be asked.

use http::Uri;

use crate::options::SetupError;

/// A REST base: scheme, host, port, and a path prefix (empty, or `/api/v3` without a slash behind it).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    origin: String,
    prefix: String,
}

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Self, SetupError> {
        let wrong = |problem: &str| SetupError::Endpoint { endpoint: text.to_owned(), problem: problem.to_owned() };
        let uri: Uri = text.parse().map_err(|_| wrong("not a URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong("it needs a scheme and a host, such as https://api.github.com"));
        };
        if !matches!(scheme, "http" | "https") {
            return Err(wrong("the scheme must be http or https"));
        }
        if authority.as_str().contains('@') {
            // The URL is printed in errors and logs; a password in it would be too.
            return Err(SetupError::Endpoint {
                endpoint: format!("{scheme}://…@{}", authority.host()),
                problem: "credentials belong in the token file, not in the URL".into(),
            });
        }
        if uri.query().is_some() {
            return Err(wrong("a base URL has no query"));
        }
        Ok(Self {
            origin: format!("{scheme}://{}", authority.as_str().to_ascii_lowercase()),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    pub(crate) fn is_https(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// The URL of `path_and_query`, which is relative to the base.
    pub(crate) fn join(&self, path_and_query: &str) -> String {
        format!("{}{}{path_and_query}", self.origin, self.prefix)
    }

    /// Where the GraphQL API is that belongs to this base.
    pub(crate) fn graphql(&self) -> String {
        let prefix = self.prefix.strip_suffix("/v3").filter(|rest| rest.ends_with("/api")).unwrap_or(&self.prefix);
        format!("{}{prefix}/graphql", self.origin)
    }

    /// The path and query, relative to the base, of a URL that lies on this endpoint; `None` for any other.
    fn relative(&self, url: &Uri) -> Option<String> {
        let path_and_query = url.path_and_query().map_or("/", |p| p.as_str());
        match (url.scheme_str(), url.authority()) {
            (Some(scheme), Some(authority)) => {
                let origin = format!("{scheme}://{}", authority.as_str().to_ascii_lowercase());
                if origin != self.origin {
                    return None;
                }
            }
            (None, None) => {}
            _ => return None,
        }
        // Enterprise names the prefix in its links; a proxy in front of it may not.
        let rest = match path_and_query.strip_prefix(self.prefix.as_str()) {
            Some(rest) if rest.starts_with('/') => rest,
            _ => path_and_query,
        };
        Some(rest.to_owned())
    }
}

/// Where a `Link` or a redirect leads, relative to the base, if it stays on one of `endpoints`. The token goes with the
/// request, so a URL elsewhere is never followed.
pub(crate) fn resolve(endpoints: &[Endpoint], url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    endpoints.iter().find_map(|endpoint| endpoint.relative(&url))
}

/// The URL of `rel="next"` in a `Link` header.
pub(crate) fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    // A URL may hold commas and semicolons, so links are found by their brackets and not by splitting.
    while let Some(open) = rest.find('<') {
        let (url, after) = rest[open + 1..].split_once('>')?;
        let parameters = after.split('<').next().unwrap_or(after);
        let is_next = parameters.split([';', ',']).any(|parameter| {
            parameter.split_once('=').is_some_and(|(key, value)| {
                key.trim().eq_ignore_ascii_case("rel")
                    && value.trim().trim_matches('"').split_ascii_whitespace().any(|rel| rel == "next")
            })
        });
        if is_next {
            return Some(url);
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_checked() {
        let check = |text: &str, want: Option<&str>| {
            assert_eq!(Endpoint::parse(text).ok().map(|e| e.join("/user")).as_deref(), want, "{text}");
        };
        check("https://api.github.com", Some("https://api.github.com/user"));
        check("https://GHE.example.com/api/v3/", Some("https://ghe.example.com/api/v3/user"));
        check("http://127.0.0.1:8880", Some("http://127.0.0.1:8880/user"));
        for bad in ["", "api.github.com", "ftp://x", "https://user:pass@x", "https://x/?a=b", "http://"] {
            check(bad, None);
        }
        let shown = Endpoint::parse("https://user:hunter2@x").unwrap_err().to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn graphql_lies_beside_the_rest_base() {
        let check = |text: &str, want: &str| assert_eq!(Endpoint::parse(text).unwrap().graphql(), want, "{text}");
        check("https://api.github.com", "https://api.github.com/graphql");
        check("https://ghe.example.com/api/v3/", "https://ghe.example.com/api/graphql");
        check("http://ghproxy:8888", "http://ghproxy:8888/graphql");
        check("http://proxy/github", "http://proxy/github/graphql");
        check("http://proxy/ghe/api/v3", "http://proxy/ghe/api/graphql");
    }

    #[test]
    fn links_stay_on_the_host_and_keep_one_prefix() {
        let endpoints: Vec<Endpoint> = ["http://proxy:8888", "https://ghe.example.com/api/v3"]
            .into_iter()
            .map(|text| Endpoint::parse(text).unwrap())
            .collect();
        let check = |url: &str, want: Option<&str>| {
            assert_eq!(resolve(&endpoints, url).as_deref(), want, "{url}");
        };
        check("https://ghe.example.com/api/v3/repositories/1/x?page=2", Some("/repositories/1/x?page=2"));
        check("https://ghe.example.com/repositories/1/x?page=2", Some("/repositories/1/x?page=2"));
        check("https://ghe.example.com/api/v3x/y", Some("/api/v3x/y"));
        check("http://proxy:8888/user?page=2", Some("/user?page=2"));
        check("/user?page=2", Some("/user?page=2"));
        check("http://ghe.example.com/api/v3/user", None);
        check("https://evil.example.com/user", None);
        check("https://ghe.example.com.evil.com/user", None);
        check("https://user@ghe.example.com/user", None);
        check("http://proxy:8889/user", None);
    }

    #[test]
    fn the_next_link_is_found() {
        let check = |header: &str, want: Option<&str>| assert_eq!(next_link(header), want, "{header}");
        check(r#"<https://x/a?page=2>; rel="next", <https://x/a?page=9>; rel="last""#, Some("https://x/a?page=2"));
        check(r#"<https://x/a?page=1>; rel="prev", <https://x/a?p=3,4>; rel="next""#, Some("https://x/a?p=3,4"));
        check(r#"<https://x/a?page=1>; rel="first""#, None);
        check(r#"<https://x/a>; title="next""#, None);
        check("<https://x/a>; rel=next", Some("https://x/a"));
        check("<https://x/a", None);
        check("", None);
    }
}
