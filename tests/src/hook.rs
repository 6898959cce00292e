//! Deliveries that a test signs and posts by itself, past the stand-in GitHub.

use anyhow::Context as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

use crate::stage::REPO;

/// All of them come from one hook: what it sends twice are two events.
const HOOK_ID: &str = "1";

/// What a sender puts on a delivery.
#[derive(Debug, Clone)]
pub struct Sent<'a> {
    /// `X-GitHub-Event`.
    pub event: &'a str,
    /// `X-GitHub-Delivery`.
    pub guid: &'a str,
    /// The body.
    pub body: &'a [u8],
    /// The key that it is signed with.
    pub secret: &'a str,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub code: u16,
    /// The body.
    pub text: String,
}

/// `sha256=` and the HMAC of `body` in hex.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Posts a signed delivery.
///
/// # Errors
/// If there is no answer.
pub async fn post(http: &reqwest::Client, url: &str, sent: &Sent<'_>) -> anyhow::Result<Answer> {
    let request = http
        .post(url)
        .header("content-type", "application/json")
        .header("x-github-event", sent.event)
        .header("x-github-delivery", sent.guid)
        .header("x-github-hook-id", HOOK_ID)
        .header("x-hub-signature-256", signature(sent.secret, sent.body))
        .body(sent.body.to_vec());
    let response = request.send().await.with_context(|| format!("posting to {url}"))?;
    let code = response.status().as_u16();
    let text = response.text().await.context("reading the answer")?;
    Ok(Answer { code, text })
}

/// What GitHub sends for a new comment on a pull request of [`REPO`], as far as anyone reads it.
///
/// # Panics
/// Never: a repository's full name has a slash.
#[must_use]
pub fn comment_payload(number: u64, login: &str, text: &str) -> String {
    let user = json!({ "login": login, "id": 3, "type": "User" });
    let (org, name) = REPO.split_once('/').expect("a repository's full name has a slash");
    let page = format!("http://github.invalid/{REPO}/pull/{number}");
    let comment = json!({ "id": 987_654, "node_id": "x", "user": user, "body": text, "html_url": format!("{page}#c") });
    json!({
        "action": "created",
        "issue": {
            "id": 1, "node_id": "y", "number": number, "title": "t", "body": "", "state": "open", "html_url": page,
            "user": user, "labels": [], "assignees": [], "pull_request": { "url": page },
        },
        "comment": comment,
        "repository": {
            "id": 1, "name": name, "full_name": REPO, "private": false, "default_branch": "main",
            "html_url": format!("http://github.invalid/{REPO}"), "owner": { "login": org, "id": 2, "type": "Organization" },
        },
        "sender": user,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_that_github_documents() {
        let want = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature("It's a Secret to Everybody", b"Hello, World!"), want);
    }
}
