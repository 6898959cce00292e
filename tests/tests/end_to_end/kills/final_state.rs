//! What a conversation has come to, as text, without what differs from run to run: ids, times, commits, ports.

use prow::prowjob::ProwJob;
use store::Selector;
use tests::lines::without_ids;
use tests::stage::REPO;
use tests::world::World;

use super::script::Script;

/// Pull requests with labels and comments, statuses of every commit, ProwJobs, and what failed in the inbox.
pub(super) async fn of(world: &World, script: &Script) -> anyhow::Result<Vec<String>> {
    let mut lines = Vec::new();
    for number in [1, 2] {
        let pr = world.sim.pr(REPO, number).await?;
        let mut labels = pr.labels.clone();
        labels.sort_unstable();
        lines.push(format!("#{number}: {}, merged: {}, labels: {labels:?}", pr.state, pr.merged));
        let comments = world.sim.comments(REPO, number).await?;
        let mut said: Vec<_> = comments
            .iter()
            .map(|c| format!("#{number}, {}: {}", c.author, without_ids(&sorted_rows(&c.body))))
            .collect();
        // Plugins do not wait for each other, so that the order of their comments is not theirs to keep.
        said.sort_unstable();
        lines.extend(said);
    }
    for (name, sha) in &script.commits {
        for status in world.sim.statuses(REPO, sha).await? {
            let description = without_ids(status.description.as_deref().unwrap_or_default());
            lines.push(format!("{name}: {} {:?}, {description}", status.context, status.state));
        }
    }
    let jobs = world.prowjobs().await?.list(&Selector::default()).await?;
    let mut runs: Vec<_> = jobs.iter().map(|job| run(job, script)).collect();
    runs.sort_unstable();
    lines.extend(runs);
    let counts = world.inbox().await?.counts().await?;
    let (failed, dead, unknown) = (counts.failed, counts.dead, counts.unknown);
    lines.push(format!("tasks: {failed} failed, {dead} dead, {unknown} unknown"));
    Ok(lines)
}

fn run(job: &ProwJob, script: &Script) -> String {
    let refs = job.spec.refs.as_ref();
    let sha = refs.map(|refs| refs.pulls.first().map_or(&refs.base_sha, |pull| &pull.sha)).cloned().unwrap_or_default();
    let commit = script.commits.iter().find(|(_, known)| *known == sha).map_or("another commit", |(name, _)| name);
    format!("ProwJob of {commit}: {} {} {}", job.spec.job_type, job.spec.job, job.status.state)
}

/// The text with the rows of its tables in order: jobs that end together are told of in any.
fn sorted_rows(text: &str) -> String {
    let mut lines: Vec<&str> = text.split('\n').collect();
    let is_row = |line: &&str| line.contains(" | ");
    for rows in lines.split_mut(|line| line.starts_with("---")).skip(1) {
        let count = rows.iter().take_while(|line| is_row(line)).count();
        rows[..count].sort_unstable();
    }
    lines.join("\n")
}

#[test]
fn rows_stand_in_order_and_nothing_else_does() {
    let text = "b\nName | Sha\n--- | ---\nb | 2\na | 1\n\na";
    assert_eq!(sorted_rows(text), "b\nName | Sha\n--- | ---\na | 1\nb | 2\n\na");
}
