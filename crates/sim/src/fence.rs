//! The fence around tokens as others may see it: which endpoint needs what, and who was let through.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::auth::Who;
use crate::permissions::{AppNeed, RULES};
use crate::world::{Level, Permissions};

/// How many decisions are remembered.
const REMEMBERED: usize = 100_000;

/// What an app needs for an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// To be itself: its JWT, not an installation token.
    Jwt,
    /// Any installation token.
    AnyToken,
    /// A person; no app may.
    Person,
    /// One of these permissions, each with the least level, by GitHub's names.
    OneOf(Vec<(String, Level)>),
    /// `issues` for an issue, `pull_requests` for a pull request, with this level.
    ByTarget(Level),
}

impl Need {
    /// Whether a token with `permissions` has it. `on_pull` says what the target is, where that decides. Reading metadata
    /// comes with every token.
    #[must_use]
    pub fn is_met_by(&self, permissions: &Permissions, on_pull: bool) -> bool {
        let has = |name: &str, level: Level| {
            (name == "metadata" && level == Level::Read) || permissions.get(name).is_some_and(|held| *held >= level)
        };
        match self {
            Self::Jwt | Self::Person => false,
            Self::AnyToken => true,
            Self::OneOf(needs) => needs.iter().any(|(name, level)| has(name, *level)),
            Self::ByTarget(level) => has(if on_pull { "pull_requests" } else { "issues" }, *level),
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// `GET` and so on; `GIT` for what goes by git over HTTP, `GRAPHQL` for an operation of that API.
    pub method: String,
    /// The path as GitHub's description spells it, git's service, or the name of the GraphQL operation.
    pub endpoint: String,
    /// What an app needs.
    pub need: Need,
}

/// The answer to the question whether a token may, apart from whether what was asked then succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Counts up from 1.
    pub seq: u64,
    /// As in the [`Row`].
    pub method: String,
    /// As in the [`Row`].
    pub endpoint: String,
    /// Lower-case `owner/name` of the repository that it was about, if it was about one.
    pub repo: Option<String>,
    /// The organisation, where it was about one and no repository.
    pub org: Option<String>,
    /// Who asked: a login, `app:<slug>`, `installation:<id>` or `anonymous`.
    pub who: String,
    /// What the client calls itself.
    pub user_agent: String,
    /// An installation token's permissions; none for every other caller.
    pub permissions: Option<Permissions>,
    /// The lower-case `owner/name`s that an installation token is narrowed to; none for all of its installation's.
    pub repositories: Option<BTreeSet<String>>,
    /// Whether it may.
    pub allowed: bool,
}

/// The last decisions, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Decisions(Mutex<(u64, VecDeque<Decision>)>);

/// What was asked, for [`Decisions::add`].
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) endpoint: &'a str,
    pub(crate) repo: Option<String>,
    pub(crate) org: Option<String>,
    pub(crate) label: String,
    pub(crate) user_agent: &'a str,
}

impl Decisions {
    /// Adds a decision and numbers it.
    pub(crate) fn add(&self, who: &Who, asked: Asked<'_>, allowed: bool) {
        let token = match who {
            Who::Installation { token, .. } => Some(token),
            Who::Anonymous | Who::User(_) | Who::App(_) => None,
        };
        let mut held = self.0.lock().expect("nothing panics while it holds the decisions");
        held.0 += 1;
        let decision = Decision {
            seq: held.0,
            method: asked.method.to_owned(),
            endpoint: asked.endpoint.to_owned(),
            repo: asked.repo.map(|repo| crate::world::key(&repo)),
            org: asked.org,
            who: asked.label,
            user_agent: asked.user_agent.to_owned(),
            permissions: token.map(|token| token.permissions.clone()),
            repositories: token.and_then(|token| token.repos.clone()),
            allowed,
        };
        held.1.push_back(decision);
        if held.1.len() > REMEMBERED {
            held.1.pop_front();
        }
    }

    /// Decisions with a number above `since`.
    pub(crate) fn since(&self, since: u64) -> Vec<Decision> {
        let held = self.0.lock().expect("nothing panics while it holds the decisions");
        held.1.iter().filter(|decision| decision.seq > since).cloned().collect()
    }
}

/// The whole table: the REST API, then git, then GraphQL.
#[must_use]
pub fn table() -> Vec<Row> {
    let rest = RULES.iter().map(|rule| (rule.method, rule.path, rule.app));
    let git = crate::git_http::RULES.iter().map(|(service, need)| ("GIT", *service, *need));
    let row = |(method, endpoint, need): (&str, &str, AppNeed)| Row {
        method: method.to_owned(),
        endpoint: endpoint.to_owned(),
        need: shown(need),
    };
    let graphql = crate::graphql::rules().map(|(method, operation, need)| Row {
        method: method.to_owned(),
        endpoint: operation.to_owned(),
        need: need.map_or(Need::AnyToken, |(name, level)| Need::OneOf(vec![(name.to_owned(), level)])),
    });
    rest.chain(git).map(row).chain(graphql).collect()
}

fn shown(need: AppNeed) -> Need {
    match need {
        AppNeed::Jwt => Need::Jwt,
        AppNeed::Any => Need::AnyToken,
        AppNeed::Person => Need::Person,
        AppNeed::OneOf(needs) => Need::OneOf(needs.iter().map(|(name, level)| ((*name).to_owned(), *level)).collect()),
        AppNeed::ByTarget(level) => Need::ByTarget(level),
    }
}
