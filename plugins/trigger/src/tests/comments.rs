use kit::{CommentAction, CommentEvent, IssueState};

use super::world::{Job, World, always, check, comment_event, manual};
use crate::known::Question;

const MEMBER: &str = "trusted-member";
const OUTSIDER: &str = "outsider";

/// On a member's pull request.
fn theirs() -> World {
    World::of_comments()
}

/// On an outsider's pull request.
fn foreign() -> World {
    World::of_comments().by(OUTSIDER)
}

#[track_caller]
fn says(author: &str, body: &str, world: World, want: &[&str]) {
    check(world.comment(author, body), want);
}

#[test]
fn case_18_what_is_no_concern_of_ours() {
    let body = "/test all";
    let other = [
        CommentEvent { is_pr: false, ..comment_event(MEMBER, body) },
        CommentEvent { issue_state: IssueState::Closed, ..comment_event(MEMBER, body) },
        CommentEvent { action: CommentAction::Edited, ..comment_event(MEMBER, body) },
        CommentEvent { action: CommentAction::Deleted, ..comment_event(MEMBER, body) },
        comment_event("ci", body),
        comment_event(MEMBER, "Looks good. Please /test all of it."),
        comment_event(MEMBER, ""),
    ];
    for comment in other {
        check(theirs().said(&comment), &[]);
    }
}

/// Beside the jobs that its opening starts, as in Prow; the older runs make way.
#[test]
fn the_description_of_a_new_pull_request_is_a_comment_too() {
    let description = |author| CommentEvent { comment_id: None, ..comment_event(author, "Fix it\n\n/test all") };
    check(theirs().said(&description(MEMBER)), &["prune", "start job"]);
    check(foreign().said(&description(OUTSIDER)), &["refusal"]);
}

#[test]
fn case_19_an_outsider_cannot_vouch_for_themselves() {
    says(OUTSIDER, "/ok-to-test", foreign(), &["refusal"]);
}

#[test]
fn case_20_an_outsider_may_test_a_members_pull_request() {
    says(OUTSIDER, "/test all", theirs(), &["prune", "start job"]);
}

#[test]
fn case_21_an_outsider_may_test_what_is_ok_to_test() {
    says(OUTSIDER, "/test all", foreign().labelled(&["ok-to-test"]), &["prune", "start job"]);
}

#[test]
fn case_22_both_labels_are_one_too_many() {
    let world = foreign().labelled(&["ok-to-test", "needs-ok-to-test"]);
    says(OUTSIDER, "/test all", world, &["-needs-ok-to-test", "prune", "start job"]);
}

#[test]
fn case_23_lgtm_and_approval_are_no_trust() {
    says(OUTSIDER, "/retest", foreign().labelled(&["lgtm", "approved"]), &["refusal"]);
}

#[test]
fn case_24_a_member_vouches_for_an_outsider() {
    says(MEMBER, "/ok-to-test", foreign(), &["+ok-to-test", "start job"]);
    let waiting = foreign().labelled(&["needs-ok-to-test"]);
    says(MEMBER, "/ok-to-test", waiting, &["+ok-to-test", "-needs-ok-to-test", "start job"]);
}

#[test]
fn case_25_with_white_space_behind_it() {
    says(MEMBER, "/ok-to-test \r", foreign(), &["+ok-to-test", "start job"]);
    says(MEMBER, "Fine.\r\n/ok-to-test \r\nThanks.", foreign(), &["+ok-to-test", "start job"]);
}

#[test]
fn case_26_in_the_middle_of_a_line() {
    says(MEMBER, "not /ok-to-test", foreign(), &[]);
}

fn ignoring_ok_to_test(mut world: World) -> World {
    world.settings.ignore_ok_to_test = true;
    world
}

#[test]
fn case_27_where_it_is_not_in_use() {
    says(MEMBER, "/ok-to-test", ignoring_ok_to_test(foreign()), &[]);
    says(MEMBER, "/ok-to-test cancel", ignoring_ok_to_test(foreign()).labelled(&["ok-to-test"]), &[]);
    let seen = ignoring_ok_to_test(foreign()).comment(OUTSIDER, "/test all");
    assert!(seen.comments[0].contains("not in use here"), "{:?}", seen.comments);
    // The label still counts: only the commands are off.
    let labelled = ignoring_ok_to_test(foreign()).labelled(&["ok-to-test"]);
    says(OUTSIDER, "/test all", labelled, &["prune", "start job"]);
}

#[test]
fn case_28_labels_even_when_nothing_runs() {
    let world = foreign().labelled(&["needs-ok-to-test"]).with(&[manual("jib")]);
    says(MEMBER, "/ok-to-test", world, &["+ok-to-test", "-needs-ok-to-test"]);
}

#[test]
fn case_29_a_branch_without_jobs() {
    let mut world = theirs().with(&[Job { branches: &["release"], ..always("job") }]);
    world.pr.base.name = "master".to_owned();
    says(MEMBER, "/test all", world, &["help"]);
}

#[test]
fn case_51_code_blocks_are_not_commands() {
    for body in ["/test ?", "/test", "/retest FOO", "/test FOO", "/test all", "/ok-to-test"] {
        for fence in ["```", "~~~"] {
            for end in ["\n", "\r\n"] {
                let text = format!("Say:{end}{fence}{end}{body}{end}{fence}{end}");
                says(MEMBER, &text, foreign().with(&[manual("jib")]), &[]);
            }
        }
    }
}

#[test]
fn case_52_a_fenced_command_beside_a_bare_one() {
    let seen = theirs().comment(MEMBER, "```\n/test FOO\n```\n/test BAR");
    assert_eq!(seen.comments.len(), 1);
    check(seen, &["help"]);
    // Only the bare one runs.
    says(MEMBER, "```\n/test jib\n```\n/test job", theirs(), &["prune", "start job"]);
}

#[test]
fn case_53_what_cannot_be_merged_is_not_tested() {
    let mut world = theirs();
    world.pr.mergeable = Some(false);
    says(MEMBER, "/test all", world, &["prune"]);
}

/// What stands on the pull request once this was handled, and the jobs that it started.
fn handled(world: &mut World, author: &str, body: &str) -> (Vec<String>, Vec<String>, Vec<u32>) {
    let seen = world.comment(author, body);
    world.become_of(&seen);
    let comments = world.comments.iter().map(|comment| comment.body.clone()).collect();
    (world.pr.labels.clone(), comments, seen.started)
}

#[test]
fn case_62_a_second_time_only_jobs_start_again() {
    let all = [
        (MEMBER, "/ok-to-test", 1),
        (MEMBER, "/ok-to-test cancel", 0),
        (MEMBER, "/test all", 1),
        (MEMBER, "/test jib", 1),
        (MEMBER, "/test ?", 0),
        (MEMBER, "/test nonsense", 0),
        (OUTSIDER, "/ok-to-test", 0),
        (OUTSIDER, "/test all", 0),
    ];
    let expiring = || {
        let mut world = foreign();
        world.settings.ok_to_test_expires_on_push = true;
        world
    };
    for (author, body, jobs) in all {
        for world in [foreign(), foreign().labelled(&["needs-ok-to-test"]), expiring()] {
            let mut world = world.said_by_us("old");
            let first = handled(&mut world, author, body);
            assert_eq!(first.2.len(), jobs, "{body}");
            assert_eq!(handled(&mut world, author, body), first, "{author}: {body}");
        }
    }
    let labelled = foreign().labelled(&["ok-to-test", "needs-ok-to-test"]);
    says(MEMBER, "/ok-to-test", labelled, &["-needs-ok-to-test", "start job"]);
}

#[test]
fn cancel_needs_a_trusted_person_and_starts_nothing() {
    let labelled = || foreign().labelled(&["ok-to-test"]);
    says(OUTSIDER, "/ok-to-test cancel", labelled(), &["refusal to revoke"]);
    says(OUTSIDER, "/ok-to-test cancel", foreign(), &["refusal"]);
    says(MEMBER, "/ok-to-test cancel\n/test all", labelled(), &["-ok-to-test", "+needs-ok-to-test"]);
}

#[test]
fn cancel_beside_ok_to_test_wins() {
    let both = "/ok-to-test\n/ok-to-test cancel";
    says(MEMBER, both, foreign(), &["+needs-ok-to-test"]);
    says(MEMBER, both, foreign().labelled(&["needs-ok-to-test"]), &[]);
    let labelled = foreign().labelled(&["ok-to-test", "needs-ok-to-test"]);
    says(MEMBER, both, labelled, &["-ok-to-test"]);
}

#[test]
fn commands_run_jobs_on_drafts() {
    says(MEMBER, "/test all", theirs().draft(), &["prune", "start job"]);
}

#[test]
fn several_commands_start_the_union() {
    says(MEMBER, "/test job\n/test jib", theirs(), &["prune", "start job", "start jib"]);
    says(MEMBER, "/test jib job", theirs(), &["prune", "start job", "start jib"]);
}

#[test]
fn a_help_reply_stops_the_other_commands() {
    says(MEMBER, "/test ?\n/test job", theirs(), &["help"]);
    says(MEMBER, "/test nonsense\n/test job", theirs(), &["prune", "start job"]);
}

#[track_caller]
fn trusts(who: &'static str, change: fn(&mut World), want: bool) {
    let mut world = foreign();
    change(&mut world);
    let refused: &[&str] = &["refusal"];
    says(who, "/test all", world, if want { &["prune", "start job"] } else { refused });
}

#[test]
fn case_60_collaborators_are_trusted_unless_only_members_are() {
    trusts(OUTSIDER, |it| it.collaborators = vec![OUTSIDER], true);
    trusts(OUTSIDER, |it| (it.collaborators, it.settings.only_org_members) = (vec![OUTSIDER], true), false);
}

#[test]
fn case_61_apps_are_trusted_by_their_whole_login() {
    let app = |it: &mut World| it.settings.trusted_apps = vec!["app".to_owned()];
    trusts("app[bot]", app, true);
    trusts("app", app, false);
    trusts("app[bot]suffix", app, false);
}

#[test]
fn members_of_a_second_organisation_are_trusted_as_configured() {
    let friend = |it: &mut World| it.members = vec![("friends", OUTSIDER)];
    trusts(OUTSIDER, friend, false);
    let friends =
        |it: &mut World| (it.members, it.settings.trusted_org) = (vec![("friends", OUTSIDER)], "friends".to_owned());
    trusts(OUTSIDER, friends, true);
}

#[test]
fn an_unrelated_comment_costs_no_call_to_github() {
    let asked = theirs().comment(OUTSIDER, "What a day.").asked;
    assert!(asked.iter().all(|it| matches!(it, Question::BotLogin | Question::Presubmits(_))), "{asked:?}");
}

#[test]
fn a_member_asks_only_for_what_the_command_needs() {
    let asked = theirs().comment(MEMBER, "/test job").asked;
    let needless = |it: &Question| matches!(it, Question::Contexts(_) | Question::Changes(_) | Question::Comments);
    assert!(!asked.iter().any(needless), "{asked:?}");
}

#[test]
fn a_trigger_of_the_repository_s_own_is_looked_for_where_a_line_looks_like_a_command() {
    let mut own = manual("e2e");
    (own.trigger, own.rerun_command) = (Some("/run e2e"), Some("/run e2e"));
    let world = || {
        let mut world = theirs();
        world.own_jobs = Some(vec![own.clone(), manual("more")]);
        world
    };
    says(MEMBER, "/run e2e", world(), &["start e2e"]);
    says(MEMBER, "/run other", world(), &[]);
    says(OUTSIDER, "/run e2e", world().by(OUTSIDER), &["refusal"]);
    says(MEMBER, "/test more", world(), &["prune", "start more"]);
    says(MEMBER, "/run e2e", theirs(), &[]);
    for (world, body) in [(world(), "What a day."), (world(), "Have you tried /run e2e?"), (theirs(), "/run e2e")] {
        let asked = world.comment(OUTSIDER, body).asked;
        let costly = |it: &Question| matches!(it, Question::PullRequest | Question::Tip(_));
        assert!(!asked.iter().any(costly), "{body:?}: {asked:?}");
    }
}
