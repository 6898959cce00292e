//! What each token has been told to wait for.
//!
//! GitHub counts requests that are sent against a closed limit, and bans for them; so while a limit holds, calls end
//! here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::error::ApiErrorKind;
use crate::policy::Streak;

#[derive(Debug, Default)]
pub(crate) struct Health {
    by_budget: Mutex<HashMap<Arc<str>, State>>,
}

#[derive(Debug, Default)]
struct State {
    /// By GitHub's name for the budget (`core`, `search`).
    exhausted: HashMap<String, Timestamp>,
    /// A burst limit holds for every budget of the token.
    secondary: Option<Timestamp>,
    streak: Streak,
    unavailable_at: Option<Timestamp>,
}

/// Failures closer together than this are one outage seen by several calls, not several in a row.
const ONE_OUTAGE: SignedDuration = SignedDuration::from_secs(1);

impl Health {
    /// The limit that a call paid from `resource` would run into, if one holds at `now`.
    pub(crate) fn closed(&self, budget: &str, resource: &str, now: Timestamp) -> Option<ApiErrorKind> {
        let states = self.lock();
        let state = states.get(budget)?;
        let limit = |until: Option<&Timestamp>, secondary: bool| {
            until.filter(|until| **until > now).map(|until| ApiErrorKind::RateLimited { until: *until, secondary })
        };
        limit(state.secondary.as_ref(), true).or_else(|| limit(state.exhausted.get(resource), false))
    }

    pub(crate) fn streak(&self, budget: &str) -> Streak {
        self.lock().get(budget).map(|state| state.streak).unwrap_or_default()
    }

    pub(crate) fn succeeded(&self, budget: &str) {
        if let Some(state) = self.lock().get_mut(budget) {
            state.streak = Streak::default();
        }
    }

    /// Notes a refusal seen at `now`. Calls that were under way together count as one.
    pub(crate) fn refused(&self, budget: &Arc<str>, resource: &str, kind: &ApiErrorKind, now: Timestamp) {
        let mut states = self.lock();
        let state = states.entry(Arc::clone(budget)).or_default();
        match kind {
            ApiErrorKind::RateLimited { until, secondary: true } => {
                if state.secondary.is_none_or(|held| held <= now) {
                    state.streak.secondary = state.streak.secondary.saturating_add(1);
                }
                state.secondary = state.secondary.max(Some(*until));
            }
            ApiErrorKind::RateLimited { until, secondary: false } => {
                state.exhausted.insert(resource.to_owned(), *until);
            }
            ApiErrorKind::Unavailable { .. } => {
                if state.unavailable_at.is_none_or(|last| now.duration_since(last) >= ONE_OUTAGE) {
                    state.streak.unavailable = state.streak.unavailable.saturating_add(1);
                    state.unavailable_at = Some(now);
                }
            }
            // GitHub is up and counts: a refusal for another reason ends both streaks.
            ApiErrorKind::NotFound
            | ApiErrorKind::Forbidden { .. }
            | ApiErrorKind::Moved { .. }
            | ApiErrorKind::Unprocessable
            | ApiErrorKind::Conflict
            | ApiErrorKind::Unauthorized
            | ApiErrorKind::Other => state.streak = Streak::default(),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, State>> {
        self.by_budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_exhausted_budget_closes_alone_and_a_burst_limit_closes_all() {
        let at = |seconds: i64| Timestamp::from_second(seconds).unwrap();
        let health = Health::default();
        let token: Arc<str> = "token".into();
        let primary = ApiErrorKind::RateLimited { until: at(100), secondary: false };
        let burst = ApiErrorKind::RateLimited { until: at(50), secondary: true };
        let check = |budget: &str, resource: &str, now: i64, want: Option<&ApiErrorKind>| {
            assert_eq!(health.closed(budget, resource, at(now)).as_ref(), want, "{budget} {resource} {now}");
        };
        check("token", "core", 0, None);
        health.refused(&token, "search", &primary, at(0));
        check("token", "search", 99, Some(&primary));
        check("token", "search", 100, None);
        check("token", "core", 99, None);
        check("other", "search", 99, None);
        health.refused(&token, "core", &burst, at(0));
        health.refused(&token, "core", &burst, at(1));
        check("token", "core", 49, Some(&burst));
        check("token", "search", 49, Some(&burst));
        check("token", "core", 50, None);
        assert_eq!(health.streak("token"), Streak { secondary: 1, unavailable: 0 });
        for (now, want) in [(60, 1), (60, 1), (61, 2)] {
            health.refused(&token, "core", &ApiErrorKind::Unavailable { retry_after: Duration::ZERO }, at(now));
            assert_eq!(health.streak("token").unavailable, want, "at {now}");
        }
        health.succeeded("token");
        assert_eq!(health.streak("token"), Streak::default());
    }
}
