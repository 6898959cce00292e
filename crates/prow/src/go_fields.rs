//! A ProwJob as Go's templates see it: the operator's `job_url_template` and `report_templates` name Go's fields
//! (`{{.Spec.Refs.Org}}`), not the keys on the wire.

use serde_json::{Map, Value, json};

use crate::prowjob::{ProwJob, ProwJobSpec, ProwJobStatus};
use crate::refs::{Pull, Refs};

/// The object with Go's field names at every level that is typed here; what is raw JSON keeps its own keys. Every field
/// is there, empty where the object says nothing, since a template that names a field Go does not know fails.
pub fn of(job: &ProwJob) -> Value {
    let meta = &job.metadata;
    let meta = json!({
        "Name": meta.name,
        "Namespace": meta.namespace,
        "UID": meta.uid,
        "ResourceVersion": meta.resource_version,
        "CreationTimestamp": meta.creation_timestamp,
        "Labels": meta.labels,
        "Annotations": meta.annotations,
    });
    // Go's embedded struct: its fields can be named with and without it.
    let mut fields = meta.as_object().cloned().unwrap_or_default();
    fields.insert("ObjectMeta".into(), meta);
    fields.insert("APIVersion".into(), json!(job.api_version));
    fields.insert("Kind".into(), json!(job.kind));
    fields.insert("Spec".into(), spec(&job.spec));
    fields.insert("Status".into(), status(&job.status));
    Value::Object(fields)
}

fn spec(spec: &ProwJobSpec) -> Value {
    json!({
        "Type": spec.job_type,
        "Agent": spec.agent,
        "Cluster": spec.cluster,
        "Namespace": spec.namespace,
        "Job": spec.job,
        "Refs": spec.refs.as_ref().map(refs),
        "ExtraRefs": spec.extra_refs.iter().map(refs).collect::<Vec<_>>(),
        "Report": spec.report,
        "Context": spec.context,
        "RerunCommand": spec.rerun_command,
        "MaxConcurrency": spec.max_concurrency,
        "ErrorOnEviction": spec.error_on_eviction,
        "PodSpec": spec.pod_spec,
        "JenkinsSpec": spec.jenkins_spec,
        "PipelineRunSpec": spec.pipeline_run_spec,
        "TektonPipelineRunSpec": spec.tekton_pipeline_run_spec,
        "DecorationConfig": spec.decoration_config.as_ref().map(decoration),
        "ReporterConfig": spec.reporter_config,
        "RerunAuthConfig": spec.rerun_auth_config,
        "Hidden": spec.hidden,
        "ProwJobDefault": spec.prowjob_defaults,
        "JobQueueName": spec.job_queue_name,
    })
}

/// Of decoration, templates name where things are stored.
fn decoration(config: &Value) -> Value {
    let text = |key: &str| config["gcs_configuration"][key].as_str().unwrap_or_default().to_owned();
    json!({
        "GCSConfiguration": {
            "Bucket": text("bucket"),
            "PathPrefix": text("path_prefix"),
            "PathStrategy": text("path_strategy"),
            "DefaultOrg": text("default_org"),
            "DefaultRepo": text("default_repo"),
            "JobURLPrefix": text("job_url_prefix"),
        }
    })
}

fn refs(refs: &Refs) -> Value {
    json!({
        "Org": refs.org,
        "Repo": refs.repo,
        "RepoLink": refs.repo_link,
        "BaseRef": refs.base_ref,
        "BaseSHA": refs.base_sha,
        "BaseLink": refs.base_link,
        "Pulls": refs.pulls.iter().map(pull).collect::<Vec<_>>(),
        "PathAlias": refs.path_alias,
        "WorkDir": refs.workdir,
        "Auxiliary": refs.auxiliary,
        "CloneURI": refs.clone_uri,
        "SkipSubmodules": refs.skip_submodules,
        "CloneDepth": refs.clone_depth,
        "SkipFetchHead": refs.skip_fetch_head,
        "BloblessFetch": refs.blobless_fetch,
        "SparseCheckoutFiles": refs.sparse_checkout_files,
    })
}

fn pull(pull: &Pull) -> Value {
    json!({
        "Number": pull.number,
        "Author": pull.author,
        "SHA": pull.sha,
        "Title": pull.title,
        "Ref": pull.git_ref,
        "HeadRef": pull.head_ref,
        "Link": pull.link,
        "CommitLink": pull.commit_link,
        "AuthorLink": pull.author_link,
    })
}

fn status(status: &ProwJobStatus) -> Value {
    let mut fields = Map::new();
    for (name, value) in [
        ("StartTime", json!(status.start_time)),
        ("PendingTime", json!(status.pending_time)),
        ("CompletionTime", json!(status.completion_time)),
        ("State", json!(status.state)),
        ("Description", json!(status.description)),
        ("URL", json!(status.url)),
        ("PodName", json!(status.pod_name)),
        ("BuildID", json!(status.build_id)),
        ("JenkinsBuildID", json!(status.jenkins_build_id)),
        ("PrevReportStates", json!(status.prev_report_states)),
        ("PodRevivalCount", json!(status.pod_revival_count)),
    ] {
        fields.insert(name.to_owned(), value);
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prowjob::ProwJobType;

    #[test]
    fn fields_have_go_s_names_and_the_object_s_values() {
        let mut job = ProwJob::new("pj", ProwJobSpec::new(ProwJobType::Presubmit, "unit"));
        job.metadata.labels.insert("a/b".into(), "c".into());
        job.spec.refs = serde_json::from_value(json!({
            "org": "o", "repo": "r", "base_sha": "b", "pulls": [{"number": 7, "author": "a", "sha": "s"}]
        }))
        .unwrap();
        job.spec.decoration_config = Some(json!({"gcs_configuration": {"bucket": "gs://x"}}));
        job.status.build_id = "42".into();
        let fields = of(&job);
        for (path, want) in [
            ("/ObjectMeta/Name", json!("pj")),
            ("/Name", json!("pj")),
            ("/Labels/a~1b", json!("c")),
            ("/Spec/Type", json!("presubmit")),
            ("/Spec/Refs/BaseSHA", json!("b")),
            ("/Spec/Refs/Pulls/0/Number", json!(7)),
            ("/Spec/Refs/Pulls/0/SHA", json!("s")),
            ("/Spec/DecorationConfig/GCSConfiguration/Bucket", json!("gs://x")),
            ("/Status/BuildID", json!("42")),
            ("/Status/URL", json!("")),
        ] {
            assert_eq!(fields.pointer(path), Some(&want), "{path}");
        }
    }
}
