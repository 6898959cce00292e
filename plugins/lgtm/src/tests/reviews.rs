use kit::ActorKind;
use kit::ReviewState::{Approved, ChangesRequested, Commented, Dismissed, Other, Pending};

use super::world::{ASSIGNED, AUTHOR, BOT, FREE, OTHER_TREE, OUTSIDER, World, check};
use crate::known::Question;

const ADDED: [&str; 3] = ["+lgtm", "record a", "prune notices"];
const REMOVED: [&str; 3] = ["-lgtm", "prune records", "request carol"];

/// Where reviews count.
fn world() -> World {
    World::new().with(|it| it.settings.review_acts_as_lgtm = true)
}

#[test]
fn case_15_an_edited_or_dismissed_review() {
    for action in ["edited", "dismissed"] {
        for state in [Approved, ChangesRequested, Dismissed] {
            for world in [world(), world().labelled()] {
                check(&world.reviewed(action, &world.review_event(ASSIGNED, state, "")), &[]);
            }
        }
    }
}

#[test]
fn case_16_changes_are_requested_by_an_assigned_collaborator() {
    check(&world().labelled().review(ASSIGNED, ChangesRequested, "No."), &REMOVED);
    check(&world().review(ASSIGNED, ChangesRequested, "No."), &[]);
}

#[test]
fn case_17_approved_by_an_assigned_collaborator() {
    check(&world().review(ASSIGNED, Approved, ""), &ADDED);
    check(&world().labelled().review(ASSIGNED, Approved, ""), &[]);
    check(&world().without_tree_hash().review(ASSIGNED, Approved, ""), &["+lgtm", "prune notices"]);
}

#[test]
fn case_18_approved_by_a_collaborator_who_is_not_assigned() {
    check(&world().review(FREE, Approved, ""), &["assign dave", "+lgtm", "record a", "prune notices"]);
}

#[test]
fn case_19_changes_are_requested_by_a_collaborator_who_is_not_assigned() {
    check(&world().review(FREE, ChangesRequested, ""), &["assign dave"]);
}

#[test]
fn case_20_approved_by_an_outsider() {
    check(&world().review(OUTSIDER, Approved, "Nice."), &["refusal: no collaborator"]);
}

#[test]
fn case_21_no_verdict_or_a_command_of_its_own() {
    check(&world().review(AUTHOR, Commented, "Look here."), &[]);
    for state in [Approved, ChangesRequested, Commented] {
        for body in ["/lgtm", "/lgtm cancel", "Yes.\r\n/LGTM \r\n", "/remove-lgtm"] {
            check(&world().review(ASSIGNED, state, body), &[]);
            check(&world().labelled().review(ASSIGNED, state, body), &[]);
        }
    }
}

#[test]
fn case_22_apps_and_bots_are_no_reviewers() {
    for kind in [ActorKind::App, ActorKind::Bot] {
        // Also one that is a collaborator, and whose name says nothing of it.
        for login in ["reviewer[bot]", ASSIGNED] {
            check(&world().review_by(login, kind, Approved), &[]);
            check(&world().labelled().review_by(login, kind, ChangesRequested), &[]);
        }
    }
}

#[test]
fn a_person_is_heard_whatever_their_name() {
    let named = world().with(|it| it.collaborators.push("ro[bot]"));
    let seen = named.review_by("ro[bot]", ActorKind::User, Approved);
    check(&seen, &["assign ro[bot]", "+lgtm", "record a", "prune notices"]);
}

#[test]
fn our_own_review_is_none() {
    let world = || world().with(|it| it.collaborators.push(BOT));
    check(&world().review(BOT, Approved, ""), &[]);
    check(&world().labelled().review(BOT, ChangesRequested, ""), &[]);
}

#[test]
fn without_the_setting_reviews_change_nothing() {
    let seen = World::new().review(ASSIGNED, Approved, "");
    check(&seen, &[]);
    assert!(seen.asked.is_empty());
}

#[test]
fn other_verdicts_are_none() {
    for state in [Commented, Dismissed, Pending, Other] {
        check(&world().labelled().review(ASSIGNED, state, ""), &[]);
        check(&world().review(ASSIGNED, state, ""), &[]);
    }
}

#[test]
fn a_review_of_a_closed_pull_request_counts() {
    let closed = world().with(|it| it.pr.state = kit::IssueState::Closed);
    check(&closed.review(ASSIGNED, Approved, ""), &ADDED);
}

/// The event brings the pull request: what is recorded is what was reviewed, and not what was pushed since.
#[test]
fn the_head_that_was_reviewed_is_recorded() {
    let mut event = world().review_event(ASSIGNED, Approved, "");
    event.pull_request.head.sha = "reviewed".to_owned();
    let world = world().with(|it| it.trees = vec![("headsha", OTHER_TREE), ("reviewed", super::world::TREE)]);
    let seen = world.reviewed("submitted", &event);
    check(&seen, &ADDED);
    assert!(!seen.asked.contains(&Question::PullRequest), "{:?}", seen.asked);
}

#[test]
fn owners_are_asked_for_the_base_of_the_event() {
    let owned = world().with(|it| {
        it.settings.skip_collaborators = true;
        it.owners = vec!["erin"];
    });
    let seen = owned.review("erin", Approved, "");
    check(&seen, &ADDED);
    assert!(!seen.asked.contains(&Question::PullRequest), "{:?}", seen.asked);
    check(&owned.review(ASSIGNED, Approved, ""), &["refusal: no owner"]);
}
