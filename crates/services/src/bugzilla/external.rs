//! Pull requests as external bugs: Red Hat's extension, which is spoken to in JSON-RPC.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refusal;
use crate::error::{Refusal, ServiceErrorKind};

/// A pull request that a bug names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedPullRequest {
    /// Its repository's owner.
    pub org: String,
    /// Its repository's name.
    pub repo: String,
    /// Its number.
    pub number: u32,
}

/// A link of a bug into any tracker.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ExternalBug {
    #[serde(default)]
    bug_id: u64,
    #[serde(default)]
    ext_bz_bug_id: String,
    #[serde(rename = "type", default)]
    tracker: Tracker,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Tracker {
    #[serde(default)]
    url: String,
}

/// A call that adds or removes a link, and how its answer tells whether it did.
pub(crate) struct Call {
    pub(crate) request: Request,
    bug: u64,
    identifier: String,
    is_add: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Request {
    /// All servers know 1.0; some know more.
    jsonrpc: &'static str,
    method: &'static str,
    /// In 1.0 a list of one structure.
    params: [Value; 1],
    id: &'static str,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Answered {
    error: Option<Fault>,
    id: Value,
    result: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Fault {
    code: i64,
    #[serde(default)]
    message: String,
}

const GITHUB: &str = "https://github.com/";
/// It tells answers apart where several come over one connection; here it only shows that the answer is one.
const CALL_ID: &str = "bowsprit";

pub(crate) fn add(bug: u64, tracker_id: Option<u64>, org: &str, repo: &str, number: u32) -> Call {
    let identifier = identifier(org, repo, number);
    let params = json!({ "bug_ids": [bug], "external_bugs": [external_bug(tracker_id, &identifier)] });
    call("ExternalBugs.add_external_bug", params, bug, identifier, true)
}

/// Prow names the tracker by its URL here even where an id singles it out; with the id it is the one that was added to.
pub(crate) fn remove(bug: u64, tracker_id: Option<u64>, org: &str, repo: &str, number: u32) -> Call {
    let identifier = identifier(org, repo, number);
    let mut params = external_bug(tracker_id, &identifier);
    params["bug_ids"] = json!([bug]);
    call("ExternalBugs.remove_external_bug", params, bug, identifier, false)
}

fn call(method: &'static str, params: Value, bug: u64, identifier: String, is_add: bool) -> Call {
    Call { request: Request { jsonrpc: "1.0", method, params: [params], id: CALL_ID }, bug, identifier, is_add }
}

fn identifier(org: &str, repo: &str, number: u32) -> String {
    format!("{org}/{repo}/pull/{number}")
}

fn external_bug(tracker_id: Option<u64>, identifier: &str) -> Value {
    match tracker_id {
        Some(id) => json!({ "ext_type_id": id, "ext_bz_bug_id": identifier }),
        None => json!({ "ext_type_url": GITHUB, "ext_bz_bug_id": identifier }),
    }
}

/// Whether the call changed anything. That the link was there, or not there, comes as a fault and is none.
pub(crate) fn changed(call: &Call, answered: &Answered) -> Result<bool, (ServiceErrorKind, String)> {
    if let Some(fault) = &answered.error {
        let known = match fault.code {
            100_500 if call.is_add => "duplicate key value violates unique constraint \"ext_bz_bug_map_bug_id_idx\"",
            1006 if !call.is_add => "No external tracker bugs were found that matched your criteria",
            _ => return Err(failure(fault)),
        };
        return if fault.message.contains(known) { Ok(false) } else { Err(failure(fault)) };
    }
    if answered.id != CALL_ID {
        return Err((ServiceErrorKind::Other, format!("JSON-RPC answered call {} and not {CALL_ID}", answered.id)));
    }
    let result = answered.result.as_ref().unwrap_or(&Value::Null);
    let list = |name: &str| result[name].as_array().into_iter().flatten();
    Ok(if call.is_add {
        let added = |bug: &Value| {
            let added = bug["changes"]["ext_bz_bug_map.ext_bz_bug_id"]["added"].as_str().unwrap_or_default();
            bug["id"] == call.bug && added.split(", ").any(|added| added == call.identifier)
        };
        list("bugs").any(added)
    } else {
        list("external_bugs").any(|removed| removed["ext_bz_bug_id"] == call.identifier.as_str())
    })
}

fn failure(fault: &Fault) -> (ServiceErrorKind, String) {
    let kind = match refusal::meaning(fault.code) {
        Some(Refusal::Denied) => ServiceErrorKind::Denied,
        Some(Refusal::NotFound) => ServiceErrorKind::NotFound,
        Some(Refusal::Conflict) => ServiceErrorKind::Conflict,
        Some(Refusal::Invalid) => ServiceErrorKind::Invalid,
        Some(Refusal::Limited | Refusal::Broken | Refusal::Other) | None => ServiceErrorKind::Other,
    };
    (kind, format!("JSON-RPC error {}: {}", fault.code, fault.message))
}

/// The pull requests among a bug's links; links to issues and into other trackers are passed over.
pub(crate) fn pull_requests(bug: u64, links: &[ExternalBug]) -> Result<Vec<LinkedPullRequest>, String> {
    let ours = links.iter().filter(|link| link.bug_id == bug && link.tracker.url == GITHUB);
    ours.filter_map(|link| pull_request(&link.ext_bz_bug_id).transpose()).collect()
}

/// `org/repo/pull/7`, with or without a slash or `/files` behind it. None for what is not about a pull request.
fn pull_request(identifier: &str) -> Result<Option<LinkedPullRequest>, String> {
    let parts: Vec<&str> = identifier.split('/').collect();
    let wrong = || format!("the external bug `{identifier}` is not a pull request's `org/repo/pull/number`");
    match parts[..] {
        [_, _, kind, ..] if kind != "pull" => Ok(None),
        [org, repo, _, number] | [org, repo, _, number, "" | "files"] | [org, repo, _, number, "files", ""] => {
            let number = number.parse().map_err(|_| wrong())?;
            Ok(Some(LinkedPullRequest { org: org.to_owned(), repo: repo.to_owned(), number }))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_identifier(identifier: &str, want: Result<Option<u32>, ()>) {
        let got = pull_request(identifier).map(|found| found.map(|pull| pull.number)).map_err(drop);
        assert_eq!(got, want, "{identifier}");
    }

    #[test]
    fn a_pull_request_is_known_by_its_path() {
        check_identifier("o/r/pull/7", Ok(Some(7)));
        check_identifier("o/r/pull/7/", Ok(Some(7)));
        check_identifier("o/r/pull/7/files", Ok(Some(7)));
        check_identifier("o/r/pull/7/files/", Ok(Some(7)));
        check_identifier("o/r/issues/7", Ok(None));
        check_identifier("o/r/pull/seven", Err(()));
        check_identifier("o/r/pull/7/commits", Err(()));
        check_identifier("o/r", Err(()));
        check_identifier("", Err(()));
    }

    #[test]
    fn links_of_other_bugs_and_trackers_are_passed_over() {
        let links: Vec<ExternalBug> = serde_json::from_value(json!([
            { "bug_id": 1, "ext_bz_bug_id": "o/r/pull/7", "type": { "url": "https://github.com/" } },
            { "bug_id": 2, "ext_bz_bug_id": "o/r/pull/8", "type": { "url": "https://github.com/" } },
            { "bug_id": 1, "ext_bz_bug_id": "42", "type": { "url": "https://bugs.launchpad.net/bugs/" } },
        ]))
        .unwrap();
        let want = LinkedPullRequest { org: "o".to_owned(), repo: "r".to_owned(), number: 7 };
        assert_eq!(pull_requests(1, &links), Ok(vec![want]));
    }

    #[track_caller]
    fn check(is_add: bool, answered: Value, want: Result<bool, ServiceErrorKind>) {
        let call = if is_add { add(1, None, "o", "r", 7) } else { remove(1, None, "o", "r", 7) };
        let got = changed(&call, &serde_json::from_value(answered.clone()).unwrap());
        assert_eq!(got.map_err(|(kind, _)| kind), want, "{answered}");
    }

    #[test]
    fn an_answer_tells_whether_anything_changed() {
        let added = |bug: u64, what: &str| {
            let changes = json!({ "ext_bz_bug_map.ext_bz_bug_id": { "added": what, "removed": "" } });
            json!({ "error": null, "id": "bowsprit", "result": { "bugs": [{ "id": bug, "changes": changes }] } })
        };
        check(true, added(1, "o/r/pull/7"), Ok(true));
        check(true, added(1, "o/r/pull/5, o/r/pull/7"), Ok(true));
        check(true, added(1, "o/r/pull/77"), Ok(false));
        check(true, added(2, "o/r/pull/7"), Ok(false));
        let fault =
            |code: i64, message: &str| json!({ "error": { "code": code, "message": message }, "id": "bowsprit" });
        let twice = "DBD::Pg: duplicate key value violates unique constraint \"ext_bz_bug_map_bug_id_idx\"";
        check(true, fault(100_500, twice), Ok(false));
        check(true, fault(100_500, "out of disk"), Err(ServiceErrorKind::Other));
        check(true, fault(102, "You are not authorized"), Err(ServiceErrorKind::Denied));
        check(false, fault(101, "Bug #1 does not exist."), Err(ServiceErrorKind::NotFound));
        check(false, fault(1006, "No external tracker bugs were found that matched your criteria"), Ok(false));
        let removed = json!({ "external_bugs": [{ "ext_type_url": GITHUB, "ext_bz_bug_id": "o/r/pull/7" }] });
        check(false, json!({ "error": null, "id": "bowsprit", "result": removed }), Ok(true));
        check(false, json!({ "error": null, "id": "other", "result": removed }), Err(ServiceErrorKind::Other));
    }

    #[test]
    fn a_tracker_id_stands_in_for_the_url() {
        let params = |call: Call| serde_json::to_string(&call.request.params).unwrap();
        insta::assert_snapshot!(params(add(1, None, "o", "r", 7)), @r#"[{"bug_ids":[1],"external_bugs":[{"ext_bz_bug_id":"o/r/pull/7","ext_type_url":"https://github.com/"}]}]"#);
        insta::assert_snapshot!(params(add(1, Some(131), "o", "r", 7)), @r#"[{"bug_ids":[1],"external_bugs":[{"ext_bz_bug_id":"o/r/pull/7","ext_type_id":131}]}]"#);
        insta::assert_snapshot!(params(remove(1, None, "o", "r", 7)), @r#"[{"bug_ids":[1],"ext_bz_bug_id":"o/r/pull/7","ext_type_url":"https://github.com/"}]"#);
        insta::assert_snapshot!(params(remove(1, Some(131), "o", "r", 7)), @r#"[{"bug_ids":[1],"ext_bz_bug_id":"o/r/pull/7","ext_type_id":131}]"#);
    }
}
