//! What a newcomer is told. Behaviour: Prow pkg/plugins/trigger/pull-request.go, `welcomeMsg`.

use kit::{Actor, ActorKind, Repository, reply};

use crate::known::{Known, Question};
use crate::plan::{NEEDS_OK_TO_TEST, OK_TO_TEST};
use crate::trust::Rules;

/// For the author of a draft.
pub(crate) const DRAFT: &str = "This is a draft, so no tests start by themselves. They will once it is ready for \
    review; until then `/test all` starts them.";

/// The greeting of an author who is not trusted.
pub(crate) fn text(author: &Actor, rules: Rules<'_>, repo: &Repository, known: &Known) -> Result<String, Question> {
    let Rules { org, settings } = rules;
    let hello = format!("Hi @{}, thanks for your pull request!", author.login);
    let full_name = format!("{org}/{}", repo.ref_.name);
    if settings.ignore_ok_to_test {
        let text = format!(
            "{hello}\n\nPull requests from people without a trusted account cannot be marked as safe to test in \
             {full_name}. A collaborator of the repository can start their tests with `/test all`."
        );
        return Ok(reply::note(&text));
    }
    let mut members = format!("[{org}](https://github.com/orgs/{org}/people)");
    let second = &settings.trusted_org;
    if !second.is_empty() && second != org {
        members.push_str(&format!(" or [{second}](https://github.com/orgs/{second}/people)"));
    }
    let help = format!("https://go.k8s.io/bot-commands?repo={}", percent_encoded(&full_name));
    let invitation = invitation(author, rules, known)?;
    Ok(reply::note(&format!(
        "{hello}\n\nI wait for a member of {members} to see that this change is safe to test, and to comment \
         `/ok-to-test`. From then on each new commit is tested, and the commands in comments work for everyone here.\n\n\
         {invitation}\n\n\
         Until then the label `{NEEDS_OK_TO_TEST}` stays on; after that there is `{OK_TO_TEST}`. \
         All commands are described [here]({help})."
    )))
}

/// Who has had several changes merged is invited to join in so many words; who is new only learns how it is done.
fn invitation(author: &Actor, rules: Rules<'_>, known: &Known) -> Result<String, Question> {
    let settings = rules.settings;
    let join = match settings.join_org_url.as_str() {
        "" => format!("https://github.com/orgs/{}/people", rules.org),
        url => url.to_owned(),
    };
    let regular =
        format!("Regular contributors should [join the organisation]({join}), so that this step is not needed.");
    let prominent = &settings.org_invite.prominent;
    if prominent.disabled || matches!(author.kind, ActorKind::Bot | ActorKind::App) {
        return Ok(regular);
    }
    // With 0 everybody is invited, so there is nothing to search for.
    let enough = match prominent.merged_pr_threshold {
        0 => true,
        threshold => known.merged(&author.login)?.is_some_and(|merged| merged >= threshold),
    };
    Ok(match (enough, prominent.message.as_str()) {
        (false, _) => regular,
        (true, "") => format!(
            "**You have contributed here before: please [join the organisation]({join}).** Tests of your pull requests \
             then start by themselves."
        ),
        (true, message) => message.replace("{join_org_url}", &join),
    })
}

/// Everything but what RFC 3986 lets stand.
fn percent_encoded(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
