//! Git itself, with what it is given, against the stand-in GitHub.

use std::path::Path;
use std::process::Command;

use github::{Access, Auth, Client, GitCredentials, Options, PermissionSet, RepoName, Scope};
use secrecy::ExposeSecret;
use sim::seed::Seed;

const WORLD: &str = "
orgs: { my-org: { members: { alice: admin, bowsprit-bot: member } } }
repos:
  my-org/secret: { private: true, collaborators: { bowsprit-bot: write } }
  my-org/other: { private: true }
apps:
  helper: { permissions: { contents: write, statuses: write }, installed: { my-org: [] } }
";

/// Whether git may list what there is, and whether it may push.
fn may(dir: &Path, sim: &sim::Running, repo: &str, with: Option<&GitCredentials>) -> (bool, bool) {
    let url = match with {
        Some(GitCredentials { user, password }) => {
            format!("http://{user}:{}@{}/{repo}.git", password.expose_secret(), sim.addr)
        }
        None => format!("http://{}/{repo}.git", sim.addr),
    };
    let git = |args: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(dir).env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_NOSYSTEM", "1");
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").args(["-c", "user.name=t", "-c", "user.email=t@example.com"]);
        git.args(args).output().unwrap().status.success()
    };
    if !dir.join(".git").exists() {
        assert!(git(&["init", "-q"]) && git(&["commit", "-q", "--allow-empty", "-m", "One"]));
    }
    (git(&["ls-remote", "-q", &url]), git(&["push", "-q", "--dry-run", &url, "HEAD:refs/heads/new"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn git_may_what_its_credentials_may() {
    let sim = sim::serve(sim::Options::default()).await.unwrap();
    let seeded = sim.seed(Seed::parse(WORLD).unwrap()).await.unwrap();
    let options = |auth| Options { endpoints: vec![sim.url.clone()], ..Options::new(auth) };
    let dir = tempfile::tempdir().unwrap();
    let check = |repo: &str, with: Option<&GitCredentials>, want: (bool, bool)| {
        assert_eq!(may(dir.path(), &sim, repo, with), want, "{repo} as {:?}", with.map(|with| &with.user));
    };

    let token = sim.client().user("bowsprit-bot").await.unwrap().token().to_owned();
    let person = Client::new(options(Auth::Token(token.into()))).unwrap();
    let credentials = person.git_credentials("my-org").await.unwrap().unwrap();
    assert_eq!(credentials.user, "bowsprit-bot");
    assert!(!format!("{credentials:?}").contains("token-"), "{credentials:?}");
    check("my-org/secret", Some(&credentials), (true, true));
    check("my-org/other", Some(&credentials), (true, false));

    let app = &seeded.apps["helper"];
    let app = Auth::App { id: app.id, private_key_path: app.private_key_path.clone().into() };
    let app = Client::new(options(app)).unwrap();
    let whole = app.git_credentials("my-org").await.unwrap().unwrap();
    assert_eq!(whole.user, "x-access-token");
    check("my-org/secret", Some(&whole), (true, true));
    for (permission, access, want) in [
        ("contents", Access::Read, (true, false)),
        ("contents", Access::Write, (true, true)),
        ("statuses", Access::Write, (false, false)),
    ] {
        let permissions: PermissionSet = [(permission, access)].into_iter().collect();
        let scope = Scope::repo(&RepoName::new("my-org", "secret")).with_permissions(permissions);
        let narrow = app.scoped(scope).git_credentials().await.unwrap().unwrap();
        check("my-org/secret", Some(&narrow), want);
        check("my-org/other", Some(&narrow), (false, false));
    }
    assert!(app.git_credentials("elsewhere").await.unwrap_err().message.contains("`elsewhere`"));

    let nobody = Client::new(options(Auth::None)).unwrap();
    assert!(nobody.git_credentials("my-org").await.unwrap().is_none());
    check("my-org/secret", None, (false, false));
    sim.shutdown().await;
}
