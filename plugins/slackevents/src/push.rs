//! Pushes that nobody is exempt for.

use kit::prow::settings::MergeWarning;

/// What is known of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Push<'a> {
    /// `refs/heads/…` or `refs/tags/…`.
    pub git_ref: &'a str,
    /// The name that pushed; with a deploy key it is no login.
    pub pusher: &'a str,
    /// Who caused the event; empty for nobody.
    pub sender: &'a str,
    /// The branch is new.
    pub created: bool,
    /// The branch is gone.
    pub deleted: bool,
    /// The branch leads elsewhere now.
    pub forced: bool,
    /// Where GitHub shows the difference.
    pub compare_url: &'a str,
    /// How many commits the payload lists.
    pub commits: usize,
}

impl Push<'_> {
    fn branch(&self) -> &str {
        kit::prow::push::branch(self.git_ref)
    }
}

/// What the entry's channels are told; nothing where pusher or sender is exempt.
pub fn warning(push: &Push<'_>, entry: &MergeWarning) -> Option<String> {
    let of_branch = entry.exempt_branches.get(push.branch()).into_iter().flatten();
    let mut exempt = entry.exempt_users.iter().chain(of_branch);
    if exempt.any(|login| same(login, push.pusher) || same(login, push.sender)) {
        return None;
    }
    let (branch, commits) = (push.branch(), push.commits);
    let what = match (push.created, push.deleted, push.forced) {
        (true, _, _) => format!("pushed a new branch ({branch})"),
        (_, true, _) => format!("deleted a branch ({branch})"),
        (_, _, true) => format!("*force* merged {commits} commit(s) into {branch}"),
        _ => format!("manually merged {commits} commit(s) into {branch}"),
    };
    Some(format!("*Warning:* {0} (<@{0}>) {what}: {1}", push.sender, push.compare_url))
}

/// As GitHub compares logins. An `@` before one is a habit, and allowed.
fn same(one: &str, other: &str) -> bool {
    let bare = |login: &str| login.strip_prefix('@').unwrap_or(login).to_ascii_lowercase();
    !other.is_empty() && bare(one) == bare(other)
}
