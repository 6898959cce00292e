//! Runs of GitHub Actions beside the jobs.

use super::world::{World, check, manual};

const MEMBER: &str = "trusted-member";
const OUTSIDER: &str = "outsider";

fn with_workflows() -> World {
    let mut world = World::of_comments().by(OUTSIDER);
    world.settings.trigger_github_workflows = true;
    world
}

#[track_caller]
fn says(author: &str, body: &str, world: &World, want: &[&str]) {
    check(world.comment(author, body), want);
}

#[test]
fn case_57_ok_to_test_approves_runs_where_that_is_on() {
    let approved = ["+ok-to-test", "approve workflows", "start job"];
    says(MEMBER, "/ok-to-test", &with_workflows(), &approved);
    says(MEMBER, "/ok-to-test", &World::of_comments().by(OUTSIDER), &["+ok-to-test", "start job"]);
    says(OUTSIDER, "/ok-to-test", &with_workflows(), &["refusal"]);
    let mut ignoring = with_workflows();
    ignoring.settings.ignore_ok_to_test = true;
    says(MEMBER, "/ok-to-test", &ignoring, &[]);
}

#[test]
fn case_57_test_all_runs_again_and_approves_nothing() {
    says(MEMBER, "/test all", &with_workflows(), &["rerun workflows", "prune", "start job"]);
    says(MEMBER, "/test all", &World::of_comments(), &["prune", "start job"]);
}

#[test]
fn retest_runs_again_what_failed() {
    says(MEMBER, "/retest", &with_workflows(), &["rerun workflows", "prune", "rerun jib"]);
    says(MEMBER, "/retest-required", &with_workflows(), &["prune", "rerun jib"]);
    says(MEMBER, "/test job", &with_workflows(), &["prune", "start job"]);
    says(MEMBER, "/retest", &with_workflows().with(&[]), &["rerun workflows", "prune"]);
}

#[test]
fn a_wrong_commit_approves_nothing_and_help_runs_nothing_again() {
    let mut world = with_workflows();
    world.pr.head.sha = "1a2b3c4d5e6f78901a2b3c4d5e6f78901a2b3c4d".to_owned();
    says(MEMBER, "/ok-to-test 1a2b3c4", &world, &["+ok-to-test", "approve workflows", "start job"]);
    says(MEMBER, "/ok-to-test 0000000", &world, &["not the head"]);
    says(MEMBER, "/test all", &with_workflows().with(&[manual("jib")]), &["help"]);
    says(MEMBER, "/retest\n/test ?", &with_workflows(), &["help"]);
}
