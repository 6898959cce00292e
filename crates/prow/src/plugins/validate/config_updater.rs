//! Where config-updater would put files.

use std::collections::BTreeMap;

use crate::problem::{KeyPath, Problems};
use crate::settings::ConfigUpdaterSettings;

/// So many config maps may share the files of one entry: their number is one byte of a hash.
const MAX_PARTITIONS: usize = 256;

/// Looks through the entries. Two files for one key are found where clusters are written out, and not where groups stand for
/// them: Prow's validation knows no more, and refuses no file for it.
pub(super) fn check(settings: &ConfigUpdaterSettings, file: &str, problems: &mut Problems) {
    let root = KeyPath::root().key("config_updater").key("maps");
    let mut taken = BTreeMap::new();
    for (glob, spec) in &settings.maps {
        let at = root.key(glob);
        if !spec.name.is_empty() && !spec.partitioned_names.is_empty() {
            problems.add(file, at.clone(), "both `name` and `partitioned_names` are given: keep one of them");
        }
        if spec.partitioned_names.len() > MAX_PARTITIONS {
            let why = format!("{} names are too many: give {MAX_PARTITIONS} at the most", spec.partitioned_names.len());
            problems.add(file, at.key("partitioned_names"), why);
        }
        if !spec.clusters.is_empty() && !spec.cluster_groups.is_empty() {
            problems.add(file, at.clone(), "both `clusters` and `cluster_groups` are given: keep one of them");
        }
        for (index, group) in spec.cluster_groups.iter().enumerate() {
            if !settings.cluster_groups.contains_key(group) {
                let why = format!("there is no group `{group}`: add it under `config_updater.cluster_groups`");
                problems.add(file, at.key("cluster_groups").index(index), why);
            }
        }
        let name = if spec.name.is_empty() { spec.partitioned_names.join(",") } else { spec.name.clone() };
        let key = if spec.key.is_empty() { glob.rsplit('/').next().unwrap_or_default() } else { &spec.key };
        for (cluster, namespaces) in &spec.clusters {
            for namespace in namespaces {
                let other = taken.insert((name.clone(), namespace, cluster, key), glob);
                if let Some(other) = other {
                    let why = format!(
                        "the key `{key}` of the config map `{name}` in cluster `{cluster}`, namespace `{namespace}`, is \
                         that of `{other}` too: give each a `key`"
                    );
                    problems.add(file, at.clone(), why);
                }
            }
        }
    }
}
