//! `prowjob_default_entries`: what jobs get that do not say it.

use crate::job_shapes::ProwJobDefaults;
use crate::problem::{KeyPath, Problems};
use crate::sections::small::ProwJobDefaultEntry;

/// Entries in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DefaultEntries(pub Vec<ProwJobDefaultEntry>);

/// Whether an entry for `repo` (an org, org/repo, empty or `*`) and `cluster` (a name, empty or `*`) is for a job of the
/// repository `full_name` on a cluster.
///
/// Behaviour: Prow pkg/config, `matches`: texts are compared, although Prow's own page speaks of expressions.
pub(crate) fn is_for(repo: &str, cluster: &str, full_name: &str, on: &str) -> bool {
    let full_name = full_name.trim_start_matches("https://").trim_start_matches("http://");
    let org = full_name.split('/').next().unwrap_or_default();
    (["", "*", full_name].contains(&repo) || repo == org) && ["", "*", on].contains(&cluster)
}

impl DefaultEntries {
    /// A job's own, and where they say nothing, those of the entries that are for it, of which the later counts.
    pub fn complete(&self, own: Option<ProwJobDefaults>, full_name: &str, cluster: &str) -> ProwJobDefaults {
        let fitting = self.0.iter().filter(|entry| is_for(&entry.repo, &entry.cluster, full_name, cluster));
        let configs = fitting.filter_map(|entry| entry.config.clone());
        let mut all = configs.chain(own).fold(ProwJobDefaults::default(), |under, over| over.over(&under));
        all.tenant_id.get_or_insert_with(|| ProwJobDefaults::TENANT.to_owned());
        all
    }

    /// From the list as written.
    pub(crate) fn check(list: Vec<ProwJobDefaultEntry>, file: &str, problems: &mut Problems) -> Self {
        for (index, _) in list.iter().enumerate().filter(|(_, entry)| entry.config.is_none()) {
            let at = KeyPath::root().key("prowjob_default_entries").index(index);
            problems.warn(file, at, "this entry has no `config`: it has no effect");
        }
        Self(list)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(entries: serde_json::Value, own: Option<&str>, want: &str) {
        let entries = DefaultEntries(serde_json::from_value(entries.clone()).unwrap());
        let own = own.map(|tenant| ProwJobDefaults { tenant_id: Some(tenant.to_owned()), resultstore_config: None });
        assert_eq!(entries.complete(own, "o/r", "c").tenant_id.as_deref(), Some(want), "{entries:?}");
    }

    #[test]
    fn the_job_counts_before_later_entries_and_those_before_earlier_ones() {
        let entry = |repo: &str, tenant: &str| json!({"repo": repo, "config": {"tenant_id": tenant}});
        check(json!([]), None, "GlobalDefaultID");
        check(json!([entry("o/r", "a"), entry("*", "b")]), None, "b");
        check(json!([entry("o", "a"), entry("o/s", "b"), entry("", "")]), None, "a");
        check(json!([entry("o", "a")]), Some("own"), "own");
        check(json!([entry("o", "a")]), Some(""), "a");
        check(json!([{"cluster": "d", "config": {"tenant_id": "a"}}]), None, "GlobalDefaultID");
    }
}
