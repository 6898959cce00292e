//! A record that somebody edits is made worthless.

use kit::{CommentAction, CommentEvent, IssueState};

use super::world::{AUTHOR, BOT, OTHER_TREE, TREE, World, check};
use crate::messages::{self, record};

fn edited(login: &str, body: &str) -> CommentEvent {
    CommentEvent { action: CommentAction::Edited, comment_id: Some(3), ..World::new().comment_event(login, body) }
}

/// A record as it is on the server, and after an edit of it was handled.
fn on_the_server(edit: Option<&str>) -> World {
    let world = World::new().labelled().said(BOT, &record(TREE));
    let Some(text) = edit else { return world };
    let event = CommentEvent { comment_id: Some(1), ..edited(BOT, text) };
    let seen = world.heard(&event, "issue_comment");
    world.with(|it| {
        text.clone_into(&mut it.comments[0].body);
        if seen.effects == ["void 1"] {
            messages::VOID.clone_into(&mut it.comments[0].body);
        }
    })
}

/// The push leaves the files as the record has them; what decides is whether the record is as we wrote it.
#[test]
fn case_26_an_edited_record_counts_no_more() {
    check(&on_the_server(None).push(None), &[]);
    for edit in [record(TREE), record(OTHER_TREE), "never mind".to_owned()] {
        check(&on_the_server(Some(&edit)).push(None), &["-lgtm", "notice", "request carol"]);
    }
}

#[test]
fn an_older_record_that_was_not_edited_still_counts() {
    check(&World::new().labelled().said(BOT, &record(TREE)).said(BOT, messages::VOID).push(None), &[]);
}

#[test]
fn a_record_is_void_on_a_closed_pull_request_too() {
    let closed = CommentEvent { issue_state: IssueState::Closed, ..edited(BOT, &record(TREE)) };
    check(&World::new().heard(&closed, "issue_comment"), &["void 3"]);
}

#[test]
fn nothing_else_is_written_over() {
    let world = World::new();
    check(&world.heard(&edited(AUTHOR, &record(TREE)), "issue_comment"), &[]);
    let plain = world.heard(&edited(BOT, "@x: no."), "issue_comment");
    check(&plain, &[]);
    assert!(plain.asked.is_empty(), "{:?}", plain.asked);
    check(&world.heard(&edited(BOT, messages::VOID), "issue_comment"), &[]);
    for action in [CommentAction::Created, CommentAction::Deleted] {
        check(&world.heard(&CommentEvent { action, ..edited(BOT, &record(TREE)) }, "issue_comment"), &[]);
    }
    // Their numbers are others'.
    check(&world.heard(&edited(BOT, &record(TREE)), "pull_request_review_comment"), &[]);
    let description = CommentEvent { comment_id: None, ..edited(BOT, &record(TREE)) };
    check(&world.heard(&description, "issue_comment"), &[]);
    check(&world.heard(&CommentEvent { is_pr: false, ..edited(BOT, &record(TREE)) }, "issue_comment"), &[]);
}
