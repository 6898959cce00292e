//! `bowsprit deliveries show`: why something happened, or why nothing did.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;
use jiff::Timestamp;
use serde_json::Value;
use store::{DeliveryReport, EntryState, TaskReport};

use super::list::about;
use crate::age;
use crate::output::{self, ShowOutput, tame};
use crate::state::InboxArgs;
use crate::table::Table;

/// Show one delivery: who was asked, what was decided, what was done.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit deliveries show 72d3162e-cc78-11e3-81ab-4c9367dc0958
  bowsprit deliveries show --output json \\
    72d3162e-cc78-11e3-81ab-4c9367dc0958 | jq .considered")]
pub(super) struct ShowArgs {
    #[command(flatten)]
    state_dir: InboxArgs,
    /// The delivery's GUID, as `X-GitHub-Delivery` had it.
    guid: String,
    /// What to print.
    #[arg(long, short, value_enum, default_value_t = ShowOutput::Text)]
    output: ShowOutput,
}

pub(super) async fn run(args: ShowArgs) -> anyhow::Result<()> {
    let guid = &args.guid;
    let report = args.state_dir.inbox().await?.show(guid).await?.with_context(|| {
        format!(
            "no delivery {guid}: `bowsprit deliveries list` shows those that were accepted; one that was refused is only in \
             the host's log"
        )
    })?;
    match args.output {
        ShowOutput::Text => output::print(&render(&report, Timestamp::now())),
        ShowOutput::Json => output::print_json(&report),
    }
}

fn render(report: &DeliveryReport, now: Timestamp) -> String {
    let delivery = &report.summary;
    let received = format!("{} ({} ago)", delivery.received_at, age::age(delivery.received_at, now));
    let verified = format!("by the entry `{}` of the HMAC file", report.key_level);
    let mut text = String::new();
    let mut line = |name: &str, value: &str| line(&mut text, 0, name, value);
    line("delivery", &delivery.guid);
    line("event", &delivery.event);
    line("for", &about(&delivery.scope));
    line("key", delivery.key.as_deref().unwrap_or("-"));
    line("received", &received);
    line("verified", &verified);
    line("payload", &format!("{} bytes", report.payload_bytes));
    line("config", report.config_revision.as_deref().unwrap_or("not dispatched yet"));
    line("state", delivery.state.as_str());
    if let Some(first) = &delivery.duplicate_of {
        line("duplicate", &format!("of {first}, which tells of the same event: no plugin is asked twice"));
        return text;
    }

    text.push_str("\nconsidered\n");
    if report.considered.is_empty() {
        text.push_str("  no plugin\n");
    } else {
        let mut table = Table::new(&["PLUGIN", "RUNS", "WHY"]);
        for plugin in &report.considered {
            let runs = if plugin.runs { "yes" } else { "no" };
            table.row([plugin.plugin.clone(), runs.to_owned(), plugin.why.clone()]);
        }
        text.push_str(&table.render(2));
    }
    for task in &report.reports {
        write_task(&mut text, task, now);
    }
    text
}

fn line(text: &mut String, indent: usize, name: &str, value: &str) {
    writeln!(text, "{:indent$}{name:<10}{}", "", tame(value)).expect("writing to a string does not fail");
}

fn write_task(text: &mut String, task: &TaskReport, now: Timestamp) {
    writeln!(text, "\ntask {} ({})", tame(&task.plugin), task.kind).expect("writing to a string does not fail");
    let mut line = |name: &str, value: &str| line(text, 2, name, value);
    line("state", task.state.as_str());
    if let Some(reason) = &task.reason {
        line("reason", reason);
    }
    if let Some(duration) = task.duration {
        line("took", &age::took(duration));
    }
    if task.attempts > 0 {
        line("attempts", &format!("{} failed", task.attempts));
    }
    if let Some(not_before) = task.not_before.filter(|_| task.state.is_open()) {
        line("again at", &format!("{not_before} (in {})", age::age(now, not_before)));
    }
    let calls = calls(task);
    if !calls.is_empty() {
        text.push_str("  calls\n");
        let mut table = Table::new(&["CALL", "KIND", "TOOK", "CAME TO"]);
        calls.into_iter().for_each(|call| table.row(call));
        text.push_str(&table.render(4));
    }
    let denied = denied(task);
    if !denied.is_empty() {
        text.push_str("  denied\n");
        for line in denied {
            writeln!(text, "    {line}").expect("writing to a string does not fail");
        }
    }
    let said = said(task);
    if !said.is_empty() {
        text.push_str("  log\n");
        for line in said {
            writeln!(text, "    {line}").expect("writing to a string does not fail");
        }
    }
}

/// What the plugin asked of its host: from the trace of a run that has ended, else from the journal so far.
fn calls(task: &TaskReport) -> Vec<[String; 4]> {
    if let Some(calls) = task.trace.as_ref().and_then(|trace| trace["calls"].as_array()) {
        return calls.iter().map(traced).collect();
    }
    let journalled = task.journal.iter().map(|entry| {
        let came_to = match entry.state {
            EntryState::Intent => "in doubt: begun, and no answer written down",
            EntryState::Done(_) => "done",
        };
        [entry.op.clone(), entry.kind.to_string(), String::new(), came_to.to_owned()]
    });
    journalled.collect()
}

/// A call as the host's trace has it; a key that an older or newer host did not write is left blank.
fn traced(call: &Value) -> [String; 4] {
    let text = |key: &str| call[key].as_str().unwrap_or_default().to_owned();
    let took = call["ms"].as_u64().map(|ms| format!("{ms}ms")).unwrap_or_default();
    let came_to = match call["error"].as_str() {
        Some(error) => error.to_owned(),
        None if call["replayed"] == true => "done, answered from the journal".to_owned(),
        None => "done".to_owned(),
    };
    [text("op"), text("kind"), took, came_to]
}

/// What it was told of calls that it was not let make.
fn denied(task: &TaskReport) -> Vec<String> {
    let told = task.trace.as_ref().and_then(|trace| trace["denied"].as_array());
    told.into_iter().flatten().filter_map(Value::as_str).map(tame).collect()
}

/// What the plugin logged.
fn said(task: &TaskReport) -> Vec<String> {
    let lines = task.trace.as_ref().and_then(|trace| trace["log"].as_array());
    let text = |line: &Value, key: &str| tame(line[key].as_str().unwrap_or_default());
    lines.into_iter().flatten().map(|line| format!("{:<5} {}", text(line, "level"), text(line, "message"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{at, task};
    use serde_json::json;
    use std::time::Duration;
    use store::{
        Considered, DeliveryState, DeliverySummary, EffectKind, Entry, Scope, TaskKind, TaskState, TaskSummary,
    };

    fn report() -> DeliveryReport {
        let done = TaskReport {
            reason: Some("started 2 jobs".into()),
            duration: Some(Duration::from_millis(31)),
            trace: Some(json!({
                "calls": [
                    { "op": "members.is-member", "kind": "read", "replayed": true, "ms": 0 },
                    { "op": "prowjobs.create", "kind": "findable", "replayed": false, "ms": 4 },
                    { "op": "issues.add-label", "kind": "idempotent", "ms": 12, "error": "Forbidden: no" },
                ],
                "denied": ["`github-issues-write` is not granted"],
                "log": [{ "level": "info", "message": "2 presubmits\nmatch" }],
            })),
            ..task("trigger", TaskState::Done)
        };
        let entry =
            |seq, op: &str, state| Entry { seq, op: op.into(), args: "{}".into(), kind: EffectKind::Findable, state };
        let parked = TaskReport {
            reason: Some("GitHub said to wait".into()),
            attempts: 2,
            not_before: Some(at(180)),
            journal: vec![
                entry(0, "issues.create-comment", EntryState::Done("1".into())),
                entry(1, "issues.create-comment", EntryState::Intent),
            ],
            ..task("hold", TaskState::Parked)
        };
        let considered = |plugin: &str, runs, why: &str| Considered { plugin: plugin.into(), runs, why: why.into() };
        DeliveryReport {
            summary: DeliverySummary {
                guid: "g-1".into(),
                event: "issue_comment".into(),
                scope: Scope::Repo("my-org/hello".into()),
                key: Some("7".into()),
                received_at: at(0),
                state: DeliveryState::Open,
                duplicate_of: None,
                tasks: vec![TaskSummary {
                    plugin: "trigger".into(),
                    kind: TaskKind::Comment,
                    state: TaskState::Done,
                    reason: None,
                }],
            },
            key_level: "*".into(),
            config_revision: Some("abc".into()),
            payload_bytes: 1234,
            considered: vec![
                considered("trigger", true, "enabled for my-org"),
                considered("help", false, "does not want this event"),
            ],
            reports: vec![done, parked],
        }
    }

    #[test]
    fn a_delivery_tells_who_was_asked_and_what_was_done() {
        insta::assert_snapshot!(render(&report(), at(60)), @r"
        delivery  g-1
        event     issue_comment
        for       my-org/hello
        key       7
        received  2023-11-14T22:13:20Z (1m ago)
        verified  by the entry `*` of the HMAC file
        payload   1234 bytes
        config    abc
        state     open

        considered
          PLUGIN   RUNS  WHY
          trigger  yes   enabled for my-org
          help     no    does not want this event

        task trigger (comment)
          state     done
          reason    started 2 jobs
          took      31ms
          calls
            CALL               KIND        TOOK  CAME TO
            members.is-member  read        0ms   done, answered from the journal
            prowjobs.create    findable    4ms   done
            issues.add-label   idempotent  12ms  Forbidden: no
          denied
            `github-issues-write` is not granted
          log
            info  2 presubmits match

        task hold (comment)
          state     parked
          reason    GitHub said to wait
          attempts  2 failed
          again at  2023-11-14T22:16:20Z (in 2m)
          calls
            CALL                   KIND      TOOK  CAME TO
            issues.create-comment  findable  -     done
            issues.create-comment  findable  -     in doubt: begun, and no answer written down
        ");
    }

    #[test]
    fn a_duplicate_says_whose_it_is() {
        let mut report = report();
        report.summary.duplicate_of = Some("g-0".into());
        let text = render(&report, at(0));
        assert!(
            text.ends_with("duplicate of g-0, which tells of the same event: no plugin is asked twice\n"),
            "{text}"
        );
    }

    #[test]
    fn a_delivery_without_plugins_says_so() {
        let mut report = report();
        report.considered.clear();
        report.reports.clear();
        report.config_revision = None;
        let text = render(&report, at(0));
        assert!(text.contains("considered\n  no plugin\n") && text.contains("not dispatched yet"), "{text}");
    }
}
