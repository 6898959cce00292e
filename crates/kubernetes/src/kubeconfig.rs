//! Reads kubeconfigs: which files there are, and which contexts are in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};

use crate::clusters::LoadError;
use crate::flags::KubernetesFlags;

/// What the files hold.
#[derive(Default)]
pub(crate) struct Contexts {
    /// By name; or why a client cannot be made of it.
    pub(crate) by_name: BTreeMap<String, Result<Config, KubeconfigError>>,
    /// The current context of the first file that has one.
    pub(crate) current: Option<String>,
}

/// The files that the flags name: one, and those of a directory that end in the suffix, in order of name. What begins with
/// `..` is Kubernetes' own, in a volume.
///
/// # Errors
/// If the directory cannot be read.
pub(crate) fn files(flags: &KubernetesFlags) -> Result<Vec<PathBuf>, LoadError> {
    let mut files: Vec<PathBuf> = flags.file().map(Path::to_owned).into_iter().collect();
    let Some(dir) = flags.dir() else { return Ok(files) };
    let failed = |source| LoadError::Dir { dir: dir.to_owned(), source };
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Volumes link their files, so what a link points to counts.
        if !name.starts_with("..") && name.ends_with(flags.suffix().unwrap_or_default()) && path.is_file() {
            inside.push(path);
        }
    }
    inside.sort();
    files.extend(inside);
    Ok(files)
}

/// Reads the files, each context into a configuration of its own.
///
/// # Errors
/// If a file cannot be read, or two have a context of one name.
pub(crate) async fn read(files: &[PathBuf]) -> Result<Contexts, LoadError> {
    let mut contexts = Contexts::default();
    let mut origins: BTreeMap<String, &Path> = BTreeMap::new();
    for file in files {
        let read = Kubeconfig::read_from(file);
        let kubeconfig = read.map_err(|source| LoadError::File { file: file.clone(), source })?;
        add(&mut contexts, &kubeconfig, file, &mut origins).await?;
    }
    Ok(contexts)
}

/// What `$KUBECONFIG` names, with the rules for merging that kubectl has.
///
/// # Errors
/// If one of its files cannot be read.
pub(crate) async fn from_env() -> Result<Contexts, LoadError> {
    let file = || PathBuf::from("$KUBECONFIG");
    let read = Kubeconfig::from_env().map_err(|source| LoadError::File { file: file(), source })?;
    let mut contexts = Contexts::default();
    if let Some(kubeconfig) = read {
        add(&mut contexts, &kubeconfig, &file(), &mut BTreeMap::new()).await?;
    }
    Ok(contexts)
}

async fn add<'a>(
    contexts: &mut Contexts,
    kubeconfig: &Kubeconfig,
    file: &'a Path,
    origins: &mut BTreeMap<String, &'a Path>,
) -> Result<(), LoadError> {
    for context in &kubeconfig.contexts {
        let name = context.name.clone();
        if let Some(other) = origins.insert(name.clone(), file) {
            return Err(LoadError::Twice { context: name, one: other.to_owned(), other: file.to_owned() });
        }
        let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
        contexts.by_name.insert(name, Config::from_custom_kubeconfig(kubeconfig.clone(), &options).await);
    }
    if contexts.current.is_none() {
        contexts.current = kubeconfig.current_context.clone().filter(|name| !name.is_empty());
    }
    Ok(())
}
