//! Random grants, random agents, random calls: whatever a scripted plugin asks for, nothing leaves the host that the grants do
//! not cover. What each endpoint needs is judged by the stand-in's own table, which knows nothing of the host's.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Parser as _;
use config::{Loaded, Role, SourceFile};
use host::agent::Grants;
use host::compile::{self, CompileLimits, Compiler};
use host::engine::Guests;
use host::flags::HostFlags;
use host::guest::{Clients, End};
use host::limits::Limits;
use host::loader::{Loader, Wanted};
use host::plugin::Plugin;
use host::task::{Begun, Call};
use jiff::Timestamp;
use prow::grants::{Access, Permission};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use sim::fence::{Need, Row as Rule};
use sim::world::{Level, Permissions};
use store::{Dispatch, Inbox, NewDelivery, NewTask, Scope, TaskKind};
use tests::programs::Programs;
use tests::stage::REPO;

use crate::rows::ROWS;
use crate::script::Script;

/// How often every function is called, each time with other grants.
const ROUNDS: usize = 8;
const SEED: u64 = 17;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    flags: HostFlags,
}

/// The host's parts that a call needs, in this process, with the far sides of a running world.
struct Bench {
    guests: Arc<Guests>,
    plugin: Arc<Plugin>,
    clients: Clients,
    loaded: Arc<Loaded>,
    inbox: Inbox,
    calls: u32,
    _dir: tempfile::TempDir,
}

impl Bench {
    async fn start(script: &Script) -> Self {
        let world = &script.stage.world;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let read = |role, name: &str| {
            let path = world.path(name);
            SourceFile { role, bytes: std::fs::read(&path).unwrap(), path }
        };
        let files = vec![read(Role::Core, "config.yaml"), read(Role::Plugins, "plugins.yaml")];
        let loaded = Arc::new(Loaded::from_files(files).unwrap());
        // The flags of the world's own host, but for its state.
        let mut args = vec!["host".into()];
        // The first is the subcommand; what is of the command line as a whole is not the host's.
        args.extend(
            world.host_args().into_iter().skip(1).filter(|arg| !arg.to_string_lossy().starts_with("--end-with-parent")),
        );
        args.push(format!("--state-dir={}", dir.path().display()).into());
        let flags = Line::parse_from(without_doubles(args)).flags;
        let clients = Clients::open(&flags, &loaded.config.core, &prometheus::Registry::new()).await.unwrap();
        let guests = Arc::new(Guests::start().unwrap());
        let programs = Programs::find().unwrap();
        let compiler = Compiler::new(at("compiled"), programs.bowsprit, vec!["compile-component".to_owned()]).unwrap();
        let bytes = std::fs::read(programs.plugins.join("examples/caller.wasm")).unwrap();
        let wanted = Wanted {
            name: "caller".to_owned(),
            digest: compile::digest(&bytes),
            grants: Grants { granted: all(), ..Grants::default() },
            limits: Limits::default(),
        };
        let loader = Loader::new(guests.clone(), compiler.within(CompileLimits::default()));
        let plugin = loader.load(&bytes, wanted).await.unwrap();
        let inbox = Inbox::open(&at("inbox.db")).await.unwrap();
        Bench { guests, plugin, clients, loaded, inbox, calls: 0, _dir: dir }
    }

    /// Has the plugin make a call within these grants, and gives its answer.
    async fn call(&mut self, text: &str, grants: Grants) -> String {
        self.calls += 1;
        let guid = format!("fe9cefe9-0000-4000-8000-{:012}", self.calls);
        let payload = json!({
            "action": "created",
            "issue": { "id": 1, "number": 1, "state": "open", "user": { "login": "alice", "id": 2, "type": "User" } },
            "comment": { "id": 3, "body": format!("/call {text}"), "user": { "login": "bob", "id": 4, "type": "User" } },
            "repository": { "name": "hello", "full_name": REPO, "owner": { "login": "my-org" } },
        });
        let delivery = NewDelivery {
            guid: guid.clone(),
            event: "issue_comment".into(),
            scope: Scope::Repo(REPO.into()),
            key_level: "*".into(),
            payload: payload.to_string().into(),
            headers: Vec::new(),
            received_at: Timestamp::now(),
        };
        self.inbox.accept(delivery).await.unwrap();
        let plugin = self.plugin.name.clone();
        let component_digest = self.plugin.digest.clone();
        let task = NewTask { plugin, kind: TaskKind::Comment, lane: guid.clone(), component_digest };
        let config_revision = self.loaded.revision.clone();
        let dispatch = Dispatch { config_revision, tasks: vec![task], ..Dispatch::default() };
        let task = self.inbox.dispatch(&guid, dispatch).await.unwrap().pop().unwrap();
        let delivery = self.inbox.load(&guid).await.unwrap().unwrap();
        let (plugin, loaded) = (self.plugin.clone(), self.loaded.clone());
        let begun = Begun { plugin, loaded, identity: "fence".into(), held: None };
        let call = Call::new(&self.inbox, &self.clients, &begun, &delivery, &task, Vec::new()).within(grants);
        match self.guests.handle().spawn(call.make()).await.unwrap() {
            (End::Done(said), _) => said,
            // The far side was asked, and what it could not do now is no denial.
            (End::Interrupted(why), _) => format!("put aside: {why}"),
            (end, _) => panic!("{text}: {end:?}"),
        }
    }
}

/// The last of each flag counts.
fn without_doubles(args: Vec<std::ffi::OsString>) -> Vec<std::ffi::OsString> {
    let name = |arg: &std::ffi::OsString| arg.to_string_lossy().split('=').next().unwrap_or_default().to_owned();
    let is_last = |at: usize| !args[at + 1..].iter().any(|later| name(later) == name(&args[at]));
    (0..args.len()).filter(|at| is_last(*at)).map(|at| args[at].clone()).collect()
}

fn all() -> prow::grants::Grants {
    let access = Permission::ALL.into_iter().map(|permission| (permission, Access::Write)).collect();
    prow::grants::Grants { access, ..prow::grants::Grants::default() }
}

/// Grants as an operator could write them.
fn some_grants(random: &mut StdRng) -> Grants {
    let pick = |permission: Permission, random: &mut StdRng| match random.random_range(0..3) {
        0 => None,
        1 => Some((permission, Access::Read)),
        _ => Some((permission, if permission.is_read_only() { Access::Read } else { Access::Write })),
    };
    let access = Permission::ALL.into_iter().filter_map(|permission| pick(permission, random)).collect();
    let repos = if random.random_bool(0.5) { vec!["my-org/*".to_owned()] } else { Vec::new() };
    let mut set = globset::GlobSetBuilder::new();
    for glob in &repos {
        set.add(globset::Glob::new(glob).unwrap());
    }
    let granted = prow::grants::Grants { access, repos, ..prow::grants::Grants::default() };
    Grants { granted, repos: set.build().unwrap(), namespaces: Some(trial()), ..Grants::default() }
}

/// The namespace that rows are about.
fn trial() -> globset::GlobSet {
    globset::GlobSet::new([globset::Glob::new("trial").unwrap()]).unwrap()
}

/// What an interface asks for, by its name alone.
fn need(function: &str) -> (String, Access) {
    let interface = function.split('.').next().unwrap().trim_start_matches("github-");
    match (interface.strip_suffix("-read"), interface.strip_suffix("-write")) {
        (Some(key), _) => (key.replace('-', "_"), Access::Read),
        (_, Some(key)) => (key.replace('-', "_"), Access::Write),
        (None, None) => (interface.replace('-', "_"), if interface == "slack" { Access::Write } else { Access::Read }),
    }
}

fn is_granted(function: &str, grants: &Grants) -> bool {
    let (key, access) = need(function);
    let permission = Permission::ALL.into_iter().find(|permission| permission.key() == key).unwrap();
    grants.granted.allow(permission, access)
}

/// What GitHub would call these grants. Content comes by git too, and OWNERS files are compared with the collaborators.
fn permissions(grants: &Grants) -> Permissions {
    let mut held = Permissions::new();
    for (permission, access) in &grants.granted.access {
        let level = if *access == Access::Write { Level::Write } else { Level::Read };
        let name = match permission {
            Permission::Git | Permission::Owners => "contents",
            other => other.key(),
        };
        if *permission == Permission::Owners {
            held.entry("metadata".to_owned()).or_insert(Level::Read);
        }
        let known = held.entry(name.to_owned()).or_insert(level);
        *known = (*known).max(level);
    }
    held
}

/// Why a request ought not to have been made; `None` if the grants cover it.
fn complaint(function: &str, asked: &sim::fence::Decision, rules: &[Rule], grants: &Grants) -> Option<String> {
    let rule = rules.iter().find(|rule| rule.method == asked.method && rule.endpoint == asked.endpoint);
    let Some(rule) = rule else { return Some("an endpoint that is not in the table".to_owned()) };
    let on_pull = !function.starts_with("github-issues");
    // The host finds out which repositories its installation has, for every plugin.
    let is_covered = rule.need == Need::Jwt || rule.need.is_met_by(&permissions(grants), on_pull);
    if !is_covered {
        return Some(format!("it needs {:?}", rule.need));
    }
    let other = asked.repo.as_ref().filter(|repo| *repo != REPO && !grants.repos.is_match(repo.as_str()));
    other.map(|repo| format!("it is about {repo}")).or_else(|| token_complaint(asked, grants))
}

/// What the request's token could do that the grants do not cover, had the host's other fences failed.
fn token_complaint(asked: &sim::fence::Decision, grants: &Grants) -> Option<String> {
    let held = asked.permissions.as_ref()?;
    let granted = permissions(grants);
    // Every token has this one.
    let beyond = held.iter().find(|(name, level)| {
        !(*name == "metadata" && **level == Level::Read) && granted.get(*name).is_none_or(|granted| granted < *level)
    });
    if let Some((name, level)) = beyond {
        return Some(format!("its token has {name}: {level:?}"));
    }
    let everywhere = grants.granted.repos.is_empty() && asked.repo.is_some() && asked.repositories.is_none();
    everywhere.then(|| "its token is for all repositories".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_leaves_the_host_outside_the_grants() {
    let script = Script::start("no_request_leaves_the_host_outside_the_grants", false).await;
    let mut bench = Bench::start(&script).await;
    let sim = &script.stage.world.sim;
    let rules = sim.permissions().await.unwrap();
    let mut random = StdRng::seed_from_u64(SEED);
    let mut seen: BTreeMap<&str, [u32; 2]> = BTreeMap::new();
    let (mut wrong, mut requests, mut narrowed) = (Vec::new(), 0, 0);
    let rows: Vec<_> =
        crate::rows(&script).filter(|row| !["agent.", "log."].iter().any(|own| row.call.starts_with(own))).collect();
    let mut last = sim.decisions(0).await.unwrap().last().map_or(0, |decision| decision.seq);
    for round in 0..ROUNDS {
        for row in &rows {
            let function = row.function();
            // In the first two rounds all and nothing, so that each function is seen both ways.
            let grants = match round {
                0 => Grants { granted: all(), ..some_grants(&mut random) },
                1 => Grants::default(),
                _ => some_grants(&mut random),
            };
            let through = match round {
                0 => "",
                _ => ["", "", "read-only ", "for-repo my-org/other "][random.random_range(0..4)],
            };
            let answer = bench.call(&format!("{through}{}", script.named(row.call)), grants.clone()).await;
            let is_denied = answer.contains("ErrorKind::Denied");
            let writes = need(function).1 == Access::Write;
            let may = is_granted(function, &grants)
                && !(through.starts_with("read-only") && writes)
                && (!through.starts_with("for-repo") || grants.repos.is_match("my-org/other"));
            let made = sim.decisions(last).await.unwrap();
            last = made.last().map_or(last, |decision| decision.seq);
            let own: Vec<_> =
                made.iter().filter(|asked| asked.user_agent.contains("caller") || asked.method == "GIT").collect();
            requests += own.len();
            narrowed += own.iter().filter(|asked| asked.repositories.is_some()).count();
            let about = format!("round {round}: {through}{} with {:?}", row.call, grants.granted);
            if !may && (!is_denied || !own.is_empty()) {
                wrong.push(format!("{about}: not denied: {answer}, {own:?}"));
            }
            let scope = ["grants.repos", "`namespaces`", "GitHub answered 403"];
            if may && is_denied && !scope.iter().any(|part| answer.contains(part)) {
                wrong.push(format!("{about}: denied: {answer}"));
            }
            for asked in own {
                if let Some(why) = complaint(function, asked, &rules, &grants) {
                    wrong.push(format!("{about}: {} {}: {why}", asked.method, asked.endpoint));
                }
            }
            seen.entry(function).or_default()[usize::from(may && !is_denied)] += 1;
        }
    }
    for (function, [denied, allowed]) in &seen {
        println!("{function:<56} allowed {allowed:>3}  denied {denied:>3}");
    }
    println!("{} calls, {requests} requests, {narrowed} by tokens for one repository", bench.calls);
    assert!(wrong.is_empty(), "{} of {} calls:\n{}", wrong.len(), bench.calls, wrong.join("\n"));
    let one_way: Vec<_> = seen.iter().filter(|(_, [denied, allowed])| *denied == 0 || *allowed == 0).collect();
    assert!(one_way.is_empty(), "each function is seen both ways: {one_way:?}");
    assert!(requests > 100 && narrowed > 100 && ROWS.len() >= rows.len());
}

#[test]
fn of_a_flag_that_stands_twice_the_last_counts() {
    let args = ["host", "--a=1", "--b=2", "--a=3"].map(Into::into).to_vec();
    let want: Vec<std::ffi::OsString> = ["host", "--b=2", "--a=3"].map(Into::into).to_vec();
    assert_eq!(without_doubles(args), want);
}
