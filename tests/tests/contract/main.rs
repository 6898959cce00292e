//! The contract, function by function: a plugin makes each call, through the real host, and the far side is looked at. And
//! plugins that live by parts of it: one of the previous version, and those that speak to Jira and Slack.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bench;
mod cluster;
mod consumers;
mod doubt;
mod elder;
mod fence;
mod functions;
mod heavy;
mod requests;
mod rows;
mod script;
mod slack;
mod tap;

use std::collections::BTreeSet;

use rows::{ROWS, Row};
use script::Script;

/// Makes a row's call and looks at what follows. What is wrong comes as text, so that one run tells of all rows.
async fn play(script: &mut Script, row: &Row) -> Result<(), String> {
    let before = match row.then {
        Some((at, _)) if row.kept.is_none() => Some(script.look(at).await),
        _ => None,
    };
    let answer = script.call(row.call).await;
    if let Some(name) = row.kept {
        script.keep(name, &answer);
    }
    for part in row.says.iter().map(|part| script.named(part)) {
        if !answer.contains(&part) {
            return Err(format!("{}: no {part:?} in the answer {answer}", row.call));
        }
    }
    let Some((at, seen)) = row.then else { return Ok(()) };
    let (now, seen) = (script.look(at).await, script.named(seen));
    let holds = match seen.strip_prefix('!') {
        Some(part) => !now.contains(part),
        None => now.contains(&seen),
    };
    match before {
        _ if !holds => Err(format!("{}: not {seen:?} at {at}: {now}", row.call)),
        Some(before) if before == now => Err(format!("{}: changed nothing at {at}: {now}", row.call)),
        _ => Ok(()),
    }
}

/// The rows that this world can play.
fn rows(script: &Script) -> impl Iterator<Item = &'static Row> + use<> {
    let (has_slack, has_clusters) = (script.slack.is_some(), script.cluster.is_some());
    let rows = ROWS.iter().filter(move |row| has_slack || !row.call.starts_with("slack."));
    rows.filter(move |row| has_clusters || !row.is_of_clusters())
}

#[test]
fn every_function_of_the_contract_has_a_row() {
    let called: BTreeSet<String> = ROWS.iter().map(|row| row.function().to_owned()).collect();
    assert_eq!(called, functions::of_the_contract());
}

#[tokio::test]
async fn every_function_of_the_contract_answers_and_has_its_effect() {
    let mut script = Script::start("every_function_of_the_contract_answers_and_has_its_effect", false).await;
    let mut wrong = Vec::new();
    for row in rows(&script) {
        wrong.extend(play(&mut script, row).await.err());
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), ROWS.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_dry_run_answers_every_call_and_changes_nothing_anywhere() {
    let mut script = Script::start("a_dry_run_answers_every_call_and_changes_nothing_anywhere", true).await;
    let before = script.everything().await;
    let mut wrong = Vec::new();
    for row in rows(&script) {
        let answer = script.call(row.call).await;
        if let Some(name) = row.kept {
            script.keep(name, &answer);
        }
        if row.then.is_some() && !answer.starts_with("Ok(") {
            wrong.push(format!("{}: {answer}", row.call));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let after = script.everything().await;
    for part in ["github", "jira", "bugzilla", "prowjobs", "clusters", "slack"] {
        assert_eq!(before[part], after[part], "{part}");
    }
}

#[tokio::test]
async fn an_agent_that_reads_only_reads_all_and_changes_nothing() {
    let mut script = Script::start("an_agent_that_reads_only_reads_all_and_changes_nothing", false).await;
    let before = script.everything().await;
    let own = ["agent.", "log."];
    let mut wrong = Vec::new();
    for row in rows(&script).filter(|row| !own.iter().any(|prefix| row.call.starts_with(prefix))) {
        let answer = script.call(&format!("read-only {}", row.call)).await;
        if row.kept == Some("picked") {
            script.keep("picked", &answer);
        }
        let is_denied = answer.starts_with("Err(") && answer.contains("Denied") && answer.contains("read-only");
        if is_denied != row.then.is_some() {
            wrong.push(format!("{}: {answer}", row.call));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(before, script.everything().await);
}
