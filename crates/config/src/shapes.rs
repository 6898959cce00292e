//! All files read into their types, before any of it is checked.

use std::collections::BTreeSet;

use prow::job_config::{JobFile, Named};
use prow::plugins::RawPlugins;
use prow::problem::{KeyPath, Segment};
use prow::raw_config::{CORE_KEYS, RawConfig};
use prow::sections::supplement::RawSupplement;

use crate::de::Unread;
use crate::fault::Fault;
use crate::node::Node;
use crate::parsed::{self, Parsed};
use crate::source::{Role, SourceFile};
use crate::yaml::{self, Read};

/// What the files say, before it is checked.
#[derive(Default)]
pub(crate) struct Shapes {
    pub(crate) core: Option<Named<RawConfig>>,
    pub(crate) config_shards: Vec<Named<RawSupplement>>,
    pub(crate) version: Option<String>,
    pub(crate) jobs: Vec<JobFile>,
    pub(crate) plugins: Option<Named<RawPlugins>>,
    pub(crate) plugin_shards: Vec<Named<RawPlugins>>,
    pub(crate) documents: Vec<(String, Node)>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) warnings: Vec<String>,
    /// Names of job files that were not read.
    pub(crate) unchanged: BTreeSet<String>,
}

impl Shapes {
    /// Reads all but the job files of these names.
    pub(crate) fn read(files: &[SourceFile], unchanged: &BTreeSet<String>) -> Self {
        let mut shapes = Self { unchanged: unchanged.clone(), ..Self::default() };
        for file in files.iter().filter(|file| file.role != Role::Jobs) {
            shapes.read_one(file);
        }
        let jobs: Vec<_> = files.iter().filter(|file| file.role == Role::Jobs).collect();
        let changed: Vec<_> = jobs.iter().copied().filter(|file| !unchanged.contains(&file.name())).collect();
        let mut read = parsed::configs(&changed).into_iter();
        for file in jobs {
            let name = file.name();
            let read = if unchanged.contains(&name) { None } else { read.next() };
            match read {
                None => shapes.jobs.push(JobFile::Unchanged(name)),
                Some(read) => {
                    let read = shapes.keep_parsed(name, read);
                    shapes.jobs.extend(read.map(Box::new).map(JobFile::Read));
                }
            }
        }
        shapes
    }

    pub(crate) fn has_job_presets(&self) -> bool {
        let has = |file: &JobFile| match file {
            JobFile::Read(file) => file.raw.presets.as_ref().is_some_and(|presets| !presets.is_empty()),
            JobFile::Unchanged(_) => false,
        };
        self.jobs.iter().any(has)
    }

    fn read_one(&mut self, file: &SourceFile) {
        let name = file.name();
        let text = match file.text() {
            Ok(text) => text,
            Err(fault) => return self.faults.push(fault),
        };
        match file.role {
            Role::Core => self.core = self.keep_parsed(name, parsed::config(file)),
            Role::Version => self.version = Some(text),
            Role::ConfigShard => self.read_config_shard(&name, &text),
            Role::Jobs => {}
            Role::Plugins => self.plugins = self.keep(&name, yaml::read(&name, &text)),
            Role::PluginShard => {
                let shard = self.keep(&name, yaml::read(&name, &text));
                self.plugin_shards.extend(shard);
            }
        }
    }

    /// What is config.yaml's alone is a fault in a supplemental file; what nobody knows is not.
    fn read_config_shard(&mut self, name: &str, text: &str) {
        let mut read = yaml::read::<RawSupplement>(name, text);
        if let Ok(read) = &mut read {
            let (ours, odd) = std::mem::take(&mut read.unread).into_iter().partition(|unread| is_core_s(&unread.path));
            read.unread = odd;
            self.faults.extend(Vec::into_iter(ours).map(|unread: Unread| Fault {
                file: name.to_owned(),
                at: unread.at,
                message: format!(
                    "`{}` has no place in a supplemental file, which may hold `branch-protection`, \
                     `slack_reporter_configs`, `tide.queries` and `tide.merge_method`: move it to config.yaml",
                    unread.path
                ),
            }));
        }
        let read = self.keep(name, read);
        self.config_shards.extend(read);
    }

    fn keep<T>(&mut self, name: &str, read: Result<Read<T>, Fault>) -> Option<Named<T>> {
        let read = read.map(|Read { value, document, unread }| {
            self.documents.push((name.to_owned(), document));
            Parsed { value, warnings: parsed::warnings(name, unread) }
        });
        self.keep_parsed(name.to_owned(), read)
    }

    fn keep_parsed<T>(&mut self, file: String, read: Result<Parsed<T>, Fault>) -> Option<Named<T>> {
        match read {
            Ok(Parsed { value, warnings }) => {
                self.warnings.extend(warnings);
                Some(Named { file, raw: value })
            }
            Err(fault) => {
                self.faults.push(fault);
                None
            }
        }
    }
}

fn is_core_s(path: &KeyPath) -> bool {
    matches!(path.0.first(), Some(Segment::Key(key)) if CORE_KEYS.iter().any(|core| core.eq_ignore_ascii_case(key)))
}
