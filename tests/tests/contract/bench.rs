//! The host's parts that a call needs, in this process, with the far sides of a running world.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use apiserver::ADMIN;
use clap::Parser as _;
use config::{Loaded, Role, SourceFile};
use host::agent::Grants;
use host::compile::{self, CompileLimits, Compiler};
use host::engine::Guests;
use host::flags::HostFlags;
use host::guest::{Clients, End, Leavings};
use host::http::Reach;
use host::journal::Interrupt;
use host::limits::Limits;
use host::loader::{Loader, Wanted};
use host::parsed::Parsed;
use host::plugin::Plugin;
use host::task::{self, Begun, Call};
use jiff::Timestamp;
use prow::grants::{Access, Permission};
use rusqlite::Connection;
use serde_json::{Value, json};
use store::{Dispatch, Inbox, NewDelivery, NewTask, Scope, StoredDelivery, Task, TaskKind, TaskReport};
use tests::programs::Programs;
use tests::stage::REPO;

use crate::script::Script;
use crate::tap::Tap;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    flags: HostFlags,
}

pub(crate) struct Bench {
    guests: Arc<Guests>,
    loader: Loader,
    /// Makes calls of the contract, as it is told.
    pub(crate) caller: Arc<Plugin>,
    /// Makes requests by `wasi:http`, as it is told.
    pub(crate) fetcher: Arc<Plugin>,
    clients: Clients,
    /// The same with a personal token, which nothing narrows.
    personal: Clients,
    loaded: Arc<Loaded>,
    inbox: Inbox,
    inbox_file: PathBuf,
    events: u32,
    _dir: tempfile::TempDir,
}

/// Where a bench's calls go, other than to what its world has.
#[derive(Default)]
pub(crate) struct Elsewhere<'a> {
    /// What stands for Slack.
    pub(crate) slack: Option<&'a Tap>,
    /// What stands for the clusters.
    pub(crate) kubeconfig: Option<&'a Path>,
    /// What `wasi:http` may reach.
    pub(crate) http: Option<&'a str>,
}

/// Who the host is at GitHub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    App,
    Person,
}

/// How one event went.
pub(crate) struct Went {
    /// What the plugin was answered, call by call; the last are missing where the run was put aside.
    pub(crate) answers: Vec<String>,
    /// The calls that came past the guard.
    pub(crate) passed: Vec<&'static str>,
    /// Why it was put aside, if it was: a far side was asked and could not.
    pub(crate) put_aside: Option<String>,
}

impl Bench {
    /// With everything granted, in the namespace and the organisation that rows are about.
    pub(crate) async fn start(script: &Script, elsewhere: Elsewhere<'_>) -> Self {
        let world = &script.stage.world;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let read = |role, name: &str| {
            let path = world.path(name);
            SourceFile { role, bytes: std::fs::read(&path).unwrap(), path }
        };
        let files = vec![read(Role::Core, "config.yaml"), read(Role::Plugins, "plugins.yaml")];
        let loaded = Arc::new(Loaded::from_files(files).unwrap());
        // The flags of the world's own host, but for its state and what goes elsewhere.
        let mut args: Vec<OsString> = vec!["host".into()];
        // The first is the subcommand; what is of the command line as a whole is not the host's.
        args.extend(
            world.host_args().into_iter().skip(1).filter(|arg| !arg.to_string_lossy().starts_with("--end-with-parent")),
        );
        args.push(format!("--state-dir={}", dir.path().display()).into());
        args.extend(elsewhere.slack.map(|tap| OsString::from(format!("--slack-endpoint={}/api", tap.url))));
        args.extend(elsewhere.kubeconfig.map(|path| OsString::from(format!("--kubeconfig={}", path.display()))));
        let mut person: Vec<OsString> =
            args.iter().filter(|arg| !arg.to_string_lossy().starts_with("--github-app")).cloned().collect();
        person.push(format!("--github-token-path={}", world.path("token").display()).into());
        person.push(format!("--state-dir={}", at("personal").display()).into());
        std::fs::create_dir(at("personal")).unwrap();
        let open = async |args: Vec<OsString>| {
            let flags = Line::parse_from(without_doubles(args)).flags;
            Clients::open(&flags, &loaded.config.core, &prometheus::Registry::new()).await.unwrap()
        };
        let (clients, personal) = (open(args).await, open(person).await);
        let guests = Arc::new(Guests::start().unwrap());
        let programs = Programs::find().unwrap();
        let compiler = Compiler::new(at("compiled"), programs.bowsprit, vec!["compile-component".to_owned()]).unwrap();
        let loader = Loader::new(guests.clone(), compiler.within(CompileLimits::default()));
        let grants = everything(elsewhere.http.unwrap_or("example.com"));
        // Git takes its time on a busy machine, and so does who looks for what may have been made.
        let limits = Limits { deadline: Duration::from_secs(120), ..Limits::default() };
        let caller = loaded_as(&loader, "caller", grants.clone(), limits).await;
        let fetcher = loaded_as(&loader, "fetcher", grants, limits).await;
        let inbox_file = at("inbox.db");
        let inbox = Inbox::open(&inbox_file).await.unwrap();
        Bench { guests, loader, caller, fetcher, clients, personal, loaded, inbox, inbox_file, events: 0, _dir: dir }
    }

    /// One of the examples, on other terms.
    pub(crate) async fn load(&self, name: &str, grants: Grants, limits: Limits) -> Arc<Plugin> {
        loaded_as(&self.loader, name, grants, limits).await
    }

    /// Has the plugin handle a comment of these lines within these grants.
    pub(crate) async fn says(&mut self, plugin: &Arc<Plugin>, lines: &[String], grants: Grants) -> Went {
        self.says_as(Who::App, plugin, lines, grants).await
    }

    /// The same, by whichever of the two that the host can be.
    pub(crate) async fn says_as(&mut self, who: Who, plugin: &Arc<Plugin>, lines: &[String], grants: Grants) -> Went {
        let text = lines.join("\n");
        let body = json!({
            "action": "created",
            "issue": { "id": 1, "number": 1, "state": "open", "user": { "login": "alice", "id": 2, "type": "User" } },
            "comment": { "id": 3, "body": text, "user": { "login": "bob", "id": 4, "type": "User" } },
            "repository": { "name": "hello", "full_name": REPO, "owner": { "login": "my-org" } },
        });
        let (task, delivery) = self.begin(plugin, "issue_comment", &body).await;
        let begun = self.begun(plugin);
        let clients = match who {
            Who::App => &self.clients,
            Who::Person => &self.personal,
        };
        let parsed = Parsed::new(delivery);
        let call = Call::new(&self.inbox, clients, &begun, &parsed, &task, Vec::new()).within(grants);
        let (end, Leavings { calls, log, .. }) = self.guests.handle().spawn(call.make()).await.unwrap();
        let put_aside = match end {
            End::Done(_) => None,
            End::Interrupted(Interrupt::Park { why, .. }) => Some(why),
            end => panic!("{text}: {end:?}"),
        };
        let answers = log.into_iter().map(|line| line.message).collect();
        Went { answers, passed: calls.into_iter().map(|call| call.op).collect(), put_aside }
    }

    /// A delivery with one task, for this plugin.
    pub(crate) async fn begin(&mut self, plugin: &Plugin, event: &str, body: &Value) -> (Task, StoredDelivery) {
        self.events += 1;
        let guid = format!("fe9cefe9-0000-4000-8000-{:012}", self.events);
        let delivery = NewDelivery {
            guid: guid.clone(),
            event: event.to_owned(),
            scope: Scope::Repo(REPO.into()),
            key_level: "*".into(),
            payload: body.to_string().into(),
            headers: Vec::new(),
            received_at: Timestamp::now(),
            likeness: None,
        };
        self.inbox.accept(delivery).await.unwrap();
        let (name, component_digest) = (plugin.name.clone(), plugin.digest.clone());
        let kind = if event == "push" { TaskKind::Typed } else { TaskKind::Comment };
        let task = NewTask { plugin: name, kind, lane: guid.clone(), component_digest };
        let config_revision = self.loaded.revision.clone();
        let dispatch = Dispatch { config_revision, tasks: vec![task], ..Dispatch::default() };
        let task = self.inbox.dispatch(&guid, dispatch).await.unwrap().pop().unwrap();
        let delivery = self.inbox.load(&guid).await.unwrap().unwrap();
        (task, delivery)
    }

    /// As [`Self::run`], by a plugin with these grants.
    pub(crate) async fn run_within(&self, plugin: &Arc<Plugin>, guid: &str, grants: Grants) -> TaskReport {
        let plugin = self.load(&plugin.name, grants, plugin.limits).await;
        self.run(&plugin, guid).await
    }

    /// Runs the delivery's task as the host does, from wherever its journal ends, and tells how it stands.
    pub(crate) async fn run(&self, plugin: &Arc<Plugin>, guid: &str) -> TaskReport {
        let task = self.inbox.resume(guid).await.unwrap().pop().unwrap();
        let parsed = Parsed::new(self.inbox.load(guid).await.unwrap().unwrap());
        let (inbox, clients, begun) = (self.inbox.clone(), self.clients.clone(), self.begun(plugin));
        let run = async move { task::run(&inbox, &clients, &begun, &parsed, &task).await.map(drop) };
        self.guests.handle().spawn(run).await.unwrap().unwrap();
        self.inbox.show(guid).await.unwrap().unwrap().reports.pop().unwrap()
    }

    /// Makes the delivery's task one whose host was killed between its last effect and that effect's result. Gives the
    /// effect's kind.
    pub(crate) fn set_back(&self, guid: &str) -> String {
        let mut db = Connection::open(&self.inbox_file).unwrap();
        db.busy_timeout(Duration::from_secs(5)).unwrap();
        let db = db.transaction().unwrap();
        let delivery: i64 =
            db.query_row("SELECT id FROM deliveries WHERE guid = ?1", [guid], |row| row.get(0)).unwrap();
        let task: i64 = db.query_row("SELECT id FROM tasks WHERE delivery = ?1", [delivery], |row| row.get(0)).unwrap();
        let last = "SELECT seq, kind FROM journal WHERE task = ?1 AND kind <> 'read' ORDER BY seq DESC LIMIT 1";
        let (seq, kind): (i64, String) = db.query_row(last, [task], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        db.execute("DELETE FROM journal WHERE task = ?1 AND seq > ?2", [task, seq]).unwrap();
        let changed = db.execute("UPDATE journal SET result = NULL WHERE task = ?1 AND seq = ?2", [task, seq]).unwrap();
        assert_eq!(changed, 1, "{guid}");
        let open = "UPDATE tasks SET state = 'queued', reason = NULL, trace = NULL, duration = NULL, finished_at = NULL
                    WHERE id = ?1";
        db.execute(open, [task]).unwrap();
        db.execute("UPDATE deliveries SET state = 'open' WHERE id = ?1", [delivery]).unwrap();
        db.commit().unwrap();
        kind
    }

    fn begun(&self, plugin: &Arc<Plugin>) -> Begun {
        let (plugin, loaded) = (plugin.clone(), self.loaded.clone());
        Begun { plugin, loaded, identity: "bench".into(), held: None }
    }
}

async fn loaded_as(loader: &Loader, name: &str, grants: Grants, limits: Limits) -> Arc<Plugin> {
    let bytes = std::fs::read(Programs::find().unwrap().plugins.join(format!("examples/{name}.wasm"))).unwrap();
    let (name, digest) = (name.to_owned(), compile::digest(&bytes));
    loader.load(&bytes, Wanted { name, digest, grants, limits }).await.unwrap()
}

/// All that can be granted, in the namespace and the organisation that rows are about, and this host for `wasi:http`.
pub(crate) fn everything(host: &str) -> Grants {
    let most = |permission: Permission| if permission.is_read_only() { Access::Read } else { Access::Write };
    let access = Permission::ALL.into_iter().map(|permission| (permission, most(permission))).collect();
    let granted =
        prow::grants::Grants { access, repos: vec!["my-org/*".to_owned()], ..prow::grants::Grants::default() };
    let set = |glob: &str| globset::GlobSet::new([globset::Glob::new(glob).unwrap()]).unwrap();
    let reach = Arc::new(Reach { granted: vec![host.parse().unwrap()], ..Reach::default() });
    Grants { granted, reach, repos: set("my-org/*"), namespaces: Some(set("trial")), ..Grants::default() }
}

/// The last of each flag counts.
fn without_doubles(args: Vec<OsString>) -> Vec<OsString> {
    let name = |arg: &OsString| arg.to_string_lossy().split('=').next().unwrap_or_default().to_owned();
    let is_last = |at: usize| !args[at + 1..].iter().any(|later| name(later) == name(&args[at]));
    (0..args.len()).filter(|at| is_last(*at)).map(|at| args[at].clone()).collect()
}

/// A kubeconfig like the administrator's, but for the address.
pub(crate) fn kubeconfig_by(script: &mut Script, tap: &Tap) -> PathBuf {
    let path = script.stage.world.path("kubeconfig-of-the-tap");
    let server = script.stage.world.apiserver().unwrap();
    let own = std::fs::read_to_string(server.kubeconfig(ADMIN)).unwrap();
    std::fs::write(&path, own.replace(&server.url(), &tap.url)).unwrap();
    path
}

#[test]
fn of_a_flag_that_stands_twice_the_last_counts() {
    let args = ["host", "--a=1", "--b=2", "--a=3"].map(Into::into).to_vec();
    let want: Vec<OsString> = ["host", "--b=2", "--a=3"].map(Into::into).to_vec();
    assert_eq!(without_doubles(args), want);
}
