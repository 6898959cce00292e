//! What is to be done on a pull request, from all that is known of it. Behaviour: Prow pkg/plugins/approve/approve.go,
//! `handle`.

use std::collections::BTreeSet;

use kit::github_pull_requests_read::HistoryEntry;
use kit::prow::settings::ApproveSettings;
use kit::{Change, CommentId, PullRequest, Renewal, RepoRef, has_label};

use crate::approvals::{Approval, Approvals, Thread, approvals};
use crate::approvers::{Changed, Group, Required};
use crate::issue;
use crate::notification::{self, Folder, Issue, Links, Standing};
use crate::suggest::{Asking, suggest};

/// What merges wait for.
pub const APPROVED: &str = "approved";

/// What is known.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Where.
    pub repo: RepoRef,
    /// For that repository.
    pub settings: ApproveSettings,
    /// Who we are.
    pub bot: String,
    /// The pull request as it is now.
    pub pr: PullRequest,
    /// What was said on it.
    pub thread: Thread,
    /// Its files, and what governs them.
    pub files: Changed,
    /// What OWNERS files are called in the repository.
    pub owners_file: String,
    /// Whether the label that it has was put on by another than us; absent while nobody has looked.
    pub labelled_by_hand: Option<bool>,
}

/// The decision hangs on who put the label on, which costs a look at the whole history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhoLabelled;

/// One thing to be done. One that fails keeps no other from being done, but for a comment: what it replaces stays then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The new notification.
    Comment(String),
    /// An earlier one is outdated.
    Delete(CommentId),
    /// Put [`APPROVED`] on.
    AddLabel,
    /// Take [`APPROVED`] off.
    RemoveLabel,
}

/// Effects in their order, and one sentence for the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a plan does nothing until it is applied"]
pub struct Plan {
    /// What is to be done.
    pub effects: Vec<Effect>,
    /// How things stand.
    pub said: String,
}

/// Decides; the error says that `labelled_by_hand` has to be known.
///
/// # Errors
/// See there.
pub fn decide(facts: &Facts) -> Result<Plan, WhoLabelled> {
    let Facts { settings, pr, .. } = facts;
    let approvals = approvals(&facts.thread, pr, &facts.bot, settings);
    let required = Required::of(&facts.files);
    let approved: BTreeSet<String> = approvals.keys().cloned().collect();
    let files_approved = required.is_approved(&approved);
    let waived: Vec<&Approval> = waived(&approvals, &required);
    let named = if settings.issue_required { issue::referenced(&pr.body, &facts.repo.org) } else { None };
    let has_issue = !settings.issue_required || named.is_some() || !waived.is_empty();
    let met = files_approved && has_issue;

    let is_labelled = has_label(&pr.labels, APPROVED);
    let by_hand = !met && is_labelled && facts.labelled_by_hand.ok_or(WhoLabelled)?;

    let assignees = pr.assignees.iter().map(|login| login.to_lowercase()).collect();
    let author = pr.author.login.to_lowercase();
    let asking = Asking { number: pr.number, author: &author, approved: &approved, assignees: &assignees };
    let standing = Standing {
        met,
        files_approved,
        by_hand,
        approvals: &approvals,
        suggestions: suggest(&required, &asking),
        issue: match named {
            _ if !settings.issue_required => Issue::NotRequired,
            Some(number) => Issue::Named(number),
            None if !waived.is_empty() => Issue::Waived(waived),
            None if by_hand => Issue::ByHand,
            None => Issue::Missing,
        },
        folders: folders(&required, &approved, &approvals),
    };
    let mut effects = notify(facts, &standing);
    match (met || by_hand, is_labelled) {
        (true, false) => effects.push(Effect::AddLabel),
        (false, true) => effects.push(Effect::RemoveLabel),
        (true, true) | (false, false) => {}
    }
    Ok(Plan { effects, said: said(&standing) })
}

/// Whether the label was last put on by another than us. Another automation counts as a hand; an account that is gone does
/// not, for that may have been ours.
pub fn was_by_hand(history: &[HistoryEntry], bot: &str) -> bool {
    let is_ours = |label: &Option<String>| label.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(APPROVED));
    let last = history.iter().rfind(|entry| entry.kind == "labeled" && is_ours(&entry.label));
    last.is_some_and(|entry| entry.actor.as_ref().is_some_and(|actor| actor.login != bot))
}

/// Who says that no issue is needed, and has a say here.
fn waived<'a>(approvals: &'a Approvals, required: &Required) -> Vec<&'a Approval> {
    let waiving = approvals.iter().filter(|(login, approval)| approval.no_issue && required.has_say(login));
    waiving.map(|(_, approval)| approval).collect()
}

fn folders<'a>(required: &'a Required, approved: &BTreeSet<String>, approvals: &'a Approvals) -> Vec<Folder<'a>> {
    let folder = |groups: &'a [Group]| {
        let may = |login: &String| groups.iter().any(|group| group.approvers.contains(login));
        let by = approvals.iter().filter(|(login, _)| may(login)).map(|(_, approval)| approval.login.as_str());
        Folder {
            path: &groups[0].folder,
            approved: groups.iter().all(|group| group.is_approved(approved)),
            by: by.collect(),
        }
    };
    required.groups().chunk_by(|one, next| one.folder == next.folder).map(folder).collect()
}

/// Nothing where the newest notification says it already, but that older ones go; else a new one comes that people
/// are told of, and then all others go.
fn notify(facts: &Facts, standing: &Standing<'_>) -> Vec<Effect> {
    let links = Links {
        repo: (&facts.repo.org, &facts.repo.name),
        commands: &facts.settings.command_help_link,
        process: &facts.settings.pr_process_link,
        owners_file: &facts.owners_file,
        pr: &facts.pr,
    };
    let text = notification::text(standing, &links);
    let earlier = notification::earlier(&facts.thread.comments, &facts.bot);
    let effect = |change| match change {
        Change::Delete(comment) => Effect::Delete(comment),
        Change::Create(text) => Effect::Comment(text),
        Change::Edit(..) => unreachable!("a notification is written anew"),
    };
    kit::upserted(&earlier, &text, Renewal::Anew).into_iter().map(effect).collect()
}

fn said(standing: &Standing<'_>) -> String {
    if standing.met {
        return "approved".to_owned();
    }
    if standing.by_hand {
        return "approved by hand".to_owned();
    }
    let open: Vec<&str> = standing.folders.iter().filter(|folder| !folder.approved).map(|folder| folder.path).collect();
    match open.as_slice() {
        [] if standing.files_approved => "not approved: it names no issue".to_owned(),
        [] => "not approved: it changes no file".to_owned(),
        open => format!("not approved: {} folders lack approval", open.len()),
    }
}
