//! Whether an account may start tests, asked through [`Known`].

use kit::prow::settings::TriggerSettings;
use kit::prow::trust::{Trust, TrustFacts, TrustQuestion, Untrusted, trust_user};

use crate::known::{Known, Question};

/// Whose rules count.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// The owner of the repository.
    pub(crate) org: &'a str,
    /// For this repository.
    pub(crate) settings: &'a TriggerSettings,
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
