//! Every method there is, under both kinds of authentication, against the stand-in GitHub, each request held to GitHub's
//! description.

mod hooks;
mod repository;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use github::{Access, Api, Auth, Client, MergedIn, Options, PermissionSet, RepoName, Scope};
use openapi::Description;
use sim::client::NewPr;
use sim::seed::{Seed, SeedApp, SeedRepo, SeedTeam};
use sim::world::{Level, Role};

use crate::every_talk::every_talk;
use crate::far_side::{FarSide, Reply, Seen};

/// The demo's organisation behind a proxy, and what was made there for the methods to work on.
pub(crate) struct World {
    pub(crate) proxy: FarSide,
    pub(crate) sim: sim::Running,
    private_key: String,
    app_id: u64,
    /// The open pull request, from `feature/many`.
    pub(crate) number: u64,
    pub(crate) head: String,
    /// Request and answer of each GraphQL call.
    pub(crate) graphql: Arc<Mutex<Vec<(String, String)>>>,
}

const PERMISSIONS: [(&str, Access, Level); 10] = [
    ("actions", Access::Write, Level::Write),
    ("administration", Access::Read, Level::Read),
    ("checks", Access::Write, Level::Write),
    ("contents", Access::Write, Level::Write),
    ("issues", Access::Write, Level::Write),
    ("members", Access::Read, Level::Read),
    ("organization_hooks", Access::Write, Level::Write),
    ("pull_requests", Access::Write, Level::Write),
    ("repository_hooks", Access::Write, Level::Write),
    ("statuses", Access::Write, Level::Write),
];

/// The demo's organisation with an App installed, one open pull request and one merged, behind a proxy that keeps what
/// it passes on.
pub(crate) async fn world() -> World {
    let graphql: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
    let kept = Arc::clone(&graphql);
    let target: Arc<OnceLock<String>> = Arc::default();
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let (http, forward_to) = (http.build().unwrap(), Arc::clone(&target));
    let proxy = FarSide::forwarding(move |seen, _| {
        let request = pass_on(&http, forward_to.get().unwrap(), &seen);
        let kept = Arc::clone(&kept);
        async move {
            let answer = request.send().await.unwrap();
            let status = answer.status().as_u16();
            let headers = answer
                .headers()
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "content-length" | "transfer-encoding" | "connection"))
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect();
            let body = answer.text().await.unwrap();
            if seen.is_graphql() {
                kept.lock().unwrap().push((seen.body, body.clone()));
            }
            Reply { status, headers, body }
        }
    })
    .await;
    let options = sim::Options { external_url: Some(proxy.url.clone()), ..sim::Options::default() };
    let sim = sim::serve(options).await.unwrap();
    target.set(format!("http://{}", sim.addr)).unwrap();

    let mut seed = Seed::demo(None);
    let app = SeedApp {
        permissions: PERMISSIONS.iter().map(|(name, _, level)| ((*name).to_owned(), *level)).collect(),
        installed: [("my-org".to_owned(), Vec::new())].into(),
        hook: Some(hooks::unreachable("app")),
        ..SeedApp::default()
    };
    seed.apps.insert("bowsprit-app".into(), app);
    let repo = seed.repos.get_mut("my-org/hello").unwrap();
    repo.milestones = vec!["v1".into(), "v2".into()];
    repo.hooks.push(hooks::unreachable("repo"));
    seed.repos.insert("my-org/archive".into(), SeedRepo::default());
    // Who may not push may not transfer or pin.
    let team = SeedTeam {
        members: vec!["bowsprit-bot".into()],
        repos: [("my-org/hello".into(), Role::Write), ("my-org/archive".into(), Role::Write)].into(),
        ..SeedTeam::default()
    };
    let org = seed.orgs.get_mut("my-org").unwrap();
    org.teams.insert("sig-a".into(), team);
    org.hooks.push(hooks::unreachable("org"));
    let seeded = sim.seed(seed).await.unwrap();
    sim.seed(Seed::parse(repository::SEED).unwrap()).await.unwrap();
    let alice = sim.client().user("alice").await.unwrap();
    let merged = alice.open_pr("my-org/hello", &NewPr::of_file("first", "a.txt", "a")).await.unwrap();
    alice.merge("my-org/hello", merged.number).await.unwrap();
    // More files than stand on one page.
    let mut files: BTreeMap<String, Option<String>> =
        (1..130).map(|i| (format!("many/{i}"), Some(String::new()))).collect();
    files.insert("filled".into(), Some("one\ntwo\n".into()));
    let new = NewPr { files, ..NewPr::of_file("feature/many", "a.txt", "b") };
    let open = alice.open_pr("my-org/hello", &new).await.unwrap();
    let app = &seeded.apps["bowsprit-app"];
    let (private_key, app_id) = (app.private_key_path.clone(), app.id);
    World { proxy, sim, private_key, app_id, number: open.number, head: open.head_sha, graphql }
}

fn pass_on(http: &reqwest::Client, target: &str, seen: &Seen) -> reqwest::RequestBuilder {
    let query = seen.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let mut headers = seen.headers.clone();
    headers.remove("host");
    http.request(seen.method.parse().unwrap(), format!("{target}{}{query}", seen.path))
        .headers(headers)
        .body(seen.body.clone())
}

/// The App's token, as narrow as a plugin's.
fn narrowed() -> Scope {
    let permissions = PERMISSIONS.iter().map(|(name, access, _)| (*name, *access)).collect::<PermissionSet>();
    Scope::repo(&RepoName::new("my-org", "hello")).with_permissions(permissions).with_plugin("test")
}

impl World {
    pub(crate) fn app(&self) -> Client {
        let auth = Auth::App { id: self.app_id, private_key_path: self.private_key.clone().into() };
        Client::new(Options { endpoints: vec![self.proxy.url.clone()], ..Options::new(auth) }).unwrap()
    }
}

/// Names of the methods that make a call, and a call of each, its answer looked at.
async fn every_method(api: &Api, world: &World, login: &str) -> BTreeSet<&'static str> {
    let mut made = BTreeSet::new();
    let mut made_call = |name: &'static str| made.insert(name);
    let (repo, number, head) = (RepoName::new("my-org", "hello"), world.number, world.head.as_str());

    made_call("bot_login");
    assert_eq!(api.bot_login().await.unwrap(), login);
    made_call("bot");
    assert_eq!(api.client().bot().await.unwrap().login, login);
    made_call("git_credentials");
    let user = api.git_credentials().await.unwrap().map(|credentials| credentials.user);
    assert_eq!(user.as_deref(), Some(if login.ends_with("[bot]") { "x-access-token" } else { login }));
    made_call("rate_limit");
    assert!(api.rate_limit().await.unwrap().resources["core"].remaining > 0);
    made_call("merged_pull_requests_count");
    assert_eq!(api.merged_pull_requests_count(MergedIn::Org("my-org"), "alice").await.unwrap(), 1);

    made_call("get_pull_request");
    let pull = api.get_pull_request(&repo, number).await.unwrap();
    assert_eq!((pull.head.sha.as_str(), pull.head.name.as_str(), pull.changed_files), (head, "feature/many", 130));
    made_call("list_changed_files");
    let files = api.list_changed_files(&repo, number).await.unwrap();
    let names: BTreeSet<_> = files.iter().map(|file| file.filename.as_str()).collect();
    assert_eq!(names.len(), 130);
    made_call("get_issue");
    let issue = api.get_issue(&repo, number).await.unwrap();
    assert!(issue.is_pull_request && issue.user.login == "alice");
    made_call("add_label");
    api.add_label(&repo, number, "kind/a bug?").await.unwrap();
    api.add_label(&repo, number, "kind/a bug?").await.unwrap();
    made_call("list_labels");
    assert_eq!(api.list_labels(&repo, number).await.unwrap()[0].name, "kind/a bug?");
    made_call("remove_label");
    api.remove_label(&repo, number, "kind/a bug?").await.unwrap();
    api.remove_label(&repo, number, "kind/a bug?").await.unwrap();
    assert!(api.list_labels(&repo, number).await.unwrap().is_empty());

    made_call("create_comment");
    let comment = api.create_comment(&repo, number, "first").await.unwrap();
    made_call("edit_comment");
    assert_eq!(api.edit_comment(&repo, comment.id, "second").await.unwrap().body, "second");
    made_call("list_comments");
    assert_eq!(
        api.list_comments(&repo, number).await.unwrap(),
        [api.edit_comment(&repo, comment.id, "second").await.unwrap()]
    );
    made_call("get_comment");
    assert_eq!(api.get_comment(&repo, comment.id).await.unwrap().issue_number(), Some(number));
    made_call("delete_comment");
    api.delete_comment(&repo, comment.id).await.unwrap();
    api.delete_comment(&repo, comment.id).await.unwrap();
    assert!(api.list_comments(&repo, number).await.unwrap().is_empty());

    made.extend(repository::every_method(api, world, login).await);
    made.extend(hooks::every_method(api.client(), world, login).await);
    made
}

/// The methods in the source: one that is added and not called here is missed below.
fn methods_there_are() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let names = text.lines().filter_map(|line| line.trim_start().strip_prefix("pub async fn ")?.split('(').next());
        found.extend(names.map(str::to_owned));
    }
    found
}

#[tokio::test]
async fn every_method_speaks_githubs_language() {
    let Some(github) = Description::for_tests() else { return };
    let world = world().await;
    let endpoints = vec![world.proxy.url.clone()];
    let token = world.sim.client().user("bowsprit-bot").await.unwrap().token().to_owned();
    let client =
        Client::new(Options { endpoints: endpoints.clone(), ..Options::new(Auth::Token(token.into())) }).unwrap();
    let api = client.for_org("my-org");
    let mut with_token = every_method(&api, &world, "bowsprit-bot").await;
    with_token.append(&mut every_talk(&api, &api, &world, "bowsprit-bot").await);

    let client = world.app();
    let api = client.scoped(narrowed());
    let mut with_app = every_method(&api, &world, "bowsprit-app[bot]").await;
    // A token for one repository cannot transfer to another.
    let wide = client.for_org("my-org");
    with_app.append(&mut every_talk(&api, &wide, &world, "bowsprit-app[bot]").await);

    let there_are = methods_there_are();
    let mut operations = BTreeSet::new();
    let to_rest = |seen: &Seen| !seen.is_graphql() && !seen.path.starts_with("/repositories/");
    for seen in world.proxy.seen().into_iter().filter(to_rest) {
        operations.insert(seen.described(&github).unwrap());
    }
    println!(
        "methods exercised: {} with a token, {} as an App; methods there are: {}",
        with_token.len(),
        with_app.len(),
        there_are.len()
    );
    println!("operations of the description used: {}", operations.len());
    let exercised: BTreeSet<String> = with_token.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(exercised, there_are);
    assert_eq!(with_token, with_app);
    world.sim.shutdown().await;
}

#[tokio::test]
async fn a_request_that_github_does_not_know_is_caught() {
    let Some(github) = Description::for_tests() else { return };
    let far_side = FarSide::start(|_, _| Reply::new(201, "{}")).await;
    far_side.api().create_comment(&crate::far_side::repo(), 7, "hi").await.unwrap();
    let good = far_side.seen().remove(0);
    good.described(&github).unwrap();
    let check = |planted: Seen, want: &str| {
        let problem = planted.described(&github).unwrap_err();
        assert!(problem.contains(want), "{problem}");
    };
    check(Seen { path: "/repos/o/r/issues/7/coments".into(), ..good.clone() }, "the description has no");
    check(Seen { method: "PUT".into(), ..good.clone() }, "has no PUT");
    check(Seen { query: Some("perpage=100".into()), ..good.clone() }, "query perpage");
    check(Seen { body: r#"{"body":"hi","text":"ho"}"#.into(), ..good }, "body /text");
}

#[tokio::test]
async fn the_token_is_as_narrow_as_it_says() {
    let world = world().await;
    let client = world.app();
    let repo = RepoName::new("my-org", "hello");
    // The comments are on a pull request, and GitHub decides by the target.
    let may_read = [("pull_requests", Access::Read)].into_iter().collect::<PermissionSet>();
    let api = client.scoped(Scope::repo(&repo).with_permissions(may_read));
    api.list_comments(&repo, world.number).await.unwrap();
    let error = api.create_comment(&repo, world.number, "hi").await.unwrap_err();
    assert!(matches!(error.kind, github::ApiErrorKind::Forbidden { .. }), "{error}");
    let whole = client.for_org("my-org").create_comment(&repo, world.number, "hi").await.unwrap();
    assert_eq!(whole.user.login, "bowsprit-app[bot]");
    world.sim.shutdown().await;
}
