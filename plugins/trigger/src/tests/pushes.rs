//! Pushes, with the postsubmits as the host matches them.

use std::convert::Infallible;

use kit::PushEvent;
use kit::job_config::Postsubmit;
use serde_json::json;

use super::jobs;
use crate::push::due;

const SHA: &str = "0123456789012345678901234567890123456789";
const NO_SHA: &str = "0000000000000000000000000000000000000000";

fn push(ref_: &str, after: &str, deleted: bool) -> PushEvent {
    PushEvent {
        ref_: ref_.to_owned(),
        before: NO_SHA.to_owned(),
        after: after.to_owned(),
        created: false,
        deleted,
        forced: false,
        compare_url: String::new(),
        pusher: "carol".to_owned(),
        changed_files: vec!["CHANGED".to_owned()],
    }
}

/// The postsubmits that start, of one that has these keys.
#[track_caller]
fn check(push: &PushEvent, keys: serde_json::Value, want: usize) {
    let config = jobs::config("postsubmits", &[jobs::job("post", keys.clone())]);
    // As the host answers.
    let matched = |name: &str| {
        let all = (0..).zip(config.postsubmits("org", "repo"));
        let matched = all.map(|(id, job)| Postsubmit {
            id,
            name: job.base.name.clone(),
            should_run: job.should_run(name, &push.changed_files),
        });
        Ok::<_, Infallible>(matched.collect())
    };
    let Ok(due) = due(push, matched);
    assert_eq!(due.len(), want, "{} to {}, deleted: {}, {keys}", push.ref_, push.after, push.deleted);
}

#[test]
fn case_58_a_deleted_branch_or_a_zero_commit_starts_nothing() {
    check(&push("refs/heads/main", SHA, true), json!({}), 0);
    check(&push("refs/heads/main", NO_SHA, false), json!({}), 0);
    check(&push("refs/heads/main", NO_SHA, true), json!({}), 0);
}

#[test]
fn case_58_changed_files_decide_where_there_is_a_matcher() {
    let main = push("refs/heads/main", SHA, false);
    check(&main, json!({"run_if_changed": "^OTHER$"}), 0);
    check(&main, json!({"run_if_changed": "^CHANGED$"}), 1);
    check(&main, json!({"skip_if_only_changed": "^CHANGED$"}), 0);
    check(&main, json!({}), 1);
}

/// Nothing is asked then: a commit of zeros is none to find jobs at.
#[test]
fn case_58_of_what_is_gone_no_jobs_are_asked_for() {
    let gone = [push("refs/heads/main", SHA, true), push("refs/heads/main", NO_SHA, false)];
    for push in gone {
        assert_eq!(due(&push, |name| Err(format!("asked for {name}"))).unwrap().len(), 0);
    }
    let there = push("refs/heads/main", SHA, false);
    assert_eq!(due(&there, |name| Err(format!("asked for {name}"))).unwrap_err(), "asked for main");
}

#[test]
fn case_58_branches_with_slashes_and_tags_go_by_their_names() {
    check(&push("refs/heads/release/v1", SHA, false), json!({"branches": ["^release/v1$"]}), 1);
    check(&push("refs/heads/release/v1", SHA, false), json!({"branches": ["^v1$"]}), 0);
    check(&push("refs/tags/v1", SHA, false), json!({"branches": ["^v1$"]}), 1);
    check(&push("refs/heads/refs/heads/x", SHA, false), json!({"branches": ["^refs/heads/x$"]}), 1);
}
