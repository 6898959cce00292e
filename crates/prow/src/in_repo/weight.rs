//! What the jobs of a repository would take up, before it is taken: who opens a pull request writes them, trusted or not.

use regex::RegexBuilder;
use serde_json::Value;

use crate::goregex;
use crate::preset::Preset;
use crate::raw_config::RawJob;

/// How many jobs there may be.
pub(super) const MAX_JOBS: usize = 2000;
/// How many bytes their expressions may have together, compiled.
pub(super) const MAX_EXPRESSIONS: usize = 32 << 20;
/// How many bytes presets may add to their containers.
pub(super) const MAX_PRESETS: usize = 32 << 20;

/// Sizes that a compiled expression is tried with; the first that is enough is its weight. One that is larger than the
/// last is refused.
const SIZES: [usize; 4] = [4 << 10, 32 << 10, 256 << 10, 2 << 20];

/// The weight of all expressions of a job; those that cannot be read have none, and are told of later. Nothing where it
/// is more than `most`.
pub(super) fn expressions(job: &RawJob, most: usize) -> Option<usize> {
    let single = [&job.trigger, &job.run_if_changed, &job.skip_if_only_changed].into_iter().flatten();
    let lists = [&job.branches, &job.skip_branches].into_iter().flatten();
    // A list is compiled as one expression too.
    let lists = lists.flat_map(|list| list.iter().cloned().chain([list.join("|")]));
    let mut total = 0;
    for pattern in single.cloned().chain(lists).filter(|pattern| !pattern.is_empty()) {
        total += expression(&pattern)?;
        if total > most {
            return None;
        }
    }
    Some(total)
}

fn expression(pattern: &str) -> Option<usize> {
    // What is wrong is told later, by what reads the job; that takes no room.
    let Ok(translated) = goregex::translate(pattern) else { return Some(SIZES[0]) };
    SIZES.into_iter().find(|size| {
        let compiled = RegexBuilder::new(&translated).size_limit(*size).build();
        !matches!(compiled, Err(regex::Error::CompiledTooBig(_)))
    })
}

/// What presets would add to a job: each one that applies, to each container.
pub(super) fn presets(job: &RawJob, presets: &[(&Preset, usize)]) -> usize {
    let labels = job.labels.clone().unwrap_or_default();
    let containers = job.spec.as_ref().and_then(|spec| spec.get("containers")).and_then(Value::as_array);
    let containers = containers.map_or(0, Vec::len);
    let applied = presets.iter().filter(|(preset, _)| preset.applies_to(&labels));
    applied.map(|(_, weight)| weight.saturating_mul(containers.max(1))).fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(keys: Value) -> RawJob {
        serde_json::from_value(keys).unwrap()
    }

    #[track_caller]
    fn check(keys: Value, want: Option<usize>) {
        assert_eq!(expressions(&job(keys.clone()), MAX_EXPRESSIONS), want, "{keys}");
    }

    #[test]
    fn expressions_weigh_what_they_are_compiled_to() {
        check(json!({}), Some(0));
        check(json!({"trigger": "", "branches": []}), Some(0));
        check(json!({"branches": ["main"]}), Some(2 * SIZES[0]));
        check(json!({"run_if_changed": "("}), Some(SIZES[0]));
        check(json!({"run_if_changed": "a{1000}".repeat(25)}), Some(SIZES[3]));
        check(json!({"trigger": "a{1000}".repeat(200)}), None);
        assert_eq!(expressions(&job(json!({"branches": ["a", "b"]})), 2 * SIZES[0]), None);
    }

    #[test]
    fn presets_weigh_once_for_each_container() {
        let preset = |raw: Value| Preset::from(serde_json::from_value::<crate::raw_config::RawPreset>(raw).unwrap());
        let (labelled, plain) = (preset(json!({"labels": {"a": "b"}})), preset(json!({})));
        let all = [(&labelled, 10), (&plain, 100)];
        for (keys, want) in [
            (json!({}), 100),
            (json!({"labels": {"a": "b"}}), 110),
            (json!({"labels": {"a": "c"}, "spec": {"containers": [{}, {}, {}]}}), 300),
        ] {
            assert_eq!(presets(&job(keys.clone()), &all), want, "{keys}");
        }
    }
}
