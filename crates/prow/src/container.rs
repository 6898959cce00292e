//! The one container of a pod spec that runs on this machine as a plain process.

use serde_json::Value;

use crate::prowjob::ProwJob;

/// What is run, as the job's author wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// The image, which a process on this machine does without.
    pub image: String,
    /// `command` and `args`, one after the other; never empty. `$(NAME)` is not replaced yet.
    pub command: Vec<String>,
    /// Name and value in the order given. `$(NAME)` is not replaced yet.
    pub env: Vec<(String, String)>,
    /// What else the author asked for and does not get here, to be told.
    pub ignored: Vec<String>,
}

/// The container of this job.
///
/// # Errors
/// Why this job cannot run as one process, and what would help.
pub fn of(job: &ProwJob) -> Result<Container, String> {
    let pod = job.spec.pod_spec.as_ref().ok_or("it has no `spec`: give the job a pod spec with one container")?;
    for key in ["initContainers", "ephemeralContainers"] {
        if pod[key].as_array().is_some_and(|list| !list.is_empty()) {
            return Err(format!(
                "its pod spec has `{key}`: a job on this machine is one process, so do their work in its command"
            ));
        }
    }
    let containers = pod["containers"].as_array().map_or(&[][..], Vec::as_slice);
    let [container] = containers else {
        return Err(format!(
            "its pod spec has {} containers: a job on this machine is one process, so give it exactly one",
            containers.len()
        ));
    };
    let mut command = strings(container, "command")?;
    command.extend(strings(container, "args")?);
    if command.is_empty() {
        return Err(
            "its container has neither `command` nor `args`: what the image would run by itself is not known here, \
             so write the command out"
                .to_owned(),
        );
    }
    if container["envFrom"].as_array().is_some_and(|list| !list.is_empty()) {
        return Err("its container has `envFrom`: there are no config maps or secrets on this machine, so write the \
             variables out as name and value"
            .to_owned());
    }
    Ok(Container {
        image: container["image"].as_str().unwrap_or_default().to_owned(),
        command,
        env: env(container)?,
        ignored: ["volumeMounts", "workingDir", "resources", "securityContext"]
            .into_iter()
            .filter(|key| !container[*key].is_null())
            .map(str::to_owned)
            .collect(),
    })
}

fn strings(container: &Value, key: &str) -> Result<Vec<String>, String> {
    let list = match &container[key] {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        _ => return Err(format!("its container's `{key}` is not a list: write it as a list of strings")),
    };
    list.iter()
        .map(|item| {
            let item = item.as_str().filter(|item| !item.contains('\0'));
            item.map(str::to_owned).ok_or_else(|| format!("its container's `{key}` is not a list of strings"))
        })
        .collect()
}

fn env(container: &Value) -> Result<Vec<(String, String)>, String> {
    let mut env = Vec::new();
    for entry in container["env"].as_array().into_iter().flatten() {
        let name = entry["name"].as_str().unwrap_or_default();
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(format!("its container has an environment variable named `{name}`: that is no name"));
        }
        if !entry["valueFrom"].is_null() {
            return Err(format!(
                "its environment variable `{name}` has `valueFrom`: there are no config maps or secrets on this machine, \
                 so give it a `value`"
            ));
        }
        let value = entry["value"].as_str().unwrap_or_default();
        if value.contains('\0') {
            return Err(format!("its environment variable `{name}` has a value with a zero byte"));
        }
        env.push((name.to_owned(), value.to_owned()));
    }
    Ok(env)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::prowjob::{ProwJobSpec, ProwJobType};

    fn container(pod: Option<Value>) -> Result<Container, String> {
        let mut job = ProwJob::new("x", ProwJobSpec::new(ProwJobType::Periodic, "j"));
        job.spec.pod_spec = pod;
        of(&job)
    }

    #[test]
    fn command_and_args_and_env_are_read() {
        let pod = json!({"containers": [{
            "name": "", "image": "tester", "command": ["/bin/thing"], "args": ["a", "b"],
            "env": [{"name": "MY", "value": "rocks"}, {"name": "EMPTY"}], "volumeMounts": []
        }]});
        assert_eq!(
            container(Some(pod)),
            Ok(Container {
                image: "tester".into(),
                command: vec!["/bin/thing".into(), "a".into(), "b".into()],
                env: vec![("MY".into(), "rocks".into()), ("EMPTY".into(), String::new())],
                ignored: vec!["volumeMounts".into()],
            })
        );
    }

    #[track_caller]
    fn check_refused(pod: Option<Value>, telling: &str) {
        let why = container(pod).unwrap_err();
        assert!(why.contains(telling), "{why}");
    }

    #[test]
    fn what_is_not_one_plain_process_is_refused() {
        let one = json!({"command": ["true"]});
        check_refused(None, "no `spec`");
        check_refused(Some(json!({})), "0 containers");
        check_refused(Some(json!({"containers": []})), "0 containers");
        check_refused(Some(json!({"containers": [one, one]})), "2 containers");
        check_refused(Some(json!({"containers": [one], "initContainers": [one]})), "`initContainers`");
        check_refused(Some(json!({"containers": [{"image": "x"}]})), "neither `command` nor `args`");
        check_refused(Some(json!({"containers": [{"command": "true"}]})), "not a list");
        check_refused(Some(json!({"containers": [{"command": [1]}]})), "list of strings");
        check_refused(Some(json!({"containers": [{"command": ["a\0"]}]})), "list of strings");
        check_refused(
            Some(
                json!({"containers": [{"command": ["true"], "env": [{"name": "T", "valueFrom": {"secretKeyRef": {}}}]}]}),
            ),
            "`valueFrom`",
        );
        check_refused(Some(json!({"containers": [{"command": ["true"], "envFrom": [{}]}]})), "`envFrom`");
        check_refused(Some(json!({"containers": [{"command": ["true"], "env": [{"name": "A=B"}]}]})), "no name");
    }
}
