//! Which jobs a member's comment starts.

use super::world::{Job, World, always, check, manual};

/// The head's statuses are pending for `job`, failure for `jib`, success for `jub`; `CHANGED` is what changed.
#[track_caller]
fn runs(body: &str, jobs: &[Job], want: &[&str]) {
    check(World::of_comments().with(jobs).comment("trusted-member", body), want);
}

fn if_changed(name: &'static str, files: &'static str) -> Job {
    Job { run_if_changed: Some(files), ..manual(name) }
}

fn unless_only(name: &'static str, files: &'static str) -> Job {
    Job { skip_if_only_changed: Some(files), ..manual(name) }
}

fn optional(job: Job) -> Job {
    Job { optional: true, ..job }
}

#[test]
fn case_30_retest_runs_what_failed_and_not_what_is_pending() {
    runs("/retest", &[always("job"), manual("jib")], &["prune", "rerun jib"]);
}

#[test]
fn case_31_retest_runs_a_job_that_never_ran_if_files_match() {
    runs("/retest", &[always("job"), if_changed("jab", "CHANGED")], &["prune", "rerun jab"]);
    runs("/retest", &[always("job"), if_changed("jab", "OTHER")], &["prune"]);
}

#[test]
fn case_32_retest_runs_a_failed_job_whose_files_no_longer_match() {
    runs("/retest", &[if_changed("jib", "OTHER")], &["prune", "rerun jib"]);
}

#[test]
fn case_33_the_same_for_skip_if_only_changed() {
    runs("/retest", &[always("job"), unless_only("jab", "OTHER")], &["prune", "rerun jab"]);
    runs("/retest", &[always("job"), unless_only("jab", "CHANGED")], &["prune"]);
    runs("/retest", &[unless_only("jib", "CHANGED")], &["prune", "rerun jib"]);
}

#[test]
fn case_34_a_conditional_job_that_passed_runs_by_name() {
    for job in [if_changed("jub", "OTHER"), if_changed("jub", "CHANGED"), unless_only("jub", "CHANGED")] {
        runs("/test jub", &[job], &["prune", "start jub"]);
    }
}

#[test]
fn case_35_a_context_is_no_name() {
    runs("/test pull-jeb", &[manual("jeb")], &["help"]);
    runs("/test jeb", &[manual("jeb")], &["prune", "start jeb"]);
}

#[test]
fn case_36_retest_required_leaves_optional_jobs() {
    runs("/retest", &[optional(manual("jib"))], &["prune", "rerun jib"]);
    runs("/retest-required", &[optional(manual("jib"))], &["prune"]);
}

#[test]
fn case_37_retest_required_runs_a_failed_required_job() {
    runs("/retest-required", &[manual("jib"), optional(always("jab"))], &["prune", "rerun jib"]);
}

#[test]
fn case_38_test_manual_required_runs_nothing_else() {
    let jobs = [manual("manual"), optional(manual("opt")), always("job"), if_changed("jab", "CHANGED")];
    runs("/test-manual-required", &jobs, &["prune", "start manual"]);
}

/// Two jobs of one name, on branches of their own; the second is told apart by being optional.
fn shards(first: &'static [&'static str], second: &'static [&'static str]) -> [Job; 2] {
    [Job { branches: first, ..manual("jab") }, Job { branches: second, ..optional(manual("jab")) }]
}

#[test]
fn case_39_of_two_shards_the_branch_s_own_runs() {
    for shards in [shards(&["^release$"], &["^master$"]), shards(&["^master$"], &["^release$"])] {
        runs("/test jab", &shards, &["prune", "start jab"]);
    }
    // Its place in the configuration says which of the two it is.
    let world = World::of_comments().with(&shards(&["^release$"], &["^master$"]));
    assert_eq!(world.comment("trusted-member", "/test jab").started, [1]);
}

#[test]
fn case_40_a_branch_in_no_shard_runs_none() {
    runs("/test jab", &shards(&["^release$"], &["^next$"]), &["help"]);
}

#[test]
fn case_41_test_all_runs_a_conditional_job_again_if_files_match() {
    runs("/test all", &[always("job"), if_changed("jub", "CHANGED")], &["prune", "start job", "start jub"]);
    runs("/test all", &[always("job"), if_changed("jub", "OTHER")], &["prune", "start job"]);
}

#[test]
fn case_42_a_trigger_may_be_a_sentence() {
    let trigger = (Some(r"(?m)^Please run it\.$"), Some("Please run it."));
    let job = Job { trigger: trigger.0, rerun_command: trigger.1, ..manual("jib") };
    runs("Please run it.", &[job], &["start jib"]);
}
