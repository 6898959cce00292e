//! Whose approval counts for what.

use super::world::{APPROVES, DOES_NOT, World, check, owned};
use kit::github_pull_requests_read::HistoryEntry;
use kit::sample::actor;

use crate::decide::was_by_hand;

fn of_two() -> World {
    World::changing(&["a/x.go", "b/x.go"])
        .with("a", owned(&["Author", "Anne", "Carl"]))
        .with("b", owned(&["Bill", "Carl"]))
        .needing_an_issue()
}

#[test]
fn case_28_one_of_two_approvers_waives_the_issue() {
    check(of_two().says("Anne", "/approve").says("Bill", "/approve no-issue"), &APPROVES);
    check(of_two().says("Anne", "/approve").says("Bill", "/approve"), &DOES_NOT);
}

#[test]
fn case_29_the_author_may_waive_it_if_they_say_so() {
    let mine = || {
        let mut world = World::changing(&["a/x.go"]).with("a", owned(&["Author"])).needing_an_issue().self_approving();
        world.facts.pr.author.login = "Author".to_owned();
        world
    };
    check(mine(), &DOES_NOT);
    check(mine().says("Author", "/approve"), &DOES_NOT);
    check(mine().says("Author", "/approve no-issue"), &APPROVES);
}

#[test]
fn case_30_somebody_without_a_say_cannot_waive_it() {
    let approved = || of_two().says("Carl", "/approve");
    check(approved().says("mallory", "/approve no-issue"), &DOES_NOT);
    // spxtr owns a folder that the pull request does not touch.
    check(approved().says("spxtr", "/approve no-issue"), &DOES_NOT);
    check(approved().says("anne", "/approve no-issue"), &APPROVES);
}

#[test]
fn who_has_no_say_is_listed_all_the_same() {
    let world = World::changing(&["a/a.go"]).self_approving().says("mallory", "/approve");
    let comment = world.comment();
    assert!(comment.contains(">cjwagner</a>*, *<a ") && comment.contains(">mallory</a>*\n"), "{comment}");
    check(world, &DOES_NOT);
}

fn put_on(login: &str, label: &str) -> HistoryEntry {
    let kind = "labeled".to_owned();
    HistoryEntry { kind, actor: Some(actor(login)), label: Some(label.to_owned()), created_at: 0 }
}

#[test]
fn the_last_to_put_the_label_on_counts() {
    let history = [put_on("bot", "approved"), put_on("carol", "Approved"), put_on("bot", "lgtm")];
    assert!(was_by_hand(&history, "bot"));
    let removed = HistoryEntry { kind: "unlabeled".to_owned(), ..put_on("dave", "approved") };
    let history = [put_on("carol", "approved"), removed, put_on("bot", "approved")];
    assert!(!was_by_hand(&history, "bot"));
    assert!(was_by_hand(&history[..2], "bot"));
    assert!(was_by_hand(&history, "another-bot"));
    assert!(!was_by_hand(&[], "bot"));
    // An account that is gone may have been ours.
    assert!(!was_by_hand(&[HistoryEntry { actor: None, ..put_on("", "approved") }], "bot"));
}
