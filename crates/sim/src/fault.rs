//! Faults on demand: what a client must survive, played on the requests that a test picks out.

use std::sync::Mutex;

use regex::Regex;
use serde::{Deserialize, Serialize};

/// Which requests, how often, and what happens to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// The requests it is for.
    #[serde(rename = "match", default)]
    pub matches: Match,
    /// How many requests it is played on before it is used up.
    #[serde(default = "once")]
    pub times: u64,
    /// What happens.
    pub fault: FaultKind,
}

/// All that is given must hold; nothing given matches every request.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Match {
    /// `GET` and so on; several stand with commas between them: `POST,PATCH`.
    pub method: Option<String>,
    /// A regular expression that is looked for anywhere in the path.
    pub path_regex: Option<String>,
    /// How the path begins.
    pub path_prefix: Option<String>,
    /// A text that stands in the user agent.
    pub user_agent: Option<String>,
    /// The first request it is played on, counted from 1 among those that match.
    pub nth: Option<u64>,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FaultKind {
    /// 500, without effect.
    #[serde(rename = "500")]
    InternalError,
    /// 502, without effect.
    #[serde(rename = "502")]
    BadGateway,
    /// 403 as GitHub answers to an App that lacks the permission, without effect.
    #[serde(rename = "403")]
    Forbidden,
    /// 403 as GitHub answers when the hour's requests are used up; the reset is two seconds away.
    #[serde(rename = "403-primary")]
    PrimaryLimit,
    /// 403 as GitHub answers to too many requests at once, with Retry-After.
    #[serde(rename = "403-secondary")]
    SecondaryLimit,
    /// 429 with Retry-After.
    #[serde(rename = "429")]
    TooManyRequests,
    /// The answer comes later.
    #[serde(rename = "delay_ms")]
    DelayMs(u64),
    /// The connection is reset, without effect.
    #[serde(rename = "reset")]
    Reset,
    /// The request takes effect and the connection is reset before the answer.
    #[serde(rename = "reset-after")]
    ResetAfter,
    /// A process, the caller most likely, is killed with SIGKILL; the request gets no answer.
    #[serde(rename = "kill")]
    Kill(Kill),
}

/// Whom to kill, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kill {
    /// A process of the same user, above 1.
    pub pid: i32,
    /// Before the request takes effect (it then takes none), or after it did.
    pub when: When,
}

/// On which side of a request's effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The request has no effect.
    Before,
    /// The request took effect.
    After,
}

/// A fault that is waiting for its requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Its number, counted from 1.
    pub id: u64,
    /// What was asked for; `times` counts down.
    #[serde(flatten)]
    pub spec: FaultSpec,
    /// Requests that matched so far.
    pub seen: u64,
}

/// The faults that are still to be played, in the order in which they were set.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    last_id: u64,
    waiting: Vec<(Fault, Option<Regex>)>,
}

fn once() -> u64 {
    1
}

impl Faults {
    /// Adds one and gives its number.
    ///
    /// # Errors
    /// A text about the pattern or the process id that cannot be.
    pub fn add(&self, spec: FaultSpec) -> Result<u64, String> {
        let pattern = spec.matches.path_regex.as_deref().map(Regex::new).transpose();
        let pattern = pattern.map_err(|error| format!("path_regex: {error}"))?;
        if let FaultKind::Kill(kill) = &spec.fault
            && kill.pid <= 1
        {
            return Err(format!("kill.pid: {} is not a process that may be killed", kill.pid));
        }
        let mut inner = self.lock();
        inner.last_id += 1;
        let id = inner.last_id;
        inner.waiting.push((Fault { id, spec, seen: 0 }, pattern));
        Ok(id)
    }

    /// Those that are not used up.
    pub fn list(&self) -> Vec<Fault> {
        self.lock().waiting.iter().map(|(fault, _)| fault.clone()).collect()
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.lock().waiting.clear();
    }

    /// Counts the request with every fault that it matches, and takes the first that is due.
    pub fn take(&self, method: &str, path: &str, user_agent: &str) -> Option<FaultKind> {
        let mut inner = self.lock();
        let mut due = None;
        for (index, (fault, pattern)) in inner.waiting.iter_mut().enumerate() {
            if !holds(&fault.spec.matches, pattern.as_ref(), method, path, user_agent) {
                continue;
            }
            fault.seen += 1;
            if due.is_none() && fault.seen >= fault.spec.matches.nth.unwrap_or(1) {
                due = Some(index);
            }
        }
        let index = due?;
        let fault = &mut inner.waiting[index].0;
        let kind = fault.spec.fault.clone();
        fault.spec.times = fault.spec.times.saturating_sub(1);
        if fault.spec.times == 0 {
            inner.waiting.remove(index);
        }
        Some(kind)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().expect("nothing panics while it holds the faults")
    }
}

fn holds(matches: &Match, pattern: Option<&Regex>, method: &str, path: &str, user_agent: &str) -> bool {
    matches.method.as_ref().is_none_or(|wanted| wanted.split(',').any(|want| want.eq_ignore_ascii_case(method)))
        && pattern.is_none_or(|pattern| pattern.is_match(path))
        && matches.path_prefix.as_ref().is_none_or(|prefix| path.starts_with(prefix.as_str()))
        && matches.user_agent.as_ref().is_none_or(|part| user_agent.contains(part.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_names_one_method_or_several_or_none() {
        for (wanted, method, want) in [
            (Some("POST"), "POST", true),
            (Some("post"), "POST", true),
            (Some("POST"), "PUT", false),
            (Some("PATCH,PUT"), "PUT", true),
            (Some("PATCH,PUT"), "POST", false),
            (None, "DELETE", true),
        ] {
            let matches = Match { method: wanted.map(str::to_owned), ..Match::default() };
            assert_eq!(holds(&matches, None, method, "/", "agent"), want, "{wanted:?} {method}");
        }
    }
}
