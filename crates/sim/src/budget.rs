//! The hourly budgets of requests, one a token and kind, and the headers that tell of them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// Length of the window of ordinary requests, in seconds.
const HOUR: i64 = 3600;
/// Length of the window of searches, in seconds.
const MINUTE: i64 = 60;
/// What a caller without a token has.
const ANONYMOUS: u64 = 60;
/// Searches a minute.
const SEARCHES: u64 = 30;

/// The kinds of requests that are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Resource {
    /// Everything else.
    Core,
    /// `/search/*`.
    Search,
    /// `/graphql`.
    GraphQl,
}

impl Resource {
    /// As `x-ratelimit-resource` spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Search => "search",
            Self::GraphQl => "graphql",
        }
    }
}

/// Where a caller stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Requests in a window.
    pub(crate) limit: u64,
    /// Requests made in the present window.
    pub(crate) used: u64,
    /// When the window ends, in seconds since 1970.
    pub(crate) reset: i64,
}

impl Standing {
    /// What is left.
    pub(crate) fn remaining(self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// As `GET /rate_limit` shows it.
    pub(crate) fn show(self) -> Value {
        json!({ "limit": self.limit, "used": self.used, "remaining": self.remaining(), "reset": self.reset })
    }
}

/// All callers' budgets.
#[derive(Debug)]
pub(crate) struct Budget {
    per_hour: AtomicU64,
    windows: Mutex<HashMap<(String, Resource), (i64, u64)>>,
}

impl Budget {
    /// A budget of that many requests an hour for whoever has a token.
    pub(crate) fn new(per_hour: u64) -> Self {
        Self { per_hour: AtomicU64::new(per_hour), windows: Mutex::default() }
    }

    /// Sets the hourly number for all tokens and starts their windows anew.
    pub(crate) fn set(&self, per_hour: u64) {
        self.per_hour.store(per_hour, Ordering::Relaxed);
        self.windows.lock().expect("nothing panics while it holds the budget").clear();
    }

    /// Where `who` stands at `now` (seconds since 1970), after taking `cost` requests more.
    pub(crate) fn take(&self, who: &str, resource: Resource, now: i64, cost: u64) -> Standing {
        let (length, limit) = match (resource, who) {
            (Resource::Search, _) => (MINUTE, SEARCHES.min(self.per_hour.load(Ordering::Relaxed))),
            (Resource::Core | Resource::GraphQl, "anonymous") => (HOUR, ANONYMOUS),
            (Resource::Core | Resource::GraphQl, _) => (HOUR, self.per_hour.load(Ordering::Relaxed)),
        };
        let mut windows = self.windows.lock().expect("nothing panics while it holds the budget");
        let window = windows.entry((who.to_owned(), resource)).or_insert((now + length, 0));
        if now >= window.0 {
            *window = (now + length, 0);
        }
        window.1 += cost;
        Standing { limit, used: window.1.min(limit + 1), reset: window.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_and_begins_anew() {
        let budget = Budget::new(2);
        assert_eq!(budget.take("a", Resource::Core, 100, 1).remaining(), 1);
        assert_eq!(budget.take("a", Resource::Core, 200, 1).remaining(), 0);
        assert_eq!(budget.take("a", Resource::Core, 200, 1).used, 3);
        assert_eq!(budget.take("b", Resource::Core, 200, 0).remaining(), 2);
        assert_eq!(budget.take("a", Resource::Core, 3700, 1).remaining(), 1);
    }
}
