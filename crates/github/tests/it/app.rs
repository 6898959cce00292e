//! GitHub App authentication, against a far side that checks signatures with the public key.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use github::{Access, ApiErrorKind, Auth, Client, Options, PermissionSet, RepoName, Scope};
use jiff::{SignedDuration, Timestamp};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{EncodePublicKey, LineEnding};
use rsa::rand_core::OsRng;
use serde_json::{Value, json};

use crate::far_side::{FarSide, Reply, Seen, repo};

/// One pair for all tests: making it takes seconds in a debug build.
pub(crate) fn key() -> &'static (String, String) {
    static KEY: OnceLock<(String, String)> = OnceLock::new();
    KEY.get_or_init(|| {
        let private = rsa::RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
        let public = private.to_public_key().to_public_key_pem(LineEnding::LF).unwrap();
        (private.to_pkcs1_pem(LineEnding::LF).unwrap().to_string(), public)
    })
}

fn is_signed(seen: &Seen) -> bool {
    let Some(token) = seen.header("authorization").strip_prefix("Bearer ") else { return false };
    let rules = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    let key = jsonwebtoken::DecodingKey::from_rsa_pem(key().1.as_bytes()).unwrap();
    let Ok(token) = jsonwebtoken::decode::<Value>(token, &key, &rules) else { return false };
    let (issued, expires) = (token.claims["iat"].as_i64().unwrap(), token.claims["exp"].as_i64().unwrap());
    let now = Timestamp::now().as_second();
    token.claims["iss"] == 17 && expires - issued <= 600 && expires <= now + 600 && issued <= now
}

/// GitHub as an App sees it. `tokens` live this many seconds; those in `revoked` are refused.
#[derive(Default)]
struct GitHub {
    installations: Mutex<Vec<(u64, String)>>,
    live_for: i64,
    minted: Mutex<Vec<Value>>,
    revoked: Mutex<BTreeSet<String>>,
}

impl GitHub {
    fn of(installations: &[(u64, &str)]) -> Arc<Self> {
        let installations = installations.iter().map(|(id, org)| (*id, (*org).to_owned())).collect();
        Arc::new(Self { installations: Mutex::new(installations), live_for: 3600, ..Self::default() })
    }

    fn answer(&self, seen: &Seen) -> Reply {
        if seen.path.starts_with("/app") && !is_signed(seen) {
            return Reply::new(401, r#"{"message":"A JSON web token could not be decoded"}"#);
        }
        match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", "/app") => Reply::new(200, r#"{"slug":"my-app","id":17}"#),
            ("GET", "/app/installations") => {
                let known = self.installations.lock().unwrap();
                let list: Vec<Value> = known
                    .iter()
                    .map(|(id, org)| json!({ "id": id, "account": { "login": org }, "app_slug": "my-app" }))
                    .collect();
                Reply::new(200, json!(list).to_string())
            }
            ("POST", path) if path.ends_with("/access_tokens") => {
                let id: u64 = path.split('/').nth(3).unwrap().parse().unwrap();
                if !self.installations.lock().unwrap().iter().any(|(known, _)| *known == id) {
                    return Reply::new(404, r#"{"message":"Not Found"}"#);
                }
                let mut minted = self.minted.lock().unwrap();
                minted.push(serde_json::from_str(&seen.body).unwrap());
                let expires = Timestamp::now() + SignedDuration::from_secs(self.live_for);
                let token = format!("ghs_{id}_{}", minted.len());
                Reply::new(201, json!({ "token": token, "expires_at": expires.to_string() }).to_string())
            }
            _ => {
                let token = seen.header("authorization").trim_start_matches("Bearer ");
                let known = token.starts_with("ghs_") && !self.revoked.lock().unwrap().contains(token);
                if known { Reply::new(200, "{}") } else { Reply::new(401, r#"{"message":"Bad credentials"}"#) }
            }
        }
    }
}

struct World {
    github: Arc<GitHub>,
    far_side: FarSide,
    client: Client,
    _key: tempfile::NamedTempFile,
}

async fn world(github: Arc<GitHub>) -> World {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &key().0).unwrap();
    let answering = Arc::clone(&github);
    let far_side = FarSide::start(move |seen, _| answering.answer(seen)).await;
    let client = Client::new(options(&far_side, file.path())).unwrap();
    World { github, far_side, client, _key: file }
}

fn options(far_side: &FarSide, key: &Path) -> Options {
    Options { auth: Auth::App { id: 17, private_key_path: key.to_owned() }, ..far_side.options() }
}

#[tokio::test]
async fn a_call_is_made_with_its_organisations_token() {
    let world = world(GitHub::of(&[(1, "Other"), (2, "My-Org")])).await;
    assert!(world.client.uses_app_auth());
    world.client.for_org("my-org").get_repository(&repo()).await.unwrap();
    world.client.for_org("My-Org").get_repository(&repo()).await.unwrap();
    world.client.for_org("other").get_repository(&repo()).await.unwrap();
    assert_eq!(
        world.far_side.lines(),
        [
            "GET /app/installations",
            "POST /app/installations/2/access_tokens",
            "GET /repos/o/r",
            "GET /repos/o/r",
            "POST /app/installations/1/access_tokens",
            "GET /repos/o/r",
        ]
    );
    let used: Vec<_> = world.far_side.seen().iter().map(|seen| seen.header("authorization").to_owned()).collect();
    assert_eq!([&used[2], &used[3], &used[5]], ["Bearer ghs_2_1", "Bearer ghs_2_1", "Bearer ghs_1_2"]);
}

#[tokio::test]
async fn a_token_is_narrowed_to_what_the_scope_names() {
    let world = world(GitHub::of(&[(2, "o")])).await;
    let set = |access| [("issues", access)].into_iter().collect::<PermissionSet>();
    for scope in [
        Scope::repo(&repo()),
        Scope::repo(&repo()).with_permissions(set(Access::Write)),
        Scope::repo(&repo()).with_permissions(set(Access::Write)),
        Scope::org("o").with_permissions(set(Access::Read)),
        Scope::repo(&repo()).with_permissions(PermissionSet::minimal()),
        Scope::repo(&repo()).with_permissions(set(Access::Write)).with_repositories([RepoName::new("O", "a")]),
        // Neither the order nor the spelling makes another token.
        Scope::repo(&RepoName::new("o", "A")).with_repositories([repo()]).with_permissions(set(Access::Write)),
        Scope::repo(&repo()).in_all_repositories().with_permissions(set(Access::Write)),
    ] {
        world.client.scoped(scope).get_repository(&repo()).await.unwrap();
    }
    let narrow = |access: &str| json!({ "issues": access, "metadata": "read" });
    assert_eq!(
        *world.github.minted.lock().unwrap(),
        [
            json!({}),
            json!({ "permissions": narrow("write"), "repositories": ["r"] }),
            json!({ "permissions": narrow("read") }),
            json!({ "permissions": { "metadata": "read" }, "repositories": ["r"] }),
            json!({ "permissions": narrow("write"), "repositories": ["a", "r"] }),
            json!({ "permissions": narrow("write") }),
        ]
    );
}

#[tokio::test]
async fn a_scope_that_spans_owners_never_reaches_the_network() {
    let world = world(GitHub::of(&[(1, "p"), (2, "o")])).await;
    let spanning = Scope::repo(&repo()).with_repositories([RepoName::new("p", "r")]);
    for scope in [spanning, Scope::org("o").with_repositories([])] {
        let scope = scope.with_permissions(PermissionSet::minimal());
        let error = world.client.scoped(scope).get_repository(&repo()).await.unwrap_err();
        assert_eq!((&error.kind, error.status), (&ApiErrorKind::Other, None), "{error}");
    }
    assert!(world.far_side.seen().is_empty());
}

#[tokio::test]
async fn many_calls_at_once_make_one_token_a_scope() {
    let world = world(GitHub::of(&[(2, "o")])).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let narrow = Scope::repo(&repo()).with_permissions(PermissionSet::minimal());
        let (api, narrow) = (world.client.for_org("o"), world.client.scoped(narrow));
        calls.spawn(async move {
            api.get_repository(&repo()).await.unwrap();
            narrow.get_repository(&repo()).await.unwrap();
        });
    }
    calls.join_all().await;
    let lines = world.far_side.lines();
    let count = |line: &str| lines.iter().filter(|seen| *seen == line).count();
    let counts = (count("GET /app/installations"), count("POST /app/installations/2/access_tokens"));
    assert_eq!((counts, count("GET /repos/o/r")), ((1, 2), 40), "one token for each of the two scopes");
}

#[tokio::test]
async fn a_token_is_not_used_in_its_last_minute_nor_once_refused() {
    let mut github = GitHub::of(&[(2, "o")]);
    Arc::get_mut(&mut github).unwrap().live_for = 59;
    let short = world(github).await;
    short.client.for_org("o").get_repository(&repo()).await.unwrap();
    short.client.for_org("o").get_repository(&repo()).await.unwrap();
    assert_eq!(short.github.minted.lock().unwrap().len(), 2);

    let revoked = world(GitHub::of(&[(2, "o")])).await;
    revoked.client.for_org("o").get_repository(&repo()).await.unwrap();
    revoked.github.revoked.lock().unwrap().insert("ghs_2_1".into());
    revoked.client.for_org("o").create_comment(&repo(), 1, "hi").await.unwrap();
    assert_eq!(revoked.far_side.seen().last().unwrap().header("authorization"), "Bearer ghs_2_2");
}

#[tokio::test]
async fn an_organisation_without_the_app_is_named_and_one_that_comes_later_is_found() {
    let world = world(GitHub::of(&[(2, "o")])).await;
    world.client.for_org("o").get_repository(&repo()).await.unwrap();
    let api = world.client.for_org("late");
    let error = api.get_repository(&repo()).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Unauthorized);
    assert!(error.message.contains("`late`"), "{error}");
    // Not "no": nobody was asked.
    assert_eq!(api.is_member("late", "u").await.unwrap_err().kind, ApiErrorKind::Unauthorized);
    let listed = |world: &World| world.far_side.lines().iter().filter(|line| *line == "GET /app/installations").count();
    assert_eq!(listed(&world), 3, "once at first, and once for each miss");
    world.github.installations.lock().unwrap().push((9, "late".into()));
    api.get_repository(&repo()).await.unwrap();
    assert_eq!(listed(&world), 4);
}

#[tokio::test]
async fn an_app_that_was_installed_anew_is_found_under_its_new_id() {
    let mut github = GitHub::of(&[(2, "o")]);
    Arc::get_mut(&mut github).unwrap().live_for = 59;
    let world = world(github).await;
    world.client.for_org("o").get_repository(&repo()).await.unwrap();
    *world.github.installations.lock().unwrap() = vec![(3, "o".into())];
    world.client.for_org("o").get_repository(&repo()).await.unwrap();
    assert!(world.far_side.lines().contains(&"POST /app/installations/3/access_tokens".to_owned()));
    world.github.installations.lock().unwrap().clear();
    let error = world.client.for_org("o").is_member("o", "u").await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Unauthorized, "{error}");
}

#[tokio::test]
async fn an_app_knows_its_account() {
    let world = world(GitHub::of(&[])).await;
    assert_eq!(world.client.for_org("any").bot_login().await.unwrap(), "my-app[bot]");
    assert_eq!(world.client.bot().await.unwrap().login, "my-app[bot]");
    assert_eq!(world.far_side.lines(), ["GET /app"]);
}

#[tokio::test]
async fn a_dry_run_makes_tokens_and_nothing_else() {
    let world = world(GitHub::of(&[(2, "o")])).await;
    let options = Options { dry_run: true, ..options(&world.far_side, world._key.path()) };
    let api = Client::new(options).unwrap().for_org("o");
    api.get_repository(&repo()).await.unwrap();
    api.create_comment(&repo(), 1, "hi").await.unwrap();
    let writes: Vec<_> = world.far_side.lines().into_iter().filter(|line| !line.starts_with("GET")).collect();
    assert_eq!(writes, ["POST /app/installations/2/access_tokens"]);
}
