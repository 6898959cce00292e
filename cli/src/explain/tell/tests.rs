use std::time::Duration;

use serde_json::json;
use store::{DeliveryReport, DeliverySummary, Entry};

use super::*;
use crate::sample::{self, at};

fn task(plugin: &str, state: TaskState, reason: &str) -> TaskReport {
    TaskReport { reason: Some(reason.into()), ..sample::task(plugin, state) }
}

fn entry(op: &str, args: &str, state: EntryState) -> Entry {
    Entry { seq: 0, op: op.into(), args: args.into(), kind: EffectKind::Findable, state }
}

fn done(result: &str) -> EntryState {
    EntryState::Done(result.into())
}

fn found(state: DeliveryState, considered: Vec<Considered>, reports: Vec<TaskReport>) -> Found {
    let summary = DeliverySummary {
        guid: "g-1".into(),
        event: "issue_comment".into(),
        scope: Scope::Repo("my-org/hello".into()),
        key: Some("#7".into()),
        received_at: at(0),
        state,
        duplicate_of: None,
        tasks: Vec::new(),
    };
    let report = DeliveryReport {
        summary,
        key_level: "my-org".into(),
        config_revision: None,
        payload_bytes: 1,
        considered,
        reports,
    };
    Found { report, sender: Some("ann".into()), action: Some("created".into()), text: Some("/hold\nfor Monday".into()) }
}

#[test]
fn each_plugin_has_its_say() {
    let considered = |plugin: &str, runs, why: &str| Considered { plugin: plugin.into(), runs, why: why.into() };
    let hold = TaskReport {
        duration: Some(Duration::from_millis(31)),
        journal: vec![
            entry(
                "github-pull-requests-write.add-label",
                r#"["my-org/hello",7,"do-not-merge/hold"]"#,
                done(r#"{"Ok":null}"#),
            ),
            entry("github-pull-requests-write.assign", r#"["my-org/hello",7,["x"]]"#, done(r#"{"Err":{}}"#)),
            entry("slack.write-message", r##"["#dev","held"]"##, EntryState::Intent),
        ],
        trace: Some(json!({
            "denied": ["`github-issues-write` is not granted"],
            "calls": [{ "op": "github-pull-requests-write.assign", "kind": "idempotent", "error": "Invalid: nobody" }],
            "log": [{ "level": "warn", "message": "the label\nis new" }],
        })),
        ..task("hold", TaskState::Done, "held")
    };
    let parked = TaskReport {
        attempts: 2,
        not_before: Some(at(180)),
        ..task("trigger", TaskState::Parked, "GitHub said to wait")
    };
    let reports = vec![
        hold,
        parked,
        task("approve", TaskState::Ignored, "no command in it"),
        task("cat", TaskState::Failed, "trapped: unreachable."),
        task("dog", TaskState::Dead, "its component is gone"),
        task("pony", TaskState::Unknown, "slack.write-message"),
        task("goose", TaskState::Queued, ""),
    ];
    let considered = vec![
        considered("hold", true, "is enabled for my-org/hello and wants this event"),
        considered("help", false, "does not want `issue_comment` events"),
        considered("goose", true, "is enabled for my-org/hello and wants this event, but was in quarantine: trapped"),
        considered("size", false, "is not enabled for my-org/hello in plugins.yaml"),
        considered("yak", false, "is not enabled for my-org/hello in plugins.yaml"),
    ];
    insta::assert_snapshot!(tell(&found(DeliveryState::Open, considered, reports), at(60)));
}

#[test]
fn what_nobody_has_looked_at_or_nobody_is_asked_about_says_so() {
    let new = tell(&found(DeliveryState::New, vec![], vec![]), at(60));
    assert!(new.contains("has not come to it yet"), "{new}");
    let nobody = tell(&found(DeliveryState::Done, vec![], vec![]), at(60));
    assert!(nobody.contains("No plugin is enabled for my-org/hello"), "{nobody}");
}

#[test]
fn a_duplicate_leads_to_the_first() {
    let mut duplicate = found(DeliveryState::Done, vec![], vec![]);
    duplicate.report.summary.duplicate_of = Some("g-0".into());
    let told = tell(&duplicate, at(60));
    assert!(told.contains("as delivery g-0") && !told.contains("No plugin is enabled"), "{told}");
}
