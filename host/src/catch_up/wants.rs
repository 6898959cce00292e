//! Which events anybody wants, by what a log says of them: their names alone.

use github::HookOwner;
use prow::plugins::Plugins;

use crate::contract::types::EventKind;

/// What is wanted of the events of one owner's webhooks. In doubt one is: whoever does not want it is not given it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// One is still being loaded, or a service takes all.
    everything: bool,
    kinds: Vec<EventKind>,
    /// By name, for services.
    names: Vec<String>,
}

impl Wanted {
    /// What the plugins and services of this owner's repositories want. `kinds` are those of a plugin; none while nothing is
    /// known of it yet.
    pub(super) fn of<'a>(
        plugins: &Plugins,
        owner: &HookOwner,
        kinds: impl Fn(&str) -> Option<&'a [EventKind]>,
    ) -> Self {
        let mut wanted = Self::default();
        let of_owner = |scope: &str| match owner {
            HookOwner::App => true,
            HookOwner::Org(org) => scope.split('/').next() == Some(org),
            HookOwner::Repo(repo) => scope == repo.org || scope.split_once('/') == Some((&*repo.org, &*repo.repo)),
        };
        let enabled = plugins.names().into_iter().filter(|name| plugins.enabled_for(name).into_iter().any(of_owner));
        for name in enabled {
            match kinds(name) {
                Some(kinds) => wanted.kinds.extend(kinds),
                None => wanted.everything = true,
            }
        }
        for (_, service) in plugins.all_external().filter(|(scope, _)| of_owner(scope)) {
            wanted.everything |= service.events.is_empty();
            wanted.names.extend(service.events.iter().cloned());
        }
        wanted
    }

    /// Whether somebody wants events of this name.
    pub(super) fn wants(&self, event: &str) -> bool {
        self.everything
            || self.names.iter().any(|name| name == event)
            || forms(event).iter().any(|form| self.kinds.contains(form))
    }
}

/// The forms in which plugins may be given an event of this name.
fn forms(event: &str) -> &'static [EventKind] {
    use EventKind as Kind;
    match event {
        "issues" => &[Kind::Issue, Kind::Comment],
        "issue_comment" => &[Kind::IssueComment, Kind::Comment],
        "pull_request" => &[Kind::PullRequest, Kind::Comment],
        "pull_request_review" => &[Kind::PullRequestReview, Kind::Comment],
        "pull_request_review_comment" => &[Kind::PullRequestReviewComment, Kind::Comment],
        "push" => &[Kind::Push],
        "status" => &[Kind::Status],
        "check_run" => &[Kind::CheckRun],
        "check_suite" => &[Kind::CheckSuite],
        "workflow_run" => &[Kind::WorkflowRun],
        _ => &[Kind::Other],
    }
}

#[cfg(test)]
mod tests {
    use github::RepoName;
    use prow::job_config::Named;
    use prow::plugins::RawPlugins;
    use serde_json::json;

    use super::*;

    fn plugins() -> Plugins {
        let raw: RawPlugins = serde_json::from_value(json!({
            "plugins": {
                "o": { "plugins": ["hold"] },
                "o/r": { "plugins": ["slow"] },
                "p/r": { "plugins": ["pushed"] },
            },
            "modules": {
                "slow": { "component": "./slow.wasm" },
                "pushed": { "component": "./pushed.wasm" },
            },
            "external_plugins": {
                "q/r": [{ "name": "stars", "events": ["star"] }],
                "s": [{ "name": "all" }],
            },
        }))
        .unwrap();
        Plugins::check(Named { file: "plugins.yaml".into(), raw }, vec![]).unwrap().0
    }

    #[track_caller]
    fn check(owner: HookOwner, want: &str) {
        let kinds = |name: &str| match name {
            "hold" => Some(&[EventKind::Comment][..]),
            "pushed" => Some(&[EventKind::Push][..]),
            _ => None,
        };
        let wanted = Wanted::of(&plugins(), &owner, kinds);
        let all = ["push", "issues", "status", "star", "ping"];
        let got: Vec<&str> = all.into_iter().filter(|event| wanted.wants(event)).collect();
        assert_eq!(got.join(" "), want, "{owner}");
    }

    #[test]
    fn an_event_is_wanted_where_somebody_is_enabled_who_wants_it() {
        let repo = |org: &str, name: &str| HookOwner::Repo(RepoName::new(org, name));
        check(repo("o", "other"), "issues");
        check(repo("p", "r"), "push");
        check(repo("p", "other"), "");
        check(HookOwner::Org("p".into()), "push");
        check(repo("q", "r"), "star");
        // Nothing is known yet of `slow`, and `all` gets all.
        for owner in [repo("o", "r"), HookOwner::Org("o".into()), HookOwner::Org("s".into()), HookOwner::App] {
            check(owner, "push issues status star ping");
        }
    }

    #[test]
    fn every_real_payload_has_the_forms_that_its_name_says() {
        let Some(payloads) = crate::test_data::payloads("every_real_payload_has_the_forms_that_its_name_says") else {
            return;
        };
        for payload in payloads {
            let event = prow::event::parse(&payload.event, payload.body.to_string().as_bytes()).unwrap();
            let forms = forms(&payload.event);
            assert!(forms.contains(&crate::convert::kind(&event)), "{}", payload.event);
            assert!(event.generic_comment().is_none() || forms.contains(&EventKind::Comment), "{}", payload.event);
        }
    }
}
