//! A token narrowed to X can call the endpoints of X and no others: every row of the table, both ways.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sim::fence::{Need, Row};
use sim::world::{Level, Permissions};

use crate::support::{REPO, World};

const PERMISSIONS: [&str; 11] = [
    "actions",
    "administration",
    "checks",
    "contents",
    "issues",
    "members",
    "metadata",
    "organization_hooks",
    "pull_requests",
    "repository_hooks",
    "statuses",
];

fn document() -> String {
    let all: Vec<String> = PERMISSIONS.iter().map(|name| format!("{name}: write")).collect();
    let all = all.join(", ");
    format!(
        "
orgs: {{ my-org: {{ teams: {{ core: {{ members: [alice] }} }} }} }}
repos: {{ my-org/other: {{}} }}
apps:
  helper: {{ permissions: {{ {all} }}, installed: {{ my-org: [], mallory: [] }} }}
"
    )
}

/// What is asked about: an issue or a pull request, where that decides.
struct Target {
    on_pull: bool,
    number: u64,
    id: u64,
}

/// A world, and how far its log was read.
struct Fence {
    world: World,
    read_to: u64,
}

/// A call of the row about the target. The body asks for nothing, so that what is allowed changes little.
async fn call(world: &World, row: &Row, target: &Target, token: &str) {
    if row.method == "GIT" {
        let path = format!("/{REPO}.git/info/refs?service={}", row.endpoint);
        world.send("GET", &path, token, None).await;
        return;
    }
    if row.method == "GRAPHQL" {
        // Without variables, which are looked at once it is clear that the token may.
        let fields = "transferIssue pinIssue unpinIssue node repository user search";
        let document = format!("query {} {{ {fields} }}", row.endpoint);
        world.send("POST", "/graphql", token, Some(json!({ "query": document }))).await;
        return;
    }
    let mut comment = String::from("1");
    if row.endpoint.contains("{comment_id}") {
        // Deleting one would leave none for the next token.
        let path = format!("/repos/{REPO}/issues/{}/comments", target.number);
        let made = world.json("POST", &path, "token-alice", Some(json!({ "body": "text" }))).await;
        comment = made["id"].to_string();
    }
    let number = target.number.to_string();
    let id = target.id.to_string();
    let fill = |name: &str| match name {
        "owner" | "org" => "my-org".to_owned(),
        "repo" => "hello".to_owned(),
        "issue_number" | "pull_number" => number.clone(),
        "comment_id" => comment.clone(),
        "branch" => "main".to_owned(),
        "ref" if row.endpoint.contains("/git/") => "heads/absent".to_owned(),
        "ref" => "main".to_owned(),
        "sha" => "f".repeat(40),
        "path" => "README.md".to_owned(),
        "basehead" => "main...main".to_owned(),
        "username" => "bob".to_owned(),
        "team_slug" => "core".to_owned(),
        "installation_id" => id.clone(),
        _ => "1".to_owned(),
    };
    let mut path = String::new();
    for segment in row.endpoint.split('/').skip(1) {
        path.push('/');
        match segment.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => path.push_str(&fill(name)),
            None => path.push_str(segment),
        }
    }
    let body = (row.method != "GET").then(|| json!({}));
    world.send(&row.method, &path, token, body).await;
}

/// Makes the call and gives what the stand-in's log says of it.
async fn is_allowed(fence: &mut Fence, row: &Row, target: &Target, token: &str, who: &str) -> bool {
    call(&fence.world, row, target, token).await;
    let made = fence.world.sim.decisions(fence.read_to).await.unwrap();
    fence.read_to = made.last().map_or(fence.read_to, |last| last.seq);
    let mine = |d: &&sim::fence::Decision| (&d.method, &d.endpoint) == (&row.method, &row.endpoint) && d.who == who;
    let found = made.iter().find(mine);
    found.unwrap_or_else(|| panic!("{} {} was not decided for {who}: {made:?}", row.method, row.endpoint)).allowed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrow_token_can_call_exactly_the_endpoints_of_its_permission() {
    let world = World::with(sim::Options::default(), &document()).await;
    world.sim.set_rate_limit(1_000_000).await.unwrap();
    let pr = world.open("bob", "change").await;
    let issue = world.sim.user("bob").await.unwrap().open_issue(REPO, "An issue", "").await.unwrap();
    let id = world.seeded.apps["helper"].installations["my-org"];
    let who = format!("installation:{id}");
    let targets = [Target { on_pull: false, number: issue, id }, Target { on_pull: true, number: pr.number, id }];
    let table: Vec<Row> = world.sim.permissions().await.unwrap();
    let mut fence = Fence { world, read_to: 0 };
    assert_eq!(table, sim::fence::table());

    let mut seen: BTreeMap<(String, String), BTreeSet<bool>> = BTreeMap::new();
    let (mut allowed, mut denied) = (0, 0);
    for name in PERMISSIONS {
        // There is no writing of metadata.
        let levels: &[Level] = if name == "metadata" { &[Level::Read] } else { &[Level::Read, Level::Write] };
        for &level in levels {
            let narrow = json!({ "permissions": { name: level } });
            let token = fence.world.installation_token("helper", "my-org", narrow).await;
            let held: Permissions = [(name.to_owned(), level)].into();
            for row in &table {
                let only_by_target = matches!(row.need, Need::ByTarget(_));
                for target in targets.iter().filter(|target| only_by_target || !target.on_pull) {
                    let want = row.need.is_met_by(&held, target.on_pull);
                    let got = is_allowed(&mut fence, row, target, &token, &who).await;
                    let what = format!("{} {} on a pull: {}", row.method, row.endpoint, target.on_pull);
                    assert_eq!(got, want, "{what} with {name}: {level:?}");
                    seen.entry((row.method.clone(), row.endpoint.clone())).or_default().insert(got);
                    if got { allowed += 1 } else { denied += 1 }
                }
            }
        }
    }
    // What no installation token may, and what each may: the other way with other credentials.
    let jwt = fence.world.jwt("helper", 540);
    for row in &table {
        let (other, who, want) = match row.need {
            Need::Jwt => (jwt.as_str(), "app:helper", true),
            Need::Person => ("token-alice", "alice", true),
            Need::AnyToken => (jwt.as_str(), "app:helper", false),
            Need::OneOf(_) | Need::ByTarget(_) => continue,
        };
        let got = is_allowed(&mut fence, row, &targets[0], other, who).await;
        assert_eq!(got, want, "{} {} as {who}", row.method, row.endpoint);
        seen.entry((row.method.clone(), row.endpoint.clone())).or_default().insert(got);
    }
    let both = BTreeSet::from([false, true]);
    let metadata = |row: &&Row| matches!(&row.need, Need::OneOf(needs) if needs == &[("metadata".into(), Level::Read)]);
    let always: BTreeSet<_> =
        table.iter().filter(metadata).map(|row| (row.method.clone(), row.endpoint.clone())).collect();
    let one_way: Vec<_> = seen.iter().filter(|(row, ways)| **ways != both && !always.contains(row)).collect();
    println!("rows of the table: {}, calls allowed: {allowed}, denied: {denied}", table.len());
    assert!(one_way.is_empty(), "{one_way:?}");
    assert_eq!(seen.len(), table.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_at_its_repositories_and_its_owner() {
    let world = World::with(sim::Options::default(), &document()).await;
    world.sim.set_rate_limit(1_000_000).await.unwrap();
    let issue = world.sim.user("bob").await.unwrap().open_issue(REPO, "An issue", "").await.unwrap();
    let installations = world.seeded.apps["helper"].installations.clone();
    let elsewhere = world.installation_token("helper", "my-org", json!({ "repositories": ["other"] })).await;
    let foreign = world.installation_token("helper", "mallory", json!({})).await;
    let mut fence = Fence { world, read_to: 0 };
    let (mut repos, mut orgs) = (0, 0);
    for row in sim::fence::table() {
        let needs_token = matches!(row.need, Need::OneOf(_) | Need::ByTarget(_));
        let of_repo = row.method == "GIT" || row.endpoint.contains("{repo}");
        for (token, account) in [(&elsewhere, "my-org"), (&foreign, "mallory")] {
            let id = installations[account];
            let beyond = of_repo || (account == "mallory" && row.endpoint.contains("{org}"));
            if needs_token && beyond {
                let target = Target { on_pull: false, number: issue, id };
                let got = is_allowed(&mut fence, &row, &target, token, &format!("installation:{id}")).await;
                assert!(!got, "{} {} with a token of {account} for another place", row.method, row.endpoint);
                if of_repo { repos += 1 } else { orgs += 1 }
            }
        }
    }
    println!("denied: {repos} calls to repositories beyond the token, {orgs} to another owner");
    assert!(repos > 100 && orgs > 10, "{repos} {orgs}");
    let world = fence.world;
    let read = world.status("GET", &format!("/repos/{REPO}/git/ref/heads/main"), &elsewhere, None).await;
    assert_eq!(read.as_u16(), 404, "what a token does not cover is not there");
    let path = "/repos/my-org/other/git/ref/heads/main";
    assert_eq!(world.status("GET", path, &elsewhere, None).await.as_u16(), 200);
}

/// The table itself, in the lines that matter most for what a grant means.
#[test]
fn the_table_says_what_githubs_pages_say() {
    let table = sim::fence::table();
    let check = |name: &str, level: Level, want: &[&str]| {
        let held: Permissions = [(name.to_owned(), level)].into();
        let of = |held: &Permissions| -> BTreeSet<String> {
            let met = table.iter().filter(|row| row.need.is_met_by(held, false));
            met.map(|row| format!("{} {}", row.method, row.endpoint.replace("/repos/{owner}/{repo}", ""))).collect()
        };
        let none = of(&Permissions::new());
        let got: Vec<String> = of(&held).difference(&none).cloned().collect();
        assert_eq!(got, want, "{name}: {level:?}");
    };
    let statuses = ["GET /commits/{ref}/status", "GET /commits/{ref}/statuses"];
    check("statuses", Level::Read, &statuses);
    check("statuses", Level::Write, &[&statuses[..], &["POST /statuses/{sha}"]].concat());
    check("checks", Level::Read, &["GET /commits/{ref}/check-runs"]);
    check("checks", Level::Write, &["GET /commits/{ref}/check-runs", "POST /check-runs"]);
    let runs = ["GET /actions/runs", "GET /actions/runs/{run_id}"];
    let again = ["POST /actions/runs/{run_id}/approve", "POST /actions/runs/{run_id}/rerun-failed-jobs"];
    check("actions", Level::Read, &runs);
    check("actions", Level::Write, &[runs, again].concat());
    check("administration", Level::Write, &["GET /branches/{branch}/protection"]);
    check("metadata", Level::Read, &[]);
    let members = [
        "GET /orgs/{org}/members",
        "GET /orgs/{org}/members/{username}",
        "GET /orgs/{org}/teams",
        "GET /orgs/{org}/teams/{team_slug}/members",
        "GET /orgs/{org}/teams/{team_slug}/memberships/{username}",
    ];
    check("members", Level::Write, &members);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_branch_demands_holds_a_merge_back() {
    let world = World::with(sim::Options::default(), "repos: { my-org/hello: { protected: { main: [unit] } } }").await;
    let pr = world.open("bob", "change").await;
    let merge = format!("/repos/{REPO}/pulls/{}/merge", pr.number);
    let refused = world.send("PUT", &merge, "token-bowsprit-bot", Some(json!({}))).await;
    assert_eq!(refused.status().as_u16(), 405);
    let said: Value = refused.json().await.unwrap();
    assert_eq!(said["message"], "Required status check \"unit\" is expected.");
    let green = json!({ "state": "success", "context": "unit" });
    let status = format!("/repos/{REPO}/statuses/{}", pr.head_sha);
    world.json("POST", &status, "token-bowsprit-bot", Some(green)).await;
    assert_eq!(world.status("PUT", &merge, "token-bowsprit-bot", Some(json!({}))).await.as_u16(), 200);
}
