//! Search for issues and pull requests, with the qualifiers that bots use.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::auth::Who;
use crate::call::Call;
use crate::hub::Hub;
use crate::page::Page;
use crate::roles::role_of;
use crate::shapes::View;
use crate::world::{Issue, IssueState, Level, Repo, Role, World, key};

/// How many results GitHub gives at most.
const MOST: usize = 1000;

/// One word of a query.
#[derive(Debug, PartialEq, Eq)]
enum Term {
    /// `name:value`, and whether it must not hold.
    Qualifier { name: String, value: String, not: bool },
    /// A word that title or body must hold.
    Text(String),
}

pub(crate) fn issues(hub: &Arc<Hub>, call: &Call) -> Reply {
    let query = call.query("q").ok_or_else(|| Refusal::invalid("Search", "q", "missing"))?;
    let terms = parse(query);
    for term in &terms {
        check(term)?;
    }
    hub.read(|world| {
        scope_exists(world, &terms)?;
        let login = call.who.login(world);
        let visible = |repo: &&Repo| match &call.who {
            Who::Installation { .. } => call.who.reaches(world, repo),
            _ => role_of(world, repo, login.as_deref()) >= Role::Read,
        };
        let readable = |issue: &Issue| match &call.who {
            Who::Installation { token, .. } => {
                let kind = if issue.pull.is_some() { "pull_requests" } else { "issues" };
                token.permissions.get(kind).is_some_and(|level| *level >= Level::Read)
            }
            _ => true,
        };
        let mut found: Vec<(&Repo, &Issue)> = world
            .repos
            .values()
            .filter(visible)
            .flat_map(|repo| repo.issues.values().map(move |issue| (repo, issue)))
            .filter(|(repo, issue)| readable(issue) && terms.iter().all(|term| holds(term, repo, issue)))
            .collect();
        found.sort_by_key(|(_, issue)| (issue.created_at, issue.id));
        if call.query("order") != Some("asc") {
            found.reverse();
        }
        let (total, page) = (found.len(), Page::of(call));
        found.truncate(MOST);
        let (part, pages) = page.cut(found);
        let view = View { world, base: hub.base() };
        let show = |(repo, issue)| {
            let mut shown = view.issue(repo, issue);
            shown["score"] = json!(1.0);
            shown
        };
        let items: Vec<Value> = part.into_iter().map(show).collect();
        let body = json!({
            "total_count": total, "incomplete_results": false, "items": items, "search_type": "lexical",
        });
        let answer = Answer::ok(&body);
        Ok(match page.link(call, hub.base(), pages) {
            Some(link) => answer.with("link", &link),
            None => answer,
        })
    })
}

/// Takes a query apart; quotes keep spaces together.
fn parse(query: &str) -> Vec<Term> {
    let mut words = Vec::new();
    let (mut word, mut quoted) = (String::new(), false);
    for letter in query.chars() {
        match letter {
            '"' => quoted = !quoted,
            ' ' | '\t' | '\n' if !quoted => words.push(std::mem::take(&mut word)),
            letter => word.push(letter),
        }
    }
    words.push(word);
    let term = |word: String| match word.split_once(':') {
        Some((name, value))
            if !value.is_empty() && name.trim_start_matches('-').chars().all(|c| c.is_alphabetic() || c == '-') =>
        {
            let not = name.starts_with('-');
            Term::Qualifier { name: name.trim_start_matches('-').to_lowercase(), value: value.to_owned(), not }
        }
        _ => Term::Text(word),
    };
    words.into_iter().filter(|word| !word.is_empty()).map(term).collect()
}

/// A qualifier that is not understood would silently find too much: it is refused.
fn check(term: &Term) -> Result<(), Refusal> {
    let Term::Qualifier { name, value, .. } = term else { return Ok(()) };
    let known = match name.as_str() {
        "type" => matches!(value.as_str(), "pr" | "issue"),
        "state" => matches!(value.as_str(), "open" | "closed"),
        "is" => matches!(
            value.as_str(),
            "pr" | "pull-request"
                | "issue"
                | "open"
                | "closed"
                | "merged"
                | "unmerged"
                | "draft"
                | "public"
                | "private"
        ),
        "org" | "user" | "repo" | "author" | "label" | "assignee" | "base" | "head" | "draft" | "archived"
        | "milestone" | "commenter" | "involves" | "sha" => true,
        "no" => matches!(value.as_str(), "label" | "assignee" | "milestone"),
        _ => false,
    };
    let message = format!("The stand-in's search does not know `{name}:{value}`.");
    if known { Ok(()) } else { Err(Refusal::custom("Search", &message)) }
}

/// A search in organisations or repositories none of which is there is refused.
fn scope_exists(world: &World, terms: &[Term]) -> Result<(), Refusal> {
    let mut scopes = terms.iter().filter_map(|term| match term {
        Term::Qualifier { name, value, not: false } => match name.as_str() {
            "repo" => Some(world.repo(value).is_some()),
            "org" | "user" => Some(world.org(value).is_some() || world.user(value).is_some()),
            _ => None,
        },
        _ => None,
    });
    let message = "The listed users and repositories cannot be searched either because the resources do not exist or you \
                   do not have permission to view them.";
    if scopes.any(|exists| !exists) { Err(Refusal::custom("Search", message)) } else { Ok(()) }
}

fn holds(term: &Term, repo: &Repo, issue: &Issue) -> bool {
    match term {
        Term::Text(word) => {
            let text = format!("{} {}", issue.title, issue.body.as_deref().unwrap_or_default());
            text.to_lowercase().contains(&word.to_lowercase()) || is_commit(word, issue)
        }
        Term::Qualifier { name, value, not } => qualifies(name, value, repo, issue) != *not,
    }
}

/// A word that is the beginning of a commit finds the pull request whose head or merge it is.
fn is_commit(word: &str, issue: &Issue) -> bool {
    let word = word.to_lowercase();
    let begins = |sha: &String| word.len() >= 7 && sha.starts_with(&word);
    issue.pull.as_ref().is_some_and(|pull| begins(&pull.head_sha) || pull.merge_commit_sha.as_ref().is_some_and(begins))
}

fn qualifies(name: &str, value: &str, repo: &Repo, issue: &Issue) -> bool {
    let pull = issue.pull.as_ref();
    let merged = pull.is_some_and(|pull| pull.merged_at.is_some());
    match (name, value) {
        ("type" | "is", "pr" | "pull-request") => pull.is_some(),
        ("type" | "is", "issue") => pull.is_none(),
        ("state" | "is", "open") => issue.state == IssueState::Open,
        ("state" | "is", "closed") => issue.state == IssueState::Closed,
        ("is", "merged") => merged,
        ("is", "unmerged") => pull.is_some() && !merged,
        ("is", "public") => !repo.private,
        ("is", "private") => repo.private,
        ("is", "draft") | ("draft", "true") => pull.is_some_and(|pull| pull.draft),
        ("draft", _) => pull.is_some_and(|pull| !pull.draft),
        ("archived", value) => value == "false",
        ("org" | "user", owner) => repo.owner.eq_ignore_ascii_case(owner),
        ("repo", full_name) => key(full_name) == key(&repo.full_name()),
        ("author", login) => {
            // An app's bot is searched for as `app/slug`.
            let bot = login.strip_prefix("app/").map(|slug| format!("{slug}[bot]"));
            issue.author.eq_ignore_ascii_case(bot.as_deref().unwrap_or(login))
        }
        ("sha", sha) => is_commit(sha, issue),
        ("no", "label") => issue.labels.is_empty(),
        ("no", "assignee") => issue.assignees.is_empty(),
        ("no", "milestone") => issue.milestone.is_none(),
        ("milestone", title) => {
            let milestone = issue.milestone.and_then(|number| repo.milestone(number));
            milestone.is_some_and(|milestone| milestone.title.eq_ignore_ascii_case(title))
        }
        ("commenter", login) => comments(issue, login),
        ("involves", login) => {
            issue.author.eq_ignore_ascii_case(login)
                || issue.assignees.iter().any(|assignee| assignee.eq_ignore_ascii_case(login))
                || comments(issue, login)
        }
        ("assignee", login) => issue.assignees.iter().any(|assignee| assignee.eq_ignore_ascii_case(login)),
        // Commas part alternatives.
        ("label", names) => {
            names.split(',').any(|name| repo.label(name).is_some_and(|label| issue.labels.contains(&label.id)))
        }
        ("base", branch) => pull.is_some_and(|pull| pull.base_ref == branch),
        ("head", branch) => pull.is_some_and(|pull| pull.head_ref == branch),
        _ => false,
    }
}

fn comments(issue: &Issue, login: &str) -> bool {
    issue.comments.iter().any(|comment| comment.author.eq_ignore_ascii_case(login))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_words_together() {
        let qualifier = |name: &str, value: &str, not| Term::Qualifier { name: name.into(), value: value.into(), not };
        let want = vec![
            qualifier("type", "pr", false),
            qualifier("label", "good first issue", true),
            Term::Text("free text".into()),
            Term::Text("more".into()),
        ];
        assert_eq!(parse(r#"type:pr -label:"good first issue"  "free text" more"#), want);
    }

    #[test]
    fn an_unknown_qualifier_is_refused() {
        assert!(parse("is:queued").iter().all(|term| check(term).is_err()));
        assert!(parse("is:merged org:x -label:y word").iter().all(|term| check(term).is_ok()));
    }
}
