//! The host's parts that a call needs, and nothing else: no far side ever answers.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use config::{Loaded, Role, SourceFile};
use host::agent::Grants;
use host::compile::{self, CompileLimits, Compiler};
use host::contract::types::EventKind;
use host::engine::Guests;
use host::guest::Clients;
use host::limits::Limits;
use host::loader::{Loader, Wanted};
use host::metrics::ConfigMapSizes;
use host::parsed::Parsed;
use host::plugin::Plugin;
use host::task::{self, Begun, Call};
use jiff::Timestamp;
use prow::grants::{Access, Permission};
use store::{Dispatch, Inbox, NewDelivery, NewTask, ProwJobs, Scope, Task, TaskKind};
use tempfile::TempDir;
use tests::programs::Programs;

/// Jobs of the repository that events are of: what trigger has to look through.
const JOBS: usize = 20;

/// Cheap to clone.
#[derive(Clone)]
pub(crate) struct Rig {
    pub(crate) guests: Arc<Guests>,
    loader: Loader,
    inbox: Inbox,
    clients: Clients,
    loaded: Arc<Loaded>,
    dir: Arc<TempDir>,
    _never_answers: Arc<TcpListener>,
}

/// A plugin, and the event that it is called with.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) plugin: Arc<Plugin>,
    begun: Begun,
    parsed: Arc<Parsed>,
    task: Arc<Task>,
}

impl Subject {
    pub(crate) fn name(&self) -> &str {
        &self.plugin.name
    }
}

impl Rig {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let guests = Arc::new(Guests::start().unwrap());
        let program = Programs::find().unwrap().bowsprit;
        let compiler = Compiler::new(at("compiled"), program, vec!["compile-component".to_owned()]).unwrap();
        let loader = Loader::new(guests.clone(), compiler.within(CompileLimits::default()));
        let inbox = Inbox::open(&at("inbox.db")).await.unwrap();
        let never_answers = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let endpoints = vec![format!("http://{}", never_answers.local_addr().unwrap())];
        let mut options = github::Options::new(github::Auth::None);
        options.endpoints.clone_from(&endpoints);
        let mirrors = git::Mirrors::open(git::Options::new(at("mirrors"), &endpoints[0])).unwrap();
        let clients = Clients {
            github: github::Client::new(options).unwrap(),
            github_endpoints: endpoints,
            owners: git::Owners::new(mirrors.clone()),
            in_repo: git::InRepo::new(mirrors.clone()),
            mirrors,
            clusters: kubernetes::Clusters::default(),
            services: services::Services::default(),
            prowjobs: ProwJobs::open(&at("prowjobs.db")).await.unwrap(),
            config_map_sizes: ConfigMapSizes::default(),
            dry_run: false,
        };
        let loaded = Arc::new(Loaded::from_files(files()).unwrap());
        Rig { guests, loader, inbox, clients, loaded, dir: Arc::new(dir), _never_answers: Arc::new(never_answers) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) async fn load(&self, file: &Path, comment: &str) -> Subject {
        self.load_within(file, comment, Limits::default()).await
    }

    /// The component in `file`, to be called with a comment.
    pub(crate) async fn load_within(&self, file: &Path, comment: &str, limits: Limits) -> Subject {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let bytes = std::fs::read(file).unwrap();
        let access = Permission::ALL.into_iter().map(|permission| (permission, Access::Write)).collect();
        let granted = prow::grants::Grants { access, ..prow::grants::Grants::default() };
        let wanted = Wanted {
            // It is called as it calls itself, wherever it lies.
            name: if name.contains("greeter") { "greeter".to_owned() } else { name },
            digest: compile::digest(&bytes),
            grants: Grants { granted, ..Grants::default() },
            limits,
        };
        let plugin = self.loader.load(&bytes, wanted).await.unwrap();
        let (parsed, task) = self.event(&plugin, comment).await;
        let begun =
            Begun { plugin: plugin.clone(), loaded: self.loaded.clone(), identity: "measured".into(), held: None };
        Subject { plugin, begun, parsed: Arc::new(parsed), task: Arc::new(task) }
    }

    /// The call of a task, ready to be made.
    pub(crate) fn call(&self, subject: &Subject) -> Call {
        Call::new(&self.inbox, &self.clients, &subject.begun, &subject.parsed, &subject.task, Vec::new())
    }

    /// The same plugin with another event.
    pub(crate) async fn again(&self, subject: &Subject, comment: &str) -> Subject {
        let (parsed, task) = self.event(&subject.plugin, comment).await;
        Subject { parsed: Arc::new(parsed), task: Arc::new(task), ..subject.clone() }
    }

    /// Runs its task, and has its outcome written down.
    pub(crate) async fn run(&self, subject: &Subject) {
        let (rig, subject) = (self.clone(), subject.clone());
        let run = async move {
            task::run(&rig.inbox, &rig.clients, &subject.begun, &subject.parsed, &subject.task).await.map(drop)
        };
        self.guests.handle().spawn(run).await.unwrap().unwrap();
    }

    /// A delivery with one task, as the dispatcher would have it.
    async fn event(&self, plugin: &Plugin, comment: &str) -> (Parsed, Task) {
        let guid = uuid::Uuid::new_v4().to_string();
        let payload = serde_json::json!({
            "action": "created",
            "issue": {
                "id": 1, "number": 7, "state": "open", "pull_request": {}, "title": "A title", "body": "",
                "user": { "login": "alice", "id": 2, "type": "User" }, "labels": [], "assignees": [],
            },
            "comment": { "id": 3, "body": comment, "user": { "login": "bob", "id": 4, "type": "User" } },
            "repository": { "name": "r", "full_name": "o/r", "owner": { "login": "o" } },
        });
        let delivery = NewDelivery {
            guid: guid.clone(),
            event: "issue_comment".into(),
            scope: Scope::Repo("o/r".into()),
            key_level: "*".into(),
            payload: payload.to_string().into(),
            headers: Vec::new(),
            received_at: Timestamp::now(),
            likeness: None,
        };
        self.inbox.accept(delivery).await.unwrap();
        let wants = &plugin.description.events;
        let kind = if wants.contains(&EventKind::Comment) { TaskKind::Comment } else { TaskKind::Typed };
        let task = NewTask {
            plugin: plugin.name.clone(),
            kind,
            lane: plugin.name.clone(),
            component_digest: plugin.digest.clone(),
        };
        let dispatch =
            Dispatch { config_revision: self.loaded.revision.clone(), tasks: vec![task], ..Dispatch::default() };
        let task = self.inbox.dispatch(&guid, dispatch).await.unwrap().pop().unwrap();
        (Parsed::new(self.inbox.load(&guid).await.unwrap().unwrap()), task)
    }
}

fn files() -> Vec<SourceFile> {
    let jobs: String = (0..JOBS)
        .map(|number| {
            format!(
                "  - name: job-{number}\n    always_run: {}\n    spec: {{ containers: [{{ image: x }}] }}\n",
                number % 2 == 0
            )
        })
        .collect();
    let config = format!("presubmits:\n  o/r:\n{jobs}");
    let plugins = "plugins:\n  o:\n    plugins: [trigger, hold]\n";
    let file = |role, path: &str, text: &str| SourceFile { role, path: path.into(), bytes: text.into() };
    vec![file(Role::Core, "config.yaml", &config), file(Role::Plugins, "plugins.yaml", plugins)]
}

/// A component of so many bytes, nearly all of them code that a compiler has to work on.
pub(crate) fn component_of(bytes: usize) -> Vec<u8> {
    let function = |number: usize| {
        let step = |n: usize| {
            format!(
                "(local.set $a (i64.add (i64.mul (local.get $a) (i64.const {})) (i64.load offset={} (i32.const 0))))
                 (if (i64.gt_u (local.get $a) (i64.const {})) (then (local.set $a (i64.shr_u (local.get $a) (i64.const 3)))))
                 (i64.store offset={} (i32.const 0) (local.get $a))",
                number * 64 + n + 1_000_000,
                n * 8,
                n + 77,
                n * 8
            )
        };
        format!("(func (param $a i64) (result i64) {} (local.get $a))", (0..40).map(step).collect::<String>())
    };
    let of = |functions: usize| {
        let functions: String = (0..functions).map(function).collect();
        wat::parse_str(format!("(component (core module (memory 1) {functions}))")).unwrap()
    };
    let one = of(2).len() - of(1).len();
    of(bytes / one)
}
