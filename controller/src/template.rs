//! Go templates of the config, executed on a ProwJob.

use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::Template;
use prow::go_fields;
use prow::prowjob::ProwJob;
use serde_json::Value;

/// The template's text for this job.
///
/// # Errors
/// What is wrong with the template, or why it does not fit this job.
pub(crate) fn render(template: &str, job: &ProwJob) -> Result<String, String> {
    let template = Template::new("config").parse(template).map_err(|e| e.to_string())?;
    template.execute_to_string(&to_go(&go_fields::of(job))).map_err(|e| e.to_string())
}

fn to_go(value: &Value) -> gotmpl::Value {
    match value {
        Value::Null => gotmpl::Value::Nil,
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

#[cfg(test)]
mod tests {
    use prow::prowjob::{ProwJobSpec, ProwJobState, ProwJobType};
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(template: &str, want: Option<&str>) {
        let mut job = ProwJob::new("pj", ProwJobSpec::new(ProwJobType::Presubmit, "unit"));
        job.status.state = ProwJobState::Pending;
        job.spec.refs = serde_json::from_value(json!({
            "org": "o", "repo": "r", "pulls": [{"number": 7, "author": "a", "sha": "s"}]
        }))
        .unwrap();
        let got = render(template, &job);
        assert_eq!(got.as_deref().ok(), want, "{template}: {got:?}");
    }

    #[test]
    fn fields_are_go_s() {
        check("{{.ObjectMeta.Name}}/{{.Status.State}}", Some("pj/pending"));
        check("{{.Name}}", Some("pj"));
        check("{{with .Spec.Refs}}{{.Org}}/{{.Repo}}{{end}}", Some("o/r"));
        check("{{(index .Spec.Refs.Pulls 0).Number}}", Some("7"));
        check("{{range .Spec.Refs.Pulls}}#{{.Number}} {{end}}", Some("#7 "));
        check(r#"{{if eq .Spec.Type "presubmit"}}pr{{else}}other{{end}}"#, Some("pr"));
        check("{{.Spec", None);
        check("{{index .Spec.Refs.Pulls 9}}", None);
    }
}
