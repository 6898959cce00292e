//! Looks through files for all that is wrong or most likely not meant: what `bowsprit check` prints.
//!
//! What is found is decided in `prow::checks`; here it gets its line and column, and what is found in the files as they
//! are written is added.

mod clusters;
mod finding;
mod own;
mod place;
mod report;
mod supplements;
mod told;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::{Path, PathBuf};

use prow::checks::{How, Subject, Warning, rerun_commands, unreachable_clusters};

pub use self::finding::{Finding, Level};
pub use self::report::Report;
use crate::fault::LoadError;
use crate::load::Loaded;
use crate::parsed::NO_EFFECT;
use crate::source::{Role, SourceFile, Sources};
use clusters::Clusters;
use finding::{INVALID, NOTED, RERUN_COMMAND};
use place::Locator;

const UNKNOWN_FIELDS: &str = "unknown-fields";
const UNKNOWN_FIELDS_ALL: &str = "unknown-fields-all";
const CLUSTER_FIELD: &str = "validate-cluster-field";
const HIERARCHY: &str = "validate-supplemental-prow-config-hierarchy";

/// What is looked at, and for what.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Where the files are.
    pub sources: &'a Sources,
    /// The warnings that are looked for; errors always are.
    pub warnings: &'a [&'static Warning],
    /// Annotations that every job must have.
    pub required_annotations: &'a [String],
    /// A checkout, of which what it defines itself is looked at, too.
    pub own: Option<OwnRepo<'a>>,
}

/// A checkout of a repository that defines jobs itself.
#[derive(Debug, Clone, Copy)]
pub struct OwnRepo<'a> {
    /// Its organisation.
    pub org: &'a str,
    /// Its name.
    pub repo: &'a str,
    /// Where it is.
    pub folder: &'a Path,
}

/// Looks through the files.
///
/// # Errors
/// What cannot be read at all, so that nothing can be said of the rest.
pub fn look(request: &Request<'_>) -> Result<Report, LoadError> {
    let files = match request.sources.read() {
        Ok(files) => files,
        Err(faults) if faults.iter().any(|fault| File::open(&fault.file).is_err()) => {
            return Err(LoadError { faults });
        }
        Err(faults) => {
            let mut report = Report::default();
            report.faults(Level::Error, INVALID, faults);
            return Ok(report.finished(&[]));
        }
    };
    let mut report = Report::default();
    match Loaded::from_files(files.clone()) {
        Ok(loaded) => looked_through(request, &loaded, &mut report)?,
        Err(LoadError { faults }) => report.faults(Level::Error, INVALID, faults),
    }
    Ok(report.finished(&files))
}

fn looked_through(request: &Request<'_>, loaded: &Loaded, report: &mut Report) -> Result<(), LoadError> {
    let mut places = Locator::new(&loaded.files);
    let has_plugins = request.sources.plugin_config.is_some();
    if has_plugins {
        report.faults(Level::Error, INVALID, places.all(loaded.plugins.unknown_plugins()));
    }
    if let Some(own) = &request.own {
        let unknown = request.looks_for(UNKNOWN_FIELDS_ALL);
        own::look(own, &loaded.config, unknown, report)?;
    }
    let core = name_of(&loaded.files, Role::Core);
    let clusters = if request.looks_for(CLUSTER_FIELD) { Clusters::read(loaded, report) } else { Clusters::Unknown };
    let subject = Subject {
        config: &loaded.config,
        config_file: &core,
        plugins: has_plugins.then_some(&*loaded.plugins),
        required_annotations: request.required_annotations,
        clusters: clusters.states(),
    };
    for warning in request.warnings {
        match warning.how {
            How::Config(_) | How::Plugins(_) => {
                report.faults(Level::Warning, warning.name, places.all(warning.find(&subject)));
            }
            How::Nowhere(why) => report.not_checked(warning.name, why),
            How::Files if warning.name == HIERARCHY => supplements::look(request.sources, &loaded.files, report),
            // They are found as the files are read.
            How::Files => {}
        }
    }
    if request.looks_for(CLUSTER_FIELD) {
        report.faults(Level::Note, CLUSTER_FIELD, places.all(unreachable_clusters(&subject)));
    }
    let presubmits = loaded.config.all_presubmits().values().flatten();
    report.faults(Level::Warning, RERUN_COMMAND, places.all(rerun_commands(&loaded.config, presubmits)));
    told_by_loading(request, loaded, report);
    Ok(())
}

/// What loading has to say: keys that nobody knows, which are warnings of their own, and the rest.
fn told_by_loading(request: &Request<'_>, loaded: &Loaded, report: &mut Report) {
    let wide = request.looks_for(UNKNOWN_FIELDS_ALL);
    let narrow = request.looks_for(UNKNOWN_FIELDS);
    let names: Vec<_> = loaded.files.iter().map(|file| (file.name(), file.role)).collect();
    for text in &loaded.warnings {
        let (fault, role) = told::fault(text, &names);
        if !fault.message.ends_with(NO_EFFECT) {
            report.faults(Level::Note, NOTED, [fault]);
        } else if wide {
            report.faults(Level::Warning, UNKNOWN_FIELDS_ALL, [fault]);
        } else if narrow && role != Some(Role::Jobs) {
            report.faults(Level::Warning, UNKNOWN_FIELDS, [fault]);
        }
    }
}

fn name_of(files: &[SourceFile], role: Role) -> String {
    files.iter().find(|file| file.role == role).map(SourceFile::name).unwrap_or_default()
}

impl Request<'_> {
    fn looks_for(&self, name: &str) -> bool {
        self.warnings.iter().any(|warning| warning.name == name)
    }
}

/// Where the repository is of which a file is named: Prow looks in the directory of that file for what the repository
/// defines, whatever the file is called.
///
/// Behaviour: Prow cmd/checkconfig, `validateInRepoConfig`.
pub fn folder_of(prow_yaml: Option<&Path>) -> PathBuf {
    let parent = prow_yaml.and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}
