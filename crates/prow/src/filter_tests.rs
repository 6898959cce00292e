//! The filter algebra, case by case as the reference's table numbers them.

use std::collections::BTreeSet;

use crate::commands::Commands;
use crate::filter::{Ask, Contexts, Filters, JobFacts, Selection, select};

/// How a job comes to run by itself.
#[derive(Clone, Copy)]
enum Kind {
    Always,
    Manual,
    /// Has a change matcher.
    Conditional,
}

use Kind::{Always, Conditional, Manual};

/// A job whose trigger is the default one, as far as these tests need it.
fn job(name: &str, kind: Kind) -> JobFacts {
    JobFacts {
        name: name.to_owned(),
        context: format!("pull-{name}"),
        always_run: matches!(kind, Always),
        optional: false,
        skip_report: false,
        conditional: matches!(kind, Conditional),
        triggered: false,
        on_branch: true,
    }
}

fn optional(job: JobFacts) -> JobFacts {
    JobFacts { optional: true, ..job }
}

fn elsewhere(job: JobFacts) -> JobFacts {
    JobFacts { on_branch: false, ..job }
}

/// The statuses of the reference's fixture.
fn statuses() -> Contexts {
    Contexts::of([("pull-job", "pending"), ("pull-jib", "failure"), ("pull-jub", "success")])
}

/// Runs the selection as its caller does: what it asks for is fetched, once. `matching` names the conditional jobs
/// whose matcher holds.
fn run(comment: &str, mut jobs: Vec<JobFacts>, matching: &[&str]) -> Vec<String> {
    for job in &mut jobs {
        job.triggered |= comment.lines().any(|line| line.trim_end() == format!("/test {}", job.name));
    }
    run_filters(Filters::of_comment(Commands::of(comment), true), &jobs, matching)
}

fn run_filters(filters: Filters, jobs: &[JobFacts], matching: &[&str]) -> Vec<String> {
    let (mut contexts, mut changed) = (None, None);
    loop {
        match select(jobs, filters, contexts.as_ref(), changed.as_ref()) {
            Selection::NeedContexts => {
                assert!(contexts.replace(statuses()).is_none(), "contexts are asked for once");
            }
            Selection::NeedChanges(asked) => {
                assert!(asked.iter().all(|at| jobs[*at].conditional && jobs[*at].on_branch), "{asked:?}");
                let holds: BTreeSet<_> =
                    asked.into_iter().filter(|at| matching.contains(&jobs[*at].name.as_str())).collect();
                assert!(changed.replace(holds).is_none(), "changes are asked for once");
            }
            Selection::Run(run) => return run.into_iter().map(|at| jobs[at].name.clone()).collect(),
        }
    }
}

#[track_caller]
fn check(comment: &str, jobs: Vec<JobFacts>, matching: &[&str], want: &[&str]) {
    assert_eq!(run(comment, jobs, matching), want, "{comment:?}");
}

fn default_jobs() -> Vec<JobFacts> {
    vec![job("job", Always), job("jib", Manual)]
}

#[test]
fn case_01_a_pull_request_event_runs_what_needs_no_explicit_trigger() {
    let jobs =
        [job("a", Always), job("m", Manual), job("c", Conditional), job("d", Conditional), elsewhere(job("e", Always))];
    assert_eq!(run_filters(Filters::test_all(), &jobs, &["c"]), ["a", "c"]);
}

#[test]
fn a_pull_request_event_never_asks_for_contexts() {
    assert!(!Filters::test_all().needs_contexts());
    let jobs = [JobFacts { triggered: true, ..job("m", Manual) }];
    assert_eq!(select(&jobs, Filters::test_all(), None, None), Selection::Run(Vec::new()));
}

#[test]
fn case_20_test_all_runs_automatic_jobs() {
    check("/test all", default_jobs(), &[], &["job"]);
}

#[test]
fn case_24_and_25_ok_to_test_counts_as_test_all() {
    check("/ok-to-test", default_jobs(), &[], &["job"]);
    check("/ok-to-test \r", default_jobs(), &[], &["job"]);
    check("/ok-to-test 0a1b2c3", default_jobs(), &[], &["job"]);
}

#[test]
fn case_26_ok_to_test_in_mid_line_is_nothing() {
    check("not /ok-to-test", default_jobs(), &[], &[]);
}

#[test]
fn case_27_ok_to_test_that_is_not_honoured_is_nothing() {
    for comment in ["/ok-to-test", "/ok-to-test 0a1b2c3"] {
        let filters = Filters::of_comment(Commands::of(comment), false);
        assert_eq!(run_filters(filters, &default_jobs(), &[]), [""; 0], "{comment}");
    }
    let filters = Filters::of_comment(Commands::of("/test all"), false);
    assert_eq!(run_filters(filters, &default_jobs(), &[]), ["job"]);
}

#[test]
fn case_28_ok_to_test_where_no_job_runs_by_default() {
    check("/ok-to-test", vec![job("jib", Manual)], &[], &[]);
}

#[test]
fn case_29_test_all_on_a_branch_that_no_job_covers() {
    check("/test all", vec![elsewhere(job("job", Always)), elsewhere(job("jub", Conditional))], &["jub"], &[]);
}

#[test]
fn case_30_retest_runs_only_what_failed() {
    check("/retest", default_jobs(), &[], &["jib"]);
}

#[test]
fn case_31_retest_of_a_conditional_job_that_never_ran() {
    check("/retest", vec![job("new", Conditional)], &["new"], &["new"]);
    check("/retest", vec![job("new", Conditional)], &[], &[]);
}

#[test]
fn case_32_and_33_retest_of_a_failed_job_whose_files_no_longer_match() {
    check("/retest", vec![job("jib", Conditional)], &[], &["jib"]);
}

#[test]
fn retest_leaves_pending_and_successful_jobs_alone() {
    check("/retest", vec![job("job", Always), job("jub", Always), job("jub", Conditional)], &["jub"], &[]);
}

#[test]
fn retest_runs_an_automatic_job_that_never_ran_but_no_manual_one() {
    check("/retest", vec![job("new", Always), job("other", Manual)], &[], &["new"]);
}

#[test]
fn case_34_a_conditional_job_that_passed_is_run_by_name() {
    check("/test jub", vec![job("jub", Conditional)], &[], &["jub"]);
}

#[test]
fn case_36_failed_optional_jobs() {
    check("/retest", vec![optional(job("jib", Always))], &[], &["jib"]);
    check("/retest-required", vec![optional(job("jib", Always))], &[], &[]);
}

#[test]
fn case_37_retest_required_runs_a_failed_required_job() {
    check("/retest-required", vec![job("jib", Manual)], &[], &["jib"]);
    check("/retest-required", vec![job("new", Always), optional(job("other", Always))], &[], &["new"]);
}

#[test]
fn case_38_test_manual_required() {
    let jobs =
        vec![job("manual", Manual), optional(job("opt", Manual)), job("always", Always), job("cond", Conditional)];
    check("/test-manual-required", jobs, &["cond"], &["manual"]);
}

#[test]
fn case_39_of_two_shards_only_the_branch_s_own_runs() {
    let shards = [elsewhere(job("jab", Always)), optional(job("jab", Always))];
    let facts =
        vec![JobFacts { triggered: true, ..shards[0].clone() }, JobFacts { triggered: true, ..shards[1].clone() }];
    let filters = Filters::of_comment(Commands::of("/test jab"), true);
    assert_eq!(select(&facts, filters, None, None), Selection::Run(vec![1]));
}

#[test]
fn case_40_a_branch_in_no_shard() {
    check("/test jab", vec![elsewhere(job("jab", Always)), elsewhere(job("jab", Manual))], &[], &[]);
}

#[test]
fn case_41_test_all_runs_a_conditional_job_again_if_files_match() {
    check("/test all", vec![job("jub", Conditional)], &["jub"], &["jub"]);
    check("/test all", vec![job("jub", Conditional)], &[], &[]);
}

#[test]
fn case_42_a_trigger_may_be_any_sentence() {
    let jobs = [JobFacts { triggered: true, ..job("jib", Manual) }];
    let filters = Filters::of_comment(Commands::of("run the tests"), true);
    assert_eq!(run_filters(filters, &jobs, &[]), ["jib"]);
}

#[test]
fn case_49_and_50_nothing_is_selected_by_unknown_names_or_manual_jobs_alone() {
    check("/test FOO", default_jobs(), &[], &[]);
    check("/test all", vec![job("jib", Manual)], &[], &[]);
}

#[test]
fn several_commands_give_the_union() {
    let jobs = vec![job("job", Always), job("jib", Manual), job("named", Manual)];
    check("/retest\n/test named", jobs, &[], &["jib", "named"]);
}

#[test]
fn the_first_filter_that_matches_decides() {
    // By name it is forced, whatever `/test all` would ask of its files.
    check("/test all\n/test jub", vec![job("jub", Conditional)], &[], &["jub"]);
    let manual = job("jib", Manual);
    let ask = |comment: &str| Filters::of_comment(Commands::of(comment), true).ask(&manual, &statuses());
    assert_eq!(ask("/retest"), Ask::Force);
    assert_eq!(ask("/test all"), Ask::No);
    assert_eq!(ask("/test-manual-required"), Ask::Force);
}

#[test]
fn contexts_are_asked_for_by_both_retests_alone() {
    for (comment, want) in [("/retest", true), ("/retest-required", true), ("/test all", false), ("/test x", false)] {
        let first = select(&default_jobs(), Filters::of_comment(Commands::of(comment), true), None, None);
        assert_eq!(first == Selection::NeedContexts, want, "{comment}");
    }
}

#[test]
fn an_error_is_a_failure_too() {
    let contexts = Contexts::of([("a", "error"), ("b", "failure"), ("c", "pending"), ("d", "success")]);
    assert_eq!(contexts.failed.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(contexts.known.len(), 4);
}

#[test]
fn required_is_neither_optional_nor_unreported() {
    assert!(job("a", Always).is_required());
    assert!(!optional(job("a", Always)).is_required());
    assert!(!JobFacts { skip_report: true, ..job("a", Always) }.is_required());
}
