//! Jobs as config.yaml has them, read and matched by the code that the host matches with.

use kit::prow::job_config::{Config, Named};
use serde_json::{Value, json};

/// A job of that name with these keys.
pub(super) fn job(name: &str, keys: Value) -> Value {
    let mut job =
        json!({"name": name, "context": format!("pull-{name}"), "spec": {"containers": [{"command": ["make"]}]}});
    job.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    job
}

/// A configuration with these jobs of `org/repo`; `kind` is `presubmits` or `postsubmits`.
#[track_caller]
pub(super) fn config(kind: &str, jobs: &[Value]) -> Config {
    let raw = serde_json::from_value(json!({kind: {"org/repo": jobs}})).unwrap();
    Config::check(Named { file: "config.yaml".to_owned(), raw }, Vec::new()).unwrap()
}
