//! A stand-in Bugzilla under `/_bugzilla`: bugs, comments and links into other trackers, by `/rest` and, for those
//! links, by `/jsonrpc.cgi`, as Red Hat's server has them.

mod change;
mod external;
mod state;

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::hub::Hub;
use crate::rest::{Incoming, parse_query};
use crate::seed_services::{KeyPlace, SeedBugzillaAccount as Account};

use state::Bug;
pub(crate) use state::Bugzilla;

/// Where it is, behind the stand-in's own address.
pub(crate) const PREFIX: &str = "/_bugzilla";

/// Bugzilla's code for what is wrong, and its sentence.
#[derive(Debug)]
pub(crate) struct No(i64, String);

type Query = Vec<(String, String)>;

/// Answers, and says who asked, for the log.
pub(crate) fn answer(hub: &Hub, request: &Incoming) -> (Answer, String) {
    let mut bugzilla = hub.bugzilla.lock().expect("nothing panics while it holds Bugzilla");
    let query = parse_query(&request.query);
    let path = request.path.trim_start_matches(PREFIX);
    let who = match bugzilla.who(request, &query) {
        Ok(who) => who,
        Err(no) if path == "/jsonrpc.cgi" => return (external::refused(no), "bad-credentials".to_owned()),
        Err(no) => return (no.into_answer(), "bad-credentials".to_owned()),
    };
    let label = who.as_ref().map_or("anonymous".to_owned(), |who| who.login.clone());
    let answer = if path == "/jsonrpc.cgi" {
        external::answer(&mut bugzilla, &request.body, who.as_ref())
    } else {
        let segments: Vec<&str> = path.trim_start_matches("/rest/").split('/').collect();
        run(&mut bugzilla, request, &query, &segments, who.as_ref()).map_or_else(No::into_answer, |it| Answer::ok(&it))
    };
    (answer, label)
}

fn run(
    bugzilla: &mut Bugzilla,
    request: &Incoming,
    query: &Query,
    segments: &[&str],
    who: Option<&Account>,
) -> Result<Value, No> {
    let body = || match &request.body[..] {
        [] => Ok(json!({})),
        text => serde_json::from_slice(text).map_err(|error| No(32_700, format!("the body is not JSON: {error}"))),
    };
    match (request.method.as_str(), segments) {
        ("GET", ["version"]) => Ok(json!({ "version": "5.0.4.rh100" })),
        ("GET", ["whoami"]) => {
            let who = logged_in(who)?;
            Ok(json!({ "id": 1, "name": who.login, "real_name": "" }))
        }
        ("GET", ["bug"]) => Ok(json!({ "bugs": bugzilla.search(query, who) })),
        ("POST", ["bug"]) => change::create(bugzilla, &body()?, may_change(who)?).map(|id| json!({ "id": id })),
        ("GET", ["bug", name]) => {
            let bug = bugzilla.seen(name, who)?;
            Ok(json!({ "bugs": [only(bug.shown(), query)], "faults": [] }))
        }
        ("PUT", ["bug", name]) => {
            let id = bugzilla.seen(name, who)?.id;
            let changes = change::update(bugzilla, id, &body()?, may_change(who)?)?;
            Ok(json!({ "bugs": [{ "id": id, "alias": [], "changes": changes }] }))
        }
        ("GET", ["bug", name, "comment"]) => {
            let bug = bugzilla.seen(name, who)?;
            let since = query.iter().find(|(name, _)| name == "new_since").map(|(_, time)| time.parse());
            let since = since.transpose().map_err(|_| No(53, "`new_since` is not a valid datetime.".to_owned()))?;
            let comments: Vec<Value> = comments(bug, who, since).collect();
            Ok(json!({ "bugs": { bug.id.to_string(): { "comments": comments } }, "comments": {} }))
        }
        ("POST", ["bug", name, "comment"]) => {
            let id = bugzilla.seen(name, who)?.id;
            let body = body()?;
            let is_private = body["is_private"] == json!(true) || body["is_private"] == json!(1);
            let text = body["comment"].as_str().unwrap_or_default();
            change::comment(bugzilla, id, text, is_private, may_change(who)?).map(|id| json!({ "id": id }))
        }
        _ => Err(No(32_614, format!("{} {} is no resource of this server.", request.method, request.path))),
    }
}

fn comments(bug: &Bug, who: Option<&Account>, since: Option<jiff::Timestamp>) -> impl Iterator<Item = Value> {
    let insider = who.is_some_and(|who| who.insider);
    bug.comments.iter().enumerate().filter_map(move |(count, comment)| {
        let seen = (insider || !comment.is_private) && since.is_none_or(|since| comment.time > since);
        let time = comment.time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        seen.then(|| {
            json!({
                "id": comment.id, "bug_id": bug.id, "count": count, "text": comment.text, "creator": comment.creator,
                "time": time, "creation_time": time, "is_private": comment.is_private, "tags": [],
            })
        })
    })
}

/// The fields that were asked for. Some are sent on request alone.
fn only(shown: Value, query: &Query) -> Value {
    const EXTRA: [&str; 3] = ["flags", "external_bugs", "sub_components"];
    let wanted: Vec<&str> =
        query.iter().filter(|(name, _)| name == "include_fields").flat_map(|(_, list)| list.split(',')).collect();
    let default = wanted.is_empty() || wanted.contains(&"_default");
    let all = wanted.contains(&"_all");
    let Value::Object(fields) = shown else { return shown };
    let keep = |name: &str| all || wanted.contains(&name) || (default && !EXTRA.contains(&name));
    Value::Object(fields.into_iter().filter(|(name, _)| keep(name)).collect())
}

fn logged_in(who: Option<&Account>) -> Result<&Account, No> {
    who.ok_or_else(|| No(410, "You must log in before using this part of Bugzilla.".to_owned()))
}

fn may_change(who: Option<&Account>) -> Result<&Account, No> {
    let who = logged_in(who)?;
    let denied = || No(115, "You tried to change a bug, but only a user with the required permissions may.".to_owned());
    if who.read_only { Err(denied()) } else { Ok(who) }
}

impl Bugzilla {
    /// Whose key it is; none where there is none. Keys in different places must be the same.
    fn who(&self, request: &Incoming, query: &Query) -> Result<Option<Account>, No> {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        let in_query = query.iter().find(|(name, _)| name == "api_key" || name == "Bugzilla_api_key");
        let places = [
            (KeyPlace::Bearer, header("authorization").map(|value| value.trim_start_matches("Bearer "))),
            (KeyPlace::Query, in_query.map(|(_, key)| key.as_str())),
            (KeyPlace::Header, header("x-bugzilla-api-key")),
        ];
        let looked_at = |place: &KeyPlace| self.key_in.is_empty() || self.key_in.contains(place);
        let mut keys = places.into_iter().filter(|(place, _)| looked_at(place)).filter_map(|(_, key)| key);
        let Some(key) = keys.next() else { return Ok(None) };
        let known = self.accounts.iter().find(|account| account.api_key == key && keys.all(|other| other == key));
        let invalid = "The API key you specified is invalid. Please check that you typed it correctly.";
        known.cloned().map(Some).ok_or_else(|| No(306, invalid.to_owned()))
    }

    fn seen(&self, name: &str, who: Option<&Account>) -> Result<&Bug, No> {
        let is_number = name.parse::<u64>().is_ok();
        let absent = || match is_number {
            true => No(101, format!("Bug #{name} does not exist.")),
            false => No(100, format!("'{name}' is not a valid bug number nor an alias to a bug.")),
        };
        let bug = self.find(name).ok_or_else(absent)?;
        let denied = || No(102, format!("You are not authorized to access bug #{}.", bug.id));
        if bug.is_seen_by(who) { Ok(bug) } else { Err(denied()) }
    }

    /// Bugs that have, for each field that the query names, one of its values.
    fn search(&self, query: &Query, who: Option<&Account>) -> Vec<Value> {
        const NOT_FIELDS: [&str; 6] =
            ["include_fields", "exclude_fields", "api_key", "Bugzilla_api_key", "limit", "query_format"];
        let wanted = |(name, _): &&(String, String)| !NOT_FIELDS.contains(&name.as_str());
        let holds = |shown: &Value, name: &str| {
            let mut values = query.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str());
            let texts: Vec<String> = match &shown[name] {
                Value::Array(all) => all.iter().map(text_of).collect(),
                one => vec![text_of(one)],
            };
            values.any(|value| texts.iter().any(|text| text == value))
        };
        let seen = self.bugs.values().filter(|bug| bug.is_seen_by(who)).map(Bug::shown);
        let found = seen.filter(|shown| query.iter().filter(wanted).all(|(name, _)| holds(shown, name)));
        found.map(|shown| only(shown, query)).collect()
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl No {
    fn into_answer(self) -> Answer {
        let Self(code, message) = self;
        let status = match code {
            100 | 101 | 32_614 => StatusCode::NOT_FOUND,
            102 | 113 | 115 | 300..=306 | 410 => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        };
        let docs = "https://bugzilla.readthedocs.org/en/5.0/api/";
        Answer::json(status, &json!({ "error": true, "code": code, "message": message, "documentation": docs }))
    }
}
