//! Who is asked to review a pull request. Permission: pull_requests.

use serde::Serialize;

use crate::call::Call;
use crate::client::Api;
use crate::error::{ApiError, ApiErrorKind};
use crate::lenient::has_login;
use crate::pulls::PullRequest;
use crate::repos::RepoName;

/// People by login and teams by slug, as the endpoint takes them.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Reviewers<'a> {
    reviewers: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    team_reviewers: Vec<&'a str>,
}

/// Names sorted by what they can be.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sorted<'a> {
    ask: Reviewers<'a>,
    /// Teams of another organisation, which GitHub cannot ask.
    foreign: Vec<&'a str>,
}

const REQUESTED: &str = "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers";

impl Api {
    /// Asks `names` for a review, and gives those that could not be asked. A name is a login, or `org/slug` for a team.
    ///
    /// Behaviour: Prow pkg/github, `RequestReview`. All at once; where GitHub refuses that with 422, which it does for
    /// one name that it does not like, one by one. A team of another organisation than the repository's is left out.
    ///
    /// # Errors
    /// [`ApiErrorKind::NotFound`] also where `number` is an issue. An error on the way leaves some asked.
    pub async fn request_review(
        &self,
        repo: &RepoName,
        number: u64,
        names: &[String],
    ) -> Result<Vec<String>, ApiError> {
        let sorted = sort(&repo.org, names);
        let mut left_out: Vec<String> = sorted.foreign.iter().map(|name| (*name).to_owned()).collect();
        if sorted.ask.is_empty() {
            return Ok(left_out);
        }
        match self.ask(repo, number, &sorted.ask).await {
            Err(error) if error.kind == ApiErrorKind::Unprocessable => {}
            result => return result.map(|()| left_out),
        }
        for name in names.iter().filter(|name| !sorted.foreign.contains(&name.as_str())) {
            match self.ask(repo, number, &sort(&repo.org, std::slice::from_ref(name)).ask).await {
                Err(error) if error.kind == ApiErrorKind::Unprocessable => left_out.push(name.clone()),
                result => result?,
            }
        }
        Ok(left_out)
    }

    /// Asks `names` no longer for a review; success for those who were not asked.
    ///
    /// # Errors
    /// [`ApiErrorKind::Other`] where GitHub goes on asking somebody.
    pub async fn unrequest_review(&self, repo: &RepoName, number: u64, names: &[String]) -> Result<(), ApiError> {
        let ask = sort(&repo.org, names).ask;
        if ask.is_empty() {
            return Ok(());
        }
        let call = Call::delete(REQUESTED, &[&repo.org, &repo.repo, &number.to_string()])?;
        let (method, path) = (call.method_name(), call.path.clone());
        let answer = self.send_and_look(call.with_body(&ask), "take a request for review back").await?;
        let Some(pull): Option<PullRequest> = answer else { return Ok(()) };
        let people = ask.reviewers.iter().filter(|login| has_login(&pull.requested_reviewers, login));
        let is_asked = |slug: &&&str| pull.requested_teams.iter().any(|team| team.slug.eq_ignore_ascii_case(slug));
        let kept: Vec<&str> = people.chain(ask.team_reviewers.iter().filter(is_asked)).copied().collect();
        if kept.is_empty() {
            return Ok(());
        }
        Err(ApiError::other(method, &path, format!("GitHub goes on asking {}", kept.join(", "))))
    }

    async fn ask(&self, repo: &RepoName, number: u64, whom: &Reviewers<'_>) -> Result<(), ApiError> {
        let call = Call::post(REQUESTED, &[&repo.org, &repo.repo, &number.to_string()])?;
        self.send(call.with_body(whom), "request a review").await
    }
}

impl Reviewers<'_> {
    fn is_empty(&self) -> bool {
        self.reviewers.is_empty() && self.team_reviewers.is_empty()
    }
}

fn sort<'a>(org: &str, names: &'a [String]) -> Sorted<'a> {
    let mut sorted = Sorted::default();
    for name in names {
        match name.split_once('/') {
            None => sorted.ask.reviewers.push(name),
            Some((of, slug)) if of.eq_ignore_ascii_case(org) && !slug.is_empty() => {
                sorted.ask.team_reviewers.push(slug);
            }
            Some(_) => sorted.foreign.push(name),
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teams_are_told_from_people() {
        let check = |names: &[&str], people: &[&str], teams: &[&str], foreign: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let want = Sorted {
                ask: Reviewers { reviewers: people.to_vec(), team_reviewers: teams.to_vec() },
                foreign: foreign.to_vec(),
            };
            assert_eq!(sort("my-org", &names), want, "{names:?}");
        };
        check(&["alice", "my-org/sig-a", "bob"], &["alice", "bob"], &["sig-a"], &[]);
        check(&["My-Org/sig-a"], &[], &["sig-a"], &[]);
        check(&["other/sig-a", "my-org/"], &[], &[], &["other/sig-a", "my-org/"]);
        check(&[], &[], &[], &[]);
    }
}
