//! Whether an account or a pull request may start tests, asked through [`Known`].

use kit::prow::settings::TriggerSettings;
use kit::prow::trust::{Trust, TrustFacts, TrustQuestion, Untrusted, trust_user};
use kit::{PullRequest, has_label};

use crate::known::{Known, Question};
use crate::plan::OK_TO_TEST;

/// Whose rules count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// The owner of the repository.
    pub(crate) org: &'a str,
    /// For this repository.
    pub(crate) settings: &'a TriggerSettings,
}

/// What the label [`OK_TO_TEST`] says of a pull request's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label<'a> {
    /// It is not there.
    Missing,
    /// The head may be tested.
    Counts,
    /// It was given for this head, and the pull request has another.
    For(&'a str),
}

/// `Err` inside `Ok` says why not.
pub(crate) fn user(login: &str, rules: Rules<'_>, known: &Known) -> Result<Result<(), Untrusted>, Question> {
    let Rules { org, settings } = rules;
    let question = TrustQuestion {
        login,
        bot_login: known.bot_login()?,
        org,
        only_org_members: settings.only_org_members,
        trusted_apps: &settings.trusted_apps,
        trusted_org: &settings.trusted_org,
    };
    let member = |org: &str| known.members.get(&(org.to_owned(), login.to_owned())).copied();
    let facts = TrustFacts {
        org_member: member(org),
        collaborator: known.collaborators.get(login).copied(),
        trusted_org_member: member(&settings.trusted_org),
    };
    let ask_member = |org: &str| Err(Question::Member { org: org.to_owned(), login: login.to_owned() });
    match trust_user(&question, facts) {
        Trust::AskOrgMember => ask_member(org),
        Trust::AskTrustedOrgMember => ask_member(&settings.trusted_org),
        Trust::AskCollaborator => Err(Question::Collaborator(login.to_owned())),
        Trust::Trusted => Ok(Ok(())),
        Trust::Untrusted(why) => Ok(Err(why)),
    }
}

/// Why `login` is not trusted, in words.
pub(crate) fn why_not(login: &str, rules: Rules<'_>, why: Untrusted) -> String {
    let mut lacks = vec![format!("no member of {}", rules.org)];
    if why.collaborators_count {
        lacks.push("no collaborator".to_owned());
    }
    if why.trusted_org_counts {
        lacks.push(format!("no member of {}", rules.settings.trusted_org));
    }
    format!("{login} is {}", lacks.join(", "))
}

/// Looks at the label, and where a push can end its meaning, at which head it was given for. Both are of `pr`: labels and
/// head have to be of one moment.
pub(crate) fn label<'a>(pr: &PullRequest, rules: Rules<'_>, known: &'a Known) -> Result<Label<'a>, Question> {
    if !has_label(&pr.labels, OK_TO_TEST) {
        return Ok(Label::Missing);
    }
    if !rules.settings.ok_to_test_expires_on_push {
        return Ok(Label::Counts);
    }
    Ok(match known.vouched()? {
        Some(head) if head != pr.head.sha => Label::For(head),
        Some(_) | None => Label::Counts,
    })
}
