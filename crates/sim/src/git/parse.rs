//! What git prints, read into our own forms.

use super::{Commit, FileChange, TreeEntry};

pub(super) fn parse_commit(record: &str) -> Option<Commit> {
    let fields: Vec<&str> = record.splitn(10, '\u{1f}').collect();
    let [sha, tree, parents, an, ae, at, cn, ce, ct, message] = fields[..] else { return None };
    let who = |name: &str, email: &str, at: &str| (name.to_owned(), email.to_owned(), utc(at));
    Some(Commit {
        sha: sha.to_owned(),
        tree: tree.to_owned(),
        parents: parents.split_whitespace().map(str::to_owned).collect(),
        author: who(an, ae, at),
        committer: who(cn, ce, ct),
        message: message.trim_end().to_owned(),
    })
}

fn utc(time: &str) -> String {
    time.parse::<jiff::Timestamp>().map_or_else(|_| time.to_owned(), |time| time.to_string())
}

pub(super) fn parse_raw(raw: &[u8]) -> Vec<FileChange> {
    let text = String::from_utf8_lossy(raw);
    let mut fields = text.split('\0');
    let mut changes = Vec::new();
    while let Some(head) = fields.next().filter(|head| head.starts_with(':')) {
        let words: Vec<&str> = head.split(' ').collect();
        let [_, _, old, new, letter] = words[..] else { break };
        let path = fields.next().unwrap_or_default().to_owned();
        let (status, path, previous) = match letter.as_bytes().first() {
            Some(b'A') => ("added", path, None),
            Some(b'D') => ("removed", path, None),
            Some(b'R') => ("renamed", fields.next().unwrap_or_default().to_owned(), Some(path)),
            _ => ("modified", path, None),
        };
        let blob = if status == "removed" { old } else { new }.to_owned();
        changes.push(FileChange { status, path, previous, blob, additions: 0, deletions: 0, patch: None });
    }
    changes
}

pub(super) fn parse_numstat(raw: &[u8]) -> Vec<(String, u64, u64)> {
    let text = String::from_utf8_lossy(raw);
    let mut fields = text.split('\0');
    let mut rows = Vec::new();
    while let Some(row) = fields.next().filter(|row| !row.is_empty()) {
        let cells: Vec<&str> = row.splitn(3, '\t').collect();
        let [added, removed, path] = cells[..] else { break };
        // A rename leaves the path empty here and gives the old and the new one after it.
        let path = if path.is_empty() { fields.nth(1).unwrap_or_default() } else { path };
        rows.push((path.to_owned(), added.parse().unwrap_or(0), removed.parse().unwrap_or(0)));
    }
    rows
}

/// The hunks of each file in turn, as GitHub's `patch` has them.
pub(super) fn split_patch(patch: &str) -> Vec<Option<String>> {
    let files = format!("\n{patch}");
    let hunks = |file: &str| file.find("\n@@").map(|at| file[at + 1..].trim_end_matches('\n').to_owned());
    files.split("\ndiff --git ").skip(1).map(hunks).collect()
}

pub(super) fn parse_tree_entry(line: &str) -> Option<TreeEntry> {
    let (meta, path) = line.split_once('\t')?;
    let words: Vec<&str> = meta.split_whitespace().collect();
    let [mode, kind, sha, size] = words[..] else { return None };
    Some(TreeEntry {
        mode: mode.to_owned(),
        kind: kind.to_owned(),
        sha: sha.to_owned(),
        size: size.parse().unwrap_or(0),
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_take_both_paths() {
        let raw = ":100644 100644 aaa bbb R090\0old.txt\0new.txt\0:100644 000000 ccc 000 D\0gone.txt\0";
        let changes = parse_raw(raw.as_bytes());
        let shown: Vec<_> =
            changes.iter().map(|c| (c.status, c.path.as_str(), c.previous.as_deref(), c.blob.as_str())).collect();
        assert_eq!(shown, [("renamed", "new.txt", Some("old.txt"), "bbb"), ("removed", "gone.txt", None, "ccc")]);
        let counts = parse_numstat(b"1\t2\t\0old.txt\0new.txt\0-\t-\tbinary\0");
        assert_eq!(counts, [("new.txt".to_owned(), 1, 2), ("binary".to_owned(), 0, 0)]);
    }

    #[test]
    fn a_patch_is_cut_at_its_files() {
        let patch = "diff --git a/x b/x\nindex 1..2\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\ndiff --git a/bin b/bin\nBinary files differ\n";
        assert_eq!(split_patch(patch), [Some("@@ -1 +1 @@\n-a\n+b".to_owned()), None]);
    }
}
