//! Supplemental files in folders of orgs and repositories.

use std::path::Path;

use prow::checks::hierarchy::{About, misplaced};

use super::{HIERARCHY, Level, Report};
use crate::fault::{Fault, Position};
use crate::source::{Role, SourceFile, Sources};
use crate::yaml;

/// Whether each is where it belongs.
pub(super) fn look(sources: &Sources, files: &[SourceFile], report: &mut Report) {
    for file in files {
        let Some((folder, about)) = about(sources, file) else { continue };
        let below = file.path.strip_prefix(folder).unwrap_or(&file.path);
        let names: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        if let Some(message) = misplaced(&names, &about) {
            report.faults(Level::Warning, HIERARCHY, [Fault { file: file.name(), at: Position::START, message }]);
        }
    }
}

/// The supplemental directory that a file was found in, and what it is about; nothing for other files.
fn about<'a>(sources: &'a Sources, file: &SourceFile) -> Option<(&'a Path, About)> {
    let shards = match file.role {
        Role::ConfigShard => &sources.config_shards,
        Role::PluginShard => &sources.plugin_shards,
        Role::Core | Role::Version | Role::Jobs | Role::Plugins => return None,
    };
    let folder = shards.folders.iter().find(|folder| file.path.starts_with(folder))?;
    let (name, text) = (file.name(), file.text().ok()?);
    // What cannot be read is a fault, by which nothing would have come here.
    let about = match file.role {
        Role::ConfigShard => About::supplement(&yaml::from_str(&name, &text).ok()?),
        _ => About::plugins(&yaml::from_str(&name, &text).ok()?),
    };
    Some((folder, about))
}
