//! What git's garbage collection must leave alone, and when it runs.
//!
//! Objects that were fetched by their name or made here have a ref, filed by the day: `refs/kept/20260101/<sha>`. After a
//! month the ref goes, and with it, at the next collection, what nothing else names.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::leftovers;
use crate::mirror::Mirror;
use crate::names::Sha;
use crate::said;

/// How long an object is kept for its name's sake.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// How many packs a mirror may have before they are made one; each fetch adds one.
const MAX_PACKS: usize = 50;

/// The ref that keeps an object from today on.
pub(crate) fn ref_of(sha: &Sha) -> String {
    format!("refs/kept/{}/{sha}", day(Timestamp::now()))
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y%m%d").to_string()
}

/// Keeps a commit that was made here.
pub(crate) async fn keep(mirror: &Mirror, sha: &Sha) -> Result<()> {
    let name = ref_of(sha);
    let args = ["update-ref", "--end-of-options", &name, sha.as_str()];
    let _writing = mirror.refs.lock().await;
    let mut ran = mirror.local(&args, &[], 1 << 12).await?;
    if !ran.status.success() && freed(mirror, &ran.said)? {
        ran = mirror.local(&args, &[], 1 << 12).await?;
    }
    if ran.status.success() { Ok(()) } else { Err(said::local("update-ref", &ran.said)) }
}

/// Whether a command that writes refs failed for a lock file, and may be tried again now that it is gone. The caller
/// holds the right to write refs: whoever made that lock was killed.
pub(crate) fn freed(mirror: &Mirror, said: &str) -> Result<bool> {
    if !(said.contains(".lock") && said.contains("File exists")) {
        return Ok(false);
    }
    tracing::warn!(repo = %mirror.repo, "a killed command left a lock, which is removed");
    leftovers::locks(&mirror.folder).map_err(|e| Error::local("a mirror's locks cannot be removed", &e))?;
    Ok(true)
}

/// Makes one pack of many, beside the work that goes on. Those who read do not notice.
pub(crate) fn tidy(mirror: &Arc<Mirror>) {
    let packs = std::fs::read_dir(mirror.folder.join("objects/pack")).map(|entries| {
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "pack")).count()
    });
    if packs.is_ok_and(|packs| packs > MAX_PACKS) {
        let mirror = Arc::clone(mirror);
        tokio::spawn(async move {
            let Ok(_only_one) = mirror.tidying.try_lock() else { return };
            if let Err(error) = collect(&mirror, Timestamp::now()).await {
                tracing::warn!(repo = %mirror.repo, %error, "a mirror could not be tidied up");
            }
        });
    }
}

async fn collect(mirror: &Mirror, now: Timestamp) -> Result<()> {
    {
        let _writing = mirror.refs.lock().await;
        forget(mirror, now).await?;
        mirror.output(&["pack-refs", "--all", "--prune"], &[], 1 << 12).await?;
    }
    mirror.collect_garbage().await
}

/// Removes the refs that have had their time.
async fn forget(mirror: &Mirror, now: Timestamp) -> Result<()> {
    let oldest = day(now.checked_sub(KEPT).unwrap_or(Timestamp::MIN));
    let args = ["for-each-ref", "--format=%(refname)", "refs/kept/"];
    let names = mirror.output(&args, &[], mirror.shared.limits.list_bytes).await?;
    let names = String::from_utf8_lossy(&names);
    let is_old = |name: &&str| name.split('/').nth(2).is_some_and(|day| day < oldest.as_str());
    let commands: String = names.lines().filter(is_old).map(|name| format!("delete {name}\n")).collect();
    if commands.is_empty() {
        return Ok(());
    }
    mirror.output(&["update-ref", "--stdin"], commands.as_bytes(), 1 << 12).await.map(drop)
}
