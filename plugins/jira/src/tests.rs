use kit::{Actor, ActorKind, IssueState};

use super::*;

const BASE: &str = "https://my-jira.com/";

#[track_caller]
fn check_candidates(text: &str, want: &[&str]) {
    assert_eq!(candidates::candidates(text), want, "{text:?}");
}

#[test]
fn a_key_is_found_in_body_url_and_markdown_link() {
    check_candidates("issue-123", &["issue-123"]);
    check_candidates(" issue-123 ", &["issue-123"]);
    check_candidates("\nissue-123\r\n", &["issue-123"]);
    check_candidates("issue-123: fix", &["issue-123"]);
    check_candidates("issue-123\nissue-456", &["issue-123", "issue-456"]);
    check_candidates("(issue-123)", &["issue-123"]);
    check_candidates("https://my-jira.com/browse/ABC-123", &["ABC-123"]);
    check_candidates("[Jira Bug ABC-123](https://my-jira.com/browse/ABC-123)", &["ABC-123", "ABC-123"]);
    check_candidates("whatever-ABC-123", &["ABC-123"]);
}

#[test]
fn what_only_looks_like_a_key_is_none() {
    for text in ["issue-123a", "rehearse-15676-pull", "ABC-123.", "ABC-123,", "ABC-", "-123", "ABC_1", "1ABC-1", "_A-1"]
    {
        check_candidates(text, &[]);
    }
    check_candidates("éABC-1 ABC-1é", &["ABC-1"]);
}

#[track_caller]
fn check_wanted(body: &str, title: &str, disabled: &[&str], want: &[&str]) {
    let owned = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let keys = candidates::wanted(body, title, &owned(disabled), &owned(&["ABC", "DEF", "Enterprise"]));
    assert_eq!(keys, want, "{body:?} {title:?}");
}

#[test]
fn body_and_title_are_read_and_each_key_counts_once() {
    check_wanted("Some text and also ABC-123 and again ABC-123", "Some issue", &[], &["ABC-123"]);
    check_wanted("Some text", "ABC-123: Some issue", &[], &["ABC-123"]);
    check_wanted("DEF-1", "ABC-123: Some issue", &[], &["ABC-123", "DEF-1"]);
}

#[test]
fn a_disabled_project_is_left_alone_in_any_case() {
    check_wanted("ENTERPRISE-4", "", &["Enterprise"], &[]);
    check_wanted("ABC-1 DEF-2", "ABC-3:", &["abc"], &["DEF-2"]);
    check_wanted("ABC-1 DEF-2", "", &["abc", "def"], &[]);
    // As in Prow, it is a beginning of the key and not the project's whole name.
    check_wanted("ABC-1", "", &["a"], &[]);
}

#[test]
fn an_unknown_project_is_not_asked_for() {
    check_wanted("UTF-8 and abc-1", "", &[], &["abc-1"]);
}

#[track_caller]
fn check_change(known: &[(&str, &str)], want: Option<Change>) {
    let links = known.iter().zip(1..).map(|((url, title), id)| Known { id, url, title });
    assert_eq!(link::change(links, "https://x/o/r/issues/3", "o/r#3: New"), want, "{known:?}");
}

#[test]
fn a_link_that_is_there_stays() {
    check_change(&[("https://x/o/r/issues/3", "o/r#3: New")], None);
}

#[test]
fn a_changed_title_is_updated() {
    check_change(&[("https://x/1", "one"), ("https://x/o/r/issues/3", "o/r#3: Old")], Some(Change::Rename(2)));
}

#[test]
fn an_absent_link_is_added() {
    check_change(&[], Some(Change::Add));
    check_change(&[("https://x/o/r/issues/33", "o/r#3: New")], Some(Change::Add));
}

#[test]
fn a_link_leads_to_the_page_and_not_to_one_comment() {
    assert_eq!(link::page("https://x/o/r/issues/3#issuecomment-705743977"), "https://x/o/r/issues/3");
    assert_eq!(link::page("https://x/o/r/issues/3"), "https://x/o/r/issues/3");
    assert_eq!(link::title("o", "r", 3, "Some issue"), "o/r#3: Some issue");
}

/// And that a second run changes nothing.
#[track_caller]
fn check_text(body: &str, keys: &[&str], want: &str) {
    let keys: Vec<String> = keys.iter().map(|&key| key.to_owned()).collect();
    let linked = rewrite::with_links(body, &keys, BASE);
    assert_eq!(linked, want, "{body:?}");
    assert_eq!(rewrite::with_links(&linked, &keys, BASE), linked, "{body:?}, again");
}

const LINK: &str = "[ABC-123](https://my-jira.com/browse/ABC-123)";

#[test]
fn a_plain_mention_becomes_a_link_wherever_it_stands() {
    check_text("ABC-123: Fix:\n* First", &["ABC-123"], &format!("{LINK}: Fix:\n* First"));
    check_text("of ABC-123\nand ABC-123", &["ABC-123"], &format!("of {LINK}\nand {LINK}"));
    check_text("(ABC-123)", &["ABC-123"], &format!("({LINK})"));
    check_text("éABC-123", &["ABC-123"], &format!("é{LINK}"));
}

#[test]
fn a_second_run_changes_nothing() {
    check_text(&format!("{LINK} and {LINK}"), &["ABC-123"], &format!("{LINK} and {LINK}"));
    check_text(&format!("{LINK} and ABC-123"), &["ABC-123"], &format!("{LINK} and {LINK}"));
}

#[test]
fn a_pasted_url_stays() {
    check_text("https://my-jira.com/browse/ABC-123", &["ABC-123"], "https://my-jira.com/browse/ABC-123");
}

#[test]
fn fences_and_indented_code_stay() {
    let fence = "is\n```bash\nABC-123\n```\nABC-123\n";
    check_text(fence, &["ABC-123"], &format!("is\n```bash\nABC-123\n```\n{LINK}\n"));
    check_text("I meant:\r\n\r\n    x-ABC-123 ABC-123\r\n", &["ABC-123"], "I meant:\r\n\r\n    x-ABC-123 ABC-123\r\n");
    check_text("```\nABC-123", &["ABC-123"], "```\nABC-123");
}

#[test]
fn inline_code_stays() {
    let code = "``ABC-123`` and `ABC-123` and ``ABC-123: text``. ";
    check_text(&format!("{code}ABC-123 not"), &["ABC-123"], &format!("{code}{LINK} not"));
}

#[test]
fn a_part_of_a_longer_word_stays() {
    for text in ["whatever-ABC-123", "`whatever-ABC-123`", "XABC-123", "ABC-1234", "ABC-123x"] {
        check_text(text, &["ABC-123"], text);
    }
}

#[test]
fn a_shorter_key_inside_a_longer_one_stays() {
    let link = |key: &str| format!("[{key}](https://my-jira.com/browse/{key})");
    let want = format!("{} here\n{}: one\n{}: two", link("ABC-123"), link("BC-1"), link("BC-2"));
    check_text("ABC-123 here\nBC-1: one\nBC-2: two", &["ABC-123", "BC-1", "BC-2"], &want);
    check_text("ABC-123 here\nBC-1: one\nBC-2: two", &["BC-2", "BC-1", "ABC-123"], &want);
}

#[test]
fn nothing_is_linked_without_keys() {
    check_text("ABC-123\n\n", &[], "ABC-123\n\n");
}

fn comment(action: CommentAction, title: &str, body: &str) -> CommentEvent {
    let actor = Actor { login: "carol".to_owned(), id: 1, kind: ActorKind::User };
    CommentEvent {
        action,
        is_pr: true,
        number: 7,
        comment_id: Some(1),
        node_id: String::new(),
        body: body.to_owned(),
        html_url: String::new(),
        author: actor.clone(),
        issue_author: actor,
        issue_state: IssueState::Open,
        issue_title: title.to_owned(),
        issue_body: String::new(),
        issue_html_url: String::new(),
        assignees: Vec::new(),
    }
}

#[test]
fn new_and_edited_texts_are_looked_at_and_deleted_ones_are_not() {
    for (action, want) in
        [(CommentAction::Created, true), (CommentAction::Edited, true), (CommentAction::Deleted, false)]
    {
        assert_eq!(is_worth_a_look(&comment(action, "", "ABC-123")), want);
        assert_eq!(is_worth_a_look(&comment(action, "ABC-123: x", "no key")), want);
    }
    assert!(!is_worth_a_look(&comment(CommentAction::Created, "a title", "no key")));
}
