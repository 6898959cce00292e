//! Protected branches.

use std::sync::Arc;

use http::StatusCode;

use crate::answer::{Answer, Refusal, Reply};
use crate::api::checks::newest_first;
use crate::api::statuses::latest;
use crate::call::Call;
use crate::hub::Hub;
use crate::shapes::View;
use crate::world::{Conclusion, Repo, StatusState};

pub(crate) fn get(hub: &Arc<Hub>, call: &Call) -> Reply {
    let branch = call.param("branch");
    if hub.git.tip(&call.repo_key(), branch).is_none() {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "Branch not found"));
    }
    hub.read(|world| {
        let repo = call.repo(world)?;
        let open = || Refusal::new(StatusCode::NOT_FOUND, "Branch not protected");
        let contexts = repo.protected.get(branch).ok_or_else(open)?;
        Ok(Answer::ok(&View { world, base: hub.base() }.protection(repo, branch, contexts)))
    })
}

/// The first context that a merge of the commit into the branch still waits for. A check run counts by its name.
pub(super) fn missing<'a>(repo: &'a Repo, branch: &str, sha: &str) -> Option<&'a String> {
    let statuses = latest(repo, sha);
    let runs = newest_first(repo, sha, false);
    let green = |context: &str| {
        let by_status = statuses.iter().any(|one| one.context == context && one.state == StatusState::Success);
        let good = [Some(Conclusion::Success), Some(Conclusion::Neutral), Some(Conclusion::Skipped)];
        by_status || runs.iter().any(|run| run.name == context && good.contains(&run.conclusion))
    };
    repo.protected.get(branch)?.iter().find(|context| !green(context))
}
