//! Payloads that others wrote, for tests of this crate.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// One real payload.
pub(crate) struct Payload {
    /// `X-GitHub-Event`.
    pub(crate) event: String,
    pub(crate) body: Value,
}

/// GitHub's examples and Prow's; `None`, and a line in the list of skipped tests, where the data is absent.
pub(crate) fn payloads(test: &str) -> Option<Vec<Payload>> {
    let mut payloads = github(&counterparts::data(test, "github-webhook-examples/api.github.com.json.gz")?);
    payloads.extend(prow(&counterparts::data(test, "prow/webhook-payloads")?));
    Some(payloads)
}

fn github(file: &Path) -> Vec<Payload> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
    let events: Vec<Value> = serde_json::from_str(&text).unwrap();
    let mut payloads = Vec::new();
    for event in &events {
        for body in event["examples"].as_array().unwrap() {
            payloads.push(Payload { event: event["name"].as_str().unwrap().to_owned(), body: body.clone() });
        }
    }
    payloads
}

fn prow(dir: &Path) -> Vec<Payload> {
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let payload = |file: PathBuf| {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let event = match name.as_str() {
            "push" => "push",
            name if name.ends_with("_pr") => "pull_request",
            name if name.starts_with("review") => "pull_request_review",
            _ => "issue_comment",
        };
        let body = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        Payload { event: event.to_owned(), body }
    };
    files.into_iter().map(payload).collect()
}
