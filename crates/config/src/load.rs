//! All files together, read and checked; one that is bad keeps all of them out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prow::job_config::Config;
use prow::plugins::Plugins;
use prow::problem::{KeyPath, Problem, Problems};
use prow::sections::supplement;

use crate::fault::{Fault, LoadError, Position};
use crate::places::Places;
use crate::shapes::Shapes;
use crate::shards::Shards;
use crate::source::{Role, SourceFile, Sources, revision};
use crate::template;

/// A configuration that can take effect.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// config.yaml and the job files.
    pub config: Arc<Config>,
    /// plugins.yaml; empty where there is none.
    pub plugins: Arc<Plugins>,
    /// SHA-256, in hexadecimal digits, over the names and contents of all files.
    pub revision: String,
    /// The files that it was made of: enough to make it again without the disk.
    pub files: Arc<Vec<SourceFile>>,
    /// What is read over, each `file:line:column: what`.
    pub warnings: Vec<String>,
}

impl Loaded {
    /// Reads and checks the files.
    ///
    /// # Errors
    /// Everything that is wrong, as far as it can be told at once: files that cannot be read first, then those that
    /// are not of their shape, then what the values mean.
    pub fn from_sources(sources: &Sources) -> Result<Self, LoadError> {
        let files = sources.read().map_err(|faults| LoadError { faults })?;
        Self::from_files(files)
    }

    /// Reads and checks plugins.yaml with its parts, for a program that config.yaml does not concern.
    ///
    /// # Errors
    /// Everything that is wrong, as [`Self::from_sources`] has it.
    pub fn plugins_alone(plugin_config: PathBuf, plugin_shards: Shards) -> Result<Self, LoadError> {
        let sources = Sources { plugin_config: Some(plugin_config), plugin_shards, ..Sources::default() };
        Self::from_files(sources.read_plugins_alone().map_err(|faults| LoadError { faults })?)
    }

    /// Checks files that were read before.
    ///
    /// # Errors
    /// Everything that is wrong, as [`Self::from_sources`] has it.
    pub fn from_files(files: Vec<SourceFile>) -> Result<Self, LoadError> {
        Self::from_files_after(files, None)
    }

    /// The same, and takes the jobs of files that are as they were from what was loaded before.
    ///
    /// # Errors
    /// Everything that is wrong, as [`Self::from_sources`] has it.
    pub fn from_files_after(files: Vec<SourceFile>, before: Option<&Self>) -> Result<Self, LoadError> {
        let unchanged = before.map(|before| before.unchanged_jobs(&files)).unwrap_or_default();
        let shapes = Shapes::read(&files, &unchanged);
        if !unchanged.is_empty() && shapes.has_job_presets() {
            // What a preset adds may be in any job.
            return Self::of_shapes(Shapes::read(&files, &BTreeSet::new()), files, None);
        }
        Self::of_shapes(shapes, files, before.filter(|_| !unchanged.is_empty()))
    }

    fn of_shapes(shapes: Shapes, files: Vec<SourceFile>, before: Option<&Self>) -> Result<Self, LoadError> {
        let Shapes { core, config_shards, version, jobs, plugins, plugin_shards, .. } = shapes;
        let Shapes { documents, mut faults, mut warnings, unchanged, .. } = shapes;
        let mut places = Places { files: &files, documents };
        if core.is_none() && !files.iter().any(|file| file.role == Role::Core) {
            faults.push(Fault {
                file: "config.yaml".to_owned(),
                at: Position::START,
                message: "there is no config.yaml among the files".to_owned(),
            });
        }
        let mut problems = Vec::new();
        let checked_plugins = match plugins {
            None => Plugins::default(),
            Some(main) => match Plugins::check(main, plugin_shards) {
                Ok((plugins, found)) => {
                    warnings.extend(found.into_iter().map(|warning| places.fault(warning).to_string()));
                    plugins
                }
                Err(found) => {
                    problems.extend(found);
                    Plugins::default()
                }
            },
        };
        let config = match core {
            // Without all of the job files, jobs that need what they hold would be found wrong too.
            Some(mut core) if faults.is_empty() => {
                let core_file = core.file.clone();
                core.raw.config_version_sha = version.or(core.raw.config_version_sha);
                let mut merging = Problems::new();
                config_shards.into_iter().for_each(|file| supplement::merge(&mut core.raw, file, &mut merging));
                problems.extend(merging.into_vec());
                let checked = Config::check_after(core, jobs, before.map(|before| &*before.config));
                if let Ok(config) = &checked {
                    problems.extend(check_templates(config, &core_file));
                }
                checked.map_err(|found| problems.extend(found)).ok()
            }
            Some(_) | None => None,
        };
        faults.extend(problems.into_iter().map(|problem| places.fault(problem)));
        match config {
            Some(config) if faults.is_empty() => {
                let odd = config.warnings.iter().cloned();
                let mut told: Vec<_> = odd.map(|problem| places.fault(problem).to_string()).collect();
                told.extend(before.into_iter().flat_map(|before| before.warnings_of(&unchanged)));
                warnings.extend(told);
                Ok(Self {
                    config: Arc::new(config),
                    plugins: Arc::new(checked_plugins),
                    revision: revision(&files),
                    files: Arc::new(files),
                    warnings,
                })
            }
            _ => Err(LoadError { faults }),
        }
    }

    /// The names of job files that say the same as when this was loaded, if what all jobs depend on does, too.
    fn unchanged_jobs(&self, files: &[SourceFile]) -> BTreeSet<String> {
        let of_role = |files: &[SourceFile], role: fn(Role) -> bool| -> Vec<SourceFile> {
            files.iter().filter(|file| role(file.role)).cloned().collect()
        };
        let for_all = |role: Role| matches!(role, Role::Core | Role::ConfigShard);
        if of_role(files, for_all) != of_role(&self.files, for_all) {
            return BTreeSet::new();
        }
        let known: BTreeMap<_, _> =
            self.files.iter().filter(|file| file.role == Role::Jobs).map(|file| (&file.path, &file.bytes)).collect();
        let jobs = files.iter().filter(|file| file.role == Role::Jobs);
        let gone = known.len() - jobs.clone().filter(|file| known.contains_key(&file.path)).count();
        let same = jobs.clone().filter(|file| known.get(&file.path).is_some_and(|bytes| **bytes == file.bytes));
        let unchanged: BTreeSet<_> = same.map(SourceFile::name).collect();
        // A file that had presets and is gone or another: its presets are in jobs of others.
        let touched = gone > 0 || unchanged.len() < known.len();
        let lost = touched && self.config.preset_files().any(|file| !unchanged.contains(file) && !self.is_core(file));
        if lost { BTreeSet::new() } else { unchanged }
    }

    fn is_core(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.role == Role::Core && file.name() == name)
    }

    fn warnings_of(&self, files: &BTreeSet<String>) -> Vec<String> {
        let is_of = |warning: &&String| {
            let mut parts = warning.split(": ").next().unwrap_or_default().rsplitn(3, ':');
            parts.nth(2).is_some_and(|file| files.contains(file))
        };
        self.warnings.iter().filter(is_of).cloned().collect()
    }

    /// The directory of plugins.yaml, which components' paths are relative to.
    pub fn plugins_dir(&self) -> Option<PathBuf> {
        let file = self.files.iter().find(|file| file.role == Role::Plugins)?;
        let folder = file.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Some(folder.unwrap_or(Path::new(".")).to_owned())
    }
}

/// Go templates are executed much later, job by job: what cannot be parsed is found now.
fn check_templates(config: &Config, file: &str) -> Vec<Problem> {
    let plank = &config.core.plank;
    let at = KeyPath::root().key("plank");
    let url = (at.key("job_url_template"), &plank.job_url_template);
    let reports =
        plank.report_templates.iter().map(|(scope, template)| (at.key("report_templates").key(scope), template));
    let sections = config.core.sections.templates();
    let plank = std::iter::once(url).chain(reports).map(|(path, template)| (path, template.as_str()));
    let all = plank.chain(sections);
    all.filter_map(|(path, template)| {
        let why = template::check(template).err()?;
        Some(Problem {
            file: file.to_owned(),
            path,
            message: format!("this Go template cannot be parsed: {why}; mend it, or leave the key out"),
        })
    })
    .collect()
}
