//! `/jsonrpc.cgi`: links into other trackers, Red Hat's extension `ExternalBugs`.

use http::StatusCode;
use serde_json::{Value, json};

use super::No;
use super::state::{Bugzilla, External};
use crate::answer::Answer;
use crate::seed_services::SeedBugzillaAccount as Account;

/// Trackers by their id.
const TRACKERS: [(u64, &str); 2] = [(131, "https://github.com/"), (150, "https://bugs.launchpad.net/bugs/")];

/// Credentials that are refused are refused in JSON-RPC too.
pub(crate) fn refused(no: No) -> Answer {
    envelope(&Value::Null, Err(no))
}

pub(crate) fn answer(bugzilla: &mut Bugzilla, body: &[u8], who: Option<&Account>) -> Answer {
    let Ok(request) = serde_json::from_slice::<Value>(body) else {
        return refused(No(32_700, "the body is not JSON".to_owned()));
    };
    envelope(&request["id"], run(bugzilla, &request, who))
}

fn run(bugzilla: &mut Bugzilla, request: &Value, who: Option<&Account>) -> Result<Value, No> {
    let params = &request["params"][0];
    let who_may = super::may_change(who)?;
    let bugs: Vec<u64> = params["bug_ids"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    for id in &bugs {
        bugzilla.seen(&id.to_string(), Some(who_may))?;
    }
    match request["method"].as_str().unwrap_or_default() {
        "ExternalBugs.add_external_bug" => {
            let links = params["external_bugs"].as_array().into_iter().flatten();
            let links: Vec<External> = links.map(link).collect::<Result<_, _>>()?;
            add(bugzilla, &bugs, &links)
        }
        "ExternalBugs.remove_external_bug" => remove(bugzilla, &bugs, &link(params)?),
        other => Err(No(32_601, format!("there is no method `{other}`"))),
    }
}

fn link(params: &Value) -> Result<External, No> {
    let url = match (params["ext_type_id"].as_u64(), params["ext_type_url"].as_str()) {
        (Some(id), _) => TRACKERS.iter().find(|(known, _)| *known == id).map(|(_, url)| *url),
        (None, Some(url)) => TRACKERS.iter().find(|(_, known)| *known == url).map(|(_, url)| *url),
        (None, None) => None,
    };
    let url = url.ok_or_else(|| No(100_602, "there is no such external tracker".to_owned()))?;
    let id = params["ext_bz_bug_id"].as_str().filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| No(50, "a external bug needs an ext_bz_bug_id".to_owned()))?;
    Ok(External { url: url.to_owned(), id: id.to_owned() })
}

fn add(bugzilla: &mut Bugzilla, bugs: &[u64], links: &[External]) -> Result<Value, No> {
    let known =
        |id: &u64| bugzilla.bugs.get(id).is_some_and(|bug| links.iter().any(|link| bug.external.contains(link)));
    if bugs.iter().any(known) {
        // What the database says comes through as it is.
        let constraint = "duplicate key value violates unique constraint \"ext_bz_bug_map_bug_id_idx\"";
        return Err(No(100_500, format!("DBD::Pg::db do failed: ERROR: {constraint}")));
    }
    let ids: Vec<&str> = links.iter().map(|link| link.id.as_str()).collect();
    let changes = json!({ "ext_bz_bug_map.ext_bz_bug_id": { "added": ids.join(", "), "removed": "" } });
    let mut changed = Vec::new();
    for id in bugs {
        bugzilla.bugs.entry(*id).and_modify(|bug| bug.external.extend_from_slice(links));
        changed.push(json!({ "id": id, "alias": [], "changes": changes }));
    }
    Ok(json!({ "bugs": changed }))
}

fn remove(bugzilla: &mut Bugzilla, bugs: &[u64], link: &External) -> Result<Value, No> {
    let mut removed = Vec::new();
    for id in bugs {
        let Some(bug) = bugzilla.bugs.get_mut(id) else { continue };
        let before = bug.external.len();
        bug.external.retain(|known| known != link);
        if bug.external.len() < before {
            removed.push(json!({ "bug_id": id, "ext_type_url": link.url, "ext_bz_bug_id": link.id }));
        }
    }
    if removed.is_empty() {
        return Err(No(1006, "No external tracker bugs were found that matched your criteria".to_owned()));
    }
    Ok(json!({ "external_bugs": removed }))
}

fn envelope(id: &Value, result: Result<Value, No>) -> Answer {
    let body = match result {
        Ok(result) => json!({ "error": null, "id": id, "result": result }),
        Err(No(code, message)) => {
            let error = json!({ "code": code, "message": message, "name": "JSONRPCError" });
            json!({ "error": error, "id": id, "result": null })
        }
    };
    Answer::json(StatusCode::OK, &body)
}
