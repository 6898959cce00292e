//! Repositories, labels, refs.

use serde_json::{Value, json};

use super::{View, extend, node_id};
use crate::world::{IssueState, Label, Repo, Role};

impl View<'_> {
    /// The repository's URL in the API.
    pub(crate) fn repo_url(&self, repo: &Repo) -> String {
        format!("{}/repos/{}", self.base, repo.full_name())
    }

    /// The repository's page.
    pub(crate) fn repo_html(&self, repo: &Repo) -> String {
        format!("{}/{}", self.base, repo.full_name())
    }

    /// A repository as it stands in lists, in pull requests and in payloads.
    pub(crate) fn repo(&self, repo: &Repo) -> Value {
        let (api, html) = (self.repo_url(repo), self.repo_html(repo));
        let open = repo.issues.values().filter(|issue| issue.state == IssueState::Open).count();
        let forks = self
            .world
            .repos
            .values()
            .filter(|fork| fork.parent.as_deref() == Some(&crate::world::key(&repo.full_name())));
        let forks = forks.count();
        let mut value = json!({
            "id": repo.id,
            "node_id": node_id("R", repo.id),
            "name": repo.name,
            "full_name": repo.full_name(),
            "private": repo.private,
            "owner": self.account(&repo.owner),
            "html_url": html,
            "description": null,
            "fork": repo.parent.is_some(),
            "url": api,
            "git_url": format!("git{}.git", html.trim_start_matches("https").trim_start_matches("http")),
            "ssh_url": format!("git@localhost:{}.git", repo.full_name()),
            "clone_url": format!("{html}.git"),
            "svn_url": html,
            "mirror_url": null,
            "homepage": null,
            "language": null,
            "license": null,
            "forks_count": forks, "forks": forks,
            "stargazers_count": 0,
            "watchers_count": 0, "watchers": 0,
            "size": 0,
            "default_branch": repo.default_branch,
            "open_issues_count": open, "open_issues": open,
            "is_template": false,
            "topics": [],
            "has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false,
            "has_downloads": true, "has_discussions": false,
            "archived": false,
            "disabled": false,
            "visibility": if repo.private { "private" } else { "public" },
            "pushed_at": repo.pushed_at,
            "created_at": repo.created_at,
            "updated_at": repo.pushed_at,
            "allow_forking": true,
            "web_commit_signoff_required": false,
            "custom_properties": {},
        });
        let links = [
            ("archive_url", "/{archive_format}{/ref}"),
            ("assignees_url", "/assignees{/user}"),
            ("blobs_url", "/git/blobs{/sha}"),
            ("branches_url", "/branches{/branch}"),
            ("collaborators_url", "/collaborators{/collaborator}"),
            ("comments_url", "/comments{/number}"),
            ("commits_url", "/commits{/sha}"),
            ("compare_url", "/compare/{base}...{head}"),
            ("contents_url", "/contents/{+path}"),
            ("contributors_url", "/contributors"),
            ("deployments_url", "/deployments"),
            ("downloads_url", "/downloads"),
            ("events_url", "/events"),
            ("forks_url", "/forks"),
            ("git_commits_url", "/git/commits{/sha}"),
            ("git_refs_url", "/git/refs{/sha}"),
            ("git_tags_url", "/git/tags{/sha}"),
            ("hooks_url", "/hooks"),
            ("issue_comment_url", "/issues/comments{/number}"),
            ("issue_events_url", "/issues/events{/number}"),
            ("issues_url", "/issues{/number}"),
            ("keys_url", "/keys{/key_id}"),
            ("labels_url", "/labels{/name}"),
            ("languages_url", "/languages"),
            ("merges_url", "/merges"),
            ("milestones_url", "/milestones{/number}"),
            ("notifications_url", "/notifications{?since,all,participating}"),
            ("pulls_url", "/pulls{/number}"),
            ("releases_url", "/releases{/id}"),
            ("stargazers_url", "/stargazers"),
            ("statuses_url", "/statuses/{sha}"),
            ("subscribers_url", "/subscribers"),
            ("subscription_url", "/subscription"),
            ("tags_url", "/tags"),
            ("teams_url", "/teams"),
            ("trees_url", "/git/trees{/sha}"),
        ];
        extend(
            &mut value,
            links.iter().map(|(name, rest)| ((*name).to_owned(), json!(format!("{api}{rest}")))).collect(),
        );
        value
    }

    /// A repository as `GET /repos/{owner}/{repo}` gives it to someone with that role.
    pub(crate) fn repo_in_full(&self, repo: &Repo, role: Role) -> Value {
        let mut value = self.repo(repo);
        let permissions = json!({
            "admin": role >= Role::Admin, "maintain": role >= Role::Maintain, "push": role >= Role::Write,
            "triage": role >= Role::Triage, "pull": role >= Role::Read,
        });
        extend(
            &mut value,
            json!({
                "permissions": permissions, "subscribers_count": 0, "network_count": 0, "allow_rebase_merge": true,
                "allow_squash_merge": true, "allow_merge_commit": true, "allow_auto_merge": false,
                "delete_branch_on_merge": false,
            }),
        );
        if let Some(parent) = repo.parent.as_deref().and_then(|name| self.world.repo(name)) {
            extend(&mut value, json!({ "parent": self.repo(parent), "source": self.repo(parent) }));
        }
        value
    }

    /// A label of the repository.
    pub(crate) fn label(&self, repo: &Repo, label: &Label) -> Value {
        let name = percent_encoding::utf8_percent_encode(&label.name, percent_encoding::NON_ALPHANUMERIC);
        json!({
            "id": label.id,
            "node_id": node_id("LA", label.id),
            "url": format!("{}/labels/{name}", self.repo_url(repo)),
            "name": label.name,
            "color": label.color,
            "default": false,
            "description": label.description,
        })
    }

    /// A ref and the commit that it points to.
    pub(crate) fn git_ref(&self, repo: &Repo, name: &str, sha: &str) -> Value {
        let api = self.repo_url(repo);
        json!({
            "ref": name,
            "node_id": format!("REF_{}_{name}", repo.id),
            "url": format!("{api}/git/{name}"),
            "object": { "type": "commit", "sha": sha, "url": format!("{api}/git/commits/{sha}") },
        })
    }
}
