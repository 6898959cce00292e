//! Over HTTP, against the stand-in GitHub.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use git::{Access, CredentialSource, Credentials, Error, Mirrors, Options, Owners, Pick, Repo, Repository};
use sim::seed::Seed;
use tempfile::TempDir;

use crate::support::bot;

const SEED: &str = "
users: [{ login: reader, token: token-that-only-reads }, { login: writer, token: token-that-may-write }]
orgs: { my-org: { members: { alice: admin }, default_role: none } }
repos:
  my-org/secret:
    private: true
    files: { OWNERS: 'approvers: [alice]', a.txt: 'a', docs/OWNERS: 'approvers: [Bob]' }
    collaborators: { reader: read, writer: write }
";

struct Far {
    running: sim::Running,
    folder: TempDir,
}

fn secret() -> Repo {
    Repo::new("my-org", "secret").unwrap()
}

fn token(token: &str) -> Credentials {
    Credentials::token(token.to_owned().into())
}

impl Far {
    async fn start() -> Self {
        let running = sim::serve(sim::Options::default()).await.unwrap();
        running.seed(Seed::parse(SEED).unwrap()).await.unwrap();
        Self { running, folder: tempfile::tempdir().unwrap() }
    }

    fn mirrors(&self, credentials: impl CredentialSource) -> Mirrors {
        let mut options = Options::new(self.folder.path(), &self.running.url);
        options.credentials = std::sync::Arc::new(credentials);
        Mirrors::open(options).unwrap()
    }

    fn repository(&self, token: &str) -> Repository {
        self.mirrors(self::token(token)).repository(&secret())
    }

    async fn push(&self, branch: &str, from: Option<&str>, path: &str, text: &str) -> String {
        let alice = self.running.client().user("alice").await.unwrap();
        let files: BTreeMap<_, _> = [(path.to_owned(), Some(text.to_owned()))].into();
        alice.push("my-org/secret", branch, from, "Change", &files).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_repository_is_read_with_a_token_that_may() {
    let far = Far::start().await;
    let repository = far.repository("token-that-only-reads");
    let head = repository.fetch("refs/heads/main").await.unwrap();
    assert_eq!(repository.list_files(head.as_str(), "").await.unwrap(), ["OWNERS", "a.txt", "docs/OWNERS"]);
    let change = far.push("change", Some("main"), "b.txt", "b").await;
    assert_eq!(repository.read_file(&change, "b.txt").await.unwrap(), b"b");
    let owners = Owners::new(far.mirrors(token("token-that-only-reads")));
    let of = owners.of_branch(&secret(), "main", &prow::owners::Terms::default()).await.unwrap().file_owners("docs/x");
    assert_eq!(of.approvers.iter().collect::<Vec<_>>(), ["alice", "bob"]);

    let denied = repository.push_branch("new", head.as_str(), false).await;
    assert!(matches!(denied, Err(Error::Denied(_))), "{denied:?}");
    let wrong = far.repository("wrong").fetch("refs/heads/main").await;
    assert!(matches!(wrong, Err(Error::Denied(_))), "{wrong:?}");
    let other = far.repository("token-mallory").fetch("refs/heads/main").await;
    assert!(matches!(other, Err(Error::Denied(_) | Error::NotFound(_))), "{other:?}");
    let nobody = far.mirrors(git::Anonymous).repository(&secret()).fetch("refs/heads/main").await;
    assert!(matches!(nobody, Err(Error::Denied(_))), "{nobody:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_is_pushed_with_the_token_for_writing() {
    struct Two(AtomicUsize);
    impl CredentialSource for Two {
        fn credentials<'a>(
            &'a self,
            repo: &'a Repo,
            access: Access,
        ) -> BoxFuture<'a, git::Result<Option<Credentials>>> {
            assert_eq!((repo.org(), repo.name()), ("my-org", "secret"));
            Box::pin(async move {
                Ok(Some(match access {
                    Access::Read => token("token-that-only-reads"),
                    Access::Write => {
                        self.0.fetch_add(1, Ordering::SeqCst);
                        token("token-that-may-write")
                    }
                }))
            })
        }
    }
    let far = Far::start().await;
    let repository = far.mirrors(Two(AtomicUsize::new(0))).repository(&secret());
    let main = repository.fetch("refs/heads/main").await.unwrap();
    let change = far.push("change", Some("main"), "b.txt", "b").await;
    let onto = far.push("main", None, "c.txt", "c").await;
    let Pick::Picked(picked) = repository.cherry_pick(&onto, &[change], "", &bot()).await.unwrap() else {
        panic!("there is no conflict")
    };
    repository.push_branch("picked", picked.as_str(), false).await.unwrap();
    repository.push_branch("picked", picked.as_str(), false).await.unwrap();
    assert_eq!(repository.fetch("refs/heads/picked").await.unwrap(), picked);
    let conflict = repository.push_branch("picked", main.as_str(), false).await;
    assert!(matches!(conflict, Err(Error::Conflict(_))), "{conflict:?}");
    repository.push_branch("picked", main.as_str(), true).await.unwrap();
    assert_eq!(repository.fetch("refs/heads/picked").await.unwrap(), main);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_in_no_argument_and_no_file() {
    const TOKEN: &str = "token-that-may-write";
    let far = Far::start().await;
    let repository = far.repository(TOKEN);
    let url = format!("{}/my-org/secret.git", far.running.url);
    let (done, seen) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                for line in crate::crash::processes("") {
                    assert!(!line.contains(TOKEN), "{line}");
                    if line.contains(&url) {
                        seen.fetch_add(1, Ordering::SeqCst);
                    }
                }
            }
        });
        let work = async {
            // Until the other thread has seen git at it, some times over.
            let main = repository.fetch("refs/heads/main").await.unwrap();
            for at in 0..200 {
                repository.fetch("refs/heads/main").await.unwrap();
                repository.push_branch(&format!("b{at}"), main.as_str(), true).await.unwrap();
                if seen.load(Ordering::SeqCst) > 20 {
                    break;
                }
            }
        };
        let _told = Told(&done);
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work));
    });
    assert!(seen.load(Ordering::SeqCst) > 0, "git was never seen");
    let files = holding(far.folder.path(), TOKEN.as_bytes());
    assert!(files.is_empty(), "{files:?}");
    // The search finds what is there.
    assert!(!holding(far.folder.path(), b"bare").is_empty());
    assert!(!format!("{:?}", token(TOKEN)).contains(TOKEN));
}

/// Says that it is over, also if that is by a panic: the thread that looks on would go on for ever.
struct Told<'a>(&'a AtomicBool);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

fn holding(folder: &Path, needle: &[u8]) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if entry.file_type().unwrap().is_dir() {
            found.extend(holding(&path, needle));
        } else if std::fs::read(&path).unwrap().windows(needle.len()).any(|part| part == needle) {
            found.push(path);
        }
    }
    found
}
