//! Where a plugin's own requests may go: the hosts that `grants.http` names, and at those no address of this machine or its
//! network unless the grant names the address itself.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, Scheme};

/// One entry of `grants.http`: `api.example.com`, `api.example.com:8443`, `http://api.example.com`, or with an address,
/// `http://10.0.0.7:8080`. HTTPS unless it says otherwise, and the port that goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    is_plain: bool,
    host: String,
    port: u16,
}

/// Why an entry of `grants.http` is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` under `grants.http` is no host: write `api.example.com`, `host:port`, or `http://host:port` for plain HTTP"
)]
pub struct NoHost(String);

impl FromStr for Granted {
    type Err = NoHost;

    fn from_str(text: &str) -> Result<Self, NoHost> {
        let none = || NoHost(text.to_owned());
        let (is_plain, rest) = match text.split_once("://") {
            None => (false, text),
            Some(("https", rest)) => (false, rest),
            Some(("http", rest)) => (true, rest),
            Some(_) => return Err(none()),
        };
        let authority: Authority = rest.parse().map_err(|_| none())?;
        let host = bare(authority.host());
        if host.is_empty() || host.contains('*') || authority.as_str().contains('@') {
            return Err(none());
        }
        // A port that is no number is taken for none by the parser.
        if authority.port().is_some() != authority.as_str().rsplit(']').next().unwrap_or_default().contains(':') {
            return Err(none());
        }
        Ok(Self { is_plain, host, port: authority.port_u16().unwrap_or(usual_port(is_plain)) })
    }
}

impl fmt::Display for Granted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_plain { "http" } else { "https" };
        write!(out, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// A request's destination, within the grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The host in lower case, an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Not TLS.
    pub is_plain: bool,
    /// The grant names this very address, and so may be one of this network.
    pub is_by_address: bool,
}

impl Destination {
    /// Whether it is this one.
    pub(crate) fn is(&self, granted: &Granted) -> bool {
        (self.is_plain, &self.host, self.port) == (granted.is_plain, &granted.host, granted.port)
    }
}

/// Where `uri` leads, if a grant names it.
///
/// # Errors
/// In words for the plugin's author: what is not granted, and what to add.
pub(crate) fn destination(grants: &[Granted], uri: &Uri) -> Result<Destination, String> {
    let is_plain = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => false,
        Some(scheme) if *scheme == Scheme::HTTP => true,
        _ => return Err("a URL needs a scheme: https, or http".to_owned()),
    };
    let authority = uri.authority().ok_or("a URL needs a host")?;
    if authority.as_str().contains('@') {
        return Err("a URL carries no credentials here: name them under `secrets`".to_owned());
    }
    let asked =
        Granted { is_plain, host: bare(authority.host()), port: authority.port_u16().unwrap_or(usual_port(is_plain)) };
    if !grants.contains(&asked) {
        return Err(format!("not granted: add `{asked}` to `grants.http`"));
    }
    let Granted { is_plain, host, port } = asked;
    let is_by_address = host.parse::<IpAddr>().is_ok();
    Ok(Destination { host, port, is_plain, is_by_address })
}

fn usual_port(is_plain: bool) -> u16 {
    if is_plain { 80 } else { 443 }
}

/// One spelling of a host: lower case, no brackets, no dot at the end, an address as it is written back.
fn bare(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    host.parse::<IpAddr>().map_or(host, |address| address.to_string())
}

/// Whether an address is one of the public Internet: not this machine's, not its network's, not reserved for anything else.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_for_protocols = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99);
    let is_for_measuring = a == 198 && (b == 18 || b == 19);
    !(a == 0
        || a >= 240
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_for_protocols
        || is_for_measuring)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    // The ways in which an address of the old kind is written as one of the new.
    let segments = address.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    if let Some(old) = address.to_ipv4_mapped() {
        return is_public_v4(old);
    }
    match segments {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => return is_public_v4(embedded(high, low)),
        _ => {}
    }
    // Only what is given out as global unicast, without what is set apart in it.
    let is_global = segments[0] & 0xe000 == 0x2000;
    let is_documentation = segments[0] == 0x2001 && segments[1] == 0xdb8 || segments[0] & 0xfff0 == 0x3ff0;
    let is_for_protocols = segments[0] == 0x2001 && segments[1] < 0x200;
    is_global && !is_documentation && !is_for_protocols
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(grants: &[&str], url: &str, want: Result<&str, &str>) {
        let grants: Vec<Granted> = grants.iter().map(|grant| grant.parse().unwrap()).collect();
        let got = destination(&grants, &url.parse().unwrap());
        match (got, want) {
            (Ok(to), Ok(want)) => assert_eq!(format!("{}:{} {}", to.host, to.port, to.is_by_address), want, "{url}"),
            (Err(why), Err(part)) => assert!(why.contains(part), "{url}: {why}"),
            (got, want) => panic!("{url}: got {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn a_request_goes_to_a_granted_host_by_its_scheme_and_port() {
        let grants =
            ["api.example.com", "Example.com:8443", "http://plain.example.com", "http://10.0.0.7:8080", "[::1]:9"];
        check(&grants, "https://api.example.com/a?b", Ok("api.example.com:443 false"));
        check(&grants, "https://API.example.com./a", Ok("api.example.com:443 false"));
        check(&grants, "https://example.com:8443/", Ok("example.com:8443 false"));
        check(&grants, "http://plain.example.com/", Ok("plain.example.com:80 false"));
        check(&grants, "http://10.0.0.7:8080/", Ok("10.0.0.7:8080 true"));
        check(&grants, "https://[0:0::1]:9/", Ok("::1:9 true"));
        check(&grants, "https://example.com/", Err("add `https://example.com:443` to `grants.http`"));
        check(&grants, "http://api.example.com/", Err("add `http://api.example.com:80`"));
        check(&grants, "https://plain.example.com/", Err("not granted"));
        check(&grants, "https://evil.api.example.com/", Err("not granted"));
        check(&grants, "https://api.example.com.evil.org/", Err("not granted"));
        check(&grants, "https://api.example.com@evil.org/", Err("no credentials"));
        check(&grants, "https://bob:secret@api.example.com/", Err("no credentials"));
        check(&grants, "/only/a/path", Err("a scheme"));
        check(&grants, "ftp://api.example.com/", Err("a scheme"));
        check(&[], "https://api.example.com/", Err("not granted"));
    }

    #[test]
    fn an_entry_is_a_host_and_no_pattern() {
        for wrong in [
            "",
            "*",
            "*.example.com",
            "ftp://example.com",
            "example.com/path",
            "a b",
            "bob@example.com",
            "example.com:http",
        ] {
            assert!(wrong.parse::<Granted>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_of_the_internet_is_known() {
        let all = [
            (
                false,
                "0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.8.8.8 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8",
            ),
            (false, "192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255"),
            (false, ":: ::1 fe80::1 fc00::1 fd12:3456::1 ff02::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1"),
            (false, "2001:db8::1 2001::1 2002:7f00:1:: 3fff::1 ::127.0.0.1"),
            (true, "1.1.1.1 100.63.0.1 100.128.0.1 172.32.0.1 192.0.1.1 198.20.0.1 223.255.255.255"),
            (true, "2606:4700::1111 2a00:1450::1 ::ffff:1.1.1.1 64:ff9b::101:101 2002:101:101::"),
        ];
        for (want, addresses) in all {
            for address in addresses.split(' ') {
                assert_eq!(is_public(address.parse().unwrap()), want, "{address}");
            }
        }
    }
}
