//! What each token has been told to wait for.
//!
//! GitHub counts requests that are sent against a closed limit, and bans for them; so while a limit holds, calls end
//! here. The wall's clock may be set to another meanwhile: a limit holds no longer than it was to hold when GitHub spoke of
//! it, by a clock that nobody sets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::error::{ApiErrorKind, after};
use crate::policy::Streak;

#[derive(Debug, Default)]
pub(crate) struct Health {
    by_budget: Mutex<HashMap<Arc<str>, State>>,
}

#[derive(Debug, Default)]
struct State {
    /// By GitHub's name for the budget (`core`, `search`).
    exhausted: HashMap<String, Limit>,
    /// A burst limit holds for every budget of the token.
    secondary: Option<Limit>,
    streak: Streak,
    unavailable_at: Option<Instant>,
}

/// The present, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    wall: Timestamp,
    own: Instant,
}

/// How long a limit holds, by both clocks.
#[derive(Debug, Clone, Copy)]
struct Limit {
    until: Timestamp,
    opens: Instant,
}

impl Now {
    pub(crate) fn read() -> Self {
        Self { wall: Timestamp::now(), own: Instant::now() }
    }
}

impl Limit {
    /// None is over a year from `now`.
    fn until(until: Timestamp, now: Now) -> Self {
        let away = Duration::try_from(until.duration_since(now.wall)).unwrap_or(Duration::ZERO);
        let until = after(now.wall, away);
        Self { until, opens: now.own + Duration::try_from(until.duration_since(now.wall)).unwrap_or(Duration::ZERO) }
    }

    /// Until when it holds still, by the wall's present clock; none once either clock says that it is over.
    fn holds(self, now: Now) -> Option<Timestamp> {
        let left = self.opens.checked_duration_since(now.own).filter(|left| !left.is_zero())?;
        let by_own = after(now.wall, left);
        let was_set = Duration::try_from(self.until.duration_since(by_own)).is_ok_and(|apart| apart > READ_APART);
        (self.until > now.wall).then_some(if was_set { by_own } else { self.until })
    }
}

/// Two clocks are never read at quite the same moment: what they differ by no more than this says nothing.
const READ_APART: Duration = Duration::from_secs(1);

/// Failures closer together than this are one outage seen by several calls, not several in a row.
const ONE_OUTAGE: Duration = Duration::from_secs(1);

impl Health {
    /// The limit that a call paid from `resource` would run into, if one holds at `now`.
    pub(crate) fn closed(&self, budget: &str, resource: &str, now: Now) -> Option<ApiErrorKind> {
        let states = self.lock();
        let state = states.get(budget)?;
        let limit = |limit: Option<&Limit>, secondary: bool| {
            Some(ApiErrorKind::RateLimited { until: limit?.holds(now)?, secondary })
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
    pub(crate) fn refused(&self, budget: &Arc<str>, resource: &str, kind: &ApiErrorKind, now: Now) {
        let mut states = self.lock();
        let state = states.entry(Arc::clone(budget)).or_default();
        match kind {
            ApiErrorKind::RateLimited { until, secondary: true } => {
                let held = state.secondary.filter(|held| held.holds(now).is_some());
                if held.is_none() {
                    state.streak.secondary = state.streak.secondary.saturating_add(1);
                }
                let said = Limit::until(*until, now);
                state.secondary = Some(held.filter(|held| held.opens > said.opens).unwrap_or(said));
            }
            ApiErrorKind::RateLimited { until, secondary: false } => {
                state.exhausted.insert(resource.to_owned(), Limit::until(*until, now));
            }
            ApiErrorKind::Unavailable { .. } => {
                if state.unavailable_at.is_none_or(|last| now.own.duration_since(last) >= ONE_OUTAGE) {
                    state.streak.unavailable = state.streak.unavailable.saturating_add(1);
                    state.unavailable_at = Some(now.own);
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
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn an_exhausted_budget_closes_alone_and_a_burst_limit_closes_all() {
        let begun = Instant::now();
        let after =
            |seconds: u64| Now { wall: at(i64::try_from(seconds).unwrap()), own: begun + Duration::from_secs(seconds) };
        let health = Health::default();
        let token: Arc<str> = "token".into();
        let primary = ApiErrorKind::RateLimited { until: at(100), secondary: false };
        let burst = ApiErrorKind::RateLimited { until: at(50), secondary: true };
        let check = |budget: &str, resource: &str, now: u64, want: Option<&ApiErrorKind>| {
            assert_eq!(health.closed(budget, resource, after(now)).as_ref(), want, "{budget} {resource} {now}");
        };
        check("token", "core", 0, None);
        health.refused(&token, "search", &primary, after(0));
        check("token", "search", 99, Some(&primary));
        check("token", "search", 100, None);
        check("token", "core", 99, None);
        check("other", "search", 99, None);
        health.refused(&token, "core", &burst, after(0));
        health.refused(&token, "core", &burst, after(1));
        check("token", "core", 49, Some(&burst));
        check("token", "search", 49, Some(&burst));
        check("token", "core", 50, None);
        assert_eq!(health.streak("token"), Streak { secondary: 1, unavailable: 0 });
        for (now, want) in [(60, 1), (60, 1), (61, 2)] {
            health.refused(&token, "core", &ApiErrorKind::Unavailable { retry_after: Duration::ZERO }, after(now));
            assert_eq!(health.streak("token").unavailable, want, "at {now}");
        }
        health.succeeded("token");
        assert_eq!(health.streak("token"), Streak::default());
    }

    #[test]
    fn a_limit_holds_no_longer_than_it_was_to_when_the_clock_is_set_to_another() {
        let begun = Instant::now();
        let now = |wall: i64, seconds: u64| Now { wall: at(wall), own: begun + Duration::from_secs(seconds) };
        let health = Health::default();
        let token: Arc<str> = "token".into();
        let limit = |until: i64| ApiErrorKind::RateLimited { until: at(until), secondary: true };
        health.refused(&token, "core", &limit(10_060), now(10_000, 0));
        assert_eq!(health.closed("token", "core", now(10_010, 10)), Some(limit(10_060)));
        // A clock that is read a moment later has not been set.
        let later = Now { own: now(0, 10).own + Duration::from_nanos(20), ..now(10_010, 10) };
        assert_eq!(health.closed("token", "core", later), Some(limit(10_060)));
        // Set back by hours: it holds for what is left of its minute, by the new time.
        assert_eq!(health.closed("token", "core", now(30, 30)), Some(limit(60)));
        assert_eq!(health.closed("token", "core", now(60, 60)), None);
        // Set forward.
        assert_eq!(health.closed("token", "core", now(20_000, 10)), None);
    }
}
