//! Fetching: one at a time in a mirror, and whoever wants the same thing waits for that one.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use sha2::{Digest as _, Sha256};

use crate::credentials::Access;
use crate::error::{Error, Result};
use crate::keep;
use crate::mirror::Mirror;
use crate::names::{Sha, Wanted};
use crate::objects::{Kind, look_up, need_commits};
use crate::said;

/// A fetch that several may wait for. It goes on if none of them does any more: what it brings will be asked for again.
pub(crate) type Pending = Shared<BoxFuture<'static, Result<Sha>>>;

/// Brings a ref, or a commit if the mirror lacks it.
pub(crate) async fn bring(mirror: &Arc<Mirror>, wanted: &Wanted) -> Result<Sha> {
    match wanted {
        Wanted::Ref(_) => fetch(mirror, wanted).await,
        Wanted::Object(sha) => need_commits(mirror, std::slice::from_ref(sha)).await.map(|()| sha.clone()),
    }
}

/// Fetches a ref, as it is now or later, or an object. Of those who ask for the same while it has not begun, one does it.
pub(crate) async fn fetch(mirror: &Arc<Mirror>, wanted: &Wanted) -> Result<Sha> {
    let pending = {
        let mut all = mirror.pending.lock().expect("nothing panics while it looks for a fetch");
        match all.get(wanted) {
            Some(pending) => pending.clone(),
            None => {
                let task = tokio::spawn(turn(Arc::clone(mirror), wanted.clone()));
                let pending = async { task.await.unwrap_or_else(|error| Err(Error::other(error.to_string()))) };
                let pending = pending.boxed().shared();
                all.insert(wanted.clone(), pending.clone());
                pending
            }
        }
    };
    pending.await
}

async fn turn(mirror: Arc<Mirror>, wanted: Wanted) -> Result<Sha> {
    let fetched = {
        let _writing = mirror.refs.lock().await;
        let forget = Forget { mirror: &mirror, wanted: &wanted };
        match &wanted {
            // From here on a ref may have moved since the far side told of it: who asks now must wait for the next one.
            Wanted::Ref(_) => {
                drop(forget);
                now(&mirror, &wanted).await
            }
            Wanted::Object(_) => now(&mirror, &wanted).await,
        }
    };
    if fetched.is_ok() {
        keep::tidy(&mirror);
    }
    fetched
}

/// Takes a fetch off the list, however it ends.
struct Forget<'a> {
    mirror: &'a Mirror,
    wanted: &'a Wanted,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.mirror.pending.lock().expect("nothing panics while it looks for a fetch").remove(self.wanted);
    }
}

/// The fetch itself; the caller holds the right to write refs.
async fn now(mirror: &Mirror, wanted: &Wanted) -> Result<Sha> {
    let (source, target) = match wanted {
        Wanted::Object(sha) => {
            // It may have come with what was fetched while this one waited.
            if look_up(mirror, std::slice::from_ref(sha)).await?[0].is_some() {
                return Ok(sha.clone());
            }
            (sha.as_str(), keep::ref_of(sha))
        }
        // Not by its own name: a branch `a` that is gone would stand in the way of a branch `a/b`.
        Wanted::Ref(name) => {
            (name.as_str(), format!("refs/far/{}", hex::encode(&Sha256::digest(name.as_str().as_bytes())[..20])))
        }
    };
    let refspec = format!("+{source}:{target}");
    let url = mirror.url();
    let args = [
        "fetch",
        "--quiet",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        "--no-show-forced-updates",
        "--end-of-options",
        &url,
        &refspec,
    ];
    let mut ran = mirror.remote(&args, Access::Read).await?;
    if !ran.status.success() && keep::freed(mirror, &ran.said)? {
        ran = mirror.remote(&args, Access::Read).await?;
    }
    if !ran.status.success() {
        return Err(said::remote("fetch", &ran.said));
    }
    tracing::debug!(repo = %mirror.repo, what = source, "fetched");
    let sha = match wanted {
        Wanted::Object(sha) => sha.clone(),
        Wanted::Ref(name) => {
            let commit = format!("{target}^{{commit}}");
            let ran = mirror.local(&["rev-parse", "--verify", "--end-of-options", &commit], &[], 1 << 12).await?;
            let said = String::from_utf8_lossy(&ran.output);
            // rev-parse prints the option too in some releases: the commit is the last line.
            match said.lines().last().map(Sha::new) {
                Some(Ok(sha)) if ran.status.success() => sha,
                _ if ran.said.contains("expected commit type") => {
                    return Err(Error::not_found(format!("{} is no commit", name.as_str())));
                }
                _ => return Err(said::local("rev-parse", &ran.said)),
            }
        }
    };
    match look_up(mirror, std::slice::from_ref(&sha)).await?[0] {
        Some(Kind::Commit | Kind::Tree | Kind::Tag | Kind::Blob) => Ok(sha),
        None => Err(Error::Damaged(format!("{sha} was fetched and is not there"))),
    }
}
