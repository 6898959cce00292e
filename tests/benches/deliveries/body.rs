//! Bodies as GitHub sends them, each another event.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tests::hook::signature;

/// The repository that GitHub's own examples are about.
pub(crate) const REPO: &str = "Codertocat/Hello-World";
pub(crate) const SECRET: &str = "a key for a measurement";
/// Pull requests that comments are on: each is a lane of its own.
const PULLS: u64 = 500;

/// A body and its signature.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) body: Bytes,
    pub(crate) signature: String,
}

/// Comments without a command on pull requests.
#[derive(Clone, Copy)]
pub(crate) struct Bodies {
    bytes: usize,
}

impl Bodies {
    /// Of so many bytes each, give or take a digit.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { bytes }
    }

    pub(crate) fn take(self, count: usize) -> Vec<Signed> {
        let mut template = example();
        if self.bytes < 4_000 {
            template = short(&template);
        }
        let empty = fill(&mut template, 0, "").len();
        let text = "Well, that is one way to see it. ".repeat(self.bytes / 30 + 1);
        let text = &text[..self.bytes.saturating_sub(empty)];
        (0..count)
            .map(|_| {
                let body = Bytes::from(fill(&mut template, next(), text));
                let signature = signature(SECRET, &body);
                Signed { body, signature }
            })
            .collect()
    }
}

/// No two bodies of one run are equal, so that none is taken for another hook's copy.
fn next() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn fill(template: &mut Value, number: u64, text: &str) -> String {
    template["comment"]["id"] = (1_000_000_000 + number).into();
    template["comment"]["body"] = text.into();
    template["issue"]["number"] = (1 + number % PULLS).into();
    template.to_string()
}

/// GitHub's example of a comment, made one on a pull request.
fn example() -> Value {
    let file = counterparts::data_path("github-webhook-examples/api.github.com.json.gz");
    let file = std::fs::File::open(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let hooks: Vec<Value> = serde_json::from_str(&text).unwrap();
    let hook = hooks.into_iter().find(|hook| hook["name"] == "issue_comment").unwrap();
    let mut example = hook["examples"].as_array().unwrap().iter().find(|it| it["action"] == "created").unwrap().clone();
    assert_eq!(example["repository"]["full_name"], REPO);
    example["issue"]["pull_request"] = json!({ "url": format!("https://api.github.com/repos/{REPO}/pulls/1") });
    example
}

/// What a plugin looks at, and no more.
fn short(whole: &Value) -> Value {
    let (issue, comment) = (&whole["issue"], &whole["comment"]);
    json!({
        "action": whole["action"],
        "issue": {
            "id": issue["id"], "number": 1, "state": "open", "title": "A title", "body": "", "labels": [], "assignees": [],
            "user": issue["user"], "pull_request": issue["pull_request"], "html_url": issue["html_url"],
        },
        "comment": { "id": 1, "body": "", "user": comment["user"], "html_url": comment["html_url"] },
        "repository": { "id": 1, "name": "Hello-World", "full_name": REPO, "owner": { "login": "Codertocat", "id": 2 } },
        "sender": { "login": "Codertocat", "id": 2, "type": "User" },
    })
}
