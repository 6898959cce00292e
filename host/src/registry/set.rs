//! What is in force together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use config::Loaded;

use crate::gate::Identity;
use crate::plugin::Plugin;
use crate::source::{Source, Want};

/// One revision of the configuration and the plugins loaded for it.
pub struct Set {
    /// The configuration.
    pub loaded: Arc<Loaded>,
    /// By name.
    pub plugins: BTreeMap<String, Arc<Plugin>>,
    /// Plugins that plugins.yaml enables and nobody has a component of.
    pub unknown: BTreeSet<String>,
    /// What the configuration says of each plugin. One that is not loaded so, or not yet, is as it was before, or not there.
    pub(super) wanted: BTreeMap<String, Want>,
    /// What each of `plugins` was really loaded by.
    pub(super) sources: BTreeMap<String, Source>,
    pub(super) identities: BTreeMap<String, Identity>,
}

impl Set {
    /// A configuration without any plugin.
    pub(super) fn of(loaded: Arc<Loaded>) -> Self {
        Set {
            loaded,
            plugins: BTreeMap::new(),
            unknown: BTreeSet::new(),
            wanted: BTreeMap::new(),
            sources: BTreeMap::new(),
            identities: BTreeMap::new(),
        }
    }

    /// The same with one plugin loaded by `source`.
    pub(super) fn with(&self, name: &str, plugin: Arc<Plugin>, source: &Source) -> Self {
        let (mut plugins, mut sources) = (self.plugins.clone(), self.sources.clone());
        plugins.insert(name.to_owned(), plugin);
        sources.insert(name.to_owned(), source.clone());
        let (loaded, unknown, wanted) = (self.loaded.clone(), self.unknown.clone(), self.wanted.clone());
        Set { loaded, plugins, unknown, wanted, sources, identities: BTreeMap::new() }
    }
}
