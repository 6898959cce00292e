//! Jira issues that a text names are linked to its page, and the text to them. Behaviour: Prow
//! pkg/plugins/jira/jira.go.

pub mod candidates;
pub mod link;
pub mod rewrite;

use kit::prow::settings::JiraSettings as Settings;
use kit::{
    ApiError, ClientAgent, CommentAction, CommentEvent, Description, ErrorKind, Event, EventBody, EventKind, Failure,
    Outcome, Plugin, PluginHelp, RepoRef, github_issues_read, github_issues_write, github_pull_requests_read,
    github_pull_requests_write, jira_read, jira_write,
};

use crate::link::{Change, Known};

struct Jira;

impl Plugin for Jira {
    fn describe() -> Description {
        Description {
            name: "jira".to_owned(),
            summary: "Links issues and pull requests to the Jira issues that they name, and back.".to_owned(),
            events: vec![EventKind::Comment],
            commands: Vec::new(),
            settings: vec!["disabled_jira_projects".to_owned()],
        }
    }

    fn help(settings: String, _repos: Vec<RepoRef>) -> PluginHelp {
        let settings: Settings = kit::parsed_or_default(&settings);
        let disabled = settings.disabled_jira_projects.join(", ");
        let config =
            if disabled.is_empty() { Vec::new() } else { vec![(String::new(), format!("Not for: {disabled}."))] };
        PluginHelp {
            description: "Links issues and pull requests to the Jira issues that they name, and back.".to_owned(),
            config,
            snippet: "jira:\n  disabled_jira_projects:\n  - ENTERPRISE\n".to_owned(),
            commands: Vec::new(),
        }
    }

    fn handle(event: Event, agent: ClientAgent) -> Result<Outcome, Failure> {
        let (EventBody::Comment(comment), Some(repo)) = (&event.body, &event.repo) else {
            return Ok(kit::ignored("not a comment"));
        };
        if !is_worth_a_look(comment) {
            return Ok(kit::ignored("no key of an issue in what is new"));
        }
        let settings: Settings = kit::settings(&agent)?;
        let projects = jira_read::list_project_keys(&agent)?;
        let keys = candidates::wanted(&comment.body, &comment.issue_title, &settings.disabled_jira_projects, &projects);
        let mut errors = Vec::new();
        let keys: Vec<String> = keys.into_iter().filter(|key| exists(&agent, key, &mut errors)).collect();
        for key in &keys {
            // Prow, too, does without a link that cannot be made.
            if let Err(error) = link_back(&agent, key, &repo.ref_, comment) {
                kit::warn(format!("no link on {key}: {}", Failure::from(error).message));
            }
        }
        if !keys.is_empty() {
            let is_review = event.name == "pull_request_review_comment";
            errors.extend(link_text(&agent, comment, &keys, is_review).err().map(|error| Failure::from(error).message));
        }
        kit::failures(&errors)?;
        match keys.is_empty() {
            true => Ok(kit::ignored("Jira has no issue of those keys")),
            false => Ok(kit::done(format!("linked {}", keys.join(", ")))),
        }
    }
}

/// Whether the text or the title has anything like a key; a deleted text has nothing.
pub fn is_worth_a_look(comment: &CommentEvent) -> bool {
    let named = |text: &str| !candidates::candidates(text).is_empty();
    comment.action != CommentAction::Deleted && (named(&comment.body) || named(&comment.issue_title))
}

/// An issue that cannot be asked for counts as absent, and its error is kept.
fn exists(agent: &ClientAgent, key: &str, errors: &mut Vec<String>) -> bool {
    match jira_read::get_issue(agent, key) {
        Ok(_) => true,
        Err(error) => {
            if error.kind != ErrorKind::NotFound {
                errors.push(format!("{key}: {}", Failure::from(error).message));
            }
            false
        }
    }
}

fn link_back(agent: &ClientAgent, key: &str, repo: &RepoRef, comment: &CommentEvent) -> Result<(), ApiError> {
    let url = link::page(&comment.html_url);
    let title = link::title(&repo.org, &repo.name, comment.number, &comment.issue_title);
    let links = jira_read::list_remote_links(agent, key)?;
    let known = links.iter().map(|link| Known { id: link.id, url: &link.url, title: &link.title });
    match link::change(known, url, &title) {
        None => Ok(()),
        Some(Change::Add) => jira_write::add_remote_link(agent, key, url, &title),
        Some(Change::Rename(id)) => jira_write::update_remote_link(agent, key, id, url, &title),
    }
}

/// Edits the text, if that changes it. A text without a number of its own is the description or a review: what counts
/// then is the description as it is now.
fn link_text(agent: &ClientAgent, comment: &CommentEvent, keys: &[String], is_review: bool) -> Result<(), ApiError> {
    let base = jira_read::base_url(agent)?;
    let text = rewrite::with_links(&comment.body, keys, &base);
    if text == comment.body {
        return Ok(());
    }
    match (comment.comment_id, comment.is_pr) {
        // Comments on lines are numbered apart; under this number may be somebody else's comment.
        (Some(_), _) if is_review => Ok(()),
        (Some(id), true) => github_pull_requests_write::edit_comment(agent, comment.number, id, &text),
        (Some(id), false) => github_issues_write::edit_comment(agent, comment.number, id, &text),
        (None, true) => {
            let body = github_pull_requests_read::get_pull_request(agent, comment.number)?.body;
            let linked = rewrite::with_links(&body, keys, &base);
            if linked == body {
                return Ok(());
            }
            github_pull_requests_write::edit(agent, comment.number, None, Some(&linked))
        }
        (None, false) => {
            let body = github_issues_read::get_issue(agent, comment.number)?.body;
            let linked = rewrite::with_links(&body, keys, &base);
            if linked == body {
                return Ok(());
            }
            github_issues_write::edit(agent, comment.number, None, Some(&linked))
        }
    }
}

kit::export!(Jira);

#[cfg(test)]
mod tests;
