//! Makes plugins: those of a configuration, and those that unfinished tasks began with.

use std::sync::Arc;

use anyhow::Context as _;
use config::Loaded;

use super::{Registry, component_file, config_file, identity, short, terms_file};
use crate::compile;
use crate::kept::KeptFile;
use crate::loader::Wanted;
use crate::plugin::Plugin;
use crate::source::{Component, Places, Source, Terms, Want};
use crate::task::Begun;

/// A plugin that is ready, and what it was made of.
pub(super) struct Made {
    pub(super) plugin: Arc<Plugin>,
    pub(super) source: Source,
}

/// Why there is none.
pub(super) enum Failed {
    /// Its component cannot be had from its registry.
    Fetch(anyhow::Error),
    /// Its component, or its terms, are at fault, or the machine was in the way.
    Load(anyhow::Error),
    /// The configuration itself says so, and where.
    Refused(anyhow::Error),
}

impl Failed {
    pub(super) fn into_error(self) -> anyhow::Error {
        match self {
            Failed::Fetch(error) | Failed::Load(error) | Failed::Refused(error) => error,
        }
    }

    /// The error with its place in the configuration, as that stands now, and with what it is about.
    pub(super) fn placed(self, loaded: &Loaded, name: &str, want: &Want) -> anyhow::Error {
        match self {
            Failed::Fetch(error) => {
                let place = Places::of(loaded).of_module(name, &["component"]);
                error.context(format!("{place}: the component of plugin `{name}` cannot be taken"))
            }
            Failed::Load(error) => {
                let (place, component) = (&want.place, want.component.to_string());
                let says_so = format!("{error:#}").contains(&component);
                error.context(if says_so { place.clone() } else { format!("{place}: {component}") })
            }
            Failed::Refused(error) => error,
        }
    }
}

impl Registry {
    /// What `want` is now: from the registry that it names or from its file, compiled, linked and asked what it is. The plugin
    /// in force, if it is that.
    pub(super) async fn make(self: Arc<Self>, loaded: Arc<Loaded>, name: String, want: Want) -> Result<Made, Failed> {
        let fetched = match &want.component {
            Component::File(_) | Component::Bundled(..) => None,
            Component::Registry(reference, _) => {
                Some(self.origins.fetch(&loaded, &name, reference).await.map_err(Failed::Fetch)?)
            }
        };
        let source = want.source(fetched.as_ref()).expect("what is in a registry was fetched");
        let plugin = self.plugin(&name, &source).await.map_err(Failed::Load)?;
        Ok(Made { plugin, source })
    }

    async fn plugin(&self, name: &str, source: &Source) -> anyhow::Result<Arc<Plugin>> {
        let path = source.path.clone();
        let read = move || compile::read_component(&path).map(|bytes| (compile::digest(&bytes), bytes));
        let (digest, bytes) = tokio::task::spawn_blocking(read).await.context("reading the component")??;
        source.check(name, &digest)?;
        let set = self.current();
        if let Some((plugin, old)) = set.plugins.get(name).zip(set.sources.get(name))
            && plugin.digest == digest
            && old.terms == source.terms
        {
            return Ok(plugin.clone());
        }
        let plugin = self.turns.take(self.load(name, &bytes, &digest, &source.terms)).await?;
        self.components.put(&component_file(&digest), &bytes)?;
        Ok(plugin)
    }

    /// Compiles it and asks it what it is, unless the very same was refused before.
    async fn load(&self, name: &str, bytes: &[u8], digest: &str, terms: &Terms) -> anyhow::Result<Arc<Plugin>> {
        let refusals = || self.refusals.lock().expect("no one panics with it");
        if let Some(refused) = refusals().find(digest, name, terms) {
            return Err(refused.into());
        }
        let (grants, limits) = (terms.grants()?, terms.limits);
        let wanted = Wanted { name: name.to_owned(), digest: digest.to_owned(), grants, limits };
        let loaded = self.loader.load(bytes, wanted).await;
        if let Err(error) = &loaded {
            refusals().remember(digest, name, terms, error);
        }
        loaded
    }

    /// The same component may run on other terms under another configuration, and, when it was slow to load, on those of
    /// the configuration before for a while: the latest count.
    pub(super) fn keep_terms(&self, plugin: &Plugin, source: &Source, loaded: &Loaded) -> anyhow::Result<()> {
        self.components.replace_json(&terms_file(&plugin.digest, &loaded.revision), &source.terms)
    }

    /// Keeps a configuration for the tasks that will begin with it.
    pub(super) fn keep_config(&self, loaded: &Loaded) -> anyhow::Result<()> {
        let files: Vec<_> = loaded.files.iter().map(KeptFile::of).collect();
        self.configs.put_json(&config_file(&loaded.revision), &files)
    }

    /// A plugin and a configuration that are not in force any more, from the state directory.
    pub(super) async fn again(&self, name: &str, digest: &str, revision: &str) -> anyhow::Result<(Begun, Terms)> {
        let set = self.current();
        let loaded = if set.loaded.revision == revision {
            set.loaded.clone()
        } else {
            Arc::new(self.configs.configuration(revision)?)
        };
        let bytes = self.components.get(&component_file(digest))?;
        let terms: Terms = self.components.get_json(&terms_file(digest, revision))?;
        let identity = identity(name, digest, &terms, &loaded);
        let began = || format!("the configuration {} that its task began with", short(revision));
        let plugin = self.load(name, &bytes, digest, &terms).await.with_context(began)?;
        Ok((Begun { plugin, loaded, identity, held: None }, terms))
    }
}
