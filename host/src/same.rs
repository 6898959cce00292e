//! Whether two deliveries with different GUIDs tell of the same event: by what an organization's hook and a repository's are
//! told alike. Pure.

use std::io::{self, BufWriter, Write};

use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};

/// What is particular to the hook that sent a delivery, at the top of its body. All else is the event's.
const OF_THE_HOOK: [&str; 3] = ["hook_id", "hook", "installation"];
/// From here on a floating-point number may stand for several integers.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// The SHA-256 of an event's name and of its body, less what is particular to the hook, in a form that is the same for all
/// spellings of one JSON value: keys in order, no white space, `1.0` as `1`. None for a body with a number that is not held
/// exactly (GitHub sends none): such a body is like no other.
///
/// Two bodies with the same digest are taken for the same, and are not compared: whoever could make two that differ could
/// forge signatures, which are made with the same function, and would need a key of that repository all the same.
pub(crate) fn fingerprint(event: &str, body: &Value) -> Option<[u8; 32]> {
    let mut out = BufWriter::with_capacity(4096, Hash(Sha256::new()));
    let written = writeln!(out, "{event}").and_then(|()| match body {
        Value::Object(map) => {
            write_object(&mut out, map.iter().filter(|(key, _)| !OF_THE_HOOK.contains(&key.as_str())))
        }
        other => write_value(&mut out, other),
    });
    written.ok()?;
    let hash = out.into_inner().ok()?;
    Some(hash.0.finalize().into())
}

fn write_value(out: &mut impl Write, value: &Value) -> io::Result<()> {
    match value {
        Value::Null => out.write_all(b"null"),
        Value::Bool(value) => write!(out, "{value}"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => Ok(serde_json::to_writer(out, text)?),
        Value::Array(values) => {
            out.write_all(b"[")?;
            for value in values {
                write_value(out, value)?;
                out.write_all(b",")?;
            }
            out.write_all(b"]")
        }
        Value::Object(map) => write_object(out, map.iter()),
    }
}

fn write_object<'a>(out: &mut impl Write, members: impl Iterator<Item = (&'a String, &'a Value)>) -> io::Result<()> {
    let mut members: Vec<_> = members.collect();
    // Sorted already, unless some crate of the program has serde_json keep them as they came.
    members.sort_unstable_by_key(|(key, _)| *key);
    out.write_all(b"{")?;
    for (key, value) in members {
        serde_json::to_writer(&mut *out, key)?;
        out.write_all(b":")?;
        write_value(out, value)?;
        out.write_all(b",")?;
    }
    out.write_all(b"}")
}

/// Integers of up to 64 bits are held as they are; others, and fractions, as floating-point numbers.
fn write_number(out: &mut impl Write, number: &Number) -> io::Result<()> {
    match number.as_f64().filter(|_| number.is_f64()) {
        None => write!(out, "{number}"),
        Some(float) if float.abs() >= INEXACT => Err(io::ErrorKind::InvalidData.into()),
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
        Some(float) if float.fract() == 0.0 => write!(out, "{}", float as i64),
        Some(float) => write!(out, "{float:e}"),
    }
}

/// What is written goes into the digest.
struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;

    fn of(body: &str) -> Option<[u8; 32]> {
        fingerprint("e", &serde_json::from_str(body).unwrap())
    }

    #[track_caller]
    fn check(one: &str, other: &str, same: bool) {
        assert!(of(one).is_some() && of(other).is_some(), "{one} {other}");
        assert_eq!(of(one) == of(other), same, "{one} {other}");
    }

    #[test]
    fn one_value_has_one_fingerprint_however_it_is_spelled() {
        check(r#"{"a":1,"b":[2,{"c":null,"d":true}]}"#, "{ \"b\": [2, {\"d\": true,\n\"c\":null}], \"a\": 1 }", true);
        check(r#"{"a":"\u00e9\/"}"#, r#"{"a":"é/"}"#, true);
        check(r#"{"a":[1.0,1e2,-0,2.50]}"#, r#"{"a":[1,100,0,25e-1]}"#, true);
        check(r#"{"a":[18446744073709551615]}"#, r#"{"a":[18446744073709551614]}"#, false);
        check(r#"{"a":[9007199254740993]}"#, r#"{"a":[9007199254740992]}"#, false);
        check(r#"{"a":[-1]}"#, r#"{"a":[1]}"#, false);
        check(r#"{"a":[1]}"#, r#"{"a":["1"]}"#, false);
        check(r#"{"a":[1,2]}"#, r#"{"a":[2,1]}"#, false);
        check(r#"{"a":[[1],2]}"#, r#"{"a":[[1,2]]}"#, false);
        check(r#"{"a":{"b":1}}"#, r#"{"a":{},"b":1}"#, false);
        check(r#"{"a":null}"#, "{}", false);
        check(r#"{"a":"b\",c"}"#, r#"{"a":"b","c":1}"#, false);
    }

    #[test]
    fn what_is_the_hooks_own_does_not_count_at_the_top_alone() {
        check(r#"{"a":1,"hook_id":7,"hook":{"id":7},"installation":{"id":9}}"#, r#"{"a":1}"#, true);
        check(r#"{"a":{"hook_id":7}}"#, r#"{"a":{"hook_id":8}}"#, false);
        check(r#"{"a":{"installation":7}}"#, r#"{"a":{}}"#, false);
        assert_ne!(fingerprint("issues", &json!({})), fingerprint("push", &json!({})));
    }

    #[test]
    fn a_number_that_is_not_held_exactly_makes_a_body_like_no_other() {
        assert_eq!(of(r#"{"a":18446744073709551616}"#), None);
        assert_eq!(of(r#"{"a":[{"b":1e300}]}"#), None);
        assert_eq!(of(r#"{"a":-9007199254740993.5}"#), None);
        assert!(of(r#"{"hook":1e300}"#).is_some(), "it does not count");
    }

    /// Of all real payloads: each has a fingerprint of its own, and the same one through another hook.
    #[test]
    fn real_payloads_are_told_apart_and_known_again() {
        let Some(payloads) = crate::test_data::payloads("real_payloads_are_told_apart_and_known_again") else { return };
        let mut seen: HashMap<[u8; 32], (String, Value)> = HashMap::new();
        let mut labeled = 0;
        for payload in payloads {
            let own =
                fingerprint(&payload.event, &payload.body).expect("GitHub sends no number that is not held exactly");
            let mut bare = payload.body.clone();
            OF_THE_HOOK.iter().for_each(|key| drop(bare.as_object_mut().unwrap().remove(*key)));
            if let Some((event, other)) = seen.insert(own, (payload.event.clone(), bare.clone())) {
                assert_eq!((event, other), (payload.event.clone(), bare), "the same fingerprint for two events");
                continue;
            }
            let mut elsewhere = payload.body.clone();
            elsewhere["installation"] = json!({ "id": 4711 });
            let spelled = serde_json::to_string_pretty(&elsewhere).unwrap();
            let again = fingerprint(&payload.event, &serde_json::from_str(&spelled).unwrap());
            assert_eq!(again, Some(own), "{}", payload.event);

            // Two labels within one second: all times are the same, and the label is not.
            if payload.body["action"] == "labeled" && payload.body["label"].is_object() {
                labeled += 1;
                let mut second = payload.body.clone();
                second["label"] = json!({ "id": 1, "name": "another" });
                assert_ne!(fingerprint(&payload.event, &second), Some(own), "{}", payload.event);
            }
        }
        assert!(labeled >= 2 && seen.len() > 250, "{labeled} {}", seen.len());
    }
}
