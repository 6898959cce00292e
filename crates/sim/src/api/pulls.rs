//! Pull requests.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use crate::answer::{Answer, Refusal, Reply};
use crate::api::issues::{Edit, edit_issue, new_issue, sort};
use crate::call::Call;
use crate::history::record;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::roles::role_of;
use crate::shapes::View;
use crate::world::{Happening, Issue, IssueState, Pull, Role, World, key, now};

/// How many changed files GitHub lists at most.
const MOST_FILES: usize = 3000;

#[derive(Deserialize)]
struct NewPull {
    title: Option<String>,
    body: Option<String>,
    head: String,
    head_repo: Option<String>,
    base: String,
    #[serde(default)]
    draft: bool,
}

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let repo = call.repo(world)?;
        let asked = |issue: &&Issue| {
            let Some(pull) = &issue.pull else { return false };
            let state = match call.query("state").unwrap_or("open") {
                "all" => true,
                "closed" => issue.state == IssueState::Closed,
                _ => issue.state == IssueState::Open,
            };
            let label = format!("{}:{}", pull.head_owner, pull.head_ref);
            state
                && call.query("base").is_none_or(|base| pull.base_ref == base)
                && call.query("head").is_none_or(|head| label.eq_ignore_ascii_case(head))
        };
        let mut found: Vec<&Issue> = repo.issues.values().filter(asked).collect();
        sort(&mut found, call);
        let view = View { world, base: hub.base() };
        let pulls = found.into_iter().filter_map(|issue| issue.pull.as_ref().map(|pull| (issue, pull)));
        Ok(page_of(call, hub.base(), pulls.collect(), |(issue, pull)| view.pull(repo, issue, pull)))
    })
}

pub(crate) fn create(hub: &Arc<Hub>, call: &Call) -> Reply {
    let new: NewPull = call.json()?;
    let title = new.title.clone().filter(|title| !title.trim().is_empty());
    let title = title.ok_or_else(|| Refusal::invalid("PullRequest", "title", "missing_field"))?;
    let repo = call.repo_key();
    let (head_repo, head_owner, head_ref) = hub.read(|world| head_of(world, call, &new))?;
    let _moving = hub.moving_refs.lock().expect("nothing panics while it moves refs");
    let tip = |repo: &str, branch: &str| hub.git.tip(repo, branch);
    let base_sha = tip(&repo, &new.base).ok_or_else(|| Refusal::invalid("PullRequest", "base", "invalid"))?;
    let head_sha = tip(&head_repo, &head_ref).ok_or_else(|| Refusal::invalid("PullRequest", "head", "invalid"))?;
    hub.git.fetch(&repo, &head_repo, &head_sha)?;
    let facts = hub.facts.get(&hub.git, &repo, &base_sha, &head_sha)?;
    if facts.commits.is_empty() {
        let message = format!("No commits between {} and {head_ref}", new.base);
        return Err(Refusal::custom("PullRequest", &message));
    }
    let (number, answer) = hub.change(|world| {
        let author = call.login(world)?;
        let is_open = |issue: &Issue| {
            let same =
                |pull: &Pull| pull.head_repo == head_repo && pull.head_ref == head_ref && pull.base_ref == new.base;
            issue.state == IssueState::Open && issue.pull.as_ref().is_some_and(same)
        };
        if call.repo(world)?.issues.values().any(is_open) {
            let message = format!("A pull request already exists for {head_owner}:{head_ref}.");
            return Err(Refusal::custom("PullRequest", &message));
        }
        let (issue_id, id) = (world.next_id(), world.next_id());
        let found = world.repos.get_mut(&repo).ok_or_else(Refusal::not_found)?;
        let number = found.next_number();
        let mut issue = new_issue(issue_id, number, title, new.body, &author);
        issue.pull = Some(Pull {
            id,
            head_repo,
            head_owner,
            head_ref,
            head_sha: head_sha.clone(),
            base_ref: new.base,
            base_sha,
            draft: new.draft,
            merged_at: None,
            merged_by: None,
            merge_commit_sha: None,
            reviews: Vec::new(),
            review_comments: Vec::new(),
            requested_reviewers: Vec::new(),
            requested_teams: Vec::new(),
        });
        found.issues.insert(number, issue);
        let view = View { world, base: hub.base() };
        let (found, issue) = (call.repo(world)?, &call.repo(world)?.issues[&number]);
        let pull = issue.pull.as_ref().ok_or_else(Refusal::not_found)?;
        Ok((number, Answer::created(&view.pull_in_full(found, issue, pull, Some(&facts)))))
    })?;
    // The ref must be there before anyone hears of the pull request.
    hub.git.update_ref(&repo, &format!("refs/pull/{number}/head"), &head_sha, None)?;
    hub.read(|world| {
        let author = call.login(world)?;
        hub.tell_issue(world, (&repo, number), "opened", json!({}), &author, Some(&facts));
        Ok(answer)
    })
}

/// The repository (its key), the owner's login and the branch that `head` names. The author must be able to write there.
fn head_of(world: &World, call: &Call, new: &NewPull) -> Result<(String, String, String), Refusal> {
    let invalid = || Refusal::invalid("PullRequest", "head", "invalid");
    let base = call.repo(world)?;
    let (owner, branch) = match new.head.split_once(':') {
        Some((owner, branch)) => (owner, branch),
        None => (base.owner.as_str(), new.head.as_str()),
    };
    let base_key = key(&base.full_name());
    let in_network = |repo: &&crate::world::Repo| {
        let named = new.head_repo.as_ref().is_none_or(|name| repo.name.eq_ignore_ascii_case(name));
        let related = key(&repo.full_name()) == base_key || repo.parent.as_deref() == Some(&base_key);
        repo.owner.eq_ignore_ascii_case(owner) && named && related
    };
    let head = world.repos.values().find(in_network).ok_or_else(invalid)?;
    let login = call.login(world)?;
    let by_app = matches!(call.who, crate::auth::Who::Installation { .. });
    if !by_app && role_of(world, head, Some(&login)) < Role::Write {
        return Err(Refusal::forbidden("must be a collaborator of the head repository"));
    }
    Ok((key(&head.full_name()), head.owner.clone(), branch.to_owned()))
}

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    let facts = hub.facts_of(&call.repo_key(), call.number("pull_number")?)?;
    hub.read(|world| {
        let (issue, pull) = found(world, call)?;
        let view = View { world, base: hub.base() };
        Ok(Answer::ok(&view.pull_in_full(call.repo(world)?, issue, pull, facts.as_deref())))
    })
}

pub(crate) fn update(hub: &Arc<Hub>, call: &Call) -> Reply {
    // Planning, and the reason of a state, are the issue's to be asked for.
    let mut edit: Edit = call.json()?;
    (edit.milestone, edit.state_reason) = (None, None);
    let (repo, number) = (call.repo_key(), call.number("pull_number")?);
    hub.read(|world| found(world, call).map(drop))?;
    if let Some(base) = edit.base.clone() {
        move_base(hub, call, (&repo, number), &base)?;
    }
    if edit.state == Some(IssueState::Open) {
        catch_up(hub, (&repo, number))?;
    }
    edit_issue(hub, call, "pull_number", edit)?;
    get(hub, call)
}

/// Points the pull request at another base branch.
fn move_base(hub: &Arc<Hub>, call: &Call, at: (&str, u64), base: &str) -> Result<(), Refusal> {
    let invalid = || Refusal::invalid("PullRequest", "base", "invalid");
    let sha = hub.git.tip(at.0, base).ok_or_else(invalid)?;
    let before = hub.change(|world| {
        let pull = world.repos.get_mut(at.0).and_then(|repo| repo.issues.get_mut(&at.1)?.pull.as_mut());
        let pull = pull.ok_or_else(Refusal::not_found)?;
        let before = (pull.base_ref.clone(), pull.base_sha.clone());
        (pull.base_ref, pull.base_sha) = (base.to_owned(), sha);
        Ok::<_, Refusal>(before)
    })?;
    if before.0 == base {
        return Ok(());
    }
    let facts = hub.facts_of(at.0, at.1)?;
    hub.read(|world| {
        let changes = json!({ "base": { "ref": { "from": before.0 }, "sha": { "from": before.1 } } });
        let sender = call.login(world)?;
        hub.tell_issue(world, at, "edited", json!({ "changes": changes }), &sender, facts.as_deref());
        Ok(())
    })
}

/// Before it opens again, a pull request takes up what was pushed to its branch while it was closed.
fn catch_up(hub: &Arc<Hub>, at: (&str, u64)) -> Result<(), Refusal> {
    let _moving = hub.moving_refs.lock().expect("nothing panics while it moves refs");
    let head = hub.read(|world| {
        let pull = world.repo(at.0)?.issues.get(&at.1)?.pull.clone()?;
        Some((pull.head_repo, pull.head_ref))
    });
    let Some((head_repo, head_ref)) = head else { return Ok(()) };
    let gone =
        || Refusal::custom("PullRequest", &format!("state cannot be changed. The {head_ref} branch has been deleted."));
    let sha = hub.git.tip(&head_repo, &head_ref).ok_or_else(gone)?;
    hub.git.fetch(at.0, &head_repo, &sha)?;
    hub.git.update_ref(at.0, &format!("refs/pull/{}/head", at.1), &sha, None)?;
    hub.change(|world| {
        let pull = world.repos.get_mut(at.0).and_then(|repo| repo.issues.get_mut(&at.1)?.pull.as_mut());
        if let Some(pull) = pull {
            pull.head_sha = sha;
        }
    });
    Ok(())
}

pub(crate) fn files(hub: &Arc<Hub>, call: &Call) -> Reply {
    let facts = hub.facts_of(&call.repo_key(), call.number("pull_number")?)?;
    hub.read(|world| {
        let (_, pull) = found(world, call)?;
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let files = facts.iter().flat_map(|facts| &facts.files).take(MOST_FILES).collect();
        Ok(page_of(call, hub.base(), files, |file| view.changed_file(repo, &pull.head_sha, file)))
    })
}

/// Pull requests whose head the commit is or whose commits it is among, and the one whose merge made it.
pub(crate) fn of_commit(hub: &Arc<Hub>, call: &Call) -> Reply {
    let (key, sha) = (call.repo_key(), call.param("commit_sha"));
    let sha = hub.git.resolve(&key, sha);
    let sha =
        sha.ok_or_else(|| Refusal::unprocessable(&format!("No commit found for SHA: {}", call.param("commit_sha"))))?;
    let numbers: Vec<u64> = hub.read(|world| {
        let pulls = call.repo(world)?.issues.values().filter(|issue| issue.pull.is_some());
        Ok::<_, Refusal>(pulls.map(|issue| issue.number).collect())
    })?;
    let mut holding = Vec::new();
    for number in numbers {
        let facts = hub.facts_of(&key, number)?;
        let brings = facts.is_some_and(|facts| facts.commits.iter().any(|commit| commit.sha == sha));
        let is_it = |pull: &Pull| pull.head_sha == sha || pull.merge_commit_sha.as_deref() == Some(&sha);
        let named = hub.read(|world| world.repo(&key)?.issues.get(&number)?.pull.as_ref().map(is_it));
        if brings || named == Some(true) {
            holding.push(number);
        }
    }
    hub.read(|world| {
        let (repo, view) = (call.repo(world)?, View { world, base: hub.base() });
        let pulls = holding.iter().filter_map(|number| {
            let issue = repo.issues.get(number)?;
            Some((issue, issue.pull.as_ref()?))
        });
        Ok(page_of(call, hub.base(), pulls.collect(), |(issue, pull)| view.pull(repo, issue, pull)))
    })
}

pub(crate) fn commits(hub: &Arc<Hub>, call: &Call) -> Reply {
    let facts = hub.facts_of(&call.repo_key(), call.number("pull_number")?)?;
    hub.read(|world| {
        found(world, call)?;
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let commits = facts.iter().flat_map(|facts| &facts.commits).collect();
        Ok(page_of(call, hub.base(), commits, |commit| view.commit(repo, commit)))
    })
}

/// The pull request in the path.
pub(super) fn found<'a>(world: &'a World, call: &Call) -> Result<(&'a Issue, &'a Pull), Refusal> {
    let (issue, _) = call.target(world).ok_or_else(Refusal::not_found)?;
    Ok((issue, issue.pull.as_ref().ok_or_else(Refusal::not_found)?))
}

/// Turns a pull request into a draft or makes it ready; none if it is that already.
pub(crate) fn set_draft(hub: &Arc<Hub>, at: (&str, u64), draft: bool, sender: &str) -> Result<(), Refusal> {
    let facts = hub.facts_of(at.0, at.1)?;
    hub.change(|world| {
        let pull = world.repos.get_mut(at.0).and_then(|repo| repo.issues.get_mut(&at.1)?.pull.as_mut());
        let pull = pull.ok_or_else(Refusal::not_found)?;
        if pull.draft != draft {
            pull.draft = draft;
            let action = if draft { "converted_to_draft" } else { "ready_for_review" };
            let happening = if draft { Happening::ConvertToDraft } else { Happening::ReadyForReview };
            record(world, at, sender, happening);
            hub.tell_issue(world, at, action, json!({}), sender, facts.as_deref());
        }
        Ok::<_, Refusal>(())
    })?;
    hub.change(|world| {
        if let Some(issue) = world.repos.get_mut(at.0).and_then(|repo| repo.issues.get_mut(&at.1)) {
            issue.updated_at = now();
        }
    });
    Ok(())
}
