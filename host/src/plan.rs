//! Which plugins handle a delivery, and why the others do not. Pure.

use prow::event::Event;
use store::{Considered, Dispatch, NewTask, Scope, TaskKind};

use crate::contract::types::EventKind;
use crate::convert;

/// The digest of a component that is not there yet: its task runs with what is in force by then.
pub const UNKNOWN: &str = "";

/// What a plugin that plugins.yaml names turned out to be.
pub enum Candidate<'a> {
    /// It is loaded.
    Ready {
        /// The families of events that it wants.
        wants: &'a [EventKind],
        /// SHA-256 of the component.
        digest: &'a str,
        /// How it last failed, if it is in quarantine.
        held: Option<String>,
    },
    /// It is being loaded, and nothing is known of it yet.
    Coming,
    /// It is not, for this reason.
    Absent(String),
}

/// The tasks of one delivery. `enabled` are the plugins that plugins.yaml has for the repository that the key scan found,
/// in order; a plugin that wants both forms of an event gets the typed one first.
pub fn plan<'a>(
    guid: &str,
    scope: &Scope,
    event: &Event,
    config_revision: &str,
    enabled: &[&str],
    candidate: impl Fn(&str) -> Candidate<'a>,
) -> Dispatch {
    let key = event.key().map(|key| key.to_string());
    let mut dispatch =
        Dispatch { config_revision: config_revision.to_owned(), key: key.clone(), considered: vec![], tasks: vec![] };
    let Some(repo) = scope.repo() else { return dispatch };
    let typed = convert::kind(event);
    let comment = event.generic_comment().is_some();
    // Events that are about nothing in particular keep the order of their repository; it has one if we are here.
    let lane_of = |plugin: &str| format!("{plugin} {repo} {}", key.as_deref().unwrap_or("-"));
    for plugin in enabled {
        let mut consider = |runs: bool, why: String| {
            dispatch.considered.push(Considered { plugin: (*plugin).to_owned(), runs, why });
        };
        // A plugin that is not known yet may want any form; when it is, what it does not want is ignored.
        let any = [typed, EventKind::Comment];
        let (wanted, digest, held) = match candidate(plugin) {
            Candidate::Coming => (&any[..], UNKNOWN, None),
            Candidate::Absent(why) => {
                consider(false, why);
                continue;
            }
            Candidate::Ready { wants, digest, held } => (wants, digest, held),
        };
        let forms = [
            (TaskKind::Typed, wanted.contains(&typed)),
            (TaskKind::Comment, comment && wanted.contains(&EventKind::Comment)),
        ];
        let kinds: Vec<_> = forms.into_iter().filter(|(_, wants)| *wants).map(|(kind, _)| kind).collect();
        if kinds.is_empty() {
            consider(
                false,
                format!("does not want `{}` events{}", event.name, if comment { " or comments" } else { "" }),
            );
            continue;
        }
        let why = match (digest, held) {
            (UNKNOWN, _) => format!("is enabled for {repo}, and gets this event when it is loaded, if it wants it"),
            (_, None) => format!("is enabled for {repo} and wants this event"),
            (_, Some(held)) => {
                format!("is enabled for {repo} and wants this event, but was in quarantine when it came: {held}")
            }
        };
        consider(true, why);
        for kind in kinds {
            let (plugin, lane) = ((*plugin).to_owned(), lane_of(plugin));
            dispatch.tasks.push(NewTask { plugin, kind, lane, component_digest: digest.to_owned() });
        }
    }
    tracing::debug!(delivery = guid, tasks = dispatch.tasks.len(), "planned");
    dispatch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Envelope;

    const COMMENT: &str = r#"{"action":"created","issue":{"id":1,"number":7,"pull_request":{}},"comment":{"id":3,"body":"/hold"},
        "repository":{"name":"r","full_name":"o/r","owner":{"login":"o"}}}"#;
    const PING: &str = r#"{"zen":"x","repository":{"name":"r","full_name":"o/r","owner":{"login":"o"}}}"#;

    #[track_caller]
    fn check(name: &str, payload: &str, scope: Scope, wants: &[EventKind], want: &[(TaskKind, &str)]) {
        let event = prow::event::parse(name, payload.as_bytes()).unwrap();
        let dispatch =
            plan("g", &scope, &event, "rev", &["p"], |_| Candidate::Ready { wants, digest: "d", held: None });
        let tasks: Vec<_> = dispatch.tasks.iter().map(|t| (t.kind, t.lane.as_str())).collect();
        assert_eq!(tasks, want, "{name} {scope:?}");
        assert!(dispatch.tasks.iter().all(|t| t.component_digest == "d"));
        assert!(dispatch.considered.iter().all(|c| c.runs != want.is_empty()));
    }

    fn repo() -> Scope {
        Scope::Repo("o/r".to_owned())
    }

    #[test]
    fn a_plugin_gets_the_forms_that_it_wants_the_typed_one_first() {
        let both = [EventKind::Comment, EventKind::IssueComment];
        check(
            "issue_comment",
            COMMENT,
            repo(),
            &both,
            &[(TaskKind::Typed, "p o/r #7"), (TaskKind::Comment, "p o/r #7")],
        );
        check("issue_comment", COMMENT, repo(), &[EventKind::Comment], &[(TaskKind::Comment, "p o/r #7")]);
        check("issue_comment", COMMENT, repo(), &[EventKind::Push], &[]);
        check("ping", PING, repo(), &[EventKind::Other], &[(TaskKind::Typed, "p o/r -")]);
    }

    #[test]
    fn a_plugin_that_is_being_loaded_gets_every_form_of_the_event_later() {
        let event = prow::event::parse("issue_comment", COMMENT.as_bytes()).unwrap();
        let dispatch = plan("g", &repo(), &event, "rev", &["p"], |_| Candidate::Coming);
        let tasks: Vec<_> = dispatch.tasks.iter().map(|t| (t.kind, t.component_digest.as_str())).collect();
        assert_eq!(tasks, [(TaskKind::Typed, UNKNOWN), (TaskKind::Comment, UNKNOWN)]);
        let considered = &dispatch.considered[0];
        assert!(considered.runs && considered.why.contains("when it is loaded"), "{considered:?}");
    }

    #[test]
    fn a_plugin_in_quarantine_gets_its_task_and_says_why_that_waits() {
        let event = prow::event::parse("ping", PING.as_bytes()).unwrap();
        let held = || Some("trapped: unreachable".to_owned());
        let wants = [EventKind::Other];
        let candidate = |_: &str| Candidate::Ready { wants: &wants, digest: "d", held: held() };
        let dispatch = plan("g", &repo(), &event, "rev", &["p"], candidate);
        assert_eq!(dispatch.tasks.len(), 1);
        let why = "is enabled for o/r and wants this event, but was in quarantine when it came: trapped: unreachable";
        assert_eq!((dispatch.considered[0].runs, dispatch.considered[0].why.as_str()), (true, why));
    }

    #[test]
    fn an_event_of_no_repository_reaches_no_plugin() {
        check("ping", PING, Scope::Org("o".to_owned()), &[EventKind::Other], &[]);
    }

    #[test]
    fn a_plugin_without_a_component_is_named_with_its_reason() {
        let event = prow::event::parse("ping", PING.as_bytes()).unwrap();
        let dispatch =
            plan("g", &repo(), &event, "rev", &["nope"], |_| Candidate::Absent("has no component".to_owned()));
        assert!(dispatch.tasks.is_empty());
        assert_eq!(dispatch.considered[0].why, "has no component");
    }

    /// Every real payload comes to its plugin in each of its forms, as of the repository that its key was chosen by; one
    /// that names none reaches nobody.
    #[test]
    fn every_real_payload_is_planned_and_handed_over() {
        use EventKind as Kind;
        let all = [
            Kind::Issue,
            Kind::IssueComment,
            Kind::PullRequest,
            Kind::PullRequestReview,
            Kind::PullRequestReviewComment,
            Kind::Push,
            Kind::Status,
            Kind::CheckRun,
            Kind::CheckSuite,
            Kind::WorkflowRun,
            Kind::Comment,
            Kind::Other,
        ];
        let Some(payloads) = crate::test_data::payloads("every_real_payload_is_planned_and_handed_over") else {
            return;
        };
        let (mut of_nobody, mut of_orgs, mut typed, mut comments) = (0, 0, 0, 0);
        for payload in payloads {
            let (name, body) = (payload.event, payload.body.to_string());
            let scope = crate::scan::scan(body.as_bytes()).unwrap();
            let event = prow::event::parse(&name, body.as_bytes()).unwrap();
            let unread = matches!(&event.body, prow::event::EventBody::Other { unread: Some(_), .. });
            assert!(!unread, "{name}: {:?}", event.body);
            let dispatch =
                plan("g", &scope, &event, "rev", &["p"], |_| Candidate::Ready { wants: &all, digest: "d", held: None });
            match &scope {
                Scope::Any => of_nobody += 1,
                Scope::Org(_) => of_orgs += 1,
                Scope::Repo(_) => {}
            }
            assert_eq!(dispatch.tasks.is_empty(), scope.repo().is_none(), "{name}");
            let envelope = Envelope { guid: "g", scope: &scope, round: 0 };
            for task in dispatch.tasks {
                let handed = match task.kind {
                    TaskKind::Typed => Some(convert::typed(&event, envelope)),
                    TaskKind::Comment => convert::comment_event(&event, envelope),
                    TaskKind::Forward => unreachable!("only plugins were planned for"),
                };
                match task.kind {
                    TaskKind::Typed => typed += 1,
                    TaskKind::Comment => comments += 1,
                    TaskKind::Forward => {}
                }
                let handed = handed.expect("a comment's task is planned for comments only");
                let repo = handed.repo.map(|repo| format!("{}/{}", repo.ref_.org, repo.ref_.name));
                assert_eq!((repo.as_deref(), handed.org.as_deref()), (scope.repo(), scope.org()), "{name}");
            }
        }
        assert_eq!((of_nobody, of_orgs, typed), (24, 25, 288));
        assert!(comments > 20, "{comments} texts that someone wrote");
    }
}
