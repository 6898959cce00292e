//! Every function of the contract, in an order that makes sense: the call, what its answer says, and for what changes
//! something, where the far side is looked at and what is seen there then.

/// One call.
pub(crate) struct Row {
    /// The function and its arguments; `{name}` is what the script calls a thing.
    pub(crate) call: &'static str,
    /// Each is a part of the answer.
    pub(crate) says: &'static [&'static str],
    /// For a call that changes something: where to look, and what is a part of what stands there; with `!` before it, what is
    /// not.
    pub(crate) then: Option<(&'static str, &'static str)>,
    /// What later rows call the answer.
    pub(crate) kept: Option<&'static str>,
}

const fn read(call: &'static str, says: &'static [&'static str]) -> Row {
    Row { call, says, then: None, kept: None }
}

const fn write(call: &'static str, at: &'static str, seen: &'static str) -> Row {
    Row { call, says: &["Ok("], then: Some((at, seen)), kept: None }
}

impl Row {
    const fn saying(self, says: &'static [&'static str]) -> Self {
        Self { says, ..self }
    }

    const fn kept(self, name: &'static str) -> Self {
        Self { kept: Some(name), ..self }
    }

    /// Whether it is about clusters.
    pub(crate) fn is_of_clusters(&self) -> bool {
        ["kubernetes-", "build-cluster-"].iter().any(|prefix| self.call.starts_with(prefix))
    }

    /// `interface.function`
    pub(crate) fn function(&self) -> &'static str {
        self.call.split(' ').next().unwrap_or_default()
    }
}

pub(crate) const ROWS: &[Row] = &[
    // The agent itself.
    read("agent.repo", &["my-org", "hello"]),
    read("agent.settings", &["\"greeting\"", "hello"]),
    read("agent.payload", &["\"action\"", "agent.payload"]),
    read("agent.bot-login", &["Ok(\"bowsprit[bot]\")"]),
    read("agent.is-bot bowsprit[bot]", &["Ok(true)"]),
    read("agent.uses-app-auth", &["Ok(true)"]),
    read("agent.now", &["1"]),
    read("agent.read-only", &["hello"]),
    read("agent.for-repo my-org/other", &["Ok(", "other"]),
    read("log.write info \"a line\"", &["()"]),
    // The repository and its people.
    read("github-metadata-read.get-repository", &["Ok(", "hello", "default-branch: \"main\""]),
    read("github-metadata-read.list-repositories", &["Ok(", "hello", "other"]),
    read("github-metadata-read.is-collaborator bob", &["Ok(true)"]),
    read("github-metadata-read.is-collaborator mallory", &["Ok(false)"]),
    read("github-metadata-read.list-collaborators", &["Ok(", "alice", "carol"]),
    read("github-metadata-read.permission-of alice", &["Ok(", "Admin"]),
    read("github-metadata-read.is-busy carol", &["Ok(true)"]),
    read("github-metadata-read.is-busy bob", &["Ok(false)"]),
    read("github-metadata-read.find-by-email carol@example.com", &["Ok([\"carol\"])"]),
    read("github-members-read.is-member my-org bob", &["Ok(true)"]),
    read("github-members-read.is-member my-org mallory", &["Ok(false)"]),
    read("github-members-read.list-members", &["Ok(", "alice", "bob"]),
    read("github-members-read.list-teams", &["Ok(", "reviewers", "Reviewers"]),
    read("github-members-read.list-team-members reviewers", &["Ok([\"bob\"])"]),
    read("github-members-read.is-team-member reviewers bob", &["Ok(true)"]),
    read("github-administration-read.required-contexts spare", &["unit", "lint"]),
    // What is in it.
    read("github-contents-read.get-ref heads/topic", &["Ok(\"{head}\")"]),
    read("github-contents-read.get-commit {head}", &["Ok(", "Change docs/a.txt", "alice", "{base}"]),
    read("github-contents-read.get-file docs/a.txt {head}", &["Ok(\"first\\n\")"]),
    read("github-contents-read.merge-base main {head}", &["Ok(\"{base}\")"]),
    write("github-contents-write.delete-ref heads/gone", "GET /repos/my-org/hello/branches", "!\"gone\""),
    // Statuses, checks and runs of the pull request's head.
    write(
        "github-statuses-write.create-status {head} \"ci/demo:success:all is well\"",
        "GET /repos/my-org/hello/commits/{head}/statuses",
        "all is well",
    ),
    read("github-statuses-read.combined-status {head}", &["Ok(", "ci/demo", "all is well"]),
    read("github-statuses-read.list-statuses {head}", &["Ok(", "ci/demo", "https://example.com/status"]),
    write(
        "github-checks-write.create-check-run \"looked at:{head}:success:It is fine\"",
        "GET /repos/my-org/hello/commits/{head}/check-runs",
        "It is fine",
    ),
    read("github-checks-read.list-check-runs {head}", &["Ok(", "looked at", "success"]),
    read("github-actions-read.list-failed-runs topic {head}", &["Ok(", "fails"]),
    read("github-actions-read.list-runs-awaiting-approval topic {head}", &["Ok(", "waits"]),
    write(
        "github-actions-write.rerun-failed-jobs {failed-run}",
        "GET /repos/my-org/hello/actions/runs/{failed-run}",
        "\"run_attempt\":2",
    ),
    write(
        "github-actions-write.approve-run {waiting-run}",
        "GET /repos/my-org/hello/actions/runs/{waiting-run}",
        "!action_required",
    ),
    // Issues.
    read("github-issues-read.get-issue {issue}", &["Ok(", "An issue", "is-pr: false"]),
    read("github-issues-read.list-comments {issue}", &["Ok(", "said on the issue", "updated-at: 1"]),
    read("github-issues-read.list-repository-labels", &["Ok(", "lgtm", "bug"]),
    read("github-issues-read.list-milestones", &["Ok(", "v1", "is-open: true"]),
    read("github-issues-read.search \"author:alice state:open\"", &["Ok(", "One that moves"]),
    write(
        "github-issues-write.create-issue \"A new one\" \"its text\" bug,question",
        "GET /search/issues?q=repo:my-org/hello+is:issue",
        "A new one",
    ),
    write(
        "github-issues-write.create-comment {issue} \"a remark\"",
        "GET /repos/my-org/hello/issues/{issue}/comments",
        "a remark",
    ),
    write(
        "github-issues-write.edit-comment {issue} {issue-comment} \"said otherwise\"",
        "GET /repos/my-org/hello/issues/comments/{issue-comment}",
        "said otherwise",
    ),
    write(
        "github-issues-write.react-to-comment {issue} {issue-comment} heart",
        "GET /repos/my-org/hello/issues/comments/{issue-comment}/reactions",
        "heart",
    ),
    write(
        "github-issues-write.delete-comment {issue} {issue-comment}",
        "GET /repos/my-org/hello/issues/{issue}/comments",
        "!said otherwise",
    ),
    write(
        "github-issues-write.add-label {issue} bug",
        "GET /repos/my-org/hello/issues/{issue}/labels",
        "\"name\":\"bug\"",
    ),
    read("github-issues-read.list-labels {issue}", &["Ok([\"bug\"])"]),
    read("github-issues-read.list-history {issue}", &["Ok(", "labeled", "bug"]),
    write(
        "github-issues-write.remove-label {issue} bug",
        "GET /repos/my-org/hello/issues/{issue}/labels",
        "!\"name\":\"bug\"",
    ),
    write(
        "github-issues-write.assign {issue} bob,mallory",
        "GET /repos/my-org/hello/issues/{issue}",
        "\"assignees\":[{",
    )
    .saying(&["Ok(", "[\"mallory\"]"]),
    write(
        "github-issues-write.unassign {issue} bob",
        "GET /repos/my-org/hello/issues/{issue}",
        "\"assignees\":[]",
    ),
    write(
        "github-issues-write.edit {issue} \"Another title\" -",
        "GET /repos/my-org/hello/issues/{issue}",
        "Another title",
    ),
    write(
        "github-issues-write.set-milestone {issue} 1",
        "GET /repos/my-org/hello/issues/{issue}",
        "\"title\":\"v1\"",
    ),
    write(
        "github-issues-write.react {issue} rocket",
        "GET /repos/my-org/hello/issues/{issue}/reactions",
        "rocket",
    ),
    write("github-issues-write.pin {issue}", "/github/repos/my-org~1hello/pinned", "{issue}"),
    write("github-issues-write.unpin {issue}", "/github/repos/my-org~1hello/pinned", "[]"),
    write(
        "github-issues-write.close {issue} true",
        "GET /repos/my-org/hello/issues/{issue}",
        "\"state_reason\":\"not_planned\"",
    ),
    write(
        "github-issues-write.reopen {issue}",
        "GET /repos/my-org/hello/issues/{issue}",
        "\"state\":\"open\"",
    ),
    write(
        "github-issues-write.transfer {moving} my-org/other",
        "GET /repos/my-org/other/issues",
        "One that moves",
    ),
    // Pull requests.
    read("github-pull-requests-read.get-pull-request {pr}", &["Ok(", "Change docs/a.txt", "{head}", "\"topic\""]),
    read("github-pull-requests-read.list-open main", &["Ok(", "Change docs/a.txt"]),
    read("github-pull-requests-read.list-open nowhere", &["Ok([])"]),
    read("github-pull-requests-read.list-for-commit {head}", &["Ok(", "number: {pr}"]),
    read("github-pull-requests-read.list-merge-states", &["Ok(", "number: {pr}", "mergeable: Some(true)", "alice"]),
    read("github-pull-requests-read.list-changed-files {pr}", &["Ok([\"docs/a.txt\"])"]),
    read("github-pull-requests-read.list-changes {pr}", &["Ok(", "docs/a.txt", "Added", "+first"]),
    read("github-pull-requests-read.list-commits {pr}", &["Ok(", "{head}", "Change docs/a.txt"]),
    read("github-pull-requests-read.list-comments {pr}", &["Ok(", "said on the pull request"]),
    read("github-pull-requests-read.count-merged alice", &["Ok(1)"]),
    read("github-pull-requests-read.search \"head:topic state:open\"", &["Ok(", "Change docs/a.txt", "is-pr: true"]),
    write(
        "github-pull-requests-write.create-review {pr} comment \"a look\" \"docs/a.txt:1:on this line\"",
        "GET /repos/my-org/hello/pulls/{pr}/comments",
        "on this line",
    ),
    read("github-pull-requests-read.list-reviews {pr}", &["Ok(", "a look", "Commented"]),
    read("github-pull-requests-read.list-review-comments {pr}", &["Ok(", "on this line", "docs/a.txt"]),
    write(
        "github-pull-requests-write.create-pull-request \"A spare one\" text spare main",
        "GET /repos/my-org/hello/pulls",
        "A spare one",
    ),
    write(
        "github-pull-requests-write.create-comment {pr} \"a remark\"",
        "GET /repos/my-org/hello/issues/{pr}/comments",
        "a remark",
    ),
    write(
        "github-pull-requests-write.edit-comment {pr} {pr-comment} \"said otherwise\"",
        "GET /repos/my-org/hello/issues/comments/{pr-comment}",
        "said otherwise",
    ),
    write(
        "github-pull-requests-write.react-to-comment {pr} {pr-comment} eyes",
        "GET /repos/my-org/hello/issues/comments/{pr-comment}/reactions",
        "eyes",
    ),
    write(
        "github-pull-requests-write.delete-comment {pr} {pr-comment}",
        "GET /repos/my-org/hello/issues/{pr}/comments",
        "!said otherwise",
    ),
    write(
        "github-pull-requests-write.add-label {pr} lgtm",
        "GET /repos/my-org/hello/issues/{pr}/labels",
        "\"name\":\"lgtm\"",
    ),
    read("github-pull-requests-read.list-labels {pr}", &["Ok([\"lgtm\"])"]),
    read("github-pull-requests-read.list-history {pr}", &["Ok(", "labeled", "lgtm"]),
    write(
        "github-pull-requests-write.remove-label {pr} lgtm",
        "GET /repos/my-org/hello/issues/{pr}/labels",
        "!\"name\":\"lgtm\"",
    ),
    write(
        "github-pull-requests-write.assign {pr} bob",
        "GET /repos/my-org/hello/issues/{pr}",
        "\"assignees\":[{",
    ),
    write(
        "github-pull-requests-write.unassign {pr} bob",
        "GET /repos/my-org/hello/issues/{pr}",
        "\"assignees\":[]",
    ),
    write(
        "github-pull-requests-write.request-review {pr} bob,mallory,my-org/reviewers",
        "GET /repos/my-org/hello/pulls/{pr}",
        "\"slug\":\"reviewers\"",
    )
    .saying(&["Ok(", "[\"mallory\"]"]),
    write(
        "github-pull-requests-write.unrequest-review {pr} bob,my-org/reviewers",
        "GET /repos/my-org/hello/pulls/{pr}",
        "\"requested_reviewers\":[]",
    ),
    write(
        "github-pull-requests-write.edit {pr} - \"another text\"",
        "GET /repos/my-org/hello/pulls/{pr}",
        "another text",
    ),
    write(
        "github-pull-requests-write.set-milestone {pr} 1",
        "GET /repos/my-org/hello/issues/{pr}",
        "\"title\":\"v1\"",
    ),
    write(
        "github-pull-requests-write.react {pr} hooray",
        "GET /repos/my-org/hello/issues/{pr}/reactions",
        "hooray",
    ),
    write(
        "github-pull-requests-write.close {pr}",
        "GET /repos/my-org/hello/pulls/{pr}",
        "\"state\":\"closed\"",
    ),
    write(
        "github-pull-requests-write.reopen {pr}",
        "GET /repos/my-org/hello/pulls/{pr}",
        "\"state\":\"open\"",
    ),
    // Jobs.
    read("job-config.presubmits \"/test slow\" main", &["Ok(", "\"slow\"", "triggered: true", "\"unit\""]),
    read("job-config.matching-changes 0,1 hello.sh", &["Ok([", "1"]),
    read("job-config.postsubmits main -", &["Ok(", "deploy", "should-run: true"]),
    read("job-config.in-repo-enabled", &["Ok(true)"]),
    read("job-config.in-repo-presubmits \"/test own\" main {base} {head}", &["Ok(", "\"own\"", "triggered: true"]),
    read("job-config.in-repo-postsubmits main -", &["Ok(", "own-deploy", "should-run: true"]),
    write(
        "prowjobs-write.create-presubmit 0 {pr}:{head}:main:alice {base} purpose:trial",
        "/prowjobs/{job}/spec/refs/pulls",
        "{head}",
    )
    .kept("job"),
    read("prowjobs-read.list-for-pull-request {pr}", &["Ok(", "{job}", "unit", "Triggered"]),
    write("prowjobs-write.abort {job} \"not any more\"", "/prowjobs/{job}/status", "not any more"),
    write(
        "prowjobs-write.create-overridden 0 {pr}:{head}:main:alice {base} \"overridden by alice\" https://example.com/c",
        "/prowjobs/{overridden}/status",
        "overridden by alice",
    )
    .kept("overridden"),
    write("prowjobs-write.create-postsubmit 0 purpose:trial", "/prowjobs/{deploy}/spec/job", "deploy").kept("deploy"),
    // Content by git.
    read("git-read.fetch refs/pull/{pr}/head", &["Ok(\"{head}\")"]),
    read("git-read.diff {base} {head} docs/a.txt", &["Ok(", "+first"]),
    read("git-read.diff-paths {base} {head}", &["Ok(", "docs/a.txt", "Added"]),
    read("git-read.check-merge {base} {head}", &["Ok(", "tree: Some(", "conflicts: []"]),
    read("git-read.has-merge-commits {base} {head}", &["Ok(false)"]),
    read("git-read.read-file {head} docs/a.txt", &["Ok(\"first\\n\")"]),
    read("git-read.list-files {head} docs", &["Ok(", "docs/OWNERS", "docs/a.txt"]),
    read("git-read.blame {head} docs/a.txt", &["Ok(", "{head}"]),
    Row {
        call: "git-read.cherry-pick {base} {head} \"(picked)\"",
        says: &["Ok(", "Picked("],
        then: None,
        kept: Some("picked"),
    },
    write("git-write.push-branch picked {picked} false", "GET /repos/my-org/hello/branches/picked", "{picked}"),
    // OWNERS.
    read("owners.for-files main docs/a.txt,hello.sh", &["Ok(", "approvers-folder: \"docs\"", " approvers: [\"alice\", \"bob\"]", "documentation"]),
    read("owners.group-files main docs/a.txt,hello.sh,docs/b.txt", &["Ok(", "files: [0, 2]", "files: [1]"]),
    read("owners.top-level-approvers main", &["Ok([\"alice\"])"]),
    read("owners.all-owners main", &["Ok(", "alice", "bob"]),
    read("owners.aliases main", &["Ok(", "writers", "bob"]),
    read("owners.filenames", &["Ok(", "owners: \"OWNERS\"", "aliases: \"OWNERS_ALIASES\""]),
    read("owners.parse \"approvers:\\n- dora\\n\"", &["Ok(", "dora"]),
    read("owners.parse \"approvers: {\"", &["Err(", "Invalid"]),
    // Clusters.
    write("kubernetes-write.create-config-map trial:map:a=one", "/clusters/map", "\"a\":\"one\""),
    read("kubernetes-read.get-config-map trial map", &["Ok(", "(\"a\", \"one\")", "made-by", "[0, 159, 255]"]),
    read("kubernetes-read.get-config-map trial nothing", &["Err(", "NotFound"]),
    read("kubernetes-read.get-config-map elsewhere map", &["Err(", "Denied", "`namespaces`"]),
    write("kubernetes-write.update-config-map trial:map:b=two", "/clusters/map", "{\"b\":\"two\"}"),
    read("build-cluster-read.list-clusters", &["Ok([\"admin\", \"default\"])"]),
    write("build-cluster-write.create-config-map admin trial:other:a=one", "/clusters/other", "\"a\":\"one\""),
    read("build-cluster-read.get-config-map admin trial other", &["Ok(", "(\"a\", \"one\")"]),
    read("build-cluster-read.get-config-map nowhere trial other", &["Err(", "NotFound", "nowhere"]),
    write("build-cluster-write.update-config-map default trial:other:b=two", "/clusters/other", "{\"b\":\"two\"}"),
    read("build-cluster-read.get-pod admin trial runs", &["Ok(", "runs", "Pending"]),
    read("build-cluster-read.list-pods admin trial app=trial", &["Ok(", "name: \"runs\""]),
    read("build-cluster-read.list-pods admin trial app=none", &["Ok([])"]),
    read("build-cluster-read.get-pod admin elsewhere runs", &["Err(", "Denied", "`namespaces`"]),
    write("build-cluster-write.delete-pod admin trial runs", "/clusters/pods", "[]"),
    // Services.
    write("slack.write-message sig-node \"hello there\"", "/slack", "hello there"),
    read("jira-read.base-url", &["Ok(", "/_jira"]),
    read("jira-read.list-project-keys", &["Ok(", "ABC", "EMPTY"]),
    read("jira-read.get-issue ABC-1", &["Ok(", "It fails", "To Do"]),
    write(
        "jira-write.add-remote-link ABC-1 https://example.com/1 \"A page\"",
        "/jira/issues/0/links",
        "https://example.com/1",
    ),
    read("jira-read.list-remote-links ABC-1", &["Ok(", "A page"]),
    write(
        "jira-write.update-remote-link ABC-1 20001 https://example.com/2 \"Another page\"",
        "/jira/issues/0/links",
        "Another page",
    ),
    read("bugzilla-read.base-url", &["Ok(", "/_bugzilla"]),
    read("bugzilla-read.get-bug 5", &["Ok(", "It fails", "high"]),
    write("bugzilla-write.create-comment 5 \"a remark\" true", "/bugzilla/bugs/5/comments", "a remark"),
    write("bugzilla-write.update-bug 5 ON_QA:-:1.1,1.2", "/bugzilla/bugs/5", "ON_QA"),
    write("bugzilla-write.add-pull-request 5 {pr}", "/bugzilla/bugs/5/external", "my-org/hello/pull/{pr}")
        .saying(&["Ok(true)"]),
    read("bugzilla-read.list-pull-requests 5", &["Ok(", "hello", "number: {pr}"]),
    write("bugzilla-write.remove-pull-request 5 {pr}", "/bugzilla/bugs/5/external", "[]").saying(&["Ok(true)"]),
    write("bugzilla-write.clone-bug 5 NEW:-:2.0", "/bugzilla/bugs/{clone}/depends_on", "5").kept("clone"),
    read("bugzilla-read.list-clones 5", &["Ok(", "id: {clone}"]),
];
