//! Presets: what many jobs' pods have in common, merged in by label.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::pod_spec::{name_of, normalise_env};
use crate::raw_config::RawPreset;

/// One preset.
///
/// Behaviour: Prow pkg/config, `mergePreset`: it applies to jobs that have all of its labels, a preset without labels
/// to every job with a pod. What the pod has already is a collision, never overridden.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Preset {
    /// The labels that a job must have.
    pub labels: BTreeMap<String, String>,
    env: Vec<Value>,
    volumes: Vec<Value>,
    volume_mounts: Vec<Value>,
    tolerations: Vec<Value>,
}

impl From<RawPreset> for Preset {
    fn from(raw: RawPreset) -> Self {
        let mut env = raw.env.unwrap_or_default();
        env.iter_mut().for_each(normalise_env);
        Self {
            labels: raw.labels.unwrap_or_default(),
            env,
            volumes: raw.volumes.unwrap_or_default(),
            volume_mounts: raw.volume_mounts.unwrap_or_default(),
            tolerations: raw.tolerations.unwrap_or_default(),
        }
    }
}

impl Preset {
    /// Whether a job with these labels gets the preset.
    pub fn applies_to(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }

    /// How many bytes it adds to a pod with one container, about.
    pub(crate) fn weight(&self) -> usize {
        let lists = [&self.env, &self.volumes, &self.volume_mounts, &self.tolerations];
        lists.into_iter().flatten().map(|value| value.to_string().len()).sum()
    }

    /// Merges the preset into a pod spec.
    ///
    /// # Errors
    /// What the pod has already. The spec is then half merged, and not to be used.
    pub fn merge_into(&self, spec: &mut Value) -> Result<(), String> {
        for container in list(spec, "containers").iter_mut() {
            let env = list(container, "env");
            for new in &self.env {
                add_named(env, new, "the variable")?;
            }
        }
        let volumes = list(spec, "volumes");
        for new in &self.volumes {
            add_named(volumes, new, "the volume")?;
        }
        for container in list(spec, "containers").iter_mut() {
            let mounts = list(container, "volumeMounts");
            for new in &self.volume_mounts {
                add_named(mounts, new, "the volume mount")?;
            }
        }
        let tolerations = list(spec, "tolerations");
        for new in &self.tolerations {
            if tolerations.contains(new) {
                return Err(format!("the toleration {new}"));
            }
            tolerations.push(new.clone());
        }
        drop_empty_lists(spec);
        Ok(())
    }
}

/// The list under `key`, made where there is none. What stands there and is no list is left to the pod's own check.
fn list<'a>(parent: &'a mut Value, key: &str) -> &'a mut Vec<Value> {
    if !parent.is_object() {
        *parent = json!({});
    }
    let entry = &mut parent[key];
    if !entry.is_array() {
        *entry = Value::Array(Vec::new());
    }
    entry.as_array_mut().expect("it was made a list just now")
}

fn add_named(list: &mut Vec<Value>, new: &Value, what: &str) -> Result<(), String> {
    let name = name_of(new);
    if list.iter().any(|old| name_of(old) == name) {
        return Err(format!("{what} `{name}`"));
    }
    list.push(new.clone());
    Ok(())
}

/// Takes out the empty lists that merging made, so that a pod without volumes shows none.
fn drop_empty_lists(spec: &mut Value) {
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    if let Some(spec) = spec.as_object_mut() {
        spec.retain(|key, value| key == "containers" || !is_empty(value));
        for container in spec.get_mut("containers").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(container) = container.as_object_mut() {
                container.retain(|_, value| !is_empty(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preset() -> Preset {
        let raw: RawPreset = serde_json::from_value(json!({
            "labels": {"preset-a": "true"},
            "env": [{"name": "A", "value": 1}],
            "volumes": [{"name": "v", "emptyDir": {}}],
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
            "tolerations": [{"key": "k"}],
        }))
        .unwrap();
        Preset::from(raw)
    }

    #[test]
    fn it_applies_where_all_labels_are_equal() {
        let labels = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert!(preset().applies_to(&labels(&[("preset-a", "true"), ("other", "x")])));
        assert!(!preset().applies_to(&labels(&[("preset-a", "false")])));
        assert!(!preset().applies_to(&labels(&[])));
        assert!(Preset::default().applies_to(&labels(&[])));
    }

    #[test]
    fn env_and_mounts_go_to_every_container() {
        let mut spec = json!({"containers": [{"name": "c"}, {"name": "d", "env": [{"name": "B"}]}]});
        preset().merge_into(&mut spec).unwrap();
        let mount = json!([{"name": "v", "mountPath": "/v"}]);
        assert_eq!(
            spec,
            json!({
                "containers": [
                    {"name": "c", "env": [{"name": "A", "value": "1"}], "volumeMounts": mount},
                    {"name": "d", "env": [{"name": "B"}, {"name": "A", "value": "1"}], "volumeMounts": mount},
                ],
                "volumes": [{"name": "v", "emptyDir": {}}],
                "tolerations": [{"key": "k"}],
            })
        );
    }

    #[track_caller]
    fn check_collision(spec: Value, want: &str) {
        let mut spec = spec;
        assert_eq!(preset().merge_into(&mut spec), Err(want.to_owned()));
    }

    #[test]
    fn what_the_pod_has_already_is_a_collision() {
        check_collision(json!({"containers": [{"env": [{"name": "A"}]}]}), "the variable `A`");
        check_collision(json!({"containers": [{}], "volumes": [{"name": "v"}]}), "the volume `v`");
        check_collision(json!({"containers": [{"volumeMounts": [{"name": "v"}]}]}), "the volume mount `v`");
        check_collision(json!({"containers": [{}], "tolerations": [{"key": "k"}]}), "the toleration {\"key\":\"k\"}");
    }
}
