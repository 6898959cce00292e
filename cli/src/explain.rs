//! `bowsprit explain`: what became of a webhook, of a comment or of all that happened on a pull request, in sentences.

mod target;
mod tell;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use store::{DeliveryReport, Filter, Inbox};

use crate::output::{self, ShowOutput};
use crate::state::InboxArgs;
use target::{Part, Target};

/// How many deliveries of a pull request are told of, the latest.
const MANY: usize = 10;

/// Say why something happened, or why nothing did.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit explain https://github.com/my-org/hello/pull/7
  bowsprit explain my-org/hello#7
  bowsprit explain \\
    https://github.com/my-org/hello/pull/7#issuecomment-1700000000
  bowsprit explain 72d3162e-cc78-11e3-81ab-4c9367dc0958")]
pub(crate) struct ExplainArgs {
    #[command(flatten)]
    state_dir: InboxArgs,
    /// A delivery's GUID, the URL of a comment, review, pull request, issue or commit, or ORG/REPO#NUMBER.
    #[arg(value_name = "GUID|URL")]
    what: Target,
    /// At most so many deliveries of a pull request, the latest; 0 is all.
    #[arg(long, default_value_t = MANY, value_name = "N")]
    limit: usize,
    /// What to print.
    #[arg(long, short, value_enum, default_value_t = ShowOutput::Text)]
    output: ShowOutput,
}

/// One delivery, and what its payload says of who did what.
#[derive(Debug, Serialize)]
struct Found {
    #[serde(flatten)]
    report: DeliveryReport,
    /// Who did it.
    sender: Option<String>,
    /// `created`, `opened`, …
    action: Option<String>,
    /// What was written.
    text: Option<String>,
}

pub(crate) async fn run(args: ExplainArgs) -> anyhow::Result<()> {
    let inbox = args.state_dir.inbox().await?;
    let found = find(&inbox, &args.what, args.limit).await?;
    match args.output {
        ShowOutput::Json => output::print_json(&found),
        ShowOutput::Text => {
            let now = Timestamp::now();
            let told: Vec<String> = found.iter().map(|found| tell::tell(found, now)).collect();
            output::print(&told.join("\n"))
        }
    }
}

/// In order of arrival.
async fn find(inbox: &Inbox, what: &Target, limit: usize) -> anyhow::Result<Vec<Found>> {
    let (scope, key, part) = match what {
        Target::Delivery(guid) => {
            let found = one(inbox, guid).await?;
            let found = found.with_context(|| {
                format!(
                    "no delivery {guid}: `bowsprit deliveries list` shows those that were accepted; one that was refused, \
                     or never came, is not among them"
                )
            })?;
            return Ok(vec![found]);
        }
        Target::Thread { repo, number, part } => (repo, format!("#{number}"), *part),
        Target::Commit { repo, sha } => (repo, sha.clone(), None),
    };
    // A part is looked for among all.
    let filter = Filter {
        scope: Some(scope.clone()),
        key: Some(key.clone()),
        limit: if part.is_some() { 0 } else { limit },
        ..Filter::default()
    };
    let mut found = Vec::new();
    for delivery in inbox.list(&filter).await? {
        if let Some(one) = one_of(inbox, &delivery.guid, part).await? {
            found.push(one);
        }
    }
    if found.is_empty() {
        bail!(
            "nothing that is known here came of {what}: GitHub has not sent it (look at the webhook's recent deliveries in \
             the repository's settings), the host refused it (look into its log), or it came longer ago than is kept"
        );
    }
    found.reverse();
    Ok(found)
}

async fn one(inbox: &Inbox, guid: &str) -> anyhow::Result<Option<Found>> {
    one_of(inbox, guid, None).await
}

/// The delivery, if it is about this part.
async fn one_of(inbox: &Inbox, guid: &str, part: Option<Part>) -> anyhow::Result<Option<Found>> {
    let Some(stored) = inbox.load(guid).await? else { return Ok(None) };
    let payload: Value = serde_json::from_slice(stored.payload()).unwrap_or_default();
    if part.is_some_and(|part| !part.is_of(&payload)) {
        return Ok(None);
    }
    let Some(report) = inbox.show(guid).await? else { return Ok(None) };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let written = ["comment", "review"].iter().find_map(|key| text(&payload[*key]["body"]));
    Ok(Some(Found {
        report,
        sender: text(&payload["sender"]["login"]),
        action: text(&payload["action"]),
        text: written,
    }))
}

#[cfg(test)]
mod tests {
    use store::{Dispatch, NewDelivery, Scope};

    use super::*;

    async fn deliver(inbox: &Inbox, guid: &str, key: &str, payload: &'static str) {
        let delivery = NewDelivery {
            guid: guid.into(),
            event: "issue_comment".into(),
            scope: Scope::Repo("o/r".into()),
            key_level: "*".into(),
            payload: payload.as_bytes().into(),
            headers: Vec::new(),
            received_at: Timestamp::now(),
            likeness: None,
        };
        inbox.accept(delivery).await.unwrap();
        let dispatch = Dispatch { config_revision: "rev".into(), key: Some(key.into()), ..Dispatch::default() };
        inbox.dispatch(guid, dispatch).await.unwrap();
    }

    async fn check(inbox: &Inbox, what: &str, want: Result<&[&str], &str>) {
        let found = find(inbox, &what.parse().unwrap(), 0).await;
        match want {
            Ok(want) => {
                let found = found.unwrap();
                let guids: Vec<_> = found.iter().map(|found| found.report.summary.guid.as_str()).collect();
                assert_eq!(guids, want, "{what}");
            }
            Err(want) => {
                assert!(found.as_ref().is_err_and(|error| error.to_string().contains(want)), "{what}: {found:?}")
            }
        }
    }

    #[tokio::test]
    async fn a_url_finds_what_came_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let inbox = Inbox::open(&dir.path().join("inbox.db")).await.unwrap();
        deliver(
            &inbox,
            "g-1",
            "#7",
            r#"{"action":"created","comment":{"id":11,"body":"/hold"},"sender":{"login":"ann"}}"#,
        )
        .await;
        deliver(&inbox, "g-2", "#7", r#"{"action":"submitted","review":{"id":12,"body":"/lgtm"}}"#).await;
        deliver(&inbox, "g-3", "#8", r#"{"action":"created","comment":{"id":13,"body":"x"}}"#).await;
        check(&inbox, "g-3", Ok(&["g-3"])).await;
        check(&inbox, "g-4", Err("no delivery g-4")).await;
        check(&inbox, "https://github.com/o/r/pull/7", Ok(&["g-1", "g-2"])).await;
        check(&inbox, "https://github.com/o/r/pull/7#issuecomment-11", Ok(&["g-1"])).await;
        check(&inbox, "https://github.com/o/r/pull/7#pullrequestreview-12", Ok(&["g-2"])).await;
        check(&inbox, "https://github.com/o/r/pull/7#issuecomment-12", Err("GitHub has not sent it")).await;
        check(&inbox, "o/r#9", Err("GitHub has not sent it")).await;
        let found = find(&inbox, &"g-1".parse().unwrap(), 0).await.unwrap().remove(0);
        let said = (found.sender.as_deref(), found.action.as_deref(), found.text.as_deref());
        assert_eq!(said, (Some("ann"), Some("created"), Some("/hold")));
    }
}
