//! What new commits lead to: the label goes, unless it may stay. Behaviour: Prow pkg/plugins/lgtm/lgtm.go,
//! `handlePullRequest`.

use kit::prow::settings::LgtmSettings;
use kit::{PullRequestEvent, has_label};

use crate::known::{Known, Question};
use crate::messages;
use crate::plan::{Effect, LGTM, Plan};

/// An event of a pull request.
#[derive(Debug, Clone, Copy)]
pub struct Happening<'a> {
    /// GitHub's action.
    pub action: &'a str,
    /// What happened.
    pub event: &'a PullRequestEvent,
    /// For this repository.
    pub settings: &'a LgtmSettings,
}

/// Decides; an error is the question that the decision still hangs on.
pub fn decide(happening: &Happening<'_>, known: &Known) -> Result<Plan, Question> {
    let pr = &happening.event.pull_request;
    let settings = happening.settings;
    if happening.action != "synchronize" || pr.merged {
        return Ok(Plan::nothing("no new commits on a pull request that is not merged"));
    }
    if !has_label(known.labels()?, LGTM) {
        return Ok(Plan::nothing("there is no lgtm to lose"));
    }
    if known.is_in_team(&settings.trusted_team_for_sticky_lgtm, &pr.author.login)? {
        return Ok(Plan::nothing("on this author's pull requests lgtm stays"));
    }
    if settings.store_tree_hash && has_reviewed_files(happening.event, known)? {
        return Ok(Plan::nothing("the files are those that were reviewed"));
    }
    let mut plan = Plan::of(Effect::RemoveLabel, "removes lgtm: there are new commits");
    plan.add(Effect::Comment(messages::NOTICE.to_owned()));
    if settings.store_tree_hash {
        plan.request_review(&pr.assignees, &pr.author.login);
    }
    Ok(plan)
}

/// Whether both heads, the one before the push and the one after, have the files of our newest record.
///
/// Prow looks at the new one alone. But a record is made of the head at the moment of the label, and who pushes between
/// `/lgtm` and that moment would have their own push recorded, and then found unchanged.
fn has_reviewed_files(event: &PullRequestEvent, known: &Known) -> Result<bool, Question> {
    let bot = known.bot_login()?;
    let own = kit::written_by(known.comments()?, bot).rev();
    let Some(reviewed) = own.filter_map(|comment| messages::recorded(&comment.body)).next() else {
        return Ok(false);
    };
    for head in [Some(&event.pull_request.head.sha), event.before.as_ref()].into_iter().flatten() {
        if known.tree(head)? != Some(reviewed) {
            return Ok(false);
        }
    }
    Ok(true)
}
