//! What the stand-in knows: accounts, repositories and what was said and done in them. Plain data, no behaviour beyond
//! look-ups, so that a snapshot of it is the whole state but for the git objects.

mod ci;
mod history;
mod issue;
mod milestone;
mod pull;
mod reaction;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use ci::{CheckRun, Conclusion, RunStatus, WorkflowRun};
pub use history::{Happening, HistoryEvent};
pub use issue::{Comment, Issue, IssueState, StateReason};
pub use milestone::Milestone;
pub use pull::{Pull, Review, ReviewComment, ReviewState};
pub use reaction::{Reaction, ReactionContent};

/// The whole state. Logins and repository names are keyed in lower case, since GitHub compares them so.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct World {
    /// The last id given out; ids are unique over all kinds of things.
    pub last_id: u64,
    /// People, machine accounts and the bot accounts of apps, by lower-case login.
    pub users: BTreeMap<String, User>,
    /// Organisations, by lower-case login.
    pub orgs: BTreeMap<String, Org>,
    /// Repositories, by lower-case `owner/name`.
    pub repos: BTreeMap<String, Repo>,
    /// GitHub Apps, by id.
    pub apps: BTreeMap<u64, App>,
    /// Where apps are installed, by installation id.
    pub installations: BTreeMap<u64, Installation>,
    /// Installation tokens that were given out, by token.
    pub tokens: BTreeMap<String, InstallationToken>,
}

/// A person's or a machine's account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// The account's id.
    pub id: u64,
    /// The login as it is spelled.
    pub login: String,
    /// Whether GitHub would call it a `User` or a `Bot`.
    pub kind: UserKind,
    /// The personal access token; none for an app's bot account.
    pub token: Option<String>,
    /// The e-mail address that everyone may see.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the account says of itself that it has little time.
    #[serde(default)]
    pub busy: bool,
    /// When it came to be.
    pub created_at: Timestamp,
}

/// What kind of account a login is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserKind {
    /// An ordinary account; a machine account with a personal token is one too.
    User,
    /// The account `slug[bot]` under which an app acts.
    Bot,
}

/// An organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Org {
    /// The account's id.
    pub id: u64,
    /// The login as it is spelled.
    pub login: String,
    /// Members and their role, by lower-case login.
    pub members: BTreeMap<String, OrgRole>,
    /// What every member may do in every repository.
    pub default_role: Role,
    /// Teams, by slug.
    pub teams: BTreeMap<String, Team>,
    /// The organisation's webhooks.
    pub hooks: Vec<Hook>,
    /// When it came to be.
    pub created_at: Timestamp,
}

/// What a member is in an organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrgRole {
    /// An owner: admin of every repository.
    Admin,
    /// An ordinary member.
    Member,
}

/// A team of an organisation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Team {
    /// The team's id.
    pub id: u64,
    /// Its name as it is spelled; the slug is its key in the organisation.
    pub name: String,
    /// The slug of the team above it, whose roles it has too, and whose members its own are.
    #[serde(default)]
    pub parent: Option<String>,
    /// Lower-case logins; those of the teams below are not among them.
    pub members: BTreeSet<String>,
    /// What its members may do, by lower-case `owner/name`.
    pub repos: BTreeMap<String, Role>,
}

/// What a user may do in a repository, from nothing up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Not even see it, if it is private.
    None,
    /// See it, comment, open issues.
    Read,
    /// Also label and close.
    Triage,
    /// Also push, merge, set statuses.
    Write,
    /// Also some settings.
    Maintain,
    /// Everything, webhooks included.
    Admin,
}

/// How far an app's permission goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Look.
    Read,
    /// Change; includes looking.
    Write,
    /// Administer; includes the others.
    Admin,
}

/// An app's permissions, keyed as GitHub spells them (`pull_requests`).
pub type Permissions = BTreeMap<String, Level>;

/// A repository; its objects and refs are in a bare git repository beside the snapshot.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Repo {
    /// The repository's id.
    pub id: u64,
    /// The owner's login as it is spelled.
    pub owner: String,
    /// The name as it is spelled.
    pub name: String,
    /// Whether only those with a role see it.
    pub private: bool,
    /// The branch that a clone checks out.
    pub default_branch: String,
    /// The lower-case `owner/name` that this one is a fork of.
    pub parent: Option<String>,
    /// Who was given a role here, by lower-case login.
    pub collaborators: BTreeMap<String, Role>,
    /// The labels that issues may carry.
    pub labels: Vec<Label>,
    /// Issues and pull requests, by number; they share one sequence.
    pub issues: BTreeMap<u64, Issue>,
    /// Milestones, in the order of their numbers.
    #[serde(default)]
    pub milestones: Vec<Milestone>,
    /// Numbers of the issues at the top of the list.
    #[serde(default)]
    pub pinned: Vec<u64>,
    /// Issues that were transferred: their old number, and the repository's key and number where they are now.
    #[serde(default)]
    pub moved: BTreeMap<u64, (String, u64)>,
    /// Commit statuses by full sha, oldest first.
    pub statuses: BTreeMap<String, Vec<Status>>,
    /// Check runs by full sha, oldest first.
    #[serde(default)]
    pub check_runs: BTreeMap<String, Vec<CheckRun>>,
    /// Runs of workflows, by id.
    #[serde(default)]
    pub workflow_runs: BTreeMap<u64, WorkflowRun>,
    /// Protected branches, and the contexts that must be green before a merge into them.
    #[serde(default)]
    pub protected: BTreeMap<String, Vec<String>>,
    /// The repository's webhooks.
    pub hooks: Vec<Hook>,
    /// When it came to be.
    pub created_at: Timestamp,
    /// When something was pushed last.
    pub pushed_at: Timestamp,
}

impl Repo {
    /// `owner/name` as it is spelled.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The milestone of that number.
    #[must_use]
    pub fn milestone(&self, number: u64) -> Option<&Milestone> {
        self.milestones.iter().find(|milestone| milestone.number == number)
    }

    /// The number that the next issue or pull request has. One that was transferred away is not given out again.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        let last = |number: Option<&u64>| number.copied().unwrap_or(0);
        last(self.issues.keys().next_back()).max(last(self.moved.keys().next_back())) + 1
    }

    /// The label of that name, whatever its case.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&Label> {
        self.labels.iter().find(|label| label.name.eq_ignore_ascii_case(name))
    }
}

/// A label of a repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Label {
    /// The label's id.
    pub id: u64,
    /// The name as it is spelled.
    pub name: String,
    /// Six hex digits without `#`.
    pub color: String,
    /// What it is for.
    pub description: Option<String>,
}

/// What a commit status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StatusState {
    /// It could not be found out.
    Error,
    /// It did not hold.
    Failure,
    /// It is not known yet.
    Pending,
    /// It held.
    Success,
}

/// A commit status. Never changed: a later one of the same context stands before it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// The status's id.
    pub id: u64,
    /// What it says.
    pub state: StatusState,
    /// What it is about.
    pub context: String,
    /// At most 140 characters.
    pub description: Option<String>,
    /// Where to read more.
    pub target_url: Option<String>,
    /// The login of who set it.
    pub creator: String,
    /// When it was set.
    pub created_at: Timestamp,
}

/// A webhook of a repository, an organisation or an app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hook {
    /// The hook's id.
    pub id: u64,
    /// Where deliveries are posted.
    pub url: String,
    /// The key of the signature; none leaves deliveries unsigned.
    pub secret: Option<String>,
    /// Event names, or `*`.
    pub events: Vec<String>,
    /// An inactive hook receives nothing.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// What the last delivery was answered with.
    pub last_code: Option<u16>,
}

impl Hook {
    /// Whether an event of this name is sent to it. A ping always is.
    #[must_use]
    pub fn wants(&self, event: &str) -> bool {
        self.active && (event == "ping" || self.events.iter().any(|name| name == "*" || name == event))
    }
}

/// A GitHub App.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct App {
    /// The app's id, the issuer of its tokens.
    pub id: u64,
    /// Its name in URLs; it acts as `slug[bot]`.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// The login of who owns it.
    pub owner: String,
    /// The public half of its key, PEM.
    pub public_key: String,
    /// What it asks of those who install it.
    pub permissions: Permissions,
    /// The events it asks for.
    pub events: Vec<String>,
    /// Its webhook.
    pub hook: Option<Hook>,
    /// When it came to be.
    pub created_at: Timestamp,
}

/// An app at an account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Installation {
    /// The installation's id.
    pub id: u64,
    /// Whose app it is.
    pub app_id: u64,
    /// The login of the account as it is spelled.
    pub account: String,
    /// Lower-case `owner/name`s; none means all that the account has.
    pub repos: Option<BTreeSet<String>>,
    /// What the account allowed.
    pub permissions: Permissions,
    /// When it was installed.
    pub created_at: Timestamp,
}

/// What an installation token may do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstallationToken {
    /// The installation it acts for.
    pub installation: u64,
    /// What it may do; a subset of the installation's.
    pub permissions: Permissions,
    /// Where: lower-case `owner/name`s; none means all that the installation covers.
    pub repos: Option<BTreeSet<String>>,
    /// When it ends; one hour after it was made.
    pub expires_at: Timestamp,
}

impl World {
    /// A new id.
    pub fn next_id(&mut self) -> u64 {
        self.last_id = self.last_id.max(1000) + 1;
        self.last_id
    }

    /// The repository of that name, whatever its case.
    #[must_use]
    pub fn repo(&self, full_name: &str) -> Option<&Repo> {
        self.repos.get(&key(full_name))
    }

    /// The account of that login, whatever its case.
    #[must_use]
    pub fn user(&self, login: &str) -> Option<&User> {
        self.users.get(&key(login))
    }

    /// The organisation of that login, whatever its case.
    #[must_use]
    pub fn org(&self, login: &str) -> Option<&Org> {
        self.orgs.get(&key(login))
    }

    /// The repository of that key and its issue of that number, to change it.
    pub fn issue_mut(&mut self, repo: &str, number: u64) -> Option<&mut Issue> {
        self.repos.get_mut(repo)?.issues.get_mut(&number)
    }

    /// The app's installation at the account, if there is one.
    #[must_use]
    pub fn installation_at(&self, app_id: u64, account: &str) -> Option<&Installation> {
        self.installations.values().find(|i| i.app_id == app_id && i.account.eq_ignore_ascii_case(account))
    }

    /// Every hook there is, whoever has it.
    pub fn hooks(&self) -> impl Iterator<Item = &Hook> {
        let repos = self.repos.values().flat_map(|repo| &repo.hooks);
        let orgs = self.orgs.values().flat_map(|org| &org.hooks);
        repos.chain(orgs).chain(self.apps.values().filter_map(|app| app.hook.as_ref()))
    }

    /// The hook of that id, to change it.
    pub fn hook_mut(&mut self, id: u64) -> Option<&mut Hook> {
        let repos = self.repos.values_mut().flat_map(|repo| &mut repo.hooks);
        let orgs = self.orgs.values_mut().flat_map(|org| &mut org.hooks);
        repos.chain(orgs).chain(self.apps.values_mut().filter_map(|app| app.hook.as_mut())).find(|hook| hook.id == id)
    }
}

/// The key of a login or of `owner/name`.
#[must_use]
pub fn key(name: &str) -> String {
    name.to_lowercase()
}

/// The present second: GitHub's times have no fraction.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second()).expect("the present is in range")
}
