//! What a person sees who follows the link to an issue or pull request: plain text, for public repositories.

use http::StatusCode;

use crate::answer::Answer;
use crate::api::statuses::latest;
use crate::hub::Hub;
use crate::rest::Incoming;
use crate::world::{Issue, Repo};

/// The page at `/owner/name/pull/7` or `/owner/name/issues/7`; none for any other path, and for what is not public.
pub(crate) fn answer(hub: &Hub, request: &Incoming) -> Option<Answer> {
    let segments: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let [owner, name, "pull" | "issues", number] = segments[..] else { return None };
    let number: u64 = number.parse().ok().filter(|_| request.method == "GET")?;
    let text = hub.read(|world| {
        let repo = world.repo(&format!("{owner}/{name}")).filter(|repo| !repo.private)?;
        Some(page(repo, repo.issues.get(&number)?))
    })?;
    let mut answer = Answer::empty(StatusCode::OK).with("content-type", "text/plain; charset=utf-8");
    answer.body = text.into();
    Some(answer)
}

fn page(repo: &Repo, issue: &Issue) -> String {
    let state = format!("{:?}", issue.state).to_lowercase();
    let mut text = format!("{}#{} {}\n{state}, by {}\n", repo.full_name(), issue.number, issue.title, issue.author);
    let labels = repo.labels.iter().filter(|label| issue.labels.contains(&label.id));
    let labels: Vec<&str> = labels.map(|label| label.name.as_str()).collect();
    if !labels.is_empty() {
        text += &format!("labels: {}\n", labels.join(", "));
    }
    if let Some(pull) = &issue.pull {
        let merged = if pull.merged_at.is_some() { ", merged" } else { "" };
        text += &format!("{}:{} into {}{merged}\n", pull.head_owner, pull.head_ref, pull.base_ref);
        text += &format!("\nchecks on {}\n", pull.head_sha);
        for status in latest(repo, &pull.head_sha) {
            let words = [status.description.as_deref(), status.target_url.as_deref()];
            let words: Vec<&str> = words.into_iter().flatten().collect();
            let state = format!("{:?}", status.state).to_lowercase();
            text += &format!("  {state:8} {}  {}\n", status.context, words.join("  "));
        }
    }
    text += &issue.body.as_deref().map_or(String::new(), |body| format!("\n{body}\n"));
    for comment in &issue.comments {
        text += &format!("\n--- {} at {}\n{}\n", comment.author, comment.created_at, comment.body);
    }
    text
}
