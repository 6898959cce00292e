//! Who is trusted to start tests.
//!
//! Behaviour: Prow pkg/plugins/trigger, `TrustedUser` and `TrustedPullRequest`. Reads of GitHub are asked for one at a
//! time, in order, so that none is made that the outcome does not hang on.

/// Who may be trusted, and by which rules of the repository.
#[derive(Debug, Clone, Copy)]
pub struct TrustQuestion<'a> {
    /// The login in question, as the payload spells it.
    pub login: &'a str,
    /// Our own account, as GitHub shows it.
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
    if question.login == question.bot_login {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What GitHub would say of the login.
    #[derive(Clone, Copy, Default)]
    struct World {
        org_member: bool,
        collaborator: bool,
        trusted_org_member: bool,
    }

    fn question(login: &str) -> TrustQuestion<'_> {
        TrustQuestion {
            login,
            bot_login: "k8s-bot",
            org: "org",
            only_org_members: false,
            trusted_apps: &[],
            trusted_org: "",
        }
    }

    /// Asks until there is an answer, as a plugin does; what was asked comes first.
    fn answer(question: &TrustQuestion<'_>, world: World) -> (Vec<Trust>, Trust) {
        let mut facts = TrustFacts::default();
        let mut asked = Vec::new();
        loop {
            let trust = trust_user(question, facts);
            match trust {
                Trust::AskOrgMember => facts.org_member = Some(world.org_member),
                Trust::AskCollaborator => facts.collaborator = Some(world.collaborator),
                Trust::AskTrustedOrgMember => facts.trusted_org_member = Some(world.trusted_org_member),
                Trust::Trusted | Trust::Untrusted(_) => return (asked, trust),
            }
            asked.push(trust);
        }
    }

    #[track_caller]
    fn check(question: TrustQuestion<'_>, world: World, asked: &[Trust], trusted: bool) {
        let (found, trust) = answer(&question, world);
        assert_eq!((found.as_slice(), trust == Trust::Trusted), (asked, trusted), "{question:?}");
    }

    use Trust::{AskCollaborator, AskOrgMember, AskTrustedOrgMember};

    #[test]
    fn the_bot_is_trusted_unasked() {
        check(question("k8s-bot"), World::default(), &[], true);
        // An App of the same name is another account, and so is a person who is called like our App.
        check(question("k8s-bot[bot]"), World::default(), &[AskOrgMember, AskCollaborator], false);
        let ours = |login| TrustQuestion { bot_login: "ours[bot]", ..question(login) };
        check(ours("ours[bot]"), World::default(), &[], true);
        check(ours("ours"), World::default(), &[AskOrgMember, AskCollaborator], false);
    }

    #[test]
    fn a_member_is_trusted_at_the_first_question() {
        let world = World { org_member: true, ..World::default() };
        check(question("t"), world, &[AskOrgMember], true);
    }

    #[test]
    fn case_60_collaborators() {
        let world = World { collaborator: true, ..World::default() };
        check(question("u"), world, &[AskOrgMember, AskCollaborator], true);
        check(TrustQuestion { only_org_members: true, ..question("u") }, world, &[AskOrgMember], false);
    }

    #[test]
    fn case_61_trusted_apps() {
        let apps = ["app".to_owned()];
        let asked = [AskOrgMember, AskCollaborator];
        let with_app = |login| TrustQuestion { trusted_apps: &apps, ..question(login) };
        check(with_app("app[bot]"), World::default(), &asked, true);
        check(with_app("app"), World::default(), &asked, false);
        check(with_app("app[bot]suffix"), World::default(), &asked, false);
        check(with_app("App[bot]"), World::default(), &asked, false);
        check(with_app("other[bot]"), World::default(), &asked, false);
    }

    #[test]
    fn members_of_the_trusted_org() {
        let world = World { trusted_org_member: true, ..World::default() };
        let with_org = |trusted_org| TrustQuestion { trusted_org, ..question("u") };
        check(with_org("kubernetes"), world, &[AskOrgMember, AskCollaborator, AskTrustedOrgMember], true);
        check(with_org("kubernetes"), World::default(), &[AskOrgMember, AskCollaborator, AskTrustedOrgMember], false);
        // The same org is not asked twice.
        check(with_org("org"), world, &[AskOrgMember, AskCollaborator], false);
    }

    #[test]
    fn the_reason_says_what_would_have_done() {
        let reason = |question: &TrustQuestion<'_>| match answer(question, World::default()).1 {
            Trust::Untrusted(why) => (why.collaborators_count, why.trusted_org_counts),
            other => panic!("{other:?}"),
        };
        assert_eq!(reason(&question("u")), (true, false));
        assert_eq!(reason(&TrustQuestion { only_org_members: true, ..question("u") }), (false, false));
        assert_eq!(reason(&TrustQuestion { trusted_org: "k", ..question("u") }), (true, true));
    }

    #[test]
    fn the_label_makes_trusted_whatever_its_case() {
        assert!(labels_make_trusted(["bug", "OK-to-Test"]));
        assert!(labels_make_trusted(["needs-ok-to-test", "ok-to-test"]));
        assert!(!labels_make_trusted(["needs-ok-to-test"]));
        assert!(!labels_make_trusted([]));
    }
}
