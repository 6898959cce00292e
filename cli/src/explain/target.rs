//! What is asked about: a GUID, or one of GitHub's URLs. Pure.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A delivery, by its GUID.
    Delivery(String),
    /// An issue or a pull request, or one text on it.
    Thread { repo: String, number: u64, part: Option<Part> },
    /// A commit, of which statuses tell.
    Commit { repo: String, sha: String },
}

/// A text on an issue or a pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A comment, on the whole or on a line.
    Comment(u64),
    /// A review.
    Review(u64),
}

impl Part {
    /// Whether a payload is of this text.
    pub(super) fn is_of(self, payload: &Value) -> bool {
        match self {
            Self::Comment(id) => payload["comment"]["id"] == id,
            Self::Review(id) => payload["review"]["id"] == id,
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, rest)) = text.split_once("://") {
            return url(rest).ok_or_else(|| {
                format!(
                    "`{text}` is no URL of a comment, review, pull request, issue or commit: copy it from the browser, like \
                     https://github.com/my-org/hello/pull/7#issuecomment-1700000000"
                )
            });
        }
        if let Some((repo, number)) = text.split_once('#') {
            let number = number.parse().ok().filter(|_| is_repository(repo));
            let number = number.ok_or_else(|| format!("`{text}` is not written like my-org/hello#7"))?;
            return Ok(Self::Thread { repo: repo.to_owned(), number, part: None });
        }
        if text.is_empty() || text.contains(['/', ' ']) {
            return Err(format!("`{text}` is neither a delivery's GUID nor a URL of GitHub's nor like my-org/hello#7"));
        }
        Ok(Self::Delivery(text.to_owned()))
    }
}

/// What stands behind the scheme. The host may be anyone's: GitHub Enterprise has its own.
fn url(rest: &str) -> Option<Target> {
    let (path, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let path = path.split('?').next()?;
    let mut parts = path.trim_end_matches('/').split('/').skip(1);
    let (org, name, kind, which) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let repo = format!("{org}/{name}");
    if !is_repository(&repo) {
        return None;
    }
    match kind {
        "pull" | "issues" => {
            let part = if fragment.is_empty() { None } else { part(fragment) };
            Some(Target::Thread { repo, number: which.parse().ok()?, part })
        }
        "commit" if which.len() == 40 => Some(Target::Commit { repo, sha: which.to_owned() }),
        _ => None,
    }
}

/// A fragment that names no text, such as `#partial-pull-merging`, is of the whole.
fn part(fragment: &str) -> Option<Part> {
    let id = |prefix: &str| fragment.strip_prefix(prefix).and_then(|id| id.parse().ok());
    let comment = id("issuecomment-").or_else(|| id("discussion_r"));
    comment.map(Part::Comment).or_else(|| id("pullrequestreview-").map(Part::Review))
}

fn is_repository(text: &str) -> bool {
    matches!(text.split_once('/'), Some((org, name)) if !org.is_empty() && !name.is_empty() && !name.contains('/'))
}

impl fmt::Display for Target {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivery(guid) => write!(out, "delivery {guid}"),
            Self::Thread { repo, number, part: None } => write!(out, "{repo}#{number}"),
            Self::Thread { repo, number, part: Some(Part::Comment(id)) } => {
                write!(out, "comment {id} on {repo}#{number}")
            }
            Self::Thread { repo, number, part: Some(Part::Review(id)) } => {
                write!(out, "review {id} of {repo}#{number}")
            }
            Self::Commit { repo, sha } => write!(out, "commit {sha} of {repo}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let read = text.parse::<Target>().map(|target| target.to_string());
        match read {
            Ok(read) => assert_eq!(read, want, "{text}"),
            Err(error) => assert!(!want.is_empty() && error.contains(want), "{text}: {error}"),
        }
    }

    #[test]
    fn what_a_browser_shows_can_be_asked_about() {
        check("72d3162e-cc78-11e3-81ab-4c9367dc0958", "delivery 72d3162e-cc78-11e3-81ab-4c9367dc0958");
        check("o/r#7", "o/r#7");
        check("https://github.com/o/r/pull/7", "o/r#7");
        check("https://github.com/o/r/pull/7/", "o/r#7");
        check("https://github.com/o/r/pull/7/files?w=1", "o/r#7");
        check("https://github.example.com/o/r/issues/7#issuecomment-12", "comment 12 on o/r#7");
        check("https://github.com/o/r/pull/7#discussion_r13", "comment 13 on o/r#7");
        check("https://github.com/o/r/pull/7#pullrequestreview-14", "review 14 of o/r#7");
        check("https://github.com/o/r/pull/7#partial-pull-merging", "o/r#7");
        let sha = "0123456789012345678901234567890123456789";
        check(&format!("https://github.com/o/r/commit/{sha}"), &format!("commit {sha} of o/r"));
    }

    #[test]
    fn what_cannot_be_read_is_answered_with_how_it_is_written() {
        check("", "neither a delivery's GUID");
        check("o/r", "neither a delivery's GUID");
        check("r#7", "is not written like");
        check("o/r#seven", "is not written like");
        check("https://github.com/o/r", "copy it from the browser");
        check("https://github.com/o/r/pull/seven", "copy it from the browser");
        check("https://github.com/o/r/commit/0123", "copy it from the browser");
    }
}
