//! Where jobs run: on this machine, each in a folder of its own under a supervisor of its own.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use jiff::Timestamp;
use podutils::job_dir::JobDir;
use podutils::observe;
use podutils::options::Options;
use prow::prowjob::{ProwJob, ProwJobState};
use prow::step::Run;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::launch;

/// How long a supervisor may take to report that it is there.
const CLAIM_LIMIT: Duration = Duration::from_secs(20);
const CLAIM_POLL: Duration = Duration::from_millis(10);
/// How long processes may take to die of SIGKILL.
const KILL_LIMIT: Duration = Duration::from_secs(20);

/// Runs on this machine. The folder of a run bears the ProwJob's name, which is what tells runs apart.
#[derive(Debug, Clone)]
pub(crate) struct LocalRunner {
    jobs: PathBuf,
    supervisor: Vec<String>,
}

impl LocalRunner {
    /// Runs under `jobs`, an absolute folder that exists. `supervisor` is the command that supervises a job.
    pub(crate) fn new(jobs: PathBuf, supervisor: Vec<String>) -> Self {
        Self { jobs, supervisor }
    }

    /// The folder of a run; none for a name that is no folder's.
    pub(crate) fn dir(&self, name: &str) -> Option<JobDir> {
        is_folder_name(name).then(|| JobDir::new(self.jobs.join(name)))
    }

    /// What is to be seen of this job's run.
    pub(crate) fn observe(&self, job: &ProwJob) -> io::Result<Run> {
        let Some(dir) = self.dir(job.name()) else {
            return Ok(Run::Invalid("its name cannot be a folder's: use letters, digits, `-`, `_` and `.`".to_owned()));
        };
        let or_invalid = |run| launch::obstacle(job).map_or(run, Run::Invalid);
        Ok(match observe::observe(&dir)? {
            // It was started and its folder is gone. Whatever it did may be half done: it is not started again.
            Run::Absent if job.status.state == ProwJobState::Pending && !job.status.build_id.is_empty() => Run::Lost,
            Run::Absent => or_invalid(Run::Absent),
            // Nobody was let begin; whoever saw to that may have been killed before it was told why.
            Run::Lost if observe::is_forbidden(&dir)? => or_invalid(Run::Lost),
            run => run,
        })
    }

    /// Starts a run and waits until its supervisor has taken it on. Where there is one already, nothing happens.
    pub(crate) async fn start(&self, name: &str, options: &Options) -> anyhow::Result<()> {
        let dir = self.dir(name).context("a run that can be started has a folder")?;
        fs::create_dir_all(dir.path()).with_context(|| format!("cannot create {}", dir.path().display()))?;
        // Whoever was here before may have got this far: a supervisor of theirs may be about to begin with theirs.
        let ours = match podutils::file::create_new(&dir.options(), &serde_json::to_vec_pretty(options)?) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
            outcome => outcome.map(|()| true)?,
        };
        let log = fs::File::create(dir.supervisor_log())?;
        let (program, args) = self.supervisor.split_first().context("a supervisor has a program")?;
        // In our process group: a leader of its own could not begin the session that a supervisor needs.
        let mut child = Command::new(program)
            .args(args)
            .arg(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start the supervisor {program}"))
            // No supervisor will read them; at the next try, things may be different.
            .or_else(|error| {
                if ours { fs::remove_file(dir.options()).map_err(Into::into).and(Err(error)) } else { Err(error) }
            })?;
        let deadline = Instant::now() + CLAIM_LIMIT;
        while !dir.supervisor().exists() {
            if let Some(status) = child.try_wait()?
                && !dir.supervisor().exists()
            {
                let said = fs::read_to_string(dir.supervisor_log()).unwrap_or_default();
                bail!("the supervisor ended before it began ({status}): {}", said.trim());
            }
            if Instant::now() >= deadline {
                bail!("the supervisor did not begin within {CLAIM_LIMIT:?}");
            }
            sleep(CLAIM_POLL).await;
        }
        // From here on it is on its own; tokio collects it when it ends while we live, init when not.
        Ok(())
    }

    /// Writes the log of a job that never runs: why.
    pub(crate) fn explain(&self, name: &str, why: &str) -> io::Result<()> {
        let dir = self.dir(name).ok_or_else(|| io::Error::other("its name cannot be a folder's"))?;
        fs::create_dir_all(dir.path())?;
        podutils::file::replace(&dir.log(), format!("bowsprit: the job cannot run: {why}\n").as_bytes())
    }

    /// The build id of the run in this folder, which is the truth even where the ProwJob was not told.
    pub(crate) fn build_id(&self, name: &str) -> Option<String> {
        let bytes = fs::read(self.dir(name)?.options()).ok()?;
        serde_json::from_slice::<Options>(&bytes).ok().map(|options| options.build_id)
    }

    /// Asks the run to stop.
    pub(crate) fn stop(&self, name: &str, reason: &str) -> io::Result<()> {
        match self.dir(name) {
            Some(dir) => observe::request_stop(&dir, reason, Timestamp::now()),
            None => Ok(()),
        }
    }

    /// Kills what there is of the run, supervisor included.
    pub(crate) async fn kill(&self, name: &str) -> anyhow::Result<()> {
        let Some(dir) = self.dir(name) else { return Ok(()) };
        let dead = tokio::task::spawn_blocking(move || observe::kill(&dir, KILL_LIMIT)).await??;
        if dead { Ok(()) } else { bail!("some of its processes do not die") }
    }

    /// Sees to it that no run begins any more. False: one has begun.
    pub(crate) fn forbid(&self, name: &str) -> io::Result<bool> {
        self.dir(name).map_or(Ok(true), |dir| observe::forbid(&dir))
    }

    /// Kills what there is of the run and removes its folder.
    pub(crate) async fn remove(&self, name: &str) -> anyhow::Result<()> {
        let Some(dir) = self.dir(name) else { return Ok(()) };
        if !dir.path().exists() {
            return Ok(());
        }
        self.forbid(name)?;
        self.kill(name).await?;
        let path = dir.path().to_owned();
        tokio::task::spawn_blocking(move || match fs::remove_dir_all(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(e).with_context(|| format!("cannot remove {}", path.display()))
            }
            Ok(()) | Err(_) => Ok(()),
        })
        .await?
    }

    /// The names of all runs that have a folder.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.jobs)?.map(|entry| Ok(entry?.file_name().into_string().unwrap_or_default()));
        names.filter(|name| !name.as_ref().is_ok_and(String::is_empty)).collect()
    }
}

fn is_folder_name(name: &str) -> bool {
    (1..=253).contains(&name.len())
        && !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for name in ["", ".", "..", "../x", "a/b", "/etc", ".hidden", "a\0b", "ü"] {
            assert!(!is_folder_name(name), "{name:?}");
        }
        assert!(is_folder_name("6f1d2c3e-5b1a-4c55-9e0a-000000000001"));
    }
}
