//! Which function answers which call. Paths are spelled as GitHub's description spells them.

use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::answer::Reply;
use crate::api::{
    actions, apps, assignees, branches, checks, comments, commits, compare, contents, history, hooks, issues, labels,
    merge, meta, milestones, orgs, protection, pulls, reactions, refs, repos, review_comments, review_requests,
    reviews, search, statuses, teams,
};
use crate::call::Call;
use crate::hub::Hub;

/// A function that answers a call. It runs on a thread where it may wait for git.
pub(crate) type Endpoint = fn(&Arc<Hub>, &Call) -> Reply;

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    /// `GET` and so on.
    pub(crate) method: &'static str,
    /// The path with its placeholders.
    pub(crate) path: &'static str,
    /// Who answers.
    pub(crate) endpoint: Endpoint,
}

macro_rules! routes {
    ($($method:ident $path:literal => $endpoint:path;)*) => {
        &[$(Route { method: stringify!($method), path: $path, endpoint: $endpoint }),*]
    };
}

/// All endpoints of the REST API that are served.
pub(crate) const ROUTES: &[Route] = routes! {
    GET "/user" => meta::user;
    GET "/users/{username}" => meta::user_by_login;
    GET "/rate_limit" => meta::rate_limit;
    GET "/app" => apps::app;
    GET "/app/installations" => apps::installations;
    GET "/app/installations/{installation_id}" => apps::installation;
    POST "/app/installations/{installation_id}/access_tokens" => apps::create_token;
    GET "/orgs/{org}/installation" => apps::installation_of_account;
    GET "/repos/{owner}/{repo}/installation" => apps::installation_of_account;
    GET "/users/{username}/installation" => apps::installation_of_account;
    GET "/installation/repositories" => apps::repositories;
    GET "/orgs/{org}/members" => orgs::members;
    GET "/orgs/{org}/members/{username}" => orgs::is_member;
    GET "/orgs/{org}/repos" => orgs::repos;
    GET "/orgs/{org}/teams" => teams::list;
    GET "/orgs/{org}/teams/{team_slug}/members" => teams::members;
    GET "/orgs/{org}/teams/{team_slug}/memberships/{username}" => teams::membership;
    GET "/repos/{owner}/{repo}" => repos::repo;
    GET "/repos/{owner}/{repo}/collaborators" => repos::collaborators;
    GET "/repos/{owner}/{repo}/collaborators/{username}" => repos::is_collaborator;
    GET "/repos/{owner}/{repo}/collaborators/{username}/permission" => repos::permission;
    GET "/repos/{owner}/{repo}/labels" => labels::of_repo;
    POST "/repos/{owner}/{repo}/labels" => labels::create;
    GET "/repos/{owner}/{repo}/milestones" => milestones::list;
    POST "/repos/{owner}/{repo}/milestones" => milestones::create;
    GET "/repos/{owner}/{repo}/pulls" => pulls::list;
    POST "/repos/{owner}/{repo}/pulls" => pulls::create;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}" => pulls::get;
    PATCH "/repos/{owner}/{repo}/pulls/{pull_number}" => pulls::update;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}/files" => pulls::files;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}/commits" => pulls::commits;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}/merge" => merge::is_merged;
    PUT "/repos/{owner}/{repo}/pulls/{pull_number}/merge" => merge::merge;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}/reviews" => reviews::list;
    POST "/repos/{owner}/{repo}/pulls/{pull_number}/reviews" => reviews::create;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}/comments" => review_comments::list;
    POST "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers" => review_requests::create;
    DELETE "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers" => review_requests::delete;
    GET "/repos/{owner}/{repo}/issues" => issues::list;
    POST "/repos/{owner}/{repo}/issues" => issues::create;
    GET "/repos/{owner}/{repo}/issues/{issue_number}" => issues::get;
    PATCH "/repos/{owner}/{repo}/issues/{issue_number}" => issues::update;
    GET "/repos/{owner}/{repo}/issues/{issue_number}/labels" => labels::of_issue;
    POST "/repos/{owner}/{repo}/issues/{issue_number}/labels" => labels::add;
    PUT "/repos/{owner}/{repo}/issues/{issue_number}/labels" => labels::set;
    DELETE "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}" => labels::remove;
    GET "/repos/{owner}/{repo}/issues/{issue_number}/comments" => comments::list;
    POST "/repos/{owner}/{repo}/issues/{issue_number}/comments" => comments::create;
    POST "/repos/{owner}/{repo}/issues/{issue_number}/assignees" => assignees::add;
    DELETE "/repos/{owner}/{repo}/issues/{issue_number}/assignees" => assignees::remove;
    GET "/repos/{owner}/{repo}/issues/{issue_number}/events" => history::list;
    GET "/repos/{owner}/{repo}/issues/{issue_number}/reactions" => reactions::list;
    POST "/repos/{owner}/{repo}/issues/{issue_number}/reactions" => reactions::create;
    GET "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions" => reactions::list;
    POST "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions" => reactions::create;
    GET "/repos/{owner}/{repo}/issues/comments/{comment_id}" => comments::get;
    PATCH "/repos/{owner}/{repo}/issues/comments/{comment_id}" => comments::update;
    DELETE "/repos/{owner}/{repo}/issues/comments/{comment_id}" => comments::delete;
    GET "/repos/{owner}/{repo}/git/ref/{ref}" => refs::get;
    GET "/repos/{owner}/{repo}/git/matching-refs/{ref}" => refs::matching;
    POST "/repos/{owner}/{repo}/git/refs" => refs::create;
    PATCH "/repos/{owner}/{repo}/git/refs/{ref}" => refs::update;
    DELETE "/repos/{owner}/{repo}/git/refs/{ref}" => refs::delete;
    GET "/repos/{owner}/{repo}/branches" => branches::list;
    GET "/repos/{owner}/{repo}/branches/{branch}" => branches::get;
    GET "/repos/{owner}/{repo}/branches/{branch}/protection" => protection::get;
    GET "/repos/{owner}/{repo}/commits/{commit_sha}/pulls" => pulls::of_commit;
    GET "/repos/{owner}/{repo}/commits/{ref}" => commits::get;
    GET "/repos/{owner}/{repo}/commits/{ref}/status" => statuses::combined;
    GET "/repos/{owner}/{repo}/commits/{ref}/statuses" => statuses::list;
    GET "/repos/{owner}/{repo}/commits/{ref}/check-runs" => checks::of_commit;
    POST "/repos/{owner}/{repo}/check-runs" => checks::create;
    GET "/repos/{owner}/{repo}/compare/{basehead}" => compare::get;
    GET "/repos/{owner}/{repo}/actions/runs" => actions::list;
    GET "/repos/{owner}/{repo}/actions/runs/{run_id}" => actions::get;
    POST "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs" => actions::rerun_failed;
    POST "/repos/{owner}/{repo}/actions/runs/{run_id}/approve" => actions::approve;
    POST "/repos/{owner}/{repo}/statuses/{sha}" => statuses::create;
    GET "/repos/{owner}/{repo}/contents/{path}" => contents::get;
    GET "/search/issues" => search::issues;
    GET "/repos/{owner}/{repo}/hooks" => hooks::list;
    POST "/repos/{owner}/{repo}/hooks" => hooks::create;
    GET "/repos/{owner}/{repo}/hooks/{hook_id}" => hooks::get;
    PATCH "/repos/{owner}/{repo}/hooks/{hook_id}" => hooks::update;
    DELETE "/repos/{owner}/{repo}/hooks/{hook_id}" => hooks::delete;
    POST "/repos/{owner}/{repo}/hooks/{hook_id}/pings" => hooks::ping;
    GET "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries" => hooks::deliveries;
    GET "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}" => hooks::delivery;
    POST "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts" => hooks::redeliver;
    GET "/orgs/{org}/hooks" => hooks::list;
    POST "/orgs/{org}/hooks" => hooks::create;
    GET "/orgs/{org}/hooks/{hook_id}" => hooks::get;
    PATCH "/orgs/{org}/hooks/{hook_id}" => hooks::update;
    DELETE "/orgs/{org}/hooks/{hook_id}" => hooks::delete;
    POST "/orgs/{org}/hooks/{hook_id}/pings" => hooks::ping;
    GET "/orgs/{org}/hooks/{hook_id}/deliveries" => hooks::deliveries;
    GET "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}" => hooks::delivery;
    POST "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts" => hooks::redeliver;
    GET "/app/hook/config" => hooks::app_config;
    PATCH "/app/hook/config" => hooks::update_app_config;
    GET "/app/hook/deliveries" => hooks::deliveries;
    GET "/app/hook/deliveries/{delivery_id}" => hooks::delivery;
    POST "/app/hook/deliveries/{delivery_id}/attempts" => hooks::redeliver;
};

/// What a path leads to.
pub(crate) enum Found {
    /// An endpoint, and what stood in its placeholders.
    Route(&'static Route, Vec<(&'static str, String)>),
    /// A path that is served, but not with this method.
    OtherMethod,
    /// Nothing.
    Nothing,
}

/// The endpoint for a method and a path as it came; where several fit, the one with the most literal segments.
pub(crate) fn find(method: &str, path: &str) -> Found {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let fits = ROUTES.iter().filter_map(|route| fit(route.path, &segments).map(|params| (route, params)));
    let fits: Vec<_> = fits.collect();
    let literal = |path: &str| path.split('/').filter(|segment| !segment.starts_with('{')).count();
    let best = fits.iter().filter(|(route, _)| route.method == method).max_by_key(|(route, _)| literal(route.path));
    match best {
        Some((route, params)) => Found::Route(route, params.clone()),
        None if fits.is_empty() => Found::Nothing,
        None => Found::OtherMethod,
    }
}

/// Placeholders that take slashes too.
fn is_greedy(name: &str) -> bool {
    matches!(name, "ref" | "path" | "branch" | "basehead")
}

fn fit(template: &'static str, segments: &[&str]) -> Option<Vec<(&'static str, String)>> {
    let template: Vec<&'static str> = template.trim_matches('/').split('/').collect();
    let mut params = Vec::new();
    let mut at = 0;
    for (index, part) in template.iter().enumerate() {
        let after = template.len() - index - 1;
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            (segments.get(at) == Some(part)).then_some(())?;
            at += 1;
            continue;
        };
        // Only a path may be empty: the root directory.
        let take = if is_greedy(name) { segments.len().checked_sub(at + after)? } else { 1 };
        if at + take > segments.len() || (take == 0 && name != "path") {
            return None;
        }
        let raw = segments[at..at + take].join("/");
        let value = percent_decode_str(&raw).decode_utf8().ok()?.into_owned();
        if value.is_empty() && name != "path" {
            return None;
        }
        params.push((name, value));
        at += take;
    }
    (at == segments.len()).then_some(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(call: &str, want: &str) {
        let (method, path) = call.split_once(' ').unwrap();
        let got = match find(method, path) {
            Found::Route(route, params) => {
                let params: Vec<String> = params.iter().skip(2).map(|(k, v)| format!("{k}={v}")).collect();
                format!("{} {}", route.path.rsplit("{repo}").next().unwrap(), params.join(" ")).trim().to_owned()
            }
            Found::OtherMethod => "405".to_owned(),
            Found::Nothing => "404".to_owned(),
        };
        assert_eq!(got, want, "{call}");
    }

    #[test]
    fn the_most_literal_path_wins_and_refs_take_slashes() {
        check("GET /repos/o/r", "");
        check("GET /repos/o/r/commits/feature/x/status", "/commits/{ref}/status ref=feature/x");
        check("GET /repos/o/r/commits/feature%2Fx", "/commits/{ref} ref=feature/x");
        check("GET /repos/o/r/contents/", "/contents/{path} path=");
        check("GET /repos/o/r/contents", "/contents/{path} path=");
        check("GET /repos/o/r/contents/a/b.txt", "/contents/{path} path=a/b.txt");
        check("GET /repos/o/r/issues/comments/7", "/issues/comments/{comment_id} comment_id=7");
        check(
            "DELETE /repos/o/r/issues/7/labels/do-not-merge%2Fhold",
            "/issues/{issue_number}/labels/{name} issue_number=7 name=do-not-merge/hold",
        );
        check("GET /repos/o/r/branches/a%2Fb%23c/protection", "/branches/{branch}/protection branch=a/b#c");
        check("GET /repos/o/r/compare/main...o:a/b", "/compare/{basehead} basehead=main...o:a/b");
        check("POST /repos/o/r", "405");
        check("GET /repos/o", "404");
        check("GET /repos/o/r/git/ref/heads/main", "/git/ref/{ref} ref=heads/main");
    }
}
