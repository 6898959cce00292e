//! Which token may call what: GitHub's published permissions of each endpoint, written down for the stand-in alone.

use http::StatusCode;

use crate::answer::Refusal;
use crate::auth::Who;
use crate::call::Call;
use crate::roles::{is_member, role_of};
use crate::world::{Level, OrgRole, Permissions, Role, World};

/// What an app needs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AppNeed {
    /// To be itself: its JWT, not an installation token.
    Jwt,
    /// Any installation token.
    Any,
    /// A person; no app may.
    Person,
    /// One of these.
    OneOf(&'static [(&'static str, Level)]),
    /// `issues` for an issue, `pull_requests` for a pull request: the number or comment in the path decides.
    ByTarget(Level),
}

/// What a person needs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UserNeed {
    /// Nothing, not even a token.
    Anyone,
    /// A token.
    SignedIn,
    /// At least this role in the repository.
    Role(Role),
    /// At least this role, or to have written the issue, pull request or comment.
    AuthorOr(Role),
    /// To be in the organisation.
    OrgMember,
    /// To own the organisation.
    OrgOwner,
    /// No person may.
    App,
}

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// `GET` and so on.
    pub(crate) method: &'static str,
    /// The path as GitHub's description spells it.
    pub(crate) path: &'static str,
    /// What an app needs.
    pub(crate) app: AppNeed,
    /// What a person needs.
    pub(crate) user: UserNeed,
}

macro_rules! rules {
    ($($method:ident $path:literal => $app:expr, $user:expr;)*) => {
        &[$(Rule { method: stringify!($method), path: $path, app: $app, user: $user }),*]
    };
}

use AppNeed::{Any, ByTarget, Jwt, OneOf, Person};
use Level::{Read, Write};
use UserNeed::{Anyone, AuthorOr, OrgMember, OrgOwner, SignedIn};

const METADATA: AppNeed = OneOf(&[("metadata", Read)]);
const CONTENTS: AppNeed = OneOf(&[("contents", Read)]);
const CONTENTS_W: AppNeed = OneOf(&[("contents", Write)]);
const PULLS: AppNeed = OneOf(&[("pull_requests", Read)]);
const PULLS_W: AppNeed = OneOf(&[("pull_requests", Write)]);
const STATUSES: AppNeed = OneOf(&[("statuses", Read)]);
const STATUSES_W: AppNeed = OneOf(&[("statuses", Write)]);
const EITHER: AppNeed = OneOf(&[("issues", Read), ("pull_requests", Read)]);
const EITHER_W: AppNeed = OneOf(&[("issues", Write), ("pull_requests", Write)]);
const ISSUES_W: AppNeed = OneOf(&[("issues", Write)]);
const CHECKS: AppNeed = OneOf(&[("checks", Read)]);
const CHECKS_W: AppNeed = OneOf(&[("checks", Write)]);
const ACTIONS: AppNeed = OneOf(&[("actions", Read)]);
const ACTIONS_W: AppNeed = OneOf(&[("actions", Write)]);
const ADMINISTRATION: AppNeed = OneOf(&[("administration", Read)]);
const MEMBERS: AppNeed = OneOf(&[("members", Read)]);
const HOOKS: AppNeed = OneOf(&[("repository_hooks", Read)]);
const HOOKS_W: AppNeed = OneOf(&[("repository_hooks", Write)]);
const ORG_HOOKS: AppNeed = OneOf(&[("organization_hooks", Read)]);
const ORG_HOOKS_W: AppNeed = OneOf(&[("organization_hooks", Write)]);
const READER: UserNeed = UserNeed::Role(Role::Read);
const TRIAGER: UserNeed = UserNeed::Role(Role::Triage);
const WRITER: UserNeed = UserNeed::Role(Role::Write);
const ADMIN: UserNeed = UserNeed::Role(Role::Admin);

/// The table. An endpoint that is not in it is not served.
pub(crate) const RULES: &[Rule] = rules! {
    GET "/user" => Person, SignedIn;
    GET "/users/{username}" => Any, Anyone;
    GET "/rate_limit" => Any, Anyone;
    GET "/app" => Jwt, UserNeed::App;
    GET "/app/installations" => Jwt, UserNeed::App;
    GET "/app/installations/{installation_id}" => Jwt, UserNeed::App;
    POST "/app/installations/{installation_id}/access_tokens" => Jwt, UserNeed::App;
    GET "/orgs/{org}/installation" => Jwt, UserNeed::App;
    GET "/repos/{owner}/{repo}/installation" => Jwt, UserNeed::App;
    GET "/users/{username}/installation" => Jwt, UserNeed::App;
    GET "/installation/repositories" => Any, UserNeed::App;
    GET "/orgs/{org}/members" => MEMBERS, Anyone;
    GET "/orgs/{org}/members/{username}" => MEMBERS, Anyone;
    GET "/orgs/{org}/repos" => METADATA, Anyone;
    GET "/orgs/{org}/teams" => MEMBERS, OrgMember;
    GET "/orgs/{org}/teams/{team_slug}/members" => MEMBERS, OrgMember;
    GET "/orgs/{org}/teams/{team_slug}/memberships/{username}" => MEMBERS, OrgMember;
    GET "/repos/{owner}/{repo}" => METADATA, READER;
    GET "/repos/{owner}/{repo}/collaborators" => METADATA, WRITER;
    GET "/repos/{owner}/{repo}/collaborators/{username}" => METADATA, WRITER;
    GET "/repos/{owner}/{repo}/collaborators/{username}/permission" => METADATA, WRITER;
    GET "/repos/{owner}/{repo}/labels" => EITHER, READER;
    POST "/repos/{owner}/{repo}/labels" => EITHER_W, WRITER;
    GET "/repos/{owner}/{repo}/milestones" => EITHER, READER;
    POST "/repos/{owner}/{repo}/milestones" => EITHER_W, WRITER;
    GET "/repos/{owner}/{repo}/pulls" => PULLS, READER;
    POST "/repos/{owner}/{repo}/pulls" => PULLS_W, READER;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}" => PULLS, READER;
    PATCH "/repos/{owner}/{repo}/pulls/{pull_number}" => PULLS_W, AuthorOr(Role::Triage);
    GET "/repos/{owner}/{repo}/pulls/{pull_number}/files" => PULLS, READER;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}/commits" => PULLS, READER;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}/merge" => CONTENTS, READER;
    PUT "/repos/{owner}/{repo}/pulls/{pull_number}/merge" => CONTENTS_W, WRITER;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}/reviews" => PULLS, READER;
    POST "/repos/{owner}/{repo}/pulls/{pull_number}/reviews" => PULLS_W, READER;
    GET "/repos/{owner}/{repo}/pulls/{pull_number}/comments" => PULLS, READER;
    POST "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers" => PULLS_W, TRIAGER;
    DELETE "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers" => PULLS_W, TRIAGER;
    GET "/repos/{owner}/{repo}/issues" => EITHER, READER;
    POST "/repos/{owner}/{repo}/issues" => ISSUES_W, READER;
    GET "/repos/{owner}/{repo}/issues/{issue_number}" => ByTarget(Read), READER;
    PATCH "/repos/{owner}/{repo}/issues/{issue_number}" => ByTarget(Write), AuthorOr(Role::Triage);
    GET "/repos/{owner}/{repo}/issues/{issue_number}/labels" => ByTarget(Read), READER;
    POST "/repos/{owner}/{repo}/issues/{issue_number}/labels" => ByTarget(Write), TRIAGER;
    PUT "/repos/{owner}/{repo}/issues/{issue_number}/labels" => ByTarget(Write), TRIAGER;
    DELETE "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}" => ByTarget(Write), TRIAGER;
    GET "/repos/{owner}/{repo}/issues/{issue_number}/comments" => ByTarget(Read), READER;
    POST "/repos/{owner}/{repo}/issues/{issue_number}/comments" => ByTarget(Write), READER;
    POST "/repos/{owner}/{repo}/issues/{issue_number}/assignees" => ByTarget(Write), READER;
    DELETE "/repos/{owner}/{repo}/issues/{issue_number}/assignees" => ByTarget(Write), READER;
    GET "/repos/{owner}/{repo}/issues/{issue_number}/events" => ByTarget(Read), READER;
    GET "/repos/{owner}/{repo}/issues/{issue_number}/reactions" => ByTarget(Read), READER;
    POST "/repos/{owner}/{repo}/issues/{issue_number}/reactions" => ByTarget(Write), READER;
    GET "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions" => ByTarget(Read), READER;
    POST "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions" => ByTarget(Write), READER;
    GET "/repos/{owner}/{repo}/issues/comments/{comment_id}" => ByTarget(Read), READER;
    PATCH "/repos/{owner}/{repo}/issues/comments/{comment_id}" => ByTarget(Write), AuthorOr(Role::Write);
    DELETE "/repos/{owner}/{repo}/issues/comments/{comment_id}" => ByTarget(Write), AuthorOr(Role::Write);
    GET "/repos/{owner}/{repo}/git/ref/{ref}" => CONTENTS, READER;
    GET "/repos/{owner}/{repo}/git/matching-refs/{ref}" => CONTENTS, READER;
    POST "/repos/{owner}/{repo}/git/refs" => CONTENTS_W, WRITER;
    PATCH "/repos/{owner}/{repo}/git/refs/{ref}" => CONTENTS_W, WRITER;
    DELETE "/repos/{owner}/{repo}/git/refs/{ref}" => CONTENTS_W, WRITER;
    GET "/repos/{owner}/{repo}/branches" => CONTENTS, READER;
    GET "/repos/{owner}/{repo}/branches/{branch}" => CONTENTS, READER;
    GET "/repos/{owner}/{repo}/branches/{branch}/protection" => ADMINISTRATION, ADMIN;
    GET "/repos/{owner}/{repo}/commits/{commit_sha}/pulls" => PULLS, READER;
    GET "/repos/{owner}/{repo}/commits/{ref}" => CONTENTS, READER;
    GET "/repos/{owner}/{repo}/commits/{ref}/status" => STATUSES, READER;
    GET "/repos/{owner}/{repo}/commits/{ref}/statuses" => STATUSES, READER;
    GET "/repos/{owner}/{repo}/commits/{ref}/check-runs" => CHECKS, READER;
    POST "/repos/{owner}/{repo}/check-runs" => CHECKS_W, UserNeed::App;
    GET "/repos/{owner}/{repo}/compare/{basehead}" => CONTENTS, READER;
    GET "/repos/{owner}/{repo}/actions/runs" => ACTIONS, READER;
    GET "/repos/{owner}/{repo}/actions/runs/{run_id}" => ACTIONS, READER;
    POST "/repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs" => ACTIONS_W, WRITER;
    POST "/repos/{owner}/{repo}/actions/runs/{run_id}/approve" => ACTIONS_W, WRITER;
    POST "/repos/{owner}/{repo}/statuses/{sha}" => STATUSES_W, WRITER;
    GET "/repos/{owner}/{repo}/contents/{path}" => CONTENTS, READER;
    GET "/search/issues" => EITHER, Anyone;
    GET "/repos/{owner}/{repo}/hooks" => HOOKS, ADMIN;
    POST "/repos/{owner}/{repo}/hooks" => HOOKS_W, ADMIN;
    GET "/repos/{owner}/{repo}/hooks/{hook_id}" => HOOKS, ADMIN;
    PATCH "/repos/{owner}/{repo}/hooks/{hook_id}" => HOOKS_W, ADMIN;
    DELETE "/repos/{owner}/{repo}/hooks/{hook_id}" => HOOKS_W, ADMIN;
    POST "/repos/{owner}/{repo}/hooks/{hook_id}/pings" => HOOKS, ADMIN;
    GET "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries" => HOOKS, ADMIN;
    GET "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}" => HOOKS, ADMIN;
    POST "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts" => HOOKS_W, ADMIN;
    GET "/orgs/{org}/hooks" => ORG_HOOKS, OrgOwner;
    POST "/orgs/{org}/hooks" => ORG_HOOKS_W, OrgOwner;
    GET "/orgs/{org}/hooks/{hook_id}" => ORG_HOOKS, OrgOwner;
    PATCH "/orgs/{org}/hooks/{hook_id}" => ORG_HOOKS_W, OrgOwner;
    DELETE "/orgs/{org}/hooks/{hook_id}" => ORG_HOOKS_W, OrgOwner;
    POST "/orgs/{org}/hooks/{hook_id}/pings" => ORG_HOOKS_W, OrgOwner;
    GET "/orgs/{org}/hooks/{hook_id}/deliveries" => ORG_HOOKS, OrgOwner;
    GET "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}" => ORG_HOOKS, OrgOwner;
    POST "/orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts" => ORG_HOOKS_W, OrgOwner;
    GET "/app/hook/config" => Jwt, UserNeed::App;
    PATCH "/app/hook/config" => Jwt, UserNeed::App;
    GET "/app/hook/deliveries" => Jwt, UserNeed::App;
    GET "/app/hook/deliveries/{delivery_id}" => Jwt, UserNeed::App;
    POST "/app/hook/deliveries/{delivery_id}/attempts" => Jwt, UserNeed::App;
};

impl Rule {
    /// The rule of an endpoint.
    pub(crate) fn of(method: &str, path: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.method == method && rule.path == path)
    }

    /// What `X-Accepted-GitHub-Permissions` says: alternatives parted by semicolons.
    pub(crate) fn accepted(&self) -> Option<String> {
        let word = |level: Level| if level == Read { "read" } else { "write" };
        match self.app {
            OneOf(needs) => {
                let needs: Vec<String> = needs.iter().map(|(name, level)| format!("{name}={}", word(*level))).collect();
                Some(needs.join("; "))
            }
            ByTarget(level) => Some(format!("issues={0}; pull_requests={0}", word(level))),
            Jwt | Any | Person => None,
        }
    }

    /// Whether the caller may. Stricter than GitHub in one thing: a token needs the permission for what is public too,
    /// so that a missing grant shows here and not in production.
    ///
    /// # Errors
    /// 401 without the right kind of credentials, 404 for what the caller may not see, 403 for what it may not do.
    pub(crate) fn permit(&self, world: &World, call: &Call) -> Result<(), Refusal> {
        let repo = match call.repo_name() {
            Some(name) => Some(world.repo(&name).ok_or_else(Refusal::not_found)?),
            None => None,
        };
        match (&call.who, self.app) {
            (Who::App(_), Jwt) => Ok(()),
            (_, Jwt) => Err(Refusal::new(StatusCode::UNAUTHORIZED, "A JSON web token could not be decoded")),
            (Who::App(_), _) => Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "This endpoint takes no JSON web token; use an installation token",
            )),
            (Who::Installation { token, .. }, need) => {
                if let Some(repo) = repo
                    && !call.who.reaches(world, repo)
                {
                    let hidden = repo.private || call.method == "GET";
                    return Err(if hidden { Refusal::not_found() } else { by_integration() });
                }
                if let Some(org) = call.find("org")
                    && !call.who.acts_for(world, org)
                {
                    return Err(by_integration());
                }
                if holds(need, &token.permissions, || is_pull(world, call)) { Ok(()) } else { Err(by_integration()) }
            }
            (Who::User(login), _) => self.permit_person(world, call, Some(login)),
            (Who::Anonymous, _) => self.permit_person(world, call, None),
        }
    }

    fn permit_person(&self, world: &World, call: &Call, login: Option<&str>) -> Result<(), Refusal> {
        let repo = call.repo_name().and_then(|name| world.repo(&name));
        let role = repo.map_or(Role::None, |repo| role_of(world, repo, login));
        if repo.is_some() && role < Role::Read {
            return Err(Refusal::not_found());
        }
        let needs_login = call.method != "GET" || !matches!(self.user, Anyone | UserNeed::Role(Role::Read));
        if needs_login && login.is_none() && !matches!(self.user, Anyone) {
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Requires authentication"));
        }
        let enough = match self.user {
            Anyone | SignedIn => true,
            UserNeed::Role(need) => role >= need,
            AuthorOr(need) => role >= need || login.is_some_and(|login| wrote(world, call, login)),
            OrgMember | OrgOwner => {
                let org = call.find("org").and_then(|org| world.org(org));
                let org = org.ok_or_else(Refusal::not_found)?;
                let role = login.and_then(|login| org.members.get(&crate::world::key(login)));
                // To others the organisation shows neither teams nor hooks.
                let role = role.ok_or_else(Refusal::not_found)?;
                matches!(self.user, OrgMember) || *role == OrgRole::Admin
            }
            UserNeed::App => return Err(Refusal::forbidden("Resource not accessible by personal access token")),
        };
        if enough { Ok(()) } else { Err(Refusal::forbidden(too_little(self.user))) }
    }
}

fn by_integration() -> Refusal {
    Refusal::forbidden("Resource not accessible by integration")
}

fn too_little(need: UserNeed) -> &'static str {
    match need {
        UserNeed::Role(Role::Write | Role::Maintain) => "Must have push access to repository",
        UserNeed::Role(Role::Admin) | OrgOwner => "Must have admin rights to Repository.",
        _ => "Must have triage access to repository or be the author",
    }
}

fn holds(need: AppNeed, has: &Permissions, target_is_pull: impl FnOnce() -> bool) -> bool {
    let has = |name: &str, level: Level| {
        // Everyone may see metadata: GitHub grants it with the first other permission.
        (name == "metadata" && level == Read) || has.get(name).is_some_and(|granted| *granted >= level)
    };
    match need {
        Jwt | Person => false,
        Any => true,
        OneOf(needs) => needs.iter().any(|(name, level)| has(name, *level)),
        ByTarget(level) => has(if target_is_pull() { "pull_requests" } else { "issues" }, level),
    }
}

/// Whether the issue or comment in the path belongs to a pull request.
fn is_pull(world: &World, call: &Call) -> bool {
    let issue = call.target(world);
    issue.is_some_and(|(issue, _)| issue.pull.is_some())
}

fn wrote(world: &World, call: &Call, login: &str) -> bool {
    let Some((issue, comment)) = call.target(world) else { return false };
    comment.map_or(&issue.author, |comment| &comment.author).eq_ignore_ascii_case(login)
}

/// Whether the caller may ask who is in the organisation: its members may, and apps that may read members.
pub(crate) fn sees_members(world: &World, call: &Call, org: &str) -> bool {
    match &call.who {
        Who::Installation { .. } => true,
        Who::User(login) => is_member(world, org, login),
        Who::Anonymous | Who::App(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(need: AppNeed, has: &[(&str, Level)], on_pull: bool, want: bool) {
        let has: Permissions = has.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect();
        assert_eq!(holds(need, &has, || on_pull), want, "{need:?} with {has:?}, pull: {on_pull}");
    }

    #[test]
    fn one_of_several_permissions_is_enough() {
        check(EITHER, &[("issues", Read)], false, true);
        check(EITHER, &[("pull_requests", Write)], false, true);
        check(EITHER_W, &[("issues", Read)], false, false);
        check(CONTENTS, &[], false, false);
        check(METADATA, &[], false, true);
        check(Any, &[], false, true);
        check(Jwt, &[("metadata", Level::Admin)], false, false);
    }

    #[test]
    fn the_target_decides_between_issues_and_pull_requests() {
        check(ByTarget(Write), &[("issues", Write)], false, true);
        check(ByTarget(Write), &[("issues", Write)], true, false);
        check(ByTarget(Write), &[("pull_requests", Write)], true, true);
        check(ByTarget(Write), &[("pull_requests", Write)], false, false);
        check(ByTarget(Write), &[("pull_requests", Read)], true, false);
    }

    #[test]
    fn every_endpoint_has_one_rule() {
        for route in crate::routes::ROUTES {
            let rules = RULES.iter().filter(|rule| rule.method == route.method && rule.path == route.path);
            assert_eq!(rules.count(), 1, "{} {}", route.method, route.path);
        }
        assert_eq!(RULES.len(), crate::routes::ROUTES.len());
    }
}
