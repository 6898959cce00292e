use kit::{Actor, ActorKind, IssueState};

use super::*;

fn settings() -> Settings {
    serde_json::from_str(
        r#"{
          "mentionchannels": ["sig-node", "sig-api-machinery"],
          "mergewarnings": [
            {"repos": ["o"], "channels": ["org-wide"]},
            {"repos": ["o/r"], "channels": ["sig-contribex", "foo"], "exempt_users": ["Merge-Robot"],
             "exempt_branches": {"dev": ["@wteened"]}}
          ]
        }"#,
    )
    .unwrap()
}

const PUSH: Push<'static> = Push {
    git_ref: "refs/heads/main",
    pusher: "Jester Tester",
    sender: "tester",
    created: false,
    deleted: false,
    forced: false,
    compare_url: "https://github.com/o/r/compare/a...b",
    commits: 2,
};

/// What is told to the channels of `o/r`.
#[track_caller]
fn check_push(push: Push<'_>, want: Option<&str>) {
    let settings = settings();
    let told = push::warning(&push, settings.merge_warning("o", "r").unwrap());
    let want = want.map(|what| format!("*Warning:* tester (<@tester>) {what}: https://github.com/o/r/compare/a...b"));
    assert_eq!(told, want, "{push:?}");
}

#[test]
fn a_push_by_a_normal_user_is_told_to_each_channel() {
    check_push(PUSH, Some("manually merged 2 commit(s) into main"));
    assert_eq!(settings().merge_warning("o", "r").unwrap().channels, ["sig-contribex", "foo"]);
}

#[test]
fn a_forced_push_is_told_as_one() {
    check_push(Push { forced: true, ..PUSH }, Some("*force* merged 2 commit(s) into main"));
}

#[test]
fn a_new_branch_is_told_as_one() {
    let created = Push { created: true, git_ref: "refs/heads/release-1.99", ..PUSH };
    check_push(created, Some("pushed a new branch (release-1.99)"));
    check_push(Push { created: true, git_ref: "refs/tags/v1", ..PUSH }, Some("pushed a new branch (v1)"));
    check_push(Push { created: true, forced: true, ..PUSH }, Some("pushed a new branch (main)"));
}

#[test]
fn a_deleted_branch_is_told_as_one() {
    check_push(Push { deleted: true, git_ref: "refs/heads/a/b", ..PUSH }, Some("deleted a branch (a/b)"));
}

#[test]
fn a_push_by_an_exempt_user_or_robot_is_not_told() {
    check_push(Push { pusher: "merge-robot", ..PUSH }, None);
    check_push(Push { sender: "MERGE-ROBOT", ..PUSH }, None);
}

#[test]
fn who_is_exempt_for_one_branch_is_so_for_this_one_only() {
    check_push(Push { sender: "WTeened", git_ref: "refs/heads/dev", ..PUSH }, None);
    let elsewhere = Push { pusher: "wteened", ..PUSH };
    check_push(elsewhere, Some("manually merged 2 commit(s) into main"));
}

#[test]
fn a_push_by_nobody_is_nobody_s_exemption() {
    let entry = kit::prow::settings::MergeWarning { exempt_users: vec![String::new()], ..Default::default() };
    assert!(push::warning(&Push { pusher: "", sender: "", ..PUSH }, &entry).is_some());
}

#[test]
fn the_repository_s_entry_goes_before_the_organisation_s() {
    let channels = |org: &str, repo: &str| settings().merge_warning(org, repo).map(|entry| entry.channels.clone());
    assert_eq!(channels("o", "other"), Some(vec!["org-wide".to_owned()]));
    assert_eq!(channels("o", "r"), Some(vec!["sig-contribex".to_owned(), "foo".to_owned()]));
    assert_eq!(channels("p", "r"), None);
}

#[test]
fn commits_are_those_that_the_payload_lists() {
    assert_eq!(commits(r#"{"ref": "x", "commits": [{"id": "a"}, {"id": "b"}]}"#), 2);
    assert_eq!(commits(r#"{"commits": null}"#), 0);
    assert_eq!(commits("{}"), 0);
}

fn comment(action: CommentAction, body: &str) -> CommentEvent {
    let actor = Actor { login: "carol".to_owned(), id: 1, kind: ActorKind::User };
    CommentEvent {
        action,
        is_pr: false,
        number: 7,
        comment_id: Some(1),
        node_id: String::new(),
        body: body.to_owned(),
        html_url: "https://github.com/o/r/issues/7".to_owned(),
        author: actor.clone(),
        issue_author: actor,
        issue_state: IssueState::Open,
        issue_title: String::new(),
        issue_body: String::new(),
        issue_html_url: String::new(),
        assignees: Vec::new(),
    }
}

#[track_caller]
fn check_mention(body: &str, want: &[&str]) {
    assert_eq!(mentioned(&comment(CommentAction::Created, body)), want, "{body:?}");
}

#[test]
fn a_mention_goes_to_the_sig_s_channel() {
    check_mention("@kubernetes/sig-node-misc This issue needs update.", &["sig-node"]);
    check_mention("cc @kubernetes/sig-api-machinery-feature-requests\r\n", &["sig-api-machinery"]);
    assert_eq!(
        mention::message("sig-node", "carol", "https://x/7", "line\nline"),
        "sig-node was mentioned by carol (<@carol>) on GitHub. (https://x/7)\n>>>line\nline"
    );
}

#[test]
fn two_sigs_get_two_messages() {
    check_mention("@kubernetes/sig-node-misc, @kubernetes/sig-testing-bugs", &["sig-node", "sig-testing"]);
    check_mention("@kubernetes/sig-node-misc @kubernetes/sig-node-bugs", &["sig-node", "sig-node"]);
}

#[test]
fn what_is_no_sig_s_team_is_no_mention() {
    check_mention("@kubernetes/node-misc", &[]);
    check_mention("@kubernetes/sig-node", &[]);
    check_mention("@kubernetes/sig-node-others and @kubernetes/sig-", &[]);
    check_mention("@kubernetes/node-misc @kubernetes/sig-api-machinery-bugs", &["sig-api-machinery"]);
}

#[test]
fn the_name_is_as_long_as_it_can_be() {
    check_mention("@kubernetes/sig-node-bugs-misc", &["sig-node-bugs"]);
    check_mention("@kubernetes/sig-node-bugsé", &["sig-node"]);
    check_mention("@kubernetes/sig-node-miscellaneous", &["sig-node"]);
    check_mention("@kubernetes/sig--misc", &["sig-"]);
    check_mention("@kubernetes/sig-x@kubernetes/sig-y-misc", &["sig-y"]);
}

#[test]
fn an_edited_or_deleted_text_mentions_nobody() {
    for action in [CommentAction::Edited, CommentAction::Deleted] {
        assert_eq!(mentioned(&comment(action, "@kubernetes/sig-node-misc")), [""; 0]);
    }
}

#[track_caller]
fn check_listed(body: &str, by_bot: bool, want: &[&str]) {
    assert_eq!(listed(mention::channels(body), &settings(), by_bot), want, "{body:?}, by the bot: {by_bot}");
}

#[test]
fn only_listed_channels_are_told() {
    check_listed("@kubernetes/sig-node-misc, @kubernetes/sig-testing-misc", false, &["sig-node"]);
    check_listed("@kubernetes/sig-testing-misc", false, &[]);
}

#[test]
fn the_bot_s_own_text_tells_nobody() {
    check_listed("@kubernetes/sig-node-misc", true, &[]);
}

#[test]
fn help_names_channels_and_exemptions() {
    let repo = |org: &str, name: &str| RepoRef { org: org.to_owned(), name: name.to_owned() };
    let told = explain(&settings(), &[repo("o", "r"), repo("p", "r")]);
    assert!(told[0].1.contains("sig-node, sig-api-machinery"), "{told:?}");
    assert!(told[1].1.contains("sig-contribex, foo") && told[1].1.contains("dev (@wteened)"), "{told:?}");
    assert_eq!(told[2].1, "There are no warnings of manual merges.");
}
