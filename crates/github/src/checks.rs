//! Check runs. Permission: checks; only Apps may make one.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::Call;
use crate::client::Api;
use crate::error::ApiError;
use crate::lenient::null_is_empty;
use crate::repos::RepoName;

/// A check run of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckRun {
    /// Its id; a later run has a higher one.
    pub id: u64,
    /// What is checked.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// Once completed: `success`, `failure`, `neutral`, `cancelled`, `skipped`, `timed_out` or `action_required`.
    pub conclusion: Option<String>,
    /// The App that made it; `None` where the App is gone.
    pub app: Option<CheckApp>,
    /// What its maker knows it by.
    #[serde(deserialize_with = "null_is_empty")]
    pub external_id: String,
    /// Its page.
    #[serde(deserialize_with = "null_is_empty")]
    pub html_url: String,
}

/// The App behind a check run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckApp {
    /// Its name in URLs.
    #[serde(deserialize_with = "null_is_empty")]
    pub slug: String,
}

/// A completed run to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCheckRun {
    /// What is checked.
    pub name: String,
    /// The commit.
    pub head_sha: String,
    /// How it ended: as [`CheckRun::conclusion`].
    pub conclusion: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// Where the details are; left out where empty.
    pub details_url: String,
    /// By which [`Api::find_check_run`] finds it again; left out where empty.
    pub external_id: String,
}

#[derive(Deserialize)]
struct Page {
    check_runs: Vec<CheckRun>,
}

const OF_COMMIT: &str = "/repos/{owner}/{repo}/commits/{ref}/check-runs";
const NEW: &str = "/repos/{owner}/{repo}/check-runs";

impl Api {
    /// The newest check run of each name; `commit` is a SHA, a branch or a tag.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Unprocessable`] where there is no such commit.
    pub async fn list_check_runs(&self, repo: &RepoName, commit: &str) -> Result<Vec<CheckRun>, ApiError> {
        let call = Call::get(OF_COMMIT, &[&repo.org, &repo.repo, commit])?.with_query("filter", "latest");
        Ok(newest(self.check_run_pages(call).await?))
    }

    /// Makes a completed check run and gives its id. Made twice, there are two.
    ///
    /// # Errors
    /// [`crate::ApiErrorKind::Forbidden`] with a personal token; [`crate::ApiErrorKind::Unprocessable`] for a commit or
    /// conclusion that is none.
    pub async fn create_check_run(&self, repo: &RepoName, run: &NewCheckRun) -> Result<u64, ApiError> {
        let mut body = json!({
            "name": run.name, "head_sha": run.head_sha, "status": "completed", "conclusion": run.conclusion,
            "output": { "title": run.title, "summary": run.summary },
        });
        for (key, value) in [("details_url", &run.details_url), ("external_id", &run.external_id)] {
            if !value.is_empty() {
                body[key] = json!(value);
            }
        }
        let call = Call::post(NEW, &[&repo.org, &repo.repo])?.with_body(&body);
        Ok(self.send_for::<CheckRun>(call, "create a check run").await?.id)
    }

    /// The check run of that name and external id on a commit, the newest if there are several.
    ///
    /// # Errors
    /// As [`Api::list_check_runs`].
    pub async fn find_check_run(
        &self,
        repo: &RepoName,
        commit: &str,
        name: &str,
        external_id: &str,
    ) -> Result<Option<CheckRun>, ApiError> {
        let call = Call::get(OF_COMMIT, &[&repo.org, &repo.repo, commit])?;
        let runs = self.check_run_pages(call.with_query("check_name", name).with_query("filter", "all")).await?;
        Ok(runs.into_iter().filter(|run| run.external_id == external_id).max_by_key(|run| run.id))
    }

    async fn check_run_pages(&self, call: Call) -> Result<Vec<CheckRun>, ApiError> {
        Ok(self.pages::<Page>(call).await?.into_iter().flat_map(|page| page.check_runs).collect())
    }
}

/// GitHub's `latest` keeps one for each App and suite; the newest of a name counts here, in its first one's place.
fn newest(runs: Vec<CheckRun>) -> Vec<CheckRun> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut kept: Vec<CheckRun> = Vec::new();
    for run in runs {
        match places.get(&run.name) {
            Some(&place) if kept[place].id >= run.id => {}
            Some(&place) => kept[place] = run,
            None => {
                places.insert(run.name.clone(), kept.len());
                kept.push(run);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_a_name_is_kept() {
        let check = |runs: &[(&str, u64)], want: &[(&str, u64)]| {
            let of = |(name, id): &(&str, u64)| CheckRun { name: (*name).into(), id: *id, ..CheckRun::default() };
            let got = newest(runs.iter().map(of).collect());
            let got: Vec<(&str, u64)> = got.iter().map(|run| (run.name.as_str(), run.id)).collect();
            assert_eq!(got, want, "{runs:?}");
        };
        check(&[("a", 3), ("b", 2), ("a", 1)], &[("a", 3), ("b", 2)]);
        check(&[("a", 1), ("b", 2), ("a", 3)], &[("a", 3), ("b", 2)]);
        check(&[], &[]);
    }
}
