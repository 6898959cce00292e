//! Where a service is that events are posted to: an `http` or `https` URL, with a name and a password perhaps.

use std::fmt;
use std::str::FromStr;

/// A URL that a request can be sent to. A name and password in it are no part of what is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: String,
    user: Option<(String, String)>,
}

impl Endpoint {
    /// The URL without the name and the password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name and the password that stand in front of the host, decoded. Behaviour: Go net/http, which sends them as Basic.
    pub fn user(&self) -> Option<(&str, &str)> {
        self.user.as_ref().map(|(name, password)| (name.as_str(), password.as_str()))
    }

    /// The one of this name below it.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        Endpoint { url: format!("{}/{name}", self.url.trim_end_matches('/')), user: self.user.clone() }
    }
}

/// Without the password.
impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.user, self.url.split_once("://")) {
            (Some(_), Some((scheme, rest))) => write!(out, "{scheme}://…@{rest}"),
            _ => out.write_str(&self.url),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Endpoint({self})")
    }
}

impl FromStr for Endpoint {
    type Err = String;

    /// What is wrong is said without the text: there may be a password in it.
    fn from_str(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("it has no `http://`")?;
        if !["http", "https"].contains(&scheme) {
            return Err("it is neither `http://` nor `https://`".to_owned());
        }
        let (rest, _fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user_of(user)?), host),
            None => (None, authority),
        };
        // Go takes a colon without a port for no port.
        let host = host.strip_suffix(':').unwrap_or(host);
        check_host(host)?;
        if let Some(bad) = path.chars().find(|c| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(*c)) {
            return Err(format!("{bad:?} cannot stand in its path"));
        }
        // A URL without a path asks for `/`; one that goes on with a query has to say so.
        let slash = if path.starts_with('?') { "/" } else { "" };
        Ok(Endpoint { url: format!("{scheme}://{host}{slash}{path}"), user })
    }
}

fn check_host(authority: &str) -> Result<(), String> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or("its address has no `]`")?;
            address.parse::<std::net::Ipv6Addr>().map_err(|_| "what stands in brackets is no address")?;
            (address, port)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if host.is_empty() || !host.chars().all(of_a_name) {
        return Err("it has no host, or one that cannot be".to_owned());
    }
    match port.strip_prefix(':') {
        Some(number) if number.parse::<u16>().is_err() || number.starts_with('+') => {
            Err(format!("{number:?} is no port: 65535 is the last"))
        }
        None if !port.is_empty() => Err("after the address comes `:` and a port".to_owned()),
        Some(_) | None => Ok(()),
    }
}

fn user_of(text: &str) -> Result<(String, String), String> {
    // Behaviour: Go net/url, `validUserinfo`.
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || "-._:~!$&'()*+,;=%@".contains(c)) {
        return Err("the name or password in it has characters that have to be written as `%XX`".to_owned());
    }
    let (name, password) = text.split_once(':').unwrap_or((text, ""));
    Ok((decoded(name)?, decoded(password)?))
}

fn decoded(text: &str) -> Result<String, String> {
    let wrong = || "a `%` in the name or password is not followed by two hexadecimal digits".to_owned();
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, tail)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = tail;
            continue;
        }
        let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit)).ok_or_else(wrong)?;
        let digits = std::str::from_utf8(digits).map_err(|_| wrong())?;
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        rest = &tail[2..];
    }
    String::from_utf8(bytes).map_err(|_| "the name or password in it is no text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, url: &str, user: Option<(&str, &str)>, shown: &str) {
        let endpoint: Endpoint = text.parse().unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!((endpoint.url(), endpoint.user(), endpoint.to_string().as_str()), (url, user, shown), "{text}");
        assert_eq!(format!("{endpoint:?}"), format!("Endpoint({shown})"));
    }

    #[test]
    fn a_password_is_for_the_server_and_not_shown() {
        check("http://host", "http://host", None, "http://host");
        check("http://host/a@b:c", "http://host/a@b:c", None, "http://host/a@b:c");
        check("https://[::1]:8443/x?y=z#w", "https://[::1]:8443/x?y=z", None, "https://[::1]:8443/x?y=z");
        check("http://host:/y", "http://host/y", None, "http://host/y");
        check("http://host?y", "http://host/?y", None, "http://host/?y");
        check("http://bob:pw@host/hook", "http://host/hook", Some(("bob", "pw")), "http://…@host/hook");
        check("http://bob@host:1", "http://host:1", Some(("bob", "")), "http://…@host:1");
        check("http://b%40b:p%3Aw:@x@host", "http://host", Some(("b@b", "p:w:@x")), "http://…@host");
        let below = "http://bob:pw@host/hook/".parse::<Endpoint>().unwrap().below("help");
        assert_eq!((below.url(), below.user()), ("http://host/hook/help", Some(("bob", "pw"))));
    }

    #[track_caller]
    fn check_refused(text: &str, want: &str) {
        let why = text.parse::<Endpoint>().unwrap_err();
        assert!(why.contains(want) && !why.contains("pw"), "{text}: {why}");
    }

    #[test]
    fn what_no_request_can_be_sent_to_is_refused() {
        check_refused("a:8888", "no `http://`");
        check_refused("ftp://a", "neither");
        check_refused("http://", "no host");
        check_refused("http:///x", "no host");
        check_refused("http://:80/x", "no host");
        check_refused("http://a b", "no host");
        check_refused("http://bob:pw@", "no host");
        check_refused("http://host:99999/", "is no port");
        check_refused("http://host:x/", "is no port");
        check_refused("http://host:+80/", "is no port");
        check_refused("http://[::1", "no `]`");
        check_refused("http://[host]/", "no address");
        check_refused("http://[::1]80", "a port");
        check_refused("http://host/a b", "' ' cannot stand");
        check_refused("http://host/\u{7f}", "cannot stand");
        check_refused("http://bob:pw^@host", "%XX");
        check_refused("http://bob:%4@host", "two hexadecimal digits");
        check_refused("http://bob:%ff@host", "no text");
    }
}
