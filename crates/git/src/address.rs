//! Where repositories are cloned from, and by which protocol.

use crate::names::Repo;

/// The one protocol that git may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Https,
    /// To this machine alone.
    Http,
    /// For tests.
    File,
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::File => "file",
        }
    }
}

/// What all clone addresses begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    pub(crate) protocol: Protocol,
    /// Without a slash at its end.
    pub(crate) url: String,
}

impl Base {
    /// Reads a base: `https://…`, `http://` and a loopback address, or, if `local_files`, `file:///…`.
    pub(crate) fn new(url: &str, local_files: bool) -> Result<Self, String> {
        let url = url.trim_end_matches('/').to_owned();
        let host = |rest: &str| {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let port = authority.rfind(':').filter(|at| !authority[*at..].contains(']'));
            port.map_or(authority, |at| &authority[..at]).to_owned()
        };
        let protocol = match url.split_once("://") {
            _ if url.contains('@') || url.chars().any(|c| c.is_control() || c == ' ') => None,
            Some(("https", rest)) if !host(rest).is_empty() => Some(Protocol::Https),
            Some(("http", rest)) if is_loopback(&host(rest)) => Some(Protocol::Http),
            Some(("file", rest)) if local_files && rest.starts_with('/') => Some(Protocol::File),
            _ => None,
        };
        match protocol {
            Some(protocol) => Ok(Self { protocol, url }),
            None => Err(format!(
                "`{url}` is no address to clone from: write https://HOST (http only for this machine), without a user"
            )),
        }
    }

    /// Where this repository is cloned from.
    pub(crate) fn of(&self, repo: &Repo) -> String {
        clone_url(&self.url, repo)
    }

    /// Scheme and host: whom credentials are shown to, and nobody else.
    pub(crate) fn origin(&self) -> &str {
        let begin = self.url.find("://").map_or(0, |at| at + 3);
        self.url[begin..].find('/').map_or(self.url.as_str(), |at| &self.url[..begin + at])
    }
}

/// Where a repository is cloned from. `base` is what links begin with (`github.link_url` in config.yaml), for example
/// `https://github.com`; a slash at its end does not count.
pub fn clone_url(base: &str, repo: &Repo) -> String {
    format!("{}/{}/{}.git", base.trim_end_matches('/'), repo.org(), repo.name())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, want: Option<(Protocol, &str)>) {
        let base = Base::new(url, true).ok();
        assert_eq!(base.as_ref().map(|base| (base.protocol, base.origin())), want, "{url}");
    }

    #[test]
    fn https_anywhere_http_on_this_machine_and_nothing_else() {
        check("https://github.com", Some((Protocol::Https, "https://github.com")));
        check("https://ghe.example.com:8443/git/", Some((Protocol::Https, "https://ghe.example.com:8443")));
        check("http://127.0.0.1:8880", Some((Protocol::Http, "http://127.0.0.1:8880")));
        check("http://127.9.9.9", Some((Protocol::Http, "http://127.9.9.9")));
        check("http://[::1]:80/x", Some((Protocol::Http, "http://[::1]:80")));
        check("http://localhost", Some((Protocol::Http, "http://localhost")));
        check("file:///srv/git", Some((Protocol::File, "file://")));
        for bad in [
            "",
            "github.com",
            "http://github.com",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@github.com",
            "ssh://h/x",
            "git://h/x",
            "ext::sh -c x",
            "https://",
            "https://user:token@github.com",
            "file://srv",
            "https://a b",
            "-x",
        ] {
            check(bad, None);
        }
        assert!(Base::new("file:///srv/git", false).is_err());
        let repo = Repo::new("o", "r").unwrap();
        assert_eq!(clone_url("https://github.com/", &repo), "https://github.com/o/r.git");
        assert_eq!(Base::new("http://localhost:1", false).unwrap().of(&repo), "http://localhost:1/o/r.git");
    }
}
