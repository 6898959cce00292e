use kit::{CommentAction, IssueState, sample};

use super::*;
use crate::decide::Kind::{GoodFirstIssue, Help};
use crate::decide::{decide, parse};

const NONE: Labels = Labels { help: false, good_first_issue: false };
const ONLY_HELP: Labels = Labels { help: true, good_first_issue: false };
const ONLY_FIRST: Labels = Labels { help: false, good_first_issue: true };
const BOTH: Labels = Labels { help: true, good_first_issue: true };

fn comment(body: &str) -> CommentEvent {
    CommentEvent { is_pr: false, ..sample::comment(body) }
}

#[track_caller]
fn check(body: &str, has: Labels, want: &[Effect]) {
    let found = parse(&comment(body)).map(|asked| decide(asked, has)).unwrap_or_default();
    assert_eq!(found, want, "{body:?} with {has:?}");
}

#[test]
fn only_new_texts_on_open_issues_are_read() {
    let other = [
        CommentEvent { is_pr: true, ..comment("/help") },
        CommentEvent { issue_state: IssueState::Closed, ..comment("/help") },
        CommentEvent { action: CommentAction::Edited, ..comment("/help") },
        CommentEvent { action: CommentAction::Deleted, ..comment("/help") },
    ];
    for event in other {
        assert_eq!(parse(&event), None, "{event:?}");
    }
    assert!(parse(&comment("/help")).is_some());
}

#[test]
fn help_tells_and_labels_once() {
    check("/help", NONE, &[Effect::Tell(Help), Effect::Add(Help)]);
    check("/HELP \r\n", NONE, &[Effect::Tell(Help), Effect::Add(Help)]);
    check("/help", ONLY_HELP, &[]);
    check("/help", BOTH, &[]);
}

#[test]
fn remove_help_takes_good_first_issue_along() {
    let help = [Effect::Remove(Help), Effect::Prune(Help)];
    check("/remove-help", ONLY_HELP, &help);
    let both = [help[0], help[1], Effect::Remove(GoodFirstIssue), Effect::Prune(GoodFirstIssue)];
    check("/remove-help", BOTH, &both);
    check("/remove-help", NONE, &[]);
    check("/remove-help", ONLY_FIRST, &[]);
}

#[test]
fn good_first_issue_brings_help_along() {
    let first = [Effect::Tell(GoodFirstIssue), Effect::Add(GoodFirstIssue)];
    check("/good-first-issue", NONE, &[first[0], first[1], Effect::Add(Help)]);
    check("/good-first-issue", ONLY_HELP, &first);
    check("/good-first-issue", BOTH, &[]);
}

#[test]
fn remove_good_first_issue_leaves_help() {
    let removed = [Effect::Remove(GoodFirstIssue), Effect::Prune(GoodFirstIssue)];
    check("/remove-good-first-issue", BOTH, &removed);
    check("/remove-good-first-issue", ONLY_FIRST, &removed);
    check("/remove-good-first-issue", ONLY_HELP, &[]);
}

#[test]
fn the_first_command_that_changes_something_is_the_only_one() {
    check(
        "/help\n/good-first-issue",
        NONE,
        &[Effect::Tell(GoodFirstIssue), Effect::Add(GoodFirstIssue), Effect::Add(Help)],
    );
    check("/help\n/remove-help", ONLY_HELP, &[Effect::Remove(Help), Effect::Prune(Help)]);
    check("/help\n/remove-help", NONE, &[Effect::Tell(Help), Effect::Add(Help)]);
}

#[test]
fn a_command_stands_alone_on_its_line() {
    for body in ["/help me", "/helpful", "> /help", "need /help", "/remove help"] {
        check(body, NONE, &[]);
    }
}
