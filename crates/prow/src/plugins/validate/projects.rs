//! Which issues go to which column of a board.

use std::collections::BTreeSet;

use crate::problem::{KeyPath, Problems};
use crate::settings::{ManagedColumn, ProjectManagerSettings};

/// Behaviour: Prow pkg/plugins/config.go, `validateProjectManager`.
pub(super) fn check(settings: &ProjectManagerSettings, file: &str, problems: &mut Problems) {
    let root = KeyPath::root().key("project_manager").key("orgsRepos");
    for (scope, managed) in &settings.orgs_repos {
        let at = root.key(scope);
        if managed.projects.is_empty() {
            problems.add(file, at.clone(), "this has no `projects`: add one, or remove it");
        }
        for (name, project) in &managed.projects {
            let at = at.key("projects").key(name);
            if project.columns.is_empty() {
                problems.add(file, at.clone(), "this project has no `columns`: add one, or remove it");
            }
            let mut label_sets = BTreeSet::new();
            for (index, column) in project.columns.iter().enumerate() {
                let at = at.key("columns").index(index);
                check_column(column, &at, file, problems);
                let labels: BTreeSet<&String> = column.labels.iter().collect();
                if !labels.is_empty() && !label_sets.insert(labels) {
                    let why = "another column of the project has the same labels: issues can go to one alone";
                    problems.add(file, at.key("labels"), why);
                }
            }
        }
    }
}

fn check_column(column: &ManagedColumn, at: &KeyPath, file: &str, problems: &mut Problems) {
    if column.id.is_none() && column.name.is_empty() {
        problems.add(file, at.clone(), "this column has neither `name` nor `id`: add one");
    }
    if column.labels.is_empty() {
        problems.add(file, at.clone(), "this column has no `labels`: add what its issues have");
    }
    if column.org.is_empty() {
        problems.add(file, at.clone(), "this column has no `org`: add whose issues it is for");
    }
}
