//! A world in which every function of the contract has something to work on, and the calls that are made in it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use apiserver::ADMIN;
use kubernetes::Cluster;
use reqwest::Method;
use serde_json::{Value, json};
use sim::client::{NewPr, NewWorkflowRun};
use sim::seed::Seed;
use sim::world::Conclusion;
use store::Selector;
use tests::demo_config;
use tests::hook::{self, Sent};
use tests::programs::Programs;
use tests::stage::{REPO, Stage, file};
use tests::world::{Options, World, write};

use crate::cluster;
use crate::slack::{self, Emulate};

const PLUGINS: &str = "
plugins:
  my-org:
    plugins: [caller]
modules:
  caller:
    component: ./caller.wasm
    grants:
      metadata: read
      members: read
      issues: write
      pull_requests: write
      contents: write
      statuses: write
      checks: write
      actions: write
      administration: read
      prowjobs: write
      job_config: read
      owners: read
      git: write
      kubernetes: write
      build_cluster: write
      slack: write
      jira: write
      bugzilla: write
      repos: [\"my-org/*\"]
      namespaces: [trial]
    config: { greeting: hello }
";

const IN_REPO: &str = "
in_repo_config:
  enabled:
    my-org/hello: true
";

const PROW_YAML: &str = "
presubmits:
- name: own
  spec: {containers: [{image: x, command: [make]}]}
postsubmits:
- name: own-deploy
  spec: {containers: [{image: x, command: [make]}]}
";

const SEED: &str = "
users:
- {login: carol, email: carol@example.com, busy: true}
orgs:
  my-org:
    teams:
      reviewers: {name: Reviewers, members: [bob], repos: {my-org/hello: write}}
  second: {}
repos:
  my-org/hello:
    protected: {spare: [unit, lint]}
    milestones: [v1]
    collaborators: {carol: write}
  my-org/other: {}
  second/its: {}
apps:
  bowsprit:
    permissions:
      metadata: read
      members: read
      issues: write
      pull_requests: write
      contents: write
      statuses: write
      checks: write
      actions: write
      administration: read
    installed: {my-org: [], second: []}
jira:
  accounts: [{name: bot, token: jira-token}]
  projects: [EMPTY]
  issues: [{key: ABC-1, summary: It fails}]
bugzilla:
  accounts: [{login: bot@example.com, api_key: bugzilla-key, insider: true}]
  bugs:
    5: {summary: It fails, description: Always., severity: high}
";

/// A running world, what its things are called in the rows, and the deliveries that carry the calls.
pub(crate) struct Script {
    pub(crate) stage: Stage,
    pub(crate) slack: Option<Emulate>,
    pub(crate) cluster: Option<Cluster>,
    names: BTreeMap<&'static str, String>,
    comment: Value,
    push: Value,
    made: u64,
}

impl Script {
    /// Starts everything. `test` is whose skip it is if there is no Slack.
    pub(crate) async fn start(test: &str, dry_run: bool) -> Self {
        let (slack, apiserver) = (Emulate::start(test), cluster::program(test));
        let services = Services { slack: slack.as_ref(), apiserver, dry_run };
        let mut stage = start(PLUGINS, &["caller"], services).await;
        let cluster = stage.world.cluster().await.unwrap();
        if let Some(server) = stage.world.apiserver() {
            cluster::start_pod(&server.kubeconfig(ADMIN));
        }
        let names = prepare(&stage).await;
        let (comment, push) = templates(&mut stage, &names["issue"]).await;
        stage.idle().await.unwrap();
        Self { stage, slack, cluster, names, comment, push, made: 0 }
    }

    /// A world in which no calls of rows are made.
    pub(crate) fn of(stage: Stage) -> Self {
        let (names, slack, cluster) = (BTreeMap::new(), None, None);
        Self { stage, slack, cluster, names, comment: Value::Null, push: Value::Null, made: 0 }
    }

    /// What a row says, with its names filled in.
    pub(crate) fn named(&self, text: &str) -> String {
        let fill = |text: String, (name, value): (&&str, &String)| text.replace(&format!("{{{name}}}"), value);
        self.names.iter().fold(text.to_owned(), fill)
    }

    /// Gives a name to what a call answered, for later rows.
    pub(crate) fn keep(&mut self, name: &'static str, answer: &str) {
        self.names.insert(name, innermost(answer));
    }

    /// The event that asks for a call, and its webhook's body.
    pub(crate) fn event(&self, line: &str) -> (&'static str, Value) {
        // Postsubmits are of a push; everything else is asked for in a comment.
        let of_push = ["prowjobs-write.create-postsubmit", "job-config.in-repo-postsubmits"]
            .iter()
            .any(|call| line.contains(call));
        let (event, mut body) =
            if of_push { ("push", self.push.clone()) } else { ("issue_comment", self.comment.clone()) };
        let place = if of_push { "/head_commit/message" } else { "/comment/body" };
        *body.pointer_mut(place).unwrap() = json!(format!("/call {}", self.named(line)));
        (event, body)
    }

    /// Has the plugin make a call, and gives its answer.
    pub(crate) async fn call(&mut self, line: &str) -> String {
        self.made += 1;
        let guid = format!("ca11ca11-0000-4000-8000-{:012}", self.made);
        let (event, body) = self.event(line);
        let body = body.to_string();
        let world = &self.stage.world;
        let sent = Sent { event, guid: &guid, body: body.as_bytes(), secret: &world.secret };
        let answer = hook::post(&world.http, &world.hook_url(), &sent).await.unwrap();
        assert_eq!(answer.code, 200, "{line}: {}", answer.text);
        match self.stage.handled(&guid, "caller").await {
            Ok(task) => task.reason.unwrap_or_default(),
            Err(error) => panic!("{line}: {error:#}"),
        }
    }

    /// What can be seen at the far side: `GET PATH`, as a member sees GitHub, or a place in [`Script::everything`].
    pub(crate) async fn look(&self, at: &str) -> String {
        let at = self.named(at);
        let seen = match at.strip_prefix("GET ") {
            // What is not there is seen as that.
            Some(path) => self.stage.alice.call(Method::GET, path, None).await.unwrap_or_else(|e| json!(e.to_string())),
            None => self.everything().await.pointer(&at).cloned().unwrap_or(json!("absent")),
        };
        seen.to_string()
    }

    /// All that a call could change, anywhere, but what GitHub does for itself when it is asked (tokens, and their ids).
    pub(crate) async fn everything(&self) -> Value {
        let world = &self.stage.world;
        let mut github = world.sim.state().await.unwrap();
        for own in ["tokens", "last_id"] {
            github.as_object_mut().unwrap().remove(own);
        }
        let everything = Selector { labels: BTreeMap::new(), incomplete_only: false };
        let prowjobs = world.prowjobs().await.unwrap().list(&everything).await.unwrap();
        let slack = match &self.slack {
            Some(slack) => slack.said_in("sig-node").await,
            None => Vec::new(),
        };
        let clusters = match &self.cluster {
            Some(cluster) => cluster::state(cluster).await,
            None => Value::Null,
        };
        json!({
            "clusters": clusters,
            "github": github,
            "jira": world.sim.jira().await.unwrap(),
            "bugzilla": world.sim.bugzilla().await.unwrap(),
            "prowjobs": prowjobs.iter().map(|job| (job.name().to_owned(), json!(job))).collect::<BTreeMap<_, _>>(),
            "slack": slack,
        })
    }
}

/// What a world has beside GitHub, Jira and Bugzilla.
#[derive(Default)]
pub(crate) struct Services<'a> {
    /// A Slack.
    pub(crate) slack: Option<&'a Emulate>,
    /// An API server's program.
    pub(crate) apiserver: Option<PathBuf>,
    /// Whether nothing is to change anywhere.
    pub(crate) dry_run: bool,
}

/// A world with services beside GitHub, in which the host is an App: these are its plugins, with the components of these
/// examples beside them.
pub(crate) async fn start(plugins: &str, examples: &[&str], services: Services<'_>) -> Stage {
    let mut options = Options::new(demo_config::example("config.yaml").unwrap() + IN_REPO, plugins);
    (options.started, options.dry_run, options.apiserver) = (false, services.dry_run, services.apiserver);
    let built = Programs::find().unwrap().plugins.join("examples");
    for name in examples.iter().map(|example| format!("{example}.wasm")) {
        let component = std::fs::read(built.join(&name)).unwrap();
        options.beside.push((name, component));
    }
    let mut world = World::start(options).await.unwrap();
    let seeded = world.sim.seed(&Seed::parse(SEED).unwrap()).await.unwrap();
    let app = &seeded.apps["bowsprit"];
    world.act_as_app(app.id, Path::new(&app.private_key_path));
    let flags = flags(&world, services.slack);
    world.tell_host(flags);
    world.start_host().unwrap();
    world.ready().await.unwrap();
    Stage::new(world, Instant::now()).await.unwrap()
}

/// Where the services are, and who the host is there.
fn flags(world: &World, slack: Option<&Emulate>) -> Vec<OsString> {
    for (name, secret) in [("jira", "jira-token"), ("bugzilla", "bugzilla-key"), ("slack", slack::TOKEN)] {
        write(world.dir(), name, secret.as_bytes()).unwrap();
    }
    let file = |name: &str| world.path(name).display().to_string();
    let mut flags = vec![
        format!("--jira-endpoint={}", world.sim.jira_url()),
        format!("--jira-bearer-token-file={}", file("jira")),
        format!("--bugzilla-endpoint={}", world.sim.bugzilla_url()),
        format!("--bugzilla-api-key-path={}", file("bugzilla")),
    ];
    if let Some(slack) = slack {
        flags.push(format!("--slack-endpoint={}", slack.url));
        flags.push(format!("--slack-token-file={}", file("slack")));
    }
    flags.into_iter().map(OsString::from).collect()
}

/// Issues, pull requests and the rest that calls are about.
async fn prepare(stage: &Stage) -> BTreeMap<&'static str, String> {
    let (alice, bob) = (&stage.alice, &stage.bob);
    let merged = alice.open_pr(REPO, &NewPr::of_file("merged", "merged.txt", "1\n")).await.unwrap();
    alice.merge(REPO, merged.number).await.unwrap();
    let owners: BTreeMap<_, _> = [
        ("docs/OWNERS", "approvers:\n- writers\n- mallory\nlabels:\n- documentation\n"),
        ("OWNERS_ALIASES", "aliases:\n  writers:\n  - bob\n"),
        (".prow.yaml", PROW_YAML),
    ]
    .map(|(path, text)| (path.to_owned(), Some(text.to_owned())))
    .into();
    let base = alice.push(REPO, "main", None, "Owners of docs", &owners).await.unwrap();
    let issue = alice.open_issue(REPO, "An issue", "text").await.unwrap();
    let moving = alice.open_issue(REPO, "One that moves", "text").await.unwrap();
    let of_issue = bob.comment(REPO, issue, "said on the issue").await.unwrap();
    let pr = alice.open_pr(REPO, &NewPr::of_file("topic", "docs/a.txt", "first\n")).await.unwrap();
    let of_pr = bob.comment(REPO, pr.number, "said on the pull request").await.unwrap();
    bob.push(REPO, "spare", Some("main"), "A spare branch", &file("spare.txt", Some("1\n"))).await.unwrap();
    bob.push(REPO, "gone", Some("main"), "A branch to delete", &file("gone.txt", Some("1\n"))).await.unwrap();
    let run = |name: &str, conclusion| NewWorkflowRun {
        name: name.to_owned(),
        event: "pull_request".to_owned(),
        head_branch: "topic".to_owned(),
        head_repo: None,
        head_sha: pr.head_sha.clone(),
        conclusion: Some(conclusion),
        actor: "alice".to_owned(),
    };
    let sim = &stage.world.sim;
    let failed = sim.start_workflow_run(REPO, &run("fails", Conclusion::Failure)).await.unwrap();
    let waits = sim.start_workflow_run(REPO, &run("waits", Conclusion::ActionRequired)).await.unwrap();
    BTreeMap::from([
        ("base", base),
        ("head", pr.head_sha),
        ("issue", issue.to_string()),
        ("moving", moving.to_string()),
        ("pr", pr.number.to_string()),
        ("issue-comment", of_issue.to_string()),
        ("pr-comment", of_pr.to_string()),
        ("failed-run", failed.to_string()),
        ("waiting-run", waits.to_string()),
    ])
}

/// A comment and a push as GitHub tells of them.
async fn templates(stage: &mut Stage, issue: &str) -> (Value, Value) {
    let bob = stage.bob.clone();
    let said = stage.comment(&bob, issue.parse().unwrap(), "the one that calls are written into").await.unwrap();
    let comment = stage.heard(said).await.unwrap();
    let before = stage.mark().await.unwrap();
    bob.push(REPO, "pushed", Some("main"), "The one", &file("pushed.txt", Some("1\n"))).await.unwrap();
    let push = stage.delivered(before, "push", None).await.unwrap();
    let inbox = stage.world.inbox().await.unwrap();
    let mut payloads = Vec::new();
    for guid in [comment.guid, push.guid] {
        let kept = inbox.load(&guid).await.unwrap().unwrap();
        payloads.push(serde_json::from_slice(kept.payload()).unwrap());
    }
    let push = payloads.pop().unwrap();
    (payloads.pop().unwrap(), push)
}

/// `7` of `Ok(7)`, `abc` of `Ok(Pick::Picked("abc"))`.
fn innermost(answer: &str) -> String {
    let inner = answer.rsplit('(').next().unwrap_or_default();
    inner.trim_end_matches(')').trim_matches('"').to_owned()
}

#[test]
fn the_innermost_part_of_an_answer_is_kept() {
    for (answer, want) in [("Ok(7)", "7"), ("Ok(\"a-b\")", "a-b"), ("Ok(Pick::Picked(\"abc\"))", "abc")] {
        assert_eq!(innermost(answer), want);
    }
}
