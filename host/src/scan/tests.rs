use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::*;
use crate::test_data;

#[track_caller]
fn check(body: &str, want: Result<Scope, ScanError>) {
    assert_eq!(scan(body.as_bytes()), want, "{body}");
}

fn repo(name: &str) -> Result<Scope, ScanError> {
    Ok(Scope::Repo(name.to_owned()))
}

fn org(name: &str) -> Result<Scope, ScanError> {
    Ok(Scope::Org(name.to_owned()))
}

#[test]
fn the_repository_comes_before_the_organization() {
    check(r#"{"repository":{"full_name":"a/b"}}"#, repo("a/b"));
    check(r#"{"organization":{"login":"o"},"repository":{"full_name":"a/b"}}"#, repo("a/b"));
    check(r#"{"repository":{"full_name":"a/b"},"organization":{"login":"o"}}"#, repo("a/b"));
    check(r#"{"organization":{"login":"o"}}"#, org("o"));
    check(r#"{"repository":null,"organization":{"login":"o"}}"#, org("o"));
    check(r#"{"repository":{"full_name":""},"organization":{"login":"o"}}"#, org("o"));
    check(r#"{"repository":{"full_name":7},"organization":{"login":"o"}}"#, org("o"));
    check(r#"{"repository":{},"organization":{"login":"o"}}"#, org("o"));
    check(r#" { "sender" : { } , "action" : "x" } "#, Ok(Scope::Any));
    check("{}", Ok(Scope::Any));
}

#[test]
fn only_the_top_level_counts() {
    check(r#"{"x":{"repository":{"full_name":"a/b"}}}"#, Ok(Scope::Any));
    check(r#"[{"repository":{"full_name":"a/b"}}]"#, Ok(Scope::Any));
    check(r#"{"repository":{"owner":{"full_name":"x/y"},"full_name":"a/b"}}"#, repo("a/b"));
    check(r#"{"repository":{"x":[{"full_name":"x/y"}]}}"#, Ok(Scope::Any));
    check(r#"{"repository":[{"full_name":"x/y"}]}"#, Ok(Scope::Any));
    check(r#"{"full_name":"x/y","login":"z"}"#, Ok(Scope::Any));
    check(r#"{"x":"\"repository\":{\"full_name\":\"x/y\"}"}"#, Ok(Scope::Any));
    let fork_first = r#"{"pull_request":{"head":{"repo":{"full_name":"f/b"}},"base":{"repo":{"full_name":"a/b"}}},
        "repository":{"full_name":"a/b"}}"#;
    check(fork_first, repo("a/b"));
}

#[test]
fn escapes_are_read_as_a_parser_reads_them() {
    check(r#"{"repo\u0073itory":{"full\u005fname":"a\/b"}}"#, repo("a/b"));
    check(r#"{"\u0072epository":{"full_name":"\u0061/b"}}"#, repo("a/b"));
    check(r#"{"x\"":"}\\","repository":{"full_name":"a/b"}}"#, repo("a/b"));
    check(r#"{"x":"\ud83d\ude00\ud83d","repository":{"full_name":"a/b"}}"#, repo("a/b"));
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let twice = |what| Err(ScanError::Duplicate(what));
    check(r#"{"repository":{"full_name":"a/b"},"repository":{"full_name":"c/d"}}"#, twice("repository"));
    check(r#"{"repository":{"full_name":"a/b"},"repo\u0073itory":null}"#, twice("repository"));
    check(r#"{"repository":null,"repository":{"full_name":"a/b"}}"#, twice("repository"));
    check(r#"{"organization":{"login":"o"},"organization":{"login":"o"}}"#, twice("organization"));
    check(r#"{"repository":{"full_name":"a/b","full_name":"a/b"}}"#, twice("repository.full_name"));
    check(r#"{"repository":{"full_name":"a/b","full\u005fname":1}}"#, twice("repository.full_name"));
    check(r#"{"organization":{"login":"o","login":"p"}}"#, twice("organization.login"));
    // Further in, the same names are somebody else's.
    check(r#"{"repository":{"full_name":"a/b","x":{"full_name":1,"full_name":2}}}"#, repo("a/b"));
}

#[test]
fn what_is_no_name_is_refused() {
    let bad = |path| Err(ScanError::BadName(path));
    for name in ["a", "a/b/c", "/b", "a/", "a/..", "../b", "a b/c", "a\\n/b", "ä/b", "*"] {
        check(&format!(r#"{{"repository":{{"full_name":"{name}"}}}}"#), bad("repository.full_name"));
    }
    for name in ["a/b", "..", "*", "a b"] {
        check(&format!(r#"{{"organization":{{"login":"{name}"}}}}"#), bad("organization.login"));
    }
    let long = format!("a/{}", "b".repeat(300));
    check(&format!(r#"{{"repository":{{"full_name":"{long}"}}}}"#), bad("repository.full_name"));
}

/// What is not JSON gets the key of the name found so far: the parser answers for the rest.
#[test]
fn a_scan_that_stops_keeps_what_it_found() {
    check("", Ok(Scope::Any));
    check("nonsense", Ok(Scope::Any));
    check(r#"{"repository":{"full_name":"a/b""#, repo("a/b"));
    check(r#"{"repository":{"full_name":"a/b"}} trailing"#, repo("a/b"));
    check(r#"{"repository":{"full_name":"a/b"#, Ok(Scope::Any));
    check(r#"{"organization":{"login":"o"},"x":tru]"#, org("o"));
}

/// Deep nesting costs a counter.
#[test]
fn depth_does_not_matter() {
    let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
    check(&format!(r#"{{"x":{deep},"repository":{{"full_name":"a/b"}}}}"#), repo("a/b"));
}

/// What a real parser says of the same bytes, for bodies without duplicates.
fn parsed(body: &[u8]) -> Option<Scope> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let name = |pointer: &str| value.pointer(pointer)?.as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    let org = || name("/organization/login").map(Scope::Org);
    Some(name("/repository/full_name").map(Scope::Repo).or_else(org).unwrap_or(Scope::Any))
}

/// Every real payload, compact, pretty and with its keys turned round: the scan agrees with the parser.
#[test]
fn real_payloads_are_scanned_as_they_parse() {
    let Some(payloads) = test_data::payloads("real_payloads_are_scanned_as_they_parse") else { return };
    for payload in &payloads {
        let compact = serde_json::to_vec(&payload.body).unwrap();
        let pretty = serde_json::to_vec_pretty(&payload.body).unwrap();
        let reversed = reversed(&payload.body).into_bytes();
        for body in [compact, pretty, reversed] {
            assert_eq!(scan(&body).ok(), parsed(&body), "{}", payload.event);
        }
    }
    assert_eq!(payloads.len(), 329 + 8);
}

/// The same value with the keys of every object in the other order.
fn reversed(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let member = |(key, value): (&String, &Value)| format!("{}:{}", Value::from(key.as_str()), reversed(value));
            format!("{{{}}}", object.iter().rev().map(member).collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

/// Cut off at each byte, and with bytes changed: the scan ends, and where the bytes still are JSON it agrees with the
/// parser or refuses.
#[test]
fn no_bytes_upset_the_scan() {
    let body = br#"{"action":"opened","a":[1,-2.5e3,true,null,{"b":["c\"\\\u00e9\ud83d\ude00"]}],"organization":{"login":"org"},
        "repository":{"id":1,"full\u005fname":"org/repo","owner":{"login":"org"}},"z":{"y":[[],{}]}}"#;
    for end in 0..=body.len() {
        let cut = &body[..end];
        assert!(parsed(cut).is_none_or(|want| scan(cut) == Ok(want)), "cut at {end}");
        let _ = scan(cut);
    }
    let seed = 20_261_121;
    let mut random = SmallRng::seed_from_u64(seed);
    let (mut still_json, mut refused) = (0, 0);
    for round in 0..200_000 {
        let mut bytes = body.to_vec();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..bytes.len());
            let other = body[random.random_range(0..body.len())];
            match random.random_range(0..3) {
                0 => bytes[at] = other,
                1 => bytes.insert(at, other),
                _ => drop(bytes.remove(at)),
            }
        }
        let (scanned, want) = (scan(&bytes), parsed(&bytes));
        if let Some(want) = want {
            still_json += 1;
            match scanned {
                Ok(scope) => assert_eq!(scope, want, "seed {seed}, round {round}: {}", String::from_utf8_lossy(&bytes)),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(still_json > 10_000 && refused < still_json / 10, "{still_json} were JSON, {refused} of them refused");
}
