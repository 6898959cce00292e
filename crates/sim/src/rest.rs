//! One request to the API from bytes to bytes: who asks, what for, may they, how often, and what the answer carries.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::answer::{Answer, Refusal, Reply};
use crate::auth::Who;
use crate::budget::{Resource, Standing};
use crate::call::Call;
use crate::fence::Asked;
use crate::graphql;
use crate::hub::Hub;
use crate::permissions::Rule;
use crate::routes::{Found, find};
use crate::world::{World, now};

/// The one path of the GraphQL API.
const GRAPHQL: &str = "/graphql";

/// A request as it came, with Enterprise's `/api/v3` or `/api` taken from its path.
pub(crate) struct Incoming {
    /// `GET` and so on.
    pub(crate) method: String,
    /// The path, still encoded.
    pub(crate) path: String,
    /// The query string.
    pub(crate) query: String,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Bytes,
}

/// Answers, and says who asked, for the log.
pub(crate) fn answer(hub: &Arc<Hub>, request: Incoming) -> (Answer, String) {
    let who = hub.read(|world| Who::of(world, &request.headers));
    let label = hub.read(|world| who.as_ref().map_or("bad-credentials".to_owned(), |who| who.label(world)));
    let is_person = matches!(who, Ok(Who::User(_)));
    let resource = match request.path.as_str() {
        GRAPHQL => Resource::GraphQl,
        path if path.starts_with("/search/") => Resource::Search,
        _ => Resource::Core,
    };
    let free = request.path == "/rate_limit";
    let is_get = request.method == "GET";
    let known_tag = request.headers.get(http::header::IF_NONE_MATCH).cloned();
    let counted = if label == "bad-credentials" { "anonymous" } else { &label };

    let before = hub.budget.take(counted, resource, now().as_second(), 0);
    let mut accepted = None;
    let reply = if before.remaining() == 0 && !free {
        if resource == Resource::GraphQl { Ok(graphql::used_up(counted)) } else { Err(used_up(counted)) }
    } else {
        who.and_then(|who| run(hub, request, who, &mut accepted))
    };
    let mut answer = reply.unwrap_or_else(Refusal::into_answer);
    let mut cost = u64::from(!free);
    if is_get && answer.status == StatusCode::OK {
        let tag = answer.etag();
        let unchanged = known_tag.and_then(|known| known.to_str().map(str::to_owned).ok());
        if unchanged.is_some_and(|known| known.split(',').any(|known| same_tag(known, &tag))) {
            // What has not changed costs nothing.
            cost = 0;
            answer = Answer { status: StatusCode::NOT_MODIFIED, body: Bytes::new(), headers: answer.headers };
            answer.headers.remove(http::header::CONTENT_TYPE);
        }
        answer = answer.with("etag", &tag).with("cache-control", "private, max-age=60, s-maxage=60");
    }
    let standing = hub.budget.take(counted, resource, now().as_second(), cost);
    answer = limits(answer, standing, resource);
    if is_person {
        answer =
            answer.with("x-oauth-scopes", "admin:org, admin:repo_hook, repo").with("x-accepted-oauth-scopes", "repo");
    }
    if let Some(accepted) = accepted {
        answer = answer.with("x-accepted-github-permissions", &accepted);
    }
    let id = uuid::Uuid::new_v4().simple().to_string().to_uppercase();
    (answer.with("x-github-request-id", &id).with("x-github-media-type", "github.v3; format=json"), label)
}

/// The headers that tell where the caller stands.
pub(crate) fn limits(answer: Answer, standing: Standing, resource: Resource) -> Answer {
    answer
        .with("x-ratelimit-limit", &standing.limit.to_string())
        .with("x-ratelimit-remaining", &standing.remaining().to_string())
        .with("x-ratelimit-used", &standing.used.to_string())
        .with("x-ratelimit-reset", &standing.reset.to_string())
        .with("x-ratelimit-resource", resource.name())
}

/// GitHub's words when the hour's requests are used up.
pub(crate) fn used_up(who: &str) -> Refusal {
    Refusal::forbidden(&format!(
        "API rate limit exceeded for {who}. If you reach out to GitHub Support for help, please include the request ID."
    ))
}

fn run(hub: &Arc<Hub>, request: Incoming, who: Who, accepted: &mut Option<String>) -> Reply {
    if !request.headers.contains_key(http::header::USER_AGENT) {
        return Err(Refusal::forbidden(
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
        ));
    }
    if request.path == GRAPHQL && request.method == "POST" {
        return graphql::answer(hub, &request, who);
    }
    let path = hub.read(|world| by_name(world, &request.path));
    let (route, params) = match find(&request.method, &path) {
        Found::Route(route, params) => (route, params),
        Found::OtherMethod | Found::Nothing => return Err(Refusal::not_found()),
    };
    let rule = Rule::of(route.method, route.path).expect("every endpoint has a rule");
    *accepted = rule.accepted();
    let call = Call {
        method: request.method,
        path,
        params,
        query: parse_query(&request.query),
        headers: request.headers,
        body: request.body,
        who,
    };
    let permitted = hub.read(|world| {
        let permitted = rule.permit(world, &call);
        let user_agent = call.headers.get(http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let asked = Asked {
            method: route.method,
            endpoint: route.path,
            repo: call.repo_name(),
            org: call.find("org").map(str::to_owned),
            label: call.who.label(world),
            user_agent: user_agent.unwrap_or_default(),
        };
        hub.decisions.add(&call.who, asked, permitted.is_ok());
        permitted
    });
    permitted?;
    if let Some(moved) = hub.read(|world| transferred(world, hub.base(), &call)) {
        return Ok(moved);
    }
    (route.endpoint)(hub, &call)
}

/// The path with a repository's id, by which redirects name it, replaced by its name.
fn by_name(world: &World, path: &str) -> String {
    let named = path.strip_prefix("/repositories/").and_then(|rest| {
        let (id, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let repo = world.repos.values().find(|repo| id.parse() == Ok(repo.id))?;
        let slash = if rest.is_empty() { "" } else { "/" };
        Some(format!("/repos/{}{slash}{rest}", repo.full_name()))
    });
    named.unwrap_or_else(|| path.to_owned())
}

/// The redirect to where a transferred issue is now.
fn transferred(world: &World, base: &str, call: &Call) -> Option<Answer> {
    let number = call.find("issue_number")?;
    let (to, new) = call.repo(world).ok()?.moved.get(&number.parse().ok()?)?;
    let behind = call.path.split_once(&format!("/issues/{number}")).map_or("", |(_, behind)| behind);
    let url = format!("{base}/repositories/{}/issues/{new}{behind}", world.repo(to)?.id);
    let body =
        json!({ "message": "Moved Permanently", "url": url, "documentation_url": "https://docs.github.com/rest" });
    Some(Answer::json(StatusCode::MOVED_PERMANENTLY, &body).with("location", &url))
}

/// The parameters of a query string, decoded, in order.
pub(crate) fn parse_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(k, v)| (decode(k), decode(v))).collect()
}

/// Weak comparison: the `W/` does not count.
fn same_tag(known: &str, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.trim() == "*" || bare(known) == bare(tag)
}
