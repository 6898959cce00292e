//! Random grants, random agents, random sequences of calls: whatever a scripted plugin asks for, nothing leaves the host that
//! the grants do not cover. What each endpoint of GitHub needs is judged by the stand-in's own table, which knows nothing of
//! the host's; what the services and clusters are asked is read off the wire.

mod draw;
mod judge;

use std::collections::BTreeMap;
use std::time::Duration;

use apiserver::ADMIN;
use host::agent::Grants;
use host::limits::Limits;
use prow::grants::Permission;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sim::client::Request;
use sim::fence::Row as Rule;
use tests::stage::REPO;

use crate::bench::{self, Bench, Elsewhere, Went, Who, kubeconfig_by};
use crate::script::Script;
use crate::tap::Tap;

use self::judge::{Asking, Through};

/// How often every function is called, each time with other grants and among other calls.
const ROUNDS: usize = 8;
/// How many events ask for requests by `wasi:http`.
const FETCHES: usize = 12;
const SEED: u64 = 17;
/// A host for `wasi:http` that none of the calls goes to.
const NOBODY: &str = "host.invalid";

/// Denials that are about what a call names, and not about a grant that it lacks.
const SCOPE: [&str; 3] = ["grants.repos", "`namespaces`", "GitHub answered 403"];

/// What the host asks other APIs for.
const APIS: [&str; 6] = ["github-", "slack.", "jira-", "bugzilla-", "kubernetes-", "build-cluster-"];

/// Quotas that any sequence of calls goes over.
fn frugal() -> Limits {
    Limits { deadline: Duration::from_secs(120), api_calls: 3, effects: 1, ..Limits::default() }
}

/// The far sides, and how far each was looked at.
struct FarSides {
    slack: Option<Tap>,
    cluster: Option<Tap>,
    rules: Vec<Rule>,
    /// The number of an issue that was transferred.
    moved: String,
    decisions: u64,
    requests: u64,
}

/// What was seen all in all.
#[derive(Default)]
struct Seen {
    /// Denied and allowed, by function.
    functions: BTreeMap<String, [u32; 2]>,
    /// Requests, by far side.
    requests: BTreeMap<&'static str, u32>,
    narrowed: usize,
    calls: usize,
    put_aside: usize,
    /// Calls that a quota refused.
    exhausted: usize,
    /// Requests by a personal token.
    personal: usize,
    wrong: Vec<String>,
}

impl FarSides {
    async fn of(script: &mut Script) -> (Self, Bench) {
        let cluster = match script.stage.world.apiserver() {
            Some(server) => Some(Tap::before_cluster(&server.kubeconfig(ADMIN)).await),
            None => None,
        };
        let slack = match &script.slack {
            Some(slack) => Some(Tap::before(slack.url.trim_end_matches("/api")).await),
            None => None,
        };
        let kubeconfig = cluster.as_ref().map(|tap| kubeconfig_by(script, tap));
        let elsewhere = Elsewhere { slack: slack.as_ref(), kubeconfig: kubeconfig.as_deref(), http: None };
        let mut bench = Bench::start(script, elsewhere).await;
        let moved = script.stage.alice.open_issue(REPO, "One that was moved", "text").await.unwrap().to_string();
        let caller = bench.caller.clone();
        // Of several calls each answer is logged.
        let transfer =
            ["/call agent.now".into(), format!("/call github-issues-write.transfer {moved} {}", judge::OTHER)];
        let went = bench.says(&caller, &transfer, bench::everything(NOBODY)).await;
        assert!(went.answers.last().is_some_and(|answer| answer.starts_with("Ok(")), "{:?}", went.answers);
        let rules = script.stage.world.sim.permissions().await.unwrap();
        let mut sides = Self { slack, cluster, rules, moved, decisions: 0, requests: 0 };
        // What it took to come here.
        sides.judge(script, &Grants::default(), &[], &mut Seen::default()).await;
        (sides, bench)
    }

    /// Looks at all that has come since the last look. Gives how much that was, and what of it ought not to have.
    async fn judge(&mut self, script: &Script, grants: &Grants, calls: &[Asking], seen: &mut Seen) -> Vec<String> {
        let sim = &script.stage.world.sim;
        let mut wrong = Vec::new();
        let mut note = |far: &'static str, what: &str, complaint: Option<String>| {
            *seen.requests.entry(far).or_default() += 1;
            wrong.extend(complaint.map(|why| format!("{far}: {what}: {why}")));
        };
        for asked in sim.decisions(self.decisions).await.unwrap() {
            self.decisions = asked.seq;
            if asked.user_agent.contains(".caller") || asked.method == "GIT" {
                seen.narrowed += usize::from(asked.repositories.is_some());
                seen.personal += usize::from(asked.permissions.is_none());
                let complaint = judge::github(&asked, &self.rules, grants, calls);
                note("github", &format!("{} {} {:?}", asked.method, asked.endpoint, asked.repo), complaint);
            }
        }
        for asked in sim.requests(self.requests).await.unwrap() {
            self.requests = asked.seq;
            let Request { method, path, query, user_agent, .. } = asked;
            let (far, whose) = match &*path {
                "/search/issues" if user_agent.contains(".caller") => {
                    let query = query.replace("%3A", ":").replace("%2F", "/").replace("%20", " ");
                    note("github", &query, judge::search(query.trim_start_matches("q="), grants, calls));
                    continue;
                }
                path if path.starts_with("/_jira") => ("jira", Permission::Jira),
                path if path.starts_with("/_bugzilla") => ("bugzilla", Permission::Bugzilla),
                _ => continue,
            };
            let asked = format!("{method} {path}");
            let complaint = judge::service(&asked, &[whose], calls);
            note(far, &asked, complaint.or_else(|| (!user_agent.contains(".caller")).then(|| user_agent.clone())));
        }
        for asked in self.slack.iter().flat_map(Tap::take) {
            note("slack", &asked, judge::service(&asked, &[Permission::Slack], calls));
        }
        for asked in self.cluster.iter().flat_map(Tap::take) {
            note("cluster", &asked, judge::service(&asked, judge::of_cluster(&asked), calls));
        }
        wrong
    }
}

impl Seen {
    /// What the guest was answered, against what the grants and its quotas say.
    fn answered(&mut self, calls: &[Asking], went: &Went, limits: &Limits) {
        let asks = went.passed.iter().filter(|op| APIS.iter().any(|api| op.starts_with(api))).count();
        let effects = went.passed.iter().filter(|op| op.contains("-write.") || op.starts_with("slack.")).count();
        if asks > limits.api_calls as usize || effects > limits.effects as usize {
            self.wrong.push(format!("{asks} calls of APIs, {effects} effects, within {limits:?}"));
        }
        self.calls += calls.len();
        self.put_aside += usize::from(went.put_aside.is_some());
        if went.put_aside.is_none() && went.answers.len() != calls.len() {
            self.wrong.push(format!("{} answers to {} calls", went.answers.len(), calls.len()));
        }
        for (call, answer) in calls.iter().zip(&went.answers) {
            let is_denied = answer.contains("ErrorKind::Denied");
            if call.may && answer.contains("ErrorKind::Exhausted") && *limits == frugal() {
                self.exhausted += 1;
                continue;
            }
            if !call.may && !is_denied {
                self.wrong.push(format!("{}: not denied: {answer}", call.line));
            }
            if call.may && is_denied && !SCOPE.iter().any(|part| answer.contains(part)) {
                self.wrong.push(format!("{}: denied: {answer}", call.line));
            }
            self.both(call.function, call.may && !is_denied);
        }
        for op in &went.passed {
            if !calls.iter().any(|call| call.may && call.function == *op) {
                self.wrong.push(format!("{op} came past the guard"));
            }
        }
    }

    fn both(&mut self, function: &str, is_allowed: bool) {
        self.functions.entry(function.to_owned()).or_default()[usize::from(is_allowed)] += 1;
    }

    fn print(&self, events: usize) {
        for (function, [denied, allowed]) in &self.functions {
            println!("{function:<56} allowed {allowed:>3}  denied {denied:>3}");
        }
        let Self { calls, narrowed, put_aside, exhausted, personal, requests, .. } = self;
        println!("{events} events, {calls} calls, {put_aside} put aside, {exhausted} over a quota");
        println!("requests: {requests:?}, {narrowed} by tokens for one repository, {personal} by a personal one");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_leaves_the_host_outside_the_grants() {
    let mut script = Script::start("no_request_leaves_the_host_outside_the_grants", false).await;
    let (mut sides, mut bench) = FarSides::of(&mut script).await;
    let mut random = StdRng::seed_from_u64(SEED);
    let mut seen = Seen::default();
    let rows: Vec<_> =
        crate::rows(&script).filter(|row| !["agent.", "log."].iter().any(|own| row.call.starts_with(own))).collect();
    let frugal_caller = bench.load("caller", bench::everything(NOBODY), frugal()).await;
    let mut events = 0;
    for round in 0..ROUNDS {
        for sequence in draw::sequences(&rows, &mut random, round > 0) {
            // The host is an App or a person, and the plugin has its usual quotas or hardly any.
            let who = if round % 3 == 2 { Who::Person } else { Who::App };
            let caller = if round == 4 { frugal_caller.clone() } else { bench.caller.clone() };
            // In the first two rounds all and nothing, so that each function is seen both ways.
            let grants = match round {
                0 => bench::everything(NOBODY),
                1 => Grants::default(),
                _ => draw::grants(&mut random),
            };
            let calls = sequence.iter().map(|row| {
                let throughs =
                    [Through::Own, Through::Own, Through::Own, Through::ReadOnly, Through::Other, Through::Second];
                let through = if round == 0 { Through::Own } else { throughs[random.random_range(0..throughs.len())] };
                let may = judge::may(row.function(), through, &grants);
                // A token that is narrowed does not see where the issue is now; a personal one does.
                let often = if who == Who::Person { 0.7 } else { 0.3 };
                let moved = round > 1 && row.call.contains("{issue}") && random.random_bool(often);
                let call = if moved { row.call.replace("{issue}", &sides.moved) } else { row.call.to_owned() };
                let line = format!("/call {}{}", through.words(), script.named(&call));
                Asking { function: row.function(), through, line, moved, may }
            });
            let calls: Vec<_> = calls.collect();
            let lines: Vec<_> = calls.iter().map(|call| call.line.clone()).collect();
            let went = bench.says_as(who, &caller, &lines, grants.clone()).await;
            events += 1;
            let before = seen.wrong.len();
            seen.answered(&calls, &went, &caller.limits);
            let wrong = sides.judge(&script, &grants, &calls, &mut seen).await;
            seen.wrong.extend(wrong);
            if seen.wrong.len() > before {
                seen.wrong.push(format!("… round {round}, {who:?}, with {:?}:\n{}", grants.granted, lines.join("\n")));
            }
        }
    }
    events += fetch(&mut bench, &mut random, &mut seen).await;
    // Of `wasi:http` no other far side was to hear.
    let stray = sides.judge(&script, &Grants::default(), &[], &mut seen).await;
    seen.wrong.extend(stray);
    seen.print(events);
    let wrong = &seen.wrong;
    assert!(wrong.is_empty(), "{} of {} calls:\n{}", wrong.len(), seen.calls, wrong.join("\n"));
    let one_way: Vec<_> = seen.functions.iter().filter(|(_, ways)| ways.contains(&0)).collect();
    assert!(one_way.is_empty(), "each function is seen both ways: {one_way:?}");
    assert!(seen.put_aside * 10 < events, "{} of {events} were put aside", seen.put_aside);
    let Seen { narrowed, personal, exhausted, .. } = seen;
    assert_eq!([narrowed > 50, personal > 20, exhausted > 10], [true; 3], "{narrowed} {personal} {exhausted}");
    let heard = ["github", "jira", "bugzilla", "wasi:http"].iter().all(|far| seen.requests[far] > 10);
    assert!(heard && seen.requests.contains_key("slack") == script.slack.is_some(), "{:?}", seen.requests);
    assert_eq!(seen.requests.contains_key("cluster"), script.cluster.is_some(), "{:?}", seen.requests);
    follow(&mut bench, &sides.moved).await;
}

/// A token that sees where an issue was moved to leads nobody there who was not granted it, and those who were.
async fn follow(bench: &mut Bench, moved: &str) {
    let caller = bench.caller.clone();
    let lines = ["/call agent.now".to_owned(), format!("/call github-issues-read.get-issue {moved}")];
    let all = bench::everything(NOBODY);
    let at_home = prow::grants::Grants { repos: Vec::new(), ..all.granted.clone() };
    let at_home = Grants { granted: at_home, repos: globset::GlobSet::empty(), ..all.clone() };
    for (grants, want) in [(at_home, "it was moved to my-org/other"), (all, "One that was moved")] {
        let went = bench.says_as(Who::Person, &caller, &lines, grants).await;
        assert!(went.answers.last().is_some_and(|answer| answer.contains(want)), "{want}: {:?}", went.answers);
    }
}

/// Requests by `wasi:http` to hosts of which some are granted.
async fn fetch(bench: &mut Bench, random: &mut StdRng, seen: &mut Seen) -> usize {
    let sides = [Tap::alone().await, Tap::alone().await, Tap::alone().await];
    let hosts: Vec<_> = sides.iter().map(|side| side.url.clone()).collect();
    for _ in 0..FETCHES {
        let (grants, granted) = draw::reach(&hosts, random);
        let asked: Vec<_> = (0..random.random_range(5..=20))
            .map(|nth| {
                let method = ["GET", "POST", "DELETE"][random.random_range(0..3)];
                let host = &hosts[random.random_range(0..hosts.len())];
                // By its name the same place is another, and so it is by TLS.
                let meant = match random.random_range(0..4) {
                    0 => host.replace("127.0.0.1", "localhost"),
                    1 => host.replace("http:", "https:"),
                    _ => host.clone(),
                };
                (method, meant, format!("/{nth}"))
            })
            .collect();
        let lines: Vec<_> =
            asked.iter().map(|(method, host, path)| format!("/fetch {method} {host}{path} text")).collect();
        let fetcher = bench.fetcher.clone();
        let went = bench.says(&fetcher, &lines, grants).await;
        seen.calls += asked.len();
        let mut came: BTreeMap<&String, Vec<String>> = sides.iter().map(|side| (&side.url, side.take())).collect();
        for ((method, host, path), answer) in asked.iter().zip(&went.answers) {
            let (may, asked) = (granted.contains(host), format!("{method} {path}"));
            let heard = came.get_mut(host).and_then(|came| {
                let place = came.iter().position(|came| *came == asked)?;
                Some(came.remove(place))
            });
            if heard.is_some() != may || answer.starts_with("answered") != may {
                seen.wrong.push(format!("{asked} to {host}, with {granted:?}: {answer}"));
            }
            *seen.requests.entry("wasi:http").or_default() += u32::from(heard.is_some());
            let function = if *method == "GET" { "wasi-http.read" } else { "wasi-http.send" };
            seen.both(function, may);
        }
        if went.answers.len() != lines.len() || came.values().any(|left| !left.is_empty()) {
            seen.wrong.push(format!("{:?} and {came:?} of {lines:?} with {granted:?}", went.answers));
        }
    }
    FETCHES
}
