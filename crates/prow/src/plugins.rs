//! plugins.yaml: which plugins handle what, and what they are told.

mod blocks;
mod enabled;
mod lgtm;
mod names;
mod raw;
mod settings;
mod shards;
#[cfg(test)]
mod tests;
mod validate;
mod warn;

use std::collections::{BTreeMap, BTreeSet};

pub use self::blocks::Blocks;
pub use self::names::PROW_PLUGINS;
pub use self::raw::{RawPluginList, RawPlugins};
use self::shards::Origins;
use crate::external::{self, ExternalPlugin, ExternalPlugins};
use crate::job_config::Named;
use crate::module::{self, Module};
use crate::problem::{KeyPath, Problem, Problems};
use crate::signatures::{self, Signatures};

/// plugins.yaml, checked.
#[derive(Debug, Clone, Default)]
pub struct Plugins {
    plugins: BTreeMap<String, RawPluginList>,
    modules: BTreeMap<String, Module>,
    signatures: Signatures,
    external: ExternalPlugins,
    blocks: Blocks,
    origins: Origins,
}

impl Plugins {
    /// Puts plugins.yaml and what stands in files beside it together, and checks the whole. With it comes what an
    /// operator should know though the whole takes effect.
    ///
    /// Behaviour: Prow pkg/plugins/plugins.go, `Load`, and pkg/plugins/config.go, `Validate`.
    ///
    /// # Errors
    /// All problems that were found, each with the file that it is in.
    pub fn check(
        main: Named<RawPlugins>,
        shards: Vec<Named<RawPlugins>>,
    ) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        let file = main.file.clone();
        let (mut in_files, mut problems) = (Problems::new(), Problems::new());
        let (raw, origins) = shards::merge(main, shards, &mut in_files);
        let mut warnings = Problems::new();
        warn::whole(&raw, &file, &mut warnings);
        let raw = RawPlugins { blocks: raw.blocks.completed(), ..raw };
        validate::whole(&raw, &file, &mut problems);
        let modules = raw.modules.into_iter().map(|(name, raw)| {
            let at = KeyPath::root().key("modules").key(&name);
            let is_bundled = PROW_PLUGINS.contains(&name.as_str());
            let module = module::check(raw, is_bundled, &file, &at, &mut problems);
            (name, module)
        });
        let modules = modules.collect();
        let signatures = signatures::check(raw.signatures, &file, &mut problems);
        let external = external::check(raw.external_plugins, &file, &mut problems);
        if !in_files.is_empty() || !problems.is_empty() {
            return Err([in_files.into_vec(), origins.placed(problems)].concat());
        }
        let warnings = origins.placed(warnings);
        let mut blocks = raw.blocks;
        blocks.config_updater = blocks.config_updater.resolved();
        Ok((Self { plugins: raw.plugins, modules, signatures, external, blocks, origins }, warnings))
    }

    /// Enabled plugins that Prow does not have and `modules` does not name, each with its place. The host says so and
    /// goes on, as Prow's hook does; Prow's checkconfig refuses them.
    pub fn unknown_plugins(&self) -> Vec<Problem> {
        let mut found = Problems::new();
        for (scope, entry) in &self.plugins {
            let at = KeyPath::root().key("plugins").key(scope);
            let at = if entry.is_bare { at } else { at.key("plugins") };
            for (index, name) in entry.plugins.iter().enumerate() {
                if !PROW_PLUGINS.contains(&name.as_str()) && !self.modules.contains_key(name) {
                    let why = format!(
                        "there is no plugin `{name}`: correct the name, or say under `modules` where it comes from"
                    );
                    found.add("", at.index(index), why);
                }
            }
        }
        self.origins.placed(found)
    }

    /// What Prow's plugins are told, with Prow's defaults, for all repositories.
    pub fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    /// The plugins that handle a repository's events, in order, each once: the org's unless the repository is excluded
    /// there, then the repository's own.
    pub fn effective(&self, org: &str, repo: &str) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let of_org =
            self.plugins.get(org).filter(|entry| !entry.excluded_repos.iter().any(|excluded| excluded == repo));
        let of_repo = self.plugins.get(&format!("{org}/{repo}"));
        for name in of_org.into_iter().chain(of_repo).flat_map(|entry| &entry.plugins) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// All plugins that anything is handled by, sorted.
    pub fn names(&self) -> BTreeSet<&str> {
        self.plugins.values().flat_map(|entry| &entry.plugins).map(String::as_str).collect()
    }

    /// The orgs and org/repos that enable `plugin`, sorted.
    pub fn enabled_for(&self, plugin: &str) -> Vec<&str> {
        let enabled = self.plugins.iter().filter(|(_, entry)| entry.plugins.iter().any(|name| name == plugin));
        enabled.map(|(scope, _)| scope.as_str()).collect()
    }

    /// The plugins that handle the events of an org's repositories, but for those that it excludes.
    pub fn of_org(&self, org: &str) -> &[String] {
        self.plugins.get(org).map_or(&[], |entry| &entry.plugins)
    }

    /// Repositories that `org` excludes from its plugins, bare names.
    pub fn excluded_repos(&self, org: &str) -> &[String] {
        self.plugins.get(org).map_or(&[], |entry| &entry.excluded_repos)
    }

    /// The orgs and org/repos of `plugins`, sorted.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.plugins.keys().map(String::as_str)
    }

    /// The entry of `modules` for a plugin.
    pub fn module(&self, plugin: &str) -> Option<&Module> {
        self.modules.get(plugin)
    }

    /// All entries of `modules`, by plugin name.
    pub fn modules(&self) -> &BTreeMap<String, Module> {
        &self.modules
    }

    /// The services that a repository's events are forwarded to, in order.
    pub fn external(&self, org: &str, repo: &str) -> Vec<&ExternalPlugin> {
        external::of(&self.external, org, repo)
    }

    /// Every such service, with the org or org/repo that it is listed for.
    pub fn all_external(&self) -> impl Iterator<Item = (&str, &ExternalPlugin)> {
        self.external.iter().flat_map(|(scope, listed)| listed.iter().map(move |one| (scope.as_str(), one)))
    }

    /// Which components from registries must be signed, and by whom.
    pub fn signatures(&self) -> &Signatures {
        &self.signatures
    }
}
