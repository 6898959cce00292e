//! Where the web pages of a GitHub are, and with them the addresses that git clones from.

use http::Uri;

/// The base of GitHub's web pages, without a slash at its end: what the configuration says (`github.link_url`), else what
/// follows from the API's base URLs. `https://api.github.com` has its pages at `https://github.com`,
/// `https://api.NAME.ghe.com` at `https://NAME.ghe.com`, and an Enterprise server (`https://HOST/api/v3`) at its host; any
/// other API has them at its own origin. Where several bases are given, one of these three counts before the others, which
/// are caching proxies in front of it.
#[must_use]
pub fn web_base(endpoints: &[String], link_url: Option<&str>) -> String {
    if let Some(configured) = link_url {
        return configured.trim_end_matches('/').to_owned();
    }
    let uris: Vec<Uri> = endpoints.iter().filter_map(|endpoint| endpoint.parse().ok()).collect();
    let of_github = uris.iter().find_map(pages_of_github);
    of_github.or_else(|| uris.first().and_then(origin)).unwrap_or_else(|| "https://github.com".to_owned())
}

fn pages_of_github(api: &Uri) -> Option<String> {
    let (scheme, authority) = (api.scheme_str()?, api.authority()?.as_str().to_ascii_lowercase());
    let hosted = authority.strip_prefix("api.").filter(|rest| *rest == "github.com" || rest.ends_with(".ghe.com"));
    match hosted {
        Some(rest) => Some(format!("{scheme}://{rest}")),
        None if api.path().trim_end_matches('/').ends_with("/api/v3") => Some(format!("{scheme}://{authority}")),
        None => None,
    }
}

fn origin(api: &Uri) -> Option<String> {
    Some(format!("{}://{}", api.scheme_str()?, api.authority()?.as_str().to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(endpoints: &[&str], link_url: Option<&str>, want: &str) {
        let owned: Vec<String> = endpoints.iter().map(ToString::to_string).collect();
        assert_eq!(web_base(&owned, link_url), want, "{endpoints:?} {link_url:?}");
    }

    #[test]
    fn pages_are_where_the_configuration_or_the_api_says() {
        check(&["https://api.github.com"], None, "https://github.com");
        check(&["https://API.github.com/"], None, "https://github.com");
        check(&["https://api.octo.ghe.com"], None, "https://octo.ghe.com");
        check(&["https://ghe.example.com/api/v3/"], None, "https://ghe.example.com");
        check(&["https://ghe.example.com:8443/api/v3"], None, "https://ghe.example.com:8443");
        check(&["http://127.0.0.1:8880"], None, "http://127.0.0.1:8880");
        check(&["http://127.0.0.1:8880/"], None, "http://127.0.0.1:8880");
        check(&["http://ghproxy", "https://api.github.com"], None, "https://github.com");
        check(&["http://ghproxy/api/v3"], None, "http://ghproxy");
        check(&[], None, "https://github.com");
        check(&["https://api.github.com"], Some("https://ghe.example.com/"), "https://ghe.example.com");
    }
}
