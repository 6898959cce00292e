//! ProwJobs as custom resources of an API server. All writes go to the main resource, status included: Prow's definition has
//! no status subresource, and its tools write so too.

use futures_util::future::BoxFuture;
use kube_core::params::{DeleteParams, GetParams, Patch, PatchParams, PostParams};
use kube_core::request::Request;
use prow::prowjob::{API_VERSION, KIND, ProwJob};
use serde_json::{Map, Value};
use store::{Changes, Created, ProwJobStore, ProwJobs, Revision, Selector, StoreError};
use tracing::debug;

use crate::changes::KubernetesChanges;
use crate::cluster::{Cluster, path};
use crate::error::CallError;
use crate::names;

/// Who we are in `managedFields`.
const MANAGER: &str = "bowsprit";
/// How often a patch of whatever is there is sent again that the server could not fit between others' writes.
const ATTEMPTS: usize = 20;
/// What the server alone sets, and no patch of ours may touch.
const IDENTITY: [&str; 8] =
    ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink"];

/// The ProwJobs in one namespace of a cluster: what is created goes there, and nothing else is seen.
#[must_use]
pub fn prowjobs(cluster: Cluster, namespace: &str) -> ProwJobs {
    ProwJobs::new(KubernetesProwJobs { cluster, namespace: namespace.to_owned() })
}

struct KubernetesProwJobs {
    cluster: Cluster,
    namespace: String,
}

impl KubernetesProwJobs {
    fn request(&self) -> Request {
        Request::new(place(&self.namespace))
    }

    fn fault(&self, error: CallError) -> StoreError {
        error.of_store(self.cluster.server())
    }

    async fn create(&self, job: &ProwJob) -> Result<Created, StoreError> {
        if !names::is_name(job.name()) {
            return Err(invalid(format!("`{}` is no name that a ProwJob can have", job.name())));
        }
        let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
        let body = new_object(job, &self.namespace)?.to_string().into_bytes();
        match self.cluster.call(self.request().create(&params, body)).await {
            Ok(_) => Ok(Created::New),
            Err(error) if error.is_conflict() => Ok(Created::AlreadyThere),
            Err(error) => Err(self.fault(error)),
        }
    }

    async fn get(&self, name: &str) -> Result<Option<ProwJob>, StoreError> {
        if !names::is_name(name) {
            return Ok(None);
        }
        match self.cluster.call(self.request().get(name, &GetParams::default())).await {
            Ok(object) => from_json(object).map(Some),
            Err(error) if error.is_absent(name) => Ok(None),
            Err(error) => Err(self.fault(error)),
        }
    }

    async fn list(&self, selector: &Selector) -> Result<Vec<ProwJob>, StoreError> {
        // Nothing can bear a value that no label may have; the server would take it for a mistake.
        if !selector.labels.values().all(|value| names::is_label_value(value)) {
            return Ok(Vec::new());
        }
        let pairs: Vec<_> = selector.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let labels = (!pairs.is_empty()).then(|| pairs.join(","));
        let listed = self.cluster.list(&place(&self.namespace), labels.as_deref()).await;
        let (objects, _) = listed.map_err(|error| self.fault(error))?;
        let mut jobs: Vec<_> = objects.into_iter().filter_map(readable).collect();
        // No field of a custom resource can be selected by, as Prow defines this one.
        jobs.retain(|job| !selector.incomplete_only || !job.is_complete());
        jobs.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        Ok(jobs)
    }

    async fn patch(&self, name: &str, expected: Option<&str>, patch: &Value) -> Result<Option<ProwJob>, StoreError> {
        if !names::is_name(name) {
            return Ok(None);
        }
        let patch = Patch::Merge(own_fields(patch, expected)?);
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        for attempt in 1.. {
            match self.cluster.call(self.request().patch(name, &params, &patch)).await {
                Ok(object) => return from_json(object).map(Some),
                Err(error) if error.is_absent(name) => return Ok(None),
                Err(error) if error.is_conflict() => match expected {
                    Some(expected) => return self.conflict(name, expected).await,
                    None if attempt < ATTEMPTS => debug!(prowjob = %name, attempt, "others write too: once more"),
                    None => return Err(self.fault(error)),
                },
                Err(error) => return Err(self.fault(error)),
            }
        }
        unreachable!("the last attempt returns")
    }

    /// What an update of a version comes to that is no longer the current one.
    async fn conflict(&self, name: &str, expected: &str) -> Result<Option<ProwJob>, StoreError> {
        let Some(now) = self.get(name).await? else { return Ok(None) };
        let (name, expected, current) = (name.to_owned(), expected.to_owned(), now.metadata.resource_version);
        Err(StoreError::Conflict { name, expected, current })
    }

    async fn delete(&self, name: &str) -> Result<bool, StoreError> {
        if !names::is_name(name) {
            return Ok(false);
        }
        match self.cluster.call(self.request().delete(name, &DeleteParams::default())).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_absent(name) => Ok(false),
            Err(error) => Err(self.fault(error)),
        }
    }
}

impl ProwJobStore for KubernetesProwJobs {
    fn create<'a>(&'a self, job: &'a ProwJob) -> BoxFuture<'a, Result<Created, StoreError>> {
        Box::pin(self.create(job))
    }

    fn get<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<ProwJob>, StoreError>> {
        Box::pin(self.get(name))
    }

    fn list<'a>(&'a self, selector: &'a Selector) -> BoxFuture<'a, Result<Vec<ProwJob>, StoreError>> {
        Box::pin(self.list(selector))
    }

    fn patch<'a>(
        &'a self,
        name: &'a str,
        expected: Option<&'a str>,
        merge_patch: &'a Value,
    ) -> BoxFuture<'a, Result<Option<ProwJob>, StoreError>> {
        Box::pin(self.patch(name, expected, merge_patch))
    }

    fn delete<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(self.delete(name))
    }

    fn watch(&self, since: Revision) -> Box<dyn Changes> {
        Box::new(KubernetesChanges::start(self.cluster.clone(), place(&self.namespace), since))
    }
}

fn place(namespace: &str) -> String {
    path("apis/prow.k8s.io/v1", namespace, "prowjobs")
}

/// A ProwJob as a server takes a new one: without what the server itself sets, and without a status that says nothing, which
/// Prow's definition refuses.
fn new_object(job: &ProwJob, namespace: &str) -> Result<Value, StoreError> {
    let mut object = serde_json::to_value(job).map_err(|error| invalid(format!("not a ProwJob: {error}")))?;
    let object_map = object.as_object_mut().expect("a ProwJob is a JSON object");
    let metadata = object_map.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    let metadata = metadata.as_object_mut().expect("metadata is a JSON object");
    metadata.retain(|key, _| key == "name" || !IDENTITY.contains(&key.as_str()));
    metadata.insert("namespace".to_owned(), namespace.into());
    if object_map.get("status").and_then(Value::as_object).is_some_and(Map::is_empty) {
        object_map.remove("status");
    }
    object_map.insert("apiVersion".to_owned(), API_VERSION.into());
    object_map.insert("kind".to_owned(), KIND.into());
    Ok(object)
}

/// The patch without what it may not change, and with the version that it is for.
fn own_fields(patch: &Value, expected: Option<&str>) -> Result<Value, StoreError> {
    let mut patch = patch.clone();
    let Some(fields) = patch.as_object_mut() else { return Err(invalid("a patch is a JSON object".to_owned())) };
    // The definition may do without a spec, as Prow's does, but no ProwJob can.
    if fields.get("spec").is_some_and(|spec| !spec.is_object()) {
        return Err(invalid("a ProwJob needs a spec".to_owned()));
    }
    if let Some(metadata) = fields.get_mut("metadata") {
        let Some(metadata) = metadata.as_object_mut() else {
            return Err(invalid("a ProwJob needs its metadata".to_owned()));
        };
        metadata.retain(|key, _| !IDENTITY.contains(&key.as_str()));
    }
    if let Some(version) = expected {
        let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        metadata["resourceVersion"] = version.into();
    }
    Ok(patch)
}

pub(crate) fn from_json(object: Value) -> Result<ProwJob, StoreError> {
    let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    serde_json::from_value(object).map_err(|error| invalid(format!("`{name}` is no ProwJob: {error}")))
}

/// One object that nobody can read must not hide the others; a watch tells of it.
fn readable(object: Value) -> Option<ProwJob> {
    from_json(object).inspect_err(|error| debug!(%error, "left out of a list")).ok()
}

fn invalid(what: String) -> StoreError {
    StoreError::Invalid { what }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(patch: Value, expected: Option<&str>, want: Option<Value>) {
        assert_eq!(own_fields(&patch, expected).ok(), want, "{patch} {expected:?}");
    }

    #[test]
    fn a_patch_touches_neither_identity_nor_shape() {
        let status = json!({ "status": { "state": "pending" } });
        check(status.clone(), None, Some(status.clone()));
        let versioned = json!({ "status": { "state": "pending" }, "metadata": { "resourceVersion": "7" } });
        check(status, Some("7"), Some(versioned));
        let theft = json!({ "metadata": { "name": "z", "uid": "z", "resourceVersion": "1", "labels": { "a": null } } });
        check(theft.clone(), None, Some(json!({ "metadata": { "labels": { "a": null } } })));
        let own = json!({ "metadata": { "labels": { "a": null }, "resourceVersion": "9" } });
        check(theft, Some("9"), Some(own));
        for broken in
            [json!({ "spec": null }), json!({ "spec": 1 }), json!({ "metadata": null }), json!(null), json!([])]
        {
            check(broken, None, None);
        }
    }

    #[test]
    fn a_new_object_brings_nothing_that_the_server_sets() {
        let mut job: ProwJob = serde_json::from_value(json!({
            "metadata": { "name": "a", "namespace": "elsewhere", "uid": "u", "resourceVersion": "1",
                "creationTimestamp": "2026-01-02T03:04:05Z", "managedFields": [], "labels": { "l": "v" }, "finalizers": ["f"] },
            "spec": { "type": "periodic", "job": "j" }
        }))
        .unwrap();
        let want = json!({
            "apiVersion": "prow.k8s.io/v1", "kind": "ProwJob",
            "metadata": { "name": "a", "namespace": "here", "labels": { "l": "v" }, "finalizers": ["f"] },
            "spec": { "type": "periodic", "job": "j" }
        });
        assert_eq!(new_object(&job, "here").unwrap(), want);
        job.status.state = prow::prowjob::ProwJobState::Triggered;
        assert_eq!(new_object(&job, "here").unwrap()["status"], json!({ "state": "triggered" }));
    }
}
