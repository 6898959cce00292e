//! Pushing a branch.

use std::sync::Arc;

use crate::credentials::Access;
use crate::error::{Error, Result};
use crate::mirror::Mirror;
use crate::names::{RefName, Sha};
use crate::objects::need_commits;
use crate::said;

/// Without `force` the branch must not be there, or point to the commit already: the far side is told to compare, so that
/// nobody's work is lost who pushes at the same time. With `force` it is told to compare with what was there just before.
pub(crate) async fn push(mirror: &Arc<Mirror>, branch: &RefName, commit: &Sha, force: bool) -> Result<()> {
    need_commits(mirror, std::slice::from_ref(commit)).await?;
    let there = if force { look(mirror, branch).await? } else { None };
    if there.as_ref() == Some(commit) {
        return Ok(());
    }
    let expected = there.as_ref().map(Sha::as_str).unwrap_or_default();
    let lease = format!("--force-with-lease={}:{expected}", branch.as_str());
    let (url, refspec) = (mirror.url(), format!("{commit}:{}", branch.as_str()));
    let args = [
        "push",
        "--porcelain",
        "--no-verify",
        "--no-signed",
        "--no-follow-tags",
        "--recurse-submodules=no",
        &lease,
        "--end-of-options",
        &url,
        &refspec,
    ];
    let ran = mirror.remote(&args, Access::Write).await?;
    let output = String::from_utf8_lossy(&ran.output);
    match output.lines().find_map(|line| line.strip_prefix("!\t")) {
        _ if ran.status.success() => Ok(()),
        None => Err(said::remote("push", &ran.said)),
        Some(refusal) => Err(refused(branch, refusal, &ran.said)),
    }
}

/// What the far side has the branch point to.
async fn look(mirror: &Mirror, branch: &RefName) -> Result<Option<Sha>> {
    let url = mirror.url();
    let ran = mirror.remote(&["ls-remote", "--refs", "--end-of-options", &url, branch.as_str()], Access::Write).await?;
    if !ran.status.success() {
        return Err(said::remote("ls-remote", &ran.said));
    }
    // The pattern matches the end of a name too: `refs/heads/x` is found in `refs/heads/y/refs/heads/x`.
    let output = String::from_utf8_lossy(&ran.output);
    let found = output.lines().filter_map(|line| line.split_once('\t')).find(|(_, name)| *name == branch.as_str());
    found.map(|(sha, _)| Sha::new(sha)).transpose()
}

/// `<from>:<to>\t[rejected] (stale info)`, and the like.
fn refused(branch: &RefName, line: &str, said: &str) -> Error {
    let why = line.split_once('\t').map_or(line, |(_, why)| why);
    let name = branch.as_str();
    if why.starts_with("[remote rejected]") {
        let theirs: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("remote:")).map(str::trim).collect();
        Error::invalid(format!("{name} cannot be pushed: {why} {}", theirs.join(" ")).trim_end())
    } else {
        Error::Conflict(format!("{name} points elsewhere: {why}"))
    }
}
