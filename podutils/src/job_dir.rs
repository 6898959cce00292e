//! The folder of one run: what stands in it and under which names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobDir(PathBuf);

impl JobDir {
    /// The run whose folder is `path`, an absolute path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What git shows while the source is cloned: one file a repository. Gone before the command runs.
    pub fn credentials(&self) -> PathBuf {
        self.0.join("credentials")
    }

    /// What is to run: [`crate::options::Options`] as JSON. Written before the supervisor starts.
    pub fn options(&self) -> PathBuf {
        self.0.join("options.json")
    }

    /// Which process supervises the run: [`crate::process::Process`] as JSON. Created once, by whoever is to supervise it.
    pub fn supervisor(&self) -> PathBuf {
        self.0.join("supervisor.json")
    }

    /// Since when the command itself runs: [`crate::observe::Started`] as JSON.
    pub fn started(&self) -> PathBuf {
        self.0.join("started.json")
    }

    /// A request to stop: [`crate::observe::StopRequest`] as JSON. Created once, by anyone.
    pub fn stop(&self) -> PathBuf {
        self.0.join("stop.json")
    }

    /// How the run ended: [`crate::exit_marker::ExitMarker`] as JSON. There: the run is over.
    pub fn exit(&self) -> PathBuf {
        self.0.join("exit.json")
    }

    /// Everything the command wrote to both of its streams, between lines of ours that begin with `bowsprit: `.
    pub fn log(&self) -> PathBuf {
        self.0.join("build-log.txt")
    }

    /// What cloning did, for people.
    pub fn clone_log(&self) -> PathBuf {
        self.0.join("clone-log.txt")
    }

    /// What cloning did: a list of [`crate::clone::Record`] as JSON.
    pub fn clone_records(&self) -> PathBuf {
        self.0.join("clone-records.json")
    }

    /// What goes wrong in the supervisor itself.
    pub fn supervisor_log(&self) -> PathBuf {
        self.0.join("supervisor.log")
    }

    /// The root above `src/`, where the source is cloned to: the job's `GOPATH`.
    pub fn work(&self) -> PathBuf {
        self.0.join("work")
    }

    /// What the job leaves to be kept: its `ARTIFACTS`.
    pub fn artifacts(&self) -> PathBuf {
        self.0.join("artifacts")
    }

    /// A home of the job's own.
    pub fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// A `/tmp` of the job's own.
    pub fn tmp(&self) -> PathBuf {
        self.0.join("tmp")
    }

    /// Creates the folders that a job may write to.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn create_folders(&self) -> io::Result<()> {
        [self.work(), self.artifacts(), self.home(), self.tmp()].iter().try_for_each(fs::create_dir_all)
    }
}
