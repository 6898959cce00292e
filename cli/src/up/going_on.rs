//! The jobs that go on when the system ends: each has a supervisor of its own, which nobody stops.

use std::path::Path;

use podutils::job_dir::JobDir;
use podutils::observe;

/// How many jobs of this state directory run.
pub(super) fn count(state_dir: &Path) -> usize {
    // Without that folder there never was a job; a run that cannot be looked at is none that could be promised.
    let Ok(entries) = std::fs::read_dir(state_dir.join("jobs")) else { return 0 };
    let runs = entries.flatten().map(|entry| observe::observe(&JobDir::new(entry.path())));
    runs.filter(|run| run.as_ref().is_ok_and(prow::step::Run::is_live)).count()
}

/// What the user is told about them; nothing if there are none.
pub(super) fn render(count: usize) -> String {
    let (jobs, they) = match count {
        0 => return String::new(),
        1 => ("1 job goes on".to_owned(), "it is"),
        more => (format!("{more} jobs go on"), "they are"),
    };
    format!("{jobs} without the rest of the system; {they} found again at the next start.\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use podutils::process::Process;

    #[test]
    fn what_runs_is_counted_and_told() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(count(dir.path()), 0);
        let me = Process::current(Timestamp::now()).unwrap();
        let over = Process { start_ticks: me.start_ticks + 1, ..me.clone() };
        for (name, supervisor) in [("runs", &me), ("lost", &over)] {
            let job = JobDir::new(dir.path().join("jobs").join(name));
            std::fs::create_dir_all(job.path()).unwrap();
            std::fs::write(job.supervisor(), serde_json::to_vec(supervisor).unwrap()).unwrap();
        }
        assert_eq!(count(dir.path()), 1);
        assert_eq!(render(0), "");
        assert!(render(1).starts_with("1 job goes on ") && render(2).starts_with("2 jobs go on "));
    }
}
