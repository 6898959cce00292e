//! The comment on a pull request that lists the jobs which failed.
//!
//! It is rebuilt from its own text each time: what stands in the table is all that is remembered of earlier failures.

use crate::labels;
use crate::prowjob::{ProwJob, ProwJobState, ProwJobType};

/// The mark that tells this comment from the bot's others.
pub const TAG: &str = "<!-- test report -->";

const HEADER: &str = "Test name | Commit | Details | Required | Rerun command";
const SEPARATOR: &str = "--- | --- | --- | --- | ---";
const COLUMN: &str = " | ";

/// A comment that the bot wrote earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// GitHub's number for it.
    pub id: u64,
    /// Its text.
    pub body: String,
}

/// Whether the comment speaks of one job or of all jobs of the pull request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Each job that ends changes its own row.
    PerJob,
    /// One comment when all have ended (`github_reporter.summary_comment_repos`).
    Summary,
}

/// What to do with the pull request's comments: first the write, then the deletions. Whoever is stopped in between leaves
/// two comments that the next plan makes one of; the other way round the rows of other jobs would be lost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The comments to delete.
    pub delete: Vec<u64>,
    /// The comment to write, if any.
    pub write: Option<Write>,
}

/// A comment to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// A new one with this text.
    Create(String),
    /// This one gets this text.
    Edit(u64, String),
}

/// The jobs that a comment is to speak of now. Empty: none is due.
///
/// `of_pull` is every ProwJob with the pull request's labels; in [`Mode::PerJob`] it is not looked at. `types` is
/// `github_reporter.job_types_to_report`.
/// Behaviour: Prow pkg/crier/reporters/github, `pjsToReport`.
pub fn subjects(job: &ProwJob, of_pull: &[ProwJob], types: &[ProwJobType], mode: Mode) -> Vec<ProwJob> {
    let jobs = match mode {
        Mode::PerJob => vec![job.clone()],
        Mode::Summary => {
            let of_pull: Vec<&ProwJob> = of_pull.iter().filter(|other| same_pull(job, other)).collect();
            if !job.is_complete() || of_pull.iter().any(|other| !other.is_complete()) {
                return Vec::new();
            }
            newest_per_name(of_pull.into_iter().filter(|other| other.spec.report))
        }
    };
    jobs.into_iter().filter(|job| takes_part(job, types)).collect()
}

fn takes_part(job: &ProwJob, types: &[ProwJobType]) -> bool {
    let one_pull = job.spec.refs.as_ref().is_some_and(|refs| refs.pulls.len() == 1);
    job.is_complete() && one_pull && types.contains(&job.spec.job_type)
}

fn same_pull(a: &ProwJob, b: &ProwJob) -> bool {
    [labels::ORG, labels::REPO, labels::PULL].iter().all(|key| a.label(key) == b.label(key))
}

fn newest_per_name<'j>(jobs: impl Iterator<Item = &'j ProwJob>) -> Vec<ProwJob> {
    let mut newest: Vec<&ProwJob> = Vec::new();
    for job in jobs {
        match newest.iter_mut().find(|other| other.spec.job == job.spec.job) {
            Some(other) if job.status.start_time > other.status.start_time => *other = job,
            Some(_) => (),
            None => newest.push(job),
        }
    }
    newest.into_iter().cloned().collect()
}

/// What to do, given the bot's comments (oldest first) and the jobs of [`subjects`]. `template` is the repository's
/// report template, filled in for the first job; it may be empty.
/// Behaviour: Prow pkg/github/report, `ReportComment`.
pub fn plan(comments: &[Existing], jobs: &[ProwJob], template: &str, mode: Mode) -> Plan {
    let Some(first) = jobs.first() else {
        return Plan::default();
    };
    let tagged: Vec<&Existing> = comments.iter().filter(|comment| comment.body.contains(TAG)).collect();
    let mut table: Vec<String> = kept_rows(&tagged, jobs);
    let new_rows: Vec<String> = jobs.iter().filter(|job| job.status.state == ProwJobState::Failure).map(row).collect();
    let failed_now = !new_rows.is_empty();
    table.extend(new_rows);

    let mut delete: Vec<u64> = tagged.iter().map(|comment| comment.id).collect();
    // A comment that only loses rows is edited; one that gains a row is written anew, so that people are told.
    let edited = if failed_now || table.is_empty() { None } else { delete.pop() };
    let all_told = mode == Mode::Summary && !jobs.iter().any(|job| job.status.state == ProwJobState::Aborted);
    if table.is_empty() && !all_told {
        return Plan { delete, write: None };
    }
    let body = body(first, &table, template);
    // Written by whoever was stopped before the deletions: people have been told.
    if failed_now && tagged.last().is_some_and(|last| last.body == body) {
        delete.pop();
        return Plan { delete, write: None };
    }
    let write = match edited {
        Some(id) => Write::Edit(id, body),
        None => Write::Create(body),
    };
    Plan { delete, write: Some(write) }
}

/// The rows of earlier comments, those of newer comments before those of older ones with the same key, without the
/// contexts that are spoken of now.
fn kept_rows(tagged: &[&Existing], jobs: &[ProwJob]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for row in tagged.iter().flat_map(|comment| rows(&comment.body)) {
        match kept.iter_mut().find(|other| key(other) == key(row)) {
            Some(other) => row.clone_into(other),
            None => kept.push(row.to_owned()),
        }
    }
    kept.retain(|row| !jobs.iter().any(|job| job.spec.context == key(row)));
    kept
}

/// The lines of the table: from after a line that starts with `---` to an empty one.
fn rows(body: &str) -> Vec<&str> {
    let mut rows = Vec::new();
    let mut inside = false;
    for line in body.split('\n').map(|line| line.trim_end_matches('\r')) {
        if line.starts_with("---") {
            inside = true;
        } else if line.is_empty() {
            inside = false;
        } else if inside {
            rows.push(line);
        }
    }
    rows
}

fn key(row: &str) -> &str {
    row.split_once(COLUMN).map_or(row, |(key, _)| key)
}

fn row(job: &ProwJob) -> String {
    let sha = job.spec.refs.as_ref().and_then(|refs| refs.pulls.first()).map_or("", |pull| pull.sha.as_str());
    [
        one_line(&job.spec.context),
        sha.to_owned(),
        format!("[link]({})", one_line(&job.status.url)),
        required(job).to_owned(),
        format!("`{}`", one_line(&job.spec.rerun_command)),
    ]
    .join(COLUMN)
}

/// A row is one line: what config or a template puts into it must not break the table.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn required(job: &ProwJob) -> &'static str {
    match (job.spec.job_type, job.label(labels::IS_OPTIONAL)) {
        (ProwJobType::Presubmit, Some("true")) => "false",
        (ProwJobType::Presubmit, Some("false")) => "true",
        _ => "unknown",
    }
}

fn body(job: &ProwJob, table: &[String], template: &str) -> String {
    let author = job.spec.refs.as_ref().and_then(|refs| refs.pulls.first()).map_or("", |pull| pull.author.as_str());
    let mut parts = Vec::new();
    if table.is_empty() {
        parts.push(format!("@{author}: all tests passed!"));
    } else {
        let (what, them) = if table.len() == 1 { ("test", "it") } else { ("tests", "them") };
        parts.push(format!(
            "@{author}: the following {what} **failed**. Comment `/retest` to run {them} again, or `/retest-required` \
             for the required ones only:"
        ));
        parts.push(format!("{HEADER}\n{SEPARATOR}\n{}", table.join("\n")));
    }
    if !template.trim().is_empty() {
        parts.push(template.trim_end().to_owned());
    }
    parts.push(
        "<details>\n\nThis comment is kept up to date by a bot: a row goes when its test passes. `/test ?` lists the \
         tests that can be asked for.\n</details>"
            .to_owned(),
    );
    parts.push(TAG.to_owned());
    parts.join("\n\n")
}

#[cfg(test)]
#[path = "failure_comment_tests.rs"]
mod tests;
