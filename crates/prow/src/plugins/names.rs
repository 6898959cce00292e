//! The plugins that Prow has, and what their blocks are called.

/// The plugins that Prow has compiled in. A module of such a name may do without a component, as it may come with the
/// host.
pub const PROW_PLUGINS: [&str; 52] = [
    "approve",
    "assign",
    "blockade",
    "blunderbuss",
    "branchcleaner",
    "bugzilla",
    "buildifier",
    "cat",
    "cherry-pick-approved",
    "cherry-pick-unapproved",
    "cla",
    "config-updater",
    "dco",
    "dog",
    "golint",
    "goose",
    "heart",
    "help",
    "hold",
    "invalidcommitmsg",
    "issue-management",
    "jira",
    "label",
    "lgtm",
    "lifecycle",
    "merge-method-comment",
    "mergecommitblocker",
    "milestone",
    "milestoneapplier",
    "milestonestatus",
    "override",
    "owners-label",
    "pony",
    "project",
    "project-manager",
    "release-note",
    "require-matching-label",
    "retitle",
    "rifle",
    "shrug",
    "sigmention",
    "size",
    "skip",
    "slackevents",
    "stage",
    "testfreeze",
    "trick-or-treat",
    "trigger",
    "verify-owners",
    "welcome",
    "wip",
    "yuks",
];

/// Plugins whose block is not named like them with `_` for `-`.
const BLOCKS: [(&str, &str); 9] = [
    ("trigger", "triggers"),
    ("branchcleaner", "branch_cleaner"),
    ("blockade", "blockades"),
    ("invalidcommitmsg", "invalid_commit_msg"),
    ("milestone", "repo_milestone"),
    ("milestonestatus", "repo_milestone"),
    ("milestoneapplier", "milestone_applier"),
    ("project", "project_config"),
    ("slackevents", "slack"),
];

/// Blocks that are lists of entries with `repos`, of which the first that names the repository counts, else the first
/// that names its org.
pub(super) const BLOCKS_BY_REPO: [&str; 2] = ["invalid_commit_msg", "welcome"];

/// The key of a plugin's block.
pub(super) fn block_of(plugin: &str) -> String {
    let renamed = BLOCKS.into_iter().find(|(name, _)| *name == plugin).map(|(_, block)| block.to_owned());
    renamed.unwrap_or_else(|| plugin.replace('-', "_"))
}
