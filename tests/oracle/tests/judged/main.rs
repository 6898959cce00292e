//! How we read YAML, expressions, templates, durations and schedules, judged by Go's own packages.
//!
//! A case is one line of a table. Either both read it and mean the same, or both refuse it; where we refuse what Go takes, the
//! table says so with words of our message. The few cases that are neither stand in tables of their own, with the reason.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cron;
mod duration;
mod job;
mod judge;
mod regex;
mod template;
mod yaml;
mod yaml_types;

use std::collections::BTreeSet;

use judge::Case;

#[test]
fn yaml_is_read_as_go_reads_it() {
    judge::check("yaml_is_read_as_go_reads_it", &yaml::cases());
}

#[test]
fn yaml_becomes_types_as_in_go() {
    judge::check("yaml_becomes_types_as_in_go", &yaml_types::cases());
}

#[test]
fn expressions_match_what_they_match_in_go() {
    judge::check("expressions_match_what_they_match_in_go", &regex::cases());
}

#[test]
fn templates_give_what_they_give_in_go() {
    judge::check("templates_give_what_they_give_in_go", &template::cases());
}

#[test]
fn templates_of_jobs_give_what_they_give_in_prow() {
    judge::check("templates_of_jobs_give_what_they_give_in_prow", &job::cases());
}

#[test]
fn durations_are_as_long_as_in_go() {
    judge::check("durations_are_as_long_as_in_go", &duration::cases());
}

#[test]
fn schedules_have_the_times_that_they_have_in_prow() {
    judge::check("schedules_have_the_times_that_they_have_in_prow", &cron::cases());
}

#[test]
fn the_tables_have_more_than_three_hundred_cases() {
    let all: Vec<Vec<Case>> = vec![
        yaml::cases(),
        yaml_types::cases(),
        regex::cases(),
        template::cases(),
        job::cases(),
        duration::cases(),
        cron::cases(),
    ];
    let counts: Vec<usize> = all.iter().map(Vec::len).collect();
    let distinct: BTreeSet<String> = all.iter().flatten().map(|case| case.question.to_string()).collect();
    assert_eq!(distinct.len(), counts.iter().sum::<usize>(), "a case stands twice");
    assert!(distinct.len() >= 300, "{counts:?}");
}
