//! Who is trusted to start tests.
//!
//! Behaviour: Prow pkg/plugins/trigger, `TrustedUser` and `TrustedPullRequest`. Reads of GitHub are asked for one at a
//! time, in order, so that none is made that the outcome does not hang on.

/// Who may be trusted, and by which rules of the repository.
#[derive(Debug, Clone, Copy)]
pub struct TrustQuestion<'a> {
    /// The login in question, as the payload spells it.
    pub login: &'a str,
    /// Our own login; a trailing `[bot]` (App authentication) makes no difference.
    pub bot_login: &'a str,
    /// The organisation or user that owns the repository.
    pub org: &'a str,
    /// Collaborators are not enough.
    pub only_org_members: bool,
    /// Apps that are trusted, without `[bot]`.
    pub trusted_apps: &'a [String],
    /// A second organisation whose members are trusted; empty for none.
    pub trusted_org: &'a str,
}

/// What is known of the login so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TrustFacts {
    /// Is a member of `org`.
    pub org_member: Option<bool>,
    /// Is a collaborator on the repository.
    pub collaborator: Option<bool>,
    /// Is a member of `trusted_org`.
    pub trusted_org_member: Option<bool>,
}

/// The answer, or the one fact that it still hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Find out whether the login is a member of `org`, and ask again.
    AskOrgMember,
    /// Find out whether the login is a collaborator on the repository, and ask again.
    AskCollaborator,
    /// Find out whether the login is a member of `trusted_org`, and ask again.
    AskTrustedOrgMember,
    /// May start tests.
    Trusted,
    /// May not, and why.
    Untrusted(Untrusted),
}

/// Why a login is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untrusted {
    /// Being a collaborator would have done; false with `only_org_members`.
    pub collaborators_count: bool,
    /// Being a member of the second organisation would have done.
    pub trusted_org_counts: bool,
}

/// Decides whether the login is trusted: the bot itself, members, collaborators, trusted apps, members of the trusted
/// organisation, in this order.
pub fn trust_user(question: &TrustQuestion<'_>, facts: TrustFacts) -> Trust {
    if is_bot(question.login, question.bot_login) {
        return Trust::Trusted;
    }
    match facts.org_member {
        None => return Trust::AskOrgMember,
        Some(true) => return Trust::Trusted,
        Some(false) => {}
    }
    if !question.only_org_members {
        match facts.collaborator {
            None => return Trust::AskCollaborator,
            Some(true) => return Trust::Trusted,
            Some(false) => {}
        }
    }
    // The suffix is what only GitHub can give: a person may well be called like the app.
    let app = question.login.strip_suffix("[bot]");
    if app.is_some_and(|app| question.trusted_apps.iter().any(|trusted| trusted == app)) {
        return Trust::Trusted;
    }
    let trusted_org_counts = !question.trusted_org.is_empty() && question.trusted_org != question.org;
    if trusted_org_counts {
        match facts.trusted_org_member {
            None => return Trust::AskTrustedOrgMember,
            Some(true) => return Trust::Trusted,
            Some(false) => {}
        }
    }
    Trust::Untrusted(Untrusted { collaborators_count: !question.only_org_members, trusted_org_counts })
}

/// Whether `login` is our own account: equal, or equal but for the `[bot]` that payloads add under App authentication.
/// Not the other way round: a person may be called like our app.
pub fn is_bot(login: &str, bot_login: &str) -> bool {
    login == bot_login || login.strip_suffix("[bot]") == Some(bot_login)
}

/// Whether the pull request carries `ok-to-test`, which makes it trusted whoever wrote it. `needs-ok-to-test` takes
/// nothing away.
pub fn labels_make_trusted<'a>(labels: impl IntoIterator<Item = &'a str>) -> bool {
    has_label(labels, "ok-to-test")
}

/// Whether `wanted` is among `labels`; GitHub's labels ignore case.
pub fn has_label<'a>(labels: impl IntoIterator<Item = &'a str>, wanted: &str) -> bool {
    let wanted = wanted.to_lowercase();
    labels.into_iter().any(|label| label.to_lowercase() == wanted)
}
