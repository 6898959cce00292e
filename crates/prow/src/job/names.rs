//! What jobs, their labels and annotations may be called.

use std::collections::BTreeMap;

use crate::labels;
use crate::problem::{KeyPath, Problems};
use crate::prowjob::ProwJobType;

/// No job may set these. Behaviour: Prow pkg/config, `validateLabels`.
const RESERVED: [&str; 3] = [labels::TYPE, labels::CREATED_BY_PROW, labels::ID];

/// A job that has a repository of its own may not set these either: by them its runs are found, counted, ended and
/// reported, and so they would pass for another job's or another pull request's.
const OF_THE_REFS: [&str; 8] = [
    labels::CREATED_BY_TIDE,
    labels::JOB,
    labels::CONTEXT,
    labels::ORG,
    labels::REPO,
    labels::BASE_REF,
    labels::PULL,
    labels::BUILD_ID,
];

fn is_reserved(key: &str, job_type: ProwJobType) -> bool {
    RESERVED.contains(&key) || (job_type != ProwJobType::Periodic && OF_THE_REFS.contains(&key))
}

pub(super) fn check_name(name: &str, agent: &str, file: &str, at: &KeyPath, problems: &mut Problems) {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    let bytes = name.as_bytes();
    let good = match (bytes.split_first(), agent) {
        (None, _) => return problems.add(file, at.clone(), "a job has no `name`: give it one"),
        (Some((first, rest)), "jenkins") => {
            let last_is_good = rest.last().is_none_or(|last| last.is_ascii_alphanumeric() || b"-_".contains(last));
            is_plain(first) && last_is_good && rest.iter().all(|byte| is_plain(byte) || *byte == b'/')
        }
        (Some(_), _) => bytes.iter().all(is_plain),
    };
    if !good {
        let why = format!("the job name `{name}` may only have letters, digits, `-`, `.` and `_`: rename the job");
        problems.add(file, at.key("name"), why);
    }
}

pub(super) fn check_labels(
    all: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
    job_type: ProwJobType,
    file: &str,
    at: &KeyPath,
    problems: &mut Problems,
) {
    for (key, value) in all {
        let at = at.key("labels").key(key);
        if is_reserved(key, job_type) {
            problems.add(file, at, format!("the label `{key}` is reserved: remove it"));
        } else if !labels::is_key(key) {
            problems.add(file, at, format!("`{key}` is no label key: write it like `example.com/name`"));
        } else if !labels::is_value(value) {
            let why = format!(
                "`{value}` is no label value: use at most 63 letters, digits, `-`, `_` and `.`, the ends alphanumeric"
            );
            problems.add(file, at, why);
        }
    }
    for key in annotations.keys().filter(|key| !labels::is_key(key)) {
        let at = at.key("annotations").key(key);
        problems.add(file, at, format!("`{key}` is no annotation key: write it like `example.com/name`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prowjob::KUBERNETES_AGENT;

    #[track_caller]
    fn check_job_name(name: &str, agent: &str, good: bool) {
        let mut problems = Problems::new();
        check_name(name, agent, "f", &KeyPath::root(), &mut problems);
        assert_eq!(problems.is_empty(), good, "{name:?} for {agent}");
    }

    #[test]
    fn names() {
        for agent in [KUBERNETES_AGENT, "jenkins"] {
            check_job_name("pull-a_b.c-1", agent, true);
            check_job_name("", agent, false);
            check_job_name("a b", agent, false);
            check_job_name("é", agent, false);
            check_job_name("a|b", agent, false);
        }
        check_job_name("folder/job", KUBERNETES_AGENT, false);
        check_job_name("folder/job", "jenkins", true);
        check_job_name("folder/", "jenkins", false);
        check_job_name("/job", "jenkins", false);
        check_job_name("job.", "jenkins", false);
        check_job_name("job.", KUBERNETES_AGENT, true);
    }
}
