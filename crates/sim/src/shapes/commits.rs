//! Commits, their statuses, and changed files.

use serde_json::{Value, json};

use super::{View, node_id};
use crate::git::{Commit, FileChange, TreeEntry};
use crate::world::{Repo, Status};

/// What follows the login in the addresses that accounts commit with here.
pub(crate) const NOREPLY: &str = "@users.noreply.github.com";

impl View<'_> {
    /// A commit as the commits API shows it. The author is the account whose address it bears, if there is one.
    pub(crate) fn commit(&self, repo: &Repo, commit: &Commit) -> Value {
        let api = self.repo_url(repo);
        let html = self.repo_html(repo);
        let sha = &commit.sha;
        let person =
            |(name, email, date): &(String, String, String)| json!({ "name": name, "email": email, "date": date });
        let account = |(_, email, _): &(String, String, String)| {
            let login = email.strip_suffix(NOREPLY).filter(|login| self.world.user(login).is_some());
            login.map(|login| self.account(login))
        };
        let parents = commit.parents.iter().map(|parent| {
            json!({ "sha": parent, "url": format!("{api}/commits/{parent}"), "html_url": format!("{html}/commit/{parent}") })
        });
        let parents: Vec<Value> = parents.collect();
        json!({
            "sha": sha,
            "node_id": format!("C_{sha}"),
            "commit": {
                "author": person(&commit.author),
                "committer": person(&commit.committer),
                "message": commit.message,
                "tree": { "sha": commit.tree, "url": format!("{api}/git/trees/{}", commit.tree) },
                "url": format!("{api}/git/commits/{sha}"),
                "comment_count": 0,
                "verification": {
                    "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null,
                },
            },
            "url": format!("{api}/commits/{sha}"),
            "html_url": format!("{html}/commit/{sha}"),
            "comments_url": format!("{api}/commits/{sha}/comments"),
            "author": account(&commit.author),
            "committer": account(&commit.committer),
            "parents": parents,
        })
    }

    /// A file that a pull request or a commit changes.
    pub(crate) fn changed_file(&self, repo: &Repo, sha: &str, file: &FileChange) -> Value {
        let html = self.repo_html(repo);
        let mut value = json!({
            "sha": file.blob,
            "filename": file.path,
            "status": file.status,
            "additions": file.additions,
            "deletions": file.deletions,
            "changes": file.additions + file.deletions,
            "blob_url": format!("{html}/blob/{sha}/{}", file.path),
            "raw_url": format!("{html}/raw/{sha}/{}", file.path),
            "contents_url": format!("{}/contents/{}?ref={sha}", self.repo_url(repo), file.path),
        });
        if let Some(patch) = &file.patch {
            value["patch"] = json!(patch);
        }
        if let Some(previous) = &file.previous {
            value["previous_filename"] = json!(previous);
        }
        value
    }

    /// A commit status as the combined status has it: without its creator.
    pub(crate) fn simple_status(&self, repo: &Repo, sha: &str, status: &Status) -> Value {
        json!({
            "url": format!("{}/statuses/{sha}", self.repo_url(repo)),
            "avatar_url": self.account(&status.creator)["avatar_url"],
            "id": status.id,
            "node_id": node_id("SC", status.id),
            "state": status.state,
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": status.created_at,
            "updated_at": status.created_at,
        })
    }

    /// A commit status.
    pub(crate) fn status(&self, repo: &Repo, sha: &str, status: &Status) -> Value {
        let mut value = self.simple_status(repo, sha, status);
        value["creator"] = self.account(&status.creator);
        value
    }

    /// A file or directory without its content.
    pub(crate) fn content(&self, repo: &Repo, reference: &str, entry: &TreeEntry) -> Value {
        let (api, html) = (self.repo_url(repo), self.repo_html(repo));
        let path = &entry.path;
        let (kind, git) = match (entry.kind.as_str(), entry.mode.as_str()) {
            ("tree", _) => ("dir", "trees"),
            ("commit", _) => ("submodule", "trees"),
            (_, "120000") => ("symlink", "blobs"),
            _ => ("file", "blobs"),
        };
        let url = format!("{api}/contents/{path}?ref={reference}");
        let git_url = format!("{api}/git/{git}/{}", entry.sha);
        let html_url = format!("{html}/{}/{reference}/{path}", if kind == "dir" { "tree" } else { "blob" });
        let download = (kind == "file").then(|| format!("{html}/raw/{reference}/{path}"));
        json!({
            "name": path.rsplit('/').next(),
            "path": path,
            "sha": entry.sha,
            "size": entry.size,
            "url": url,
            "html_url": html_url,
            "git_url": git_url,
            "download_url": download,
            "type": kind,
            "_links": { "self": url, "git": git_url, "html": html_url },
        })
    }
}
