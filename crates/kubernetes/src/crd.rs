//! The definition of the ProwJob as a custom resource, made of the types that read it.

use std::time::Duration;

use kube_core::params::{Patch, PatchParams};
use kube_core::request::Request;
use kube_core::schema::{OptionalEnum, StructuralSchemaRewriter};
use prow::prowjob::{KIND, ProwJob};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::cluster::Cluster;
use crate::error::ClusterError;

/// How long a new definition may take to be served.
const SERVED: Duration = Duration::from_secs(30);
/// How often it is looked whether it is.
const SERVED_POLL: Duration = Duration::from_millis(50);

/// The definition, as `deploy/prowjob-crd.yaml` holds it: Prow's group, names and printed columns, and what Prow's own
/// definition accepts. It has no status subresource, since Prow's tools write the status with the rest.
#[must_use]
pub fn definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": "prowjobs.prow.k8s.io",
            "annotations": {
                // The group is a protected one; this is where it was approved.
                "api-approved.kubernetes.io": "https://github.com/kubernetes/test-infra/pull/8669"
            },
        },
        "spec": {
            "group": "prow.k8s.io",
            "names": { "kind": KIND, "listKind": "ProwJobList", "plural": "prowjobs", "singular": "prowjob" },
            "scope": "Namespaced",
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "additionalPrinterColumns": columns(),
                "schema": { "openAPIV3Schema": schema() },
            }],
        },
    })
}

impl Cluster {
    /// Applies a definition of a custom resource, such as [`definition`], and waits until its objects are served. Applying it
    /// again changes nothing.
    ///
    /// # Errors
    /// What any call can meet; `Later` if it is not served in time.
    pub async fn apply_definition(&self, definition: &Value) -> Result<(), ClusterError> {
        let name = definition["metadata"]["name"].as_str().unwrap_or_default();
        let place = Request::new("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
        let params = PatchParams { force: true, field_manager: Some("bowsprit".to_owned()), ..PatchParams::default() };
        self.call(place.patch(name, &params, &Patch::Apply(definition))).await?;
        let started = Instant::now();
        let objects = format!(
            "/apis/{}/{}/{}",
            definition["spec"]["group"].as_str().unwrap_or_default(),
            definition["spec"]["versions"][0]["name"].as_str().unwrap_or_default(),
            definition["spec"]["names"]["plural"].as_str().unwrap_or_default(),
        );
        loop {
            match self.list(&objects, None).await {
                Ok(_) => return Ok(()),
                Err(error) => match ClusterError::from(error) {
                    // Not served yet.
                    ClusterError::NotFound(_) | ClusterError::Later { .. } if started.elapsed() < SERVED => {}
                    ClusterError::NotFound(why) => return Err(ClusterError::Later { after: SERVED, why }),
                    other => return Err(other),
                },
            }
            sleep(SERVED_POLL).await;
        }
    }
}

/// What `kubectl get prowjobs` prints.
fn columns() -> Value {
    let columns = [
        ("Job", "string", ".spec.job", "The job's name."),
        ("BuildId", "string", ".status.build_id", "The number of this run."),
        ("Type", "string", ".spec.type", "What made it start."),
        ("Org", "string", ".spec.refs.org", "The owner of the repository."),
        ("Repo", "string", ".spec.refs.repo", "The repository."),
        ("Pulls", "string", ".spec.refs.pulls[*].number", "The pull requests that it tests."),
        ("StartTime", "date", ".status.startTime", "When it was created."),
        ("CompletionTime", "date", ".status.completionTime", "When it was over."),
        ("State", "string", ".status.state", "How far it has come."),
    ];
    let column = |(name, kind, path, description): (&str, &str, &str, &str)| json!({ "name": name, "type": kind, "jsonPath": path, "description": description });
    columns.map(column).into_iter().collect()
}

fn schema() -> Value {
    let settings = SchemaSettings::openapi3().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let settings = settings.with_transform(StructuralSchemaRewriter).with_transform(OptionalEnum);
    let mut schema = settings.into_generator().into_root_schema_for::<ProwJob>().to_value();
    tidy(&mut schema);
    let root = schema.as_object_mut().expect("the schema of a struct is an object");
    // Prow's definition lets an object do without them too.
    root.remove("required");
    // Not even a description: metadata is the server's own.
    root["properties"]["metadata"] = json!({ "type": "object" });
    // What is over says when: readers go by the time alone.
    let over = json!({ "not": { "properties": { "state": { "enum": ["success", "failure", "error"] } } } });
    root["properties"]["status"]["anyOf"] = json!([over, { "required": ["completionTime"] }]);
    schema
}

/// Takes out what means something to Rust alone.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.remove("title");
            // No server knows these; what they would check, the minimum does.
            if object.get("format").is_some_and(|format| format.as_str().is_some_and(|it| it.starts_with("uint"))) {
                object.insert("format".to_owned(), "int64".into());
            }
            // A reader's default is no reason for a server to write it.
            if object.get("default").is_some_and(|default| !default.is_object() || object.contains_key("type")) {
                object.remove("default");
            }
            if let Some(Value::String(description)) = object.get_mut("description") {
                *description = description.replace("[`", "`").replace("`]", "`").replace('\n', " ");
            }
            for (key, value) in object.iter_mut() {
                match value {
                    // Keyed by fields' names, which may be anything.
                    Value::Object(fields) if key == "properties" => fields.values_mut().for_each(tidy),
                    value => tidy(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}
