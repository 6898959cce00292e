//! What can go wrong with a call to a cluster, first as it happened, then by what the caller does about it.

use std::sync::Arc;
use std::time::Duration;

use kube_core::Status;
use outgoing::chain;
use store::StoreError;

/// How long to leave a server alone that says no more than that it is too busy.
const PAUSE: Duration = Duration::from_secs(2);

/// A failed call, sorted as the contract sorts failures. The texts hold no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClusterError {
    /// The server does not let us: our token, or its roles.
    #[error("{0}")]
    Denied(String),
    /// There is no such object, namespace or cluster.
    #[error("{0}")]
    NotFound(String),
    /// It is there already, or it is not as it was when it was read.
    #[error("{0}")]
    Conflict(String),
    /// The server understood, and refused the values; or they could not even be sent.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be done in this way, and time will not help.
    #[error("{0}")]
    Other(String),
    /// The server cannot be reached or has too much to do: the same call may succeed later. Whether a write took place is
    /// not known.
    #[error("{why}; to be tried again in {after:?}")]
    Later {
        /// How long to wait at least.
        after: Duration,
        /// What happened.
        why: String,
    },
}

/// What came of a request.
#[derive(Debug, Clone)]
pub(crate) enum CallError {
    /// The server's own words.
    Answer(Box<Status>),
    /// No answer, for this reason.
    Silence(Arc<dyn std::error::Error + Send + Sync>),
    /// The request could not be made, or the answer not be read.
    Local(String),
}

/// No answer within the time for one.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {0:?}")]
pub(crate) struct Slow(pub(crate) Duration);

/// The server answered that it cannot answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Busy(String);

impl From<kube::Error> for CallError {
    fn from(error: kube::Error) -> Self {
        use kube::Error as Kube;
        match error {
            Kube::Api(status) => Self::Answer(status),
            // A token that is just being replaced, or a login program that fails, may be well in a moment.
            Kube::HyperError(_) | Kube::Service(_) | Kube::ReadEvents(_) | Kube::Auth(_) => {
                Self::Silence(Arc::new(error))
            }
            other => Self::Local(other.to_string()),
        }
    }
}

impl From<kube_core::request::Error> for CallError {
    fn from(error: kube_core::request::Error) -> Self {
        Self::Local(error.to_string())
    }
}

/// Whether the server says no more than that it cannot answer now.
pub(crate) fn is_busy(status: &Status) -> bool {
    status.code == 429 || status.code >= 500
}

/// Whether a version that was asked for is no longer known.
pub(crate) fn is_expired(status: &Status) -> bool {
    status.code == 410 || matches!(status.reason.as_str(), "Expired" | "Gone")
}

impl CallError {
    /// The answer that this one object is not there. A path that the server does not know answers with 404 too.
    pub(crate) fn is_absent(&self, name: &str) -> bool {
        let of_it = |status: &Status| status.details.as_ref().is_some_and(|details| details.name == name);
        matches!(self, Self::Answer(status) if status.is_not_found() && of_it(status))
    }

    /// The answer that another write came first, or that the object is there already.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Answer(status) if status.code == 409)
    }

    pub(crate) fn is_expired(&self) -> bool {
        matches!(self, Self::Answer(status) if is_expired(status))
    }

    /// As a store's failure. Conflicts and absent objects are sorted out before.
    pub(crate) fn of_store(self, server: &str) -> StoreError {
        let server = server.to_owned();
        match self {
            Self::Silence(source) => StoreError::Unavailable { server, source },
            Self::Local(what) => StoreError::Invalid { what: format!("{server}: {what}") },
            Self::Answer(status) if is_busy(&status) => {
                StoreError::Unavailable { server, source: Arc::new(Busy(words(&status))) }
            }
            Self::Answer(status) if matches!(status.code, 401 | 403) => {
                StoreError::Refused { server, message: words(&status) }
            }
            Self::Answer(status) if status.code == 404 => StoreError::NotThere {
                what: format!(
                    "{server} has no such place for ProwJobs ({}): is the namespace there, and has \
                     deploy/prowjob-crd.yaml been applied?",
                    words(&status)
                ),
            },
            Self::Answer(status) => StoreError::Invalid { what: words(&status) },
        }
    }
}

impl From<CallError> for ClusterError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Local(what) => Self::Invalid(what),
            CallError::Silence(source) => Self::Later { after: PAUSE, why: chain(&*source) },
            CallError::Answer(status) => {
                let message = words(&status);
                match status.code {
                    401 | 403 => Self::Denied(message),
                    404 | 410 => Self::NotFound(message),
                    409 => Self::Conflict(message),
                    400 | 413 | 422 => Self::Invalid(message),
                    _ if is_busy(&status) => Self::Later { after: pause(&status), why: message },
                    _ => Self::Other(message),
                }
            }
        }
    }
}

fn pause(status: &Status) -> Duration {
    let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    PAUSE.max(Duration::from_secs(u64::from(seconds)))
}

fn words(status: &Status) -> String {
    let said = if status.message.is_empty() { &status.reason } else { &status.message };
    if said.is_empty() { format!("status {}", status.code) } else { said.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u16, reason: &str) -> CallError {
        CallError::Answer(Status::failure("words", reason).with_code(code).boxed())
    }

    #[test]
    fn answers_are_sorted_by_what_a_caller_does_about_them() {
        let said = || "words".to_owned();
        for (code, reason, want) in [
            (401, "Unauthorized", ClusterError::Denied(said())),
            (403, "Forbidden", ClusterError::Denied(said())),
            (404, "NotFound", ClusterError::NotFound(said())),
            (409, "AlreadyExists", ClusterError::Conflict(said())),
            (409, "Conflict", ClusterError::Conflict(said())),
            (400, "BadRequest", ClusterError::Invalid(said())),
            (413, "RequestEntityTooLarge", ClusterError::Invalid(said())),
            (422, "Invalid", ClusterError::Invalid(said())),
            (405, "MethodNotAllowed", ClusterError::Other(said())),
            (429, "TooManyRequests", ClusterError::Later { after: PAUSE, why: said() }),
            (500, "InternalError", ClusterError::Later { after: PAUSE, why: said() }),
            (504, "Timeout", ClusterError::Later { after: PAUSE, why: said() }),
        ] {
            assert_eq!(ClusterError::from(answer(code, reason)), want, "{code} {reason}");
        }
        let slow = CallError::Silence(Arc::new(Slow(Duration::from_secs(3))));
        assert!(matches!(ClusterError::from(slow), ClusterError::Later { why, .. } if why == "no answer within 3s"));
    }

    #[test]
    fn a_store_that_is_away_may_come_back_and_one_that_refuses_not() {
        for (code, transient) in [(503, true), (429, true), (403, false), (404, false), (422, false)] {
            assert_eq!(answer(code, "").of_store("s").is_transient(), transient, "{code}");
        }
    }
}
