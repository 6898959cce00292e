//! The state directory, where host and controller keep what they know and the tools look it up.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use host::kept::Kept;
use podutils::job_dir::JobDir;
use store::{Inbox, InboxFlags, ProwJobs};

/// Where state is kept unless it is said.
pub(crate) const DEFAULT_STATE_DIR: &str = ".bowsprit";

#[derive(Debug, Clone, Args)]
pub(crate) struct StateArgs {
    /// The state directory of the running system.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_STATE_DIR)]
    pub(crate) state_dir: PathBuf,
}

/// The inbox of the running system, in its state directory or on a server.
#[derive(Debug, Clone, Args)]
pub(crate) struct InboxArgs {
    #[command(flatten)]
    state: StateArgs,
    #[command(flatten)]
    inbox: InboxFlags,
}

impl InboxArgs {
    /// The inbox, to look at.
    pub(crate) async fn inbox(&self) -> anyhow::Result<Inbox> {
        match self.inbox.server()? {
            Some(server) => Ok(Inbox::connect_read_only(&server).await?),
            None => self.state.inbox().await,
        }
    }

    /// The inbox, to queue in it what a host is to run again.
    pub(crate) async fn inbox_to_write(&self) -> anyhow::Result<Inbox> {
        match self.inbox.server()? {
            Some(server) => Ok(Inbox::connect(&server).await?),
            None => self.state.inbox_to_write().await,
        }
    }
}

impl StateArgs {
    /// The inbox, to look at.
    pub(crate) async fn inbox(&self) -> anyhow::Result<Inbox> {
        let path = self.file("inbox.db", "the host")?;
        Ok(Inbox::open_read_only(&path).await?)
    }

    async fn inbox_to_write(&self) -> anyhow::Result<Inbox> {
        // Whoever only drops by does not change the schema under a host that may be running.
        drop(self.inbox().await?);
        Ok(Inbox::open(&self.file("inbox.db", "the host")?).await?)
    }

    /// The ProwJobs, to look at.
    pub(crate) async fn prowjobs(&self) -> anyhow::Result<ProwJobs> {
        let path = self.file("prowjobs.db", "host or controller")?;
        Ok(ProwJobs::open_read_only(&path).await?)
    }

    /// The ProwJobs, to change or add to.
    pub(crate) async fn prowjobs_to_write(&self) -> anyhow::Result<ProwJobs> {
        let path = self.file("prowjobs.db", "host or controller")?;
        Ok(ProwJobs::open(&path).await?)
    }

    /// The configurations that tasks ran with, to look at.
    pub(crate) fn configs(&self) -> Kept {
        Kept::at(self.state_dir.join("configs"))
    }

    /// The log of a job that ran on this machine, whether it is there or not.
    pub(crate) fn job_log(&self, prowjob: &str) -> PathBuf {
        JobDir::new(self.state_dir.join("jobs").join(prowjob)).log()
    }

    /// A database that is there: opening for writing would make an empty one in whatever directory we were started in.
    fn file(&self, name: &str, maker: &str) -> anyhow::Result<PathBuf> {
        let path = self.state_dir.join(name);
        if is_there(&path)? {
            return Ok(path);
        }
        if !is_there(&self.state_dir)? {
            bail!("no state in {}: start the system with `bowsprit up`, or give --state-dir", self.state_dir.display());
        }
        bail!("{} is not there: {maker} makes it at the first start (is --state-dir right?)", path.display())
    }
}

fn is_there(path: &Path) -> anyhow::Result<bool> {
    path.try_exists().with_context(|| format!("cannot look at {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_missing_state_directory_says_what_to_do_and_is_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateArgs { state_dir: dir.path().join("none") };
        let error = state.prowjobs_to_write().await.err().unwrap().to_string();
        assert!(error.contains("bowsprit up") && error.contains("--state-dir"), "{error}");
        assert!(!state.state_dir.exists());

        let state = StateArgs { state_dir: dir.path().to_owned() };
        let error = state.inbox().await.err().unwrap().to_string();
        assert!(error.contains("inbox.db"), "{error}");
    }
}
