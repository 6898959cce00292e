//! Random grants, random components and random agents: what the fences at load and at call answer is what a short model
//! says, which knows the contract's interfaces by their names alone and not the host's table.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::agent::{ClientAgent, Grants, guard};
use crate::capability::{CAPABILITIES, FREE};
use crate::contract::types::{ErrorKind, RepoRef};
use crate::engine;
use crate::limits::Limits;
use crate::plugin::{LoadError, Plugin};

const ROUNDS: usize = 300;

/// The documents of the contract.
const WIT: [&str; 5] = [
    include_str!("../../wit/clusters.wit"),
    include_str!("../../wit/github.wit"),
    include_str!("../../wit/jobs.wit"),
    include_str!("../../wit/repository.wit"),
    include_str!("../../wit/services.wit"),
];

type Given = BTreeMap<String, &'static str>;

/// What an interface asks for: the key under `grants`, and how far it has to go.
fn need(interface: &str) -> (String, &'static str) {
    let name = interface.trim_start_matches("github-");
    match (name.strip_suffix("-read"), name.strip_suffix("-write")) {
        (Some(key), _) => (key.replace('-', "_"), "read"),
        (_, Some(key)) => (key.replace('-', "_"), "write"),
        (None, None) => (name.replace('-', "_"), if name == "slack" { "write" } else { "read" }),
    }
}

/// The model: writing includes reading, and what is not given is denied.
fn is_given(interface: &str, given: &Given) -> bool {
    let (key, needs) = need(interface);
    given.get(&key).is_some_and(|has| *has == "write" || *has == needs)
}

/// Every function that needs a grant, with its interface.
fn functions() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for document in WIT {
        let mut interface = "";
        for line in document.lines() {
            if let Some(name) = line.strip_prefix("interface ") {
                interface = name.trim_end_matches(" {");
            } else if let Some((function, _)) = line.trim().split_once(": func(")
                && !FREE.contains(&interface)
            {
                found.push((interface.to_owned(), function.to_owned()));
            }
        }
    }
    found
}

/// Grants as an operator could write them: each permission not at all, to read, or to write where there is anything to write.
fn some_grants(random: &mut StdRng, functions: &[(String, String)]) -> (Given, Grants) {
    let mut most = Given::new();
    for (key, needs) in functions.iter().map(|(interface, _)| need(interface)) {
        let known = most.entry(key).or_insert(needs);
        *known = if needs == "write" { needs } else { *known };
    }
    let given: Given = most
        .into_iter()
        .filter_map(|(key, most)| match random.random_range(0..3) {
            0 => None,
            1 => Some((key, "read")),
            _ => Some((key, most)),
        })
        .collect();
    let granted = serde_json::from_value(serde_json::to_value(&given).unwrap()).unwrap();
    (given, Grants { granted, ..Grants::default() })
}

/// A component that asks for these functions. Their types do not matter to the fence, and nothing links them.
fn component(engine: &Engine, asked: &[&(String, String)]) -> Component {
    let mut by_interface: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (interface, function) in asked {
        by_interface.entry(interface).or_default().insert(function);
    }
    let mut text = String::from("(component (import \"bowsprit:plugin/log@0.2.0\" (instance))");
    for (interface, functions) in by_interface {
        let functions: String = functions.iter().map(|name| format!("(export \"{name}\" (func))")).collect();
        text.push_str(&format!("(import \"bowsprit:plugin/{interface}@0.2.0\" (instance {functions}))"));
    }
    text.push(')');
    Component::new(engine, wat::parse_str(text).unwrap()).unwrap()
}

/// A bundled component that can do without something loads without it, and whoever else lacks it does not.
#[tokio::test]
async fn what_is_optional_is_no_reason_to_refuse_a_component() {
    let engine = engine::running().unwrap();
    let functions = functions();
    let own = |interface: &str| functions.iter().find(|(of, _)| of == interface).unwrap();
    let component = component(&engine, &[own("github-actions-write"), own("github-issues-read")]);
    let of = |given: serde_json::Value| serde_json::from_value::<prow::grants::Grants>(given).unwrap();
    let (issues, actions) = (serde_json::json!({ "issues": "read" }), serde_json::json!({ "actions": "write" }));
    for (granted, optional, want) in [
        (&issues, serde_json::json!({}), Some("`actions: write`")),
        (&issues, serde_json::json!({ "actions": "read" }), Some("`actions: write`")),
        (&actions, actions.clone(), Some("`issues: read`")),
        (&issues, actions.clone(), None),
    ] {
        let grants = Grants { granted: of(granted.clone()), optional: of(optional.clone()), ..Grants::default() };
        let loaded = Plugin::load(&engine, "some", String::new(), &component, grants, Limits::default()).await;
        // What passes the fence fails later, for it is no plugin.
        let error = loaded.err().expect("it exports nothing");
        let lines = matches!(error, LoadError::NotGranted { .. }).then(|| error.to_string());
        match (lines, want) {
            (Some(lines), Some(want)) => assert!(lines.contains(want), "{lines}"),
            (None, None) => {}
            (lines, want) => panic!("{granted} and optionally {optional}: {lines:?}, not {want:?}"),
        }
    }
}

#[tokio::test]
async fn a_component_is_loaded_exactly_if_its_grants_answer_all_that_it_imports() {
    let engine = engine::running().unwrap();
    let (functions, mut random) = (functions(), StdRng::seed_from_u64(3));
    let mut seen: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for round in 0..ROUNDS {
        let (given, grants) = some_grants(&mut random, &functions);
        let wants = random.random_range(1..4);
        let some = |random: &mut StdRng| {
            // Each interface as often as any other, however many functions it has.
            let interface = CAPABILITIES[random.random_range(0..CAPABILITIES.len())].interface;
            let own: Vec<_> = functions.iter().filter(|(of, _)| of == interface).collect();
            own[random.random_range(0..own.len())]
        };
        let asked: Vec<_> = (0..wants).map(|_| some(&mut random)).collect();
        let component = component(&engine, &asked);
        let loaded = Plugin::load(&engine, "some", String::new(), &component, grants, Limits::default());
        // What passes the fence fails later, for it is no plugin.
        let refused = match loaded.await {
            Err(error @ LoadError::NotGranted { .. }) => Some(error.to_string()),
            Err(_) => None,
            Ok(_) => panic!("it exports nothing"),
        };
        let missing: Vec<_> = asked.iter().filter(|(interface, _)| !is_given(interface, &given)).collect();
        assert_eq!(refused.is_some(), !missing.is_empty(), "round {round}: {asked:?} with {given:?}");
        for (interface, _) in asked.iter().copied() {
            seen.entry(interface).or_default()[usize::from(is_given(interface, &given))] += 1;
        }
        let Some(told) = refused else { continue };
        for (interface, _) in missing.iter().copied() {
            let (key, _) = need(interface);
            // One line for each permission: the furthest that is asked for.
            let furthest = asked.iter().map(|(other, _)| need(other)).filter(|(other, _)| *other == key);
            let line = format!("`{key}: {}`", furthest.map(|(_, needs)| needs).max().unwrap());
            for part in ["`some`", line.as_str()] {
                assert!(told.contains(part), "round {round}: no {part} in: {told}");
            }
            let named = asked.iter().any(|(other, _)| need(other).0 == key && told.contains(&format!("`{other}`")));
            assert!(named, "round {round}: {interface} is not named in: {told}");
        }
    }
    assert_eq!(seen.len(), CAPABILITIES.len(), "each interface is asked for: {seen:?}");
    assert!(seen.values().all(|[refused, loaded]| *refused > 0 && *loaded > 0), "each is seen both ways: {seen:?}");
}

#[test]
fn a_call_is_allowed_exactly_if_grant_agent_and_repository_allow_it() {
    let (functions, mut random) = (functions(), StdRng::seed_from_u64(5));
    let (mut allowed, mut denied) = (0, 0);
    for _ in 0..ROUNDS {
        let (given, grants) = some_grants(&mut random, &functions);
        let repo = random.random_bool(0.8).then(|| RepoRef { org: "my-org".into(), name: "hello".into() });
        let agent = ClientAgent { repo, read_only: random.random_bool(0.5) };
        for (interface, function) in &functions {
            let row = CAPABILITIES.iter().find(|row| row.interface == interface).unwrap();
            let writes = need(interface).1 == "write";
            let want = is_given(interface, &given) && !(agent.read_only && writes) && agent.repo.is_some();
            let got = guard(&agent, &grants, row.permission, row.access);
            assert_eq!(got.is_ok(), want, "{interface}.{function} by {agent:?} with {given:?}: {got:?}");
            match got {
                Ok(repo) => {
                    assert_eq!(Some(&*repo), agent.repo.as_ref());
                    allowed += 1;
                }
                Err(error) => {
                    assert_eq!(error.kind, ErrorKind::Denied);
                    denied += 1;
                }
            }
        }
    }
    println!("{allowed} calls allowed, {denied} denied");
    assert!(allowed > 0 && denied > 0);
}

#[test]
fn an_agent_reaches_its_own_repository_and_those_that_a_glob_names() {
    let mut random = StdRng::seed_from_u64(7);
    let (orgs, names) = (["my-org", "my-orgs", "other"], ["hello", "help", "x"]);
    let globs = ["my-org/*", "my-org/hel*", "other/x", "*/hello"];
    for _ in 0..ROUNDS {
        let given: Vec<&str> = globs.into_iter().filter(|_| random.random_bool(0.4)).collect();
        let mut set = globset::GlobSetBuilder::new();
        for glob in &given {
            set.add(globset::Glob::new(glob).unwrap());
        }
        let grants = Grants { repos: set.build().unwrap(), ..Grants::default() };
        let mut any = || RepoRef {
            org: orgs[random.random_range(0..orgs.len())].into(),
            name: names[random.random_range(0..names.len())].into(),
        };
        let (home, asked) = (any(), any());
        let (org, name) = (asked.org.as_str(), asked.name.as_str());
        let want = home == asked
            || given.iter().any(|glob| match *glob {
                "my-org/*" => org == "my-org",
                "my-org/hel*" => org == "my-org" && name.starts_with("hel"),
                "other/x" => (org, name) == ("other", "x"),
                _ => name == "hello",
            });
        assert_eq!(grants.covers(Some(&home), &asked), want, "{asked:?} from {home:?} with {given:?}");
    }
}
