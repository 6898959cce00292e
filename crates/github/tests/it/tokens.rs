//! Personal tokens, and the name that requests bear.

use github::{ApiErrorKind, Auth, Client, Options, Scope, SetupError};

use crate::far_side::{FarSide, Reply, repo};

#[tokio::test]
async fn each_request_names_its_token_its_plugin_and_its_api_version() {
    let github = FarSide::start(|_, _| Reply::new(200, "{}")).await;
    let client = Client::new(github.options()).unwrap();
    client.for_org("o").get_repository(&repo()).await.unwrap();
    client.scoped(Scope::repo(&repo()).with_plugin("trigger")).get_repository(&repo()).await.unwrap();
    client.scoped(Scope::repo(&repo()).with_plugin("bad\nname")).get_repository(&repo()).await.unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let agents: Vec<_> = github.seen().iter().map(|seen| seen.header("user-agent").to_owned()).collect();
    let plain = format!("bowsprit/{version}");
    assert_eq!(agents, [plain.clone(), format!("bowsprit.trigger/{version}"), plain]);
    let seen = &github.seen()[0];
    assert_eq!(seen.header("authorization"), "Bearer ghp_secret");
    assert_eq!(seen.header("x-github-api-version"), "2022-11-28");
    assert_eq!(seen.header("accept"), "application/vnd.github+json");
}

#[tokio::test]
async fn a_token_file_that_changed_is_read_when_the_old_token_is_refused() {
    let github = FarSide::start(|seen, _| match seen.header("authorization") {
        "Bearer new" => Reply::new(200, r#"{"login":"bot"}"#),
        _ => Reply::new(401, r#"{"message":"Bad credentials"}"#),
    })
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "old\n").unwrap();
    let auth = Auth::TokenFile(file.path().to_owned());
    let client = Client::new(Options { auth, ..github.options() }).unwrap();
    let error = client.bot().await.unwrap_err();
    assert_eq!((error.kind, github.lines().len()), (ApiErrorKind::Unauthorized, 1));

    // Replaced as a mounted secret is: by another file under the same name.
    let other = file.path().with_extension("new");
    std::fs::write(&other, "new").unwrap();
    std::fs::rename(&other, file.path()).unwrap();
    assert_eq!(client.bot().await.unwrap().login, "bot");
    assert_eq!(github.seen().last().unwrap().header("authorization"), "Bearer new");

    // One that cannot be used leaves the one in hand.
    std::fs::write(file.path(), "").unwrap();
    client.for_org("o").get_repository(&repo()).await.unwrap();
}

#[tokio::test]
async fn the_bot_is_asked_for_once() {
    let github = FarSide::start(|_, _| Reply::new(200, r#"{"login":"ci-bot"}"#)).await;
    let client = Client::new(github.options()).unwrap();
    assert_eq!(client.for_org("a").bot_login().await.unwrap(), "ci-bot");
    assert_eq!(client.for_org("b").bot_login().await.unwrap(), "ci-bot");
    assert!(client.bot().await.unwrap().is("ci-bot"));
    assert_eq!(github.lines(), ["GET /user"]);
}

#[tokio::test]
async fn a_client_that_could_not_work_is_not_made() {
    let options = || Options::new(Auth::None);
    let problem = |options: Options| Client::new(options).unwrap_err().to_string();
    let check = |options: Options, want: &str| {
        let problem = problem(options);
        assert!(problem.contains(want), "{problem}");
    };
    check(Options { endpoints: vec![], ..options() }, "at least one");
    check(Options { endpoints: vec!["github.com".into()], ..options() }, "needs a scheme and a host");
    check(Options { user_agent: "a\nb".into(), ..options() }, "User-Agent");
    check(Options { auth: Auth::TokenFile("/no/such/file".into()), ..options() }, "/no/such/file");
    check(Options { auth: Auth::Token("a\nb".to_owned().into()), ..options() }, "characters that no token has");
    let file = tempfile::NamedTempFile::new().unwrap();
    let auth = Auth::App { id: 1, private_key_path: file.path().to_owned() };
    check(Options { auth, ..options() }, "not an RSA private key");
    let registry = prometheus::Registry::new();
    let with_metrics = || Options { endpoints: vec!["http://x".into()], registry: Some(registry.clone()), ..options() };
    Client::new(with_metrics()).unwrap();
    assert!(matches!(Client::new(with_metrics()), Err(SetupError::Metrics(_))));
}
