//! What a push leads to. Behaviour: Prow pkg/plugins/trigger/push.go.

use kit::job_config::Postsubmit;
use kit::prow;
use kit::{ClientAgent, Failure, Outcome, PushEvent, job_config, prowjobs_write};

use crate::in_repo;

/// The branch or tag that was pushed; `None` if it is gone, or was never there.
pub fn pushed(push: &PushEvent) -> Option<&str> {
    let is_gone = prow::push::is_deletion(push.deleted, &push.after);
    (!is_gone).then(|| prow::push::branch(&push.ref_))
}

/// The postsubmits that a push starts, of those that `matched` has for the branch or tag; nothing is asked where nothing
/// was pushed.
///
/// # Errors
/// Those of `matched`.
pub fn due<E>(
    push: &PushEvent,
    matched: impl FnOnce(&str) -> Result<Vec<Postsubmit>, E>,
) -> Result<Vec<Postsubmit>, E> {
    let Some(name) = pushed(push) else { return Ok(Vec::new()) };
    let mut postsubmits = matched(name)?;
    postsubmits.retain(|job| job.should_run);
    Ok(postsubmits)
}

/// Starts the postsubmits of what was pushed. Nobody's trust is asked: who can push can change the jobs as well.
///
/// Where Prow stops at the first job that cannot be started, here the others start all the same.
pub(crate) fn handle(push: &PushEvent, agent: &ClientAgent) -> Result<Outcome, Failure> {
    let due = due(push, |name| {
        let central = job_config::postsubmits(agent, name, &push.changed_files)?;
        let own = job_config::in_repo_postsubmits(agent, name, &push.changed_files);
        Ok::<_, Failure>(in_repo::beside(central, own))
    })?;
    if due.is_empty() {
        let why = pushed(push).map(|name| format!("no postsubmit is due on {name}"));
        return Ok(kit::ignored(why.unwrap_or_else(|| "the push deleted its branch".to_owned())));
    }
    let mut errors = Vec::new();
    for job in &due {
        if let Err(error) = prowjobs_write::create_postsubmit(agent, job.id, &[]) {
            errors.push(format!("start {}: {}", job.name, Failure::from(error).message));
        }
    }
    kit::failures(&errors)?;
    let names: Vec<&str> = due.iter().map(|job| job.name.as_str()).collect();
    Ok(kit::done(format!("starts {}", names.join(", "))))
}
