//! Trust that is bound to a head. Not in Prow.

use kit::sample;

use super::world::{World, always, check, manual};
use crate::known::Question;
use crate::vouched;

const MEMBER: &str = "trusted-member";
const OUTSIDER: &str = "outsider";
const OLD: &str = "0ffffffffffffffffffffffffffffffffffffff0";
const HEAD: &str = "1a2b3c4d5e6f78901a2b3c4d5e6f78901a2b3c4d";
const NEXT: &str = "2222222222222222222222222222222222222222";

/// An outsider's pull request at [`HEAD`], where trust ends with a push.
fn expiring() -> World {
    let mut world = World::of_comments().by(OUTSIDER);
    world.settings.ok_to_test_expires_on_push = true;
    world.pr.head.sha = HEAD.to_owned();
    world
}

fn lasting() -> World {
    let mut world = expiring();
    world.settings.ok_to_test_expires_on_push = false;
    world
}

/// Labelled, and somebody has vouched for `head`.
fn vouched_for(head: &str) -> World {
    let mut world = expiring().labelled(&["ok-to-test"]);
    world.comments = vec![sample::text(1, "ci", &vouched::text(head))];
    world
}

#[track_caller]
fn says(author: &str, body: &str, world: &World, want: &[&str]) {
    check(world.comment(author, body), want);
}

#[test]
fn ok_to_test_counts_for_the_commit_that_it_names() {
    for commit in [HEAD, &HEAD[..7], &HEAD[..7].to_uppercase()] {
        let text = format!("/ok-to-test {commit}");
        says(MEMBER, &text, &lasting(), &["+ok-to-test", "start job"]);
        let world = lasting().labelled(&["needs-ok-to-test"]);
        says(MEMBER, &text, &world, &["+ok-to-test", "-needs-ok-to-test", "start job"]);
        says(OUTSIDER, &text, &lasting(), &["refusal"]);
    }
}

#[test]
fn a_commit_that_is_not_the_head_is_refused_with_the_head() {
    for commit in [OLD, "1a2b3c5"] {
        let seen = lasting().comment(MEMBER, &format!("/ok-to-test {commit}"));
        for part in [commit, &format!("`/ok-to-test {HEAD}`")] {
            assert!(seen.comments[0].contains(part), "{:?}", seen.comments);
        }
        check(seen, &["not the head"]);
    }
    // Forty-one digits are no commit, and as in Prow no command.
    says(MEMBER, &format!("/ok-to-test {HEAD}0"), &lasting(), &[]);
}

#[test]
fn a_wrong_commit_stops_all_of_the_comment_and_cancel_wins_over_it() {
    for other in ["/test all", "/ok-to-test", &format!("/ok-to-test {HEAD}")] {
        says(MEMBER, &format!("{other}\n/ok-to-test {OLD}"), &lasting(), &["not the head"]);
    }
    let cancelled = ["-ok-to-test", "+needs-ok-to-test"];
    let labelled = lasting().labelled(&["ok-to-test"]);
    says(MEMBER, &format!("/ok-to-test cancel\n/ok-to-test {OLD}"), &labelled, &cancelled);
    says(MEMBER, &format!("/ok-to-test cancel\n/ok-to-test {HEAD}"), &labelled, &cancelled);
}

#[test]
fn where_ok_to_test_is_not_in_use_no_commit_is_looked_at() {
    let mut world = lasting();
    world.settings.ignore_ok_to_test = true;
    says(MEMBER, &format!("/ok-to-test {OLD}"), &world, &[]);
}

#[test]
fn who_vouches_is_taken_by_the_head_where_trust_can_end() {
    let vouches = format!("vouch {HEAD}");
    for text in ["/ok-to-test".to_owned(), format!("/ok-to-test {HEAD}")] {
        says(MEMBER, &text, &expiring(), &[&vouches, "+ok-to-test", "start job"]);
        // For a newer head it is said again.
        says(MEMBER, &text, &vouched_for(OLD), &[&vouches, "start job"]);
        says(MEMBER, &text, &expiring().by(MEMBER), &["+ok-to-test", "start job"]);
        // Somebody who is trusted by the label alone vouches for nobody.
        says(OUTSIDER, &text, &vouched_for(HEAD), &["start job"]);
    }
    check(expiring().event("labeled", Some("ok-to-test"), false, MEMBER), &[&vouches, "start job"]);
    check(expiring().by(MEMBER).event("labeled", Some("ok-to-test"), false, MEMBER), &["start job"]);
    check(lasting().event("labeled", Some("ok-to-test"), false, MEMBER), &["start job"]);
}

#[test]
fn an_outsider_s_push_ends_trust_where_it_can_end() {
    let ended = ["-ok-to-test", "+needs-ok-to-test", "expired"];
    check(vouched_for(OLD).pushed(OUTSIDER, OLD), &ended);
    check(expiring().labelled(&["ok-to-test"]).pushed(OUTSIDER, OLD), &ended);
    check(vouched_for(OLD).pushed("", OLD), &ended);
    let both = World { pr: expiring().labelled(&["ok-to-test", "needs-ok-to-test"]).pr, ..vouched_for(OLD) };
    check(both.pushed(OUTSIDER, OLD), &["-ok-to-test", "expired"]);
    check(lasting().labelled(&["ok-to-test"]).pushed(OUTSIDER, OLD), &["start job"]);
    check(expiring().pushed(OUTSIDER, OLD), &[]);
    check(expiring().by(MEMBER).labelled(&["ok-to-test"]).pushed(OUTSIDER, OLD), &["start job"]);
}

#[test]
fn the_comment_says_who_pushed_what_and_what_to_do() {
    let seen = vouched_for(OLD).pushed(OUTSIDER, OLD);
    for part in [OUTSIDER, HEAD, OLD, &format!("`/ok-to-test {HEAD}`")] {
        assert!(seen.comments[0].contains(part), "no {part} in {}", seen.comments[0]);
    }
    let mut ignoring = vouched_for(OLD);
    ignoring.settings.ignore_ok_to_test = true;
    let seen = ignoring.pushed(OUTSIDER, OLD);
    assert!(!seen.comments[0].contains("/ok-to-test"), "{}", seen.comments[0]);
    check(seen, &["-ok-to-test", "expired"]);
}

#[test]
fn a_trusted_push_carries_trust_on() {
    let (carried, ended) = ([&*format!("vouch {HEAD}"), "start job"], ["-ok-to-test", "+needs-ok-to-test", "expired"]);
    check(vouched_for(OLD).pushed(MEMBER, OLD), &carried);
    check(expiring().labelled(&["ok-to-test"]).pushed(MEMBER, OLD), &carried);
    // Onto what an outsider pushed a moment before, of which the event is still under way, it carries nothing.
    check(vouched_for(OLD).pushed(MEMBER, NEXT), &ended);
}

#[test]
fn until_the_event_of_a_push_is_here_the_label_counts_for_the_old_head_alone() {
    says(OUTSIDER, "/test all", &vouched_for(HEAD), &["prune", "start job"]);
    let seen = vouched_for(OLD).comment(OUTSIDER, "/test all");
    assert!(seen.comments[0].contains(OLD) && seen.comments[0].contains(HEAD), "{:?}", seen.comments);
    check(seen, &["refusal"]);
    says(OUTSIDER, "/ok-to-test", &vouched_for(OLD), &["refusal"]);
    says(MEMBER, "/test all", &vouched_for(OLD), &["prune", "start job"]);
    for action in ["reopened", "ready_for_review"] {
        check(vouched_for(OLD).event(action, None, false, OUTSIDER), &[]);
        check(vouched_for(HEAD).event(action, None, false, OUTSIDER), &["start job"]);
    }
    check(vouched_for(OLD).event("labeled", Some("lgtm"), false, MEMBER), &[]);
    check(vouched_for(HEAD).event("labeled", Some("lgtm"), false, MEMBER), &[]);
}

#[test]
fn only_our_own_record_counts() {
    let mut world = vouched_for(HEAD);
    world.comments.push(sample::text(2, OUTSIDER, &vouched::text(OLD)));
    says(OUTSIDER, "/test all", &world, &["prune", "start job"]);
    let mut world = vouched_for(OLD);
    world.comments.push(sample::text(2, OUTSIDER, &vouched::text(HEAD)));
    says(OUTSIDER, "/test all", &world, &["refusal"]);
}

#[test]
fn a_push_whose_event_comes_late_ends_nothing_that_was_said_since() {
    let mut world = vouched_for(NEXT);
    world.moved_to = Some(NEXT);
    // The head that was pushed is gone, and a label for its successor does not start it.
    check(world.pushed(OUTSIDER, OLD), &[]);
    // Nobody has vouched for the successor: its own event finds the label off.
    let mut world = vouched_for(OLD);
    world.moved_to = Some(NEXT);
    check(world.pushed(OUTSIDER, OLD), &["-ok-to-test", "+needs-ok-to-test", "expired"]);
    check(world.pushed(MEMBER, OLD), &[&format!("vouch {HEAD}")]);
}

/// Somebody pushes between an event and its handling: what the label says now was said of another head.
#[test]
fn a_label_starts_no_head_but_the_one_that_it_is_found_with() {
    for action in ["synchronize", "reopened", "ready_for_review"] {
        let mut world = lasting().labelled(&["ok-to-test"]);
        check(world.event(action, None, false, OUTSIDER), &["start job"]);
        world.moved_to = Some(NEXT);
        check(world.event(action, None, false, OUTSIDER), &[]);
    }
}

/// [`World`] refuses a job that is pinned to another head than the one that the decision is about: that of the event, or
/// for a comment the one that was read with the labels.
#[test]
fn a_job_is_pinned_to_the_head_that_trust_was_decided_on() {
    let mut world = lasting().by(MEMBER).with(&[always("job"), manual("jib")]);
    world.moved_to = Some(NEXT);
    check(world.event("synchronize", None, false, MEMBER), &["start job"]);
    check(world.event("labeled", Some("ok-to-test"), false, MEMBER), &["start job"]);

    let seen = world.comment(MEMBER, "/retest");
    assert!(seen.asked.contains(&Question::Contexts(NEXT.to_owned())), "{:?}", seen.asked);
    check(seen, &["prune", "rerun jib"]);
}
