//! Which events are a reason to look at a pull request again. The state is computed anew each time: an event decides
//! whether, and never what. Behaviour: Prow pkg/plugins/approve/approve.go, its three handlers.
//!
//! Decided otherwise than there: an automation's texts do not count, so they are no reason either; a new base branch is
//! one, since it may have other owners; a description is none, for what it says is not counted and its pull request
//! is looked at as it is opened.

use kit::prow::settings::ApproveSettings;
use kit::{
    Actor, ActorKind, CommentAction, CommentEvent, Event, EventBody, IssueRef, IssueState, PullRequestEvent,
    ReviewEvent, ReviewState,
};

use crate::commands::commands;
use crate::decide::APPROVED;

/// What is to be done about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate<'a> {
    /// Nothing, and why.
    Closed(&'static str),
    /// Look at this pull request.
    Open {
        /// Which.
        number: IssueRef,
        /// Unless it was the bot that did this: the login to compare with its own.
        by: Option<&'a str>,
    },
}

/// Decides from the event alone, before anything is asked.
pub fn gate<'a>(event: &'a Event, settings: &ApproveSettings) -> Gate<'a> {
    let action = event.action.as_deref().unwrap_or_default();
    match &event.body {
        EventBody::Comment(comment) => on_comment(comment, &event.name, settings),
        EventBody::Review(review) => on_review(review, action, settings),
        EventBody::PullRequest(happened) => {
            on_pull_request(happened, action, event.sender.as_ref().map_or("", |sender| &sender.login))
        }
        _ => Gate::Closed("not an event that approval depends on"),
    }
}

fn on_comment<'a>(comment: &'a CommentEvent, event: &str, settings: &ApproveSettings) -> Gate<'a> {
    if comment.action != CommentAction::Created || !comment.is_pr || comment.issue_state == IssueState::Closed {
        return Gate::Closed("not a new comment on an open pull request");
    }
    if event == "pull_request" {
        return Gate::Closed("a description approves nothing");
    }
    if is_automation(&comment.author) {
        return Gate::Closed("an automation approves nothing");
    }
    if commands(&comment.body, settings.lgtm_acts_as_approve).next().is_none() {
        return Gate::Closed("no command about approval");
    }
    Gate::Open { number: comment.number, by: Some(&comment.author.login) }
}

fn on_review<'a>(event: &'a ReviewEvent, action: &str, settings: &ApproveSettings) -> Gate<'a> {
    if action != "submitted" && action != "dismissed" {
        return Gate::Closed("neither a new review nor the end of one");
    }
    let review = &event.review;
    if is_automation(&review.author) {
        return Gate::Closed("an automation approves nothing");
    }
    if commands(&review.body, settings.lgtm_acts_as_approve).next().is_some() {
        return Gate::Closed("its command is handled as a comment");
    }
    if settings.ignore_review_state {
        return Gate::Closed("what reviews conclude is not considered here");
    }
    match event.state {
        ReviewState::Approved | ReviewState::ChangesRequested | ReviewState::Dismissed => {
            Gate::Open { number: event.pull_request.number, by: Some(&review.author.login) }
        }
        ReviewState::Commented | ReviewState::Pending | ReviewState::Other => {
            Gate::Closed("the review concludes nothing")
        }
    }
}

fn on_pull_request<'a>(event: &'a PullRequestEvent, action: &str, sender: &'a str) -> Gate<'a> {
    let pr = &event.pull_request;
    let label = || event.label.as_deref().unwrap_or_default();
    match action {
        "opened" | "reopened" | "synchronize" => Gate::Open { number: pr.number, by: None },
        "edited" if event.base_changed => Gate::Open { number: pr.number, by: None },
        "labeled" if !label().eq_ignore_ascii_case(APPROVED) => Gate::Closed("another label"),
        "labeled" if pr.state == IssueState::Closed => Gate::Closed("the pull request is closed"),
        "labeled" => Gate::Open { number: pr.number, by: Some(sender) },
        _ => Gate::Closed("an action that approval does not depend on"),
    }
}

/// An account that is not a person's, or does not sign in like one.
pub fn is_automation(actor: &Actor) -> bool {
    matches!(actor.kind, ActorKind::Bot | ActorKind::App)
}
