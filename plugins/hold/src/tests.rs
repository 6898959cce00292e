use kit::IssueState;
use kit::sample::comment;

use super::*;

#[track_caller]
fn check(body: &str, held: bool, want: Option<LabelChange>) {
    let found = parse(&comment(body)).and_then(|command| decide(command, held));
    assert_eq!(found, want, "{body:?}, held: {held}");
}

#[test]
fn hold_adds_the_label_once() {
    check("/hold", false, Some(LabelChange::Add));
    check("/hold for further review", false, Some(LabelChange::Add));
    check("/HOLD\r\n", false, Some(LabelChange::Add));
    check("Wait.\n/hold\nplease", false, Some(LabelChange::Add));
    check("/hold for further review", true, None);
}

#[test]
fn hold_cancel_unhold_and_remove_hold_take_it_off() {
    check("/hold   cancel  reason", true, Some(LabelChange::Remove));
    check("/hold cancel", true, Some(LabelChange::Remove));
    check("/Hold Cancel", true, Some(LabelChange::Remove));
    check("/unhold", true, Some(LabelChange::Remove));
    check("/remove-hold now", true, Some(LabelChange::Remove));
    check("/unhold", false, None);
    check("/remove-hold", false, None);
}

#[test]
fn cancel_wins_over_hold() {
    check("/hold\n/hold cancel", true, Some(LabelChange::Remove));
    check("/unhold\n/hold", true, Some(LabelChange::Remove));
    check("/unhold\n/hold", false, None);
}

#[test]
fn what_is_not_the_command_does_nothing() {
    for body in ["> /hold", "/removehold", "/remove -    hold", "/holding", "not yet /hold", "hold", ""] {
        check(body, false, None);
        check(body, true, None);
    }
    check("/hold cancelled", false, Some(LabelChange::Add));
}

#[test]
fn a_word_on_the_next_line_does_not_cancel() {
    check("/hold\ncancel the release first", false, Some(LabelChange::Add));
}

#[test]
fn an_issue_is_not_held() {
    assert_eq!(parse(&CommentEvent { is_pr: false, ..comment("/hold") }), None);
}

#[test]
fn an_edited_or_deleted_comment_is_no_command() {
    for action in [CommentAction::Edited, CommentAction::Deleted] {
        assert_eq!(parse(&CommentEvent { action, ..comment("/hold") }), None);
    }
}

#[test]
fn a_closed_pull_request_is_held_like_an_open_one() {
    let closed = CommentEvent { issue_state: IssueState::Closed, ..comment("/hold") };
    assert_eq!(parse(&closed), Some(HoldCommand::Hold));
}
