//! What a call that did not succeed means to its caller.

use std::fmt;

use http::StatusCode;
use jiff::Timestamp;

/// Why a service, or the way to it, did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ServiceError {
    /// What the caller can do about it.
    pub kind: ServiceErrorKind,
    /// `Slack`, `Jira` or `Bugzilla`.
    pub service: &'static str,
    /// The status code of the answer; `None` where there was none.
    pub status: Option<u16>,
    /// The service's own words, at most 300 bytes of them and without the secret; or what broke on the way there.
    pub message: String,
    pub(crate) in_doubt: bool,
}

/// The refusals and failures that a caller treats differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceErrorKind {
    /// The credential is wrong, or its account may not do this.
    Denied,
    /// It does not exist, or the account may not see it.
    NotFound,
    /// The service's state is not the one that the call presumes.
    Conflict,
    /// The service understood and refused the values.
    Invalid,
    /// It passes with time: a rate limit, an outage, a connection that failed.
    Later {
        /// When to ask again: as the service says, else after a back-off that doubles with each failure in a row.
        until: Timestamp,
    },
    /// Anything else, an answer that cannot be read included.
    Other,
}

/// A refusal as its wire format tells it, before it is known when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Denied,
    NotFound,
    Conflict,
    Invalid,
    /// It had no effect.
    Limited,
    /// It may have had one.
    Broken,
    Other,
}

impl Refusal {
    /// What HTTP alone says.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status.as_u16() {
            401 | 403 | 407 => Self::Denied,
            404 | 410 => Self::NotFound,
            409 => Self::Conflict,
            400 | 413 | 414 | 422 => Self::Invalid,
            429 => Self::Limited,
            408 | 425 | 500.. => Self::Broken,
            _ => Self::Other,
        }
    }
}

impl ServiceError {
    /// When the same call may be made again: `None` if waiting will not help.
    #[must_use]
    pub fn retry_at(&self, now: Timestamp) -> Option<Timestamp> {
        match self.kind {
            ServiceErrorKind::Later { until } => Some(until.max(now)),
            ServiceErrorKind::Denied
            | ServiceErrorKind::NotFound
            | ServiceErrorKind::Conflict
            | ServiceErrorKind::Invalid
            | ServiceErrorKind::Other => None,
        }
    }

    /// Whether a write may have taken effect all the same: it was sent, and no answer says that it was refused.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// A fault that no waiting cures and that had no effect.
    pub(crate) fn new(service: &'static str, kind: ServiceErrorKind, message: impl Into<String>) -> Self {
        Self { kind, service, status: None, message: cut(message.into()), in_doubt: false }
    }
}

const MOST_BYTES: usize = 300;

/// What a service says is for people; a page of HTML is for nobody.
pub(crate) fn cut(mut message: String) -> String {
    if message.len() > MOST_BYTES {
        let end = (0..=MOST_BYTES).rev().find(|&at| message.is_char_boundary(at)).unwrap_or_default();
        message.truncate(end);
        message.push('…');
    }
    message
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, message, .. } = self;
        match self.status {
            Some(status) => write!(f, "{service} answered {status}: {message}")?,
            None => write!(f, "{service}: {message}")?,
        }
        match self.kind {
            ServiceErrorKind::Later { until } => write!(f, " (to be asked again at {until})"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_means_what_http_says() {
        let row = |code: u16| format!("{code} {:?}", Refusal::of_status(StatusCode::from_u16(code).unwrap()));
        let table = [302, 400, 401, 403, 404, 409, 410, 418, 422, 429, 500, 502, 503].map(row).join("\n");
        insta::assert_snapshot!(table, @r"
        302 Other
        400 Invalid
        401 Denied
        403 Denied
        404 NotFound
        409 Conflict
        410 NotFound
        418 Other
        422 Invalid
        429 Limited
        500 Broken
        502 Broken
        503 Broken
        ");
    }

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        let cut = cut("é".repeat(400));
        assert_eq!(cut.chars().count(), 151);
        assert!(cut.ends_with("é…"));
    }
}
