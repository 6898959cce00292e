//! Finds out what a decision needs.

use kit::prow::settings::ApproveSettings;
use kit::{
    ApiError, ClientAgent, Conversation as _, Failure, IssueRef, PullRequests, RepoRef,
    github_pull_requests_read as pulls, owners,
};

use crate::approvals::Thread;
use crate::approvers::{Changed, with_the_unlisted};
use crate::decide::{APPROVED, Facts, was_by_hand};

/// Nine calls at the most, and more only for long lists. The pull request is read anew also where the event has it: its
/// labels and its base branch may be others by now.
pub(crate) fn facts(
    agent: &ClientAgent,
    repo: &RepoRef,
    number: IssueRef,
    bot: String,
    settings: ApproveSettings,
) -> Result<Facts, Failure> {
    let pr = pulls::get_pull_request(agent, number)?;
    let files = files(agent, number, &pr.base.name)?;
    let owners_file = owners::filenames(agent)?.owners;
    let thread = Thread {
        comments: PullRequests::comments(agent, number)?,
        review_comments: pulls::list_review_comments(agent, number)?.into_iter().map(|comment| comment.text).collect(),
        reviews: pulls::list_reviews(agent, number)?,
    };
    Ok(Facts { repo: repo.clone(), settings, bot, pr, thread, files, owners_file, labelled_by_hand: None })
}

/// Who is no collaborator does not come, unless `owners.skip_collaborators` says so.
fn files(agent: &ClientAgent, number: IssueRef, branch: &str) -> Result<Changed, ApiError> {
    let paths = with_the_unlisted(pulls::list_changed_files(agent, number)?);
    if paths.is_empty() {
        return Ok(Changed::default());
    }
    let groups = kit::owners_of(agent, branch, &paths)?;
    Ok(Changed { paths, groups })
}

/// Whether the label was last put on by another than us. Where the history cannot be read, it was not.
pub(crate) fn labelled_by_hand(agent: &ClientAgent, number: IssueRef, bot: &str) -> bool {
    match pulls::list_history(agent, number) {
        Ok(history) => was_by_hand(&history, bot),
        Err(error) => {
            kit::warn(format_args!("who put {APPROVED} on is unknown: {}", Failure::from(error).message));
            false
        }
    }
}
