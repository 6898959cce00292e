//! Whether there is room to start one more run.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::prowjob::{KUBERNETES_AGENT, ProwJob, ProwJobState};

/// The limits that the config sets; the job's own is in its spec.
#[derive(Debug, Clone, Copy)]
pub struct Limits<'a> {
    /// `plank.max_concurrency`: how many jobs may be pending at once; 0 is any number.
    pub global: u64,
    /// `plank.job_queue_capacities`: 0 never starts, below 0 is any number.
    pub queues: &'a BTreeMap<String, i64>,
}

/// Whether a triggered job may start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Room {
    /// It may.
    Free,
    /// It has to wait; the text says for what.
    Full(String),
    /// It names a queue that the config does not know, and waits until it does.
    NoSuchQueue(String),
}

/// Whether `job` may start beside `others` (it may be among them itself). All of the global limit, the job's and its
/// queue's have to allow it. For the last two, those that were created earlier and still wait count as well, so that
/// waiting jobs start in their order.
/// Behaviour: Prow pkg/plank, `canExecuteConcurrently`.
pub fn room<'j>(job: &ProwJob, others: impl Iterator<Item = &'j ProwJob> + Clone, limits: Limits<'_>) -> Room {
    let others = others
        .filter(|other| other.spec.agent == KUBERNETES_AGENT && !other.is_complete() && other.name() != job.name());
    let pending = others.clone().filter(|other| other.status.state == ProwJobState::Pending).count() as u64;
    if limits.global > 0 && pending >= limits.global {
        return Room::Full(format!("{pending} jobs are pending, and `plank.max_concurrency` is {}", limits.global));
    }
    let before = others.filter(|other| is_before(other, job));
    if !job.spec.job_queue_name.is_empty() {
        let queue = &job.spec.job_queue_name;
        let Some(capacity) = limits.queues.get(queue) else {
            return Room::NoSuchQueue(queue.clone());
        };
        let ahead = before.clone().filter(|other| other.spec.job_queue_name == *queue).count();
        if *capacity >= 0 && ahead as u64 >= capacity.unsigned_abs() {
            return Room::Full(format!("the queue `{queue}` holds {ahead} and its capacity is {capacity}"));
        }
    }
    let limit = job.spec.max_concurrency;
    let ahead = before.filter(|other| other.spec.job == job.spec.job).count();
    if limit > 0 && ahead as u64 >= limit {
        return Room::Full(format!(
            "{ahead} runs of `{}` are ahead, and its `max_concurrency` is {limit}",
            job.spec.job
        ));
    }
    Room::Free
}

/// Pending, or waiting for longer than `job`.
fn is_before(other: &ProwJob, job: &ProwJob) -> bool {
    match other.status.state {
        ProwJobState::Pending => true,
        ProwJobState::Triggered => age_order(other) < age_order(job),
        ProwJobState::Unset
        | ProwJobState::Scheduling
        | ProwJobState::Success
        | ProwJobState::Failure
        | ProwJobState::Aborted
        | ProwJobState::Error => false,
    }
}

/// By creation, which is told in whole seconds, then by start; the name settles a tie, so that of two waiting jobs exactly
/// one is ahead.
fn age_order(job: &ProwJob) -> (Option<Timestamp>, Option<Timestamp>, &str) {
    (job.metadata.creation_timestamp.or(job.status.start_time), job.status.start_time, job.name())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prowjob::{ProwJobSpec, ProwJobType};

    fn job(name: &str, job: &str, state: ProwJobState, created: i64) -> ProwJob {
        let mut pj = ProwJob::new(name, ProwJobSpec::new(ProwJobType::Presubmit, job));
        pj.spec.agent = KUBERNETES_AGENT.into();
        pj.status.state = state;
        pj.metadata.creation_timestamp = Some(Timestamp::from_second(created).unwrap());
        pj
    }

    fn pending(count: usize, name: &str) -> Vec<ProwJob> {
        (0..count).map(|i| job(&format!("{name}-{i}"), name, ProwJobState::Pending, 1)).collect()
    }

    struct World {
        global: u64,
        limit: u64,
        queue: &'static str,
        others: Vec<ProwJob>,
    }

    impl World {
        #[track_caller]
        fn check(&self, want: bool) {
            let mut mine = job("me", "unit", ProwJobState::Triggered, 100);
            mine.spec.max_concurrency = self.limit;
            mine.spec.job_queue_name = self.queue.into();
            let queues = BTreeMap::from([("closed".to_owned(), 0), ("open".to_owned(), -1), ("ten".to_owned(), 10)]);
            let mut all = self.others.clone();
            all.push(mine.clone());
            let room = room(&mine, all.iter(), Limits { global: self.global, queues: &queues });
            assert_eq!(room == Room::Free, want, "{room:?}");
        }
    }

    const ALONE: World = World { global: 0, limit: 0, queue: "", others: Vec::new() };

    #[test]
    fn p2_and_p3_the_job_s_limit_is_by_name_on_any_cluster() {
        let mut other = pending(1, "unit");
        other[0].spec.cluster = "elsewhere".into();
        World { limit: 1, others: other, ..ALONE }.check(false);
        World { limit: 1, others: pending(1, "lint"), ..ALONE }.check(true);
    }

    #[test]
    fn p4_the_global_limit_counts_what_is_pending() {
        World { global: 20, others: pending(20, "lint"), ..ALONE }.check(false);
        World { global: 21, others: pending(20, "lint"), ..ALONE }.check(true);
        let waiting = vec![job("w", "lint", ProwJobState::Triggered, 1)];
        World { global: 1, others: waiting, ..ALONE }.check(true);
    }

    #[test]
    fn p37_no_limit() {
        World { others: pending(50, "unit"), ..ALONE }.check(true);
    }

    #[test]
    fn p38_full() {
        World { limit: 10, others: pending(10, "unit"), ..ALONE }.check(false);
        World { limit: 10, others: pending(9, "unit"), ..ALONE }.check(true);
    }

    #[test]
    fn p39_and_p40_an_older_waiting_run_counts_and_a_newer_one_does_not() {
        for (created, want) in [(99, false), (101, true)] {
            let mut others = pending(9, "unit");
            others.push(job("other", "unit", ProwJobState::Triggered, created));
            World { limit: 10, others, ..ALONE }.check(want);
        }
    }

    #[test]
    fn of_two_that_were_created_together_one_is_ahead() {
        World { limit: 1, others: vec![job("a", "unit", ProwJobState::Triggered, 100)], ..ALONE }.check(false);
        World { limit: 1, others: vec![job("z", "unit", ProwJobState::Triggered, 100)], ..ALONE }.check(true);
    }

    #[test]
    fn p41_what_is_over_or_another_agent_s_does_not_count() {
        let mut over = pending(1, "unit");
        over[0].status.completion_time = Some(Timestamp::UNIX_EPOCH);
        World { limit: 1, global: 1, others: over, ..ALONE }.check(true);
        let mut foreign = pending(1, "unit");
        foreign[0].spec.agent = "jenkins".into();
        World { limit: 1, global: 1, others: foreign, ..ALONE }.check(true);
        World { limit: 1, others: vec![job("s", "unit", ProwJobState::Scheduling, 1)], ..ALONE }.check(true);
    }

    fn queued(count: usize) -> Vec<ProwJob> {
        let mut others = pending(count, "lint");
        for other in &mut others {
            other.spec.job_queue_name = "ten".into();
        }
        others
    }

    #[test]
    fn p42_queues() {
        World { queue: "closed", ..ALONE }.check(false);
        World { queue: "open", others: queued(10), ..ALONE }.check(true);
        World { queue: "ten", others: queued(10), ..ALONE }.check(false);
        World { queue: "ten", others: queued(9), ..ALONE }.check(true);
        World { queue: "unheard-of", ..ALONE }.check(false);
    }

    #[test]
    fn p43_a_full_queue_holds_a_job_with_room_of_its_own() {
        World { limit: 100, queue: "ten", others: queued(10), ..ALONE }.check(false);
    }
}
