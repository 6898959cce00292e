use super::*;

#[track_caller]
fn check(text: &str, want: &[Command]) {
    let found = Commands::of(text);
    let names: Vec<_> = ALL.into_iter().filter(|command| found.has(*command)).collect();
    assert_eq!(names, want, "{text:?}");
}

#[test]
fn test_all_may_be_followed_by_a_comma_and_more() {
    use Command::*;
    let all = [TestAll, TestWithTarget, PruneHelp];
    check("/test all", &all);
    check("/test all,", &all);
    check("/test all please", &all);
    check("/test all\r\n", &all);
    check("hello\n/test all", &all);
    check("/test all, thanks", &all);
    check("/test alle", &[TestWithTarget, PruneHelp]);
    check("/test all,,", &[TestWithTarget, PruneHelp]);
    check("/test  all", &[TestWithTarget, PruneHelp]);
    check("/Test all", &[]);
    check(" /test all", &[]);
    check("say /test all", &[]);
}

#[test]
fn retest_stands_alone_on_its_line() {
    use Command::*;
    check("/retest", &[Retest, PruneHelp]);
    check("/retest \t\r\nthanks", &[Retest, PruneHelp]);
    check("/retest\n\n", &[Retest, PruneHelp]);
    check("/retest please", &[RetestWithTarget, PruneHelp]);
    check("/retest \r\n/other-command", &[Retest, PruneHelp]);
    check("/retest,", &[PruneHelp]);
    check("/retests", &[]);
    check("/RETEST", &[]);
    check("x /retest", &[]);
    check("/retest-required", &[RetestRequired, PruneHelp]);
    check("/retest-required \r", &[RetestRequired, PruneHelp]);
    check("/retest-required now", &[PruneHelp]);
    check("/retest_required", &[]);
}

#[test]
fn test_manual_required_is_not_test_with_a_target() {
    use Command::*;
    check("/test-manual-required", &[TestManualRequired, PruneHelp]);
    check("/test-manual-required\r\n", &[TestManualRequired, PruneHelp]);
    check("/test-manual-required x", &[PruneHelp]);
}

#[test]
fn ok_to_test_and_its_cancel() {
    use Command::*;
    check("/ok-to-test", &[OkToTest]);
    check("/ok-to-test \r", &[OkToTest]);
    check("a\n/ok-to-test\nb", &[OkToTest]);
    check("not /ok-to-test", &[]);
    check("/ok-to-test now", &[]);
    check("/OK-to-test", &[]);
    check("/ok-to-test cancel", &[OkToTestCancel]);
    check("/ok-to-test \t cancel \r\n", &[OkToTestCancel]);
    check("/ok-to-test cancel it", &[]);
    check("/ok-to-testcancel", &[]);
    // `\s+` crosses the line, and the first line is a command of its own.
    check("/ok-to-test\ncancel", &[OkToTest, OkToTestCancel]);
}

#[test]
fn ok_to_test_may_name_a_commit() {
    use Command::*;
    for commit in ["0a1b2c3", "0A1B2C3", "0123456789012345678901234567890123456789"] {
        let text = format!("Fine.\n/ok-to-test {commit} \r\nThanks.");
        check(&text, &[OkToTestCommit]);
        assert_eq!(reviewed_commits(&text).collect::<Vec<_>>(), [commit]);
    }
    for other in ["added", "0a1b2c", "0a1b2cx", "0a1b2c3 4", "01234567890123456789012345678901234567890"] {
        check(&format!("/ok-to-test {other}"), &[]);
    }
    check("/ok-to-test0a1b2c3", &[]);
    check("x /ok-to-test 0a1b2c3", &[]);
    check("/ok-to-test\n0a1b2c3", &[OkToTest]);
    let two = "/ok-to-test 0a1b2c3\n/ok-to-test\t1a1b2c3";
    assert_eq!(reviewed_commits(two).collect::<Vec<_>>(), ["0a1b2c3", "1a1b2c3"]);
}

#[test]
fn a_commit_is_named_by_its_beginning_in_any_case() {
    assert!(names_commit("0A1B2C3", "0a1b2c3d"));
    assert!(names_commit("0a1b2c3d", "0a1b2c3d"));
    assert!(!names_commit("a1b2c3d", "0a1b2c3d"));
    assert!(!names_commit("0a1b2c3d4", "0a1b2c3d"));
    assert!(!names_commit("", "0a1b2c3d"));
}

#[test]
fn asking_for_help() {
    use Command::*;
    check("/test ?", &[TestHelp, TestWithTarget, PruneHelp]);
    check("/test?", &[TestHelp, PruneHelp]);
    check("/test \t?\r\n", &[TestHelp, TestWithTarget, PruneHelp]);
    check("/test ? x", &[TestWithTarget, PruneHelp]);
    check("/test", &[EmptyTest, PruneHelp]);
    check("/test \r\n?", &[EmptyTest, PruneHelp]);
    check("/test \r\n", &[EmptyTest, PruneHelp]);
    check("/test\r\nfoo", &[EmptyTest, PruneHelp]);
}

#[test]
fn a_target_stands_on_the_same_line() {
    use Command::*;
    check("/test foo", &[TestWithTarget, PruneHelp]);
    check("/test\tfoo", &[TestWithTarget, PruneHelp]);
    check("/retest foo", &[RetestWithTarget, PruneHelp]);
    check("/retest \r\nfoo", &[Retest, PruneHelp]);
    check("/testfoo", &[]);
    check("/test_foo", &[]);
    check("/test:foo", &[PruneHelp]);
    check("/testé", &[PruneHelp]);
}

#[test]
fn any_is_about_commands_and_not_about_pruning() {
    assert!(Commands::of("/test x").any());
    assert!(!Commands::of("/test:x").any());
    assert!(!Commands::of("hello").any());
}
