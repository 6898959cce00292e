//! Merging, without a work tree.

use std::sync::Arc;

use prow::sections::tide::MergeMethod;

use crate::error::{Error, Result};
use crate::mirror::Mirror;
use crate::names::Sha;
use crate::objects::need_commits;
use crate::pick::{Committer, Pick, made_up, put_on, write};
use crate::said;

/// How many commits are rebased: each of them takes several processes.
const MAX_REBASED: usize = 250;

/// Whether one commit merges into another, or several do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergeCheck {
    /// The tree of the merge (a commit, where nothing was to be merged); `None` where there are conflicts.
    pub tree: Option<Sha>,
    /// The paths in conflict.
    pub conflicts: Vec<String>,
}

pub(crate) async fn check(mirror: &Arc<Mirror>, base: &Sha, head: &Sha) -> Result<MergeCheck> {
    need_commits(mirror, &[base.clone(), head.clone()]).await?;
    merge(mirror, base, head).await
}

/// Merges two commits that the mirror has.
pub(crate) async fn merge(mirror: &Mirror, ours: &Sha, theirs: &Sha) -> Result<MergeCheck> {
    let args = ["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours.as_str(), theirs.as_str()];
    let ran = mirror.local(&args, &[], mirror.shared.limits.list_bytes).await?;
    let output = String::from_utf8_lossy(&ran.output);
    let mut words = output.split_terminator('\0');
    let tree = words.next().map(Sha::new);
    match (ran.status.code(), tree) {
        (Some(0), Some(Ok(tree))) => Ok(MergeCheck { tree: Some(tree), conflicts: Vec::new() }),
        (Some(1), Some(Ok(_))) => Ok(MergeCheck { tree: None, conflicts: words.map(str::to_owned).collect() }),
        _ if ran.said.contains("unrelated histories") => {
            Err(Error::invalid(format!("{ours} and {theirs} have no commit in common")))
        }
        _ => Err(said::local("merge-tree", &ran.said)),
    }
}

/// Brings commits into another, one after the other, as far as there is no conflict. Behaviour: Prow pkg/git/v2,
/// `MergeAndCheckout`.
pub(crate) async fn merge_all(
    mirror: &Arc<Mirror>,
    base: &Sha,
    heads: &[Sha],
    method: MergeMethod,
) -> Result<MergeCheck> {
    let all: Vec<Sha> = [base].into_iter().chain(heads).cloned().collect();
    need_commits(mirror, &all).await?;
    let mut ours = base.clone();
    let mut merged = MergeCheck { tree: Some(ours.clone()), conflicts: Vec::new() };
    for (at, head) in heads.iter().enumerate() {
        merged = match method {
            MergeMethod::Merge | MergeMethod::Squash => merge(mirror, &ours, head).await?,
            MergeMethod::Rebase => rebase(mirror, &ours, head).await?,
        };
        let Some(tree) = &merged.tree else { break };
        // The next one needs a commit to be merged into. A squashed one has forgotten where it is from.
        let parents: &[&Sha] = match method {
            MergeMethod::Rebase => {
                ours = tree.clone();
                continue;
            }
            _ if at + 1 == heads.len() => continue,
            MergeMethod::Merge => &[&ours, head],
            MergeMethod::Squash => &[&ours],
        };
        ours = write(mirror, &made_up(tree, parents)).await?;
    }
    Ok(merged)
}

/// Puts the commits of `theirs` on top of `ours`, without merges and without those that are there already, as `git rebase`
/// does. The tree of the answer is the last of the new commits.
async fn rebase(mirror: &Mirror, ours: &Sha, theirs: &Sha) -> Result<MergeCheck> {
    let (range, count) = (format!("{ours}...{theirs}"), format!("--max-count={}", MAX_REBASED + 1));
    let which = ["rev-list", "--reverse", "--topo-order", "--no-merges", "--cherry-pick", "--right-only"];
    let args: Vec<&str> = which.into_iter().chain([&*count, "--end-of-options", &*range]).collect();
    let output = mirror.output(&args, &[], mirror.shared.limits.list_bytes).await?;
    let commits = String::from_utf8_lossy(&output).lines().map(Sha::new).collect::<Result<Vec<Sha>>>()?;
    if commits.len() > MAX_REBASED {
        return Err(Error::invalid(format!("{theirs} has over {MAX_REBASED} commits to rebase")));
    }
    Ok(match put_on(mirror, ours, &commits, "", &Committer::nobody()).await? {
        Pick::Picked(tip) => MergeCheck { tree: Some(tip), conflicts: Vec::new() },
        Pick::Conflicts(conflicts) => MergeCheck { tree: None, conflicts },
    })
}

pub(crate) async fn has_merges(mirror: &Arc<Mirror>, base: &Sha, head: &Sha) -> Result<bool> {
    need_commits(mirror, &[base.clone(), head.clone()]).await?;
    let range = format!("{base}..{head}");
    let output =
        mirror.output(&["rev-list", "--merges", "--max-count=1", "--end-of-options", &range], &[], 1 << 12).await?;
    Ok(!output.is_empty())
}
