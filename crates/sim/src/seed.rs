//! The document that a world is made of: YAML or JSON, ours, so a misspelt key is an error. Seeding adds: what is there
//! already stays, so that the same document can be applied at every start; but a webhook, known by its URL, takes the
//! secret that the document names now.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::seed_services::{
    KeyPlace, SeedBug, SeedBugzilla, SeedBugzillaAccount, SeedJira, SeedJiraAccount, SeedJiraIssue,
};
use crate::world::{Level, OrgRole, Role, World};

/// Accounts, organisations, repositories and apps to have.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Seed {
    /// Accounts beyond those that are named elsewhere in the document (members and collaborators come to be by themselves).
    pub users: Vec<SeedUser>,
    /// Organisations by login.
    pub orgs: BTreeMap<String, SeedOrg>,
    /// Repositories by `owner/name`; the owner is an organisation or an account.
    pub repos: BTreeMap<String, SeedRepo>,
    /// GitHub Apps and where they are installed, by slug.
    pub apps: BTreeMap<String, SeedApp>,
    /// Projects and issues of the Jira beside it.
    pub jira: SeedJira,
    /// Bugs of the Bugzilla beside it.
    pub bugzilla: SeedBugzilla,
}

/// An account.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedUser {
    /// Its login.
    pub login: String,
    /// Its personal token; `token-<login>` if left out.
    #[serde(default)]
    pub token: Option<String>,
    /// The e-mail address that it shows.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether it says of itself that it has little time.
    #[serde(default)]
    pub busy: bool,
}

/// An organisation.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedOrg {
    /// Members and what they are.
    pub members: BTreeMap<String, OrgRole>,
    /// What every member may do in every repository; `read` if left out.
    pub default_role: Option<Role>,
    /// Teams by slug.
    pub teams: BTreeMap<String, SeedTeam>,
    /// Webhooks, told apart by URL.
    pub hooks: Vec<SeedHook>,
}

/// A team.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedTeam {
    /// Its name; the slug if left out.
    pub name: Option<String>,
    /// The slug of the team above it.
    pub parent: Option<String>,
    /// Logins.
    pub members: Vec<String>,
    /// What its members may do, by `owner/name`.
    pub repos: BTreeMap<String, Role>,
}

/// A repository with its first commit.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedRepo {
    /// Whether only those with a role see it.
    pub private: bool,
    /// `main` if left out.
    pub default_branch: Option<String>,
    /// What the first commit holds, by path; a README if left out.
    pub files: BTreeMap<String, String>,
    /// Who was given which role.
    pub collaborators: BTreeMap<String, Role>,
    /// Labels to have; GitHub's usual ones come by themselves.
    pub labels: Vec<String>,
    /// Branches to protect, and the contexts that must be green before a merge into them.
    pub protected: BTreeMap<String, Vec<String>>,
    /// Titles of open milestones to have.
    pub milestones: Vec<String>,
    /// Webhooks, told apart by URL.
    pub hooks: Vec<SeedHook>,
}

/// A webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedHook {
    /// Where to post.
    pub url: String,
    /// The key of the signature.
    #[serde(default)]
    pub secret: Option<String>,
    /// Event names; all if left out.
    #[serde(default)]
    pub events: Option<Vec<String>>,
}

/// A GitHub App.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SeedApp {
    /// Its id; the next free one if left out.
    pub id: Option<u64>,
    /// The login of its owner; the first account it is installed at if left out.
    pub owner: Option<String>,
    /// Its private key, PEM; one is made with `openssl` if left out.
    pub private_key: Option<String>,
    /// What it may do where it is installed, as GitHub spells it: `pull_requests: write`.
    pub permissions: BTreeMap<String, Level>,
    /// The events it is sent.
    pub events: Vec<String>,
    /// Its webhook.
    pub hook: Option<SeedHook>,
    /// Accounts where it is installed; the value lists repositories by name, empty for all.
    pub installed: BTreeMap<String, Vec<String>>,
}

/// What seeding made that the caller has no other way to know.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeded {
    /// Apps by slug.
    pub apps: BTreeMap<String, SeededApp>,
}

/// An app as its owner knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeededApp {
    /// The app's id.
    pub id: u64,
    /// The file that holds its private key, PEM, mode 0600.
    pub private_key_path: String,
    /// Installation ids by account.
    pub installations: BTreeMap<String, u64>,
}

/// Options of the demo world's webhook.
#[derive(Debug, Clone)]
pub struct DemoHook {
    /// Where deliveries are posted.
    pub url: String,
    /// The key of the signature.
    pub secret: String,
}

impl Seed {
    /// One that lets `login` administer a repository that is there, as whoever asks for its webhooks must.
    #[must_use]
    pub fn administrator(repo: &str, login: &str) -> Self {
        let collaborators = [(login.to_owned(), Role::Admin)].into();
        let repo = (repo.to_owned(), SeedRepo { collaborators, ..SeedRepo::default() });
        Self { repos: [repo].into(), ..Self::default() }
    }

    /// Reads a document in YAML, of which JSON is a part.
    ///
    /// # Errors
    /// A text that names the line and column and what was expected there.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    /// Whether an empty world could take the document: what can be said of it before there is one.
    ///
    /// # Errors
    /// Names that cannot be, or an owner that the document does not make.
    pub fn check(&self) -> Result<(), String> {
        crate::seeding::check(&World::default(), self)
    }

    /// The world of the demonstration: organisation `my-org` with `alice` (owner) and `bob`, repository `my-org/hello`,
    /// `mallory` from outside, and `bowsprit-bot`, a machine account that may write.
    #[must_use]
    pub fn demo(hook: Option<DemoHook>) -> Self {
        let files = [
            ("README.md", "# hello\n\nA repository to try things on.\n"),
            ("OWNERS", "approvers:\n- alice\nreviewers:\n- alice\n- bob\n"),
            ("hello.sh", "#!/bin/sh\necho hello\n"),
            ("Makefile", "test:\n\tsh hello.sh\n"),
        ];
        let labels = ["lgtm", "approved", "do-not-merge/hold", "needs-ok-to-test", "ok-to-test"];
        let repo = SeedRepo {
            files: files.map(|(path, text)| (path.to_owned(), text.to_owned())).into(),
            collaborators: [("bowsprit-bot".to_owned(), Role::Write)].into(),
            labels: labels.map(str::to_owned).into(),
            hooks: hook.into_iter().map(|h| SeedHook { url: h.url, secret: Some(h.secret), events: None }).collect(),
            ..SeedRepo::default()
        };
        // The machine account is a member, for only members may ask who else is one.
        let members = [("alice", OrgRole::Admin), ("bob", OrgRole::Member), ("bowsprit-bot", OrgRole::Member)];
        let org =
            SeedOrg { members: members.map(|(login, role)| (login.to_owned(), role)).into(), ..SeedOrg::default() };
        Self {
            users: vec![SeedUser { login: "mallory".to_owned(), ..SeedUser::default() }],
            orgs: [("my-org".to_owned(), org)].into(),
            repos: [("my-org/hello".to_owned(), repo)].into(),
            ..Self::default()
        }
    }
}
