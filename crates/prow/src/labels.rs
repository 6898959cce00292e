//! The labels and annotations of a ProwJob: how others find it and what they read off it.

use std::collections::BTreeMap;

use crate::prowjob::ProwJobSpec;

/// `true` on everything that this system owns.
pub const CREATED_BY_PROW: &str = "created-by-prow";
/// `true` on jobs that the merge pool made.
pub const CREATED_BY_TIDE: &str = "created-by-tide";
/// The job's type.
pub const TYPE: &str = "prow.k8s.io/type";
/// As a label the job's name cut to fit, as an annotation the whole of it.
pub const JOB: &str = "prow.k8s.io/job";
/// As a label the status context cut to fit, as an annotation the whole of it.
pub const CONTEXT: &str = "prow.k8s.io/context";
/// The owner of the repository.
pub const ORG: &str = "prow.k8s.io/refs.org";
/// The repository's name.
pub const REPO: &str = "prow.k8s.io/refs.repo";
/// The base branch.
pub const BASE_REF: &str = "prow.k8s.io/refs.base_ref";
/// The number of the first pull request.
pub const PULL: &str = "prow.k8s.io/refs.pull";
/// `true` or `false`: whether a merge does without this presubmit.
pub const IS_OPTIONAL: &str = "prow.k8s.io/is-optional";
/// The GUID of the delivery that a job stems from.
pub const EVENT_GUID: &str = "event-GUID";
/// `true` on jobs that `/retest` made.
pub const RETEST: &str = "prow.k8s.io/retest";
/// The ProwJob's name, on its pod.
pub const ID: &str = "prow.k8s.io/id";
/// The build id, on the pod.
pub const BUILD_ID: &str = "prow.k8s.io/build-id";
/// Set on jobs that are reported to Gerrit.
pub const GERRIT_REPORT: &str = "prow.k8s.io/gerrit-report-label";

/// Whether a label tells what a ProwJob is of or who made it, and so is set from its spec alone.
pub fn is_standard(key: &str) -> bool {
    let of_spec = [CREATED_BY_PROW, CREATED_BY_TIDE, TYPE, JOB, CONTEXT, ORG, REPO, BASE_REF, PULL, IS_OPTIONAL];
    of_spec.contains(&key) || [EVENT_GUID, ID, BUILD_ID].contains(&key)
}

/// The longest that Kubernetes lets a label's value be, in bytes.
pub const MAX_VALUE_BYTES: usize = 63;

/// Labels and annotations for a new ProwJob: the standard ones, then `labels` and `annotations`, which win. A label whose
/// value Kubernetes would refuse is given the text after its last `/`; where that is refused too, it is left out.
/// Behaviour: Prow pkg/pjutil, `LabelsAndAnnotationsForSpec`.
pub fn for_spec(
    spec: &ProwJobSpec,
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let mut all = BTreeMap::from([
        (CREATED_BY_PROW.to_owned(), "true".to_owned()),
        (TYPE.to_owned(), spec.job_type.to_string()),
        (JOB.to_owned(), cut(&spec.job)),
        (CONTEXT.to_owned(), cut(&spec.context)),
    ]);
    if let Some(refs) = spec.refs.as_ref().or_else(|| spec.extra_refs.first()) {
        all.insert(ORG.to_owned(), refs.org.clone());
        all.insert(REPO.to_owned(), refs.repo.clone());
        all.insert(BASE_REF.to_owned(), refs.base_ref.clone());
        if let Some(pull) = refs.pulls.first() {
            all.insert(PULL.to_owned(), pull.number.to_string());
        }
    }
    all.extend(labels.clone());

    let mut notes = BTreeMap::from([(JOB.to_owned(), spec.job.clone()), (CONTEXT.to_owned(), spec.context.clone())]);
    notes.extend(annotations.clone());

    let all = all.into_iter().filter_map(|(key, value)| Some((key, fitting(value)?))).collect();
    (all, notes)
}

/// The value that a label may carry for `value`; none: leave the label out.
pub fn fitting(value: String) -> Option<String> {
    if is_value(&value) {
        return Some(value);
    }
    let base = value.trim_end_matches('/').rsplit('/').next()?;
    is_value(base).then(|| base.to_owned())
}

/// Whether Kubernetes takes this as a label's value: at most 63 bytes of `[A-Za-z0-9._-]`, the first and last of them
/// alphanumeric; the empty value is fine.
pub fn is_value(value: &str) -> bool {
    let bytes = value.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return true;
    };
    bytes.len() <= MAX_VALUE_BYTES
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b))
}

/// Kubernetes' rule for keys: a name as label values have it, but not empty, and a DNS name with a slash before it
/// where there is one.
pub fn is_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let is_dns_label = |label: &str| {
        let bytes = label.as_bytes();
        let fits = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        bytes.first().is_some_and(fits)
            && bytes.last().is_some_and(fits)
            && bytes.iter().all(|byte| fits(byte) || *byte == b'-')
    };
    let prefix_is_good = prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_dns_label));
    prefix_is_good && !name.is_empty() && is_value(name)
}

/// The first 63 bytes (never half a character), without trailing `.`, `_` and `-`.
fn cut(value: &str) -> String {
    let end = value.floor_char_boundary(MAX_VALUE_BYTES);
    value[..end].trim_end_matches(['.', '_', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prowjob::ProwJobType;
    use crate::refs::{Pull, Refs};

    fn spec() -> ProwJobSpec {
        ProwJobSpec {
            context: "ctx".into(),
            refs: Some(Refs {
                org: "org".into(),
                repo: "repo".into(),
                base_ref: "release/v1.14".into(),
                pulls: vec![Pull { number: 5, ..Pull::default() }, Pull { number: 6, ..Pull::default() }],
                ..Refs::default()
            }),
            ..ProwJobSpec::new(ProwJobType::Presubmit, "unit")
        }
    }

    #[track_caller]
    fn check(spec: &ProwJobSpec, own: &[(&str, &str)], key: &str, want: Option<&str>) {
        let own = own.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let (labels, _) = for_spec(spec, &own, &BTreeMap::new());
        assert_eq!(labels.get(key).map(String::as_str), want, "{key}");
    }

    #[test]
    fn standard_labels() {
        let spec = spec();
        check(&spec, &[], CREATED_BY_PROW, Some("true"));
        check(&spec, &[], TYPE, Some("presubmit"));
        check(&spec, &[], JOB, Some("unit"));
        check(&spec, &[], CONTEXT, Some("ctx"));
        check(&spec, &[], ORG, Some("org"));
        check(&spec, &[], REPO, Some("repo"));
        check(&spec, &[], PULL, Some("5"));
    }

    #[test]
    fn refs_labels_come_from_the_first_extra_ref_where_there_are_no_refs() {
        let mut spec = spec();
        spec.extra_refs = vec![Refs { org: "other".into(), repo: "tools".into(), ..Refs::default() }];
        check(&spec, &[], ORG, Some("org"));
        spec.refs = None;
        check(&spec, &[], ORG, Some("other"));
        check(&spec, &[], PULL, None);
        spec.extra_refs.clear();
        check(&spec, &[], ORG, None);
    }

    #[test]
    fn a_value_that_is_refused_falls_back_to_its_last_segment_or_goes() {
        let mut spec = spec();
        check(&spec, &[], BASE_REF, Some("v1.14"));
        check(&spec, &[("host", "https://gerrit.example.com")], "host", Some("gerrit.example.com"));
        check(&spec, &[("odd", "a b")], "odd", None);
        check(&spec, &[("odd", "x/-y")], "odd", None);
        spec.refs.as_mut().unwrap().base_ref = "feature/ü".into();
        check(&spec, &[], BASE_REF, None);
    }

    #[test]
    fn long_names_are_cut_and_trimmed_in_the_label_and_whole_in_the_annotation() {
        let mut spec = spec();
        spec.job = format!("{}_-.tail", "j".repeat(60));
        check(&spec, &[], JOB, Some(&"j".repeat(60)));
        let (_, notes) = for_spec(&spec, &BTreeMap::new(), &BTreeMap::new());
        assert_eq!(notes[JOB], spec.job);
        assert_eq!(notes[CONTEXT], "ctx");
    }

    #[test]
    fn the_job_s_own_labels_and_annotations_win() {
        check(&spec(), &[(JOB, "mine"), ("x", "y")], JOB, Some("mine"));
        check(&spec(), &[(JOB, "mine"), ("x", "y")], "x", Some("y"));
        let own = BTreeMap::from([(JOB.to_owned(), "a b".to_owned())]);
        let (_, notes) = for_spec(&spec(), &BTreeMap::new(), &own);
        assert_eq!(notes[JOB], "a b");
    }

    #[test]
    fn keys_of_labels() {
        for key in ["a", "a-b_c.D", "prow.k8s.io/x", "preset-dind-enabled"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["", "-a", "a/b/c", "/a", "A.b/c", "a b", "x/"] {
            assert!(!is_key(key), "{key}");
        }
    }
}
