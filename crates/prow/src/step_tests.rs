use std::fmt::Write as _;

use super::*;
use crate::prowjob::{ProwJobSpec, ProwJobType};

const MINUTE: Duration = Duration::from_secs(60);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A run that began at 0; the clock stands at 100 s; nothing is overdue, there is room, nothing newer.
fn with<T>(state: ProwJobState, run: Run, change: impl Fn(&mut ProwJob, &mut Change), then: impl Fn(Step) -> T) -> T {
    let mut job = ProwJob::new("pj", ProwJobSpec::new(ProwJobType::Presubmit, "unit"));
    job.spec.agent = KUBERNETES_AGENT.into();
    job.status.state = state;
    let mut conditions = Change { room: Room::Free, superseded: false, now: at(100) };
    change(&mut job, &mut conditions);
    then(step(&Observed {
        job: &job,
        run,
        room: conditions.room,
        superseded: conditions.superseded,
        patience: Patience { pending: 10 * MINUTE, running: 60 * MINUTE, grace: Duration::from_secs(15) },
        now: conditions.now,
    }))
}

struct Change {
    room: Room,
    superseded: bool,
    now: Timestamp,
}

fn runs() -> Vec<(&'static str, Run)> {
    vec![
        ("unknown", Run::Unknown),
        ("absent", Run::Absent),
        ("starting", Run::Starting { since: at(0) }),
        ("running", Run::Running { since: at(0) }),
        ("stopping", Run::Stopping { since: at(90) }),
        ("exit 0", Run::Exited(Exit::Code(0))),
        ("exit 3", Run::Exited(Exit::Code(3))),
        ("signal 9", Run::Exited(Exit::Signal(9))),
        ("timed out", Run::Exited(Exit::TimedOut("2h0m0s".into()))),
        ("stopped", Run::Exited(Exit::Stopped("Pod pending timeout.".into()))),
        ("not started", Run::Exited(Exit::NotStarted("no such file".into()))),
        ("not cloned", Run::Exited(Exit::NotCloned("conflict in a.txt".into()))),
        ("lost", Run::Lost),
        ("invalid", Run::Invalid("2 containers".into())),
    ]
}

fn told(step: Step) -> String {
    match step {
        Step::Wait => "-".into(),
        Step::LookAgain(after) => format!("look again in {after:?}"),
        Step::Schedule => "write triggered".into(),
        Step::Start => "START".into(),
        Step::MarkPending => "write pending".into(),
        Step::Stop(reason) => format!("STOP ({reason})"),
        Step::Kill => "KILL".into(),
        Step::RequestAbort { description, hush_github } => {
            let hush = if hush_github { ", GitHub is not told" } else { "" };
            format!("write aborted ({}{hush})", description.as_deref().unwrap_or("no description"))
        }
        Step::Finish { state, description } => format!("write {state}, complete ({description})"),
        Step::Complete => "write completion time".into(),
    }
}

#[test]
fn every_state_with_every_run() {
    type Edit = fn(&mut ProwJob, &mut Change);
    let conditions: [(&str, Edit); 7] = [
        ("there is room", |_, _| ()),
        ("there is no room", |_, c| c.room = Room::Full("1 run is ahead".into())),
        ("its queue is not known", |_, c| c.room = Room::NoSuchQueue("q".into())),
        ("a newer run supersedes it", |_, c| c.superseded = true),
        ("all patience is used up", |_, c| c.now = at(4000)),
        ("it is complete", |job, _| job.status.completion_time = Some(at(99))),
        ("another agent's", |job, _| job.spec.agent = "jenkins".into()),
    ];
    let mut text = String::new();
    for (condition, edit) in conditions {
        writeln!(text, "\n## {condition}").unwrap();
        for state in std::iter::once(ProwJobState::Unset).chain(ProwJobState::ALL) {
            for (name, run) in runs() {
                let state_name = if state.is_unset() { "(unset)" } else { state.as_str() };
                let line = with(state, run, edit, told);
                writeln!(text, "{state_name:10} {name:12} {line}").unwrap();
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[track_caller]
fn check(state: ProwJobState, run: Run, want: Step) {
    check_with(state, run, |_, _| (), want);
}

#[track_caller]
fn check_with(state: ProwJobState, run: Run, change: impl Fn(&mut ProwJob, &mut Change), want: Step) {
    assert_eq!(with(state, run, change, |step| step), want);
}

fn finish(state: ProwJobState, description: &str) -> Step {
    Step::Finish { state, description: description.into() }
}

#[test]
fn p1_a_triggered_job_is_started_and_then_pending() {
    check(State::Triggered, Run::Absent, Step::Start);
    check(State::Triggered, Run::Starting { since: at(0) }, Step::MarkPending);
}

#[test]
fn p2_without_room_it_stays_triggered() {
    let full = |_: &mut ProwJob, c: &mut Change| c.room = Room::Full("1".into());
    check_with(State::Triggered, Run::Absent, full, Step::LookAgain(ROOM_POLL));
}

#[test]
fn p5_what_cannot_run_here_is_an_error() {
    let want = finish(State::Error, "Pod can not be created: 2 containers");
    check(State::Triggered, Run::Invalid("2 containers".into()), want);
}

#[test]
fn p7_a_run_whose_write_was_lost_is_not_started_again() {
    for run in [Run::Running { since: at(0) }, Run::Exited(Exit::Code(0)), Run::Lost] {
        check(State::Triggered, run, Step::MarkPending);
    }
}

#[test]
fn p8_a_pending_job_without_a_run_is_started_without_asking_for_room() {
    let full = |_: &mut ProwJob, c: &mut Change| c.room = Room::Full("1".into());
    check_with(State::Pending, Run::Absent, full, Step::Start);
}

#[test]
fn p12_success() {
    check(State::Pending, Run::Exited(Exit::Code(0)), finish(State::Success, "Job succeeded."));
}

#[test]
fn p14_failure() {
    check(State::Pending, Run::Exited(Exit::Code(1)), finish(State::Failure, "Job failed."));
    check(State::Pending, Run::Exited(Exit::Signal(11)), finish(State::Failure, "Job failed."));
}

#[test]
fn p20_a_young_run_goes_on() {
    check(State::Pending, Run::Running { since: at(0) }, Step::LookAgain(Duration::from_secs(3500)));
}

#[test]
fn p22_cloning_too_long_is_an_error() {
    let late = |_: &mut ProwJob, c: &mut Change| c.now = at(600);
    check_with(State::Pending, Run::Starting { since: at(0) }, late, Step::Stop("Pod pending timeout.".into()));
    let stopped = Run::Exited(Exit::Stopped("Pod pending timeout.".into()));
    check(State::Pending, stopped, finish(State::Error, "Pod pending timeout."));
}

#[test]
fn p23_running_too_long_is_an_abort_that_github_hears_of() {
    let late = |_: &mut ProwJob, c: &mut Change| c.now = at(3600);
    let want = Step::RequestAbort { description: Some("Pod running timeout.".into()), hush_github: false };
    check_with(State::Pending, Run::Running { since: at(0) }, late, want);
}

#[test]
fn p25_a_run_that_clones_is_looked_at_when_its_time_is_up() {
    check(State::Pending, Run::Starting { since: at(0) }, Step::LookAgain(Duration::from_secs(500)));
}

#[test]
fn p29_a_superseded_run_is_asked_to_abort_and_github_is_not_told() {
    let newer = |_: &mut ProwJob, c: &mut Change| c.superseded = true;
    let want = Step::RequestAbort { description: None, hush_github: true };
    check_with(State::Triggered, Run::Absent, newer, want.clone());
    check_with(State::Pending, Run::Running { since: at(0) }, newer, want);
}

#[test]
fn p46_an_abort_stops_the_run_and_then_completes() {
    check(State::Aborted, Run::Running { since: at(0) }, Step::Stop("its ProwJob is aborted".into()));
    check(State::Aborted, Run::Stopping { since: at(99) }, Step::LookAgain(STOP_POLL));
    check(State::Aborted, Run::Exited(Exit::Stopped("x".into())), Step::Complete);
    check(State::Aborted, Run::Absent, Step::Complete);
}

#[test]
fn p47_an_abort_that_does_not_succeed_does_not_complete() {
    let late = |_: &mut ProwJob, c: &mut Change| c.now = at(1000);
    check_with(State::Aborted, Run::Stopping { since: at(90) }, late, Step::Kill);
    check(State::Aborted, Run::Unknown, Step::LookAgain(UNKNOWN_POLL));
}

#[test]
fn p53_a_job_that_waits_for_a_cluster_is_passed_through_whoever_its_agent_is() {
    check_with(State::Scheduling, Run::Absent, |_, _| (), Step::Schedule);
    check_with(State::Scheduling, Run::Absent, |job, _| job.spec.agent = "jenkins".into(), Step::Schedule);
}

#[test]
fn p48_another_agent_s_job_and_a_complete_one_are_left_alone() {
    check_with(State::Triggered, Run::Absent, |job, _| job.spec.agent = "jenkins".into(), Step::Wait);
    let over = |job: &mut ProwJob, _: &mut Change| job.status.completion_time = Some(at(1));
    check_with(State::Aborted, Run::Exited(Exit::Code(0)), over, Step::Wait);
}

#[test]
fn p53_what_waits_for_a_cluster_is_passed_through() {
    check(State::Scheduling, Run::Absent, Step::Schedule);
}

#[test]
fn a_complete_job_has_no_run() {
    let over = |job: &mut ProwJob, _: &mut Change| job.status.completion_time = Some(at(1));
    let want = Step::Stop("its ProwJob is complete".into());
    check_with(State::Error, Run::Running { since: at(0) }, over, want);
}

#[test]
fn a_clock_that_went_back_is_no_timeout() {
    let back = |_: &mut ProwJob, c: &mut Change| c.now = at(-1000);
    check_with(State::Pending, Run::Running { since: at(0) }, back, Step::LookAgain(60 * MINUTE));
}

#[test]
fn a_description_is_short_however_much_there_is_to_say() {
    let (begin, end) = ("`git fetch` failed", "not found");
    let why = format!("{begin}: {} {end}", "remote: no\n".repeat(20_000));
    for run in [Run::Exited(Exit::NotCloned(why.clone())), Run::Invalid(why)] {
        with(
            ProwJobState::Pending,
            run,
            |_, _| (),
            |step| {
                let Step::Finish { description, .. } = step else { panic!("{step:?}") };
                assert!(description.len() <= 1024, "{}", description.len());
                assert!(description.contains(begin) && description.ends_with(end), "{description}");
            },
        );
    }
}
