//! Small sections of config.yaml.

use super::Subject;
use crate::problem::{KeyPath, Problem};
use crate::sections::url_fault;

/// Behaviour: Prow cmd/checkconfig, `validateManagedWebhooks`.
pub(super) fn managed_webhooks(subject: &Subject<'_>) -> Vec<Problem> {
    let all = &subject.config.core.sections.managed_webhooks.org_repo_config;
    let both = all.keys().filter(|name| name.split_once('/').is_some_and(|(org, _)| all.contains_key(org)));
    let problem = |name: &String| {
        let path = KeyPath::root().key("managed_webhooks").key("org_repo_config").key(name);
        let why = format!(
            "`{name}` has a webhook and its organisation has one too, so each event would come twice: remove one of the two"
        );
        subject.in_config(path, why)
    };
    both.map(problem).collect()
}

/// Behaviour: Prow cmd/checkconfig, `validateURLs`.
pub(super) fn urls(subject: &Subject<'_>) -> Vec<Problem> {
    let fault = url_fault(&subject.config.core.sections.status_error_link);
    fault.map(|why| subject.in_config(KeyPath::root().key("status_error_link"), why)).into_iter().collect()
}
