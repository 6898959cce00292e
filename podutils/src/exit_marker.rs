//! How a run ended, as its supervisor writes it down.

use std::io;

use jiff::Timestamp;
use prow::step::Exit;
use serde::{Deserialize, Serialize};

use crate::file;
use crate::job_dir::JobDir;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitMarker {
    /// The command's exit code; -1 if a signal killed it, 127 if it could not be started or took too long, 130 if it was
    /// asked to stop. (The values of Prow's entrypoint.)
    pub code: i32,
    /// What `code` came of.
    pub how: How,
    /// More about it: the signal's number, the time limit, the reason.
    pub detail: String,
    /// When it ended.
    pub finished_at: Timestamp,
    /// The commit that was tested, merges included; empty where nothing was cloned.
    pub revision: String,
}

/// What an exit code came of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The command ended by itself.
    Exited,
    /// A signal that was not ours killed it.
    Signalled,
    /// It took too long.
    TimedOut,
    /// It was asked to stop.
    Stopped,
    /// It could not be started.
    NotStarted,
    /// Its source could not be cloned.
    NotCloned,
}

impl ExitMarker {
    /// The marker of this end.
    pub fn of(exit: &Exit, finished_at: Timestamp, revision: String) -> Self {
        let (code, how, detail) = match exit {
            Exit::Code(code) => (*code, How::Exited, String::new()),
            Exit::Signal(signal) => (-1, How::Signalled, signal.to_string()),
            Exit::TimedOut(after) => (127, How::TimedOut, after.clone()),
            Exit::Stopped(reason) => (130, How::Stopped, reason.clone()),
            Exit::NotStarted(why) => (127, How::NotStarted, why.clone()),
            Exit::NotCloned(why) => (127, How::NotCloned, why.clone()),
        };
        Self { code, how, detail, finished_at, revision }
    }

    /// The end that this marks.
    pub fn exit(&self) -> Exit {
        let detail = self.detail.clone();
        match self.how {
            How::Exited => Exit::Code(self.code),
            How::Signalled => Exit::Signal(detail.parse().unwrap_or(0)),
            How::TimedOut => Exit::TimedOut(detail),
            How::Stopped => Exit::Stopped(detail),
            How::NotStarted => Exit::NotStarted(detail),
            How::NotCloned => Exit::NotCloned(detail),
        }
    }

    /// Writes it down; from then on the run is over.
    ///
    /// # Errors
    /// If the run's folder cannot be written.
    pub fn write(&self, dir: &JobDir) -> io::Result<()> {
        file::replace(&dir.exit(), &serde_json::to_vec(self)?)
    }

    /// Reads it; none while the run is not over.
    ///
    /// # Errors
    /// If it is there and cannot be read.
    pub fn read(dir: &JobDir) -> io::Result<Option<Self>> {
        let Some(bytes) = file::read_if_there(&dir.exit())? else {
            return Ok(None);
        };
        Ok(Some(serde_json::from_slice(&bytes)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(exit: Exit, code: i32) {
        let folder = tempfile::tempdir().unwrap();
        let dir = JobDir::new(folder.path());
        assert_eq!(ExitMarker::read(&dir).unwrap(), None);
        let marker = ExitMarker::of(&exit, Timestamp::UNIX_EPOCH, "abc".into());
        assert_eq!(marker.code, code, "{exit:?}");
        marker.write(&dir).unwrap();
        assert_eq!(ExitMarker::read(&dir).unwrap().unwrap().exit(), exit);
    }

    #[test]
    fn each_end_has_its_code_and_is_read_back() {
        check(Exit::Code(0), 0);
        check(Exit::Code(12), 12);
        check(Exit::Signal(9), -1);
        check(Exit::TimedOut("1s".into()), 127);
        check(Exit::Stopped("aborted".into()), 130);
        check(Exit::NotStarted("no such file".into()), 127);
        check(Exit::NotCloned("conflict".into()), 127);
    }
}
