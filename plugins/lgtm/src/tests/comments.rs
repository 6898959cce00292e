use kit::{ActorKind, CommentAction, CommentEvent, IssueState};

use super::world::{ASSIGNED, AUTHOR, BOT, FREE, OUTSIDER, TREE, World, check};
use crate::known::Question;
use crate::messages;

const ADDED: [&str; 3] = ["+lgtm", "record a", "prune notices"];
const REMOVED: [&str; 3] = ["-lgtm", "prune records", "request carol"];

#[track_caller]
fn says(login: &str, body: &str, world: World, want: &[&str]) {
    check(&world.comment(login, body), want);
}

/// With an assignment of `dave` before the rest.
fn assigned<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["assign dave"], rest].concat()
}

#[test]
fn case_01_an_unrelated_comment() {
    for body in ["hello", "", "this lgtm", "/lgtm please", "/lgtm cancel please", "> /lgtm", " /lgtm", "x /lgtm"] {
        let seen = World::new().labelled().comment(ASSIGNED, body);
        check(&seen, &[]);
        assert!(seen.asked.is_empty(), "it costs nothing: {:?}", seen.asked);
    }
}

#[test]
fn case_02_lgtm_by_an_assigned_collaborator() {
    for body in ["/lgtm", "/LGTM", "Fine.\r\n/lgtm\r\nThanks."] {
        says(ASSIGNED, body, World::new(), &ADDED);
        says(ASSIGNED, body, World::new().without_tree_hash(), &["+lgtm", "prune notices"]);
        says(ASSIGNED, body, World::new().labelled(), &[]);
    }
}

#[test]
fn case_03_lgtm_by_the_author() {
    says(AUTHOR, "/lgtm", World::new(), &["refusal: own"]);
    says(AUTHOR, "/lgtm", World::new().with(|it| it.collaborators.push(AUTHOR)), &["refusal: own"]);
    let text = &World::new().comment(AUTHOR, "/lgtm").comments[0];
    assert!(text.starts_with("@author: ") && text.contains("\n>/lgtm\n"), "{text}");
}

#[test]
fn case_04_cancel_by_the_author() {
    for body in ["/lgtm cancel", "/remove-lgtm", "/LGTM Cancel"] {
        says(AUTHOR, body, World::new().labelled(), &REMOVED);
        says(AUTHOR, body, World::new().labelled().without_tree_hash(), &["-lgtm"]);
        says(AUTHOR, body, World::new(), &[]);
    }
}

#[test]
fn case_05_lgtm_by_a_collaborator_who_is_not_assigned() {
    says(FREE, "/lgtm", World::new(), &assigned(&ADDED));
    says(FREE, "/lgtm", World::new().labelled(), &assigned(&[]));
}

#[test]
fn case_06_with_white_space_and_no_issue() {
    for body in ["/lgtm ", "/lgtm no-issue", "/lgtm no-issue \r", "/LGTM No-Issue\t\r\n"] {
        says(FREE, body, World::new(), &assigned(&ADDED));
    }
}

#[test]
fn case_07_lgtm_by_an_outsider() {
    says(OUTSIDER, "/lgtm", World::new(), &["refusal: no collaborator"]);
    says(OUTSIDER, "/lgtm", World::new().labelled(), &["refusal: no collaborator"]);
}

#[test]
fn case_08_cancel_by_a_collaborator_who_is_not_assigned() {
    says(FREE, "/lgtm cancel", World::new().labelled(), &assigned(&REMOVED));
    says(FREE, "/remove-lgtm", World::new().labelled(), &assigned(&REMOVED));
    says(FREE, "/lgtm cancel", World::new(), &assigned(&[]));
}

#[test]
fn case_09_cancel_by_an_outsider() {
    says(OUTSIDER, "/lgtm cancel", World::new().labelled(), &["refusal: no collaborator"]);
}

#[test]
fn case_10_cancel_by_an_assigned_collaborator() {
    for body in ["/lgtm cancel", "/lgtm cancel \r", "/remove-lgtm \r\n"] {
        says(ASSIGNED, body, World::new().labelled(), &REMOVED);
        says(ASSIGNED, body, World::new(), &[]);
    }
}

/// Where OWNERS say who may, and collaborators count for nothing.
fn by_owners() -> World {
    World::new().with(|it| {
        it.settings.skip_collaborators = true;
        it.owners = vec!["alice", "erin"];
    })
}

#[test]
fn case_11_an_owner_of_a_changed_file() {
    says("Alice", "/lgtm", by_owners(), &ADDED);
    says("erin", "/lgtm cancel", by_owners().labelled(), &REMOVED);
    for body in ["/lgtm", "/lgtm cancel"] {
        says(ASSIGNED, body, by_owners(), &["refusal: no owner"]);
    }
    says(AUTHOR, "/lgtm cancel", by_owners().labelled(), &REMOVED);
}

/// So in Prow: OWNERS are asked only with `skip_collaborators`.
#[test]
fn an_owner_who_is_no_collaborator_is_refused_where_collaborators_are_asked() {
    let world = || by_owners().with(|it| it.settings.skip_collaborators = false);
    says("erin", "/lgtm", world(), &["refusal: no collaborator"]);
    says("erin", "/lgtm cancel", world().labelled(), &["refusal: no collaborator"]);
}

#[test]
fn case_12_an_assignee_who_is_no_collaborator() {
    let world = World::new().with(|it| it.collaborators.clear());
    says(ASSIGNED, "/lgtm", world, &["refusal: no collaborator"]);
}

/// Three comments of the bot's, of which one is the notice.
fn noticed() -> World {
    World::new().said(BOT, &messages::record(TREE)).said(BOT, messages::NOTICE).said(BOT, "hello")
}

#[test]
fn case_13_a_successful_add_deletes_notices() {
    let kept = [messages::record(TREE), "hello".to_owned()];
    for login in [ASSIGNED, FREE] {
        assert_eq!(noticed().comment(login, "/lgtm").left, kept, "{login}");
        assert_eq!(noticed().without_tree_hash().comment(login, "/lgtm").left, kept, "{login}");
    }
    // One that Prow posted; and another's, who only quotes it, is not ours to delete.
    let prows = "New changes are detected. LGTM label has been removed.";
    assert_eq!(World::new().said(BOT, prows).comment(ASSIGNED, "/lgtm").left, [""; 0]);
    let quoted = noticed().said(ASSIGNED, messages::NOTICE);
    assert_eq!(quoted.comment(ASSIGNED, "/lgtm").left, kept);
}

#[test]
fn case_14_nothing_else_deletes_notices() {
    let notice = || messages::NOTICE.to_owned();
    let unlabelled = [
        (AUTHOR, "/lgtm"),
        (OUTSIDER, "/lgtm"),
        (ASSIGNED, "/lgtm cancel"),
        (AUTHOR, "/lgtm cancel"),
        (OUTSIDER, "/lgtm cancel"),
        (ASSIGNED, "hello"),
    ];
    for (login, body) in unlabelled {
        let left = noticed().comment(login, body).left;
        assert_eq!(left, [messages::record(TREE), notice(), "hello".to_owned()], "{login}: {body}");
    }
    let cancelled = noticed().labelled().comment(ASSIGNED, "/lgtm cancel");
    check(&cancelled, &REMOVED);
    assert_eq!(cancelled.left, [notice(), "hello".to_owned()]);
}

#[test]
fn case_29_an_author_whose_lgtm_sticks_needs_no_record() {
    says(ASSIGNED, "/lgtm", World::new().sticky_for(&[AUTHOR]), &["+lgtm"]);
    says(ASSIGNED, "/lgtm", World::new().sticky_for(&["somebody"]), &ADDED);
}

#[test]
fn case_30_a_cancel_deletes_records() {
    says(ASSIGNED, "/lgtm cancel", World::new().labelled(), &REMOVED);
    says(ASSIGNED, "/lgtm cancel", World::new().labelled().without_tree_hash(), &["-lgtm"]);
}

#[test]
fn of_both_commands_the_label_is_added() {
    says(ASSIGNED, "/lgtm cancel\n/lgtm", World::new(), &ADDED);
    says(ASSIGNED, "/lgtm\n/lgtm cancel", World::new().labelled(), &[]);
}

#[test]
fn one_space_and_no_more() {
    for body in ["/lgtm  cancel", "/lgtm  no-issue", "/lgtm\tcancel", "/lgtmcancel", "/remove- lgtm"] {
        says(ASSIGNED, body, World::new().labelled(), &[]);
        says(ASSIGNED, body, World::new(), &[]);
    }
    says(ASSIGNED, "/lgtm\ncancel", World::new(), &ADDED);
}

#[test]
fn a_command_in_a_code_block_counts() {
    says(ASSIGNED, "```\n/lgtm\n```", World::new(), &ADDED);
}

#[test]
fn only_new_comments_on_open_pull_requests_count() {
    let world = World::new();
    let new = || world.comment_event(ASSIGNED, "/lgtm");
    let others = [
        CommentEvent { is_pr: false, ..new() },
        CommentEvent { issue_state: IssueState::Closed, ..new() },
        CommentEvent { action: CommentAction::Edited, ..new() },
        CommentEvent { action: CommentAction::Deleted, ..new() },
    ];
    for comment in others {
        check(&world.heard(&comment, "issue_comment"), &[]);
    }
    check(&world.heard(&new(), "pull_request_review_comment"), &ADDED);
}

#[test]
fn a_bot_s_comment_is_a_comment_but_our_own_are_none() {
    let world = World::new().with(|it| it.collaborators.push(BOT));
    // The bot lists what others wrote: a job's rerun command may be any line.
    says(BOT, "The following commands are available:\n```\n/lgtm\n```", world, &[]);
    let mut comment = World::new().comment_event("app[bot]", "/lgtm");
    comment.author.kind = ActorKind::App;
    check(&World::new().heard(&comment, "issue_comment"), &["refusal: no collaborator"]);
}

#[test]
fn nobody_is_asked_to_review_their_own_pull_request() {
    let world = |assignees: &[&str]| {
        let assignees = assignees.iter().map(|&login| login.to_owned()).collect();
        World::new().labelled().with(|it| it.pr.assignees = assignees)
    };
    says(AUTHOR, "/lgtm cancel", world(&[AUTHOR, FREE, ASSIGNED]), &["-lgtm", "prune records", "request dave carol"]);
    says(AUTHOR, "/lgtm cancel", world(&[AUTHOR]), &["-lgtm", "prune records"]);
}

#[test]
fn a_head_that_cannot_be_read_gets_the_label_without_a_record() {
    says(ASSIGNED, "/lgtm", World::new().with(|it| it.trees.clear()), &["+lgtm", "prune notices"]);
}

#[test]
fn only_what_the_outcome_hangs_on_is_asked() {
    // Who we are is always asked, and told at once.
    let asked = |world: World, login: &str, body: &str| {
        let asked = world.comment(login, body).asked.into_iter();
        asked.filter(|question| *question != Question::BotLogin).collect::<Vec<_>>()
    };
    let collaborator = |login: &str| Question::Collaborator(login.to_owned());
    assert_eq!(asked(World::new(), AUTHOR, "/lgtm"), []);
    assert_eq!(asked(World::new().labelled(), AUTHOR, "/lgtm cancel"), [Question::Labels]);
    assert_eq!(asked(World::new(), OUTSIDER, "/lgtm"), [collaborator(OUTSIDER)]);
    assert_eq!(asked(by_owners(), OUTSIDER, "/lgtm"), [Question::PullRequest, Question::Owners("main".to_owned())]);
    let plain = World::new().without_tree_hash().sticky_for(&[AUTHOR]);
    assert_eq!(asked(plain, ASSIGNED, "/lgtm"), [collaborator(ASSIGNED), Question::Labels]);
    let there = World::new().labelled();
    assert_eq!(asked(there, ASSIGNED, "/lgtm"), [collaborator(ASSIGNED), Question::Labels]);
}
