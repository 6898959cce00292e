//! What source a ProwJob is made for. Pure. Which repository that is, and so what is cloned, follows from the agent's
//! repository and from where GitHub's pages are, and from nothing that a payload says: whoever holds one repository's key
//! may write any URL into one.

use prow::push::PushEvent;
use prow::refs::{Pull, Refs};

use crate::contract::types::{PullRequest, RepoRef};

/// A pull request on its base. `web` is the base of GitHub's pages. Behaviour: Prow pkg/pjutil, `createRefs`.
pub(super) fn of_pull(web: &str, repo: &RepoRef, pr: &PullRequest, base_sha: &str) -> Refs {
    let link = page(web, repo);
    let pull = Pull {
        number: u64::from(pr.number),
        author: pr.author.login.clone(),
        sha: pr.head.sha.clone(),
        title: pr.title.clone(),
        head_ref: pr.head.name.clone(),
        link: format!("{link}/pull/{}", pr.number),
        commit_link: format!("{link}/pull/{}/commits/{}", pr.number, pr.head.sha),
        author_link: format!("{web}/{}", pr.author.login),
        ..Pull::default()
    };
    Refs {
        org: repo.org.clone(),
        repo: repo.name.clone(),
        base_ref: pr.base.name.clone(),
        base_sha: base_sha.to_owned(),
        base_link: format!("{link}/commit/{base_sha}"),
        repo_link: link,
        pulls: vec![pull],
        ..Refs::default()
    }
}

/// What was pushed; nothing where the push names no commit (an empty one would be whatever the branch is at by then).
/// Behaviour: Prow pkg/plugins/trigger/push.go, `createRefs`.
pub(super) fn of_push(web: &str, repo: &RepoRef, push: &PushEvent) -> Option<Refs> {
    let link = page(web, repo);
    let commit = push.commit()?;
    let compared = push.compare_url.starts_with(&format!("{link}/compare/"));
    Some(Refs {
        org: repo.org.clone(),
        repo: repo.name.clone(),
        base_ref: push.branch().to_owned(),
        base_sha: commit.to_owned(),
        base_link: if compared { push.compare_url.clone() } else { format!("{link}/commit/{commit}") },
        repo_link: link,
        ..Refs::default()
    })
}

fn page(web: &str, repo: &RepoRef) -> String {
    format!("{web}/{}/{}", repo.org, repo.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "https://ghe.example.com";

    fn pushed(after: &str, compare: &str) -> Option<Refs> {
        let event = serde_json::json!({ "ref": "refs/heads/main", "before": "1", "after": after, "compare": compare });
        let repo = RepoRef { org: "org".into(), name: "a".into() };
        of_push(WEB, &repo, &serde_json::from_value(event).unwrap())
    }

    #[test]
    fn what_is_cloned_follows_from_the_repository_and_from_no_url_in_the_payload() {
        let commit = "0a".repeat(20);
        for (compare, want) in [
            ("https://ghe.example.com/org/a/compare/1...2", "https://ghe.example.com/org/a/compare/1...2"),
            ("https://ghe.example.com/org/B/compare/1...2", &format!("https://ghe.example.com/org/a/commit/{commit}")),
            ("javascript:alert(1)", &format!("https://ghe.example.com/org/a/commit/{commit}")),
        ] {
            let refs = pushed(&commit, compare).unwrap();
            assert_eq!(refs.clone_address(), "https://ghe.example.com/org/a.git");
            assert_eq!((refs.base_sha.as_str(), refs.base_link.as_str()), (commit.as_str(), want));
        }
    }

    #[test]
    fn a_push_that_names_no_commit_is_nothing_to_run_on() {
        for after in ["", "main", "0000000000000000000000000000000000000000", "--upload-pack=x"] {
            assert_eq!(pushed(after, ""), None, "{after:?}");
        }
    }
}
