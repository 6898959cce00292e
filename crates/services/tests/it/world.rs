//! The stand-ins with something in them, and clients for them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use services::{
    AuthMethod, Bugzilla, BugzillaOptions, Common, Jira, JiraAuth, JiraOptions, ServiceError, ServiceErrorKind,
};
use sim::client::Sim;
use sim::fault::FaultSpec;
use sim::seed::Seed;
use sim::{Options, Running};
use tempfile::TempDir;

pub(crate) const SEED: &str = "
jira:
  accounts:
  - {name: bot, token: jira-token, password: jira-password}
  - {name: reader, token: reader-token, read_only: true}
  projects: [EMPTY]
  issues:
  - {key: ABC-123, summary: It fails}
  - {key: DEF-1, summary: Another, status: Done}
bugzilla:
  accounts:
  - {login: bot@example.com, api_key: bugzilla-key, insider: true}
  - {login: reader@example.com, api_key: reader-key, read_only: true}
  bugs:
    5: {summary: It fails, description: Always., severity: high, target_release: [4.1.0], qa_contact: qa@example.com,
        sub_components: {component: [sub]}}
    6: {summary: Waits, depends_on: [5]}
    7: {summary: Hidden, groups: [private]}
";

pub(crate) struct World {
    pub(crate) running: Running,
    pub(crate) sim: Sim,
    dir: TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        let running = sim::serve(Options::default()).await.unwrap();
        running.seed(Seed::parse(SEED).unwrap()).await.unwrap();
        Self { sim: running.client(), running, dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) async fn seed(&self, text: &str) {
        self.running.seed(Seed::parse(text).unwrap()).await.unwrap();
    }

    /// A file that holds a secret.
    pub(crate) fn file(&self, secret: &str) -> PathBuf {
        secret_file(self.dir.path(), secret)
    }

    pub(crate) fn jira(&self) -> Jira {
        self.jira_as(JiraAuth::Bearer(self.file("jira-token")), &Common::default())
    }

    pub(crate) fn jira_as(&self, auth: JiraAuth, common: &Common) -> Jira {
        Jira::new(JiraOptions { endpoint: self.sim.jira_url(), auth }, common).unwrap()
    }

    pub(crate) fn bugzilla(&self) -> Bugzilla {
        self.bugzilla_as(Some("bugzilla-key"), AuthMethod::default(), &Common::default())
    }

    pub(crate) fn bugzilla_as(&self, key: Option<&str>, auth_method: AuthMethod, common: &Common) -> Bugzilla {
        let options = BugzillaOptions {
            endpoint: self.sim.bugzilla_url(),
            api_key_file: key.map(|key| self.file(key)),
            auth_method,
            github_external_tracker_id: None,
        };
        Bugzilla::new(options, common).unwrap()
    }

    /// Plays a fault on the next request whose path matches.
    pub(crate) async fn fault(&self, path_regex: &str, method: &str, fault: &str) {
        let spec = json!({ "match": { "path_regex": path_regex, "method": method }, "fault": fault });
        self.sim.fault(&serde_json::from_value::<FaultSpec>(spec).unwrap()).await.unwrap();
    }

    /// Method and path of the requests to one of the services, with their users, statuses and agents.
    pub(crate) async fn requests(&self, prefix: &str) -> Vec<String> {
        let requests = self.sim.requests(0).await.unwrap();
        let ours = requests.into_iter().filter(|request| request.path.starts_with(prefix));
        ours.map(|request| {
            let status = request.status.map_or("-".to_owned(), |status| status.to_string());
            format!("{} {} {} {status}", request.who, request.method, request.path.trim_start_matches(prefix))
        })
        .collect()
    }
}

pub(crate) fn secret_file(dir: &Path, secret: &str) -> PathBuf {
    let path = dir.join(format!("secret-{secret}"));
    std::fs::write(&path, format!("{secret}\n")).unwrap();
    path
}

pub(crate) fn dry() -> Common {
    Common { dry_run: true, ..Common::default() }
}

/// The error's kind, with a waiting one's moment left out.
#[track_caller]
pub(crate) fn kind<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> &'static str {
    match result.unwrap_err().kind {
        ServiceErrorKind::Denied => "denied",
        ServiceErrorKind::NotFound => "not found",
        ServiceErrorKind::Conflict => "conflict",
        ServiceErrorKind::Invalid => "invalid",
        ServiceErrorKind::Later { .. } => "later",
        ServiceErrorKind::Other => "other",
    }
}

/// What the stand-in Bugzilla has of a bug.
pub(crate) async fn bug(world: &World, id: u64) -> Value {
    world.sim.bugzilla().await.unwrap()["bugs"][id.to_string()].clone()
}
