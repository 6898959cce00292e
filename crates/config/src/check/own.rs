//! What a repository defines itself, from a checkout.

use std::fs;
use std::path::Path;

use prow::checks::rerun_commands;
use prow::job_config::Config;
use prow::problem::Problem;

use super::finding::{INVALID, NOTED, RERUN_COMMAND};
use super::{Level, NO_EFFECT, OwnRepo, Report, UNKNOWN_FIELDS_ALL, told};
use crate::fault::{Fault, LoadError, Position};
use crate::in_repo::{self, FILE, FOLDER, Own, OwnFile};
use crate::places::Places;
use crate::source::{Role, SourceFile, walker};

/// Behaviour: Prow cmd/checkconfig, `validateInRepoConfig`: all that is found is an error, and a key that nobody knows is one
/// where `unknown-fields-all` is looked for.
pub(super) fn look(
    own: &OwnRepo<'_>,
    config: &Config,
    unknown_is_error: bool,
    report: &mut Report,
) -> Result<(), LoadError> {
    let files = files(own.folder)?;
    if files.is_empty() {
        let message =
            format!("there is neither {FILE} nor {FOLDER}/ here, so {}/{} defines no jobs", own.org, own.repo);
        let file = own.folder.display().to_string();
        report.faults(Level::Note, NOTED, [Fault { file, at: Position::START, message }]);
        return Ok(());
    }
    let shown = |path: &str| own.folder.join(path).display().to_string();
    for file in &files {
        report.text(shown(&file.path), String::from_utf8_lossy(&file.bytes).into_owned());
    }
    let here = |fault: Fault| Fault { file: shown(&fault.file), ..fault };
    let has_folder = own.folder.join(FOLDER).is_dir();
    let Own { jobs, warnings } = match in_repo::read(config, (own.org, own.repo), has_folder, &files) {
        Ok(own) => own,
        Err(LoadError { faults }) => {
            report.faults(Level::Error, INVALID, faults.into_iter().map(here));
            return Ok(());
        }
    };
    let names: Vec<_> = files.iter().map(|file| (file.path.clone(), Role::Jobs)).collect();
    for text in warnings {
        let (fault, _) = told::fault(&text, &names);
        let (level, rule) = match (fault.message.ends_with(NO_EFFECT), unknown_is_error) {
            (true, true) => (Level::Error, UNKNOWN_FIELDS_ALL),
            (true, false) => (Level::Note, UNKNOWN_FIELDS_ALL),
            (false, _) => (Level::Note, NOTED),
        };
        report.faults(level, rule, [here(fault)]);
    }
    let refused = placed(&files, rerun_commands(config, &jobs.presubmits));
    report.faults(Level::Error, RERUN_COMMAND, refused.into_iter().map(here));
    Ok(())
}

fn placed(files: &[OwnFile], problems: Vec<Problem>) -> Vec<Fault> {
    let as_source =
        |file: &OwnFile| SourceFile { role: Role::Jobs, path: file.path.clone().into(), bytes: file.bytes.clone() };
    let sources: Vec<_> = files.iter().map(as_source).collect();
    let mut places = Places { files: &sources, documents: Vec::new() };
    problems.into_iter().map(|problem| places.fault(problem)).collect()
}

/// The files of a checkout that have a part in it.
fn files(root: &Path) -> Result<Vec<OwnFile>, LoadError> {
    let unreadable = |path: &Path, error: &dyn std::fmt::Display| LoadError {
        faults: vec![Fault {
            file: path.display().to_string(),
            at: Position::START,
            message: format!("this cannot be read ({error}): make it readable, or correct `--prow-yaml-path`"),
        }],
    };
    fs::read_dir(root).map_err(|error| unreadable(root, &error))?;
    let mut files = Vec::new();
    let below = walker(&root.join(FOLDER)).build().filter(|_| root.join(FOLDER).is_dir());
    let mut paths = vec![root.join(FILE), root.join(in_repo::IGNORE)];
    for entry in below {
        paths.push(entry.map_err(|error| unreadable(root, &error))?.into_path());
    }
    for path in paths.into_iter().filter(|path| path.is_file()) {
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        if in_repo::has_part(&name) {
            let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
            files.push(OwnFile { path: name, bytes });
        }
    }
    Ok(files)
}
