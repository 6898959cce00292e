//! One commit.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, Reply};
use crate::call::Call;
use crate::hub::Hub;
use crate::shapes::View;

/// The tree without entries.
const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    let (repo, name) = (call.repo_key(), call.param("ref"));
    let sha = resolve(hub, &repo, name)?;
    let commit = hub.git.show(&repo, &sha)?;
    let files = hub.git.diff(&repo, commit.parents.first().map_or(EMPTY_TREE, String::as_str), &sha)?;
    hub.read(|world| {
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let mut shown = view.commit(repo, &commit);
        let (added, removed) = files.iter().fold((0, 0), |(a, d), file| (a + file.additions, d + file.deletions));
        shown["stats"] = json!({ "additions": added, "deletions": removed, "total": added + removed });
        let files: Vec<Value> = files.iter().map(|file| view.changed_file(repo, &sha, file)).collect();
        shown["files"] = json!(files);
        Ok(Answer::ok(&shown))
    })
}

/// The commit that a sha, branch or tag names, or GitHub's words for its absence.
pub(super) fn resolve(hub: &Hub, repo: &str, name: &str) -> Result<String, Refusal> {
    let absent = || Refusal::unprocessable(&format!("No commit found for SHA: {name}"));
    hub.git.resolve(repo, name).ok_or_else(absent)
}
