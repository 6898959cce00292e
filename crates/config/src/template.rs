//! Go templates: checked for what can be told without data, and executed.

mod actions;
mod blocks;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::{MissingKey, Template, TemplateError};
use serde_json::Value;

/// Whether a template can be parsed.
///
/// # Errors
/// Says what is wrong with it.
pub fn check(template: &str) -> Result<(), String> {
    Template::new("").parse(template).map_err(|error| error.to_string())?;
    blocks::check(template)
}

/// The text that a template gives for `data`, whose objects are taken for Go structs: a field that is not there is an
/// error, and so is a field of nothing. Only labels and annotations are maps, which have no value for what is not there.
///
/// # Errors
/// What is wrong with the template, or why it does not fit the data.
pub fn render(template: &str, data: &Value) -> Result<String, String> {
    let template = actions::name_labels(template);
    let empty = || gotmpl::Value::String("".into());
    let template = Template::new("config")
        .missing_key(MissingKey::Error)
        .func(actions::FIELD, |arguments| Ok(label(arguments)?.unwrap_or(gotmpl::Value::Nil)))
        .func(actions::INDEX, move |arguments| Ok(label(arguments)?.unwrap_or_else(empty)))
        .parse(&template);
    template.map_err(|error| error.to_string())?.execute_to_string(&to_go(data)).map_err(|error| error.to_string())
}

/// The label of that name in those labels, if it is there.
fn label(arguments: &[gotmpl::Value]) -> gotmpl::Result<Option<gotmpl::Value>> {
    match arguments {
        [gotmpl::Value::Map(labels), gotmpl::Value::String(name)] => Ok(labels.get(name).cloned()),
        _ => Err(TemplateError::Exec("a label has one name, which is a text".to_owned())),
    }
}

fn to_go(value: &Value) -> gotmpl::Value {
    match value {
        // A field of `Nil` would be another, where Go fails; it fails for a text.
        Value::Null => gotmpl::Value::String("".into()),
        Value::Bool(value) => gotmpl::Value::Bool(*value),
        Value::Number(number) => match number.as_i64() {
            Some(number) => gotmpl::Value::Int(number),
            None => gotmpl::Value::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => gotmpl::Value::String(text.as_str().into()),
        Value::Array(items) => gotmpl::Value::List(items.iter().map(to_go).collect()),
        Value::Object(map) => {
            let map: BTreeMap<Arc<str>, gotmpl::Value> =
                map.iter().map(|(key, value)| (key.as_str().into(), to_go(value))).collect();
            gotmpl::Value::Map(Arc::new(map))
        }
    }
}
