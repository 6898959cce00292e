//! Where a reference's registry is, and where it may send us.

use http::Uri;
use prow::component::{Reference, is_loopback};

/// What people call Docker's registry, and the host that is one.
const DOCKER_HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// The host that is connected to.
pub(crate) fn host(of: &Reference) -> &str {
    if of.host == DOCKER_HUB.0 { DOCKER_HUB.1 } else { &of.host }
}

/// The URL of `path` below the repository. Plain HTTP for this machine alone.
pub(crate) fn in_repository(of: &Reference, path: &str) -> String {
    let scheme = if of.is_loopback() { "http" } else { "https" };
    format!("{scheme}://{}/v2/{}/{path}", host(of), of.name)
}

/// The URL that `location`, found in the answer for `base`, leads to. Absolute, or a path, as registries write them.
///
/// # Errors
/// If it is no URL, or leads out of TLS; a registry on this machine may lead to another on this machine.
pub(crate) fn follow(base: &Uri, location: &str, of: &Reference) -> Result<Uri, String> {
    let wrong = || "its redirect is no URL".to_owned();
    let next: Uri = if location.starts_with('/') && !location.starts_with("//") {
        let (scheme, authority) = (base.scheme_str().unwrap_or("https"), base.authority().ok_or_else(wrong)?);
        format!("{scheme}://{authority}{location}").parse().map_err(|_| wrong())?
    } else {
        location.parse().map_err(|_| wrong())?
    };
    may_ask(&next, of).map(|()| next)
}

/// Whether a URL that a registry named may be asked at all.
pub(crate) fn may_ask(url: &Uri, of: &Reference) -> Result<(), String> {
    let Some(host) = url.host().filter(|host| !host.is_empty()) else {
        return Err("it leads to a URL without a host".to_owned());
    };
    match url.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if of.is_loopback() && is_loopback(host) => Ok(()),
        _ => Err(format!("it leads to {host} without TLS")),
    }
}

/// Whether credentials for one URL may go to the other.
pub(crate) fn same_server(one: &Uri, other: &Uri) -> bool {
    one.scheme() == other.scheme() && one.authority() == other.authority()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reference: &str, location: &str, want: Result<&str, &str>) {
        let of: Reference = reference.parse().unwrap();
        let base: Uri = in_repository(&of, "blobs/x").parse().unwrap();
        let got = follow(&base, location, &of).map(|uri| uri.to_string());
        assert_eq!(got.as_deref().map_err(String::as_str), want, "{reference} {location}");
    }

    #[test]
    fn redirects_stay_within_tls() {
        let (far, near) = ("oci://ghcr.io/a/b:c", "oci://127.0.0.1:5000/a/b:c");
        check(far, "/v2/x?y=z", Ok("https://ghcr.io/v2/x?y=z"));
        check(far, "https://storage.example.com/blob?sig=1", Ok("https://storage.example.com/blob?sig=1"));
        check(far, "http://storage.example.com/blob", Err("it leads to storage.example.com without TLS"));
        check(far, "http://127.0.0.1:80/latest", Err("it leads to 127.0.0.1 without TLS"));
        check(far, "//evil.example.com/x", Err("it leads to a URL without a host"));
        check(far, "file:///etc/passwd", Err("its redirect is no URL"));
        check(near, "/v2/x", Ok("http://127.0.0.1:5000/v2/x"));
        check(near, "http://localhost:5001/x", Ok("http://localhost:5001/x"));
        check(near, "http://[::1]:5001/x", Ok("http://[::1]:5001/x"));
        check(near, "http://example.com/x", Err("it leads to example.com without TLS"));
        check("oci://docker.io/library/a:c", "/x", Ok("https://registry-1.docker.io/x"));
    }

    #[test]
    fn credentials_are_for_one_server() {
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        assert!(same_server(&uri("https://h/a"), &uri("https://h/b?c")));
        assert!(!same_server(&uri("https://h/a"), &uri("https://h:444/a")));
        assert!(!same_server(&uri("https://h/a"), &uri("http://h/a")));
        assert!(!same_server(&uri("https://h/a"), &uri("https://i/a")));
    }
}
