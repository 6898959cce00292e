//! Open pull requests and whether they can be merged.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Ask, Trouble};
use crate::hub::Hub;
use crate::world::{Issue, IssueState, Repo, UserKind, World, key};

/// How many a page holds.
const PAGE: usize = 100;

pub(super) fn merge_states(hub: &Arc<Hub>, ask: &Ask) -> Result<Value, Trouble> {
    let name = format!("{}/{}", ask.text("owner")?, ask.text("name")?);
    let after: u64 = match ask.optional("after") {
        None => 0,
        Some(cursor) => number_of(cursor).ok_or_else(|| Trouble {
            kind: Some("INVALID_CURSOR_ARGUMENTS"),
            message: format!("`{cursor}` does not appear to be a valid cursor."),
        })?,
    };
    let mut numbers = hub.read(|world| {
        let repo = world.repo(&name).ok_or_else(|| Trouble::no_repo(&name))?;
        ask.permit(world, repo, Trouble::no_repo(&name))?;
        let open = |issue: &&Issue| issue.state == IssueState::Open && issue.pull.is_some() && issue.number > after;
        Ok::<_, Trouble>(repo.issues.values().filter(open).map(|issue| issue.number).collect::<Vec<_>>())
    })?;
    let more = numbers.len() > PAGE;
    numbers.truncate(PAGE);
    let mut nodes = Vec::new();
    for number in &numbers {
        let mergeable = hub.facts_of(&key(&name), *number)?.map(|facts| facts.mergeable);
        nodes.extend(hub.read(|world| {
            let repo = world.repo(&name)?;
            Some(node(world, repo, repo.issues.get(number)?, mergeable))
        }));
    }
    let end = numbers.last().map(|number| format!("cursor:{number}"));
    Ok(json!({
        "pullRequests": { "pageInfo": { "hasNextPage": more, "endCursor": end }, "nodes": nodes },
    }))
}

fn number_of(cursor: &str) -> Option<u64> {
    cursor.strip_prefix("cursor:")?.parse().ok()
}

fn node(world: &World, repo: &Repo, issue: &Issue, mergeable: Option<bool>) -> Value {
    let author = world.user(&issue.author).map(|user| {
        // Here an app's account is named by its slug alone.
        let kind = if user.kind == UserKind::Bot { "Bot" } else { "User" };
        json!({ "__typename": kind, "login": user.login.trim_end_matches("[bot]") })
    });
    let labels = repo.labels.iter().filter(|label| issue.labels.contains(&label.id));
    json!({
        "number": issue.number,
        "mergeable": match mergeable {
            None => "UNKNOWN",
            Some(true) => "MERGEABLE",
            Some(false) => "CONFLICTING",
        },
        "headRefOid": issue.pull.as_ref().map(|pull| pull.head_sha.as_str()),
        "author": author,
        "labels": { "nodes": labels.map(|label| json!({ "name": label.name })).collect::<Vec<_>>() },
    })
}
