//! From bytes that anyone may have sent to a delivery that can be trusted to be its sender's.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;
use store::{Likeness, NewDelivery, Scope};

use crate::hmac::{Hmacs, Refused, Signature};
use crate::same;
use crate::scan::{ScanError, scan};

/// What came in, before anything is known about it.
pub struct Unverified {
    /// `X-GitHub-Delivery`, not empty.
    pub guid: String,
    /// `X-GitHub-Event`, not empty.
    pub event: String,
    /// `X-Hub-Signature-256`, as sent.
    pub signature: String,
    /// `X-GitHub-Hook-ID`, if it has one.
    pub hook: Option<String>,
    /// The headers that are kept with it, as lines.
    pub headers: Vec<u8>,
    /// The body as received; JSON written anew would not match the signature.
    pub body: Bytes,
    /// When the last byte was there.
    pub received_at: Timestamp,
}

/// A delivery whose signature held, and whose payload is JSON that names its repository as the key scan did. Only
/// [`verify`] makes one, so nothing past it sees unverified bytes.
#[derive(Debug)]
pub struct Delivery(NewDelivery);

/// Why a delivery is not taken; each is the sender's fault.
#[derive(Debug, thiserror::Error)]
pub enum NotVerified {
    /// No key can be chosen: 403.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The signature does not hold: 403.
    #[error(transparent)]
    Signature(#[from] Refused),
    /// Well signed, but not a JSON object: 400.
    #[error("the signature holds, but the body is not a JSON object: {0}")]
    NotJson(String),
    /// Well signed by one repository's key, but about another: 403.
    #[error("the payload's `{path}` differs from the name that its key was chosen by, {scanned}")]
    Disagrees {
        /// Which name, as a path into the payload.
        path: &'static str,
        /// The name that chose the key.
        scanned: String,
    },
}

impl Delivery {
    /// `X-GitHub-Delivery`.
    #[must_use]
    pub fn guid(&self) -> &str {
        &self.0.guid
    }

    /// `X-GitHub-Event`.
    #[must_use]
    pub fn event(&self) -> &str {
        &self.0.event
    }

    /// Whom it is about.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.0.scope
    }

    /// As the inbox takes it.
    #[must_use]
    pub fn into_new(self) -> NewDelivery {
        self.0
    }
}

/// Chooses the key by the name in the raw bytes, checks the signature, and only then parses. Behaviour: Prow
/// pkg/github/webhooks.go, `ValidateWebhook`, which parses first; hashes and parses the whole body, so it may take a while.
///
/// # Errors
/// In this order: the scan, the signature, the parse, and names that disagree.
pub fn verify(hmacs: &Hmacs, unverified: Unverified) -> Result<Delivery, NotVerified> {
    let Unverified { guid, event, signature, hook, headers, body, received_at } = unverified;
    let scope = scan(&body)?;
    let key_level = hmacs.verify(&scope, &body, Signature::parse(&signature)?)?;
    let payload: Value = serde_json::from_slice(&body).map_err(|error| NotVerified::NotJson(error.to_string()))?;
    if !payload.is_object() {
        return Err(NotVerified::NotJson("it is some other value".to_owned()));
    }
    agrees(&payload, &scope)?;
    let likeness = same::fingerprint(&event, &payload).map(|fingerprint| Likeness { fingerprint, hook });
    Ok(Delivery(NewDelivery { guid, event, scope, key_level, payload: body, headers, received_at, likeness }))
}

/// The names by which the payload itself would be taken for some repository's must be the one that the key was chosen by.
/// Others in it select nothing and are not looked at.
fn agrees(payload: &Value, scope: &Scope) -> Result<(), NotVerified> {
    let names = [
        ("repository.full_name", "/repository/full_name", scope.repo()),
        ("pull_request.base.repo.full_name", "/pull_request/base/repo/full_name", scope.repo()),
    ];
    let org = ("organization.login", "/organization/login", scope.org());
    let org = matches!(scope, Scope::Org(_)).then_some(org);
    for (path, pointer, want) in names.into_iter().chain(org) {
        let Some(name) = payload.pointer(pointer).filter(|name| !name.is_null() && *name != "") else { continue };
        if name.as_str().is_none() || name.as_str() != want {
            let scanned =
                if scope.name().is_empty() { "which is none".to_owned() } else { format!("`{}`", scope.name()) };
            return Err(NotVerified::Disagrees { path, scanned });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(payload: &str, scope: &Scope, want: Result<(), &str>) {
        let payload = serde_json::from_str(payload).unwrap();
        let path = agrees(&payload, scope).map_err(|error| match error {
            NotVerified::Disagrees { path, .. } => path,
            other => panic!("{other}"),
        });
        assert_eq!(path, want, "{payload}");
    }

    #[test]
    fn a_payload_is_about_one_repository() {
        let repo = Scope::Repo("a/b".to_owned());
        let org = Scope::Org("a".to_owned());
        let base = Err("pull_request.base.repo.full_name");
        check(r#"{"repository":{"full_name":"a/b"}}"#, &repo, Ok(()));
        check(r#"{"repository":{"full_name":"a/c"}}"#, &repo, Err("repository.full_name"));
        check(r#"{"repository":{"full_name":"a/b"}}"#, &org, Err("repository.full_name"));
        check(r#"{"repository":{"full_name":["a/b"]}}"#, &Scope::Any, Err("repository.full_name"));
        check(r#"{"repository":{"full_name":""}}"#, &Scope::Any, Ok(()));
        check(r#"{"pull_request":{"base":{"repo":{"full_name":"a/b"}}}}"#, &repo, Ok(()));
        check(r#"{"pull_request":{"base":{"repo":{"full_name":"c/d"}}}}"#, &repo, base);
        check(r#"{"pull_request":{"base":{"repo":{"full_name":"a/b"}}}}"#, &org, base);
        check(r#"{"pull_request":{"base":{"repo":{"full_name":"a/b"}}}}"#, &Scope::Any, base);
        check(r#"{"pull_request":{"head":{"repo":{"full_name":"f/b"}},"base":{"repo":null}}}"#, &repo, Ok(()));
        check(r#"{"organization":{"login":"o"}}"#, &repo, Ok(()));
        check(r#"{"organization":{"login":"o"}}"#, &org, Err("organization.login"));
    }
}
