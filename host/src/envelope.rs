//! What every event has around its body. Whose it is, is the name that the delivery's key was chosen by, and nothing else in
//! the payload: `owner`, `name` and `organization` beside it are whatever the sender wrote there.

use prow::event::Event;
use store::Scope;

use crate::contract::types as wit;
use crate::convert;

/// Of which delivery an event is handed to a plugin, and for which time.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'a> {
    /// The delivery's GUID.
    pub(crate) guid: &'a str,
    /// Whom the delivery is about.
    pub(crate) scope: &'a Scope,
    /// How often the plugin has asked to be called again.
    pub(crate) round: u32,
}

impl Envelope<'_> {
    /// The event as a plugin gets it.
    pub(crate) fn around(self, event: &Event, action: Option<String>, body: wit::EventBody) -> wit::Event {
        let named = self.scope.repo().and_then(|name| name.split_once('/'));
        let repo = named.zip(event.repo.as_ref()).map(|((org, name), told)| wit::Repository {
            ref_: wit::RepoRef { org: org.to_owned(), name: name.to_owned() },
            html_url: told.html_url.clone(),
            default_branch: told.default_branch.clone(),
            private: told.private,
            archived: told.archived,
            fork: told.fork,
        });
        wit::Event {
            guid: self.guid.to_owned(),
            name: event.name.clone(),
            action,
            repo,
            org: self.scope.org().map(str::to_owned),
            sender: event.sender.as_ref().map(convert::actor),
            round: self.round,
            body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(payload: &str, scope: &Scope, repo: Option<&str>, org: Option<&str>) {
        let event = prow::event::parse("ping", payload.as_bytes()).unwrap();
        let handed = Envelope { guid: "g", scope, round: 0 }.around(&event, None, wit::EventBody::Other);
        let got = handed.repo.map(|repo| format!("{}/{}", repo.ref_.org, repo.ref_.name));
        assert_eq!((got.as_deref(), handed.org.as_deref()), (repo, org), "{payload} {scope:?}");
    }

    #[test]
    fn an_event_is_of_whom_its_key_is_whatever_the_payload_says_beside() {
        let repo = Scope::Repo("org/a".to_owned());
        let forged = r#"{"repository":{"full_name":"org/a","name":"b","owner":{"login":"victim"}},
            "organization":{"login":"victim"}}"#;
        check(forged, &repo, Some("org/a"), Some("org"));
        check(r#"{"repository":{"full_name":"org/a","name":"a","owner":null}}"#, &repo, Some("org/a"), Some("org"));
        check(r#"{"repository":{"full_name":"org/a"}}"#, &repo, None, Some("org"));
        let unnamed = r#"{"repository":{"full_name":"","name":"b","owner":{"login":"victim"}}}"#;
        check(unnamed, &Scope::Org("org".to_owned()), None, Some("org"));
        check(unnamed, &Scope::Any, None, None);
    }
}
