//! What the conversation has come to at GitHub and among the ProwJobs, as lines: one for each thing that can be lost or
//! doubled, with ids, times, commits and addresses left out.

use prow::prowjob::ProwJob;
use serde_json::Value;

use super::cast::Opened;
use crate::lines::without_ids;
use crate::stage::REPO;
use crate::world::BOT;

/// The lines of every thread. `github` is everything that the stand-in knows.
#[must_use]
pub fn lines(github: &Value, jobs: &[ProwJob], threads: &[Opened]) -> Vec<String> {
    let repo = &github["repos"][REPO];
    let labels = |id: &Value| {
        let known = repo["labels"].as_array().into_iter().flatten().find(|label| label["id"] == *id);
        known.map_or("a label that is gone", |label| text(&label["name"])).to_owned()
    };
    let mut lines = Vec::new();
    for thread in threads {
        let number = thread.number;
        let issue = &repo["issues"][number.to_string()];
        let mut facts = vec![format!("is {}", text(&issue["state"]))];
        facts.extend(items(&issue["labels"]).map(|id| format!("has label {}", labels(id))));
        facts.extend(items(&issue["assignees"]).map(|login| format!("is assigned to {}", text(login))));
        facts.extend(items(&issue["history"]).map(happened));
        facts.extend(comments(issue));
        let pull = &issue["pull"];
        let asked = items(&pull["requested_reviewers"]);
        facts.extend(asked.map(|login| format!("waits for a review by {}", text(login))));
        facts.extend(items(&pull["reviews"]).map(review));
        for (at, head) in thread.heads.iter().enumerate() {
            let statuses = items(&repo["statuses"][head]);
            facts.extend(
                statuses.map(|it| format!("head {at}: status {} {}", text(&it["context"]), text(&it["state"]))),
            );
        }
        facts.extend(jobs.iter().filter_map(|job| run(job, thread)));
        // Plugins do not wait for each other: only in comments does order mean something, and they have their places.
        facts.sort_unstable();
        lines.extend(facts.into_iter().map(|fact| format!("#{number} {fact}")));
    }
    lines
}

/// Comments, each with how many of other people's stand before it: those of the bot that lie between two of theirs come in
/// any order.
fn comments(issue: &Value) -> Vec<String> {
    let mut before = 0;
    let mut lines = Vec::new();
    for comment in items(&issue["comments"]) {
        let (author, body) = (text(&comment["author"]), without_ids(text(&comment["body"])));
        lines.push(format!("comment after {before:02} of others, by {author}: {}", body.replace('\n', "\\n")));
        before += usize::from(author != BOT);
    }
    lines
}

fn happened(event: &Value) -> String {
    let what = &event["what"];
    let about = ["name", "assignee", "login", "title"].iter().find_map(|key| what[key].as_str()).unwrap_or_default();
    format!("history: {} {about} by {}", text(&what["event"]), text(&event["actor"]))
}

fn review(review: &Value) -> String {
    let (author, state) = (text(&review["author"]), text(&review["state"]));
    format!("review {state} by {author}: {}", without_ids(text(&review["body"])))
}

/// None if it is another pull request's.
fn run(job: &ProwJob, thread: &Opened) -> Option<String> {
    let pull = job.spec.refs.as_ref()?.pulls.iter().find(|pull| pull.number == thread.number)?;
    let head = thread.heads.iter().position(|head| *head == pull.sha);
    let head = head.map_or("a head that never was".to_owned(), |at| format!("head {at}"));
    Some(format!("{head}: ProwJob {} {} {}", job.spec.job_type, job.spec.job, job.status.state))
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::lines::difference;

    fn world(comments: &[(&str, &str)], labels: &[u64]) -> Vec<String> {
        let comments: Vec<_> =
            comments.iter().map(|(author, body)| json!({ "author": author, "body": body, "id": 7 })).collect();
        let known = json!([{ "id": 1, "name": "lgtm" }, { "id": 2, "name": "approved" }]);
        let issue = json!({ "state": "open", "labels": labels, "comments": comments });
        let github = json!({ "repos": { REPO: { "labels": known, "issues": { "3": issue } } } });
        lines(&github, &[], &[Opened { number: 3, heads: vec!["c0ffee".to_owned()] }])
    }

    #[track_caller]
    fn check(got: &[String], want: &[&str]) {
        let whole = world(&[("bob", "/lgtm"), (BOT, "one"), (BOT, "two"), ("bob", "/hold")], &[1, 2]);
        assert_eq!(difference(&whole, got), want);
    }

    #[test]
    fn what_is_doubled_missing_or_out_of_place_is_found_and_order_among_the_bots_own_is_not() {
        let all = [("bob", "/lgtm"), (BOT, "one"), (BOT, "two"), ("bob", "/hold")];
        check(&world(&all, &[1, 2]), &[]);
        check(&world(&[all[0], all[2], all[1], all[3]], &[2, 1]), &[]);
        check(&world(&all, &[1]), &["- #3 has label approved"]);
        let doubled = [all[0], all[1], all[2], all[2], all[3]];
        check(&world(&doubled, &[1, 2]), &["+ #3 comment after 01 of others, by bowsprit-bot: two"]);
        let late = world(&[all[0], all[1], all[3], all[2]], &[1, 2]);
        let moved = "comment after 01 of others, by bowsprit-bot: two";
        check(&late, &[&format!("- #3 {moved}"), &format!("+ #3 {}", moved.replace("01", "02"))]);
    }
}
