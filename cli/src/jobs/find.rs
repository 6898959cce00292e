//! The one ProwJob that a name on the command line means.

use anyhow::bail;
use prow::prowjob::ProwJob;
use store::{ProwJobs, Selector};

/// How many candidates an error names.
const SHOWN: usize = 5;

/// The ProwJob of this name, or the only one whose name begins with it.
pub(super) async fn find(jobs: &ProwJobs, name: &str) -> anyhow::Result<ProwJob> {
    if let Some(job) = jobs.get(name).await? {
        return Ok(job);
    }
    pick(jobs.list(&Selector::default()).await?, name)
}

fn pick(jobs: Vec<ProwJob>, prefix: &str) -> anyhow::Result<ProwJob> {
    let mut fitting: Vec<ProwJob> = jobs.into_iter().filter(|job| job.name().starts_with(prefix)).collect();
    if fitting.len() > 1 {
        let names: Vec<&str> = fitting.iter().take(SHOWN).map(ProwJob::name).collect();
        let more = if fitting.len() > SHOWN { ", …" } else { "" };
        bail!("`{prefix}` fits {} ProwJobs: {}{more}; write more of the name", fitting.len(), names.join(", "));
    }
    match fitting.pop() {
        Some(job) => Ok(job),
        None => bail!("no ProwJob is named `{prefix}`: `bowsprit jobs list` shows those that are there"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prow::prowjob::{ProwJobSpec, ProwJobType};

    #[track_caller]
    fn check(prefix: &str, want: Result<&str, &str>) {
        let jobs =
            ["abc-1", "abc-2", "xyz"].map(|name| ProwJob::new(name, ProwJobSpec::new(ProwJobType::Presubmit, "j")));
        match (pick(jobs.into(), prefix), want) {
            (Ok(job), Ok(name)) => assert_eq!(job.name(), name),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, want) => panic!("{prefix}: {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn a_name_may_be_cut_short_while_it_fits_only_one() {
        check("x", Ok("xyz"));
        check("abc-2", Ok("abc-2"));
        check("abc", Err("abc-1, abc-2"));
        check("nope", Err("jobs list"));
        check("", Err("fits 3"));
    }
}
