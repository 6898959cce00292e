//! The files that a configuration is made of, as bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use ignore::WalkBuilder;
use sha2::{Digest, Sha256};

use crate::fault::{Fault, Position};
use crate::shards::Shards;

/// What a gzipped file may unfold to.
const MAX_UNPACKED: u64 = 64 << 20;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Where the files are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// config.yaml.
    pub config_path: PathBuf,
    /// Parts of config.yaml.
    pub config_shards: Shards,
    /// One job file, or a directory of them.
    pub job_config_path: Option<PathBuf>,
    /// plugins.yaml.
    pub plugin_config: Option<PathBuf>,
    /// Parts of plugins.yaml.
    pub plugin_shards: Shards,
}

/// What a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// config.yaml.
    Core,
    /// The file `VERSION` beside config.yaml, which says which version of the configuration this is.
    Version,
    /// A part of config.yaml.
    ConfigShard,
    /// A job file.
    Jobs,
    /// plugins.yaml.
    Plugins,
    /// A part of plugins.yaml.
    PluginShard,
}

impl Role {
    const ALL: [Self; 6] = [Self::Core, Self::Version, Self::ConfigShard, Self::Jobs, Self::Plugins, Self::PluginShard];

    /// A word for it, to store it under.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Version => "version",
            Self::ConfigShard => "config-shard",
            Self::Jobs => "jobs",
            Self::Plugins => "plugins",
            Self::PluginShard => "plugin-shard",
        }
    }

    /// The role of that word.
    pub fn of_str(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// One file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// What it is read as.
    pub role: Role,
    /// Where it was.
    pub path: PathBuf,
    /// What stood in it, byte for byte; gzipped if it was.
    pub bytes: Vec<u8>,
}

impl SourceFile {
    /// The file's name in errors.
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// The file's text, unpacked where it is gzipped (known by its first bytes, whatever its name).
    pub(crate) fn text(&self) -> Result<String, Fault> {
        let fault = |message: String| Fault { file: self.name(), at: Position::START, message };
        let bytes = if self.bytes.starts_with(&GZIP_MAGIC) {
            let mut unpacked = Vec::new();
            let mut reader = GzDecoder::new(self.bytes.as_slice()).take(MAX_UNPACKED + 1);
            reader.read_to_end(&mut unpacked).map_err(|error| {
                fault(format!("this begins like a gzipped file but cannot be unpacked ({error}): pack it anew"))
            })?;
            if unpacked.len() as u64 > MAX_UNPACKED {
                return Err(fault(format!("this unpacks to more than {MAX_UNPACKED} bytes: split it")));
            }
            unpacked
        } else {
            self.bytes.clone()
        };
        String::from_utf8(bytes).map_err(|error| fault(format!("this is not UTF-8 text ({error}): save it as UTF-8")))
    }
}

impl Sources {
    /// Reads all files, in a stable order.
    ///
    /// # Errors
    /// One fault for each file or directory that cannot be read, and each job file whose base name is taken.
    pub fn read(&self) -> Result<Vec<SourceFile>, Vec<Fault>> {
        let mut files = Vec::new();
        let mut faults = Vec::new();
        read_into(&mut files, &mut faults, Role::Core, &self.config_path, "--config-path");
        let version = self.config_path.with_file_name("VERSION");
        if version.is_file() {
            read_into(&mut files, &mut faults, Role::Version, &version, "--config-path");
        }
        self.config_shards.read(&mut files, &mut faults, Role::ConfigShard, "--supplemental-prow-config-dir");
        match self.job_config_path.as_deref() {
            Some(folder) if folder.is_dir() => read_folder(&mut files, &mut faults, folder),
            Some(file) => read_into(&mut files, &mut faults, Role::Jobs, file, "--job-config-path"),
            None => {}
        }
        self.read_plugins(&mut files, &mut faults);
        if faults.is_empty() { Ok(files) } else { Err(faults) }
    }

    /// Reads plugins.yaml with its parts, beside a config.yaml that says nothing: for programs that want no more.
    ///
    /// # Errors
    /// One fault for each file or directory that cannot be read.
    pub(crate) fn read_plugins_alone(&self) -> Result<Vec<SourceFile>, Vec<Fault>> {
        let mut files = vec![SourceFile { role: Role::Core, path: "config.yaml".into(), bytes: b"{}".to_vec() }];
        let mut faults = Vec::new();
        self.read_plugins(&mut files, &mut faults);
        if faults.is_empty() { Ok(files) } else { Err(faults) }
    }

    fn read_plugins(&self, files: &mut Vec<SourceFile>, faults: &mut Vec<Fault>) {
        if let Some(path) = &self.plugin_config {
            read_into(files, faults, Role::Plugins, path, "--plugin-config");
            self.plugin_shards.read(files, faults, Role::PluginShard, "--supplemental-plugin-config-dir");
        }
    }
}

/// SHA-256, in hexadecimal digits, over the names and contents of all files.
pub fn revision(files: &[SourceFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        // Lengths go in too, so that bytes cannot move from one part to the next unnoticed.
        for part in [file.role.as_str().as_bytes(), file.path.as_os_str().as_encoded_bytes(), &file.bytes] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
    }
    hex::encode(hash.finalize())
}

pub(crate) fn read_into(files: &mut Vec<SourceFile>, faults: &mut Vec<Fault>, role: Role, path: &Path, flag: &str) {
    match fs::read(path) {
        Ok(bytes) => files.push(SourceFile { role, path: path.to_owned(), bytes }),
        Err(error) => {
            let way_out = match error.kind() {
                io::ErrorKind::IsADirectory => "name a file in it".to_owned(),
                _ => format!("create it, or correct `{flag}`"),
            };
            faults.push(unreadable(path, &format!("this cannot be read ({error}): {way_out}")));
        }
    }
}

/// Walks through a folder in the order of names. Names that start with `..` are how Kubernetes keeps the versions of a
/// mounted config map, of which the plain names are links into the current one.
pub(crate) fn walker(folder: &Path) -> WalkBuilder {
    let mut walk = WalkBuilder::new(folder);
    walk.standard_filters(false).sort_by_file_name(Ord::cmp);
    walk.filter_entry(|entry| entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with(".."));
    walk
}

/// All `.yaml` and `.yml` files below `folder`, but for those that a `.prowignore` names as a `.gitignore` would.
fn read_folder(files: &mut Vec<SourceFile>, faults: &mut Vec<Fault>, folder: &Path) {
    let mut walk = walker(folder);
    walk.add_custom_ignore_filename(".prowignore");
    let mut by_name = BTreeMap::<String, PathBuf>::new();
    for entry in walk.build() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                faults.push(unreadable(folder, &format!("this cannot be read ({error}): make it readable")));
                continue;
            }
        };
        if let Some(error) = entry.error() {
            let ignore_file = entry.path().join(".prowignore");
            faults.push(unreadable(&ignore_file, &format!("this is no list of files to ignore ({error}): correct it")));
        }
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        if entry.file_type().is_none_or(|kind| kind.is_dir()) || !is_yaml || entry.path().is_dir() {
            continue;
        }
        if let Some(other) = by_name.insert(name.clone(), entry.path().to_owned()) {
            let why = format!("a job file named `{name}` exists already ({}): rename one", other.display());
            faults.push(unreadable(entry.path(), &why));
        }
        read_into(files, faults, Role::Jobs, entry.path(), "--job-config-path");
    }
}

pub(crate) fn unreadable(path: &Path, message: &str) -> Fault {
    Fault { file: path.display().to_string(), at: Position::START, message: message.to_owned() }
}
