//! What a guest gives the host to read costs the host no more than it should, and never its life.

use crate::script::Script;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_nested_deep_or_very_long_is_refused_and_the_host_stays_up() {
    let mut script = Script::start("what_is_nested_deep_or_very_long_is_refused_and_the_host_stays_up", false).await;
    let deep = format!("{}1{}", "{a: ".repeat(200), "}".repeat(200));
    let bomb = format!("a: &a '{}'\\nb: [{}]", "x".repeat(20_000), "*a, ".repeat(9000));
    let query = format!("{}repo:x", "(".repeat(100_000));
    for (call, part) in [
        (format!("github-issues-read.search \"{query}\""), "cannot say where to search"),
        (format!("job-config.matching-changes 4000000000 {}", "a/".repeat(100_000)), "no job number"),
        (format!("owners.parse \"{deep}\""), "more than 100 deep"),
        (format!("owners.parse \"{bomb}\""), "use fewer aliases"),
        (format!("owners.for-files main {}", "a/".repeat(3000)), "over 4096"),
        (format!("owners.group-files main {}", "a/".repeat(3000)), "over 4096"),
        ("build-cluster-read.get-config-map \"\" trial other".to_owned(), "has a name"),
    ] {
        let answer = script.call(&call).await;
        assert!(answer.contains("Err(") && answer.contains(part), "{}: {answer}", &call[..40]);
    }
    // The host is the one that was started.
    assert!(script.call("owners.parse \"approvers: [dora]\"").await.contains("dora"));
}
