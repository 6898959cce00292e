//! Merging a pull request, in GitHub's three ways.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::answer::{Answer, Refusal, Reply};
use crate::api::protection::missing;
use crate::api::pulls::found;
use crate::call::Call;
use crate::git::Merge;
use crate::hub::Hub;
use crate::moved::{Move, author, close_issue, record_closed};
use crate::roles::role_of;
use crate::world::{Issue, IssueState, Pull, Role};

#[derive(Deserialize)]
struct Ask {
    commit_title: Option<String>,
    commit_message: Option<String>,
    sha: Option<String>,
    #[serde(default)]
    merge_method: Method,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Method {
    #[default]
    Merge,
    Squash,
    Rebase,
}

pub(crate) fn is_merged(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| match found(world, call)?.1.merged_at {
        Some(_) => Ok(Answer::empty(StatusCode::NO_CONTENT)),
        None => Ok(Answer::empty(StatusCode::NOT_FOUND)),
    })
}

pub(crate) fn merge(hub: &Arc<Hub>, call: &Call) -> Reply {
    let ask: Ask = call.json()?;
    let (repo, number) = (call.repo_key(), call.number("pull_number")?);
    let _moving = hub.moving_refs.lock().expect("nothing panics while it moves refs");
    let (login, issue, pull) = hub.read(|world| {
        let (issue, pull) = found(world, call)?;
        Ok::<_, Refusal>((call.login(world)?, issue.clone(), pull.clone()))
    })?;
    if issue.state != IssueState::Open {
        return Err(refused("Pull Request is not mergeable"));
    }
    if pull.draft {
        return Err(refused("Pull Request is still a draft"));
    }
    if ask.sha.as_ref().is_some_and(|sha| *sha != pull.head_sha) {
        let message = "Head branch was modified. Review and try the merge again.";
        return Err(Refusal::new(StatusCode::CONFLICT, message));
    }
    let waits_for = hub.read(|world| {
        let found = call.repo(world)?;
        // Who administers the repository may merge all the same, as where protection does not include administrators.
        let free = role_of(world, found, Some(&login)) >= Role::Admin;
        Ok::<_, Refusal>(missing(found, &pull.base_ref, &pull.head_sha).filter(|_| !free).cloned())
    })?;
    if let Some(context) = waits_for {
        return Err(refused(&format!("Required status check \"{context}\" is expected.")));
    }
    let base = hub.git.tip(&repo, &pull.base_ref);
    let base = base.ok_or_else(|| refused("Base branch does not exist"))?;
    let facts = hub.facts.get(&hub.git, &repo, &base, &pull.head_sha)?;
    let sha = new_tip(hub, &repo, &base, &ask, &issue, &pull, &login)?;
    let branch = format!("refs/heads/{}", pull.base_ref);
    hub.git.update_ref(&repo, &branch, &sha, Some(&base))?;
    hub.change(|world| {
        if let Some(issue) = world.repos.get_mut(&repo).and_then(|repo| repo.issues.get_mut(&number)) {
            close_issue(issue, Some(&sha), &login);
            if let Some(pull) = &mut issue.pull {
                pull.base_sha.clone_from(&base);
            }
        }
        record_closed(world, (&repo, number), Some(&sha), &login);
        hub.tell_issue(world, (&repo, number), "closed", json!({}), &login, Some(&facts));
    });
    hub.refs_moved(&repo, &[Move { name: branch, before: base, after: sha.clone() }], &login)?;
    Ok(Answer::ok(&json!({ "sha": sha, "merged": true, "message": "Pull Request successfully merged" })))
}

/// The commit that the base branch will point to.
fn new_tip(
    hub: &Hub,
    repo: &str,
    base: &str,
    ask: &Ask,
    issue: &Issue,
    pull: &Pull,
    login: &str,
) -> Result<String, Refusal> {
    let Merge::Tree(tree) = hub.git.merge(repo, base, &pull.head_sha)? else {
        return Err(refused("Pull Request is not mergeable"));
    };
    let message = |title: String, body: String| {
        let (title, body) = (ask.commit_title.clone().unwrap_or(title), ask.commit_message.clone().unwrap_or(body));
        format!("{title}\n\n{body}")
    };
    match ask.merge_method {
        Method::Merge => {
            let title = format!("Merge pull request #{} from {}/{}", issue.number, pull.head_owner, pull.head_ref);
            let message = message(title, issue.title.clone());
            Ok(hub.git.commit_tree(repo, &tree, &[base, &pull.head_sha], &author(login), &message)?)
        }
        Method::Squash => {
            let title = format!("{} (#{})", issue.title, issue.number);
            let message = message(title, issue.body.clone().unwrap_or_default());
            Ok(hub.git.commit_tree(repo, &tree, &[base], &author(&issue.author), &message)?)
        }
        Method::Rebase => {
            let commits = hub.git.log(repo, &[base], &pull.head_sha, usize::MAX >> 33)?;
            let plain: Vec<_> = commits.into_iter().filter(|commit| commit.parents.len() == 1).collect();
            let tip = hub.git.rebase(repo, base, &plain, &author(login))?;
            tip.ok_or_else(|| refused("This branch can't be rebased"))
        }
    }
}

fn refused(message: &str) -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
}
