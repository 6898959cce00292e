//! plugins.yaml, by itself and against the jobs.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use super::scopes::Scopes;
use crate::job::{JobBase, Place};
use crate::plugins::Plugins;
use crate::problem::{KeyPath, Problem, Segment};

/// The plugins that are of no use without OWNERS files.
const OF_OWNERS: [&str; 4] = ["approve", "blunderbuss", "rifle", "owners-label"];

/// Behaviour: Prow cmd/checkconfig, `verifyOwnersPlugin`.
pub(super) fn owners(_: &Subject<'_>, plugins: &Plugins) -> Vec<Problem> {
    let using = OF_OWNERS.iter().fold(Scopes::default(), |all, plugin| all.or(&plugins.covered_by(plugin)));
    let unverified = using.without(&plugins.covered_by("verify-owners")).parts();
    let problems = unverified.into_iter().flat_map(|scope| {
        let place = |scope: &str| plugins.place_of(scope, &OF_OWNERS);
        let path = scope.repo().and_then(place).or_else(|| place(scope.org())).unwrap_or_default();
        let why = format!(
            "this uses OWNERS files, and in {scope} the plugin `verify-owners` is not enabled, which keeps faulty ones \
             from being merged: enable it"
        );
        plugins.problem(path, why)
    });
    problems.collect()
}

/// Behaviour: Prow cmd/checkconfig, `validateTriggers`.
pub(super) fn triggers(subject: &Subject<'_>, plugins: &Plugins) -> Vec<Problem> {
    let mut first = BTreeMap::<&str, &Place>::new();
    let presubmits = subject.config.all_presubmits().iter();
    let presubmits = presubmits.flat_map(|(name, jobs)| jobs.iter().map(move |job| (name, &job.base)));
    let postsubmits = subject.config.all_postsubmits().iter();
    let postsubmits = postsubmits.flat_map(|(name, jobs)| jobs.iter().map(move |job| (name, &job.base)));
    for (name, JobBase { place, .. }) in presubmits.chain(postsubmits) {
        first.entry(name).or_insert(place);
    }
    let without = Scopes::of_repos(first.keys().copied()).without(&plugins.covered_by("trigger")).parts();
    let problem = |full_name: &str| {
        let place = first.get(full_name)?;
        // The jobs as a whole: `presubmits.org/repo`.
        let path = KeyPath(place.path.0.iter().filter(|step| matches!(step, Segment::Key(_))).cloned().collect());
        let message = format!(
            "`{full_name}` has jobs, and the plugin `trigger`, which starts them, is not enabled there: enable it in \
             plugins.yaml"
        );
        Some(Problem { file: place.file.clone(), path, message })
    };
    without.iter().filter_map(|scope| scope.repo().and_then(problem)).collect()
}

/// Behaviour: Prow cmd/checkconfig, `verifyLabelPlugin`.
pub(super) fn labels(_: &Subject<'_>, plugins: &Plugins) -> Vec<Problem> {
    let block = &plugins.blocks().label;
    let free: BTreeSet<&String> = block.additional_labels.iter().collect();
    let at = KeyPath::root().key("label").key("restricted_labels");
    let mut found = Vec::new();
    for (scope, restricted) in &block.restricted_labels {
        for (index, label) in restricted.iter().map(|restricted| &restricted.label).enumerate() {
            let path = at.key(scope).index(index).key("label");
            if free.contains(label) {
                let why = format!(
                    "`{label}` is restricted here, and `additional_labels` gives it to everybody: remove it from one \
                     of the two"
                );
                found.extend(plugins.problem(path.clone(), why));
            }
            if label.is_empty() {
                found.extend(plugins.problem(path, "a restricted label has no name: give it one, or remove the entry"));
            }
        }
    }
    found
}

/// Behaviour: Prow cmd/checkconfig, `validateConfigUpdaterACLs`.
pub(super) fn config_updater(_: &Subject<'_>, plugins: &Plugins) -> Vec<Problem> {
    let maps = KeyPath::root().key("config_updater").key("maps");
    let mut found = Vec::new();
    for (pattern, spec) in &plugins.blocks().config_updater.maps {
        let at = maps.key(pattern);
        for (key, list) in [("allowed_repos", &spec.allowed_repos), ("denied_repos", &spec.denied_repos)] {
            for (index, name) in list.iter().enumerate().filter(|(_, name)| !is_scope(name)) {
                let why =
                    format!("`{name}` is neither an organisation nor a repository: write it like `org` or `org/repo`");
                found.extend(plugins.problem(at.key(key).index(index), why));
            }
        }
    }
    found
}

/// An organisation, perhaps with a repository of it; the repository may be empty, as Prow has it.
fn is_scope(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('/') && name.matches('/').count() < 2
}
