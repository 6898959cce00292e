//! What a conversation has come to, as text, without what differs from run to run: ids, times, commits, ports.

use prow::prowjob::ProwJob;
use store::Selector;
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

/// The lines that only one of the two has; none if they are equal.
pub(super) fn difference(want: &[String], got: &[String]) -> Option<String> {
    if want == got {
        return None;
    }
    let only = |sign: &str, these: &[String], others: &[String]| {
        let mut others = others.to_vec();
        let mut lines = Vec::new();
        for line in these {
            match others.iter().position(|other| other == line) {
                // Each line of the other side is matched once: twice is not once.
                Some(at) => drop(others.remove(at)),
                None => lines.push(format!("{sign} {line}")),
            }
        }
        lines
    };
    let lines = [only("-", want, got), only("+", got, want)].concat();
    Some(if lines.is_empty() { "the order of the lines".to_owned() } else { lines.join("\n") })
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

/// The text with every word that has a digit in it, or that could be a part of a hash, replaced by `#`.
fn without_ids(text: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        let hash = part.len() >= 4 && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let id = is_word(first) && (hash || part.bytes().any(|b| b.is_ascii_digit()));
        out.push_str(if id { "#" } else { part });
        rest = after;
    }
    out
}

#[test]
fn only_what_differs_is_shown() {
    let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(difference(&lines("a b c"), &lines("a b c")), None);
    assert_eq!(difference(&lines("a b b"), &lines("a b c")).unwrap(), "- b\n+ c");
    assert_eq!(difference(&lines("a b"), &lines("b a")).unwrap(), "the order of the lines");
}

#[test]
fn rows_stand_in_order_and_nothing_else_does() {
    let text = "b\nName | Sha\n--- | ---\nb | 2\na | 1\n\na";
    assert_eq!(sorted_rows(text), "b\nName | Sha\n--- | ---\na | 1\nb | 2\n\na");
}

#[test]
fn ids_are_left_out_and_words_are_not() {
    let text = "flaky | 0123456789abcdef | [link](http://127.0.0.1:4711/log/0a1b-dead) | true | `/test flaky`";
    assert_eq!(without_ids(text), "flaky | # | [link](http://#.#.#.#:#/log/#-#) | true | `/test flaky`");
}
