//! What a call that did not succeed means to its caller.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::repos::RepoName;

/// Why GitHub, or the way to it, did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ApiError {
    /// What the caller can do about it.
    pub kind: ApiErrorKind,
    /// The status code of the answer; `None` where there was none.
    pub status: Option<u16>,
    /// GitHub's own words, or what broke on the way there.
    pub message: String,
    /// The HTTP method of the request.
    pub method: &'static str,
    /// The path of the request, percent-encoded, without its query.
    pub path: String,
    pub(crate) in_doubt: bool,
}

/// The refusals and failures that a caller treats differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiErrorKind {
    /// 404 or 410: it does not exist, or this token may not see it.
    NotFound,
    /// 403 that waiting will not cure.
    Forbidden {
        /// What the token lacks, as GitHub names it (`issues=write`); `None` where GitHub does not say.
        needed: Option<String>,
    },
    /// It is in another repository now, and the call was not to be answered from there: nothing was read or changed.
    Moved {
        /// Which.
        to: RepoName,
    },
    /// 422: understood and refused.
    Unprocessable,
    /// 409: the state on GitHub is not the one the request presumes.
    Conflict,
    /// 403 or 429 by a rate limit, or a call that was not sent because such a limit still holds.
    RateLimited {
        /// When to ask again.
        until: Timestamp,
        /// True for the limits on bursts, false for the hourly budget.
        secondary: bool,
    },
    /// 5xx, a timeout, a connection that failed or broke.
    Unavailable {
        /// GitHub's `Retry-After`, else a back-off that doubles with each failure in a row.
        retry_after: Duration,
    },
    /// 401: the token is wrong, revoked or expired; or there is none that could be sent.
    Unauthorized,
    /// Anything else, an answer that cannot be read included.
    Other,
}

impl ApiError {
    /// When the same call may be made again: `None` if waiting will not help.
    ///
    /// Behaviour: GitHub's rules for its rate limits. The hourly budget opens at its reset and a second; a burst limit
    /// after `Retry-After`, else after a minute that doubles with each refusal in a row.
    #[must_use]
    pub fn retry_at(&self, now: Timestamp) -> Option<Timestamp> {
        match &self.kind {
            ApiErrorKind::RateLimited { until, .. } => Some((*until).max(now)),
            ApiErrorKind::Unavailable { retry_after } => Some(after(now, *retry_after)),
            ApiErrorKind::NotFound
            | ApiErrorKind::Forbidden { .. }
            | ApiErrorKind::Moved { .. }
            | ApiErrorKind::Unprocessable
            | ApiErrorKind::Conflict
            | ApiErrorKind::Unauthorized
            | ApiErrorKind::Other => None,
        }
    }

    /// Whether a write may have taken effect all the same: it was sent, and no answer says that it was refused.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Whether this is [`ApiErrorKind::NotFound`].
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind == ApiErrorKind::NotFound
    }

    pub(crate) fn other(method: &'static str, path: &str, message: impl Into<String>) -> Self {
        Self {
            kind: ApiErrorKind::Other,
            status: None,
            message: message.into(),
            method,
            path: path.to_owned(),
            in_doubt: false,
        }
    }
}

/// `now` and `wait`, at most a year on, so that no header can make the sum overflow.
pub(crate) fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = wait.min(Duration::from_secs(365 * 24 * 3600));
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, message, .. } = self;
        match self.status {
            Some(status) => write!(f, "GitHub answered {status} to {method} {path}: {message}")?,
            None => write!(f, "{method} {path} at GitHub: {message}")?,
        }
        match &self.kind {
            ApiErrorKind::Forbidden { needed: Some(needed) } => write!(f, " (needs {needed})"),
            ApiErrorKind::RateLimited { until, secondary: true } => write!(f, " (burst limit until {until})"),
            ApiErrorKind::RateLimited { until, secondary: false } => write!(f, " (hourly limit until {until})"),
            _ => Ok(()),
        }
    }
}
