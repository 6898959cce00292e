//! Where each plugin's component is and on what terms it runs: its `modules` entry, else the catalogue of bundled plugins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use config::Loaded;
use prow::module::{self, Module, RawLimits};
use prow::problem::KeyPath;

use crate::agent::Grants;
use crate::catalogue::{self, Catalogue, CatalogueEntry};
use crate::plugin::Limits;

/// One plugin's component file and terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The component.
    pub path: PathBuf,
    /// What it may do and use.
    pub terms: Terms,
    /// Where its terms stand, for messages: `plugins.yaml:12`, or the catalogue.
    pub place: String,
}

/// On what terms a plugin runs. Kept with the component, for tasks that outlive the files.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Terms {
    granted: prow::grants::Grants,
    /// What one call may use.
    pub limits: Limits,
}

impl Terms {
    /// The catalogue's terms.
    fn bundled(entry: &CatalogueEntry) -> anyhow::Result<Self> {
        let damaged = || format!("the catalogue's terms of `{}` cannot be read: build the plugins again", entry.name);
        let granted = serde_json::from_value(entry.grants.clone()).with_context(damaged)?;
        let limits: RawLimits = serde_json::from_value(entry.limits.clone()).with_context(damaged)?;
        let limits = module::Limits {
            memory_bytes: limits.memory.map(|memory| memory.0),
            deadline: limits.deadline.map(|deadline| deadline.0),
            effects: limits.effects,
            api_calls: limits.api_calls,
        };
        Ok(Terms { granted, limits: over(Limits::default(), &limits) })
    }

    /// What a `modules` entry says, over what stood before.
    fn with(self, module: &Module) -> Self {
        Terms { granted: module.grants.clone().unwrap_or(self.granted), limits: over(self.limits, &module.limits) }
    }

    /// The grants, ready to be asked.
    ///
    /// # Errors
    /// If one of `repos` is no glob.
    pub fn grants(&self) -> anyhow::Result<Grants> {
        let mut repos = globset::GlobSetBuilder::new();
        for glob in &self.granted.repos {
            // `my-org/*` is the repositories of my-org and nothing deeper.
            let compiled = globset::GlobBuilder::new(glob).literal_separator(true).build();
            repos.add(compiled.with_context(|| format!("`{glob}` under `grants.repos` is no glob"))?);
        }
        Ok(Grants { granted: self.granted.clone(), repos: repos.build().context("`grants.repos`")? })
    }
}

fn over(base: Limits, said: &module::Limits) -> Limits {
    Limits {
        memory: said.memory_bytes.map_or(base.memory, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        deadline: said.deadline.unwrap_or(base.deadline),
        effects: said.effects.unwrap_or(base.effects),
        api_calls: said.api_calls.unwrap_or(base.api_calls),
    }
}

/// A plugin's settings for a repository as JSON; `{}` where it has none.
pub fn settings(loaded: &Loaded, plugin: &str, org: &str, repo: &str) -> String {
    match loaded.plugins.settings(plugin, org, repo) {
        serde_json::Value::Null => "{}".to_owned(),
        settings => settings.to_string(),
    }
}

/// Where a module's entry stands, as `file:line`.
fn place_of_module(loaded: &Loaded, name: &str) -> String {
    let file = loaded.files.iter().find(|file| file.role == config::Role::Plugins);
    let line = file.and_then(|file| {
        let text = String::from_utf8_lossy(&file.bytes);
        let document = config::yaml::parse(&file.name(), &text).ok()?;
        Some(document.position_of(&KeyPath::root().key("modules").key(name)).line)
    });
    match (file, line) {
        (Some(file), Some(line)) => format!("{}:{line}", file.name()),
        (Some(file), None) => file.name(),
        (None, _) => "plugins.yaml".to_owned(),
    }
}

/// Every plugin that is enabled somewhere or is a module, with its source; and the enabled ones that have none.
///
/// # Errors
/// If the catalogue's terms cannot be read, or a module needs the catalogue and is not in it.
pub fn sources(
    loaded: &Loaded,
    catalogue: &Catalogue,
    catalogue_dir: Option<&Path>,
) -> anyhow::Result<(BTreeMap<String, Source>, BTreeSet<String>)> {
    let names: BTreeSet<&str> =
        loaded.plugins.names().into_iter().chain(loaded.plugins.modules().keys().map(String::as_str)).collect();
    let (mut found, mut unknown) = (BTreeMap::new(), BTreeSet::new());
    for name in names {
        let bundled = catalogue.plugins.iter().find(|entry| entry.name == name).zip(catalogue_dir);
        let module = loaded.plugins.module(name);
        let base = match bundled {
            Some((entry, _)) => Terms::bundled(entry)?,
            None => Terms::default(),
        };
        let own_file = module.and_then(|module| module.component.as_deref());
        let path = match (own_file, bundled) {
            (Some(component), _) => loaded.plugins_dir().unwrap_or_default().join(component),
            (None, Some((entry, dir))) => dir.join(&entry.file),
            (None, None) => {
                unknown.insert(name.to_owned());
                continue;
            }
        };
        let place = match (module, bundled) {
            (Some(_), _) => place_of_module(loaded, name),
            (None, Some((_, dir))) => dir.join(catalogue::FILE).display().to_string(),
            (None, None) => unreachable!("without either there is no path"),
        };
        let terms = module.map_or(base.clone(), |module| base.with(module));
        found.insert(name.to_owned(), Source { path, terms, place });
    }
    Ok((found, unknown))
}
