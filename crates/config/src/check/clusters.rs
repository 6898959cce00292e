//! The state of build clusters, as the controller publishes it.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use prow::problem::{KeyPath, Problem};

use super::place::Locator;
use super::{CLUSTER_FIELD, INVALID, Level, Report, name_of};
use crate::load::Loaded;
use crate::source::Role;

/// What is known of build clusters.
pub(super) enum Clusters {
    /// Their states, by alias.
    Known(BTreeMap<String, String>),
    /// Nothing.
    Unknown,
}

impl Clusters {
    /// Reads `plank.build_cluster_status_file`. What is in a bucket is not read, and a file that is not there yet is as good
    /// as none.
    pub(super) fn read(loaded: &Loaded, report: &mut Report) -> Self {
        let location = &loaded.config.core.plank.build_cluster_status_file;
        if location.is_empty() {
            return Self::Unknown;
        }
        let path = location.strip_prefix("file://").unwrap_or(location);
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(_) if path.contains("://") => {
                let why = "the state of the clusters is in a bucket, which this command does not read; names of clusters \
                           are not checked";
                report.not_checked(CLUSTER_FIELD, why);
                return Self::Unknown;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let why =
                    format!("`{path}` is not there (yet: the controller makes it); names of clusters are not checked");
                report.not_checked(CLUSTER_FIELD, why);
                return Self::Unknown;
            }
            Err(error) => return Self::faulty(loaded, report, &format!("cannot be read ({error}): make it readable")),
        };
        match serde_json::from_str(&text) {
            Ok(states) => Self::Known(states),
            Err(error) => Self::faulty(loaded, report, &format!("is not JSON of clusters and their states ({error})")),
        }
    }

    fn faulty(loaded: &Loaded, report: &mut Report, why: &str) -> Self {
        let problem = Problem {
            file: name_of(&loaded.files, Role::Core),
            path: KeyPath::root().key("plank").key("build_cluster_status_file"),
            message: format!("the file {why}"),
        };
        report.faults(Level::Error, INVALID, Locator::new(&loaded.files).all(vec![problem]));
        Self::Unknown
    }

    pub(super) fn states(&self) -> Option<&BTreeMap<String, String>> {
        match self {
            Self::Known(states) => Some(states),
            Self::Unknown => None,
        }
    }
}
