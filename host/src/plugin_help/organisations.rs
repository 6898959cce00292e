//! The repositories of the organisations that plugins.yaml names. Behaviour: Prow pkg/pluginhelp/hook/hook.go, which asks
//! GitHub for them once an hour.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use github::{Access, ApiError, Client, Scope};

/// How long a list serves.
pub(super) const FRESH: Duration = Duration::from_secs(60 * 60);

/// How long a page waits for all lists together.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// How many organisations are asked about at a time.
const AT_ONCE: usize = 4;

/// What is known of organisations. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Organisations(Arc<Mutex<BTreeMap<String, Listed>>>);

#[derive(Clone)]
struct Listed {
    repos: Vec<String>,
    at: Instant,
}

/// The repositories of some organisations.
pub(super) struct Expanded {
    /// Each `org/repo`.
    pub(super) repos: BTreeSet<String>,
    /// No list is missing or old.
    pub(super) complete: bool,
}

impl Organisations {
    /// The repositories of these organisations. Of one that cannot be listed now, those of the last time.
    pub(super) async fn repos<F: Future<Output = Result<Vec<String>, String>>>(
        &self,
        orgs: &BTreeSet<String>,
        (now, patience): (Instant, Duration),
        list: impl Fn(String) -> F,
    ) -> Expanded {
        let old: Vec<String> = {
            let mut known = self.0.lock().expect("nothing panics while it looks for lists");
            known.retain(|org, _| orgs.contains(org));
            let is_fresh = |org: &String| known.get(org).is_some_and(|listed| now.duration_since(listed.at) < FRESH);
            orgs.iter().filter(|org| !is_fresh(org)).cloned().collect()
        };
        let mut missing = old.len();
        let asked = futures_util::stream::iter(old.into_iter().map(|org| {
            let listing = list(org.clone());
            async move { (org, listing.await) }
        }));
        let mut answers = std::pin::pin!(asked.buffer_unordered(AT_ONCE));
        let all = async {
            while let Some((org, answer)) = answers.next().await {
                match answer {
                    Ok(repos) => {
                        missing -= 1;
                        let mut known = self.0.lock().expect("nothing panics while it keeps a list");
                        known.insert(org, Listed { repos, at: now });
                    }
                    Err(why) => tracing::warn!(org, why, "/plugin-help cannot list this organisation's repositories"),
                }
            }
        };
        // Who is later is asked again by the next page.
        let _ = tokio::time::timeout(patience, all).await;
        let known = self.0.lock().expect("nothing panics while it looks for lists");
        Expanded {
            repos: known.values().flat_map(|listed| listed.repos.iter().cloned()).collect(),
            complete: missing == 0,
        }
    }
}

/// The public repositories of an organisation: the page is open to anyone, and names of private ones are not.
///
/// # Errors
/// Why they cannot be listed.
pub(super) async fn listed(github: Client, org: String) -> Result<Vec<String>, String> {
    let scope = Scope::org(&org).with_permissions([("metadata", Access::Read)].into_iter().collect());
    let repos = github.scoped(scope).list_repositories(&org).await.map_err(|error: ApiError| error.to_string())?;
    Ok(repos.into_iter().filter(|repo| !repo.private).map(|repo| repo.full_name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        organisations: Organisations,
        begun: Instant,
    }

    impl World {
        /// Asks at this time, in minutes; `answer` says what GitHub does.
        async fn check(&self, minutes: u64, orgs: &[&str], answer: &str, want: (&str, &[&str], bool)) {
            let orgs = orgs.iter().map(|&org| org.to_owned()).collect();
            let asked = Mutex::new(Vec::new());
            let now = self.begun + Duration::from_secs(minutes * 60);
            let list = |org: String| {
                asked.lock().unwrap().push(org.clone());
                async move {
                    match answer {
                        "late" if org == "slow" => std::future::pending().await,
                        "away" => Err("it is away".to_owned()),
                        _ => Ok(vec![format!("{org}/{answer}")]),
                    }
                }
            };
            let patience = if answer == "late" { Duration::from_millis(50) } else { PATIENCE };
            let found = self.organisations.repos(&orgs, (now, patience), list).await;
            let repos: Vec<&str> = found.repos.iter().map(String::as_str).collect();
            let asked = asked.into_inner().unwrap().join(" ");
            assert_eq!((asked.as_str(), repos.as_slice(), found.complete), want, "after {minutes} minutes");
        }
    }

    #[tokio::test]
    async fn an_organisation_is_listed_once_an_hour() {
        let world = World { organisations: Organisations::default(), begun: Instant::now() };
        world.check(0, &[], "a", ("", &[], true)).await;
        world.check(0, &["o"], "a", ("o", &["o/a"], true)).await;
        world.check(59, &["o"], "b", ("", &["o/a"], true)).await;
        // One that is new has no hour to wait; one that is gone is forgotten.
        world.check(59, &["o", "p"], "b", ("p", &["o/a", "p/b"], true)).await;
        world.check(60, &["o", "p"], "c", ("o", &["o/c", "p/b"], true)).await;
        world.check(60, &["p"], "c", ("", &["p/b"], true)).await;
        world.check(61, &["o", "p"], "d", ("o", &["o/d", "p/b"], true)).await;
    }

    #[tokio::test]
    async fn what_cannot_be_listed_is_as_it_was_last() {
        let world = World { organisations: Organisations::default(), begun: Instant::now() };
        world.check(0, &["o", "slow"], "away", ("o slow", &[], false)).await;
        world.check(1, &["o", "slow"], "a", ("o slow", &["o/a", "slow/a"], true)).await;
        world.check(99, &["o", "slow"], "away", ("o slow", &["o/a", "slow/a"], false)).await;
        world.check(99, &["o", "slow"], "late", ("o slow", &["o/late", "slow/a"], false)).await;
        world.check(99, &["o", "slow"], "b", ("slow", &["o/late", "slow/b"], true)).await;
    }
}
