//! The `push` event.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::lenient::or_default;

/// What a `push` event says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PushEvent {
    /// `refs/heads/…` or `refs/tags/…`.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// The commit that the ref named before; 40 zeros for a new one.
    pub before: String,
    /// The commit that it names now; 40 zeros for a deleted one.
    pub after: String,
    /// The ref is new.
    #[serde(default, deserialize_with = "or_default")]
    pub created: bool,
    /// The ref is gone.
    #[serde(default, deserialize_with = "or_default")]
    pub deleted: bool,
    /// `before` is no ancestor of `after`.
    #[serde(default, deserialize_with = "or_default")]
    pub forced: bool,
    /// The page that shows the difference.
    #[serde(default, deserialize_with = "or_default", rename = "compare")]
    pub compare_url: String,
    /// The commits, oldest first. GitHub caps the list.
    #[serde(default, deserialize_with = "or_default")]
    pub commits: Vec<PushCommit>,
    /// The newest commit.
    #[serde(default)]
    pub head_commit: Option<PushCommit>,
    /// The name of who pushed.
    #[serde(default, deserialize_with = "pusher_name")]
    pub pusher: String,
}

/// One commit of a push.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PushCommit {
    /// The commit, 40 hexadecimal digits.
    pub id: String,
    /// The whole commit message.
    #[serde(default, deserialize_with = "or_default")]
    pub message: String,
    /// Paths that it added.
    #[serde(default, deserialize_with = "or_default")]
    pub added: Vec<String>,
    /// Paths that it removed.
    #[serde(default, deserialize_with = "or_default")]
    pub removed: Vec<String>,
    /// Paths that it changed.
    #[serde(default, deserialize_with = "or_default")]
    pub modified: Vec<String>,
}

impl PushEvent {
    /// The branch or tag without `refs/heads/` or `refs/tags/`, which is what job config's branch selectors see.
    pub fn branch(&self) -> &str {
        branch(&self.git_ref)
    }

    /// The paths that the payload's commits added, removed or changed, each once, sorted.
    pub fn changed_files(&self) -> Vec<String> {
        let paths = self.commits.iter().flat_map(|commit| [&commit.added, &commit.removed, &commit.modified]);
        paths.flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Nothing was pushed that a job could run on: the ref was deleted, or names no commit.
    pub fn is_deletion(&self) -> bool {
        is_deletion(self.deleted, &self.after)
    }

    /// The commit that a job may run on: 40 hexadecimal digits. Anything else that a sender puts there is none; an empty
    /// one would stand for whatever the branch is at by then.
    pub fn commit(&self) -> Option<&str> {
        let is_commit = self.after.len() == 40 && self.after.bytes().all(|digit| digit.is_ascii_hexdigit());
        Some(self.after.as_str()).filter(|_| is_commit && !self.is_deletion())
    }
}

/// A ref without `refs/heads/` or `refs/tags/`.
pub fn branch(git_ref: &str) -> &str {
    let name = git_ref.strip_prefix("refs/heads/");
    name.or_else(|| git_ref.strip_prefix("refs/tags/")).unwrap_or(git_ref)
}

/// Whether a push left nothing that a job could run on: the ref was `deleted`, or names no commit `after` it.
pub fn is_deletion(deleted: bool, after: &str) -> bool {
    deleted || after.bytes().all(|digit| digit == b'0')
}

fn pusher_name<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    struct Pusher {
        #[serde(default)]
        name: Option<String>,
    }
    Ok(Option::<Pusher>::deserialize(from)?.and_then(|pusher| pusher.name).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(git_ref: &str, after: &str, deleted: bool) -> PushEvent {
        let json = serde_json::json!({
            "ref": git_ref, "before": "1", "after": after, "deleted": deleted,
            "commits": [
                {"id": "1", "added": ["b", "a"], "removed": ["c"], "modified": null},
                {"id": "2", "modified": ["a", "d"]},
            ],
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_branch_with_a_slash_keeps_it() {
        assert_eq!(push("refs/heads/release/v1", "1", false).branch(), "release/v1");
        assert_eq!(push("refs/tags/v1", "1", false).branch(), "v1");
    }

    #[test]
    fn changed_files_are_the_union_over_the_commits() {
        assert_eq!(push("refs/heads/m", "1", false).changed_files(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn case_58_a_deleted_branch_and_a_zero_sha_are_nothing_to_run_on() {
        assert!(push("refs/heads/m", "1", true).is_deletion());
        assert!(push("refs/heads/m", &"0".repeat(40), false).is_deletion());
        assert!(push("refs/heads/m", "", false).is_deletion());
        assert!(!push("refs/heads/m", "10", false).is_deletion());
    }

    #[test]
    fn a_commit_is_40_hexadecimal_digits() {
        let commit = "0a".repeat(20);
        for (after, deleted, want) in [
            (commit.as_str(), false, true),
            (&commit, true, false),
            (&commit[1..], false, false),
            (&format!("{commit}0"), false, false),
            ("", false, false),
            ("main", false, false),
            (&"0".repeat(40), false, false),
            (&"-".repeat(40), false, false),
        ] {
            let push = push("refs/heads/m", after, deleted);
            assert_eq!(push.commit(), want.then_some(after), "{after:?}, deleted: {deleted}");
        }
    }
}
