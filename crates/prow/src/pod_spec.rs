//! What a job's pod may look like, checked when the config loads. The pod itself stays JSON.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::problem::{KeyPath, Problems};
use crate::prowjob::ProwJobType;
use crate::scalar::scalar_text;

const RESERVED_CONTAINERS: [&str; 4] = ["clonerefs", "initupload", "place-entrypoint", "sidecar"];
const RESERVED_VOLUMES: [&str; 5] = ["logs", "code", "tools", "gcs-credentials", "s3-credentials"];
const RESERVED_MOUNTS: [&str; 3] = ["logs", "code", "tools"];
const RESERVED_PATHS: [&str; 3] = ["/logs", "/home/prow/go", "/tools"];
const ENV_OF_ALL: [&str; 7] = ["CI", "JOB_NAME", "JOB_SPEC", "JOB_TYPE", "PROW_JOB_ID", "BUILD_ID", "BUILD_NUMBER"];
const ENV_OF_REFS: [&str; 7] =
    ["REPO_OWNER", "REPO_NAME", "SRC_BASE", "SRC_HOST", "PULL_BASE_REF", "PULL_BASE_SHA", "PULL_REFS"];
const ENV_OF_PULL: [&str; 4] = ["PULL_NUMBER", "PULL_PULL_SHA", "PULL_HEAD_REF", "PULL_TITLE"];

/// The items of a pod spec's list; none where there is no list.
pub(crate) fn items<'a>(spec: &'a Value, key: &str) -> &'a [Value] {
    spec.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The `name` of an item; empty where there is none.
pub(crate) fn name_of(item: &Value) -> &str {
    item.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// Makes texts of the numbers and booleans that stand where Kubernetes wants texts: env values, commands, arguments.
/// Prow's reader knows the types and does the same.
pub(crate) fn normalise_texts(spec: &mut Value) {
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            for key in ["command", "args"] {
                for item in container.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
                    make_text(item);
                }
            }
            for env in container.get_mut("env").and_then(Value::as_array_mut).into_iter().flatten() {
                normalise_env(env);
            }
        }
    }
}

/// The same for one entry of `env`.
pub(crate) fn normalise_env(env: &mut Value) {
    if let Some(value) = env.get_mut("value") {
        make_text(value);
    }
}

fn make_text(value: &mut Value) {
    if let Some(text) = scalar_text(value) {
        *value = Value::String(text);
    }
}

/// Checks a pod with its presets merged in. `at` is the place of `spec` in the file.
pub(crate) fn check(
    spec: &Value,
    job_type: ProwJobType,
    decoration: Option<&Value>,
    file: &str,
    at: &KeyPath,
    problems: &mut Problems,
) {
    let decorated = decoration.is_some();
    if !spec.is_object() {
        return problems.add(file, at.clone(), "`spec` is no pod: it takes `containers`");
    }
    let containers = items(spec, "containers");
    if containers.is_empty() {
        problems.add(file, at.clone(), "`spec` has no containers: a job needs at least one");
    }
    if containers.len() > 1 {
        check_several(containers, decorated, file, at, problems);
    }
    for (index, container) in items(spec, "initContainers").iter().enumerate() {
        if container.get("restartPolicy").and_then(Value::as_str) != Some("Always") {
            let at = at.key("initContainers").index(index);
            problems.add(file, at, "an init container of a job must be a sidecar: give it `restartPolicy: Always`");
        }
    }
    let reserved = reserved_volumes(decoration);
    let volumes = check_volumes(spec, &reserved, file, at, problems);
    for (index, container) in containers.iter().enumerate() {
        let at = at.key("containers").index(index);
        check_env(container, job_type, file, &at, problems);
        check_mounts(container, &volumes, file, &at, problems);
        let first = items(container, "command").iter().chain(items(container, "args")).next();
        if decorated && first.is_none_or(|first| first.as_str() == Some("")) {
            problems.add(
                file,
                at,
                "a decorated job's container needs `command` or `args`: what the image would run is not known",
            );
        }
    }
}

fn check_several(containers: &[Value], decorated: bool, file: &str, at: &KeyPath, problems: &mut Problems) {
    if !decorated {
        problems.add(file, at.clone(), "a job with several containers must be decorated: set `decorate: true`");
    }
    let mut seen = BTreeSet::new();
    for (index, container) in containers.iter().enumerate() {
        let at = at.key("containers").index(index);
        match name_of(container) {
            "" => problems.add(file, at, "a job with several containers must name each of them"),
            name if RESERVED_CONTAINERS.contains(&name) => {
                problems.add(file, at, format!("the container name `{name}` is reserved: choose another"));
            }
            name if !seen.insert(name) => {
                problems.add(file, at, format!("two containers are named `{name}`: rename one"))
            }
            _ => {}
        }
    }
}

fn check_env(container: &Value, job_type: ProwJobType, file: &str, at: &KeyPath, problems: &mut Problems) {
    let reserved = |name: &str| {
        let of_refs = job_type != ProwJobType::Periodic && ENV_OF_REFS.contains(&name);
        let of_pull = job_type == ProwJobType::Presubmit && ENV_OF_PULL.contains(&name);
        ENV_OF_ALL.contains(&name) || of_refs || of_pull
    };
    let mut seen = BTreeSet::new();
    for (index, env) in items(container, "env").iter().enumerate() {
        let at = at.key("env").index(index);
        let name = name_of(env);
        if reserved(name) {
            problems.add(file, at, format!("the variable `{name}` is set for every {job_type}: choose another name"));
        } else if !seen.insert(name) {
            problems.add(file, at, format!("the variable `{name}` is set twice: remove one"));
        }
    }
}

/// The names of volumes that decoration adds, whether this job is decorated or not.
///
/// Behaviour: Prow pkg/pod-utils/decorate, `VolumeMounts`.
fn reserved_volumes(decoration: Option<&Value>) -> BTreeSet<&str> {
    let mut names = BTreeSet::from(RESERVED_VOLUMES);
    let token = decoration.and_then(|config| config.get("oauth_token_secret"));
    names.extend(token.map(name_of));
    names.extend(decoration.into_iter().flat_map(|config| items(config, "ssh_key_secrets")).filter_map(Value::as_str));
    names
}

/// The names that mounts may have.
fn check_volumes<'a>(
    spec: &'a Value,
    reserved: &BTreeSet<&'a str>,
    file: &str,
    at: &KeyPath,
    problems: &mut Problems,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    for (index, volume) in items(spec, "volumes").iter().enumerate() {
        let at = at.key("volumes").index(index);
        let name = name_of(volume);
        if reserved.contains(name) {
            problems.add(file, at, format!("the volume name `{name}` is reserved for decoration: choose another"));
        } else if !seen.insert(name) {
            problems.add(file, at, format!("two volumes are named `{name}`: rename one"));
        }
    }
    seen.extend(reserved);
    seen
}

/// Behaviour: Prow pkg/config, `validatePodSpec`: paths are compared as they are written.
fn check_mounts(container: &Value, volumes: &BTreeSet<&str>, file: &str, at: &KeyPath, problems: &mut Problems) {
    for (index, mount) in items(container, "volumeMounts").iter().enumerate() {
        let at = at.key("volumeMounts").index(index);
        let name = name_of(mount);
        let path = mount.get("mountPath").and_then(Value::as_str).unwrap_or_default();
        if RESERVED_PATHS.contains(&path) {
            problems.add(file, at, format!("`{path}` is reserved for decoration: mount it at another path"));
        } else if RESERVED_MOUNTS.contains(&name) {
            problems.add(file, at, format!("the mount `{name}` is reserved for decoration: choose another name"));
        } else if !volumes.contains(name) {
            problems.add(file, at, format!("the mount `{name}` names no volume of the pod: add it under `volumes`"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_spec(spec: Value, decorated: bool, want: &[&str]) {
        let mut problems = Problems::new();
        let decoration =
            decorated.then(|| json!({"ssh_key_secrets": ["key"], "oauth_token_secret": {"name": "token"}}));
        check(&spec, ProwJobType::Presubmit, decoration.as_ref(), "f", &KeyPath::root().key("spec"), &mut problems);
        let found: Vec<_> = problems.into_vec().into_iter().map(|problem| problem.to_string()).collect();
        assert_eq!(found.len(), want.len(), "{found:?}");
        for (found, want) in found.iter().zip(want) {
            assert!(found.contains(want), "{found:?} lacks {want:?}");
        }
    }

    #[test]
    fn containers() {
        check_spec(json!({"containers": [{"image": "a"}]}), false, &[]);
        check_spec(json!({}), false, &["spec: `spec` has no containers"]);
        check_spec(json!([]), false, &["no pod"]);
        let two = |one: &str, other: &str| json!({"containers": [{"name": one, "args": ["a"]}, {"name": other, "args": ["a"]}]});
        check_spec(two("a", "b"), true, &[]);
        check_spec(two("a", "b"), false, &["must be decorated"]);
        check_spec(two("a", "a"), true, &["spec.containers[1]: two containers"]);
        check_spec(two("a", "sidecar"), true, &["reserved"]);
        check_spec(two("", "b"), true, &["name each"]);
        check_spec(json!({"containers": [{}]}), true, &["`command` or `args`"]);
        check_spec(
            json!({"containers": [{}], "initContainers": [{"name": "i"}]}),
            false,
            &["initContainers[0]: an init"],
        );
        check_spec(json!({"containers": [{}], "initContainers": [{"restartPolicy": "Always"}]}), false, &[]);
    }

    #[test]
    fn env() {
        let env = |names: &[&str]| {
            let env: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
            json!({"containers": [{"env": env}]})
        };
        check_spec(env(&["A", "B"]), false, &[]);
        check_spec(env(&["A", "A"]), false, &["containers[0].env[1]: the variable `A` is set twice"]);
        check_spec(env(&["JOB_NAME", "PULL_NUMBER", "PULL_REFS"]), false, &["JOB_NAME", "PULL_NUMBER", "PULL_REFS"]);
    }

    #[test]
    fn volumes() {
        let pod = |volumes: &[&str], name: &str, path: &str| {
            let volumes: Vec<_> = volumes.iter().map(|name| json!({"name": name})).collect();
            json!({"volumes": volumes, "containers": [{"args": ["a"], "volumeMounts": [{"name": name, "mountPath": path}]}]})
        };
        check_spec(pod(&["v"], "v", "/v"), true, &[]);
        check_spec(pod(&["v", "v"], "v", "/v"), true, &["two volumes"]);
        check_spec(pod(&["v"], "w", "/v"), true, &["names no volume"]);
        check_spec(pod(&["v"], "v", "/logs"), false, &["`/logs` is reserved"]);
        check_spec(pod(&["v"], "v", "/home/prow/go"), true, &["`/home/prow/go` is reserved"]);
        check_spec(pod(&["v"], "v", "/logs/sub"), true, &[]);
        check_spec(pod(&["v"], "v", "/home"), true, &[]);
        check_spec(
            pod(&["logs"], "logs", "/l"),
            false,
            &["volumes[0]: the volume name `logs` is reserved", "mount `logs`"],
        );
        check_spec(pod(&["token"], "token", "/t"), true, &["the volume name `token` is reserved"]);
        check_spec(pod(&["token", "key"], "key", "/t"), false, &[]);
        check_spec(pod(&[], "gcs-credentials", "/g"), false, &[]);
    }

    #[test]
    fn numbers_become_texts_where_texts_are_wanted() {
        let mut spec =
            json!({"containers": [{"command": ["sleep", 5], "args": [true], "env": [{"name": "A", "value": 1.5}]}]});
        normalise_texts(&mut spec);
        assert_eq!(
            spec,
            json!({"containers": [{"command": ["sleep", "5"], "args": ["true"], "env": [{"name": "A", "value": "1.5"}]}]})
        );
    }
}
