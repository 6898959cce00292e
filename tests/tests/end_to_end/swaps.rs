//! Random swaps of a component and of the configuration, under load: what is good takes effect, what is not shows and changes
//! nothing, and no event is lost or handled twice.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use sha2::Digest as _;
use sim::client::NewPr;
use store::{TaskReport, TaskState};
use tests::demo_config::{self, GREETER, GREETING};
use tests::hook::{self, Sent};
use tests::patch::marked;
use tests::programs::Programs;
use tests::stage::{REPO, Stage};
use tests::world::{World, seen, write};
use tokio::time::{MissedTickBehavior, interval};

/// Swaps of the short tier and of the long one (`BOWSPRIT_LONG=1`).
const SWAPS: (usize, usize) = (50, 1000);
const SEED: u64 = 11;
/// How soon most of what is good is in force; the machine has other things to do, so not all of it.
const IN_FORCE: Duration = Duration::from_secs(2);
/// How long a swap may take to be seen.
const SOON: Duration = Duration::from_secs(60);
/// How often an event comes, and which of them the greeter answers.
const PACE: Duration = Duration::from_millis(50);
const GREETS: u32 = 8;
/// Builds of the greeter that differ in their digest.
const BUILDS: usize = 6;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Swap {
    /// Another build is renamed over the component.
    Rename,
    /// Another build is written into the file, in two steps.
    InPlace,
    /// The directory of the component is a link, which is made to lead elsewhere: as Kubernetes swaps its volumes.
    Link,
    /// Half of the file is gone.
    Truncation,
    /// A component that imports what was not granted.
    Ungranted,
    /// The greeter's grants are taken away.
    Grants,
    /// plugins.yaml cannot be read.
    BrokenYaml,
    /// plugins.yaml says something else.
    Settings,
    /// config.yaml says something else.
    Core,
    /// config.yaml cannot be read.
    BrokenCore,
    /// The files of the job directory lead to others, as Kubernetes swaps a config map's.
    Jobs,
    /// A file of the job directory has a job that cannot be.
    BrokenJob,
    /// A further key for webhooks is added, and the next event is signed with it.
    Secret,
}

const ALL: [Swap; 13] = [
    Swap::Rename,
    Swap::InPlace,
    Swap::Link,
    Swap::Truncation,
    Swap::Ungranted,
    Swap::Grants,
    Swap::BrokenYaml,
    Swap::Settings,
    Swap::Core,
    Swap::BrokenCore,
    Swap::Jobs,
    Swap::BrokenJob,
    Swap::Secret,
];

/// Those that leave nothing to be mended.
const GOOD: [Swap; 7] = [Swap::Rename, Swap::InPlace, Swap::Link, Swap::Settings, Swap::Core, Swap::Jobs, Swap::Secret];

/// The files, and what is in force.
struct Files {
    dir: PathBuf,
    builds: Vec<Vec<u8>>,
    other: Vec<u8>,
    plugins: String,
    core: String,
    keys: Vec<String>,
    random: StdRng,
    /// The build in force.
    build: usize,
    links: usize,
    settings: usize,
}

impl Files {
    /// Lays the component where a link leads, and has plugins.yaml name that.
    fn new(world: &World) -> Self {
        let dir = world.dir().to_owned();
        let greeter = fs::read(dir.join(GREETER)).unwrap();
        let builds: Vec<_> = (0..BUILDS).map(|build| marked(&greeter, &format!("build {build}"))).collect();
        let other = fs::read(Programs::find().unwrap().plugins.join("trigger.wasm")).unwrap();
        let plugins =
            fs::read_to_string(dir.join("plugins.yaml")).unwrap().replace("./greeter.wasm", "./live/greeter.wasm");
        fs::create_dir(dir.join("v0")).unwrap();
        write(&dir.join("v0"), GREETER, &builds[0]).unwrap();
        symlink("v0", dir.join("live")).unwrap();
        write(&dir, "plugins.yaml", plugins.as_bytes()).unwrap();
        let core = fs::read_to_string(dir.join("config.yaml")).unwrap();
        let keys = vec![world.secret.clone()];
        Files {
            dir,
            builds,
            other,
            plugins,
            core,
            keys,
            random: StdRng::seed_from_u64(SEED),
            build: 0,
            links: 0,
            settings: 0,
        }
    }

    fn live(&self) -> PathBuf {
        self.dir.join("live")
    }

    fn next_build(&mut self) -> &[u8] {
        self.build = (self.build + self.random.random_range(1..BUILDS)) % BUILDS;
        &self.builds[self.build]
    }

    fn digest(&self) -> String {
        hex::encode(sha2::Sha256::digest(&self.builds[self.build]))
    }

    fn make(&mut self, swap: Swap) {
        let live = self.live();
        let component = live.join(GREETER);
        match swap {
            Swap::Rename => write(&live, GREETER, self.next_build()).unwrap(),
            Swap::InPlace => {
                let build = self.next_build();
                fs::write(&component, &build[..build.len() / 3]).unwrap();
                fs::write(&component, build).unwrap();
            }
            Swap::Link => {
                self.links += 1;
                let next = format!("v{}", self.links);
                fs::create_dir(self.dir.join(&next)).unwrap();
                let dir = self.dir.join(&next);
                write(&dir, GREETER, self.next_build()).unwrap();
                symlink(&next, self.dir.join("live.new")).unwrap();
                fs::rename(self.dir.join("live.new"), &live).unwrap();
            }
            Swap::Truncation => {
                let file = fs::File::options().write(true).open(&component).unwrap();
                file.set_len(self.builds[self.build].len() as u64 / 2).unwrap();
            }
            Swap::Ungranted => write(&live, GREETER, &self.other).unwrap(),
            Swap::Grants => {
                let without = self.plugins.replace("{ issues: write, pull_requests: write }", "{ issues: write }");
                assert_ne!(without, self.plugins);
                write(&self.dir, "plugins.yaml", without.as_bytes()).unwrap();
            }
            Swap::BrokenYaml => write(&self.dir, "plugins.yaml", b"plugins: [").unwrap(),
            Swap::Settings => {
                self.settings += 1;
                self.plugins = format!("{}# {}\n", self.plugins, self.settings);
                write(&self.dir, "plugins.yaml", self.plugins.as_bytes()).unwrap();
            }
            Swap::Core => {
                self.core.push_str("# more\n");
                write(&self.dir, "config.yaml", self.core.as_bytes()).unwrap();
            }
            Swap::BrokenCore => write(&self.dir, "config.yaml", b"sinker: [").unwrap(),
            Swap::Jobs => self.jobs(&job(&format!("nightly-{}", self.links + 1))),
            Swap::BrokenJob => self.jobs(&job("no name at all")),
            Swap::Secret => {
                self.keys.push(format!("key {} of this world", self.keys.len()));
                let keys: Vec<_> = self.keys.iter().map(|key| json!({ "value": key })).collect();
                write(&self.dir, "hmac", json!({ "*": keys }).to_string().as_bytes()).unwrap();
            }
        }
    }

    /// What is in the job directory is a link by way of `..data`, which is turned.
    fn jobs(&mut self, text: &str) {
        self.links += 1;
        let (jobs, next) = (self.dir.join("jobs"), format!("..{}", self.links));
        fs::create_dir(jobs.join(&next)).unwrap();
        write(&jobs.join(&next), "jobs.yaml", text.as_bytes()).unwrap();
        symlink(&next, jobs.join("..data_tmp")).unwrap();
        fs::rename(jobs.join("..data_tmp"), jobs.join("..data")).unwrap();
        if !jobs.join("jobs.yaml").exists() {
            symlink("..data/jobs.yaml", jobs.join("jobs.yaml")).unwrap();
        }
    }

    /// Puts right what a swap has broken.
    fn mend(&mut self) {
        self.jobs(&job("mended"));
        write(&self.dir, "config.yaml", self.core.as_bytes()).unwrap();
        write(&self.live(), GREETER, &self.builds[self.build]).unwrap();
        write(&self.dir, "plugins.yaml", self.plugins.as_bytes()).unwrap();
    }
}

/// What `/status` has to show after a swap; `None` if it does, else what is missing.
fn lacks(swap: Swap, files: &Files, before: &str, status: &Value) -> Option<&'static str> {
    let greeter = &status["plugins"]["greeter"];
    let has = |fault: &Value, part: &str| fault.as_str().is_some_and(|fault| fault.contains(part));
    let shown = match swap {
        Swap::Rename | Swap::InPlace | Swap::Link => greeter["fault"].is_null(),
        Swap::Truncation => has(&greeter["fault"], "does not compile"),
        Swap::Ungranted => has(&greeter["fault"], "does not grant"),
        Swap::Grants => has(&greeter["fault"], "add `pull_requests: write`") && status["config"]["revision"] != before,
        Swap::BrokenYaml => has(&status["config"]["fault"], "plugins.yaml:1:"),
        Swap::BrokenCore => has(&status["config"]["fault"], "config.yaml:1:"),
        Swap::BrokenJob => has(&status["config"]["fault"], "jobs.yaml:2:"),
        // A delivery tells.
        Swap::Secret => true,
        Swap::Settings | Swap::Core | Swap::Jobs => {
            status["config"]["revision"] != before && status["config"]["fault"].is_null()
        }
    };
    match () {
        () if greeter["digest"] != files.digest() => Some("the build that is to be in force"),
        () if !shown => Some("what became of it"),
        () => None,
    }
}

/// Nothing is wrong, and the newest build is in force.
fn is_well(files: &Files, status: &Value) -> bool {
    let greeter = &status["plugins"]["greeter"];
    greeter["fault"].is_null() && status["config"]["fault"].is_null() && greeter["digest"] == files.digest()
}

/// Events, one after the other, until they are stopped. How many there were.
async fn load(world: (String, String), pr: u64, stop: Arc<AtomicBool>, sent: Arc<AtomicU32>) {
    let (url, secret) = world;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.load(Ordering::SeqCst) {
        pace.tick().await;
        let number = sent.load(Ordering::SeqCst);
        let text = if number.is_multiple_of(GREETS) { "/greet" } else { "nothing in particular" };
        let body = json!({
            "action": "created",
            "issue": { "id": 1, "number": pr, "state": "open", "pull_request": {}, "user": { "login": "alice", "id": 2 } },
            "comment": { "id": 3, "body": text, "user": { "login": "bob", "id": 4 } },
            "repository": { "name": "hello", "full_name": REPO, "owner": { "login": "my-org" } },
        });
        let body = body.to_string();
        let guid = guid(number);
        let event = Sent { event: "issue_comment", guid: &guid, body: body.as_bytes(), secret: &secret };
        let answer = hook::post(&http, &url, &event).await.unwrap();
        assert_eq!(answer.code, 200, "{guid}: {}", answer.text);
        sent.store(number + 1, Ordering::SeqCst);
    }
}

/// A delivery signed with this key is taken, sooner or later.
async fn accepted(world: &mut World, url: &str, key: &str) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let body = json!({ "zen": "Keep it simple.", "repository": { "name": "hello", "full_name": REPO, "owner": { "login": "my-org" } } });
    let body = body.to_string();
    let what = "a delivery that is signed with the newest key to be taken";
    let taken = world.wait(what, SOON, async |_| {
        let event =
            Sent { event: "ping", guid: "5ba95ba9-1111-4000-8000-000000000000", body: body.as_bytes(), secret: key };
        let answer = seen(hook::post(&http, url, &event).await)?;
        if answer.code == 200 { Ok(()) } else { Err(answer.text) }
    });
    taken.await.unwrap();
}

/// A file of the job directory with one periodic of this name.
fn job(name: &str) -> String {
    format!(
        "periodics:\n- name: {name}\n  interval: 24h\n  spec: {{ containers: [{{ image: debian, command: ['true'] }}] }}\n"
    )
}

fn guid(number: u32) -> String {
    format!("5ba95ba9-0000-4000-8000-{number:012}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_swaps_under_load_lose_no_event() {
    let swaps = if std::env::var_os("BOWSPRIT_LONG").is_some() { SWAPS.1 } else { SWAPS.0 };
    let mut options = demo_config::options(&Programs::find().unwrap()).unwrap();
    options.jobs = true;
    let mut stage = Stage::new(World::start(options).await.unwrap(), Instant::now()).await.unwrap();
    let pr = stage.alice.open_pr(REPO, &NewPr::of_file("one", "one.txt", "1\n")).await.unwrap().number;
    let mut files = Files::new(&stage.world);
    let first = stage.world.wait("the first build", SOON, async |world| {
        let status = seen(world.status().await)?;
        if is_well(&files, &status) { Ok(()) } else { Err(status.to_string()) }
    });
    first.await.unwrap();

    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let world = (stage.world.hook_url(), stage.world.secret.clone());
    let loading = tokio::spawn(load(world, pr, stop.clone(), sent.clone()));
    let mut took = Vec::new();
    for number in 0..swaps {
        // Each kind in turn, then at random.
        let swap = ALL.get(number).or_else(|| ALL.choose(&mut files.random)).copied().unwrap();
        let before = stage.world.status().await.unwrap()["config"]["revision"].as_str().unwrap().to_owned();
        let begun = Instant::now();
        files.make(swap);
        let what = format!("swap {number}, {swap:?}, to be seen");
        let swapped = stage.world.wait(&what, SOON, async |world| {
            let status = seen(world.status().await)?;
            match lacks(swap, &files, &before, &status) {
                Some(what) => Err(format!("no {what}: {status}")),
                None => Ok(()),
            }
        });
        swapped.await.unwrap();
        if swap == Swap::Secret {
            let (url, key) = (stage.world.hook_url(), files.keys.last().unwrap().clone());
            accepted(&mut stage.world, &url, &key).await;
        }
        took.push(begun.elapsed());
        if !GOOD.contains(&swap) {
            files.mend();
            let what = format!("{swap:?} to be mended");
            let mended = stage.world.wait(&what, SOON, async |world| {
                let status = seen(world.status().await)?;
                if is_well(&files, &status) { Ok(()) } else { Err(status.to_string()) }
            });
            mended.await.unwrap();
        }
        assert!(!loading.is_finished(), "an event was not taken");
    }
    stop.store(true, Ordering::SeqCst);
    loading.await.unwrap();
    let sent = sent.load(Ordering::SeqCst);

    stage.idle().await.unwrap();
    let inbox = stage.world.inbox().await.unwrap();
    let mut denied = 0;
    for number in 0..sent {
        let report = inbox.show(&guid(number)).await.unwrap().expect("what was answered with 200 is kept");
        let greeter: Vec<_> = report.reports.iter().filter(|task| task.plugin == "greeter").collect();
        // Without the grant that was taken away it goes on, and is denied what it asks for.
        let is_denied = |task: &&TaskReport| task.reason.as_deref().is_some_and(|why| why.starts_with("denied: "));
        let is_greet = number.is_multiple_of(GREETS);
        denied += usize::from(is_greet && greeter.iter().any(is_denied));
        let want = if is_greet && !greeter.iter().any(is_denied) { TaskState::Done } else { TaskState::Ignored };
        assert!(greeter.len() == 1 && greeter[0].state == want, "{}: {greeter:?}", guid(number));
        let others = report.reports.iter().all(|task| matches!(task.state, TaskState::Done | TaskState::Ignored));
        assert!(others, "{}: {:?}", guid(number), report.reports);
    }
    let greeted = stage.bot_said(pr, GREETING).await.unwrap();
    assert_eq!(greeted + denied, sent.div_ceil(GREETS) as usize);
    assert!(denied < greeted / 2, "{denied} denied, {greeted} greeted");
    took.sort_unstable();
    let median = took[took.len() / 2];
    assert!(median <= IN_FORCE, "half of the swaps were seen after {median:?} or later");
    println!(
        "{swaps} swaps, seen after {:?} in the median and {:?} at most; {sent} events, {greeted} greetings",
        median,
        took[took.len() - 1]
    );
}
