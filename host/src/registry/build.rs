//! Makes plugins: those of a configuration, and those that unfinished tasks began with.

use std::collections::BTreeMap;
use std::sync::Arc;

use config::Loaded;

use super::{Registry, Set, identity, short, terms_file};
use crate::agent::Grants;
use crate::compile;
use crate::kept::KeptFile;
use crate::limits::Limits;
use crate::loader::Wanted;
use crate::plugin::Plugin;
use crate::source::{Source, Sources, Terms};
use crate::task::Begun;

impl Registry {
    /// All plugins of a configuration. Those whose component and terms are as before are taken over, and so are those that
    /// cannot be loaded as it says: why not is told by plugin.
    pub(super) async fn build(&self, loaded: Arc<Loaded>) -> anyhow::Result<(Set, BTreeMap<String, anyhow::Error>)> {
        let unfetched = self.origins.fetch(&loaded).await?;
        let Sources { found: mut wanted, refused: mut failures, unknown } = self.sources(&loaded)?;
        // What was fetched for an earlier configuration may not be what this one demands.
        wanted.retain(|name, _| !unfetched.contains_key(name));
        failures.extend(unfetched);
        for name in &unknown {
            tracing::warn!(plugin = %name, "plugins.yaml enables a plugin that has no component: nothing will handle its events");
        }
        let before = self.current();
        let (mut plugins, mut sources) = (BTreeMap::new(), BTreeMap::new());
        for (name, source) in &wanted {
            match self.plugin(name, source, &before).await {
                Ok(plugin) => {
                    plugins.insert(name.clone(), plugin);
                    sources.insert(name.clone(), source.clone());
                }
                Err(error) => {
                    failures.insert(name.clone(), error);
                }
            }
        }
        for name in failures.keys() {
            if let (Some(plugin), Some(source)) = (before.plugins.get(name), before.sources.get(name)) {
                plugins.insert(name.clone(), plugin.clone());
                sources.insert(name.clone(), source.clone());
            }
        }
        for (name, source) in &sources {
            self.keep_terms(&plugins[name], source, &loaded)?;
        }
        let files: Vec<_> = loaded.files.iter().map(KeptFile::of).collect();
        self.configs.put_json(&format!("{}.json", loaded.revision), &files)?;
        Ok((Set { loaded, plugins, unknown, wanted, sources, identities: BTreeMap::new() }, failures))
    }

    pub(super) async fn plugin(&self, name: &str, source: &Source, before: &Set) -> anyhow::Result<Arc<Plugin>> {
        let bytes = compile::read_component(&source.path)?;
        let digest = compile::digest(&bytes);
        source.check(name, &digest)?;
        if let (Some(plugin), Some(old)) = (before.plugins.get(name), before.sources.get(name))
            && plugin.digest == digest
            && old.terms == source.terms
        {
            return Ok(plugin.clone());
        }
        let (grants, limits) = (source.terms.grants()?, source.terms.limits);
        let plugin = self.load(name, &bytes, digest.clone(), grants, limits, &source.place).await?;
        self.components.put(&format!("{digest}.wasm"), &bytes)?;
        Ok(plugin)
    }

    /// The same component may run on other terms under another configuration.
    pub(super) fn keep_terms(&self, plugin: &Plugin, source: &Source, loaded: &Loaded) -> anyhow::Result<()> {
        self.components.put_json(&terms_file(&plugin.digest, &loaded.revision), &source.terms)
    }

    async fn load(
        &self,
        name: &str,
        bytes: &[u8],
        digest: String,
        grants: Grants,
        limits: Limits,
        place: &str,
    ) -> anyhow::Result<Arc<Plugin>> {
        let (name, place) = (name.to_owned(), place.to_owned());
        self.loader.load(bytes, Wanted { name, digest, grants, limits, place }).await
    }

    /// A plugin and a configuration that are not in force any more, from the state directory.
    pub(super) async fn again(&self, name: &str, digest: &str, revision: &str) -> anyhow::Result<Begun> {
        let set = self.current();
        let loaded = if set.loaded.revision == revision {
            set.loaded.clone()
        } else {
            let kept: Vec<KeptFile> = self.configs.get_json(&format!("{revision}.json"))?;
            let files = kept.into_iter().map(KeptFile::source).collect::<anyhow::Result<_>>()?;
            Arc::new(Loaded::from_files(files)?)
        };
        let bytes = self.components.get(&format!("{digest}.wasm"))?;
        let terms: Terms = self.components.get_json(&terms_file(digest, revision))?;
        let place = format!("the configuration {} that its task began with", short(revision));
        let identity = identity(name, digest, &terms, &loaded);
        let plugin = self.load(name, &bytes, digest.to_owned(), terms.grants()?, terms.limits, &place).await?;
        Ok(Begun { plugin, loaded, identity, held: None })
    }
}
