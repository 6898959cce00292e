//! Which events matter.

use kit::prow::settings::ApproveSettings;
use kit::sample::{actor, comment, pull_request, repository, text};
use kit::{
    ActorKind, CommentAction, CommentEvent, Event, EventBody, IssueState, PullRequest, PullRequestEvent, ReviewEvent,
    ReviewState,
};

use crate::gate::{Gate, gate};

fn event(name: &str, action: &str, body: EventBody) -> Event {
    Event {
        guid: String::new(),
        name: name.to_owned(),
        action: Some(action.to_owned()),
        repo: Some(repository()),
        org: Some("org".to_owned()),
        sender: Some(actor("sender")),
        round: 0,
        body,
    }
}

/// `None`: nothing is done. Else the login that must not be the bot's.
fn opened<'a>(event: &'a Event, settings: &ApproveSettings) -> Option<Option<&'a str>> {
    match gate(event, settings) {
        Gate::Closed(_) => None,
        Gate::Open { number, by } => {
            assert_eq!(number, 7);
            Some(by)
        }
    }
}

#[track_caller]
fn check(event: &Event, want: Option<Option<&str>>) {
    assert_eq!(opened(event, &ApproveSettings::default()), want, "{:?}", gate(event, &ApproveSettings::default()));
}

fn said(comment: CommentEvent) -> Event {
    event("issue_comment", "created", EventBody::Comment(comment))
}

#[test]
fn case_36_comments() {
    let body = "/approve";
    check(&said(comment(body)), Some(Some("carol")));
    check(&said(comment("/approve cancel")), Some(Some("carol")));
    check(&said(comment("/remove-approve")), Some(Some("carol")));
    let others = [
        CommentEvent { action: CommentAction::Edited, ..comment(body) },
        CommentEvent { action: CommentAction::Deleted, ..comment(body) },
        CommentEvent { is_pr: false, ..comment(body) },
        CommentEvent { issue_state: IssueState::Closed, ..comment(body) },
        comment("please approve"),
        comment("/lgtm"),
    ];
    for other in others {
        check(&said(other), None);
    }
    let with_lgtm = ApproveSettings { lgtm_acts_as_approve: true, ..ApproveSettings::default() };
    assert_eq!(opened(&said(comment("/lgtm")), &with_lgtm), Some(Some("carol")));
}

#[test]
fn a_description_and_an_automation_are_no_reason() {
    check(&event("pull_request", "created", EventBody::Comment(comment("/approve"))), None);
    check(&event("pull_request_review", "created", EventBody::Comment(comment("/approve"))), Some(Some("carol")));
    for kind in [ActorKind::App, ActorKind::Bot] {
        let mut by_bot = comment("/approve");
        by_bot.author.kind = kind;
        check(&said(by_bot), None);
    }
}

fn reviewed(action: &str, state: ReviewState, body: &str, kind: ActorKind) -> Event {
    let mut review = text(1, "carol", body);
    review.author.kind = kind;
    let review = ReviewEvent { pull_request: pull_request("author"), review, state };
    event("pull_request_review", action, EventBody::Review(review))
}

#[test]
fn case_37_reviews() {
    use ActorKind::{App, Bot, User};
    use ReviewState::{Approved, ChangesRequested, Commented, Dismissed, Other, Pending};
    for state in [Approved, ChangesRequested, Dismissed] {
        check(&reviewed("submitted", state, "looks fine", User), Some(Some("carol")));
        check(&reviewed("edited", state, "", User), None);
        check(&reviewed("submitted", state, "/approve", User), None);
        check(&reviewed("submitted", state, "/lgtm", User), Some(Some("carol")));
        check(&reviewed("submitted", state, "", Bot), None);
        check(&reviewed("submitted", state, "", App), None);
        let commands_alone = ApproveSettings { ignore_review_state: true, ..ApproveSettings::default() };
        assert_eq!(opened(&reviewed("submitted", state, "", User), &commands_alone), None);
    }
    check(&reviewed("dismissed", Dismissed, "", User), Some(Some("carol")));
    for state in [Pending, Commented, Other] {
        check(&reviewed("submitted", state, "looks fine", User), None);
    }
}

fn happened(action: &str, label: Option<&str>, state: IssueState, base_changed: bool) -> Event {
    let pull_request = PullRequest { state, ..pull_request("author") };
    let label = label.map(str::to_owned);
    let body = PullRequestEvent { pull_request, label, base_changed, title_from: None, before: None };
    event("pull_request", action, EventBody::PullRequest(body))
}

#[test]
fn case_38_pull_requests() {
    let open = IssueState::Open;
    for action in ["opened", "reopened", "synchronize"] {
        check(&happened(action, None, open, false), Some(None));
        check(&happened(action, None, IssueState::Closed, false), Some(None));
    }
    check(&happened("labeled", Some("approved"), open, false), Some(Some("sender")));
    check(&happened("labeled", Some("lgtm"), open, false), None);
    check(&happened("labeled", None, open, false), None);
    check(&happened("labeled", Some("approved"), IssueState::Closed, false), None);
    for action in ["unlabeled", "edited", "ready_for_review", "assigned", "review_requested", "closed"] {
        check(&happened(action, Some("approved"), open, false), None);
    }
}

#[test]
fn a_new_base_branch_is_a_reason() {
    check(&happened("edited", None, IssueState::Open, true), Some(None));
}

#[test]
fn what_is_neither_is_none() {
    check(&event("star", "created", EventBody::Other), None);
}
