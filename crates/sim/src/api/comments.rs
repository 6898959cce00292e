//! The conversation on an issue or pull request.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::shapes::View;
use crate::world::{Comment, World, now};

/// The longest comment, in characters.
const LONGEST: usize = 65_536;

#[derive(Deserialize)]
struct Text {
    body: Option<String>,
}

impl Text {
    fn checked(self) -> Result<String, Refusal> {
        let body = self.body.filter(|body| !body.trim().is_empty());
        let body = body.ok_or_else(|| Refusal::custom("IssueComment", "Body cannot be blank"))?;
        if body.chars().count() > LONGEST {
            return Err(Refusal::custom("IssueComment", "Body is too long (maximum is 65536 characters)"));
        }
        Ok(body)
    }
}

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
        let since = call.query("since").and_then(|since| since.parse::<jiff::Timestamp>().ok());
        let comments = issue.comments.iter().filter(|comment| since.is_none_or(|since| comment.updated_at >= since));
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        Ok(page_of(call, hub.base(), comments.collect(), |comment| view.comment(repo, issue, comment)))
    })
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let body = call.json::<Text>()?.checked()?;
    let (key, number) = (call.repo_key(), call.number("issue_number")?);
    hub.change(|world| {
        let author = call.login(world)?;
        let id = world.next_id();
        let issue = world.repos.get_mut(&key).and_then(|repo| repo.issues.get_mut(&number));
        let issue = issue.ok_or_else(Refusal::not_found)?;
        let comment =
            Comment { id, author: author.clone(), body, created_at: now(), updated_at: now(), reactions: Vec::new() };
        issue.comments.push(comment.clone());
        issue.updated_at = now();
        hub.tell_comment(world, (&key, number), "created", &comment, json!({}), &author);
        let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
        Ok(Answer::created(&View { world, base: hub.base() }.comment(call.repo(world)?, issue, &comment)))
    })
}

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| shown(hub, world, call))
}

pub(crate) fn update(hub: &Arc<Hub>, call: &Call) -> Reply {
    let body = call.json::<Text>()?.checked()?;
    let key = call.repo_key();
    hub.change(|world| {
        let sender = call.login(world)?;
        let (number, mut comment) = found(world, call)?;
        let changes = json!({ "changes": { "body": { "from": comment.body } } });
        (comment.body, comment.updated_at) = (body, now());
        let issue = world.repos.get_mut(&key).and_then(|repo| repo.issues.get_mut(&number));
        let kept = issue.and_then(|issue| issue.comments.iter_mut().find(|kept| kept.id == comment.id));
        *kept.ok_or_else(Refusal::not_found)? = comment.clone();
        hub.tell_comment(world, (&key, number), "edited", &comment, changes, &sender);
        shown(hub, world, call)
    })
}

pub(crate) fn delete(hub: &Arc<Hub>, call: &Call) -> Reply {
    let key = call.repo_key();
    hub.change(|world| {
        let sender = call.login(world)?;
        let (number, comment) = found(world, call)?;
        let issue = world.repos.get_mut(&key).and_then(|repo| repo.issues.get_mut(&number));
        issue.ok_or_else(Refusal::not_found)?.comments.retain(|kept| kept.id != comment.id);
        hub.tell_comment(world, (&key, number), "deleted", &comment, json!({}), &sender);
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    })
}

fn found(world: &World, call: &Call) -> Result<(u64, Comment), Refusal> {
    match call.target(world) {
        Some((issue, Some(comment))) => Ok((issue.number, comment.clone())),
        Some((_, None)) | None => Err(Refusal::not_found()),
    }
}

fn shown(hub: &Hub, world: &World, call: &Call) -> Reply {
    let Some((issue, Some(comment))) = call.target(world) else { return Err(Refusal::not_found()) };
    Ok(Answer::ok(&View { world, base: hub.base() }.comment(call.repo(world)?, issue, comment)))
}
