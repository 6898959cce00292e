//! What the plugin writes, and how it finds that again.

/// To the author.
pub(crate) const OWN: &str = "nobody can put the LGTM label on a pull request of their own.";
/// Where collaborators may.
pub(crate) const NOT_COLLABORATOR: &str = "only collaborators of this repository can change the LGTM label.";
/// Where OWNERS say who may.
pub(crate) const NOT_OWNER: &str =
    "only approvers and reviewers of a file that this pull request changes, by its OWNERS, can change the LGTM label.";

/// After new commits.
pub const NOTICE: &str = "What was pushed differs from what was reviewed. LGTM label has been removed.";
/// In our notice and in Prow's, which goes with ours where this host took over from Prow.
const IN_NOTICE: &str = "LGTM label has been removed.";

/// In place of a record that somebody changed. GitHub keeps the text from before, with who changed it.
pub(crate) const VOID: &str = "A record of the files that were reviewed stood here. It was edited, and counts no more.";

const RECORD: &str = "LGTM label has been added.  <details>Git tree hash: ";
const RECORD_END: &str = "</details>";

/// The comment that keeps which files were reviewed. Its form is Prow's, so that each host can read the other's.
pub fn record(tree: &str) -> String {
    format!("{RECORD}{tree}{RECORD_END}")
}

/// The tree that a comment of the bot's keeps, if it is such a record.
///
/// A record begins its comment. Prow looks for it anywhere in the text, and so believes a tree that a stranger wrote into
/// a command and that a reply then quotes.
pub fn recorded(body: &str) -> Option<&str> {
    let (tree, _) = body.lines().next()?.strip_prefix(RECORD)?.rsplit_once(RECORD_END)?;
    let is_hash = !tree.is_empty() && tree.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then_some(tree)
}

/// Whether a comment of the bot's says that the label was removed. Only its first line is the bot's own for certain:
/// below it a reply quotes.
pub fn is_notice(body: &str) -> bool {
    body.lines().next().is_some_and(|line| line.contains(IN_NOTICE))
}
