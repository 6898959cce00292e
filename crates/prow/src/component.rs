//! Where a plugin's component is: a file, or an artifact in a registry.

use std::fmt;
use std::str::FromStr;

/// How references to registries begin.
const SCHEME: &str = "oci://";
const MOST_NAME_BYTES: usize = 255;
const MOST_TAG_BYTES: usize = 128;

/// `component:` of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComponentRef {
    /// A file, relative to plugins.yaml.
    File(String),
    /// An artifact in a registry.
    Registry(Reference),
}

/// An artifact in a registry: `oci://HOST/NAME:TAG`, `oci://HOST/NAME@sha256:…`, or both, and then the digest counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// Host name or address, with a port perhaps; in lower case.
    pub host: String,
    /// The repository's name in its registry; lower case, parts parted by slashes.
    pub name: String,
    /// Which one.
    pub version: Version,
}

/// Which of a repository's artifacts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// Whatever the registry says that this tag is.
    Tag(String),
    /// The one whose manifest has this digest.
    Digest(Digest),
}

/// A SHA-256, as registries write it: `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    const PREFIX: &'static str = "sha256:";

    /// The digest of these 64 digits.
    pub fn of_hex(hex: &str) -> Option<Self> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (hex.len() == 64 && hex.bytes().all(is_digit)).then(|| Self(format!("{}{hex}", Self::PREFIX)))
    }

    /// The 64 digits.
    pub fn hex(&self) -> &str {
        &self.0[Self::PREFIX.len()..]
    }

    /// With its prefix.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Digest {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.strip_prefix(Self::PREFIX)
            .and_then(Self::of_hex)
            .ok_or_else(|| format!("`{text}` is no digest: write `sha256:` and 64 lower-case hexadecimal digits"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl ComponentRef {
    /// Reads `component:`.
    ///
    /// # Errors
    /// If it begins as a URL does and is no reference; says what one looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            None => Ok(Self::File(text.to_owned())),
            Some(_) if text.starts_with(SCHEME) => text.parse().map(Self::Registry),
            Some((scheme, _)) => Err(format!(
                "components do not come by `{scheme}://`: give a path relative to plugins.yaml, or `oci://HOST/NAME@sha256:…`"
            )),
        }
    }
}

impl Reference {
    /// The same repository's artifact of this digest.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        Self { version: Version::Digest(digest), ..self.clone() }
    }

    /// `HOST/NAME`, which prefixes are compared with.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.host, self.name)
    }

    /// Whether the registry is on this machine: the only kind that is spoken to without TLS.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

/// Whether this host, with or without a port, is this machine itself.
pub fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or(host),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}` names no component: {why}; write it like `oci://HOST/NAME@sha256:…`");
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| wrong("it does not begin with `oci://`"))?;
        let (host, rest) = rest.split_once('/').ok_or_else(|| wrong("no name follows the host"))?;
        if !is_host(host) {
            return Err(wrong(&format!("`{host}` is no host")));
        }
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse::<Digest>().map_err(|why| wrong(&why))?)),
            None => (rest, None),
        };
        let (name, tag) = match rest.split_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (rest, None),
        };
        if name.len() > MOST_NAME_BYTES || !name.split('/').all(is_name_part) {
            return Err(wrong(&format!("`{name}` is no repository's name, which has lower-case letters and digits")));
        }
        if let Some(tag) = tag.filter(|tag| !is_tag(tag)) {
            return Err(wrong(&format!("`{tag}` is no tag")));
        }
        let version = match (digest, tag) {
            (Some(digest), _) => Version::Digest(digest),
            (None, Some(tag)) => Version::Tag(tag.to_owned()),
            (None, None) => return Err(wrong("it says not which: a digest or a `:TAG` is missing")),
        };
        Ok(Self { host: host.to_ascii_lowercase(), name: name.to_owned(), version })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Version::Tag(tag) => write!(out, "{SCHEME}{}/{}:{tag}", self.host, self.name),
            Version::Digest(digest) => write!(out, "{SCHEME}{}/{}@{digest}", self.host, self.name),
        }
    }
}

fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", port),
        Some(_) => return false,
        None => match host.find(':') {
            Some(at) => host.split_at(at),
            None => (host, ""),
        },
    };
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    let is_label = |label: &str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        !label.is_empty() && label.bytes().all(plain) && !label.starts_with('-') && !label.ends_with('-')
    };
    is_port && name.split('.').all(is_label)
}

/// Lower-case letters and digits, parted by single dots, one or two underscores, or dashes.
fn is_name_part(part: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let ends = [part.bytes().next(), part.bytes().last()];
    ends.iter().all(|end| end.is_some_and(is_plain))
        && part
            .split(|c: char| is_plain(u8::try_from(c).unwrap_or(0)))
            .all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= MOST_TAG_BYTES
        && tag.bytes().next().is_some_and(is_plain)
        && tag.bytes().all(|b| is_plain(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROES: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    #[track_caller]
    fn check(text: &str, want: Result<&str, &str>) {
        match (ComponentRef::parse(text), want) {
            (Ok(ComponentRef::Registry(reference)), Ok(want)) => assert_eq!(reference.to_string(), want),
            (Ok(ComponentRef::File(path)), Ok("")) => assert_eq!(path, text),
            (Err(why), Err(part)) => assert!(why.contains(part), "{text}: {why:?} lacks {part:?}"),
            (got, want) => panic!("{text}: {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn a_component_is_a_path_or_in_a_registry() {
        for path in ["./greeter.wasm", "/srv/a.wasm", "oci/greeter.wasm", "a:b.wasm"] {
            check(path, Ok(""));
        }
        let with = |reference: &str| format!("{reference}@{ZEROES}");
        check(&with("oci://ghcr.io/o/greeter"), Ok(&with("oci://ghcr.io/o/greeter")));
        check(&with("oci://ghcr.io/o/greeter:1.2"), Ok(&with("oci://ghcr.io/o/greeter")));
        check("oci://GHCR.io/o/greeter:v1.2_x-3", Ok("oci://ghcr.io/o/greeter:v1.2_x-3"));
        check("oci://localhost:5000/a", Err("a `:TAG` is missing"));
        check("oci://[::1]:5000/a:b", Ok("oci://[::1]:5000/a:b"));
        check("oci://h/a/b__c/d-e--f/g.h_i:t", Ok("oci://h/a/b__c/d-e--f/g.h_i:t"));
    }

    #[test]
    fn what_names_nothing_is_refused_with_what_would() {
        check("https://example.com/a.wasm", Err("do not come by `https://`"));
        check("OCI://h/a:b", Err("do not come by `OCI://`"));
        for (text, why) in [
            ("oci://h", "no name follows the host"),
            ("oci:///a:b", "`` is no host"),
            ("oci://user@h/a:b", "`user@h` is no host"),
            ("oci://h:99999/a:b", "is no host"),
            ("oci://-h/a:b", "is no host"),
            ("oci://h..x/a:b", "is no host"),
            ("oci://[::g]/a:b", "is no host"),
            ("oci://h/:b", "`` is no repository's name"),
            ("oci://h/A:b", "is no repository's name"),
            ("oci://h/a//c:b", "is no repository's name"),
            ("oci://h/../c:b", "is no repository's name"),
            ("oci://h/a..c:b", "is no repository's name"),
            ("oci://h/a___c:b", "is no repository's name"),
            ("oci://h/a?x=1:b", "is no repository's name"),
            ("oci://h/é:b", "is no repository's name"),
            ("oci://h/a:", "`` is no tag"),
            ("oci://h/a:.b", "is no tag"),
            ("oci://h/a:b:c", "is no tag"),
            ("oci://h/a@sha256:0", "is no digest"),
            ("oci://h/a@md5:0", "is no digest"),
            ("oci://h/a@", "is no digest"),
        ] {
            check(text, Err(why));
        }
        check(&format!("oci://h/{}:b", "a".repeat(256)), Err("is no repository's name"));
        check(&format!("oci://h/a:{}", "b".repeat(129)), Err("is no tag"));
        check(&format!("oci://h/a@{}", ZEROES.to_uppercase()), Err("is no digest"));
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (host, want) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("127.1.2.3", true),
            ("[::1]:5000", true),
            ("[fe80::1]:5000", false),
            ("localhost.example.com", false),
            ("128.0.0.1", false),
            ("127.0.0.1.example.com", false),
        ] {
            assert_eq!(is_loopback(host), want, "{host}");
        }
    }
}
