//! Files, without a clone. Permission: contents.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::call::Call;
use crate::client::Api;
use crate::error::{ApiError, ApiErrorKind};
use crate::lenient::null_is_empty;
use crate::repos::RepoName;

/// What is at a path: one thing, or the entries of a folder.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Folder(Vec<IgnoredAny>),
    One(File),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    #[serde(rename = "type")]
    kind: String,
    size: u64,
    #[serde(deserialize_with = "null_is_empty")]
    encoding: String,
    #[serde(deserialize_with = "null_is_empty")]
    content: String,
}

const CONTENTS: &str = "/repos/{owner}/{repo}/contents/{*path}";

/// The largest file whose bytes GitHub puts into this answer.
const MOST_BYTES: u64 = 1 << 20;

impl Api {
    /// The bytes of the file at `path`, of a SHA, branch or tag. GitHub follows a symbolic link within the repository.
    ///
    /// # Errors
    /// [`ApiErrorKind::NotFound`] where there is no such path or ref; [`ApiErrorKind::Unprocessable`] where it is no file
    /// (a folder, a submodule, a link that leads nowhere) or over 1 MiB.
    pub async fn get_file(&self, repo: &RepoName, path: &str, at: &str) -> Result<Vec<u8>, ApiError> {
        let call = Call::get(CONTENTS, &[&repo.org, &repo.repo, path.trim_matches('/')])?.with_query("ref", at);
        let (method, asked) = (call.method_name(), call.path.clone());
        let refuse = |message: String| ApiError {
            kind: ApiErrorKind::Unprocessable,
            ..ApiError::other(method, &asked, message)
        };
        let found = match self.get::<Content>(call).await {
            // Over 100 MB GitHub says no to everything, and with another status.
            Err(error) if is_too_large(&error) => return Err(refuse(too_large(path))),
            result => result?,
        };
        bytes_of(found, path).map_err(|problem| match problem {
            Problem::Refused(message) => refuse(message),
            Problem::Garbled(message) => ApiError::other(method, &asked, message),
        })
    }
}

enum Problem {
    Refused(String),
    Garbled(String),
}

fn bytes_of(found: Content, path: &str) -> Result<Vec<u8>, Problem> {
    let file = match found {
        Content::Folder(entries) => {
            return Err(Problem::Refused(format!("`{path}` is a folder of {}", entries.len())));
        }
        Content::One(file) if file.kind != "file" => {
            return Err(Problem::Refused(format!("`{path}` is no file but a {}", file.kind)));
        }
        Content::One(file) => file,
    };
    if file.size > MOST_BYTES {
        return Err(Problem::Refused(too_large(path)));
    }
    if file.encoding != "base64" {
        return Err(Problem::Garbled(format!("`{path}` came in the encoding `{}`", file.encoding)));
    }
    // GitHub breaks the lines, which is no part of the alphabet.
    let packed: String = file.content.split_ascii_whitespace().collect();
    STANDARD.decode(packed).map_err(|error| Problem::Garbled(format!("`{path}` is not base64: {error}")))
}

fn is_too_large(error: &ApiError) -> bool {
    error.status == Some(403) && error.message.contains("too large")
}

fn too_large(path: &str) -> String {
    format!("`{path}` is over 1 MiB, which this call does not carry: read it by git")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, want: Result<&[u8], &str>) {
        let got = bytes_of(serde_json::from_str(json).unwrap(), "a").map_err(|problem| match problem {
            Problem::Refused(message) => format!("refused: {message}"),
            Problem::Garbled(message) => format!("garbled: {message}"),
        });
        match (got, want) {
            (Ok(got), Ok(want)) => assert_eq!(got, want, "{json}"),
            (Err(got), Err(want)) => assert!(got.contains(want), "{json}: {got}"),
            (got, want) => panic!("{json}: {got:?} and not {want:?}"),
        }
    }

    #[test]
    fn only_a_small_file_has_bytes() {
        let file = |size: u64, encoding: &str, content: &str| {
            format!(r#"{{"type":"file","size":{size},"encoding":"{encoding}","content":"{content}"}}"#)
        };
        check(&file(5, "base64", r"aGVs\nbG8=\n"), Ok(b"hello"));
        check(&file(0, "base64", ""), Ok(b""));
        check(&file(1, "base64", "/w=="), Ok(&[0xff]));
        check(&file((1 << 20) + 1, "none", ""), Err("refused: `a` is over 1 MiB"));
        check(&file(5, "none", ""), Err("garbled: `a` came in"));
        check(&file(5, "base64", "%"), Err("garbled: `a` is not base64"));
        check(r#"[{"type":"file"}]"#, Err("refused: `a` is a folder"));
        check("[]", Err("refused: `a` is a folder"));
        check(r#"{"type":"symlink","size":3,"target":"b"}"#, Err("refused: `a` is no file but a symlink"));
        check(r#"{"type":"submodule","size":0}"#, Err("refused: `a` is no file but a submodule"));
    }
}
