//! What is done about what was said.

use super::world::{APPROVES, BOT, DOES_NOT, World, check};
use crate::decide::{WhoLabelled, decide};

#[track_caller]
fn says(world: &World, parts: &[&str]) {
    let comment = world.comment();
    for part in parts {
        assert!(comment.contains(part), "{part:?} is not in:\n{comment}");
    }
}

#[test]
fn case_01_the_author_owns_what_they_change() {
    let world = World::changing(&["c/c.go"]).self_approving();
    says(&world, &[r##"*<a href="https://github.com/org/repo/pull/7#" title="Author self-approved">cjwagner</a>*"##]);
    check(world, &APPROVES);
}

#[test]
fn case_02_nobody_has_approved() {
    let world = World::changing(&["c/c.go"]);
    says(
        &world,
        &["please assign [cblecker](https://github.com/cblecker) for approval", r#"{"approvers":["cblecker"]}"#],
    );
    check(world, &DOES_NOT);
}

#[test]
fn case_03_whoever_is_assigned_is_asked_first() {
    let world = World::changing(&["c/c.go", "e/e.go"]);
    says(&world, &["please ask [spxtr](", "and assign [cblecker](", r#"{"approvers":["cblecker","spxtr"]}"#]);
    check(world, &DOES_NOT);
}

#[test]
fn case_04_an_approver_waives_the_issue() {
    let world = World::changing(&["a/a.go"]).needing_an_issue().says("Alice", "stuff\n/approve no-issue \nmore stuff");
    says(&world, &["Needs no issue, say: *<a href=", ">Alice</a>*\n"]);
    check(world, &APPROVES);
}

#[test]
fn case_05_the_description_names_an_issue() {
    let world = World::changing(&["a/a.go"]).needing_an_issue().body("changes that fix #42.\n/assign");
    let world = world.says("Alice", "stuff\n/approve");
    says(&world, &["Issue: *#42*"]);
    check(world, &APPROVES);
}

#[test]
fn case_06_logins_have_no_case() {
    let world = World::changing(&["a/a.go", "c/c.go"]).needing_an_issue();
    check(world.says("ALIcE", "stuff\n/approve").says("cjwagner", "stuff\n/approve no-issue"), &APPROVES);
}

#[test]
fn case_07_what_is_said_already_is_not_said_again() {
    let world = World::changing(&["a/a.go", "c/c.go"]).needing_an_issue().self_approving().says("ALIcE", "/approve");
    says(&world, &["*No issue*"]);
    check(world.notified_of_this(), &[]);
}

#[test]
fn case_08_an_approval_is_taken_back() {
    for cancel in ["stuff\n/approve cancel \nmore stuff", "stuff\n/remove-approve \nmore stuff"] {
        let world = World::changing(&["a/a.go"]).self_approving().needing_an_issue().labelled();
        let world = world.says("Alice", "/approve no-issue").notified("[APPROVALNOTIFIER] This PR is **APPROVED**");
        check(world.says("Alice", cancel), &["NOT APPROVED", "delete 2", "-label"]);
    }
}

#[test]
fn case_09_a_push_that_nobody_approved() {
    let world = World::changing(&["a/a.go", "b/b.go"]).self_approving().labelled().body("fixes #42");
    let world = world.says("bOb", "stuff\n/approve \nblah").notified("[APPROVALNOTIFIER] This PR is **APPROVED**\n\nx");
    check(world, &["NOT APPROVED", "delete 2", "-label"]);
}

#[test]
fn case_10_the_author_takes_their_own_approval_back() {
    for cancel in ["/approve cancel", "/remove-approve"] {
        let world = World::changing(&["c/c.go"]).self_approving().labelled();
        let world = world.notified("[APPROVALNOTIFIER] This PR is **APPROVED**").says("CJWagner", cancel);
        assert!(!world.comment().contains("self-approved"));
        check(world, &["NOT APPROVED", "delete 1", "-label"]);
    }
}

#[test]
fn case_11_lgtm_cancel_is_approve_cancel() {
    let world = || World::changing(&["c/c.go"]).self_approving().labelled();
    let said = |world: World| world.says("CJWagner", "stuff\n/lgtm cancel //PR changed");
    check(said(world().set(|settings| settings.lgtm_acts_as_approve = true)), &["NOT APPROVED", "-label"]);
    check(said(world()), &["APPROVED"]);
}

#[test]
fn case_12_a_notification_is_replaced_when_it_is_stale() {
    let world = || World::changing(&["a/a.go", "c/c.go"]).says("cjwagner", "/approve").says("alice", "/approve");
    check(world().labelled().notified_of_this(), &[]);
    let stale = "[APPROVALNOTIFIER] This PR is **NOT APPROVED**\n\nblah";
    check(world().notified(stale), &["APPROVED", "delete 3", "+label"]);
    // All that came before go, and only the newest is compared.
    let current = world().notified_of_this();
    check(current.notified(stale).labelled(), &["APPROVED", "delete 3", "delete 4"]);
}

#[test]
fn case_13_the_label_was_put_on_by_hand() {
    let world = World::changing(&["a/a.go"]).labelled_by_hand();
    says(&world, &["**APPROVED**", "put on by hand", "[How pull requests are reviewed](", "<details>\n"]);
    let comment = world.comment();
    assert!(!comment.contains("please assign") && !comment.contains("NOT APPROVED"), "{comment}");
    check(world, &["APPROVED"]);
    check(World::changing(&["a/a.go"]).labelled(), &["NOT APPROVED", "-label"]);
    let world = World::changing(&["a/a.go"]).labelled_by_hand().needing_an_issue();
    says(&world, &["*No issue*; none is needed, as the label was put on by hand."]);
}

#[test]
fn who_put_the_label_on_is_asked_only_where_it_matters() {
    let asks = |world: World| decide(&world.facts()) == Err(WhoLabelled);
    assert!(asks(World::changing(&["a/a.go"]).labelled()));
    assert!(!asks(World::changing(&["a/a.go"])));
    assert!(!asks(World::changing(&["a/a.go"]).labelled().says("alice", "/approve")));
}

#[test]
fn case_14_lgtm_approves_where_it_is_to() {
    let world = || World::changing(&["a/a.go"]).says("alice", "stuff\n/lgtm\nblah");
    let with = world().set(|settings| settings.lgtm_acts_as_approve = true);
    says(&with, &[r#"title="LGTM">alice</a>"#]);
    check(with, &APPROVES);
    check(world(), &DOES_NOT);
}

#[test]
fn lgtm_beside_another_command_is_nothing_where_it_does_not_approve() {
    check(World::changing(&["a/a.go"]).says("alice", "/approve cancel\n/lgtm"), &DOES_NOT);
    check(World::changing(&["a/a.go"]).says("alice", "/approve\n/lgtm cancel"), &APPROVES);
}

#[test]
fn the_last_word_counts_wherever_it_was_said() {
    let world = || World::changing(&["a/a.go"]);
    check(world().says_on_a_line("alice", "/approve"), &APPROVES);
    check(world().says("alice", "/approve").says_on_a_line("alice", "/approve cancel"), &DOES_NOT);
    check(world().says_on_a_line("alice", "/approve cancel").says("alice", "/approve"), &APPROVES);
    check(world().says("alice", "/approve").says("bob", "/approve cancel"), &APPROVES);
}

#[test]
fn a_plain_approval_keeps_an_earlier_waiver() {
    let world = || World::changing(&["a/a.go"]).needing_an_issue().says("alice", "/approve no-issue");
    check(world().says("alice", "/approve"), &APPROVES);
    check(world().says("alice", "/approve cancel").says("alice", "/approve"), &DOES_NOT);
}

#[test]
fn the_description_and_the_bot_approve_nothing() {
    check(World::changing(&["a/a.go"]).body("/approve"), &DOES_NOT);
    check(World::changing(&["a/a.go"]).with("a", super::world::owned(&[BOT])).says(BOT, "/approve"), &DOES_NOT);
}

#[test]
fn only_the_bots_own_notifications_are_deleted() {
    let world = World::changing(&["a/a.go"]).says("mallory", "[APPROVALNOTIFIER] This PR is **APPROVED**");
    let world = world.notified("Hello.").notified("[ApprovalNotifier]").notified("quoting [APPROVALNOTIFIER]");
    check(world, &["NOT APPROVED", "delete 3"]);
}

#[test]
fn a_label_has_no_case() {
    let mut world = World::changing(&["a/a.go"]).says("alice", "/approve");
    world.facts.pr.labels = vec!["Approved".to_owned()];
    check(world, &["APPROVED"]);
}
