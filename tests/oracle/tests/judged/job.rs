//! Templates on ProwJobs, which are Go structs in Prow: what Go has no field for is an error, and so is a field of nothing.

use config::template;
use prow::go_fields;
use prow::prowjob::ProwJob;
use serde_json::{Value, json};

use crate::judge::{Case, Known};

/// On a presubmit.
const PRESUBMIT: &[&str] = &[
    "{{.Name}} {{.ObjectMeta.Name}} {{.Namespace}}",
    "{{.Spec.Type}} {{.Spec.Job}} {{.Status.State}} {{.Status.BuildID}}",
    "https://deck/view/gs/{{.Spec.DecorationConfig.GCSConfiguration.Bucket}}/{{.Spec.Job}}/{{.Status.BuildID}}",
    "{{if .Spec.Refs}}{{.Spec.Refs.Org}}_{{.Spec.Refs.Repo}}{{end}}",
    "{{with .Spec.Refs}}{{if ne .Org \"\"}}{{.Org}}/{{end}}{{.Repo}}{{end}}",
    "{{range .Spec.Refs.Pulls}}#{{.Number}} by {{.Author}}: {{.Title}} {{end}}",
    "{{(index .Spec.Refs.Pulls 0).Number}}",
    "{{index .Spec.Refs.Pulls 1}}",
    "{{range $i, $p := .Spec.Refs.Pulls}}{{if $i}},{{end}}{{$p.SHA}}{{end}}",
    "{{len .Spec.Refs.Pulls}} {{len .Spec.ExtraRefs}}",
    "{{if eq .Spec.Type \"presubmit\"}}pr-logs/pull{{else if eq .Spec.Type \"batch\"}}pr-logs/pull/batch{{else}}logs{{end}}",
    "{{eq .Spec.Type .Spec.Job}}",
    "{{.Spec.Type | printf \"%s\" | len}}",
    "{{.Labels.team}} {{index .Labels \"prow.k8s.io/type\"}}",
    "{{.ObjectMeta.Labels.missing}}",
    "{{index .Labels \"missing\"}}",
    "{{if .Labels.missing}}a{{else}}b{{end}}",
    "{{.Labels}}",
    "{{range $k, $v := .Labels}}{{$k}}={{$v} }{{end}}",
    "{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}",
    "{{if .Spec.ExtraRefs}}a{{else}}b{{end}}",
    "{{.Spec.Report}} {{.Spec.MaxConcurrency}} {{.Spec.Context}}",
    // No such field.
    "{{.Foo}}",
    "{{.Spec.Foo}}",
    "{{.Spec.Refs.Foo}}",
    "{{.spec.job}}",
    "{{.Spec.Refs.org}}",
    "{{range .Spec.Refs.Pulls}}{{.Foo}}{{end}}",
    "{{if .Spec.Foo}}a{{end}}",
    "{{with .Status.Foo}}a{{end}}",
    "{{.Spec.Job.Foo}}",
    "{{.Status.State.Foo}}",
    "{{if false}}{{.Spec.Foo}}{{end}}",
    "{{and false .Spec.Foo}}",
    "{{.Spec.Refs.Pulls.Number}}",
    "{{.Spec.Missing.More}}",
];

/// On a periodic, which has neither refs nor decoration.
const PERIODIC: &[&str] = &[
    "{{.Spec.Job}}",
    "{{if .Spec.Refs}}a{{else}}b{{end}}",
    "{{with .Spec.Refs}}{{.Org}}{{else}}none{{end}}",
    "{{.Spec.Refs.Org}}",
    "{{.Spec.Refs.Pulls}}",
    "{{range .Spec.Refs.Pulls}}a{{end}}",
    "{{.Spec.DecorationConfig.GCSConfiguration.Bucket}}",
    "{{if .Spec.DecorationConfig}}a{{else}}b{{end}}",
    "{{with .Spec.DecorationConfig}}{{.GCSConfiguration.Bucket}}{{end}}",
    "{{if and .Spec.Refs .Spec.Refs.Org}}a{{else}}b{{end}}",
    "{{if .Spec.Refs.Org}}a{{end}}",
    "{{with .Spec.ExtraRefs}}{{(index . 0).Org}}{{end}}",
    "{{(index .Spec.ExtraRefs 0).Org}}",
    "{{not .Spec.Refs}}",
    "{{.Status.URL}}x",
    "{{.Labels.a}}",
    "{{if .Labels}}a{{else}}b{{end}}",
];

/// On a periodic: Go writes `<nil>` for what is not there, we nothing.
const OTHERWISE: &[&str] = &["{{.Spec.Refs}}x", "{{printf \"%v\" .Spec.Refs}}"];

/// On a periodic.
const REFUSED: &[(&str, &str)] = &[("{{eq .Spec.Refs nil}}", "`nil`")];

pub(crate) fn cases() -> Vec<Case> {
    let presubmit = || {
        json!({
            "metadata": {"name": "pj", "namespace": "ns", "labels": {"prow.k8s.io/type": "presubmit", "team": "x"}},
            "spec": {
                "type": "presubmit", "job": "unit", "report": true, "context": "ci/unit", "max_concurrency": 3,
                "refs": {"org": "o", "repo": "r", "base_ref": "main", "base_sha": "b", "pulls": [
                    {"number": 7, "author": "a", "sha": "s", "title": "t"},
                ]},
                "decoration_config": {"gcs_configuration": {"bucket": "bkt"}},
            },
            "status": {"state": "pending", "build_id": "42"},
        })
    };
    let periodic = || {
        json!({
            "metadata": {"name": "pj"},
            "spec": {"type": "periodic", "job": "nightly"},
            "status": {"state": "success"},
        })
    };
    let on_presubmit = PRESUBMIT.iter().map(|input| case(input, presubmit(), Known::Same));
    let on_periodic = PERIODIC.iter().map(|input| case(input, periodic(), Known::Same));
    let otherwise = OTHERWISE.iter().map(|input| case(input, periodic(), Known::Otherwise));
    let refused = REFUSED.iter().map(|(input, words)| case(input, periodic(), Known::Refused(words)));
    on_presubmit.chain(on_periodic).chain(otherwise).chain(refused).collect()
}

fn case(input: &str, data: Value, known: Known) -> Case {
    let job: ProwJob = serde_json::from_value(data.clone()).unwrap();
    let ours = template::check(input).and_then(|()| template::render(input, &go_fields::of(&job))).map(Value::String);
    Case { question: json!({"kind": "job", "input": input, "data": data}), ours, known }
}
