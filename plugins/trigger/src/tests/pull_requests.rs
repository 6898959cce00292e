use kit::prowjobs_read::{ProwjobState as State, ProwjobType as Type};

use super::world::{Job, World, always, check, manual, run};
use crate::known::Question;

/// A member and an outsider.
const T: &str = "t";
const U: &str = "u";
const STARTED: &[&str] = &["start unit"];

fn by(author: &str) -> World {
    World::of_events().by(author)
}

#[track_caller]
fn on(action: &str, world: World, want: &[&str]) {
    check(world.event(action, None, false, "somebody"), want);
}

#[test]
fn case_01_opened_by_a_member() {
    on("opened", by(T), STARTED);
}

#[test]
fn case_02_opened_as_a_draft_by_a_member() {
    on("opened", by(T).draft(), &["draft"]);
}

#[test]
fn case_03_opened_by_an_outsider() {
    on("opened", by(U), &["+needs-ok-to-test", "welcome"]);
}

#[test]
fn case_04_opened_by_an_outsider_with_the_label_there_already() {
    on("opened", by(U).labelled(&["OK-to-test"]), &["welcome"]);
}

#[test]
fn case_05_opened_as_a_draft_by_an_outsider() {
    on("opened", by(U).draft(), &["+needs-ok-to-test", "welcome"]);
}

#[test]
fn case_06_reopened_by_a_member() {
    on("reopened", by(T), STARTED);
    on("reopened", by(T).draft(), &[]);
}

#[test]
fn case_07_reopened_by_an_outsider() {
    on("reopened", by(U), &[]);
    on("reopened", by(U).labelled(&["ok-to-test"]), STARTED);
    on("reopened", by(U).labelled(&["needs-ok-to-test"]), &[]);
}

#[test]
fn case_08_ready_for_review() {
    on("ready_for_review", by(T), STARTED);
    on("ready_for_review", by(U), &[]);
    on("ready_for_review", by(U).labelled(&["ok-to-test"]), STARTED);
}

#[track_caller]
fn on_new_base(world: World, want: &[&str]) {
    check(world.event("edited", None, true, "somebody"), want);
}

#[test]
fn case_09_edited_with_another_base() {
    on_new_base(by(T), STARTED);
    on_new_base(by(T).draft(), &[]);
    on_new_base(by(U), &[]);
    on_new_base(by(U).labelled(&["ok-to-test"]), STARTED);
}

#[test]
fn case_10_edited_otherwise() {
    on("edited", by(T), &[]);
    on("edited", by(U).labelled(&["ok-to-test"]), &[]);
}

#[test]
fn case_11_a_new_head() {
    on("synchronize", by(T), STARTED);
    on("synchronize", by(U), &[]);
    on("synchronize", by(U).labelled(&["ok-to-test"]), STARTED);
    let both = by(U).labelled(&["ok-to-test", "needs-ok-to-test"]);
    on("synchronize", both, &["-needs-ok-to-test", "start unit"]);
}

fn with_runs(mut world: World) -> World {
    world.prowjobs = vec![
        run("old", Type::Presubmit, State::Pending, false),
        run("waiting", Type::Presubmit, State::Triggered, false),
        run("finished", Type::Presubmit, State::Success, true),
        run("ending", Type::Presubmit, State::Aborted, false),
        run("batch", Type::Batch, State::Pending, false),
    ];
    world
}

#[test]
fn case_12_a_new_head_ends_the_runs_on_the_old_one() {
    on("synchronize", with_runs(by(T)), &["abort old", "abort waiting", "start unit"]);
    on("synchronize", with_runs(by(U)), &["abort old", "abort waiting"]);
    on("synchronize", with_runs(by(T)).draft(), &["abort old", "abort waiting"]);
}

#[test]
fn case_13_closed_or_made_a_draft_ends_what_runs() {
    for action in ["closed", "converted_to_draft"] {
        on(action, with_runs(by(T)), &["abort old", "abort waiting"]);
        on(action, by(T), &[]);
    }
}

#[track_caller]
fn on_label(label: &str, sender: &str, world: World, want: &[&str]) {
    check(world.event("labeled", Some(label), false, sender), want);
}

#[test]
fn case_14_lgtm_starts_an_untrusted_change_once() {
    on_label("lgtm", T, by(T), &[]);
    on_label("lgtm", T, by(U).labelled(&["ok-to-test"]), &[]);
    on_label("lgtm", T, by(U), STARTED);
    on_label("lgtm", T, by(U).draft(), &[]);
}

#[test]
fn case_15_another_label_starts_nothing() {
    on_label("kind/bug", T, by(U), &[]);
    on_label("needs-ok-to-test", T, by(U), &[]);
}

#[test]
fn case_16_ok_to_test_by_hand_starts_and_by_us_does_not() {
    on_label("ok-to-test", T, by(U), STARTED);
    on_label("ok-to-test", U, by(T), STARTED);
    on_label("ok-to-test", T, by(U).labelled(&["needs-ok-to-test"]), STARTED);
    on_label("ok-to-test", T, by(U).draft(), &[]);
    on_label("ok-to-test", "ci", by(U), &[]);
}

#[test]
fn case_17_only_incomplete_presubmits_are_ended() {
    let mut world = by(T);
    world.prowjobs = vec![
        run("finished", Type::Presubmit, State::Failure, true),
        run("aborted", Type::Presubmit, State::Aborted, true),
        run("post", Type::Postsubmit, State::Pending, false),
        run("batch", Type::Batch, State::Triggered, false),
        run("nightly", Type::Periodic, State::Pending, false),
    ];
    on("closed", world, &[]);
}

#[test]
fn case_53_what_cannot_be_merged_is_not_tested() {
    let mergeable = |state: Option<bool>| {
        let mut world = by(T);
        world.pr.mergeable = state;
        world
    };
    on("opened", mergeable(Some(false)), &[]);
    on("opened", mergeable(Some(true)), STARTED);
    on("opened", mergeable(None), STARTED);
}

#[test]
fn a_repository_without_presubmits_is_left_alone() {
    for action in ["opened", "synchronize", "closed"] {
        on(action, with_runs(by(U)).with(&[]), &[]);
    }
}

#[test]
fn other_actions_do_nothing() {
    for action in ["assigned", "unlabeled", "locked", "review_requested", ""] {
        on(action, with_runs(by(T)), &[]);
    }
}

#[test]
fn only_jobs_that_are_due_start() {
    let conditional = |name, file| Job { run_if_changed: Some(file), ..manual(name) };
    let jobs = [
        always("a"),
        manual("b"),
        conditional("c", "CHANGED"),
        conditional("d", "OTHER"),
        Job { branches: &["release"], ..always("e") },
    ];
    let mut world = by(T).with(&jobs);
    world.files = vec!["CHANGED"];
    on("opened", world, &["start a", "start c"]);
}

#[test]
fn nothing_is_read_that_the_outcome_does_not_hang_on() {
    let asked = by(T).event("opened", None, false, T).asked;
    let now_or_files = |it: &Question| matches!(it, Question::PullRequest | Question::Changes(_) | Question::Merged(_));
    assert!(!asked.iter().any(now_or_files), "{asked:?}");

    let asked = with_runs(by(U)).event("closed", None, false, T).asked;
    let needed = |it: &Question| matches!(it, Question::InRepoEnabled | Question::Presubmits(_) | Question::ProwJobs);
    assert!(asked.iter().all(needed), "{asked:?}");

    assert!(by(T).event("assigned", None, false, T).asked.is_empty());
}

#[test]
fn jobs_that_the_repository_defines_itself_start_beside_central_ones() {
    let with = |central: &[Job], own: &[Job]| {
        let mut world = by(T).with(central);
        world.own_jobs = Some(own.to_vec());
        world
    };
    on("opened", with(&[always("a")], &[always("b"), manual("c")]), &["start a", "start b"]);
    on("opened", with(&[], &[always("b")]), &["start b"]);
    on("opened", with(&[], &[]), &[]);
    // Where they do not count, nobody looks.
    on("opened", by(T).with(&[]), &[]);
}
