//! What a page in someone's browser must not be able to do: drive the stand-in, which runs code for whoever drives it.

use http::{HeaderMap, header};

/// Why a request is refused that a browser may have been tricked into; none if it may pass.
///
/// A name that leads here by someone else's DNS is told by its `Host`; a page from elsewhere by its `Origin`, which
/// programs do not send. `base` is where the stand-in says that it is.
pub(crate) fn refusal(headers: &HeaderMap, path: &str, base: &str) -> Option<&'static str> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(name);
    let own = base.split_once("://").map_or(base, |(_, rest)| rest).split('/').next().map(name);
    if host.is_some_and(|host| !is_plain(host) && Some(host) != own) {
        return Some("The Host is not mine: use the address that I listen on, or start me with --external-url");
    }
    if path.starts_with("/_sim/") && headers.contains_key(header::ORIGIN) {
        return Some("Pages in a browser may not drive the stand-in");
    }
    None
}

/// A host without its port.
fn name(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

/// A host that nobody's DNS can give to someone else.
fn is_plain(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, given: &[(&str, &str)], passes: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.insert(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
        }
        assert_eq!(refusal(&headers, path, "http://sim.example:8880").is_none(), passes, "{path} {given:?}");
    }

    #[test]
    fn only_programs_drive_it_and_only_by_its_own_name() {
        for host in ["127.0.0.1:8880", "localhost:8880", "localhost", "[::1]:8880", "10.0.0.7:8880", "sim.example:8880"]
        {
            check("/_sim/seed", &[("host", host)], true);
            check("/user", &[("host", host)], true);
        }
        check("/_sim/seed", &[], true);
        check("/_sim/seed", &[("host", "evil.example")], false);
        check("/user", &[("host", "evil.example:8880")], false);
        check("/_sim/seed", &[("host", "127.0.0.1:8880"), ("origin", "https://evil.example")], false);
        check("/_sim/seed", &[("host", "127.0.0.1:8880"), ("origin", "null")], false);
        check("/user", &[("host", "127.0.0.1:8880"), ("origin", "https://evil.example")], true);
    }
}
