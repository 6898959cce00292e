//! Every effect of the contract, cut off between having been made and being written down as made: the next run finds its
//! intent in the journal. The far side then has it exactly once, or, where that cannot be known, nothing is done and the
//! outcome says so.

use std::collections::BTreeSet;
use std::sync::Arc;

use host::agent::Grants;
use host::plugin::Plugin;
use serde_json::{Value, json};
use store::TaskState;

use crate::bench::{self, Bench, Elsewhere};
use crate::functions;
use crate::script::Script;
use crate::tap::Tap;

/// What one effect's line of the table says.
struct Line {
    function: String,
    kind: String,
    /// How the run that found the intent ended.
    state: TaskState,
    /// `once`, or what the far side has now that it had not.
    far_side: String,
}

/// How a task went that was run, set back, and run again.
struct Twice<T> {
    /// What the first run ended with.
    answer: String,
    /// The effect's kind.
    kind: String,
    /// How the second run ended.
    state: TaskState,
    /// What the far side had after the first, and after the second.
    seen: (T, T),
}

async fn twice<T>(
    bench: &mut Bench,
    plugin: &Arc<Plugin>,
    (event, body): (&str, &Value),
    look: impl AsyncFn() -> T,
) -> Result<Twice<T>, String> {
    let (_, delivery) = bench.begin(plugin, event, body).await;
    let guid = delivery.guid().to_owned();
    let first = bench.run(plugin, &guid).await;
    let answer = first.reason.unwrap_or_default();
    if first.state != TaskState::Done {
        return Err(format!("{}: {answer}", first.state));
    }
    let before = look().await;
    let kind = bench.set_back(&guid);
    let second = bench.run(plugin, &guid).await;
    if second.state == TaskState::Done && second.reason.as_deref() != Some(&*answer) {
        return Err(format!("the answer was {answer} and is {:?}", second.reason));
    }
    let after = look().await;
    Ok(Twice { answer, kind, state: second.state, seen: (before, after) })
}

/// GitHub keeps every status that was set and shows the latest of each context, which is what counts.
fn latest_statuses(mut state: Value) -> Value {
    let repos = state["github"]["repos"].as_object_mut().into_iter().flat_map(|repos| repos.values_mut());
    let of_commits = repos.filter_map(|repo| repo["statuses"].as_object_mut()).flat_map(|commits| commits.values_mut());
    for statuses in of_commits {
        let all = statuses.as_array().into_iter().flatten();
        let said = |status: &Value| json!([status["state"], status["description"], status["target_url"]]);
        *statuses =
            all.map(|status| (status["context"].to_string(), said(status))).collect::<serde_json::Map<_, _>>().into();
    }
    state
}

/// Where two states differ, as a path; and what it was and is.
fn difference(path: &str, before: &Value, after: &Value) -> Vec<String> {
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            let keys: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            let null = Value::Null;
            let at = |of: &Value, key: &str| of.get(key).unwrap_or(&null).clone();
            keys.into_iter()
                // When it was last touched, and which version that is.
                .filter(|key| !["updated_at", "changed", "resourceVersion"].contains(&key.as_str()))
                .flat_map(|key| difference(&format!("{path}/{key}"), &at(before, key), &at(after, key)))
                .collect()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let both = one.iter().zip(other).enumerate();
            both.flat_map(|(at, (one, other))| difference(&format!("{path}/{at}"), one, other)).collect()
        }
        (one, other) if one == other => Vec::new(),
        (one, other) => vec![format!("{path}: {one} became {other}")],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_effect_that_was_cut_off_is_had_once_or_said_to_be_unknown() {
    let test = "an_effect_that_was_cut_off_is_had_once_or_said_to_be_unknown";
    let mut script = Script::start(test, false).await;
    let anywhere = Tap::alone().await;
    let elsewhere = Elsewhere { http: Some(&anywhere.url), ..Elsewhere::default() };
    let mut bench = Bench::start(&script, elsewhere).await;
    let caller = bench.caller.clone();
    let (mut lines, mut wrong) = (Vec::new(), Vec::new());
    for row in crate::rows(&script) {
        if row.then.is_none() {
            // Later rows need what it says, as a name.
            if let Some(name) = row.kept {
                let (event, body) = script.event(row.call);
                let (_, delivery) = bench.begin(&caller, event, &body).await;
                let answer = bench.run(&caller, delivery.guid()).await.reason.unwrap_or_default();
                script.keep(name, &answer);
            }
            continue;
        }
        let (event, body) = script.event(row.call);
        let look = async || latest_statuses(script.everything().await);
        match twice(&mut bench, &caller, (event, &body), look).await {
            Ok(Twice { answer, .. }) if answer.starts_with("Err(") => wrong.push(format!("{}: {answer}", row.call)),
            Ok(Twice { answer, kind, state, seen: (before, after) }) => {
                if let Some(name) = row.kept {
                    script.keep(name, &answer);
                }
                let now = difference("", &before, &after);
                let far_side = if now.is_empty() { "once".to_owned() } else { now.join("; ") };
                lines.push(Line { function: row.function().to_owned(), kind, state, far_side });
            }
            Err(why) => wrong.push(format!("{}: {why}", row.call)),
        }
    }
    lines.push(by_http(&mut bench, &anywhere).await);
    for Line { function, kind, state, far_side } in &lines {
        println!("{function:<52} {kind:<10} {state:<8} {far_side}");
        let want = if kind == "neither" { TaskState::Unknown } else { TaskState::Done };
        if *state != want || far_side != "once" {
            wrong.push(format!("{function}: {state}, {far_side}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), lines.len(), wrong.join("\n"));
    // Whatever can change something has a line.
    let played: BTreeSet<String> = lines.into_iter().map(|line| line.function).collect();
    let is_left_out = |function: &String| {
        (script.slack.is_none() && function.starts_with("slack."))
            || (script.cluster.is_none()
                && ["kubernetes-", "build-cluster-"].iter().any(|own| function.starts_with(own)))
    };
    let writes = functions::of_the_contract()
        .into_iter()
        .filter(|function| (function.contains("-write.") || function.starts_with("slack.")) && !is_left_out(function));
    let missing: Vec<_> = writes.filter(|function| !played.contains(function)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Under App auth the token is then for these repositories alone, and GitHub leads from one to the other only who may see both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transfer_that_was_cut_off_is_found_where_repositories_are_listed_by_name() {
    let test = "a_transfer_that_was_cut_off_is_found_where_repositories_are_listed_by_name";
    let script = Script::start(test, false).await;
    let mut bench = Bench::start(&script, Elsewhere::default()).await;
    let all = bench::everything("example.com");
    let listed = globset::GlobSet::new([globset::Glob::new("my-org/other").unwrap()]).unwrap();
    let granted = prow::grants::Grants { repos: vec!["my-org/other".to_owned()], ..all.granted.clone() };
    let limits = bench.caller.limits;
    let caller = bench.load("caller", Grants { granted, repos: listed, ..all }, limits).await;
    let (event, body) = script.event("github-issues-write.transfer {moving} my-org/other");
    let went = twice(&mut bench, &caller, (event, &body), || script.everything()).await.unwrap();
    let Twice { answer, state, seen: (before, after), .. } = went;
    assert!(state == TaskState::Done && answer.starts_with("Ok("), "{state}: {answer}");
    assert!(difference("", &before, &after).is_empty(), "{:?}", difference("", &before, &after));
}

/// A request by `wasi:http` that changes something.
async fn by_http(bench: &mut Bench, far_side: &Tap) -> Line {
    let fetcher = bench.fetcher.clone();
    let body = json!({
        "action": "created",
        "issue": { "id": 1, "number": 1, "state": "open", "user": { "login": "alice", "id": 2, "type": "User" } },
        "comment": {
            "id": 3,
            "body": format!("/fetch POST {}/once text", far_side.url),
            "user": { "login": "bob", "id": 4, "type": "User" },
        },
        "repository": { "name": "hello", "full_name": "my-org/hello", "owner": { "login": "my-org" } },
    });
    let look = async || far_side.take();
    let went = twice(bench, &fetcher, ("issue_comment", &body), look).await.unwrap();
    let Twice { kind, state, seen: (first, second), .. } = went;
    assert_eq!(first, ["POST /once"]);
    let far_side = if second.is_empty() { "once".to_owned() } else { format!("{second:?} besides") };
    Line { function: "wasi-http.send".to_owned(), kind, state, far_side }
}

#[test]
fn a_difference_has_its_place() {
    let (one, other) =
        (json!({ "a": [1, { "b": 2 }], "updated_at": 1 }), json!({ "a": [1, { "b": 3 }], "updated_at": 2 }));
    assert_eq!(difference("", &one, &other), ["/a/1/b: 2 became 3"]);
    assert_eq!(difference("", &json!({ "a": [1] }), &json!({ "a": [1, 1] })), ["/a: [1] became [1,1]"]);
    assert_eq!(difference("", &json!({}), &json!({ "a": 1 })), ["/a: null became 1"]);
    assert!(difference("", &one, &one).is_empty());
}
