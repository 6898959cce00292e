//! What follows when refs move, whoever moved them: the push event, new heads of pull requests, and pull requests that
//! were merged by a push or closed by the loss of their branch.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::event::Event;
use crate::facts::Facts;
use crate::git::{Author, Commit, GitError, ZERO};
use crate::history::record;
use crate::hub::Hub;
use crate::shapes::View;
use crate::world::{Happening, Issue, IssueState, Repo, World, key, now};

/// The tree without entries, which git knows without having it.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
/// How many commits a push event lists, as on GitHub.
const MOST_COMMITS: usize = 2048;

/// A ref that points elsewhere now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Move {
    /// The full name: `refs/heads/main`.
    pub(crate) name: String,
    /// What it pointed to; [`ZERO`] if it is new.
    pub(crate) before: String,
    /// What it points to; [`ZERO`] if it is gone.
    pub(crate) after: String,
}

/// The differences between two listings of refs.
pub(crate) fn moves(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<Move> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let at =
        |refs: &BTreeMap<String, String>, name: &String| refs.get(name).cloned().unwrap_or_else(|| ZERO.to_owned());
    let all =
        names.into_iter().map(|name| Move { name: name.clone(), before: at(before, name), after: at(after, name) });
    all.filter(|moved| moved.before != moved.after).collect()
}

/// How an account signs its commits here.
pub(crate) fn author(login: &str) -> Author {
    Author { name: login.to_owned(), email: format!("{login}{}", crate::shapes::NOREPLY) }
}

/// A pull request that a move concerns.
struct Concerned {
    repo: String,
    number: u64,
    before: String,
}

impl Hub {
    /// Draws the consequences. The caller holds `moving_refs`.
    pub(crate) fn refs_moved(self: &Arc<Self>, repo: &str, moves: &[Move], pusher: &str) -> Result<(), GitError> {
        for moved in moves {
            let branch = moved.name.strip_prefix("refs/heads/");
            if branch.is_none() && !moved.name.starts_with("refs/tags/") {
                continue;
            }
            self.tell_push(repo, moved, pusher)?;
            if let Some(branch) = branch {
                self.heads_moved(repo, branch, moved, pusher)?;
                self.base_moved(repo, branch, moved, pusher);
            }
        }
        Ok(())
    }

    fn tell_push(self: &Arc<Self>, repo: &str, moved: &Move, pusher: &str) -> Result<(), GitError> {
        let (created, deleted) = (moved.before == ZERO, moved.after == ZERO);
        let forced = !created && !deleted && !self.git.is_ancestor(repo, &moved.before, &moved.after);
        let commits = if deleted { Vec::new() } else { self.pushed_commits(repo, moved)? };
        let head = if deleted { None } else { Some(self.with_files(repo, self.git.show(repo, &moved.after)?)?) };
        self.change(|world| {
            if let Some(repo) = world.repos.get_mut(repo) {
                repo.pushed_at = now();
            }
            let view = View { world, base: self.base() };
            let Some(found) = world.repo(repo) else { return };
            let html = view.repo_html(found);
            let show = |(commit, files): &(Commit, Files)| pushed_commit(&html, commit, files);
            let compare = if created {
                format!("{html}/compare/{}", moved.name.trim_start_matches("refs/heads/"))
            } else {
                format!("{html}/compare/{}...{}", short(&moved.before), short(&moved.after))
            };
            let who = author(pusher);
            let payload = json!({
                "ref": moved.name,
                "before": moved.before,
                "after": moved.after,
                "created": created,
                "deleted": deleted,
                "forced": forced,
                "base_ref": null,
                "compare": compare,
                "commits": commits.iter().map(show).collect::<Vec<Value>>(),
                "head_commit": head.as_ref().map(show),
                "pusher": { "name": who.name, "email": who.email },
            });
            self.emit(world, Event { name: "push", repo: Some(repo), org: None, sender: pusher, payload });
            if created || deleted {
                let (kind, name) = match moved.name.strip_prefix("refs/tags/") {
                    Some(tag) => ("tag", tag),
                    None => ("branch", moved.name.trim_start_matches("refs/heads/")),
                };
                let mut payload = json!({ "ref": name, "ref_type": kind, "pusher_type": "user" });
                if created {
                    payload["master_branch"] = json!(found.default_branch);
                    payload["description"] = Value::Null;
                }
                let event = if created { "create" } else { "delete" };
                self.emit(world, Event { name: event, repo: Some(repo), org: None, sender: pusher, payload });
            }
        });
        Ok(())
    }

    /// The commits that the move brought: for a new ref those that no other one has.
    fn pushed_commits(&self, repo: &str, moved: &Move) -> Result<Vec<(Commit, Files)>, GitError> {
        let refs = self.git.refs(repo)?;
        let others = refs.iter().filter(|(name, _)| **name != moved.name && name.starts_with("refs/heads/"));
        let known: Vec<&str> =
            if moved.before == ZERO { others.map(|(_, sha)| sha.as_str()).collect() } else { vec![&moved.before] };
        let commits = self.git.log(repo, &known, &moved.after, MOST_COMMITS)?;
        commits.into_iter().map(|commit| self.with_files(repo, commit)).collect()
    }

    fn with_files(&self, repo: &str, commit: Commit) -> Result<(Commit, Files), GitError> {
        let parent = commit.parents.first().map_or(EMPTY_TREE, String::as_str);
        let mut files = Files::default();
        for change in self.git.diff(repo, parent, &commit.sha)? {
            match change.status {
                "added" => files.added.push(change.path),
                "removed" => files.removed.push(change.path),
                "renamed" => {
                    files.removed.extend(change.previous);
                    files.added.push(change.path);
                }
                _ => files.modified.push(change.path),
            }
        }
        Ok((commit, files))
    }

    /// Open pull requests from the branch take the new head, or close if the branch is gone.
    fn heads_moved(self: &Arc<Self>, repo: &str, branch: &str, moved: &Move, pusher: &str) -> Result<(), GitError> {
        let from_here = |_: &str, issue: &Issue| {
            issue.pull.as_ref().is_some_and(|pull| pull.head_repo == repo && pull.head_ref == branch)
        };
        for pr in self.concerned(from_here) {
            if moved.after == ZERO {
                self.close(&pr, None, pusher);
                continue;
            }
            self.git.fetch(&pr.repo, repo, &moved.after)?;
            self.git.update_ref(&pr.repo, &format!("refs/pull/{}/head", pr.number), &moved.after, None)?;
            let base = self
                .read(|world| world.repo(&pr.repo)?.issues.get(&pr.number)?.pull.as_ref().map(|p| p.base_ref.clone()));
            let base = base.and_then(|base| self.git.tip(&pr.repo, &base));
            let facts = match &base {
                Some(base) => Some(self.facts.get(&self.git, &pr.repo, base, &moved.after)?),
                None => None,
            };
            self.change(|world| {
                let issue = world.repos.get_mut(&pr.repo).and_then(|repo| repo.issues.get_mut(&pr.number));
                let Some(issue) = issue else { return };
                issue.updated_at = now();
                let Some(pull) = &mut issue.pull else { return };
                pull.head_sha.clone_from(&moved.after);
                if let Some(base) = base {
                    pull.base_sha = base;
                }
                let extra = json!({ "before": pr.before, "after": moved.after });
                self.tell_issue(world, (&pr.repo, pr.number), "synchronize", extra, pusher, facts.as_deref());
            });
        }
        Ok(())
    }

    /// Open pull requests into the branch whose head it now holds were merged by the push.
    fn base_moved(self: &Arc<Self>, repo: &str, branch: &str, moved: &Move, pusher: &str) {
        if moved.after == ZERO {
            return;
        }
        let into =
            |name: &str, issue: &Issue| name == repo && issue.pull.as_ref().is_some_and(|pull| pull.base_ref == branch);
        for pr in self.concerned(into) {
            if self.git.is_ancestor(repo, &pr.before, &moved.after) {
                self.close(&pr, Some(&moved.after), pusher);
            }
        }
    }

    /// Closes a pull request, as merged by a commit if there is one, and tells of it.
    fn close(self: &Arc<Self>, pr: &Concerned, merged_by: Option<&str>, sender: &str) {
        let facts: Option<Arc<Facts>> = self.facts_of(&pr.repo, pr.number).ok().flatten();
        self.change(|world| {
            let issue = world.repos.get_mut(&pr.repo).and_then(|repo| repo.issues.get_mut(&pr.number));
            let Some(issue) = issue else { return };
            close_issue(issue, merged_by, sender);
            record_closed(world, (&pr.repo, pr.number), merged_by, sender);
            self.tell_issue(world, (&pr.repo, pr.number), "closed", json!({}), sender, facts.as_deref());
        });
    }

    fn concerned(&self, concerns: impl Fn(&str, &Issue) -> bool) -> Vec<Concerned> {
        self.read(|world| {
            let of_repo = |repo: &Repo| {
                let name = key(&repo.full_name());
                let open = repo.issues.values().filter(|issue| issue.state == IssueState::Open);
                let hit = open.filter(|issue| concerns(&name, issue)).filter_map(|issue| {
                    let before = issue.pull.as_ref()?.head_sha.clone();
                    Some(Concerned { repo: name.clone(), number: issue.number, before })
                });
                hit.collect::<Vec<_>>()
            };
            world.repos.values().flat_map(of_repo).collect()
        })
    }
}

/// Marks a pull request closed, and merged if a commit is given.
pub(crate) fn close_issue(issue: &mut Issue, merge_commit: Option<&str>, sender: &str) {
    issue.state = IssueState::Closed;
    issue.closed_at = Some(now());
    issue.closed_by = Some(sender.to_owned());
    issue.updated_at = now();
    if let (Some(sha), Some(pull)) = (merge_commit, &mut issue.pull) {
        pull.merged_at = Some(now());
        pull.merged_by = Some(sender.to_owned());
        pull.merge_commit_sha = Some(sha.to_owned());
    }
}

/// Keeps in a pull request's history that it was closed, and merged if a commit is given.
pub(crate) fn record_closed(world: &mut World, at: (&str, u64), merge_commit: Option<&str>, sender: &str) {
    let commit = merge_commit.map(str::to_owned);
    if let Some(commit) = commit.clone() {
        record(world, at, sender, Happening::Merged { commit });
    }
    record(world, at, sender, Happening::Closed { commit, reason: None });
}

/// Paths that one commit touches.
#[derive(Debug, Default)]
struct Files {
    added: Vec<String>,
    removed: Vec<String>,
    modified: Vec<String>,
}

fn pushed_commit(html: &str, commit: &Commit, files: &Files) -> Value {
    let person = |(name, email, _): &(String, String, String)| {
        let username = email.strip_suffix(crate::shapes::NOREPLY);
        json!({ "name": name, "email": email, "username": username })
    };
    json!({
        "id": commit.sha,
        "tree_id": commit.tree,
        "distinct": true,
        "message": commit.message,
        "timestamp": commit.committer.2,
        "url": format!("{html}/commit/{}", commit.sha),
        "author": person(&commit.author),
        "committer": person(&commit.committer),
        "added": files.added,
        "removed": files.removed,
        "modified": files.modified,
    })
}

fn short(sha: &str) -> &str {
    &sha[..12]
}
