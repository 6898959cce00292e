//! Jobs that repositories define themselves: what a task was told of them, and what a ProwJob of theirs is made of.
//!
//! A task notes the commits that it asked about, on its second run as on its first, and the numbers that it was answered:
//! a number stands for a job at these commits. The jobs themselves follow from the commits and are not in the journal.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use ::git::{InRepoError, Repo};
use prow::create::JobFacts;
use prow::event::EventBody;
use prow::in_repo::OwnJobs;
use prow::postsubmit::Postsubmit;
use prow::presubmit::Presubmit;
use serde::Serialize;

use super::git::git_fault;
use crate::contract::types::{ApiError, ErrorKind, PullRequest, RepoRef};
use crate::guest::TaskFacts;
use crate::journal::Fault;

/// The first number of such a job. Those of config.yaml count from 0 on.
const FIRST: u32 = 1 << 31;

/// How many faults of one set of files are told.
const MAX_FAULTS: usize = 10;

/// The commits that a repository's own jobs are of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Commits {
    pub(super) repo: RepoRef,
    pub(super) base: String,
    pub(super) heads: Vec<String>,
}

/// One list of jobs that a task has asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Presubmits,
    Postsubmits,
}

/// What a task was told of. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    jobs: Arc<HashMap<u32, OwnJob>>,
}

/// A job by its place in a list.
#[derive(Debug, Clone)]
pub(super) struct OwnJob {
    commits: Arc<Commits>,
    which: Which,
    place: usize,
}

impl Told {
    /// The number that the first job of the next list has.
    pub(super) fn next(&self) -> u32 {
        FIRST.saturating_add(u32::try_from(self.jobs.len()).unwrap_or(u32::MAX))
    }

    /// Notes the numbers of a list's jobs, in their order.
    pub(super) fn note(&mut self, commits: &Commits, which: Which, ids: impl Iterator<Item = u32>) {
        let commits = Arc::new(commits.clone());
        let job = |place| OwnJob { commits: Arc::clone(&commits), which, place };
        Arc::make_mut(&mut self.jobs).extend(ids.enumerate().map(|(place, id)| (id, job(place))));
    }

    /// The job of this number; none if it is one of config.yaml's.
    ///
    /// # Errors
    /// It is neither.
    pub(super) fn find(&self, repo: &RepoRef, which: Which, id: u32) -> Result<Option<OwnJob>, Fault> {
        if id < FIRST {
            return Ok(None);
        }
        let known = self.jobs.get(&id).filter(|job| job.commits.repo == *repo && job.which == which);
        known.cloned().map(Some).ok_or_else(|| unknown(id))
    }
}

fn unknown(id: u32) -> Fault {
    Fault::answer(ErrorKind::NotFound, format!("this repository has no job number {id}"))
}

impl OwnJob {
    /// Refuses other commits than those that the job is of: what was merged to find it is what it runs on.
    fn check_commits(&self, base: &str, head: &str) -> Result<(), Fault> {
        if self.commits.base == base && self.commits.heads == [head] {
            return Ok(());
        }
        let Commits { base: of, heads, .. } = &*self.commits;
        let message = format!(
            "the repository defines this job itself, and at {of} with {}: at {base} with {head} ask for its jobs again",
            heads.join(", ")
        );
        Err(Fault::answer(ErrorKind::Invalid, message))
    }
}

/// A job that was found: in config.yaml, or in its repository.
pub(super) enum Found<'a, T> {
    Central(&'a T),
    Own(Arc<OwnJobs>, usize, fn(&OwnJobs) -> &[T]),
}

impl<T> Deref for Found<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Central(job) => job,
            // Checked when it was found.
            Self::Own(jobs, place, list) => &list(jobs)[*place],
        }
    }
}

/// The jobs that the repository may define at these commits; none where it may define none.
///
/// # Errors
/// There are no such commits, or no jobs can be had at them.
pub(super) async fn at(
    facts: &TaskFacts,
    repo: &RepoRef,
    commits: Result<&Commits, &ApiError>,
) -> Result<Arc<OwnJobs>, Fault> {
    let commits = commits.map_err(|none| Fault::Answer(none.clone()))?;
    if enabled(facts, repo) { read(facts, commits).await } else { Ok(Arc::default()) }
}

/// The jobs at these commits; the configuration is the task's.
async fn read(facts: &TaskFacts, commits: &Commits) -> Result<Arc<OwnJobs>, Fault> {
    let repo = Repo::new(&commits.repo.org, &commits.repo.name).map_err(git_fault)?;
    let jobs = facts.clients.in_repo.jobs(&facts.loaded, &repo, &commits.base, &commits.heads).await;
    jobs.map_err(in_repo_fault)
}

/// Whether the repository may define jobs.
pub(super) fn enabled(facts: &TaskFacts, repo: &RepoRef) -> bool {
    facts.loaded.config.core.in_repo_config.enabled(&repo.org, &repo.name)
}

fn in_repo_fault(error: InRepoError) -> Fault {
    match error {
        InRepoError::Git(error) => git_fault(error),
        InRepoError::Conflict(_) => Fault::answer(ErrorKind::Conflict, error.to_string()),
        InRepoError::Wrong(wrong) => {
            let told: Vec<String> = wrong.faults.iter().take(MAX_FAULTS).map(ToString::to_string).collect();
            let left = wrong.faults.len() - told.len();
            let left = if left > 0 { format!("\nand {left} more") } else { String::new() };
            Fault::answer(ErrorKind::Invalid, told.join("\n") + &left)
        }
    }
}

/// A presubmit by its number.
pub(super) async fn presubmit<'a>(
    facts: &'a TaskFacts,
    repo: &RepoRef,
    own: Option<OwnJob>,
    id: u32,
) -> Result<Found<'a, Presubmit>, Fault> {
    let central = facts.loaded.config.presubmits(&repo.org, &repo.name);
    found(facts, central, own, id, |jobs| &jobs.presubmits).await
}

/// What a presubmit's ProwJob is made of, for these commits.
pub(super) async fn presubmit_of(
    facts: &TaskFacts,
    repo: &RepoRef,
    own: Result<Option<OwnJob>, Fault>,
    id: u32,
    (base_sha, pr): (&str, &PullRequest),
) -> Result<JobFacts, Fault> {
    let own = own?;
    if let Some(own) = &own {
        own.check_commits(base_sha, &pr.head.sha)?;
    }
    Ok(JobFacts::from(&*presubmit(facts, repo, own, id).await?))
}

/// What a postsubmit's ProwJob is made of.
pub(super) async fn postsubmit(
    facts: &TaskFacts,
    repo: &RepoRef,
    own: Result<Option<OwnJob>, Fault>,
    id: u32,
) -> Result<JobFacts, Fault> {
    let central = facts.loaded.config.postsubmits(&repo.org, &repo.name);
    let found: Found<'_, Postsubmit> = found(facts, central, own?, id, |jobs| &jobs.postsubmits).await?;
    Ok(JobFacts::from(&*found))
}

async fn found<'a, T>(
    facts: &TaskFacts,
    central: &'a [T],
    own: Option<OwnJob>,
    id: u32,
    list: fn(&OwnJobs) -> &[T],
) -> Result<Found<'a, T>, Fault> {
    let Some(OwnJob { commits, place, .. }) = own else {
        let job = usize::try_from(id).ok().and_then(|id| central.get(id));
        return job.map(Found::Central).ok_or_else(|| unknown(id));
    };
    let jobs = read(facts, &commits).await?;
    if place < list(&jobs).len() { Ok(Found::Own(jobs, place, list)) } else { Err(unknown(id)) }
}

/// The commit that was pushed, if a push to `repo` is what is handled.
pub(super) fn pushed(facts: &TaskFacts, repo: &RepoRef) -> Result<Commits, ApiError> {
    let invalid = |message: &str| ApiError { kind: ErrorKind::Invalid, message: message.to_owned() };
    let EventBody::Push(push) = &facts.event.body else {
        return Err(invalid("postsubmits in a repository are those at a push, and this event is none"));
    };
    if facts.home.as_ref() != Some(repo) {
        return Err(invalid("the push that is handled was to another repository"));
    }
    let commit = push.commit().ok_or_else(|| invalid("the push names no commit"))?;
    Ok(Commits { repo: repo.clone(), base: commit.to_owned(), heads: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(name: &str) -> RepoRef {
        RepoRef { org: "o".into(), name: name.into() }
    }

    fn commits(head: &str) -> Commits {
        Commits { repo: repo("r"), base: "base".into(), heads: vec![head.into()] }
    }

    fn told(lists: &[(&str, Which, u32)]) -> Told {
        let mut told = Told::default();
        for (head, which, jobs) in lists {
            let first = told.next();
            told.note(&commits(head), *which, first..first + jobs);
        }
        told
    }

    #[track_caller]
    fn check(told: &Told, (name, which): (&str, Which), id: u32, want: &str) {
        let found = match told.find(&repo(name), which, id) {
            Ok(None) => "central".to_owned(),
            Ok(Some(job)) => format!("{} of {}", job.place, job.commits.heads.join(" ")),
            Err(Fault::Answer(error)) => format!("{:?}", error.kind),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(found, want, "{id}");
    }

    #[test]
    fn a_number_stands_for_a_job_of_the_list_that_it_came_with() {
        let told = told(&[("one", Which::Presubmits, 2), ("two", Which::Presubmits, 1), ("x", Which::Postsubmits, 1)]);
        let presubmits = ("r", Which::Presubmits);
        check(&told, presubmits, 0, "central");
        check(&told, presubmits, FIRST - 1, "central");
        check(&told, presubmits, FIRST, "0 of one");
        check(&told, presubmits, FIRST + 1, "1 of one");
        check(&told, presubmits, FIRST + 2, "0 of two");
        check(&told, presubmits, FIRST + 3, "ErrorKind::NotFound");
        check(&told, presubmits, FIRST + 4, "ErrorKind::NotFound");
        check(&told, ("r", Which::Postsubmits), FIRST + 3, "0 of x");
        check(&told, ("other", Which::Presubmits), FIRST, "ErrorKind::NotFound");
    }

    #[test]
    fn a_job_runs_on_the_commits_that_it_was_found_at() {
        let told = told(&[("head", Which::Presubmits, 1)]);
        let job = told.find(&repo("r"), Which::Presubmits, FIRST).unwrap().unwrap();
        assert!(job.check_commits("base", "head").is_ok());
        for (base, head) in [("base", "newer"), ("newer", "head"), ("head", "base"), ("", "")] {
            let Err(Fault::Answer(error)) = job.check_commits(base, head) else { panic!("{base} {head} is taken") };
            assert_eq!(error.kind, ErrorKind::Invalid);
        }
        let two = Commits { heads: vec!["head".into(), "head".into()], ..commits("") };
        let batch = OwnJob { commits: Arc::new(two), which: Which::Presubmits, place: 0 };
        assert!(batch.check_commits("base", "head").is_err());
    }

    #[test]
    fn faults_are_told_with_their_places_and_not_all_of_them() {
        let fault = |line| ::config::Fault {
            file: ".prow.yaml".into(),
            at: ::config::Position { line, column: 2 },
            message: "wrong".into(),
        };
        let many = ::config::LoadError { faults: (1..=12).map(fault).collect() };
        let Fault::Answer(error) = in_repo_fault(InRepoError::Wrong(Arc::new(many))) else { panic!("no answer") };
        assert_eq!(error.kind, ErrorKind::Invalid);
        let lines: Vec<&str> = error.message.lines().collect();
        assert_eq!((lines.len(), lines[0], lines[10]), (11, ".prow.yaml:1:2: wrong", "and 2 more"));
        let Fault::Answer(error) = in_repo_fault(InRepoError::Conflict(vec!["a".into()])) else { panic!("no answer") };
        assert_eq!(error.kind, ErrorKind::Conflict);
        let away = ::git::Error::Unavailable { message: String::new(), retry_after: std::time::Duration::ZERO };
        assert!(matches!(in_repo_fault(InRepoError::Git(away)), Fault::Later { .. }));
    }
}
