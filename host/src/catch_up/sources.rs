//! Whose webhooks are looked at, and which of them post to this host.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use github::{ApiError, ApiErrorKind, Client, Hook, HookLog, HookOwner};
use prow::plugins::Plugins;

/// How long a list of webhooks serves. Every list is a call, and there may be hundreds of repositories.
const FRESH: Duration = Duration::from_secs(30 * 60);
/// How many are listed at a time.
const AT_ONCE: usize = 4;

/// The webhooks of each owner, as they were last seen.
#[derive(Default)]
pub(super) struct Sources(BTreeMap<HookOwner, Source>);

/// One owner's.
pub(super) struct Source {
    /// When they are looked at again.
    until: Instant,
    /// The logs of those that post to this host.
    pub(super) logs: Vec<HookLog>,
    /// How many post elsewhere.
    pub(super) others: usize,
    /// Why they cannot be seen.
    pub(super) fault: Option<String>,
}

impl Sources {
    /// Looks at the webhooks of all `owners` that were not looked at lately, and forgets everybody else's. What posts to one of
    /// `urls` is ours.
    pub(super) async fn look(&mut self, client: &Client, owners: BTreeSet<HookOwner>, urls: &[String], now: Instant) {
        self.0.retain(|owner, _| owners.contains(owner));
        let old = owners.into_iter().filter(|owner| self.0.get(owner).is_none_or(|source| source.until <= now));
        let listing = old.collect::<Vec<_>>().into_iter().map(|owner| async move {
            let listed = client.list_hooks(&owner).await;
            (owner, listed)
        });
        let mut listed = std::pin::pin!(futures_util::stream::iter(listing).buffer_unordered(AT_ONCE));
        while let Some((owner, answer)) = listed.next().await {
            let before = self.0.remove(&owner);
            let source = seen(&owner, answer, before, urls, now);
            self.0.insert(owner, source);
        }
    }

    /// All that there are.
    pub(super) fn all(&self) -> impl Iterator<Item = (&HookOwner, &Source)> {
        self.0.iter()
    }

    /// The logs to be read.
    pub(super) fn logs(&self) -> Vec<HookLog> {
        self.0.values().flat_map(|source| source.logs.iter().cloned()).collect()
    }
}

/// Everybody whose webhooks may bring events that plugins.yaml has somebody for: the App, if the host is one, and each
/// organisation and repository that is named there.
pub(super) fn owners(is_app: bool, plugins: &Plugins) -> BTreeSet<HookOwner> {
    let scopes = plugins.scopes().chain(plugins.all_external().map(|(scope, _)| scope));
    let owner = |scope: &str| match scope.parse() {
        Ok(repo) => HookOwner::Repo(repo),
        Err(_) => HookOwner::Org(scope.to_owned()),
    };
    let app = is_app.then_some(HookOwner::App);
    app.into_iter().chain(scopes.map(owner)).collect()
}

fn seen(
    owner: &HookOwner,
    answer: Result<Vec<Hook>, ApiError>,
    before: Option<Source>,
    urls: &[String],
    now: Instant,
) -> Source {
    match answer {
        Ok(hooks) => {
            let (ours, others): (Vec<_>, Vec<_>) = hooks.into_iter().partition(|hook| urls.contains(&hook.url));
            let logs = ours.iter().map(|hook| owner.log(hook)).collect();
            Source { until: now + FRESH, logs, others: others.len(), fault: None }
        }
        Err(error) => {
            let passes = error.retry_at(jiff::Timestamp::now()).is_some();
            // Until GitHub is back, they are what they were.
            let before = before.filter(|_| passes);
            let (logs, others) = before.map(|source| (source.logs, source.others)).unwrap_or_default();
            let until = if passes { now } else { now + FRESH };
            Source { until, logs, others, fault: Some(fault(owner, &error, "read")) }
        }
    }
}

/// What is missing, with the way out. `access` is what an App needs to do.
pub(super) fn fault(owner: &HookOwner, error: &ApiError, access: &str) -> String {
    let is_refused =
        matches!(error.kind, ApiErrorKind::NotFound | ApiErrorKind::Forbidden { .. } | ApiErrorKind::Unauthorized);
    match owner {
        HookOwner::Org(_) if is_refused => format!(
            "{error}: give the App `organization_hooks: {access}`, or a token of somebody who owns the organisation"
        ),
        HookOwner::Repo(_) if is_refused => format!(
            "{error}: give the App `repository_hooks: {access}`, or a token of somebody who administers the repository"
        ),
        HookOwner::App | HookOwner::Org(_) | HookOwner::Repo(_) => error.to_string(),
    }
}
