//! `bowsprit jobs list`.

use clap::Args;
use jiff::Timestamp;
use prow::prowjob::{ProwJob, ProwJobState};
use store::Selector;

use crate::age;
use crate::jobs::place::JobsPlace;
use crate::output::{self, ListOutput};
use crate::table::Table;

/// List ProwJobs, the newest first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bowsprit jobs list
  bowsprit jobs list --repo my-org/hello --pr 1
  bowsprit jobs list --state failure --state error --limit 10
  bowsprit jobs list --job unit --output json | jq '.[].status.state'")]
pub(super) struct ListArgs {
    #[command(flatten)]
    place: JobsPlace,
    #[command(flatten)]
    filter: Filter,
    /// At most so many; 0 is all.
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// What to print: a table, or whole ProwJobs as JSON.
    #[arg(long, short, value_enum, default_value_t = ListOutput::Table)]
    output: ListOutput,
}

/// Everything that is given must fit.
#[derive(Debug, Default, Clone, Args)]
struct Filter {
    /// Jobs of this repository.
    #[arg(long, value_name = "ORG/REPO")]
    repo: Option<String>,
    /// Jobs of this pull request.
    #[arg(long, value_name = "NUMBER")]
    pr: Option<u64>,
    /// Runs of the job of this name.
    #[arg(long, value_name = "NAME")]
    job: Option<String>,
    /// In this state, or in one of these if given several times.
    #[arg(long = "state", value_name = "STATE", value_parser = parse_state)]
    states: Vec<ProwJobState>,
}

pub(super) async fn run(args: ListArgs) -> anyhow::Result<()> {
    let jobs = args.place.prowjobs().await?.list(&Selector::default()).await?;
    let jobs = select(jobs, &args.filter, args.limit);
    match args.output {
        ListOutput::Table => output::print(&render(&jobs, Timestamp::now())),
        ListOutput::Json => output::print_json(&jobs),
    }
}

fn parse_state(word: &str) -> Result<ProwJobState, String> {
    let found = ProwJobState::ALL.into_iter().find(|state| state.as_str() == word);
    found.ok_or_else(|| format!("the states are {}", ProwJobState::ALL.map(ProwJobState::as_str).join(", ")))
}

impl Filter {
    fn fits(&self, job: &ProwJob) -> bool {
        let refs = job.main_refs();
        self.repo.as_ref().is_none_or(|repo| refs.is_some_and(|refs| refs.full_name() == *repo))
            && self.pr.is_none_or(|pr| refs.is_some_and(|refs| refs.pulls.iter().any(|pull| pull.number == pr)))
            && self.job.as_ref().is_none_or(|name| job.spec.job == *name)
            && (self.states.is_empty() || self.states.contains(&job.status.state))
    }
}

/// Those that fit, the newest first, at most `limit` (0: all).
fn select(mut jobs: Vec<ProwJob>, filter: &Filter, limit: usize) -> Vec<ProwJob> {
    jobs.retain(|job| filter.fits(job));
    // By name where one moment made several, so that two calls print the same.
    jobs.sort_by(|a, b| began(b).cmp(&began(a)).then_with(|| a.name().cmp(b.name())));
    if limit > 0 {
        jobs.truncate(limit);
    }
    jobs
}

/// When it was made.
fn began(job: &ProwJob) -> Option<Timestamp> {
    job.status.start_time.or(job.metadata.creation_timestamp)
}

fn render(jobs: &[ProwJob], now: Timestamp) -> String {
    if jobs.is_empty() {
        return "No ProwJobs.\n".to_owned();
    }
    let mut table = Table::new(&["NAME", "JOB", "TYPE", "FOR", "STATE", "AGE", "TOOK", "DESCRIPTION"]);
    for job in jobs {
        table.row([
            job.name().to_owned(),
            job.spec.job.clone(),
            job.spec.job_type.to_string(),
            what_for(job),
            job.status.state.to_string(),
            began(job).map(|began| age::age(began, now)).unwrap_or_default(),
            took(job, now),
            job.status.description.clone(),
        ]);
    }
    table.render(0)
}

/// `org/repo#3`, `org/repo@main`, or nothing for a job without a source.
fn what_for(job: &ProwJob) -> String {
    let Some(refs) = job.main_refs() else { return String::new() };
    let repo = refs.full_name();
    match refs.pulls.as_slice() {
        [] if refs.base_ref.is_empty() => repo,
        [] => format!("{repo}@{}", refs.base_ref),
        pulls => format!("{repo}{}", pulls.iter().map(|pull| format!("#{}", pull.number)).collect::<String>()),
    }
}

/// From its start, not its creation: what it waited for is no matter of the job's.
fn took(job: &ProwJob, now: Timestamp) -> String {
    let Some(pending) = job.status.pending_time else { return String::new() };
    age::took(age::between(pending, job.status.completion_time.unwrap_or(now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use prow::prowjob::{ProwJobSpec, ProwJobType};
    use prow::refs::{Pull, Refs};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn job(name: &str, of: &str, state: ProwJobState, began: i64, pulls: &[u64]) -> ProwJob {
        let pulls = pulls.iter().map(|&number| Pull { number, ..Pull::default() }).collect();
        let refs =
            Refs { org: "my-org".into(), repo: "hello".into(), base_ref: "main".into(), pulls, ..Refs::default() };
        let mut job =
            ProwJob::new(name, ProwJobSpec { refs: Some(refs), ..ProwJobSpec::new(ProwJobType::Presubmit, of) });
        job.status.state = state;
        job.status.start_time = Some(at(began));
        job
    }

    fn jobs() -> Vec<ProwJob> {
        let mut done = job("b", "unit", ProwJobState::Success, 10, &[1]);
        done.status.pending_time = Some(at(11));
        done.status.completion_time = Some(at(16));
        done.status.description = "Job succeeded.".into();
        let mut deploy = job("a", "deploy", ProwJobState::Triggered, 0, &[]);
        deploy.spec.job_type = ProwJobType::Postsubmit;
        let mut nightly = ProwJob::new("n", ProwJobSpec::new(ProwJobType::Periodic, "nightly"));
        nightly.status.state = ProwJobState::Error;
        let mut running = job("c", "unit", ProwJobState::Pending, 20, &[2, 3]);
        running.status.pending_time = Some(at(20));
        vec![deploy, done, nightly, running]
    }

    #[test]
    fn the_table_has_the_newest_first() {
        insta::assert_snapshot!(render(&select(jobs(), &Filter::default(), 0), at(140)), @r"
        NAME  JOB      TYPE        FOR                STATE      AGE  TOOK   DESCRIPTION
        c     unit     presubmit   my-org/hello#2#3   pending    2m   2m00s  -
        b     unit     presubmit   my-org/hello#1     success    2m   5.0s   Job succeeded.
        a     deploy   postsubmit  my-org/hello@main  triggered  2m   -      -
        n     nightly  periodic    -                  error      -    -      -
        ");
        assert_eq!(render(&[], at(0)), "No ProwJobs.\n");
    }

    #[track_caller]
    fn check(filter: Filter, limit: usize, want: &[&str]) {
        let names: Vec<String> = select(jobs(), &filter, limit).iter().map(|job| job.name().to_owned()).collect();
        assert_eq!(names, want, "{filter:?}");
    }

    #[test]
    fn filters_narrow_and_are_combined() {
        let all = Filter::default;
        check(all(), 0, &["c", "b", "a", "n"]);
        check(all(), 2, &["c", "b"]);
        check(Filter { repo: Some("my-org/hello".into()), ..all() }, 0, &["c", "b", "a"]);
        check(Filter { repo: Some("my-org/other".into()), ..all() }, 0, &[]);
        check(Filter { pr: Some(3), ..all() }, 0, &["c"]);
        check(Filter { job: Some("unit".into()), ..all() }, 0, &["c", "b"]);
        check(Filter { job: Some("unit".into()), pr: Some(1), ..all() }, 0, &["b"]);
        check(Filter { states: vec![ProwJobState::Error, ProwJobState::Success], ..all() }, 0, &["b", "n"]);
    }

    #[test]
    fn a_state_is_spelled_as_prow_spells_it() {
        assert_eq!(parse_state("pending"), Ok(ProwJobState::Pending));
        assert!(parse_state("running").unwrap_err().contains("scheduling, triggered, pending"));
        assert!(parse_state("").is_err());
    }
}
