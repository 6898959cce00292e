//! `bowsprit deliveries list`.

use anyhow::anyhow;
use clap::Args;
use jiff::Timestamp;
use prow::event::OrderingKey;
use store::{DeliveryState, DeliverySummary, Filter, Scope, TaskState};

use crate::age;
use crate::output::{self, ListOutput};
use crate::state::InboxArgs;
use crate::table::Table;

/// List deliveries, the latest first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit deliveries list
  bowsprit deliveries list --repo my-org/hello --pr 1 --since 1h
  bowsprit deliveries list --failed
  bowsprit deliveries list --failed --output json | jq '.[].guid'

--failed tells of each task that failed or was given up why;
`bowsprit deliveries retry` runs it again.")]
pub(super) struct ListArgs {
    #[command(flatten)]
    state_dir: InboxArgs,
    /// About this repository, or this organization.
    #[arg(long, value_name = "ORG/REPO")]
    repo: Option<String>,
    /// About this pull request or issue.
    #[arg(long, value_name = "NUMBER")]
    pr: Option<u64>,
    /// Arrived since then: so long ago (10m, 2h, 3d), or an RFC 3339 time.
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// new, open, done or failed.
    #[arg(long, value_name = "STATE")]
    state: Option<DeliveryState>,
    /// Those with a task that failed or was given up, and why.
    #[arg(long)]
    failed: bool,
    /// At most so many; 0 is all.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// What to print.
    #[arg(long, short, value_enum, default_value_t = ListOutput::Table)]
    output: ListOutput,
}

pub(super) async fn run(args: ListArgs) -> anyhow::Result<()> {
    let now = Timestamp::now();
    let since = args.since.as_deref().map(|since| age::parse_since(since, now)).transpose();
    let filter = Filter {
        scope: args.repo,
        key: args.pr.map(|number| OrderingKey::Number(number).to_string()),
        state: args.state,
        failed: args.failed,
        since: since.map_err(|why| anyhow!("--since: {why}"))?,
        limit: args.limit,
    };
    let found = args.state_dir.inbox().await?.list(&filter).await?;
    match args.output {
        ListOutput::Table if args.failed => output::print(&render_failed(&found, now)),
        ListOutput::Table => output::print(&render(&found, now)),
        ListOutput::Json => output::print_json(&found),
    }
}

fn render(deliveries: &[DeliverySummary], now: Timestamp) -> String {
    if deliveries.is_empty() {
        return "No deliveries.\n".to_owned();
    }
    let mut table = Table::new(&["GUID", "EVENT", "FOR", "KEY", "STATE", "AGE", "TASKS"]);
    for delivery in deliveries {
        table.row([
            delivery.guid.clone(),
            delivery.event.clone(),
            about(&delivery.scope),
            key(delivery.key.as_deref()),
            delivery.state.to_string(),
            age::age(delivery.received_at, now),
            became(delivery),
        ]);
    }
    table.render(0)
}

/// A line for each task that failed.
fn render_failed(deliveries: &[DeliverySummary], now: Timestamp) -> String {
    if deliveries.is_empty() {
        return "Nothing has failed.\n".to_owned();
    }
    let mut table = Table::new(&["GUID", "EVENT", "FOR", "KEY", "AGE", "TASK", "STATE", "REASON"]);
    for delivery in deliveries {
        for task in delivery.tasks.iter().filter(|task| matches!(task.state, TaskState::Failed | TaskState::Dead)) {
            table.row([
                delivery.guid.clone(),
                delivery.event.clone(),
                about(&delivery.scope),
                key(delivery.key.as_deref()),
                age::age(delivery.received_at, now),
                task.plugin.clone(),
                task.state.to_string(),
                task.reason.clone().unwrap_or_default(),
            ]);
        }
    }
    table.render(0)
}

/// The repository or organization, `*` for neither.
pub(super) fn about(scope: &Scope) -> String {
    match scope {
        Scope::Repo(name) | Scope::Org(name) => name.clone(),
        Scope::Any => "*".to_owned(),
    }
}

/// Like `#7`, a ref, or as much of a commit as tells it from others.
fn key(key: Option<&str>) -> String {
    let key = key.unwrap_or_default();
    let is_sha = key.len() == 40 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_sha { key[..12].to_owned() } else { key.to_owned() }
}

/// `trigger:done hold:ignored`: a plugin that was given both forms of the event stands there twice.
fn became(delivery: &DeliverySummary) -> String {
    if let Some(first) = &delivery.duplicate_of {
        return format!("duplicate of {first}");
    }
    delivery.tasks.iter().map(|task| format!("{}:{}", task.plugin, task.state)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::{TaskKind, TaskSummary};

    #[test]
    fn the_table_names_each_task_with_its_state() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let task = |plugin: &str, state| TaskSummary {
            plugin: plugin.into(),
            kind: TaskKind::Comment,
            state,
            reason: Some(format!("because of {plugin}")),
        };
        let delivery = |guid: &str, scope, key: Option<&str>, tasks| DeliverySummary {
            guid: guid.into(),
            event: "issue_comment".into(),
            scope,
            key: key.map(str::to_owned),
            received_at: at(1000),
            state: DeliveryState::Open,
            duplicate_of: None,
            tasks,
        };
        let tasks = vec![task("trigger", TaskState::Done), task("hold", TaskState::Parked)];
        let failed = vec![task("cat", TaskState::Dead), task("dog", TaskState::Done), task("cow", TaskState::Failed)];
        let repo = || Scope::Repo("o/r".into());
        let deliveries = [
            delivery("g-4", repo(), Some("#8"), failed),
            DeliverySummary { duplicate_of: Some("g-2".into()), ..delivery("g-3", repo(), Some("#7"), vec![]) },
            delivery("g-2", repo(), Some("#7"), tasks),
            delivery("g-1", Scope::Any, Some(&"0123456789".repeat(4)), vec![]),
        ];
        insta::assert_snapshot!(render(&deliveries, at(1090)), @r"
        GUID  EVENT          FOR  KEY           STATE  AGE  TASKS
        g-4   issue_comment  o/r  #8            open   1m   cat:dead dog:done cow:failed
        g-3   issue_comment  o/r  #7            open   1m   duplicate of g-2
        g-2   issue_comment  o/r  #7            open   1m   trigger:done hold:parked
        g-1   issue_comment  *    012345678901  open   1m   -
        ");
        assert_eq!(render(&[], at(0)), "No deliveries.\n");
        insta::assert_snapshot!(render_failed(&deliveries[..1], at(1090)), @r"
        GUID  EVENT          FOR  KEY  AGE  TASK  STATE   REASON
        g-4   issue_comment  o/r  #8   1m   cat   dead    because of cat
        g-4   issue_comment  o/r  #8   1m   cow   failed  because of cow
        ");
        assert_eq!(render_failed(&[], at(0)), "Nothing has failed.\n");
    }
}
