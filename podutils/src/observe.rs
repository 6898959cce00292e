//! What a run's folder tells about it, and how to ask it to stop.

use std::io;
use std::time::Duration;

use jiff::Timestamp;
use prow::step::Run;
use rustix::process::Signal;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::exit_marker::ExitMarker;
use crate::file;
use crate::job_dir::JobDir;
use crate::process::{self, Process};

/// The variable that marks every process of a run; its value is the run's folder.
pub const MARK: &str = "BOWSPRIT_JOB_DIR";

/// That the command itself runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// Since when.
    pub at: Timestamp,
}

/// A request to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopRequest {
    /// When it was made.
    pub at: Timestamp,
    /// What for.
    pub reason: String,
}

/// What is to be seen of the run in this folder.
///
/// # Errors
/// If the folder is there and cannot be read.
pub fn observe(dir: &JobDir) -> io::Result<Run> {
    if let Some(marker) = ExitMarker::read(dir)? {
        return Ok(Run::Exited(marker.exit()));
    }
    let Some(supervisor) = read::<Process>(&dir.supervisor())? else {
        return Ok(Run::Absent);
    };
    if !supervisor.is_alive() {
        // It may have written its marker between our two looks.
        return Ok(ExitMarker::read(dir)?.map_or(Run::Lost, |marker| Run::Exited(marker.exit())));
    }
    if let Some(request) = read::<StopRequest>(&dir.stop())? {
        return Ok(Run::Stopping { since: request.at });
    }
    Ok(match read::<Started>(&dir.started())? {
        Some(_) => Run::Running { since: supervisor.since },
        None => Run::Starting { since: supervisor.since },
    })
}

/// Asks the run to stop. The first reason stands.
///
/// # Errors
/// If the folder cannot be written.
pub fn request_stop(dir: &JobDir, reason: &str, now: Timestamp) -> io::Result<()> {
    let request = StopRequest { at: now, reason: reason.to_owned() };
    match file::create_new(&dir.stop(), &serde_json::to_vec(&request)?) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        Ok(()) | Err(_) => (),
    }
    if let Some(supervisor) = read::<Process>(&dir.supervisor())? {
        supervisor.signal(Signal::TERM);
    }
    Ok(())
}

/// Sees to it that no run begins in this folder any more, should a supervisor be on its way. False: one was faster.
///
/// # Errors
/// If the folder is there and cannot be written.
pub fn forbid(dir: &JobDir) -> io::Result<bool> {
    let nobody = Process { pid: 0, start_ticks: 0, boot_id: String::new(), since: Timestamp::UNIX_EPOCH };
    match file::create_new(&dir.supervisor(), &serde_json::to_vec(&nobody)?) {
        Ok(()) => Ok(true),
        // Without a folder no supervisor finds its options.
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => is_forbidden(dir),
        Err(e) => Err(e),
    }
}

/// Whether [`forbid`] was faster than any supervisor.
///
/// # Errors
/// If the folder is there and cannot be read.
pub fn is_forbidden(dir: &JobDir) -> io::Result<bool> {
    Ok(read::<Process>(&dir.supervisor())?.is_some_and(|process| process.pid == 0))
}

/// The request to stop, if there is one.
///
/// # Errors
/// If it is there and cannot be read.
pub fn stop_request(dir: &JobDir) -> io::Result<Option<StopRequest>> {
    read(&dir.stop())
}

/// Kills the supervisor, if it lives, and whatever of the run is left. False: something could not be killed within `limit`.
///
/// # Errors
/// If the folder cannot be read.
pub fn kill(dir: &JobDir, limit: Duration) -> io::Result<bool> {
    let Some(supervisor) = read::<Process>(&dir.supervisor())? else {
        return Ok(true);
    };
    let mark = mark(dir);
    // A supervisor that wrote its marker has left no session behind: whoever has that number now is somebody else.
    let may_have_session = !dir.exit().exists();
    let find = || {
        let mut found = process::carriers(&supervisor, &mark);
        if may_have_session {
            found.extend(process::session(&supervisor));
        }
        if supervisor.is_alive() {
            found.extend(process::descendants(supervisor.pid, &[]));
            found.push(supervisor.pid);
        }
        found
    };
    Ok(process::kill_all(find, || (), limit))
}

/// The mark, as it stands in an environment.
pub fn mark(dir: &JobDir) -> String {
    format!("{MARK}={}", dir.path().display())
}

fn read<T: DeserializeOwned>(path: &std::path::Path) -> io::Result<Option<T>> {
    let Some(bytes) = file::read_if_there(path)? else {
        return Ok(None);
    };
    Ok(Some(serde_json::from_slice(&bytes)?))
}

#[cfg(test)]
mod tests {
    use prow::step::Exit;

    use super::*;

    fn write(path: &std::path::Path, value: &impl Serialize) {
        file::replace(path, &serde_json::to_vec(value).unwrap()).unwrap();
    }

    #[test]
    fn a_run_is_seen_from_its_first_file_to_its_last() {
        let folder = tempfile::tempdir().unwrap();
        let dir = JobDir::new(folder.path());
        assert_eq!(observe(&dir).unwrap(), Run::Absent);
        assert_eq!(observe(&JobDir::new(folder.path().join("none"))).unwrap(), Run::Absent);

        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let me = Process::current(now).unwrap();
        write(&dir.supervisor(), &me);
        assert_eq!(observe(&dir).unwrap(), Run::Starting { since: now });
        write(&dir.started(), &Started { at: now });
        assert_eq!(observe(&dir).unwrap(), Run::Running { since: now });
        let later = now + Duration::from_secs(5);
        write(&dir.stop(), &StopRequest { at: later, reason: "r".into() });
        assert_eq!(observe(&dir).unwrap(), Run::Stopping { since: later });
        write(&dir.supervisor(), &Process { start_ticks: 1, ..me });
        assert_eq!(observe(&dir).unwrap(), Run::Lost);
        ExitMarker::of(&Exit::Code(3), now, String::new()).write(&dir).unwrap();
        assert_eq!(observe(&dir).unwrap(), Run::Exited(Exit::Code(3)));
    }

    #[test]
    fn a_run_that_is_forbidden_does_not_begin() {
        let folder = tempfile::tempdir().unwrap();
        let dir = JobDir::new(folder.path());
        assert!(forbid(&JobDir::new(folder.path().join("none"))).unwrap());
        assert!(forbid(&dir).unwrap());
        assert!(forbid(&dir).unwrap());
        crate::supervise::main(&dir).unwrap();
        assert!(!dir.supervisor_log().exists() && !dir.exit().exists(), "nothing was tried");
        let taken = tempfile::tempdir().unwrap();
        let dir = JobDir::new(taken.path());
        write(&dir.supervisor(), &Process::current(Timestamp::UNIX_EPOCH).unwrap());
        assert!(!forbid(&dir).unwrap());
    }

    #[test]
    fn the_first_reason_to_stop_stands() {
        let folder = tempfile::tempdir().unwrap();
        let dir = JobDir::new(folder.path());
        for reason in ["first", "second"] {
            request_stop(&dir, reason, Timestamp::UNIX_EPOCH).unwrap();
        }
        assert_eq!(stop_request(&dir).unwrap().unwrap().reason, "first");
    }
}
