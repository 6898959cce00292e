use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::prowjob::ProwJobSpec;

const TYPES: [ProwJobType; 2] = [ProwJobType::Presubmit, ProwJobType::Postsubmit];

fn job(context: &str, state: ProwJobState) -> ProwJob {
    let mut job = ProwJob::new(format!("pj-{context}"), ProwJobSpec::new(ProwJobType::Presubmit, context));
    job.spec.context = context.into();
    job.spec.report = true;
    job.spec.rerun_command = format!("/test {context}");
    job.spec.refs = serde_json::from_value(json!({
        "org": "o", "repo": "r", "base_ref": "main", "pulls": [{"number": 5, "author": "alice", "sha": "c0ffee"}]
    }))
    .unwrap();
    for (key, value) in [(labels::ORG, "o"), (labels::REPO, "r"), (labels::PULL, "5"), (labels::IS_OPTIONAL, "false")] {
        job.metadata.labels.insert(key.into(), value.into());
    }
    job.status.state = state;
    job.status.url = format!("http://log/{context}");
    job.status.start_time = Some(Timestamp::from_second(1).unwrap());
    if state != ProwJobState::Pending {
        job.status.completion_time = Some(Timestamp::from_second(2).unwrap());
    }
    job
}

/// A comment of ours with these rows, made of context and commit.
fn comment(id: u64, rows: &[(&str, &str)]) -> Existing {
    let rows: Vec<String> =
        rows.iter().map(|(context, sha)| format!("{context} | {sha} | [link](u) | true | `/test {context}`")).collect();
    Existing { id, body: format!("@alice: old\n\n{HEADER}\n{SEPARATOR}\n{}\n\nmore\n{TAG}", rows.join("\n")) }
}

/// The plan in short: deletions, then `+` or `~id` and the keys of the rows with their commits.
fn short(plan: &Plan) -> String {
    let mut out: Vec<String> = plan.delete.iter().map(|id| format!("-{id}")).collect();
    let told = |body: &str| {
        let rows: Vec<String> =
            rows(body).iter().map(|row| row.split(COLUMN).take(2).collect::<Vec<_>>().join("@")).collect();
        if rows.is_empty() { "all passed".to_owned() } else { rows.join(",") }
    };
    match &plan.write {
        Some(Write::Create(body)) => out.push(format!("+ {}", told(body))),
        Some(Write::Edit(id, body)) => out.push(format!("~{id} {}", told(body))),
        None => (),
    }
    out.join(" ")
}

#[track_caller]
fn check(comments: &[Existing], jobs: &[ProwJob], mode: Mode, want: &str) {
    assert_eq!(short(&plan(comments, jobs, "", mode)), want);
}

#[track_caller]
fn check_one(comments: &[Existing], state: ProwJobState, want: &str) {
    check(comments, &[job("unit", state)], Mode::PerJob, want);
}

use ProwJobState::{Aborted, Error, Failure, Pending, Success};

#[test]
fn g13_and_g26_the_first_failure_makes_a_comment() {
    let plan = plan(&[], &[job("unit", Failure)], "", Mode::PerJob);
    let Some(Write::Create(body)) = plan.write else { panic!("{plan:?}") };
    insta::assert_snapshot!(body);
}

#[test]
fn g14_the_required_column() {
    let mut optional = job("unit", Failure);
    optional.metadata.labels.insert(labels::IS_OPTIONAL.into(), "true".into());
    assert!(row(&optional).contains(" | false | "));
    optional.metadata.labels.remove(labels::IS_OPTIONAL);
    assert!(row(&optional).contains(" | unknown | "));
    let mut postsubmit = job("unit", Failure);
    postsubmit.spec.job_type = ProwJobType::Postsubmit;
    assert!(row(&postsubmit).contains(" | unknown | "));
}

#[test]
fn g15_a_comment_without_the_tag_is_not_ours() {
    let other = Existing { id: 1, body: format!("{HEADER}\n{SEPARATOR}\nlint | x") };
    check_one(&[other], Failure, "+ unit@c0ffee");
}

#[test]
fn g16_a_success_takes_away_the_comment_that_only_spoke_of_it() {
    check_one(&[comment(1, &[("unit", "old")])], Success, "-1");
}

#[test]
fn g17_with_carriage_returns_too() {
    let mut old = comment(1, &[("unit", "old")]);
    old.body = old.body.replace('\n', "\r\n");
    check_one(&[old], Success, "-1");
}

#[test]
fn g18_a_failure_is_told_anew() {
    check_one(&[comment(1, &[("unit", "old")])], Failure, "-1 + unit@c0ffee");
}

#[test]
fn g19_other_rows_stay_when_one_is_told_anew() {
    check_one(&[comment(1, &[("unit", "old"), ("lint", "old")])], Failure, "-1 + lint@old,unit@c0ffee");
}

#[test]
fn g20_several_comments_become_one_and_the_newest_row_counts() {
    let comments =
        [comment(1, &[("lint", "older"), ("e2e", "older")]), comment(2, &[("lint", "newer"), ("unit", "x")])];
    check_one(&comments, Failure, "-1 -2 + lint@newer,e2e@older,unit@c0ffee");
}

#[test]
fn a_comment_that_was_written_before_its_writer_was_killed_is_not_written_again() {
    let old = comment(1, &[("lint", "old"), ("unit", "old")]);
    let Plan { write: Some(Write::Create(body)), .. } =
        plan(std::slice::from_ref(&old), &[job("unit", Failure)], "", Mode::PerJob)
    else {
        panic!("a failure makes a comment")
    };
    let told = Existing { id: 2, body };
    check_one(&[old, told.clone()], Failure, "-1");
    check_one(std::slice::from_ref(&told), Failure, "");
    check_one(std::slice::from_ref(&told), Success, "~2 lint@old");
    // Another job's failure is told with what both comments say.
    let both = [comment(1, &[("e2e", "old")]), told];
    check(&both, &[job("fuzz", Failure)], Mode::PerJob, "-1 -2 + e2e@old,lint@old,unit@c0ffee,fuzz@c0ffee");
}

#[test]
fn g21_a_success_takes_its_row_out() {
    check_one(&[comment(1, &[("unit", "old"), ("lint", "old")])], Success, "~1 lint@old");
    let two = [comment(1, &[("lint", "older")]), comment(2, &[("unit", "x")])];
    check_one(&two, Success, "-1 ~2 lint@older");
}

#[test]
fn g22_one_test_or_several() {
    let text = |jobs: &[ProwJob]| match plan(&[], jobs, "", Mode::Summary).write {
        Some(Write::Create(body)) => body.lines().next().unwrap().to_owned(),
        other => panic!("{other:?}"),
    };
    assert!(text(&[job("a", Failure)]).contains("following test **failed**"));
    assert!(text(&[job("a", Failure), job("b", Failure)]).contains("following tests **failed**"));
}

#[test]
fn g23_the_template_stands_below_the_table() {
    let plan = plan(&[], &[job("a", Failure), job("b", Failure)], "About a.\n", Mode::Summary);
    let Some(Write::Create(body)) = plan.write else { panic!("{plan:?}") };
    assert!(body.find("`/test b`") < body.find("\n\nAbout a.\n\n<details>"), "{body}");
}

#[test]
fn errors_and_aborts_make_no_row() {
    check_one(&[], Error, "");
    check_one(&[], Aborted, "");
    check_one(&[comment(1, &[("unit", "old")])], Error, "-1");
}

#[test]
fn g24_a_summary_says_so_when_all_passed() {
    check(&[], &[job("a", Success), job("b", Error)], Mode::Summary, "+ all passed");
    check(&[comment(3, &[("a", "old")])], &[job("a", Success)], Mode::Summary, "-3 + all passed");
}

#[test]
fn g25_a_summary_with_an_abort_and_no_failure_is_not_written() {
    check(&[], &[job("a", Success), job("b", Aborted)], Mode::Summary, "");
    check(&[], &[job("a", Failure), job("b", Aborted)], Mode::Summary, "+ a@c0ffee");
}

#[track_caller]
fn check_subjects(current: &ProwJob, others: &[ProwJob], mode: Mode, want: &[&str]) {
    let mut all = others.to_vec();
    all.push(current.clone());
    let mut got: Vec<String> = subjects(current, &all, &TYPES, mode).iter().map(|job| job.name().to_owned()).collect();
    got.sort();
    assert_eq!(got, want);
}

#[test]
fn each_job_speaks_for_itself_once_it_is_over() {
    check_subjects(&job("a", Failure), &[job("b", Pending)], Mode::PerJob, &["pj-a"]);
    check_subjects(&job("a", Pending), &[], Mode::PerJob, &[]);
    let mut batch = job("a", Failure);
    batch.spec.refs.as_mut().unwrap().pulls.clear();
    check_subjects(&batch, &[], Mode::PerJob, &[]);
    let mut postsubmit = job("a", Failure);
    postsubmit.spec.job_type = ProwJobType::Postsubmit;
    assert!(subjects(&postsubmit, &[], &[ProwJobType::Presubmit], Mode::PerJob).is_empty());
}

#[test]
fn g27_a_summary_of_two() {
    check_subjects(&job("a", Success), &[job("b", Failure)], Mode::Summary, &["pj-a", "pj-b"]);
}

#[test]
fn g28_and_g29_no_summary_while_another_runs() {
    check_subjects(&job("a", Success), &[job("b", Pending)], Mode::Summary, &[]);
    check_subjects(&job("a", Success), &[job("b", Pending), job("c", Success)], Mode::Summary, &[]);
}

#[test]
fn g30_a_summary_of_one() {
    check_subjects(&job("a", Success), &[], Mode::Summary, &["pj-a"]);
}

#[test]
fn g31_no_summary_while_it_runs_itself() {
    check_subjects(&job("a", Pending), &[job("b", Success)], Mode::Summary, &[]);
}

#[test]
fn g32_other_pulls_are_other_summaries() {
    for key in [labels::ORG, labels::REPO, labels::PULL] {
        let mut other = job("b", Pending);
        other.metadata.labels.insert(key.into(), "9".into());
        check_subjects(&job("a", Success), &[other], Mode::Summary, &["pj-a"]);
    }
}

#[test]
fn a_summary_takes_the_newest_run_of_each_job_and_leaves_out_what_is_not_reported() {
    let mut older = job("a", Failure);
    older.metadata.name = "older".into();
    older.status.start_time = Some(Timestamp::from_second(0).unwrap());
    let mut silent = job("s", Failure);
    silent.spec.report = false;
    check_subjects(&job("a", Success), &[older, silent], Mode::Summary, &["pj-a"]);
}
