//! From OpenAPI 3.0's dialect to JSON Schema, and what a failed validation says.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Map, Value, json};

use crate::description::{Description, Problem};

impl Description {
    /// Where `value` breaks `schema`. `name` tells schemas apart and stands for this one in the store of compiled ones.
    pub(crate) fn validate(&self, name: &str, schema: &Value, value: &Value, place: &str) -> Vec<Problem> {
        match self.validator(name, schema) {
            Ok(validator) => validator.iter_errors(value).map(|error| problem(&error, place)).collect(),
            Err(fault) => vec![Problem::new(place, format!("the description's schema cannot be used: {fault}"))],
        }
    }

    fn validator(&self, name: &str, schema: &Value) -> Result<Arc<Validator>, String> {
        let mut validators = self.validators.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = validators.get(name) {
            return Ok(Arc::clone(validator));
        }
        let bundle = self.bundle(schema);
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            // GitHub's formats are looser than their names: `uri` for templates, `date-time` for both spellings.
            .should_validate_formats(false)
            .build(&bundle)
            .map_err(|error| error.to_string())?;
        let validator = Arc::new(validator);
        validators.insert(name.to_owned(), Arc::clone(&validator));
        Ok(validator)
    }

    /// The schema with all that it refers to, and no more: compiling against the whole document takes seconds.
    fn bundle(&self, schema: &Value) -> Value {
        let mut needed = BTreeMap::new();
        let root = convert(schema);
        let mut waiting = references(&root);
        while let Some(reference) = waiting.pop() {
            if needed.contains_key(&reference) {
                continue;
            }
            let target = reference.strip_prefix('#').and_then(|pointer| self.document.pointer(pointer));
            // What is referred to and is not there stays missing, and the compiler says so.
            let Some(target) = target.map(convert) else { continue };
            waiting.extend(references(&target));
            needed.insert(reference, target);
        }
        let mut bundle = json!({ "$ref": "#/root", "root": root });
        for (reference, target) in needed {
            place(&mut bundle, &reference, target);
        }
        bundle
    }
}

/// Puts `target` where `#/a/b/c` points to.
fn place(bundle: &mut Value, reference: &str, target: Value) {
    let mut at = bundle;
    for name in reference.trim_start_matches("#/").split('/') {
        let name = name.replace("~1", "/").replace("~0", "~");
        let object = at.as_object_mut().expect("only objects are made on the way");
        at = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
    }
    *at = target;
}

/// 3.0 says `nullable: true` where JSON Schema names `null` among the types.
fn convert(schema: &Value) -> Value {
    let Value::Object(object) = schema else {
        return match schema {
            Value::Array(items) => Value::Array(items.iter().map(convert).collect()),
            other => other.clone(),
        };
    };
    // Prose and examples are half of the document, and an example may look like a schema.
    let skipped = ["description", "example", "examples", "discriminator", "nullable", "deprecated", "title"];
    let is_schema = is_schema(object);
    let mut converted: Map<String, Value> = object
        .iter()
        .filter(|(key, _)| !(is_schema && skipped.contains(&key.as_str())))
        .map(|(key, value)| match key.as_str() {
            "enum" | "const" | "default" | "required" => (key.clone(), value.clone()),
            _ => (key.clone(), convert(value)),
        })
        .collect();
    if object.get("nullable") != Some(&Value::Bool(true)) {
        return Value::Object(converted);
    }
    if let Some(Value::Array(options)) = converted.get_mut("enum")
        && !options.contains(&Value::Null)
    {
        options.push(Value::Null);
    }
    let alternatives = ["allOf", "anyOf", "oneOf", "$ref"].iter().any(|key| converted.contains_key(*key));
    if alternatives {
        return json!({ "anyOf": [{ "type": "null" }, Value::Object(converted)] });
    }
    if let Some(kind) = converted.get_mut("type") {
        *kind = json!([kind.clone(), "null"]);
    }
    Value::Object(converted)
}

/// Whether an object is a schema and not a table of them: in `properties`, `title` and `description` are names of
/// fields, and their values objects.
fn is_schema(object: &Map<String, Value>) -> bool {
    let is_keyword = |key: &str| match object.get(key) {
        None => false,
        Some(value) => !value.is_object() || key == "properties" || key == "items",
    };
    ["type", "$ref", "allOf", "anyOf", "oneOf", "properties", "items", "enum", "nullable", "description", "title"]
        .into_iter()
        .any(is_keyword)
}

fn references(schema: &Value) -> Vec<String> {
    match schema {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(reference) if key == "$ref" => vec![reference.clone()],
                value => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// An error of the validator in one line. Of alternatives that all failed, the one that came closest is explained.
fn problem(error: &ValidationError<'_>, place: &str) -> Problem {
    let at = error.instance_path().to_string();
    let place_in_it = if at.is_empty() { place.to_owned() } else { format!("{place} {at}") };
    let closest = match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => context
            .iter()
            .filter(|branch| !branch.is_empty())
            .min_by_key(|branch| (distance(branch, &at), branch.len())),
        _ => None,
    };
    match closest.and_then(|branch| branch.first()) {
        Some(inner) => {
            let inner = problem(inner, place);
            Problem::new(inner.place, format!("{} (the closest of several alternatives)", inner.text))
        }
        None => Problem::new(place_in_it, error.masked().to_string().chars().take(300).collect::<String>()),
    }
}

/// A branch that takes another type altogether is further off than one whose inside does not fit. `at` is where the
/// branches begin.
fn distance(branch: &[ValidationError<'_>], at: &str) -> usize {
    let is_type = |error: &&ValidationError<'_>| matches!(error.kind(), ValidationErrorKind::Type { .. });
    branch.iter().filter(is_type).map(|error| if error.instance_path().to_string() == at { 100 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Description {
        let thing = json!({
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": { "type": "string", "nullable": true },
                "state": { "type": "string", "enum": ["open"], "nullable": true },
                "title": { "type": "string" },
                "parent": { "nullable": true, "allOf": [{ "$ref": "#/components/schemas/thing" }] },
                "size": { "oneOf": [{ "type": "integer" }, { "type": "object", "required": ["w"] }] },
            },
        });
        Description::new(json!({ "paths": {}, "components": { "schemas": { "thing": thing } } })).unwrap()
    }

    #[test]
    fn values_are_held_to_the_schema() {
        let description = description();
        let schema = json!({ "$ref": "#/components/schemas/thing" });
        let check = |value: Value, want: Option<&str>| {
            let got = description.validate("thing", &schema, &value, "body");
            let got: Vec<_> = got.iter().map(|problem| problem.place.as_str()).collect();
            assert_eq!(got, want.into_iter().collect::<Vec<_>>(), "{value}");
        };
        check(json!({ "name": "x", "extra": 1 }), None);
        check(json!({ "name": null, "state": null, "parent": null }), None);
        check(json!({ "name": "x", "parent": { "name": null, "parent": { "name": "y" } } }), None);
        check(json!({}), Some("body"));
        check(json!({ "name": 1 }), Some("body /name"));
        check(json!({ "name": "x", "state": "shut" }), Some("body /state"));
        check(json!({ "name": "x", "title": null }), Some("body /title"));
        check(json!({ "name": "x", "parent": { "name": 1 } }), Some("body /parent/name"));
        check(json!({ "name": "x", "size": {} }), Some("body /size"));
        check(json!({ "name": "x", "size": { "w": 1 } }), None);
    }

    #[test]
    fn a_schema_that_refers_to_nothing_is_a_problem() {
        let schema = json!({ "$ref": "#/components/schemas/gone" });
        let problems = description().validate("gone", &schema, &json!(1), "body");
        assert!(problems[0].text.contains("cannot be used"), "{problems:?}");
    }
}
