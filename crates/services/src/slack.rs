//! Slack: one message to one channel. Behaviour: Prow pkg/slack/client.go, `WriteMessage`; but the token goes in a
//! header, and the message shows the name and icon of the app that the token belongs to.

use std::path::PathBuf;

use http::Method;
use serde::Deserialize;

use crate::credential::{Scheme, encode};
use crate::error::{Refusal, ServiceError};
use crate::http_client::{Answer, Base};
use crate::metrics::Metrics;
use crate::options::{Common, SetupError};
use crate::session::{Ask, Body, Service, Session};

const NAME: &str = "Slack";

/// How to reach Slack. Start from [`SlackOptions::new`].
#[derive(Debug, Clone)]
pub struct SlackOptions {
    /// Where its methods are; `https://slack.com/api`.
    pub endpoint: String,
    /// A bot token; `--slack-token-file`.
    pub token_file: PathBuf,
}

impl SlackOptions {
    /// slack.com with this token.
    #[must_use]
    pub fn new(token_file: impl Into<PathBuf>) -> Self {
        Self { endpoint: "https://slack.com/api".to_owned(), token_file: token_file.into() }
    }
}

/// The client. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Slack(Session);

#[derive(Deserialize)]
struct Said {
    ok: bool,
    #[serde(default)]
    error: String,
}

impl Slack {
    /// Reads the token; sends nothing.
    ///
    /// # Errors
    /// An endpoint or a file that cannot be used.
    pub fn new(options: SlackOptions, common: &Common) -> Result<Self, SetupError> {
        let base = Base::parse(NAME, &options.endpoint)?;
        let service = Service { name: NAME, base, scheme: Scheme::Bearer, judge, metrics: Metrics::None };
        Ok(Self(Session::new(service, Some(&options.token_file), common)?))
    }

    /// The same client under the plugin's name.
    #[must_use]
    pub fn for_plugin(&self, plugin: &str) -> Self {
        Self(self.0.for_plugin(plugin))
    }

    /// Posts `text`, in Slack's markup, to a channel by its name or id. Nothing tells afterwards whether a message that
    /// is in doubt was posted.
    ///
    /// # Errors
    /// Not-found for a channel that the bot cannot see, conflict for an archived one, invalid for an empty or
    /// overlong text.
    pub async fn write_message(&self, channel: &str, text: &str) -> Result<(), ServiceError> {
        const FUNCTION: &str = "WriteMessage";
        if self.0.is_dry_run(FUNCTION) {
            return Ok(());
        }
        let form = format!("channel={}&text={}", encode(channel), encode(text));
        let ask = Ask::send(FUNCTION, Method::POST, "/chat.postMessage".to_owned(), Body::Form(form));
        self.0.call(&ask).await.map(drop)
    }
}

/// Slack says no with 200 and `ok: false`.
fn judge(answer: &Answer) -> Result<(), (Refusal, String)> {
    let said: Option<Said> = serde_json::from_slice(&answer.body).ok();
    match said {
        Some(said) if said.ok && answer.status.is_success() => Ok(()),
        Some(said) if !said.error.is_empty() => Err((meaning(&said.error), said.error)),
        _ if answer.status.is_success() => Err((Refusal::Other, "the answer is not Slack's".to_owned())),
        _ => Err((Refusal::of_status(answer.status), format!("HTTP status {}", answer.status))),
    }
}

/// Slack's words, as its page on chat.postMessage lists them.
fn meaning(error: &str) -> Refusal {
    match error {
        "channel_not_found" | "user_not_found" | "team_not_found" | "thread_not_found" => Refusal::NotFound,
        "not_authed"
        | "invalid_auth"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "no_permission"
        | "missing_scope"
        | "not_allowed_token_type"
        | "org_login_required"
        | "ekm_access_denied"
        | "access_denied"
        | "enterprise_is_restricted"
        | "team_access_not_granted"
        | "not_in_channel"
        | "two_factor_setup_required"
        | "messages_tab_disabled" => Refusal::Denied,
        _ if error.starts_with("restricted_action") || error.starts_with("cannot_") => Refusal::Denied,
        "is_archived" => Refusal::Conflict,
        "no_text"
        | "msg_too_long"
        | "too_many_attachments"
        | "too_many_contact_cards"
        | "message_limit_exceeded"
        | "missing_post_type"
        | "metadata_too_large" => Refusal::Invalid,
        _ if error.starts_with("invalid_") || error.starts_with("msg_blocks") => Refusal::Invalid,
        "ratelimited" | "rate_limited" | "accesslimited" => Refusal::Limited,
        // Slack says of these that some part may have succeeded.
        "internal_error" | "fatal_error" | "service_unavailable" | "request_timeout" | "team_added_to_org" => {
            Refusal::Broken
        }
        _ => Refusal::Other,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, StatusCode};

    use super::*;

    #[track_caller]
    fn check(status: u16, body: &'static str, want: Result<(), Refusal>) {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) };
        assert_eq!(judge(&answer).map_err(|(refusal, _)| refusal), want, "{status} {body}");
    }

    #[test]
    fn slack_s_words_mean_what_its_page_says() {
        check(200, r#"{"ok":true,"ts":"1.2"}"#, Ok(()));
        check(200, r#"{"ok":false,"error":"channel_not_found"}"#, Err(Refusal::NotFound));
        check(200, r#"{"ok":false,"error":"not_authed"}"#, Err(Refusal::Denied));
        check(200, r#"{"ok":false,"error":"invalid_auth"}"#, Err(Refusal::Denied));
        check(200, r#"{"ok":false,"error":"restricted_action_read_only_channel"}"#, Err(Refusal::Denied));
        check(200, r#"{"ok":false,"error":"is_archived"}"#, Err(Refusal::Conflict));
        check(200, r#"{"ok":false,"error":"msg_too_long"}"#, Err(Refusal::Invalid));
        check(200, r#"{"ok":false,"error":"invalid_blocks"}"#, Err(Refusal::Invalid));
        check(429, r#"{"ok":false,"error":"ratelimited"}"#, Err(Refusal::Limited));
        check(200, r#"{"ok":false,"error":"ratelimited"}"#, Err(Refusal::Limited));
        check(200, r#"{"ok":false,"error":"fatal_error"}"#, Err(Refusal::Broken));
        check(200, r#"{"ok":false,"error":"something_new"}"#, Err(Refusal::Other));
        check(429, "", Err(Refusal::Limited));
        check(503, "<html>", Err(Refusal::Broken));
        check(200, "<html>", Err(Refusal::Other));
        check(302, "", Err(Refusal::Other));
    }
}
