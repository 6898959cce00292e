//! Puts our reading beside Go's.

use std::fmt::Write as _;

use serde_json::Value;

/// One line of a table.
pub(crate) struct Case {
    /// What Go is asked.
    pub(crate) question: Value,
    /// What we make of it.
    pub(crate) ours: Result<Value, String>,
    /// What the table knows of both.
    pub(crate) known: Known,
}

/// How our reading relates to Go's.
#[derive(Clone, Copy)]
pub(crate) enum Known {
    /// Both take it for the same, or both refuse it.
    Same,
    /// We refuse on purpose what Go takes, with these words among others.
    Refused(&'static str),
    /// We take what Go refuses; the table says why that harms nobody.
    Taken,
    /// Both take it, for different things; the table says which.
    Otherwise,
}

/// Compares all cases, and tells all that differ. Skipped where Go's program is not built.
#[track_caller]
pub(crate) fn check(test: &str, cases: &[Case]) {
    let Some(program) = oracle::find(test) else { return };
    let questions: Vec<Value> = cases.iter().map(|case| case.question.clone()).collect();
    let answers = oracle::ask(&program, &questions).unwrap();
    let mut differ = String::new();
    for (case, go) in cases.iter().zip(answers) {
        if let Err(why) = compare(case, &go) {
            let _ = writeln!(differ, "{}\n  {why}\n  Go: {go:?}\n  we: {:?}", case.question, case.ours);
        }
    }
    assert!(differ.is_empty(), "not as in Go:\n{differ}");
}

fn compare(case: &Case, go: &Result<Value, String>) -> Result<(), &'static str> {
    match (go, &case.ours, case.known) {
        (Ok(go), Ok(ours), Known::Same) if is_same(go, ours) => Ok(()),
        (Ok(go), Ok(ours), Known::Otherwise) if !is_same(go, ours) => Ok(()),
        (Err(_), Err(_), Known::Same) | (Err(_), Ok(_), Known::Taken) => Ok(()),
        (Ok(_), Err(why), Known::Refused(words)) if why.contains(words) => Ok(()),
        (Ok(_), Err(_), Known::Refused(_)) => Err("the refusal has other words"),
        (_, _, Known::Refused(_) | Known::Taken | Known::Otherwise) => Err("it is not what the table knows it for"),
        (Ok(_), Ok(_), Known::Same) => Err("both take it, for different things"),
        (Err(_), Ok(_), Known::Same) => Err("we take what Go refuses"),
        (Ok(_), Err(_), Known::Same) => Err("we refuse what Go takes"),
    }
}

/// Numbers are the same however they are written.
fn is_same(go: &Value, ours: &Value) -> bool {
    match (go, ours) {
        (Value::Number(go), Value::Number(ours)) => {
            let whole = |number: &serde_json::Number| {
                number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
            };
            match (whole(go), whole(ours)) {
                (Some(go), Some(ours)) => go == ours,
                _ => go.as_f64() == ours.as_f64(),
            }
        }
        (Value::Array(go), Value::Array(ours)) => {
            go.len() == ours.len() && go.iter().zip(ours).all(|(go, ours)| is_same(go, ours))
        }
        (Value::Object(go), Value::Object(ours)) => {
            go.len() == ours.len() && go.iter().all(|(key, go)| ours.get(key).is_some_and(|ours| is_same(go, ours)))
        }
        (go, ours) => go == ours,
    }
}
