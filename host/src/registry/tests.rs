//! Plugins that are good, refused, slow, or in a registry that never answers, beside one another.

use std::fs;
use std::net::TcpListener;
use std::time::Instant;

use config::{ConfigHandle, Sources, WatchOptions};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::compile::Compiler;
use crate::engine::Guests;
use crate::metrics::Metrics;
use crate::quarantine;

#[allow(dead_code, reason = "others use what is not used here")]
#[path = "../../../tests/tests/hostile/contract.rs"]
mod contract;

/// How long anything may take that is waited for.
const SOON: Duration = Duration::from_secs(60);
/// Long enough for a change to be seen many times over.
const A_WHILE: Duration = Duration::from_millis(800);

/// A component that wants comments, and calls itself so. One that is called a writer asks for an interface that changes
/// issues.
fn component(name: &str) -> Vec<u8> {
    let contract = contract::Contract::read();
    let (data, description) = contract.description(name);
    let [describe, help, handle] = ["describe", "help", "handle"].map(|name| contract.export(name));
    let import = match name {
        "writer" => contract.import("github-issues-write", "pin", "pin", "(param i32 i32 i32)"),
        _ => String::new(),
    };
    let core = format!(
        r#"(module {import} (memory (export "memory") 2)
             (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
             (func {describe} {description}) (func {help} unreachable) (func {handle} unreachable) {data})"#
    );
    contract.component(&wat::parse_str(core).unwrap()).unwrap()
}

/// A registry in a directory of its own, and what it follows.
struct Bench {
    dir: TempDir,
    /// A registry of components that takes connections and never answers.
    mute: TcpListener,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for sub in ["made", "slow"] {
            fs::create_dir(dir.path().join(sub)).unwrap();
        }
        fs::write(dir.path().join("config.yaml"), "{}").unwrap();
        Bench { dir, mute: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A component of this name that compiles. Gives its digest.
    fn good(&self, name: &str) -> String {
        let bytes = component(name);
        let digest = compile::digest(&bytes);
        let compiled = crate::engine::compiling().unwrap().precompile_component(&bytes).unwrap();
        fs::write(self.at("made").join(&digest), compiled).unwrap();
        fs::write(self.at(&format!("{name}.wasm")), bytes).unwrap();
        digest
    }

    /// One whose compiler never ends.
    fn slow(&self, name: &str) -> String {
        let digest = self.refused(name);
        fs::write(self.at("slow").join(&digest), "").unwrap();
        digest
    }

    /// One that does not compile.
    fn refused(&self, name: &str) -> String {
        let bytes = format!("no component, and {name} at that");
        fs::write(self.at(&format!("{name}.wasm")), &bytes).unwrap();
        compile::digest(bytes.as_bytes())
    }

    /// How often this was compiled.
    fn compiled(&self, digest: &str) -> usize {
        fs::read_to_string(self.at("calls")).unwrap_or_default().lines().filter(|line| *line == digest).count()
    }

    /// Has plugins.yaml name these, each with its component beside it; `far` is in the registry that never answers.
    fn names(&self, plugins: &[&str]) {
        let far = format!("oci://{}/my-org/far:1", self.mute.local_addr().unwrap());
        let component = |name: &str| if name == "far" { far.clone() } else { format!("./{name}.wasm") };
        let modules = plugins.iter().map(|name| format!("  {name}:\n    component: {}\n", component(name)));
        let text = format!("modules:\n{}", modules.collect::<String>());
        fs::write(self.at("new.yaml"), text).unwrap();
        fs::rename(self.at("new.yaml"), self.at("plugins.yaml")).unwrap();
    }

    /// Has plugins.yaml name the writer alone, with these grants.
    fn grants(&self, grants: &str) {
        let text = format!("modules:\n  writer:\n    component: ./writer.wasm\n    grants: {grants}\n");
        fs::write(self.at("new.yaml"), text).unwrap();
        fs::rename(self.at("new.yaml"), self.at("plugins.yaml")).unwrap();
    }

    async fn start(&self, patience: Patience) -> anyhow::Result<Running> {
        let sources = Sources {
            config_path: self.at("config.yaml"),
            job_config_path: None,
            plugin_config: Some(self.at("plugins.yaml")),
            ..Sources::default()
        };
        let often = WatchOptions { poll: Duration::from_millis(50), quiet: Duration::from_millis(20), listen: false };
        let configs = ConfigHandle::start(sources, often).unwrap();
        let metrics = Arc::new(Metrics::new(&prometheus::Registry::new()).unwrap());
        let script = format!(
            r#"d=$(sha256sum < "$0"); d=${{d%% *}}; cd {}; echo $d >> calls; [ -e slow/$d ] && exec sleep 1000; exec cp made/$d "$1""#,
            self.dir.path().display()
        );
        let setup = Setup {
            guests: Arc::new(Guests::start().unwrap()),
            compiler: Compiler::new(self.at("compiled"), "/bin/sh".into(), vec!["-c".to_owned(), script]).unwrap(),
            catalogue_dir: None,
            origins: Arc::new(Origins::open(self.dir.path(), oci::Credentials::default()).unwrap()),
            components: Kept::open(self.at("components")).unwrap(),
            configs: Kept::open(self.at("configs")).unwrap(),
            gate: Arc::new(Gate::new(quarantine::Patience::default(), metrics.clone())),
            metrics: metrics.clone(),
            patience,
        };
        let registry = Registry::start(setup, configs.current()).await?;
        let inbox = Inbox::open(&self.at("inbox.db")).await.unwrap();
        let stop = CancellationToken::new();
        let follower = tokio::spawn(registry.clone().follow(configs, inbox, stop));
        Ok(Running { registry, metrics, follower })
    }
}

struct Running {
    registry: Arc<Registry>,
    metrics: Arc<Metrics>,
    follower: JoinHandle<()>,
}

impl Running {
    async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !is_so(self) {
            let (faults, loaded) = (self.registry.faults(), self.loaded());
            assert!(begun.elapsed() < SOON && !self.follower.is_finished(), "{what}: {loaded:?}, {faults:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn loaded(&self) -> Vec<String> {
        self.registry.current().plugins.keys().cloned().collect()
    }

    fn fault(&self, plugin: &str) -> String {
        self.registry.faults().remove(plugin).unwrap_or_default()
    }

    fn metric(&self, plugin: &str) -> i64 {
        self.metrics.reload_failed.with_label_values(&[plugin]).get()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

const IMPATIENT: Patience = Patience { start: Duration::from_millis(20), reload: Duration::from_millis(20) };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_ends_holds_up_neither_the_start_nor_a_reload() {
    let bench = Bench::new();
    bench.good("good");
    let slow = bench.slow("slow");
    bench.names(&["far", "good", "slow"]);
    let running = bench.start(IMPATIENT).await.unwrap();
    running.until("the good one", |it| it.loaded() == ["good"]).await;
    for plugin in ["far", "slow"] {
        let coming = |it: &Running| it.fault(plugin).contains("still being fetched or compiled");
        running.until(plugin, |it| coming(it) && it.metric(plugin) == 1).await;
        // An event that comes now waits for it.
        assert!(running.registry.is_coming(plugin) && matches!(running.registry.unfit(plugin), Unfit::NotNow(_)));
    }
    running.until("no fault of it", |it| it.fault("good").is_empty() && it.metric("good") == 0).await;

    // Others come and go meanwhile, and what is under way goes on.
    bench.good("other");
    bench.names(&["far", "good", "other", "slow"]);
    running.until("the other one", |it| it.loaded() == ["good", "other"]).await;
    bench.names(&["far", "other", "slow"]);
    running.until("the good one gone", |it| it.loaded() == ["other"]).await;
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(bench.compiled(&slow), 1, "each configuration began it anew");

    // Another component in its place is taken at once, and not when the compiler is done with the first.
    let digest = bench.good("slow");
    running.until("the slow one", |it| it.loaded() == ["other", "slow"]).await;
    assert_eq!(running.registry.current().plugins["slow"].digest, digest);
    running.until("no fault of it", |it| it.fault("slow").is_empty() && it.metric("slow") == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_becomes_slow_or_faulty_stays_what_it_was() {
    let bench = Bench::new();
    let before = [bench.good("a"), bench.good("b")];
    bench.names(&["a", "b"]);
    let running = bench.start(Patience { start: SOON, ..IMPATIENT }).await.unwrap();
    assert_eq!(running.loaded(), ["a", "b"], "they are ready when it has started");
    let slow = bench.slow("a");
    bench.refused("b");
    bench.good("c");
    bench.names(&["a", "b", "c"]);
    running.until("the new one, and the fault", |it| it.loaded() == ["a", "b", "c"] && !it.fault("b").is_empty()).await;
    running.until("the compiler", |_| bench.compiled(&slow) >= 1).await;
    let set = running.registry.current();
    assert_eq!(["a", "b"].map(|name| set.plugins[name].digest.clone()), before);
    assert!(running.fault("a").is_empty(), "{}", running.fault("a"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_starts_with_the_plugins_that_load_and_not_without_any() {
    let bench = Bench::new();
    bench.good("good");
    bench.refused("bad");
    bench.names(&["good", "bad", "gone"]);
    let running = bench.start(Patience { start: SOON, ..IMPATIENT }).await.unwrap();
    assert_eq!(running.loaded(), ["good"]);
    let place = bench.at("plugins.yaml").display().to_string();
    for (plugin, place, part) in [
        ("bad", format!("{place}:4:3: "), "bad.wasm: the component does not compile"),
        ("gone", format!("{place}:6:3: "), "cannot read the component"),
    ] {
        let fault = running.fault(plugin);
        assert!(fault.starts_with(&place) && fault.contains(part) && running.metric(plugin) == 1, "{plugin}: {fault}");
        // An event that comes now passes it by, and says why.
        let absence = running.registry.absence(&running.registry.current(), plugin);
        assert!(absence.contains("does not get this event") && absence.contains(&fault), "{absence}");
        assert!(!running.registry.is_coming(plugin) && matches!(running.registry.unfit(plugin), Unfit::Gone(_)));
    }
    drop(running);

    bench.names(&["bad", "gone"]);
    let error = bench.start(Patience { start: SOON, ..IMPATIENT }).await.err().expect("there is no plugin").to_string();
    assert!(error.starts_with(&format!("{place}:2:3: ")) && error.contains("bad.wasm"), "{error}");
    fs::write(bench.at("plugins.yaml"), "{}").unwrap();
    bench.start(IMPATIENT).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_is_not_compiled_again_until_it_changes() {
    let bench = Bench::new();
    bench.good("good");
    let refused = bench.refused("bad");
    bench.names(&["good", "bad"]);
    let running = bench.start(Patience { start: SOON, ..IMPATIENT }).await.unwrap();
    let revision = |it: &Running| it.registry.current().loaded.revision.clone();
    for plugins in [["bad", "good"], ["good", "bad"]] {
        let before = revision(&running);
        bench.names(&plugins);
        running.until("the new configuration", |it| revision(it) != before).await;
    }
    // Written anew, and no other than before.
    bench.refused("bad");
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(bench.compiled(&refused), 1);
    assert!(running.fault("bad").contains("does not compile"));
    bench.good("bad");
    running.until("the mended one", |it| it.loaded() == ["bad", "good"]).await;
}

/// The old one stands for a new one that is faulty or slow, but with no more than it is granted by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_is_taken_away_is_gone_whatever_becomes_of_the_new_component() {
    let bench = Bench::new();
    let digest = bench.good("writer");
    bench.grants("{ issues: write, slack: write, repos: [my-org/*] }");
    let running = bench.start(Patience { start: SOON, ..IMPATIENT }).await.unwrap();
    let granted = |it: &Running| {
        let set = it.registry.current();
        let plugin = set.plugins.get("writer").filter(|plugin| plugin.digest == digest)?;
        Some(serde_json::to_string(&plugin.grants.granted).unwrap())
    };
    assert_eq!(granted(&running).as_deref(), Some(r#"{"issues":"write","slack":"write","repos":["my-org/*"]}"#));
    let (begun, terms) =
        (running.registry.in_force("writer").unwrap(), running.registry.current().sources["writer"].terms.clone());
    let left =
        |it: &Running| it.registry.left_now(begun.clone(), &terms).map(|begun| begun.plugin.grants.granted.clone());

    // What it can do without is taken from the old one, while the new one does not compile.
    fs::write(bench.at("writer.wasm"), "no component").unwrap();
    running.until("the faulty component", |it| !it.fault("writer").is_empty()).await;
    bench.grants("{ issues: write, contents: read, repos: [my-org/a, other/b] }");
    let narrowed = r#"{"issues":"write","repos":["my-org/a"]}"#;
    running.until("what is left", |it| granted(it).as_deref() == Some(narrowed)).await;
    running.until("its fault", |it| it.fault("writer").contains("does not compile")).await;
    let of_task = left(&running).unwrap();
    assert_eq!(serde_json::to_string(&of_task).unwrap(), narrowed, "a task that had begun");

    // And what it cannot do without: it stands, and is denied what it asks for. Be the new one faulty,
    bench.grants("{ issues: read }");
    let read_only = Some(r#"{"issues":"read"}"#);
    running.until("what is left", |it| granted(it).as_deref() == read_only).await;
    running.until("its metric", |it| it.metric("writer") == 1).await;
    let of_task = left(&running).unwrap();
    assert_eq!(serde_json::to_string(&of_task).ok().as_deref(), read_only, "a task that had begun");

    // or slow,
    bench.good("writer");
    bench.grants("{ issues: write }");
    running.until("the grant is back", |it| granted(it).as_deref() == Some(r#"{"issues":"write"}"#)).await;
    bench.slow("writer");
    bench.grants("{ issues: read, slack: write }");
    running.until("what is left while it compiles", |it| granted(it).as_deref() == read_only).await;

    // or the very same.
    bench.good("writer");
    bench.grants("{ issues: write }");
    running.until("the grant is back", |it| granted(it).as_deref() == Some(r#"{"issues":"write"}"#)).await;
    bench.grants("{}");
    running.until("what is left", |it| granted(it).as_deref() == Some("{}")).await;
    // A fault is told once what is in force has changed.
    let wanting = ["plugins.yaml:2:3: ", "add `issues: write` under `grants`"];
    running.until("its fault", |it| wanting.iter().all(|part| it.fault("writer").contains(part))).await;
}
