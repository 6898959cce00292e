//! A call of each method for what is said on issues and pull requests, its answer looked at.

use std::collections::BTreeSet;

use github::{Api, LineComment, Reaction, RepoName, SearchFor, Verdict};

use crate::every_method::World;

type Made = BTreeSet<&'static str>;

/// `author` is the login that stands at what the client writes; `wide` may act in all repositories.
pub(crate) async fn every_talk(api: &Api, wide: &Api, world: &World, author: &str) -> Made {
    let repo = RepoName::new("my-org", "hello");
    let mut made = Made::new();
    issues(api, &repo, author, &mut made).await;
    placed(api, wide, &repo, author, &mut made).await;
    planned(api, &repo, world.number, &mut made).await;
    people(api, &repo, world.number, &mut made).await;
    pulls(api, &repo, world, &mut made).await;
    reviews(api, &repo, world, author, &mut made).await;
    opened(api, &repo, world, author, &mut made).await;
    made
}

async fn issues(api: &Api, repo: &RepoName, author: &str, made: &mut Made) {
    made.insert("create_issue");
    let marker = format!("<!-- of {author} -->");
    let text = format!("text\n{marker}");
    let issue = api.create_issue(repo, "A fault", &text, &["bug".to_owned()]).await.unwrap();
    assert_eq!((issue.user.login.as_str(), issue.labels[0].name.as_str()), (author, "bug"));
    made.insert("find_issue");
    assert_eq!(api.find_issue(repo, &marker).await.unwrap().unwrap().number, issue.number);
    assert_eq!(api.find_issue(repo, "<!-- nowhere -->").await.unwrap(), None);
    made.insert("edit_issue");
    api.edit_issue(repo, issue.number, Some("Another fault"), None).await.unwrap();
    assert_eq!(api.get_issue(repo, issue.number).await.unwrap().body, text);
    made.insert("close_issue");
    api.close_issue(repo, issue.number, true).await.unwrap();
    api.close_issue(repo, issue.number, true).await.unwrap();
    made.insert("reopen_issue");
    api.reopen_issue(repo, issue.number).await.unwrap();
    assert_eq!(api.get_issue(repo, issue.number).await.unwrap().state, "open");
    made.insert("list_history");
    let history = api.list_history(repo, issue.number).await.unwrap();
    let events: Vec<_> = history.iter().map(|entry| entry.event.as_str()).collect();
    assert_eq!(events, ["labeled", "renamed", "closed", "reopened"]);
    assert_eq!(history[0].label.as_ref().unwrap().name, "bug");
    assert_eq!(history[0].actor.as_ref().unwrap().login, author);
    made.insert("search");
    let query = format!("\"Another fault\" author:{}", author.replace("bowsprit-app[bot]", "app/bowsprit-app"));
    let found = api.search(repo, SearchFor::Issues, &query).await.unwrap();
    assert_eq!(found.iter().map(|found| found.number).collect::<Vec<_>>(), [issue.number]);
    assert!(api.search(repo, SearchFor::PullRequests, &query).await.unwrap().is_empty());
}

async fn placed(api: &Api, wide: &Api, repo: &RepoName, author: &str, made: &mut Made) {
    let issue = api.create_issue(repo, "To be moved", "", &[]).await.unwrap().number;
    made.insert("pin");
    api.pin(repo, issue).await.unwrap();
    api.pin(repo, issue).await.unwrap();
    made.insert("unpin");
    api.unpin(repo, issue).await.unwrap();
    api.unpin(repo, issue).await.unwrap();
    made.insert("react");
    api.react(repo, issue, Reaction::Heart).await.unwrap();
    api.react(repo, issue, Reaction::Heart).await.unwrap();
    made.insert("react_to_comment");
    let comment = api.create_comment(repo, issue, "text").await.unwrap();
    assert_eq!(comment.user.login, author);
    api.react_to_comment(repo, comment.id, Reaction::PlusOne).await.unwrap();
    made.insert("find_transferred");
    assert_eq!(api.find_transferred(repo, issue).await.unwrap(), None);
    made.insert("transfer");
    let archive = RepoName::new("my-org", "archive");
    let moved = wide.transfer(repo, issue, &archive).await.unwrap();
    assert_eq!(wide.find_transferred(repo, issue).await.unwrap(), Some((archive.clone(), moved)));
    assert_eq!(wide.get_issue(&archive, moved).await.unwrap().title, "To be moved");
    assert!(wide.transfer(repo, issue, &archive).await.is_err(), "it is there no longer");
}

async fn planned(api: &Api, repo: &RepoName, number: u64, made: &mut Made) {
    made.insert("list_repository_labels");
    assert!(api.list_repository_labels(repo).await.unwrap().iter().any(|label| label.name == "lgtm"));
    made.insert("list_milestones");
    let milestones = api.list_milestones(repo).await.unwrap();
    assert_eq!(milestones.iter().map(|milestone| milestone.title.as_str()).collect::<Vec<_>>(), ["v1", "v2"]);
    made.insert("set_milestone");
    api.set_milestone(repo, number, Some(milestones[1].number)).await.unwrap();
    assert_eq!(api.get_pull_request(repo, number).await.unwrap().milestone.unwrap().title, "v2");
    assert!(api.set_milestone(repo, number, Some(99)).await.is_err());
    api.set_milestone(repo, number, None).await.unwrap();
    assert_eq!(api.get_issue(repo, number).await.unwrap().milestone, None);
}

async fn people(api: &Api, repo: &RepoName, number: u64, made: &mut Made) {
    let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    made.insert("is_busy");
    assert!(api.is_busy("dora").await.unwrap() && !api.is_busy("alice").await.unwrap());
    assert!(api.is_busy("absent").await.unwrap_err().is_not_found());
    made.insert("find_by_email");
    assert_eq!(api.find_by_email("Dora@example.com").await.unwrap(), ["dora"]);
    for none in ["ora@example.com", "dora@example.com type:org", "dora"] {
        assert_eq!(api.find_by_email(none).await.unwrap(), Vec::<String>::new(), "{none}");
    }
    made.insert("assign");
    assert_eq!(api.assign(repo, number, &names(&["bob", "mallory"])).await.unwrap(), ["mallory"]);
    made.insert("unassign");
    api.unassign(repo, number, &names(&["bob", "mallory"])).await.unwrap();
    assert!(api.get_issue(repo, number).await.unwrap().assignees.is_empty());
    made.insert("request_review");
    let asked = names(&["bob", "mallory", "my-org/sig-a", "my-org/absent"]);
    assert_eq!(api.request_review(repo, number, &asked).await.unwrap(), ["mallory", "my-org/absent"]);
    let pull = api.get_pull_request(repo, number).await.unwrap();
    assert_eq!((pull.requested_reviewers[0].login.as_str(), pull.requested_teams[0].slug.as_str()), ("bob", "sig-a"));
    made.insert("unrequest_review");
    api.unrequest_review(repo, number, &asked).await.unwrap();
    let pull = api.get_pull_request(repo, number).await.unwrap();
    assert!(pull.requested_reviewers.is_empty() && pull.requested_teams.is_empty());
}

async fn pulls(api: &Api, repo: &RepoName, world: &World, made: &mut Made) {
    made.insert("list_open");
    let numbers = |pulls: Vec<github::PullRequest>| pulls.into_iter().map(|pull| pull.number).collect::<Vec<_>>();
    assert_eq!(numbers(api.list_open(repo, Some("main")).await.unwrap()), [world.number]);
    assert!(api.list_open(repo, Some("absent")).await.unwrap().is_empty());
    made.insert("list_for_commit");
    assert_eq!(numbers(api.list_for_commit(repo, &world.head).await.unwrap()), [world.number]);
    made.insert("list_commits");
    let commits = api.list_commits(repo, world.number).await.unwrap();
    assert_eq!((commits.len(), commits[0].sha.as_str()), (1, world.head.as_str()));
    assert_eq!((commits[0].commit.author.name.as_str(), commits[0].parents.len()), ("alice", 1));
    made.insert("list_merge_states");
    let states = api.list_merge_states(repo).await.unwrap();
    let state = (states[0].number, states[0].mergeable, states[0].author.as_str(), states[0].head.as_str());
    assert_eq!(state, (world.number, Some(true), "alice", world.head.as_str()));
}

async fn reviews(api: &Api, repo: &RepoName, world: &World, author: &str, made: &mut Made) {
    made.insert("create_review");
    let text = format!("a word\n<!-- review of {author} -->");
    // One of the files of the change that is not empty.
    let comments = [LineComment { path: "filled".into(), position: 1, body: "here".into() }];
    let review = api.create_review(repo, world.number, Verdict::RequestChanges, &text, &comments).await.unwrap();
    assert_eq!((review.state.as_str(), review.commit_id.as_str()), ("CHANGES_REQUESTED", world.head.as_str()));
    let nowhere = [LineComment { position: 99, ..comments[0].clone() }];
    assert!(api.create_review(repo, world.number, Verdict::Comment, "", &nowhere).await.is_err());
    made.insert("find_review");
    assert_eq!(api.find_review(repo, world.number, "<!-- review").await.unwrap().unwrap().id, review.id);
    made.insert("list_reviews");
    let reviews = api.list_reviews(repo, world.number).await.unwrap();
    assert_eq!(reviews.last().unwrap(), &review);
    made.insert("list_review_comments");
    let listed = api.list_review_comments(repo, world.number).await.unwrap();
    let last = listed.last().unwrap();
    assert_eq!((last.user.login.as_str(), last.path.as_str(), last.position), (author, "filled", Some(1)));
}

async fn opened(api: &Api, repo: &RepoName, world: &World, author: &str, made: &mut Made) {
    let branch = format!("by-{}", author.trim_end_matches("[bot]"));
    let alice = world.sim.client().user("alice").await.unwrap();
    let files = [(format!("{branch}.txt"), Some("one\n".to_owned()))].into();
    alice.push("my-org/hello", &branch, Some("main"), "A change", &files).await.unwrap();
    made.insert("create_pull_request");
    let pull = api.create_pull_request(repo, "A change", "text", &branch, "main").await.unwrap();
    assert_eq!((pull.user.login.as_str(), pull.head.name.as_str()), (author, branch.as_str()));
    assert!(api.create_pull_request(repo, "A change", "text", &branch, "main").await.is_err());
    made.insert("find_pull_request");
    assert_eq!(api.find_pull_request(repo, &branch, "main").await.unwrap().unwrap().number, pull.number);
    made.insert("edit_pull_request");
    api.edit_pull_request(repo, pull.number, None, Some("more text")).await.unwrap();
    made.insert("close_pull_request");
    api.close_pull_request(repo, pull.number).await.unwrap();
    made.insert("reopen_pull_request");
    api.reopen_pull_request(repo, pull.number).await.unwrap();
    let seen = api.get_pull_request(repo, pull.number).await.unwrap();
    assert_eq!((seen.state.as_str(), seen.title.as_str(), seen.body.as_str()), ("open", "A change", "more text"));
    api.close_pull_request(repo, pull.number).await.unwrap();
}
