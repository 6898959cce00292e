//! All files together, read and checked; one that is bad keeps all of them out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use prow::job_config::{Config, Named};
use prow::plugins::{Plugins, RawPlugins};
use prow::problem::{KeyPath, Problem, Segment};
use prow::raw_config::{RawConfig, UNREAD_KEYS};

use crate::fault::{Fault, LoadError, Position};
use crate::node::Node;
use crate::source::{Role, SourceFile, Sources, revision};
use crate::template;
use crate::yaml::{self, Read};

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

    /// Checks files that were read before.
    ///
    /// # Errors
    /// Everything that is wrong, as [`Self::from_sources`] has it.
    pub fn from_files(files: Vec<SourceFile>) -> Result<Self, LoadError> {
        let mut shapes = Shapes::default();
        for file in &files {
            shapes.read(file);
        }
        let Shapes { core, jobs, plugins, plugin_shards, documents, mut faults, mut warnings } = shapes;
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
                    warnings.extend(found.into_iter().map(|warning| placed(warning, &documents).to_string()));
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
            Some(core) if faults.is_empty() => {
                let core_file = core.file.clone();
                let checked = Config::check(core, jobs);
                if let Ok(config) = &checked {
                    problems.extend(check_templates(config, &core_file));
                }
                checked.map_err(|found| problems.extend(found)).ok()
            }
            Some(_) | None => None,
        };
        faults.extend(problems.into_iter().map(|problem| placed(problem, &documents)));
        match config {
            Some(config) if faults.is_empty() => Ok(Self {
                config: Arc::new(config),
                plugins: Arc::new(checked_plugins),
                revision: revision(&files),
                files: Arc::new(files),
                warnings,
            }),
            _ => Err(LoadError { faults }),
        }
    }

    /// The directory of plugins.yaml, which components' paths are relative to.
    pub fn plugins_dir(&self) -> Option<PathBuf> {
        let file = self.files.iter().find(|file| file.role == Role::Plugins)?;
        let folder = file.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Some(folder.unwrap_or(Path::new(".")).to_owned())
    }
}

/// What the files say, before it is checked.
#[derive(Default)]
struct Shapes {
    core: Option<Named<RawConfig>>,
    jobs: Vec<Named<RawConfig>>,
    plugins: Option<Named<RawPlugins>>,
    plugin_shards: Vec<Named<RawPlugins>>,
    documents: Vec<(String, Node)>,
    faults: Vec<Fault>,
    warnings: Vec<String>,
}

impl Shapes {
    fn read(&mut self, file: &SourceFile) {
        let name = file.name();
        let text = match file.text() {
            Ok(text) => text,
            Err(fault) => return self.faults.push(fault),
        };
        match file.role {
            Role::Core => self.core = self.keep(&name, yaml::read(&name, &text)),
            Role::Jobs => {
                let jobs = self.keep(&name, yaml::read(&name, &text));
                self.jobs.extend(jobs);
            }
            Role::Plugins => self.plugins = self.keep(&name, yaml::read(&name, &text)),
            Role::PluginShard => {
                let shard = self.keep(&name, yaml::read(&name, &text));
                self.plugin_shards.extend(shard);
            }
        }
    }

    fn keep<T>(&mut self, name: &str, read: Result<Read<T>, Fault>) -> Option<Named<T>> {
        let Read { value, document, unread } = match read {
            Ok(read) => read,
            Err(fault) => {
                self.faults.push(fault);
                return None;
            }
        };
        // What an anchor names is read wherever it is used, but stands in one place.
        let mut places = BTreeSet::new();
        for unread in unread.iter().filter(|unread| !is_known(&unread.path) && places.insert(unread.at)) {
            self.warnings.push(unread_warning(name, &unread.path, unread.at));
        }
        self.documents.push((name.to_owned(), document));
        Some(Named { file: name.to_owned(), raw: value })
    }
}

fn is_known(path: &KeyPath) -> bool {
    matches!(path.0.first(), Some(Segment::Key(key)) if UNREAD_KEYS.contains(&key.as_str()))
}

pub(crate) fn unread_warning(file: &str, path: &KeyPath, at: Position) -> String {
    format!("{file}:{}:{}: the key `{path}` is not known here and has no effect", at.line, at.column)
}

/// Where a problem stands in its file's document.
pub(crate) fn placed(problem: Problem, documents: &[(String, Node)]) -> Fault {
    let document = documents.iter().find(|(file, _)| *file == problem.file);
    let at = document.map_or(Position::START, |(_, document)| document.position_of(&problem.path));
    let path = if problem.path.0.is_empty() { String::new() } else { format!("`{}`: ", problem.path) };
    Fault { file: problem.file, at, message: format!("{path}{}", problem.message) }
}

/// Go templates are executed much later, job by job: what cannot be parsed is found now.
fn check_templates(config: &Config, file: &str) -> Vec<Problem> {
    let plank = &config.core.plank;
    let at = KeyPath::root().key("plank");
    let url = (at.key("job_url_template"), &plank.job_url_template);
    let reports =
        plank.report_templates.iter().map(|(scope, template)| (at.key("report_templates").key(scope), template));
    let all = std::iter::once(url).chain(reports);
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
