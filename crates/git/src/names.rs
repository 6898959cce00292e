//! Names that come from outside, checked before git sees any of them. What these types hold begins with no dash, names
//! no other folder, and means one thing alone to git.

use std::fmt;

use crate::error::{Error, Result};

/// A repository by its two names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Repo {
    org: String,
    name: String,
}

impl Repo {
    /// The repository `name` of `org`. They keep their spelling; which mirror is meant does not depend on it.
    ///
    /// # Errors
    /// [`Error::Invalid`]: GitHub would not have such a name.
    pub fn new(org: &str, name: &str) -> Result<Self> {
        for part in [org, name] {
            let is_good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let is_folder = matches!(part, "" | "." | "..");
            if is_folder || part.len() > 100 || part.starts_with('-') || !part.chars().all(is_good) {
                return Err(Error::invalid(format!("`{}` is no name of a repository or its owner", shown(part))));
            }
        }
        Ok(Self { org: org.to_owned(), name: name.to_owned() })
    }

    /// Whose it is.
    pub fn org(&self) -> &str {
        &self.org
    }

    /// Its name without the owner.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is known by here: GitHub's names do not differ by their case alone.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.org, self.name).to_lowercase()
    }
}

impl fmt::Display for Repo {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.org, self.name)
    }
}

/// The name of a commit or tree: 40 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sha(String);

impl Sha {
    /// Reads one.
    ///
    /// # Errors
    /// [`Error::Invalid`]: it is anything else, an abbreviation included.
    pub fn new(text: &str) -> Result<Self> {
        if text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::invalid(format!("`{}` is no commit: write its 40 digits, in lower case", shown(text))))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The full name of a ref.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct RefName(String);

impl RefName {
    /// Reads one that begins with `refs/`.
    pub(crate) fn new(text: &str) -> Result<Self> {
        let wrong = |why: &str| Err(Error::invalid(format!("`{}` is no name of a ref: {why}", shown(text))));
        let Some(rest) = text.strip_prefix("refs/") else {
            return wrong("write `refs/heads/…`, `refs/pull/…/head`, or the 40 digits of a commit");
        };
        if !rest.contains('/') {
            return wrong("it ends too early");
        }
        // Behaviour: git check-ref-format.
        let bad = |c: char| c.is_ascii_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
        if text.chars().any(bad) || text.contains("..") || text.contains("@{") || text.ends_with('.') {
            return wrong("git does not allow these characters in it");
        }
        let bad = |part: &str| part.is_empty() || part.starts_with(['.', '-']) || part.ends_with(".lock");
        if text.len() > 250 || rest.split('/').any(bad) {
            return wrong("each of its parts must be a word that git allows");
        }
        Ok(Self(text.to_owned()))
    }

    /// The branch of this name, which is given without `refs/heads/`.
    pub(crate) fn branch(name: &str) -> Result<Self> {
        match name {
            "HEAD" | "@" => Err(Error::invalid(format!("`{name}` is no name of a branch"))),
            _ => Self::new(&format!("refs/heads/{name}")),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What can be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Wanted {
    /// This commit, or tree.
    Object(Sha),
    /// What this ref points to now.
    Ref(RefName),
}

impl Wanted {
    pub(crate) fn new(text: &str) -> Result<Self> {
        match text.starts_with("refs/") {
            true => RefName::new(text).map(Self::Ref),
            false => Sha::new(text).map(Self::Object),
        }
    }
}

/// A path within a repository: its parts, none of which is empty, `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreePath(String);

impl TreePath {
    pub(crate) fn new(text: &str) -> Result<Self> {
        let bad = |part: &str| matches!(part, "" | "." | "..");
        if text.contains('\0') || text.len() > 4096 || text.split('/').any(bad) {
            return Err(Error::invalid(format!(
                "`{}` is no path in a repository: write it from the root on, without `.` and `..`",
                shown(text)
            )));
        }
        Ok(Self(text.to_owned()))
    }

    /// A folder; the root is `None`. A slash at its end is welcome.
    pub(crate) fn folder(text: &str) -> Result<Option<Self>> {
        match text.strip_suffix('/').unwrap_or(text) {
            "" if text.is_empty() => Ok(None),
            folder => Self::new(folder).map(Some),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// As much of a text as an error shows, with nothing in it that a log would stumble over.
pub(crate) fn shown(text: &str) -> String {
    let short: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    if text.chars().nth(80).is_some() { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T>(read: impl Fn(&str) -> Result<T>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(read(text).is_ok(), "{text:?} is refused");
        }
        for text in bad {
            assert!(matches!(read(text), Err(Error::Invalid(_))), "{text:?} is not refused");
        }
    }

    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn commits_are_forty_digits() {
        let (short, long, upper) = (&SHA[1..], format!("{SHA}0"), SHA.to_uppercase());
        let (range, option) = (format!("{}..x", &SHA[..37]), format!("--{}", &SHA[..38]));
        check(Sha::new, &[SHA], &["", short, &long, &upper, &range, &option, "HEAD", "main", "abc123"]);
        let newline = format!("{}\n", &SHA[..39]);
        check(Sha::new, &[], &[&newline, &"g".repeat(40), &"０".repeat(13)]);
    }

    #[test]
    fn refs_are_full_and_well_formed() {
        check(
            Wanted::new,
            &[SHA, "refs/heads/main", "refs/pull/7/head", "refs/heads/a/b-c_d.e", "refs/heads/é", "refs/tags/v1.0"],
            &[
                "",
                "main",
                "-main",
                "--upload-pack=x",
                "HEAD",
                "refs/",
                "refs/heads",
                "refs/heads/",
                "refs//x",
                "refs/heads/a..b",
                "refs/heads/../x",
                "refs/heads/-x",
                "refs/heads/a b",
                "refs/heads/a\0b",
                "refs/heads/a\nb",
                "refs/heads/a:b",
                "refs/heads/*",
                "refs/heads/a^",
                "refs/heads/a~1",
                "refs/heads/a?",
                "refs/heads/[a",
                "refs/heads/a\\b",
                "refs/heads/a@{1}",
                "refs/heads/.a",
                "refs/heads/a.lock",
                "refs/heads/a.lock/b",
                "refs/heads/a.",
                "refs/heads/a//b",
                "refs/heads/a/",
                "/refs/heads/a",
                "+refs/heads/a",
                "refs/heads/a\u{7f}",
            ],
        );
        check(RefName::branch, &["main", "a/b"], &["", "HEAD", "@", "-f", "a:b", "/a", "a b", &"x".repeat(300)]);
    }

    #[test]
    fn paths_stay_within_the_repository() {
        check(
            TreePath::new,
            &["a", "a/b c/é", "-x", ":(glob)*", "*", "a\nb", ".git/config", "..a", "a/...", "\\"],
            &["", "/", "/etc/passwd", "a//b", "a/", "..", "../a", "a/../b", "a/..", "./a", "a/.", "a\0b"],
        );
        check(TreePath::folder, &["", "a", "a/", "a/b/"], &["/", "//", "a//", "../", "/a"]);
    }

    #[test]
    fn repositories_are_two_plain_names() {
        check(
            |name| Repo::new("my-org", name),
            &["r", ".github", "a.b_c-d"],
            &["", ".", "..", "-r", "a/b", "a b", "é"],
        );
        check(|org| Repo::new(org, "r"), &["o"], &["", "..", "--x", "o/..", "a\0", &"x".repeat(101)]);
    }
}
