//! Deliveries that a test signs and posts by itself, past the stand-in GitHub.

use anyhow::Context as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_that_github_documents() {
        let want = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert_eq!(signature("It's a Secret to Everybody", b"Hello, World!"), want);
    }
}
