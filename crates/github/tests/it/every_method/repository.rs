//! The repository, who belongs to it, its files, and what is run for its commits.

use std::collections::{BTreeMap, BTreeSet};

use github::{Api, ApiErrorKind, NewCheckRun, NewStatus, PermissionLevel, RepoName, StatusState};
use sim::client::NewWorkflowRun;
use sim::world::{Conclusion, RunStatus};

use super::World;

/// Comes after the demo's own document. The machine account administers the repository, since a person needs that to
/// see what a branch demands.
pub(super) const SEED: &str = r##"
users: [{ login: dora, email: dora@example.com, busy: true }, { login: mallory }]
orgs:
  my-org:
    members: { alice: admin, bob: member }
    teams:
      core: { name: Core people, members: [alice] }
      juniors: { parent: core, members: [bob] }
repos:
  my-org/hello:
    collaborators: { bowsprit-bot: admin, carol: triage }
    protected: { "odd/na#me%41": [unit, e2e] }
"##;

/// A branch whose name has what URLs give a meaning to.
const ODD: &str = "odd/na#me%41";

pub(super) async fn every_method(api: &Api, world: &World, login: &str) -> BTreeSet<&'static str> {
    let mut made = BTreeSet::new();
    made.extend(people(api).await);
    made.extend(contents(api, world, login).await);
    made.extend(statuses(api, world, login).await);
    made.extend(runs(api, world, login).await);
    made
}

fn is_app(login: &str) -> bool {
    login.ends_with("[bot]")
}

fn repo() -> RepoName {
    RepoName::new("my-org", "hello")
}

async fn people(api: &Api) -> Vec<&'static str> {
    let repo = repo();
    assert_eq!(api.get_repository(&repo).await.unwrap().full_name, "my-org/hello");
    assert_eq!(api.list_repositories("my-org").await.unwrap()[0].default_branch, "main");
    assert!(api.is_member("my-org", "bob").await.unwrap());
    assert!(!api.is_member("my-org", "mallory").await.unwrap());
    let logins = |users: Vec<github::User>| users.into_iter().map(|user| user.login).collect::<Vec<_>>();
    assert_eq!(logins(api.list_members("my-org").await.unwrap()), ["alice", "bob", "bowsprit-bot"]);
    let teams = api.list_teams("my-org").await.unwrap();
    let teams: Vec<_> = teams.iter().map(|team| (team.slug.as_str(), team.name.as_str(), team.id > 0)).collect();
    assert_eq!(teams, [("core", "Core people", true), ("juniors", "juniors", true), ("sig-a", "sig-a", true)]);
    assert_eq!(logins(api.list_team_members("my-org", "core").await.unwrap()), ["alice", "bob"]);
    assert_eq!(logins(api.list_team_members("my-org", "juniors").await.unwrap()), ["bob"]);
    assert!(api.list_team_members("my-org", "absent").await.unwrap_err().is_not_found());
    for (slug, user, want) in [("core", "bob", true), ("juniors", "alice", false), ("absent", "bob", false)] {
        assert_eq!(api.is_team_member("my-org", slug, user).await.unwrap(), want, "{user} in {slug}");
    }

    assert!(api.is_collaborator(&repo, "bowsprit-bot").await.unwrap());
    assert!(!api.is_collaborator(&repo, "mallory").await.unwrap());
    assert_eq!(logins(api.list_collaborators(&repo).await.unwrap()), ["alice", "bob", "bowsprit-bot", "carol"]);
    for (user, want) in [
        ("alice", PermissionLevel::Admin),
        ("bowsprit-bot", PermissionLevel::Admin),
        ("carol", PermissionLevel::Triage),
        ("mallory", PermissionLevel::Read),
    ] {
        assert_eq!(api.permission_of(&repo, user).await.unwrap(), want, "{user}");
    }
    assert!(api.permission_of(&repo, "nobody").await.unwrap_err().is_not_found());
    vec![
        "get_repository",
        "list_repositories",
        "is_member",
        "list_members",
        "list_teams",
        "list_team_members",
        "is_team_member",
        "is_collaborator",
        "list_collaborators",
        "permission_of",
    ]
}

async fn contents(api: &Api, world: &World, login: &str) -> Vec<&'static str> {
    let (repo, head) = (repo(), world.head.as_str());
    let alice = world.sim.client().user("alice").await.unwrap();
    assert_eq!(api.get_ref(&repo, "heads/feature/many").await.unwrap().object.sha, head);
    assert!(api.get_ref(&repo, "heads/feature").await.unwrap_err().is_not_found());

    let branch = format!("files/of/{}", login.trim_end_matches("[bot]"));
    let largest = 1 << 20;
    let files: BTreeMap<String, Option<String>> = [
        ("a dir/näme?.txt", "hello\n".to_owned()),
        ("large", "x".repeat(largest)),
        ("larger", "x".repeat(largest + 1)),
        ("empty", String::new()),
    ]
    .map(|(path, text)| (path.to_owned(), Some(text)))
    .into();
    let sha = alice.push("my-org/hello", &branch, Some("main"), "Files\n\nof all kinds", &files).await.unwrap();
    let commit = api.get_commit(&repo, &branch).await.unwrap();
    assert_eq!((commit.sha.as_str(), commit.commit.message.as_str()), (sha.as_str(), "Files\n\nof all kinds"));
    assert_eq!(commit.author.map(|author| author.login).as_deref(), Some("alice"));
    assert_eq!((commit.commit.tree.sha.len(), commit.commit.author.name.as_str()), (40, "alice"));
    assert_eq!(api.get_commit(&repo, "absent").await.unwrap_err().kind, ApiErrorKind::Unprocessable);

    assert_eq!(api.get_file(&repo, "a dir/näme?.txt", &branch).await.unwrap(), b"hello\n");
    assert_eq!(api.get_file(&repo, "empty", &sha).await.unwrap(), b"");
    assert_eq!(api.get_file(&repo, "large", &branch).await.unwrap().len(), largest);
    for (path, words) in [("larger", "over 1 MiB"), ("a dir", "is a folder of 1")] {
        let error = api.get_file(&repo, path, &branch).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Unprocessable, "{error}");
        assert!(error.message.contains(words), "{error}");
    }
    assert!(api.get_file(&repo, "absent", &branch).await.unwrap_err().is_not_found());
    assert!(api.get_file(&repo, "empty", "absent").await.unwrap_err().is_not_found());

    let parent = &api.get_commit(&repo, head).await.unwrap().parents[0].sha;
    assert_eq!(api.merge_base(&repo, &branch, "feature/many").await.unwrap(), *parent);
    assert_eq!(api.merge_base(&repo, head, head).await.unwrap(), head);
    assert!(api.merge_base(&repo, "main", "absent").await.unwrap_err().is_not_found());

    api.delete_ref(&repo, &format!("heads/{branch}")).await.unwrap();
    assert!(api.get_ref(&repo, &format!("heads/{branch}")).await.unwrap_err().is_not_found());
    api.delete_ref(&repo, &format!("heads/{branch}")).await.unwrap();

    alice.push("my-org/hello", ODD, Some("main"), "Odd", &BTreeMap::new()).await.unwrap();
    assert_eq!(api.required_contexts(&repo, ODD).await.unwrap(), ["unit", "e2e"]);
    assert_eq!(api.required_contexts(&repo, "main").await.unwrap(), [""; 0]);
    assert!(api.required_contexts(&repo, "absent").await.unwrap_err().is_not_found());
    let error = api.delete_ref(&repo, &format!("heads/{ODD}")).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Unprocessable, "it is protected: {error}");
    vec!["get_ref", "get_commit", "get_file", "merge_base", "delete_ref", "required_contexts"]
}

async fn statuses(api: &Api, world: &World, login: &str) -> Vec<&'static str> {
    let (repo, head) = (repo(), world.head.as_str());
    let mut status = NewStatus {
        state: StatusState::Pending,
        context: format!("unit {login}"),
        description: "running".into(),
        target_url: String::new(),
    };
    api.create_status(&repo, head, &status).await.unwrap();
    status.state = StatusState::Success;
    status.target_url = "https://example.com/log".into();
    assert_eq!(api.create_status(&repo, head, &status).await.unwrap().state, StatusState::Success);
    let of_mine = |statuses: Vec<github::Status>| {
        statuses.into_iter().filter(|one| one.context == status.context).map(|one| one.state).collect::<Vec<_>>()
    };
    let listed = api.list_statuses(&repo, head).await.unwrap();
    assert_eq!(of_mine(listed), [StatusState::Success, StatusState::Pending]);
    let combined = api.combined_status(&repo, "feature/many").await.unwrap();
    assert_eq!((combined.sha.as_str(), of_mine(combined.statuses)), (head, vec![StatusState::Success]));
    vec!["create_status", "list_statuses", "combined_status"]
}

async fn runs(api: &Api, world: &World, login: &str) -> Vec<&'static str> {
    let (repo, head) = (repo(), world.head.as_str());
    let new = |conclusion: &str, external_id: &str| NewCheckRun {
        name: "a check".into(),
        head_sha: head.into(),
        conclusion: conclusion.into(),
        title: "A title".into(),
        summary: "A *summary*".into(),
        details_url: String::new(),
        external_id: external_id.into(),
    };
    if is_app(login) {
        let first = api.create_check_run(&repo, &new("failure", "one")).await.unwrap();
        let second = api.create_check_run(&repo, &new("success", "two")).await.unwrap();
        let listed = api.list_check_runs(&repo, head).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|run| (run.id, run.conclusion.as_deref())).collect();
        assert_eq!(listed, [(second, Some("success"))], "the newest of the name alone");
        let found = api.find_check_run(&repo, head, "a check", "one").await.unwrap().unwrap();
        assert_eq!((found.id, found.app.unwrap().slug.as_str()), (first, "bowsprit-app"));
        assert_eq!(api.find_check_run(&repo, head, "a check", "three").await.unwrap(), None);
        assert_eq!(api.find_check_run(&repo, head, "another", "one").await.unwrap(), None);
    } else {
        let error = api.create_check_run(&repo, &new("success", "zero")).await.unwrap_err();
        assert!(matches!(error.kind, ApiErrorKind::Forbidden { .. }), "{error}");
        assert_eq!(api.list_check_runs(&repo, head).await.unwrap(), []);
        assert_eq!(api.find_check_run(&repo, head, "a check", "one").await.unwrap(), None);
    }

    let sim = world.sim.client();
    let run = |conclusion| NewWorkflowRun {
        name: format!("CI for {login}"),
        event: "pull_request".into(),
        head_branch: "feature/many".into(),
        head_repo: None,
        head_sha: head.into(),
        conclusion,
        actor: "mallory".into(),
    };
    let failed = sim.start_workflow_run("my-org/hello", &run(Some(Conclusion::Failure))).await.unwrap();
    let waiting = sim.start_workflow_run("my-org/hello", &run(Some(Conclusion::ActionRequired))).await.unwrap();
    sim.start_workflow_run("my-org/hello", &run(Some(Conclusion::Success))).await.unwrap();
    sim.start_workflow_run("my-org/hello", &run(None)).await.unwrap();
    let ids = |runs: Vec<github::WorkflowRun>| runs.into_iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(ids(api.list_failed_runs(&repo, "feature/many", head).await.unwrap()), [failed]);
    assert_eq!(ids(api.list_failed_runs(&repo, "main", head).await.unwrap()), [0; 0]);
    assert_eq!(ids(api.list_runs_awaiting_approval(&repo, "feature/many", head).await.unwrap()), [waiting]);
    assert_eq!(api.get_workflow_run(&repo, failed).await.unwrap().attempt, 1);

    api.rerun_failed_jobs(&repo, failed).await.unwrap();
    let again = api.get_workflow_run(&repo, failed).await.unwrap();
    assert_eq!((again.attempt, again.status.as_str(), again.conclusion), (2, "queued", None));
    let error = api.rerun_failed_jobs(&repo, failed).await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Forbidden { .. }), "it runs already: {error}");
    sim.move_workflow_run("my-org/hello", failed, RunStatus::Completed, Some(Conclusion::Success)).await.unwrap();
    assert_eq!(ids(api.list_failed_runs(&repo, "feature/many", head).await.unwrap()), [0; 0]);

    api.approve_run(&repo, waiting).await.unwrap();
    assert!(!api.get_workflow_run(&repo, waiting).await.unwrap().awaits_approval());
    assert_eq!(api.list_runs_awaiting_approval(&repo, "feature/many", head).await.unwrap(), []);
    assert!(matches!(api.approve_run(&repo, waiting).await.unwrap_err().kind, ApiErrorKind::Forbidden { .. }));
    assert!(api.approve_run(&repo, 1).await.unwrap_err().is_not_found());
    vec![
        "list_check_runs",
        "create_check_run",
        "find_check_run",
        "list_failed_runs",
        "list_runs_awaiting_approval",
        "get_workflow_run",
        "rerun_failed_jobs",
        "approve_run",
    ]
}
