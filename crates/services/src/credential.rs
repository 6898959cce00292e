//! The one place that knows a secret: how it gets into a request, and how it is kept out of everything else.

use std::fmt;

use base64::Engine as _;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// What a secret file holds.
pub(crate) struct Secret(SecretString);

/// How a service wants to see it.
#[derive(Debug, Clone)]
pub(crate) enum Scheme {
    Bearer,
    /// With this user's name.
    Basic(String),
    Bugzilla(crate::AuthMethod),
}

/// What may stand in a query or a form as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

impl Secret {
    /// # Errors
    /// An empty secret, or one that no header can hold.
    pub(crate) fn parse(text: SecretString) -> Result<Self, String> {
        if text.expose_secret().is_empty() {
            return Err("it is empty".to_owned());
        }
        let fits = text.expose_secret().chars().all(|c| !c.is_control());
        if fits { Ok(Self(text)) } else { Err("it holds characters that no token has".to_owned()) }
    }

    /// `text` without the secret, should a service quote it.
    pub(crate) fn censor(&self, text: String) -> String {
        let secret = self.0.expose_secret();
        let mut text = text;
        for form in [secret.to_owned(), encode(secret)] {
            if text.contains(&form) {
                text = text.replace(&form, "CENSORED");
            }
        }
        text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

const X_BUGZILLA_API_KEY: HeaderName = HeaderName::from_static("x-bugzilla-api-key");

impl Scheme {
    /// Puts the secret where the service looks for it; `query` is without a question mark.
    pub(crate) fn apply(&self, secret: &Secret, headers: &mut HeaderMap, query: &mut String) {
        use crate::AuthMethod;
        let secret = secret.0.expose_secret();
        match self {
            Self::Bearer | Self::Bugzilla(AuthMethod::Bearer) => {
                set(headers, AUTHORIZATION, &format!("Bearer {secret}"));
            }
            Self::Basic(user) => {
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{secret}"));
                set(headers, AUTHORIZATION, &format!("Basic {pair}"));
            }
            Self::Bugzilla(AuthMethod::Query) => push(query, secret),
            Self::Bugzilla(AuthMethod::Header) => set(headers, X_BUGZILLA_API_KEY, secret),
            Self::Bugzilla(AuthMethod::QueryAndHeader) => {
                push(query, secret);
                set(headers, X_BUGZILLA_API_KEY, secret);
            }
        }
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    // Bytes, since a password need not be ASCII.
    let mut value = HeaderValue::from_bytes(value.as_bytes()).expect("a secret without control characters fits");
    value.set_sensitive(true);
    headers.insert(name, value);
}

fn push(query: &mut String, secret: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str("api_key=");
    query.push_str(&encode(secret));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AuthMethod;

    #[track_caller]
    fn check(scheme: Scheme, want_query: &str, want_header: Option<(&str, &str)>) {
        let secret = Secret::parse(SecretString::from("k&y")).unwrap();
        let (mut headers, mut query) = (HeaderMap::new(), "a=b".to_owned());
        scheme.apply(&secret, &mut headers, &mut query);
        assert_eq!(query, want_query);
        let got: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(got, want_header.into_iter().collect::<Vec<_>>());
        assert!(!format!("{headers:?}{secret:?}").contains("k&y"));
    }

    #[test]
    fn a_secret_goes_where_the_service_looks_for_it() {
        check(Scheme::Bearer, "a=b", Some(("authorization", "Bearer k&y")));
        check(Scheme::Basic("bot".to_owned()), "a=b", Some(("authorization", "Basic Ym90OmsmeQ==")));
        check(Scheme::Bugzilla(AuthMethod::Bearer), "a=b", Some(("authorization", "Bearer k&y")));
        check(Scheme::Bugzilla(AuthMethod::Query), "a=b&api_key=k%26y", None);
        check(Scheme::Bugzilla(AuthMethod::Header), "a=b", Some(("x-bugzilla-api-key", "k&y")));
        check(Scheme::Bugzilla(AuthMethod::QueryAndHeader), "a=b&api_key=k%26y", Some(("x-bugzilla-api-key", "k&y")));
    }

    #[test]
    fn what_quotes_the_secret_is_censored() {
        let secret = Secret::parse(SecretString::from("k&y")).unwrap();
        assert_eq!(secret.censor("no k&y, at /x?api_key=k%26y".to_owned()), "no CENSORED, at /x?api_key=CENSORED");
    }

    #[test]
    fn a_secret_that_cannot_be_sent_is_refused_without_showing_it() {
        for bad in ["", "two\nlines"] {
            assert!(!Secret::parse(SecretString::from(bad)).unwrap_err().contains("lines"));
        }
    }
}
