//! Keys of a request body that its schema does not name. JSON Schema allows them, GitHub ignores them, and a client that
//! misspells one never learns of it.

use serde_json::Value;

use crate::description::{Description, Problem};

impl Description {
    /// The unknown keys anywhere in `value`.
    pub(crate) fn unknown_keys(&self, schema: &Value, value: &Value) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.look(&self.alternatives(schema), value, "", &mut problems);
        problems
    }

    fn look(&self, schemas: &[&Value], value: &Value, at: &str, problems: &mut Vec<Problem>) {
        match value {
            Value::Object(fields) => {
                for (key, field) in fields {
                    let at = format!("{at}/{key}");
                    match self.known(schemas, key) {
                        Some(inner) => self.look(&inner, field, &at, problems),
                        None => problems.push(Problem::new(format!("body {at}"), "no such key")),
                    }
                }
            }
            Value::Array(items) => {
                let inner: Vec<&Value> = schemas
                    .iter()
                    .filter_map(|schema| schema.get("items"))
                    .flat_map(|items| self.alternatives(items))
                    .collect();
                for (index, item) in items.iter().enumerate() {
                    self.look(&inner, item, &format!("{at}/{index}"), problems);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// What may stand under `key`; `None` if no schema has a place for it.
    fn known<'a>(&'a self, schemas: &[&'a Value], key: &str) -> Option<Vec<&'a Value>> {
        let named: Vec<&Value> = schemas.iter().filter_map(|schema| schema.get("properties")?.get(key)).collect();
        if !named.is_empty() {
            return Some(named.into_iter().flat_map(|schema| self.alternatives(schema)).collect());
        }
        let free: Vec<&Value> = schemas.iter().filter_map(|schema| beyond_properties(schema)).collect();
        (!free.is_empty()).then(|| free.into_iter().flat_map(|schema| self.alternatives(schema)).collect())
    }

    /// The schema and all that it is made of, references followed.
    fn alternatives<'a>(&'a self, schema: &'a Value) -> Vec<&'a Value> {
        let schema = self.resolve(schema);
        let parts = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
        std::iter::once(schema).chain(parts.flat_map(|part| self.alternatives(part))).collect()
    }
}

/// The schema of values whose keys `schema` does not name, where it allows such.
fn beyond_properties(schema: &Value) -> Option<&Value> {
    const ANYTHING: Value = Value::Bool(true);
    match schema {
        Value::Bool(true) => Some(&ANYTHING),
        Value::Object(object) if object.is_empty() => Some(&ANYTHING),
        Value::Object(object) => match object.get("additionalProperties") {
            Some(Value::Bool(false)) => None,
            Some(any) => Some(any),
            // An object of which nothing is said holds anything.
            None => (object.get("type")? == "object" && !object.contains_key("properties")).then_some(&ANYTHING),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unknown_keys_are_found_at_any_depth() {
        let person = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
        let schema = json!({
            "oneOf": [
                { "type": "object", "properties": {
                    "people": { "type": "array", "items": { "$ref": "#/components/schemas/person" } },
                    "labels": { "type": "object", "additionalProperties": { "type": "string" } },
                    "anything": { "type": "object" },
                } },
                { "type": "array", "items": { "type": "string" } },
            ],
        });
        let description =
            Description::new(json!({ "paths": {}, "components": { "schemas": { "person": person } } })).unwrap();
        let check = |value: Value, want: &[&str]| {
            let got = description.unknown_keys(&schema, &value);
            let got: Vec<_> = got.iter().map(|problem| problem.place.as_str()).collect();
            assert_eq!(got, want, "{value}");
        };
        check(json!({ "people": [{ "name": "x" }], "labels": { "a": "b" }, "anything": { "x": { "y": 1 } } }), &[]);
        check(json!(["a", "b"]), &[]);
        check(json!({ "peple": [] }), &["body /peple"]);
        check(json!({ "people": [{ "name": "x" }, { "nmae": "y" }] }), &["body /people/1/nmae"]);
    }
}
