//! The client against a GitHub that others wrote: `emulate`. What it has is played as a person and as an App; what it lacks
//! is refused as what is not there. Left out is where it is not like GitHub: it lists no changed files, opens a second pull
//! request for the same branches, knows no pull request as an issue, and says 404 where GitHub says in words what is absent.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use github::{
    Api, ApiError, Auth, Client, NewCheckRun, Options, PermissionLevel, Reaction, RepoName, SearchFor, Verdict,
};
use serde_json::{Value, json};

use crate::app::key;

const APP: u64 = 17;
const TOKEN: &str = "ghp-alice";
const BRANCHES: [&str; 2] = ["of-a-person", "of-an-app"];

/// Running; ends when it is dropped.
struct Emulate {
    url: String,
    http: reqwest::Client,
    child: Child,
    dir: tempfile::TempDir,
}

impl Emulate {
    /// None where it is not installed: then that is noted as a skip.
    async fn start() -> Option<Self> {
        let test = counterparts::this_test();
        let node = counterparts::find(&test, "node")?;
        let script = counterparts::find(&test, "emulate/node_modules/emulate/dist/index.js")?;
        let dir = tempfile::tempdir().unwrap();
        // JSON is YAML.
        std::fs::write(dir.path().join("seed.yaml"), seed().to_string()).unwrap();
        // It takes no port 0.
        let port = counterparts::free_port().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let mut command = Command::new(node);
        command.arg(script).args(["start", "--service", "github", "--seed", "seed.yaml", "--port", &port.to_string()]);
        // It names itself in the addresses of further pages, and those have to be where the client may go.
        command.args(["--base-url", &url]).current_dir(dir.path()).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut emulate = Self { url, http, child, dir };
        let asked = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(emulate.child.try_wait().unwrap().is_none(), "emulate ended");
            assert!(asked.elapsed() < Duration::from_secs(60), "emulate does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        emulate.prepare().await;
        Some(emulate)
    }

    /// Sends what the client has no method for, as alice.
    async fn send(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(TOKEN).json(&body);
        let answer = request.header("user-agent", "a test").send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// A branch with a change for each who plays, and what there is to choose from.
    async fn prepare(&self) {
        use reqwest::Method;
        let repo = "/repos/my-org/hello";
        let main = self.http.get(format!("{}{repo}/git/ref/heads/main", self.url)).bearer_auth(TOKEN);
        let main: Value = main.send().await.unwrap().json().await.unwrap();
        for branch in BRANCHES {
            let new = json!({ "ref": format!("refs/heads/{branch}"), "sha": main["object"]["sha"] });
            self.send(Method::POST, &format!("{repo}/git/refs"), new).await;
            let new = json!({ "ref": format!("refs/heads/{branch}-gone"), "sha": main["object"]["sha"] });
            self.send(Method::POST, &format!("{repo}/git/refs"), new).await;
            // "one\n"
            let file = json!({ "message": "A change", "content": "b25lCg==", "branch": branch });
            self.send(Method::PUT, &format!("{repo}/contents/{branch}.txt"), file).await;
        }
        for label in ["bug", "lgtm"] {
            self.send(Method::POST, &format!("{repo}/labels"), json!({ "name": label, "color": "ededed" })).await;
        }
        let demands = json!({
            "required_status_checks": { "strict": false, "contexts": ["unit"] },
            "enforce_admins": null, "required_pull_request_reviews": null, "restrictions": null,
        });
        self.send(Method::PUT, &format!("{repo}/branches/main/protection"), demands).await;
        self.send(Method::POST, &format!("{repo}/milestones"), json!({ "title": "v1" })).await;
    }

    fn client(&self, auth: Auth) -> Client {
        Client::new(Options { endpoints: vec![self.url.clone()], ..Options::new(auth) }).unwrap()
    }
}

impl Drop for Emulate {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn seed() -> Value {
    json!({
        "tokens": { TOKEN: { "login": "alice", "scopes": ["repo", "admin:org"] } },
        "github": {
            "users": [{ "login": "alice", "email": "alice@example.com" }, { "login": "bob" }, { "login": "mallory" }],
            "orgs": [{ "login": "my-org", "members": [{ "login": "alice", "role": "admin" }, { "login": "bob" }] }],
            "repos": [{ "owner": "my-org", "name": "hello", "auto_init": true }],
            "apps": [{
                "app_id": APP, "slug": "helper", "name": "helper", "private_key": key().0, "events": [],
                "permissions": {
                    "metadata": "read", "members": "read", "administration": "read", "contents": "write",
                    "issues": "write", "pull_requests": "write", "checks": "write", "actions": "write",
                    "statuses": "write",
                },
                "installations": [{ "installation_id": 100, "account": "my-org", "repository_selection": "all" }],
            }],
        },
    })
}

/// What every part of the play knows.
struct Play<'a> {
    api: &'a Api,
    repo: RepoName,
    /// The login that stands at what the client writes.
    author: &'a str,
    /// A branch with a change.
    branch: &'a str,
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

async fn repository(play: &Play<'_>) {
    let Play { api, repo, branch, .. } = play;
    let found = api.get_repository(repo).await.unwrap();
    assert_eq!(found.default_branch, "main");
    let head = api.get_ref(repo, &format!("heads/{branch}")).await.unwrap();
    let main = api.get_ref(repo, "heads/main").await.unwrap();
    assert_ne!(head.object.sha, main.object.sha);
    assert!(api.get_ref(repo, "heads/absent").await.unwrap_err().is_not_found());
    let commit = api.get_commit(repo, &head.object.sha).await.unwrap();
    assert_eq!((commit.commit.message.as_str(), &commit.parents[0].sha), ("A change", &main.object.sha));
    assert_eq!(api.get_file(repo, &format!("{branch}.txt"), branch).await.unwrap(), b"one\n");
    assert!(api.get_file(repo, "absent", branch).await.unwrap_err().is_not_found());
    assert_eq!(api.merge_base(repo, "main", branch).await.unwrap(), main.object.sha);
    assert_eq!(api.required_contexts(repo, "main").await.unwrap(), names(&["unit"]));
    assert!(api.required_contexts(repo, "absent").await.unwrap_err().is_not_found());
    let gone = format!("heads/{branch}-gone");
    api.get_ref(repo, &gone).await.unwrap();
    api.delete_ref(repo, &gone).await.unwrap();
    assert!(api.get_ref(repo, &gone).await.unwrap_err().is_not_found());
}

async fn people(play: &Play<'_>) {
    let Play { api, repo, .. } = play;
    assert!(api.is_member("my-org", "bob").await.unwrap());
    assert!(!api.is_member("my-org", "mallory").await.unwrap());
    let members: Vec<_> = api.list_members("my-org").await.unwrap().into_iter().map(|user| user.login).collect();
    assert_eq!(members, ["alice", "bob"]);
    let teams = api.list_teams("my-org").await.unwrap();
    let of_team = api.list_team_members("my-org", &teams[0].slug).await.unwrap();
    assert!(of_team.iter().any(|user| user.login == "bob"), "{of_team:?}");
    assert!(api.is_team_member("my-org", &teams[0].slug, "bob").await.unwrap());
    assert!(!api.is_team_member("my-org", &teams[0].slug, "mallory").await.unwrap());
    assert_eq!(api.permission_of(repo, "alice").await.unwrap(), PermissionLevel::Admin);
}

async fn issues(play: &Play<'_>) {
    let Play { api, repo, author, .. } = play;
    let issue = api.create_issue(repo, "A fault", "text", &names(&["bug"])).await.unwrap();
    assert_eq!((issue.user.login.as_str(), issue.labels[0].name.as_str()), (*author, "bug"));
    let number = issue.number;
    api.edit_issue(repo, number, Some("Another fault"), None).await.unwrap();
    let seen = api.get_issue(repo, number).await.unwrap();
    assert_eq!((seen.title.as_str(), seen.body.as_str(), seen.is_pull_request), ("Another fault", "text", false));
    api.close_issue(repo, number, true).await.unwrap();
    assert_eq!(api.get_issue(repo, number).await.unwrap().state, "closed");
    api.reopen_issue(repo, number).await.unwrap();
    assert_eq!(api.get_issue(repo, number).await.unwrap().state, "open");
    assert!(api.get_issue(repo, 9999).await.unwrap_err().is_not_found());

    api.add_label(repo, number, "lgtm").await.unwrap();
    api.add_label(repo, number, "lgtm").await.unwrap();
    let labels = async || -> Vec<String> {
        let labels = api.list_labels(repo, number).await.unwrap();
        labels.into_iter().map(|label| label.name).collect()
    };
    assert_eq!(labels().await, ["bug", "lgtm"]);
    api.remove_label(repo, number, "lgtm").await.unwrap();
    assert_eq!(labels().await, ["bug"]);
    assert!(api.list_repository_labels(repo).await.unwrap().iter().any(|label| label.name == "lgtm"));

    api.assign(repo, number, &names(&["bob"])).await.unwrap();
    assert_eq!(api.get_issue(repo, number).await.unwrap().assignees[0].login, "bob");
    api.unassign(repo, number, &names(&["bob"])).await.unwrap();
    assert!(api.get_issue(repo, number).await.unwrap().assignees.is_empty());
    let milestone = api.list_milestones(repo).await.unwrap().remove(0);
    api.set_milestone(repo, number, Some(milestone.number)).await.unwrap();
    assert_eq!(api.get_issue(repo, number).await.unwrap().milestone.unwrap().title, "v1");
    api.set_milestone(repo, number, None).await.unwrap();
    assert_eq!(api.get_issue(repo, number).await.unwrap().milestone, None);

    let found = api.search(repo, SearchFor::Issues, "\"Another fault\"").await.unwrap();
    assert!(found.iter().any(|found| found.number == number), "{found:?}");
    let history = api.list_history(repo, number).await.unwrap();
    assert!(history.iter().any(|entry| entry.event == "closed"), "{history:?}");
}

async fn comments(play: &Play<'_>) {
    let Play { api, repo, author, .. } = play;
    let number = api.create_issue(repo, "A talk", "", &[]).await.unwrap().number;
    let comment = api.create_comment(repo, number, "a word").await.unwrap();
    assert_eq!((comment.user.login.as_str(), comment.body.as_str()), (*author, "a word"));
    assert_eq!(api.get_comment(repo, comment.id).await.unwrap().issue_number(), Some(number));
    api.edit_comment(repo, comment.id, "another word").await.unwrap();
    // More than a page.
    for n in 0..101 {
        api.create_comment(repo, number, &n.to_string()).await.unwrap();
    }
    let listed = api.list_comments(repo, number).await.unwrap();
    assert_eq!((listed.len(), listed[0].body.as_str(), listed[101].body.as_str()), (102, "another word", "100"));
    api.delete_comment(repo, comment.id).await.unwrap();
    api.delete_comment(repo, comment.id).await.unwrap();
    assert!(api.get_comment(repo, comment.id).await.unwrap_err().is_not_found());
}

async fn pulls(play: &Play<'_>) {
    let Play { api, repo, author, branch } = play;
    let pull = api.create_pull_request(repo, "A change", "text", branch, "main").await.unwrap();
    assert_eq!(
        (pull.user.login.as_str(), pull.head.name.as_str(), pull.base.name.as_str()),
        (*author, *branch, "main")
    );
    let number = pull.number;
    assert_eq!(api.find_pull_request(repo, branch, "main").await.unwrap().unwrap().number, number);
    api.edit_pull_request(repo, number, Some("The change"), None).await.unwrap();
    let seen = api.get_pull_request(repo, number).await.unwrap();
    assert_eq!((seen.title.as_str(), seen.body.as_str(), seen.state.as_str()), ("The change", "text", "open"));
    let head = api.get_ref(repo, &format!("heads/{branch}")).await.unwrap().object.sha;
    assert_eq!(seen.head.sha, head);
    assert!(api.list_open(repo, Some("main")).await.unwrap().iter().any(|open| open.number == number));
    assert!(api.list_open(repo, Some("absent")).await.unwrap().is_empty());
    let commits = api.list_commits(repo, number).await.unwrap();
    assert_eq!(commits.last().unwrap().sha, head);

    let review = api.create_review(repo, number, Verdict::Comment, "a look <!-- marker -->", &[]).await.unwrap();
    assert_eq!(review.state, "COMMENTED");
    assert_eq!(api.list_reviews(repo, number).await.unwrap().last().unwrap().id, review.id);
    assert_eq!(api.find_review(repo, number, "<!-- marker -->").await.unwrap().unwrap().id, review.id);
    api.request_review(repo, number, &names(&["bob"])).await.unwrap();
    assert_eq!(api.get_pull_request(repo, number).await.unwrap().requested_reviewers[0].login, "bob");
    api.unrequest_review(repo, number, &names(&["bob"])).await.unwrap();
    assert!(api.get_pull_request(repo, number).await.unwrap().requested_reviewers.is_empty());

    api.close_pull_request(repo, number).await.unwrap();
    assert_eq!(api.get_pull_request(repo, number).await.unwrap().state, "closed");
    api.reopen_pull_request(repo, number).await.unwrap();
    assert_eq!(api.get_pull_request(repo, number).await.unwrap().state, "open");
}

async fn checks(play: &Play<'_>) {
    let Play { api, repo, branch, .. } = play;
    let head_sha = api.get_ref(repo, &format!("heads/{branch}")).await.unwrap().object.sha;
    let run = NewCheckRun {
        name: "looked at".to_owned(),
        head_sha: head_sha.clone(),
        conclusion: "success".to_owned(),
        title: "It is fine".to_owned(),
        summary: "a summary".to_owned(),
        details_url: "https://example.com/check".to_owned(),
        external_id: "ours".to_owned(),
    };
    let id = api.create_check_run(repo, &run).await.unwrap();
    let runs = api.list_check_runs(repo, &head_sha).await.unwrap();
    assert!(runs.iter().any(|run| run.id == id && run.conclusion.as_deref() == Some("success")), "{runs:?}");
    let found = api.find_check_run(repo, &head_sha, "looked at", "ours").await.unwrap();
    assert_eq!(found.unwrap().id, id);
}

/// What this stand-in has not: an answer that is no success is an error, and nothing else.
async fn lacking(play: &Play<'_>) {
    let Play { api, repo, .. } = play;
    let check = |what: &str, error: ApiError| assert!(error.is_not_found(), "{what}: {error:?}");
    check("statuses", api.combined_status(repo, "main").await.unwrap_err());
    check("reactions", api.react(repo, 1, Reaction::Heart).await.unwrap_err());
    check("graphql", api.is_busy("bob").await.unwrap_err());
}

async fn every_part(api: &Api, author: &str, branch: &str) {
    let play = Play { api, repo: RepoName::new("my-org", "hello"), author, branch };
    repository(&play).await;
    people(&play).await;
    issues(&play).await;
    comments(&play).await;
    pulls(&play).await;
    lacking(&play).await;
}

#[tokio::test]
async fn a_person_speaks_with_a_github_that_others_wrote() {
    let Some(emulate) = Emulate::start().await else { return };
    let client = emulate.client(Auth::Token(TOKEN.to_owned().into()));
    let api = client.for_org("my-org");
    assert_eq!(api.bot_login().await.unwrap(), "alice");
    assert!(api.rate_limit().await.is_ok());
    every_part(&api, "alice", BRANCHES[0]).await;
}

#[tokio::test]
async fn an_app_speaks_with_a_github_that_others_wrote() {
    let Some(emulate) = Emulate::start().await else { return };
    let private_key_path = emulate.dir.path().join("key.pem");
    std::fs::write(&private_key_path, &key().0).unwrap();
    let client = emulate.client(Auth::App { id: APP, private_key_path });
    let api = client.for_org("my-org");
    assert_eq!(api.bot_login().await.unwrap(), "helper[bot]");
    every_part(&api, "helper[bot]", BRANCHES[1]).await;
    let play = Play { api: &api, repo: RepoName::new("my-org", "hello"), author: "helper[bot]", branch: BRANCHES[1] };
    checks(&play).await;
}
