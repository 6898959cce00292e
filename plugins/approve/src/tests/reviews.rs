//! What reviews say.

use kit::{ActorKind, ReviewState};

use super::world::{APPROVES, DOES_NOT, World, check};

fn world() -> World {
    World::changing(&["a/a.go"])
}

fn commands_alone() -> World {
    world().set(|settings| settings.ignore_review_state = true)
}

#[test]
fn case_15_a_command_in_a_review() {
    check(commands_alone().reviews("Alice", ReviewState::Other, "stuff\n/approve"), &APPROVES);
}

#[test]
fn case_16_an_approving_review() {
    check(commands_alone().reviews("Alice", ReviewState::Approved, ""), &DOES_NOT);
    check(world().reviews("Alice", ReviewState::Approved, ""), &APPROVES);
}

#[test]
fn case_17_reviews_that_do_not_approve() {
    for state in [ReviewState::Commented, ReviewState::Pending, ReviewState::Dismissed, ReviewState::Other] {
        check(world().reviews("Alice", state, "looks fine"), &DOES_NOT);
    }
}

#[test]
fn case_18_changes_requested_takes_an_approval_back() {
    let approved = || world().reviews("Alice", ReviewState::Approved, "");
    check(approved().reviews("Alice", ReviewState::ChangesRequested, ""), &DOES_NOT);
    let ignored = commands_alone().says("Alice", "/approve");
    check(ignored.reviews("Alice", ReviewState::ChangesRequested, ""), &APPROVES);
}

#[test]
fn case_19_another_review_was_dismissed() {
    let approved = world().reviews("Alice", ReviewState::Approved, "");
    check(approved.reviews("Alice", ReviewState::Dismissed, ""), &APPROVES);
}

#[test]
fn case_20_a_command_takes_an_approving_review_back() {
    for cancel in ["/approve cancel", "/remove-approve"] {
        check(world().reviews("Alice", ReviewState::Approved, "").says("Alice", cancel), &DOES_NOT);
        check(world().reviews("Alice", ReviewState::Approved, cancel), &DOES_NOT);
    }
}

#[test]
fn case_21_a_command_counts_more_than_its_review() {
    check(world().reviews("Alice", ReviewState::ChangesRequested, "/approve"), &APPROVES);
}

#[test]
fn what_an_automation_writes_does_not_count() {
    for kind in [ActorKind::Bot, ActorKind::App] {
        let mut review = world().reviews("alice", ReviewState::Approved, "");
        review.facts.thread.reviews[0].text.author.kind = kind;
        check(review, &DOES_NOT);
        let mut comment = world().says("alice", "/approve");
        comment.facts.thread.comments[0].author.kind = kind;
        check(comment, &DOES_NOT);
    }
}
