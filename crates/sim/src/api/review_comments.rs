//! Comments on lines of a change.

use std::sync::Arc;

use serde::Deserialize;

use crate::answer::{Refusal, Reply};
use crate::api::pulls::found;
use crate::call::Call;
use crate::facts::Facts;
use crate::hub::Hub;
use crate::page::list as page_of;
use crate::shapes::View;
use crate::world::ReviewComment;

/// A comment as it comes with a review.
#[derive(Deserialize)]
pub(super) struct Draft {
    path: String,
    position: Option<u64>,
    body: Option<String>,
}

pub(crate) fn list(hub: &Arc<Hub>, call: &Call) -> Reply {
    hub.read(|world| {
        let (issue, pull) = found(world, call)?;
        let (view, repo) = (View { world, base: hub.base() }, call.repo(world)?);
        let comments = pull.review_comments.iter().collect();
        Ok(page_of(call, hub.base(), comments, |comment| view.review_comment(repo, issue, comment)))
    })
}

/// The comment, if its line is in the patch. Ids are left 0.
///
/// # Errors
/// 422 in GitHub's words where the file is not changed or its patch has no such line.
pub(super) fn placed(draft: Draft, facts: Option<&Facts>) -> Result<ReviewComment, Refusal> {
    let refused = |what: &str| Refusal::unprocessable(&format!("Unprocessable Entity: \"{what}\""));
    let body = draft.body.filter(|body| !body.trim().is_empty()).ok_or_else(|| refused("Body can't be blank"))?;
    let mut files = facts.iter().flat_map(|facts| &facts.files);
    let file = files.find(|file| file.path == draft.path).ok_or_else(|| refused("Path could not be resolved"))?;
    let position = draft.position.ok_or_else(|| refused("Position is needed: lines are not resolved here"))?;
    let hunk = file.patch.as_deref().and_then(|patch| up_to(patch, position));
    Ok(ReviewComment {
        id: 0,
        review: 0,
        author: String::new(),
        body,
        path: draft.path,
        position,
        diff_hunk: hunk.ok_or_else(|| refused("Position could not be resolved"))?,
        commit_id: String::new(),
        created_at: crate::world::now(),
    })
}

/// The hunk that the position is in, cut after its line. Positions count every line of the patch below the first hunk's
/// header, later headers included.
fn up_to(patch: &str, position: u64) -> Option<String> {
    let lines: Vec<&str> = patch.lines().collect();
    let at = usize::try_from(position).ok().filter(|at| *at > 0 && *at < lines.len())?;
    let header = lines[..at].iter().rposition(|line| line.starts_with("@@")).unwrap_or(0);
    Some(lines[header..=at].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_from_the_first_hunk() {
        let patch = "@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n+z";
        let check = |position: u64, want: Option<&str>| {
            assert_eq!(up_to(patch, position).as_deref(), want, "{position}");
        };
        check(0, None);
        check(1, Some("@@ -1 +1 @@\n-a"));
        check(2, Some("@@ -1 +1 @@\n-a\n+b"));
        check(4, Some("@@ -9 +9 @@\n+z"));
        check(5, None);
    }
}
