//! Documents, read into a type that has a field of each kind that config has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::judge::{Case, Known};

/// The same type as in `tests/oracle/yaml.go`.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Sample {
    text: String,
    flag: bool,
    count: i64,
    small: i32,
    size: u64,
    ratio: f64,
    list: Vec<String>,
    labels: BTreeMap<String, String>,
    choice: Option<bool>,
    limit: Option<i64>,
    inner: Inner,
    items: Vec<Inner>,
    any: Value,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Inner {
    name: String,
}

const SAME: &[&str] = &[
    "",
    "{}",
    "~",
    "text: a",
    // Numbers and booleans where a text belongs.
    "text: 1",
    "text: -1",
    "text: 1.20",
    "text: 1.10",
    "text: 0755",
    "text: 0x1F",
    "text: 1_000",
    "text: 1e3",
    "text: 1e21",
    "text: 100000.5",
    "text: 1234567.5",
    "text: 0.00001",
    "text: 3.14159265358979",
    "text: 16777217.0",
    "text: 123456789.0",
    "text: 1e40",
    "text: 18446744073709551615",
    "text: 18446744073709551616",
    "text: yes",
    "text: off",
    "text: 'yes'",
    "text: ~",
    "text:",
    "text: 2020-01-01",
    "text: []",
    "text: {}",
    "list: [1, yes, 1.50, a, ~]",
    "list: a",
    "list: {}",
    "list:",
    "list: [[a]]",
    "labels: {a: 1, b: true, 1: 2, c: 1.0, d: ~}",
    "labels: []",
    "labels:",
    "labels: {true: no}",
    "labels: {a: {b: c}}",
    // Booleans.
    "flag: yes",
    "flag: 'true'",
    "flag: 1",
    "flag: ~",
    "choice: no",
    "choice: ~",
    "choice: 'no'",
    // Numbers.
    "count: 1",
    "count: 1.0",
    "count: 1e3",
    "count: 1.5",
    "count: '1'",
    "count: yes",
    "count: ~",
    "count: 9223372036854775807",
    "count: 9223372036854775808",
    "count: -9223372036854775808",
    "count: 1e15",
    "count: 1e18",
    "count: 1e19",
    "count: 0755",
    "small: 2147483647",
    "small: 2147483648",
    "small: -2147483648",
    "size: 18446744073709551615",
    "size: -1",
    "size: 18446744073709551616",
    "size: 1e19",
    "ratio: 1",
    "ratio: 1.5",
    "ratio: 1e400",
    "ratio: '1.5'",
    "ratio: ~",
    "limit: 3",
    "limit: ~",
    "limit: a",
    // Structs.
    "inner: {name: 1}",
    "inner: ~",
    "inner: []",
    "inner: a",
    "items: [{name: a}, ~, {}]",
    "items: {name: a}",
    "items: [a]",
    "[]",
    "a",
    "[{text: a}]",
    // Keys by any case, the exact one first.
    "Text: a",
    "TEXT: 1.50",
    "fLaG: yes",
    "Inner: {NAME: a}",
    "items: [{Name: a}]",
    "Labels: {A: b}",
    "unknown: 1",
    "te\u{17f}t: a",
    "li\u{17f}t: [a]",
    // Anything.
    "any: 1",
    "any: 1.5",
    "any: yes",
    "any: {a: [1, ~]}",
    "any: 1.0",
    "any: ~",
];

const REFUSED: &[(&str, &str)] = &[("text: a\nText: b\n", "a second time"), ("Text: a\ntext: b\n", "a second time")];

pub(crate) fn cases() -> Vec<Case> {
    let same = SAME.iter().map(|input| case(input, Known::Same));
    same.chain(REFUSED.iter().map(|(input, words)| case(input, Known::Refused(words)))).collect()
}

fn case(input: &str, known: Known) -> Case {
    let ours = config::yaml::from_str::<Sample>("f", input)
        .map_err(|fault| fault.to_string())
        .and_then(|read| serde_json::to_value(read).map_err(|error| error.to_string()));
    Case { question: json!({"kind": "yaml-sample", "input": input}), ours, known }
}
