//! What has to have a label.

use crate::duration::parse_go_duration;
use crate::goregex;
use crate::problem::{KeyPath, Problems};
use crate::settings::RequireMatchingLabelSettings;

/// Behaviour: Prow pkg/plugins/config.go, `RequireMatchingLabel.validate`.
pub(super) fn check(entries: &[RequireMatchingLabelSettings], file: &str, problems: &mut Problems) {
    for (index, entry) in entries.iter().enumerate() {
        let at = KeyPath::root().key("require_matching_label").index(index);
        let needed = [("org", &entry.org), ("regexp", &entry.regexp), ("missing_label", &entry.missing_label)];
        for (key, _) in needed.iter().filter(|(_, value)| value.is_empty()) {
            problems.add(file, at.clone(), format!("the key `{key}` is missing: add it"));
        }
        if entry.repo.contains('/') {
            let why = format!("`{}` has a `/`: name the organisation under `org`", entry.repo);
            problems.add(file, at.key("repo"), why);
        }
        if !entry.prs && !entry.issues {
            problems.add(file, at.clone(), "it is for nothing: add `prs: true` or `issues: true`");
        }
        if !entry.prs && !entry.branch.is_empty() {
            problems.add(file, at.key("branch"), "issues have no branch: add `prs: true`, or remove `branch`");
        }
        if let Err(why) = parse_go_duration(&entry.grace_period) {
            problems.add(file, at.key("grace_period"), why);
        }
        let expression = Some(&entry.regexp).filter(|expression| !expression.is_empty());
        let expression = expression.and_then(|expression| goregex::compile(expression).ok());
        if !entry.missing_label.is_empty() && expression.is_some_and(|it| it.is_match(&entry.missing_label)) {
            let why = format!("`{}` matches `regexp`, so nothing would lack a label: correct one", entry.missing_label);
            problems.add(file, at.key("missing_label"), why);
        }
    }
}
