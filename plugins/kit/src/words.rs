//! Short forms of what each plugin says: outcomes, failures, log lines, its commands, its settings.

use std::fmt::Display;

use serde::de::DeserializeOwned;

use crate::bindings::bowsprit::plugin::log::{self, Level};
use crate::{ApiError, ClientAgent, Command, ErrorKind, Failure, Outcome};

/// Something was done; one sentence for the trace.
pub fn done(what: impl Into<String>) -> Outcome {
    Outcome::Done(what.into())
}

/// There was nothing to do; why, in one sentence for the trace.
pub fn ignored(why: impl Into<String>) -> Outcome {
    Outcome::Ignored(why.into())
}

/// For an operator who wants to know why a decision fell as it did.
pub fn debug(message: impl Display) {
    log::write(Level::Debug, &message.to_string());
}

/// For the operator.
pub fn info(message: impl Display) {
    log::write(Level::Info, &message.to_string());
}

/// Handled, but worse than usual.
pub fn warn(message: impl Display) {
    log::write(Level::Warn, &message.to_string());
}

/// A command for the plugin's description. `usage` as a user types it.
pub fn command(usage: &str, description: &str, who_can_use: &str, examples: &[&str]) -> Command {
    Command {
        usage: usage.to_owned(),
        description: description.to_owned(),
        who_can_use: who_can_use.to_owned(),
        examples: examples.iter().map(|&example| example.to_owned()).collect(),
        featured: false,
    }
}

/// The plugin's settings for the agent's repository.
///
/// # Errors
/// When they do not have the shape of `T`; the message names the place.
pub fn settings<T: DeserializeOwned>(agent: &ClientAgent) -> Result<T, Failure> {
    serde_json::from_str(&agent.settings()).map_err(|error| Failure { message: format!("settings: {error}") })
}

/// Settings for `/plugin-help`, where a word about the defaults beats no word at all.
pub fn parsed_or_default<T: DeserializeOwned + Default>(settings: &str) -> T {
    serde_json::from_str(settings).unwrap_or_default()
}

/// Success if nothing went wrong, else all that did.
///
/// # Errors
/// When `errors` is not empty.
pub fn failures(errors: &[String]) -> Result<(), Failure> {
    if errors.is_empty() { Ok(()) } else { Err(Failure { message: errors.join("; ") }) }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { message: reason(&error) }
    }
}

/// An error in words; its kind is worth naming, since the message is the far side's.
pub(crate) fn reason(error: &ApiError) -> String {
    let kind = match error.kind {
        ErrorKind::Denied => "denied",
        ErrorKind::NotFound => "not found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::Invalid => "invalid",
        ErrorKind::Exhausted => "quota exhausted",
        ErrorKind::Other => return error.message.clone(),
    };
    format!("{kind}: {}", error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_errors_reach_the_failure() {
        assert!(failures(&[]).is_ok());
        let failure = failures(&["label: denied".to_owned(), "job `a`: conflict".to_owned()]).unwrap_err();
        assert_eq!(failure.message, "label: denied; job `a`: conflict");
    }

    #[test]
    fn an_api_error_keeps_its_kind_and_message() {
        let error = |kind| Failure::from(ApiError { kind, message: "no grant".to_owned() }).message;
        assert_eq!(error(ErrorKind::Denied), "denied: no grant");
        assert_eq!(error(ErrorKind::Other), "no grant");
    }
}
