//! Go templates of the config, executed on a ProwJob.

use prow::go_fields;
use prow::prowjob::ProwJob;

/// The template's text for this job.
///
/// # Errors
/// What is wrong with the template, or why it does not fit this job.
pub(crate) fn render(template: &str, job: &ProwJob) -> Result<String, String> {
    config::template::render(template, &go_fields::of(job))
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
