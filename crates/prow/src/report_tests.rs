use serde_json::json;

use super::*;
use crate::prowjob::ProwJobSpec;
use crate::refs::Refs;

const SHA: &str = "0123456789012345678901234567890123456789";
const BOTH: [ProwJobType; 2] = [ProwJobType::Presubmit, ProwJobType::Postsubmit];

fn job(job_type: ProwJobType) -> ProwJob {
    let mut job = ProwJob::new("pj", ProwJobSpec::new(job_type, "unit"));
    job.spec.report = true;
    job.spec.context = "ci/unit".into();
    let mut refs: Refs = serde_json::from_value(json!({
        "org": "o", "repo": "r", "base_ref": "main", "base_sha": SHA, "pulls": [{"number": 1, "author": "a", "sha": "head"}]
    }))
    .unwrap();
    if job_type != ProwJobType::Presubmit {
        refs.pulls.clear();
    }
    job.spec.refs = Some(refs);
    job.status.state = ProwJobState::Success;
    job.status.description = "Job succeeded.".into();
    job.status.url = "http://log".into();
    job
}

#[track_caller]
fn check_should(change: impl Fn(&mut ProwJob), want: bool) {
    let mut job = job(ProwJobType::Presubmit);
    change(&mut job);
    assert_eq!(should_report(&job), want);
}

#[test]
fn g1_and_g2_presubmits_and_postsubmits_are_reported() {
    check_should(|_| (), true);
    check_should(|job| job.spec.job_type = ProwJobType::Postsubmit, true);
    check_should(|job| job.spec.job_type = ProwJobType::Periodic, false);
    check_should(|job| job.spec.job_type = ProwJobType::Batch, false);
}

#[test]
fn g3_gerrit_s_jobs_are_not_reported_here() {
    check_should(|job| drop(job.metadata.labels.insert(labels::GERRIT_REPORT.into(), "Verified".into())), false);
    check_should(|job| drop(job.metadata.labels.insert(labels::GERRIT_REPORT.into(), String::new())), true);
}

#[test]
fn g4_skip_report() {
    check_should(|job| job.spec.report = false, false);
}

fn set(report: StatusReport) -> StatusToSet {
    match report {
        StatusReport::Set(status) => status,
        other => panic!("no status: {other:?}"),
    }
}

#[test]
fn g5_a_type_that_is_not_configured_has_no_status() {
    let job = job(ProwJobType::Postsubmit);
    assert_eq!(status(&job, &[ProwJobType::Presubmit]), StatusReport::None);
}

#[track_caller]
fn check_state(state: ProwJobState, want: Option<&str>) {
    let mut job = job(ProwJobType::Presubmit);
    job.status.state = state;
    match (status(&job, &BOTH), want) {
        (StatusReport::Set(status), Some(want)) => assert_eq!(status.state.as_str(), want, "{state}"),
        (StatusReport::NotYet, None) => (),
        (other, want) => panic!("{state}: {other:?}, want {want:?}"),
    }
}

#[test]
fn g6_each_state_has_github_s_word() {
    check_state(ProwJobState::Success, Some("success"));
    check_state(ProwJobState::Pending, Some("pending"));
    check_state(ProwJobState::Triggered, Some("pending"));
    check_state(ProwJobState::Aborted, Some("failure"));
    check_state(ProwJobState::Failure, Some("failure"));
    check_state(ProwJobState::Error, Some("error"));
    check_state(ProwJobState::Scheduling, None);
}

#[test]
fn g7_a_postsubmit_s_status_is_on_the_base_commit_a_presubmit_s_on_the_head() {
    assert_eq!(set(status(&job(ProwJobType::Postsubmit), &BOTH)).sha, SHA);
    assert_eq!(set(status(&job(ProwJobType::Presubmit), &BOTH)).sha, "head");
}

#[test]
fn context_and_address_are_the_job_s() {
    let status = set(status(&job(ProwJobType::Presubmit), &BOTH));
    assert_eq!((status.org.as_str(), status.repo.as_str()), ("o", "r"));
    assert_eq!((status.context.as_str(), status.target_url.as_str()), ("ci/unit", "http://log"));
    assert_eq!(base_sha(&status.description), Some(SHA));
}

#[test]
fn several_pulls_have_no_status() {
    let mut job = job(ProwJobType::Presubmit);
    let refs = job.spec.refs.as_mut().unwrap();
    refs.pulls.push(refs.pulls[0].clone());
    assert_eq!(status(&job, &BOTH), StatusReport::None);
}

#[track_caller]
fn check_description(text: &str, sha: &str) -> String {
    let got = description(text, sha);
    assert!(got.len() <= MAX_DESCRIPTION_BYTES, "{} bytes: {got}", got.len());
    if sha.len() == 40 {
        assert_eq!(base_sha(&got), Some(sha));
        assert!(got.len() > MAX_DESCRIPTION_BYTES - 3, "{} bytes leave room for a blank", got.len());
    }
    got
}

#[test]
fn g8_descriptions_fit() {
    assert!(check_description("Job failed.", SHA).starts_with("Job failed.\u{2001}\u{2001}"));
    assert_eq!(check_description("Job failed.", ""), "Job failed.");
    let long = format!("begin {} end", "x".repeat(300));
    for sha in [SHA, ""] {
        let got = check_description(&long, sha);
        assert!(got.starts_with("begin ") && got.contains(" ... ") && got.contains(" end"), "{got}");
    }
    check_description(&"ü€😀".repeat(60), SHA);
    check_description("", SHA);
    for length in 80..150 {
        check_description(&"x".repeat(length), SHA);
    }
}

#[test]
fn only_a_whole_commit_is_read_back() {
    assert_eq!(base_sha("text BaseSHA:abc"), None);
    assert_eq!(base_sha("text"), None);
}

#[test]
fn g9_and_g10_refusals_that_stay_are_told_from_those_that_pass() {
    let full = "Validation Failed: This SHA and context has reached the maximum number of statuses.";
    for (status, message) in [(422, full), (404, "Not Found"), (422, "No commit found for SHA: abc")] {
        assert!(is_final_refusal(Some(status), message), "{message}");
    }
    assert!(!is_final_refusal(Some(500), "Server Error"));
    assert!(!is_final_refusal(Some(422), "Validation Failed: description is too long"));
    assert!(!is_final_refusal(None, "connection reset"));
}

#[test]
fn what_was_reported_is_the_state_it_is_in() {
    let mut job = job(ProwJobType::Presubmit);
    assert!(!is_reported(&job));
    job.status.prev_report_states.insert(REPORTER.into(), "pending".into());
    assert!(!is_reported(&job));
    job.status.prev_report_states.insert(REPORTER.into(), "success".into());
    assert!(is_reported(&job));
}
