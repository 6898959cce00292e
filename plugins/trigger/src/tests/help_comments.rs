use super::world::{Job, Seen, World, always, check, manual};
use crate::help_comment::is_one;

const MEMBER: &str = "trusted-member";

fn jobs() -> [Job; 3] {
    [always("job"), manual("jib"), Job { optional: true, ..manual("extra") }]
}

/// The help reply above its folded part, and nothing else happened.
#[track_caller]
fn help(seen: Seen) -> String {
    let text = seen.comments.first().unwrap_or_else(|| panic!("no comment; {}", seen.said)).clone();
    check(seen, &["help"]);
    assert!(is_one(&text), "the pruner would not find {text}");
    let message = text.split("\n\n<details>").next().unwrap_or_default();
    message.strip_prefix(&format!("@{MEMBER}: ")).expect("a reply mentions the commenter").to_owned()
}

#[track_caller]
fn asked(body: &str, jobs: &[Job]) -> String {
    help(World::of_comments().with(jobs).comment(MEMBER, body))
}

const LIST: &str = "These commands start required jobs:
```
/test jib
```
```
/test job
```

These commands start optional jobs:
```
/test extra
```

`/test all` runs these jobs:
- job";

#[test]
fn case_43_required_and_optional_commands_are_listed() {
    assert_eq!(asked("/test ?", &jobs()), LIST);
}

#[test]
fn case_44_a_shared_command_is_listed_once() {
    let shared = |name| Job { rerun_command: Some("/test both"), ..always(name) };
    let text = asked("/test ?", &[shared("a"), shared("b"), always("c")]);
    assert_eq!(text.matches("/test both").count(), 1, "{text}");
    // Two names behind one command: three names are not two commands.
    assert!(text.ends_with("runs these jobs:\n- a\n- b\n- c"), "{text}");
}

#[test]
fn case_45_jobs_of_other_branches_are_absent() {
    let text = asked("/test ?", &[always("job"), Job { branches: &["release"], ..always("other") }]);
    assert!(text.contains("/test job") && !text.contains("other"), "{text}");
}

#[test]
fn case_46_test_alone_needs_a_target() {
    for body in ["/test", "/test \r\n?", "/test\n/test job"] {
        assert_eq!(asked(body, &jobs()), format!("`/test` needs to be told what to run.\n\n{LIST}"), "{body:?}");
    }
}

#[test]
fn case_47_retest_takes_no_target() {
    assert_eq!(asked("/retest FOO", &jobs()), format!("`/retest` takes no target.\n\n{LIST}"));
}

#[test]
fn case_48_a_command_on_the_next_line_is_no_target() {
    check(World::of_comments().comment(MEMBER, "/retest \r\n/other-command"), &["prune", "rerun jib"]);
}

#[test]
fn case_49_an_unknown_target() {
    assert_eq!(asked("/test FOO", &jobs()), format!("`/test` found no job by this name.\n\n{LIST}"));
}

#[test]
fn case_50_nothing_runs_on_test_all() {
    let text = asked("/test all", &[manual("jib")]);
    assert_eq!(
        text,
        "`/test all` has nothing to run here.\n\nThese commands start required jobs:\n```\n/test jib\n```"
    );
}

#[test]
fn the_first_case_is_the_one_that_is_told() {
    assert_eq!(asked("/test FOO\n/retest FOO\n/test ?", &jobs()), LIST);
}

#[test]
fn test_all_that_runs_everything_says_so() {
    let text = asked("/test ?", &[always("a"), always("b")]);
    assert!(text.ends_with("`/test all` runs all of them."), "{text}");
}

#[test]
fn conditional_jobs_are_among_test_all_only_if_files_match() {
    let conditional = |name, file| Job { run_if_changed: Some(file), ..manual(name) };
    let text = asked("/test ?", &[conditional("due", "CHANGED"), conditional("idle", "OTHER")]);
    assert!(text.contains("/test idle") && text.ends_with("runs these jobs:\n- due"), "{text}");
}

#[test]
fn without_any_job_one_line_names_the_place() {
    assert_eq!(asked("/test ?", &[]), "No presubmit can be started by a comment on org/repo@master.");
    let text = asked("/test FOO", &[Job { branches: &["release"], ..always("job") }]);
    let line = "No presubmit can be started by a comment on org/repo@master.";
    assert_eq!(text, format!("`/test` found no job by this name.\n\n{line}"));
}

#[test]
fn the_pruner_finds_prows_old_comments_too() {
    for old in [
        "@u: The `/test` command needs one or more targets.\nThe following",
        "@u: The `/retest` command does not accept any targets.",
        "The specified target(s) for `/test` were not found.",
        "No jobs can be run with `/test all`.",
        "The following commands are available to trigger required jobs:",
        "The following commands are available to trigger optional jobs:",
    ] {
        assert!(is_one(old), "{old}");
    }
    for other in ["@u: tests cannot start", "Hi @u, thanks for your pull request!", "/test all", ""] {
        assert!(!is_one(other), "{other}");
    }
}
