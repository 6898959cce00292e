//! Where a scenario is played: a stand-in GitHub and a host with the plugin, both in this process, on loopback ports that the
//! machine has free, and with their state in a directory that goes with them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use host::capability;
use host::flags::HostFlags;
use host::hmac::Hmacs;
use host::inspect::Inspected;
use host::loader::Loader;
use host::run::CompilerCommand;
use prow::grants::Grants;
use serde_json::{Map, Value, json};
use sim::client::{Delivery, NewPr, Sim};
use sim::seed::{DemoHook, Seed, SeedHook, SeedUser};
use sim::world::Role;
use store::{EffectKind, Inbox, TaskReport, TaskState};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::inspect::{COMPILED, grants_of};
use super::scenario::{Action, Raw, Scenario};
use crate::{compile, program};

/// The machine account that the host acts as.
const BOT: &str = "bowsprit-bot";
/// The key of the webhook's signatures. Nobody else knows this host.
const KEY: &str = "a scenario's key";
/// How long everything that follows from one step may take.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// What is tried.
pub(crate) struct Subject {
    /// The component's file.
    pub(crate) component: PathBuf,
    /// What it says of itself, and asks for.
    pub(crate) about: Inspected,
    /// What has loaded it.
    pub(crate) loader: Loader,
    /// Where that has left what it compiled.
    pub(crate) compiled: PathBuf,
}

impl Subject {
    /// Gives a host what was compiled already: to compile what Python is made into takes seconds.
    fn compiled_into(&self, state: &Path) -> anyhow::Result<()> {
        let copy = || -> std::io::Result<()> {
            let cache = state.join(COMPILED);
            std::fs::create_dir_all(&cache)?;
            for file in std::fs::read_dir(&self.compiled)? {
                let file = file?;
                std::fs::copy(file.path(), cache.join(file.file_name()))?;
            }
            Ok(())
        };
        copy().context("keeping the compiled component")
    }
}

/// A stand-in GitHub, and a host with the plugin.
pub(crate) struct Stage {
    sim: Sim,
    plugin: String,
    hook: String,
    stop: CancellationToken,
    host: JoinHandle<anyhow::Result<()>>,
    /// The last delivery that was looked at.
    seen: u64,
    dir: TempDir,
    _github: sim::Running,
}

/// What came of one step.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Came {
    /// The plugin's effects, each `interface.function` and its arguments.
    pub(crate) effects: Vec<(String, Value)>,
    /// How its tasks ended.
    pub(crate) outcomes: Vec<String>,
    /// What it logged.
    pub(crate) log: Vec<String>,
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    host: HostFlags,
}

impl Stage {
    /// Starts both, and waits until the host is ready.
    ///
    /// # Errors
    /// If the component is refused, or GitHub's state contradicts itself.
    pub(crate) async fn start(subject: &Subject, scenario: &Scenario) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir().context("making a directory")?;
        let hook_port = free_port()?;
        let hook = format!("http://127.0.0.1:{hook_port}/hook");
        let github =
            sim::serve(sim::Options { state_dir: Some(dir.path().join("github")), ..Default::default() }).await?;
        let seed = seed(scenario, &hook);
        github.seed(seed.clone()).await.context("`github` of the scenario")?;
        let sim = github.client();
        let token = sim.user(BOT).await?.token().to_owned();
        configure(dir.path(), subject, scenario, seed.repos.keys())?;
        subject.compiled_into(&dir.path().join("state"))?;
        write(dir.path(), "hmac", KEY)?;
        write(dir.path(), "token", &token)?;
        let flags = flags(dir.path(), hook_port, sim.base())?;
        let compiler = CompilerCommand { program: program::current()?, args: vec![compile::NAME.to_owned()] };
        let stop = CancellationToken::new();
        let host = tokio::spawn(host::run::run(flags, compiler, stop.clone()));
        let plugin = subject.about.description.name.clone();
        let mut stage = Self { sim, plugin, hook, stop, host, seen: 0, dir, _github: github };
        stage.ready(hook_port).await?;
        // GitHub greets a new webhook, which nobody has answered yet.
        stage.seen = stage.fresh().await?.iter().map(|delivery| delivery.id).max().unwrap_or_default();
        Ok(stage)
    }

    /// Ends both.
    ///
    /// # Errors
    /// If the host has ended by itself before.
    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.stop.cancel();
        self.host.await.context("the host")?
    }

    /// Has it happen, and waits until nothing more follows from it.
    ///
    /// # Errors
    /// As GitHub refuses; or if something does not come to its end.
    pub(crate) async fn play(&mut self, action: &Action) -> anyhow::Result<Came> {
        let delivered = self.act(action).await?;
        let inbox = self.settled().await?;
        let mut deliveries = self.fresh().await?;
        deliveries.sort_by_key(|delivery| delivery.id);
        self.seen = deliveries.last().map_or(self.seen, |delivery| delivery.id);
        let mut came = Came::default();
        for guid in delivered.into_iter().chain(deliveries.into_iter().map(|delivery| delivery.guid)) {
            let found = inbox.load(&guid).await?.zip(inbox.show(&guid).await?);
            let (delivery, report) = found.context("a delivery was answered and is not in the inbox")?;
            for task in report.reports.iter().filter(|task| task.plugin == self.plugin) {
                came.add(task, delivery.scope().repo());
            }
        }
        Ok(came)
    }

    /// The webhooks that were not looked at yet.
    async fn fresh(&self) -> anyhow::Result<Vec<Delivery>> {
        let mut deliveries = self.sim.deliveries().await?;
        deliveries.retain(|delivery| delivery.id > self.seen);
        Ok(deliveries)
    }

    async fn act(&self, action: &Action) -> anyhow::Result<Option<String>> {
        let user = async |login: &str| self.sim.user(login).await;
        match action {
            Action::OpenPr(new) => {
                let branch = format!("branch-{}", uuid::Uuid::new_v4().simple());
                let mut pr = NewPr::of_file(&branch, &format!("{branch}.txt"), "1\n");
                if !new.files.is_empty() {
                    pr.files.clone_from(&new.files);
                }
                if !new.title.is_empty() {
                    pr.title.clone_from(&new.title);
                }
                (pr.body, pr.draft) = (new.body.clone(), new.draft);
                user(&new.login).await?.open_pr(&new.repo, &pr).await.map(drop)?;
            }
            Action::OpenIssue(new) => {
                user(&new.login).await?.open_issue(&new.repo, &new.title, &new.body).await.map(drop)?;
            }
            Action::Comment(it) => user(&it.login).await?.comment(&it.repo, it.on, &it.text).await.map(drop)?,
            Action::Label(it) => user(&it.login).await?.label(&it.repo, it.on, &it.name).await?,
            Action::Unlabel(it) => user(&it.login).await?.unlabel(&it.repo, it.on, &it.name).await?,
            Action::Merge(it) => user(&it.login).await?.merge(&it.repo, it.on).await.map(drop)?,
            Action::Close(it) => user(&it.login).await?.set_pr_state(&it.repo, it.on, "closed").await?,
            Action::Reopen(it) => user(&it.login).await?.set_pr_state(&it.repo, it.on, "open").await?,
            Action::Event(raw) => return self.deliver(raw).await.map(Some),
        }
        Ok(None)
    }

    /// Sends a webhook as it came, and gives its GUID: the stand-in knows nothing of it.
    async fn deliver(&self, raw: &Raw) -> anyhow::Result<String> {
        let payload = serde_json::to_vec(&raw.payload).context("the webhook's payload")?;
        let scope = host::scan::scan(&payload).map_err(|error| anyhow::anyhow!("the webhook's payload: {error}"))?;
        let signature = Hmacs::open(&self.dir.path().join("hmac"))?.sign(&scope, &payload).context("signing it")?;
        let guid = uuid::Uuid::new_v4().to_string();
        let http = reqwest::Client::builder().no_proxy().build().context("making an HTTP client")?;
        let request =
            http.post(&self.hook).header("Content-Type", "application/json").header("X-GitHub-Event", &raw.name);
        let request = request.header("X-GitHub-Delivery", &guid).header("X-Hub-Signature-256", signature);
        // As one hook does: the same event twice in a scenario is two events.
        let request = request.header("X-GitHub-Hook-ID", "1").body(payload);
        let answer = request.send().await.context("delivering the webhook")?;
        let status = answer.status();
        ensure!(status.is_success(), "the host answers {status}: {}", answer.text().await.unwrap_or_default());
        Ok(guid)
    }

    /// Waits until every webhook was answered and every task has ended.
    async fn settled(&mut self) -> anyhow::Result<Inbox> {
        let inbox = Inbox::open_read_only(&self.dir.path().join("state/inbox.db")).await?;
        let started = Instant::now();
        loop {
            let before = self.fresh().await?;
            let counts = inbox.counts().await?;
            let after = self.fresh().await?;
            // In this order: what was answered is in the inbox, and what its tasks have caused is told of.
            let answered = before.iter().all(|delivery| delivery.status_code.is_some());
            if answered && before.len() == after.len() && counts.undispatched + counts.queued + counts.parked == 0 {
                if let Some(refused) = after.iter().find(|delivery| delivery.status_code != Some(200)) {
                    bail!("the host answered a webhook with {:?}: {}", refused.status_code, refused.status);
                }
                return Ok(inbox);
            }
            if self.host.is_finished() {
                bail!("the host has ended");
            }
            if started.elapsed() > PATIENCE {
                bail!("after {PATIENCE:?} something is still under way: {counts:?}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn ready(&mut self, port: u16) -> anyhow::Result<()> {
        let started = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if self.host.is_finished() {
                (&mut self.host).await.context("the host")??;
                bail!("the host has ended");
            }
            if started.elapsed() > PATIENCE {
                bail!("the host is not ready after {PATIENCE:?}");
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}

impl Came {
    /// Adds a task of an event of the repository `home`.
    fn add(&mut self, task: &TaskReport, home: Option<&str>) {
        let effects = task.journal.iter().filter(|entry| entry.kind != EffectKind::Read);
        self.effects.extend(effects.map(|entry| (entry.op.clone(), arguments(&entry.args, home))));
        let state = match task.state {
            TaskState::Done => "done",
            TaskState::Ignored => "ignored",
            _ => "failed",
        };
        self.outcomes.push(format!("{state} {}", task.reason.as_deref().unwrap_or_default()));
        let lines = task.trace.as_ref().and_then(|trace| trace["log"].as_array());
        let text = |line: &Value| line["message"].as_str().unwrap_or_default().to_owned();
        self.log.extend(lines.into_iter().flatten().map(text));
    }
}

/// A call's arguments as the journal has them, without the repository that it is about where that is the event's own, `home`.
fn arguments(args: &str, home: Option<&str>) -> Value {
    let is_home = |first: &Value| match (first["org"].as_str(), first["name"].as_str()) {
        (Some(org), Some(name)) => home.and_then(|home| home.split_once('/')) == Some((org, name)),
        _ => false,
    };
    match serde_json::from_str(args) {
        Ok(Value::Array(mut arguments)) => {
            if arguments.first().is_some_and(is_home) {
                arguments.remove(0);
            }
            Value::Array(arguments)
        }
        Ok(other) => json!([other]),
        Err(_) => Value::from(args),
    }
}

/// GitHub as the scenario wants it, with the host's account and webhook in each repository.
fn seed(scenario: &Scenario, hook: &str) -> Seed {
    let Some(mut seed) = scenario.github.clone() else {
        return Seed::demo(Some(DemoHook { url: hook.to_owned(), secret: KEY.to_owned() }));
    };
    if !seed.users.iter().any(|user| user.login == BOT) {
        seed.users.push(SeedUser { login: BOT.to_owned(), ..SeedUser::default() });
    }
    for repo in seed.repos.values_mut() {
        repo.collaborators.entry(BOT.to_owned()).or_insert(Role::Write);
        repo.hooks.push(SeedHook { url: hook.to_owned(), secret: Some(KEY.to_owned()), events: None });
    }
    seed
}

/// What a component is granted in a scenario: what it asks for, and what the scenario `adds`, or says otherwise.
///
/// # Errors
/// If no host would load the component so; the text is about the scenario's key `grants`.
pub(crate) fn granted(about: &Inspected, adds: &Map<String, Value>) -> anyhow::Result<Map<String, Value>> {
    let mut all = grants_of(about);
    all.extend(adds.clone());
    let granted: Grants = serde_json::from_value(Value::Object(all.clone()))?;
    host::source::check_grants(&granted)?;
    let missing: Vec<String> =
        capability::missing(&about.requests, &[&granted]).iter().map(|asked| format!("`{}`", asked.line())).collect();
    ensure!(missing.is_empty(), "the component asks for {}, which is not granted so", missing.join(", "));
    ensure!(
        !about.requests.http || !granted.http.is_empty(),
        "the component sends requests of its own, and does not say where to: add `http: [HOST]`"
    );
    Ok(all)
}

/// config.yaml, and a plugins.yaml with the plugin in each of these repositories, and the scenario's grants, which are all that
/// there are.
pub(crate) fn configure<'a>(
    dir: &Path,
    subject: &Subject,
    scenario: &Scenario,
    repos: impl Iterator<Item = &'a String>,
) -> anyhow::Result<()> {
    let (name, file) = (&subject.about.description.name, &subject.component);
    let component = file.canonicalize().with_context(|| format!("cannot find {}", file.display()))?;
    let everywhere: Map<String, Value> = repos.map(|repo| (repo.clone(), json!({ "plugins": [name] }))).collect();
    let module = json!({ "component": component, "grants": scenario.grants, "config": scenario.settings });
    write(dir, "config.yaml", "{}\n")?;
    // JSON is YAML, too.
    write(dir, "plugins.yaml", &json!({ "plugins": everywhere, "modules": { name: module } }).to_string())
}

fn write(dir: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    std::fs::write(dir.join(name), text).with_context(|| format!("writing {name}"))
}

fn flags(dir: &Path, hook_port: u16, github: &str) -> anyhow::Result<HostFlags> {
    let file = |name: &str| dir.join(name).display().to_string();
    let args = [
        "host".to_owned(),
        "--address=127.0.0.1".to_owned(),
        format!("--port={hook_port}"),
        "--metrics-port=0".to_owned(),
        "--health-port=0".to_owned(),
        "--dry-run=false".to_owned(),
        "--grace-period=1s".to_owned(),
        format!("--config-path={}", file("config.yaml")),
        format!("--plugin-config={}", file("plugins.yaml")),
        format!("--hmac-secret-file={}", file("hmac")),
        format!("--state-dir={}", file("state")),
        format!("--github-endpoint={github}"),
        format!("--github-token-path={}", file("token")),
    ];
    Ok(Flags::try_parse_from(args).context("the host's flags")?.host)
}

/// A port that nobody listens on. Somebody else may take it before the host does; then the host says so.
fn free_port() -> anyhow::Result<u16> {
    let held = TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(held.local_addr().context("looking for a free port")?.port())
}

#[cfg(test)]
mod tests {
    use host::capability::requests;
    use host::contract::types::Description;

    use super::*;

    #[test]
    fn an_effect_names_the_repository_if_that_is_not_the_events_own() {
        let home = Some("my-org/hello");
        for (args, home, want) in [
            (r#"[{"org":"my-org","name":"hello"},1,"hi"]"#, home, json!([1, "hi"])),
            (r#"[{"org":"my-org","name":"other"},1]"#, home, json!([{ "org": "my-org", "name": "other" }, 1])),
            (r#"[{"org":"my-org","name":"hello"},1]"#, None, json!([{ "org": "my-org", "name": "hello" }, 1])),
            (r#"[{"org":"my-org"},1]"#, home, json!([{ "org": "my-org" }, 1])),
            (r##"["#ci","text"]"##, home, json!(["#ci", "text"])),
            ("[]", home, json!([])),
            ("7", home, json!([7])),
            ("no JSON", home, json!("no JSON")),
        ] {
            assert_eq!(arguments(args, home), want, "{args} of {home:?}");
        }
    }

    /// What a component with these imports is granted where a scenario adds this.
    #[track_caller]
    fn check(imports: &[(&str, &str)], adds: Value, want: Result<Value, &str>) {
        let about = Inspected {
            digest: "0123".to_owned(),
            size: 1,
            contract: "0.2.0",
            requests: requests(imports.iter().copied()),
            description: Description {
                name: "greeter".to_owned(),
                summary: String::new(),
                events: Vec::new(),
                commands: Vec::new(),
                settings: Vec::new(),
            },
        };
        let got = granted(&about, adds.as_object().unwrap()).map(Value::Object).map_err(|error| format!("{error:#}"));
        match (got, want) {
            (Ok(got), Ok(want)) => assert_eq!(got, want),
            (Err(error), Err(part)) => assert!(error.contains(part), "{error}"),
            (got, want) => panic!("{adds}: got {got:?}, want {want:?}"),
        }
    }

    #[test]
    fn a_scenario_grants_what_the_component_asks_for_and_what_it_adds() {
        let issues = ("bowsprit:plugin/github-issues-write@0.2.0", "create-comment");
        let http = ("wasi:http/outgoing-handler@0.2.6", "handle");
        check(&[issues], json!({}), Ok(json!({ "issues": "write" })));
        check(&[issues], json!({ "repos": ["o/*"] }), Ok(json!({ "issues": "write", "repos": ["o/*"] })));
        check(&[http], json!({}), Err("add `http: [HOST]`"));
        check(&[http], json!({ "http": ["a.example.com"] }), Ok(json!({ "http": ["a.example.com"] })));
        check(&[http], json!({ "http": ["*"] }), Err("`*` under `grants.http` is no host"));
        check(&[issues], json!({ "repos": ["["] }), Err("`[` under `grants.repos` is no glob"));
        check(&[issues], json!({ "isues": "write" }), Err("isues"));
        check(&[issues], json!({ "issues": "read" }), Err("asks for `issues: write`"));
    }
}
