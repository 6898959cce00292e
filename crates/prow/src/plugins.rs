//! plugins.yaml: which plugins handle what, and what they are told.

mod lgtm;
mod names;
mod raw;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

pub use self::names::PROW_PLUGINS;
use self::names::{BLOCKS_BY_REPO, block_of};
pub use self::raw::{RawPluginList, RawPlugins};
use self::validate::{check_approve, check_expressions, check_sizes, check_twice};
use crate::external::{self, ExternalPlugin, ExternalPlugins};
use crate::module::{self, Module};
use crate::problem::{KeyPath, Problem, Problems};
use crate::settings::{ApproveSettings, HelpSettings, LgtmSettings, TriggerSettings};
use crate::signatures::{self, Signatures};

/// plugins.yaml, checked.
#[derive(Debug, Clone, Default)]
pub struct Plugins {
    plugins: BTreeMap<String, RawPluginList>,
    modules: BTreeMap<String, Module>,
    signatures: Signatures,
    external: ExternalPlugins,
    triggers: Vec<TriggerSettings>,
    lgtm: Vec<LgtmSettings>,
    approve: Vec<ApproveSettings>,
    help: HelpSettings,
    blocks: Map<String, Value>,
}

impl Plugins {
    /// Checks plugins.yaml; `file` is its name in problems.
    ///
    /// # Errors
    /// All problems that were found.
    pub fn check(raw: RawPlugins, file: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::new();
        check_twice(&raw, file, &mut problems);
        check_expressions(&raw.blocks, file, &mut problems);
        check_sizes(&raw.blocks, file, &mut problems);
        lgtm::check(&raw.blocks, file, &mut problems);
        check_approve(&raw.approve, file, &mut problems);
        let modules = raw.modules.into_iter().map(|(name, raw)| {
            let at = KeyPath::root().key("modules").key(&name);
            let is_bundled = PROW_PLUGINS.contains(&name.as_str());
            let module = module::check(raw, is_bundled, file, &at, &mut problems);
            (name, module)
        });
        let modules = modules.collect();
        let signatures = signatures::check(raw.signatures, file, &mut problems);
        let external = external::check(&raw.external_plugins, file, &mut problems);
        if !problems.is_empty() {
            return Err(problems.into_vec());
        }
        Ok(Self {
            plugins: raw.plugins,
            modules,
            signatures,
            external,
            triggers: raw.triggers.into_iter().map(TriggerSettings::completed).collect(),
            lgtm: raw.lgtm,
            approve: raw.approve.into_iter().map(ApproveSettings::completed).collect(),
            help: raw.help,
            blocks: raw.blocks,
        })
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

    /// All that [`Plugins::settings`] is made of, whatever the repository: two of these that are equal tell a plugin the same
    /// everywhere.
    pub fn settings_everywhere(&self, plugin: &str) -> Value {
        if let Some(config) = self.modules.get(plugin).and_then(|module| module.config.as_ref()) {
            return config.clone();
        }
        match plugin {
            "trigger" => to_json(&self.triggers),
            "lgtm" => self.lgtm_everywhere(),
            "approve" => to_json((&self.approve, self.skipping_collaborators())),
            "help" => to_json(&self.help),
            _ => self.blocks.get(&block_of(plugin)).cloned().unwrap_or_default(),
        }
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

    /// What `plugin` is told for a repository: its `modules` entry's `config`, else its block of Prow's, resolved for
    /// the repository. `null` where there is neither.
    pub fn settings(&self, plugin: &str, org: &str, repo: &str) -> Value {
        if let Some(config) = self.modules.get(plugin).and_then(|module| module.config.as_ref()) {
            return config.clone();
        }
        let full_name = format!("{org}/{repo}");
        match plugin {
            "trigger" => to_json(self.trigger(org, repo)),
            "lgtm" => to_json(self.lgtm(org, repo)),
            "approve" => to_json(self.approve(org, repo)),
            "help" => to_json(&self.help),
            _ => {
                let block = block_of(plugin);
                let value = self.blocks.get(&block);
                match value {
                    Some(Value::Array(entries)) if BLOCKS_BY_REPO.contains(&block.as_str()) => {
                        let names = |entry: &Value, wanted: &str| {
                            let repos = entry.get("repos").and_then(Value::as_array);
                            repos.is_some_and(|repos| repos.iter().any(|repo| repo == wanted))
                        };
                        first_by_repo(entries, names, org, &full_name).cloned().unwrap_or_default()
                    }
                    Some(value) => value.clone(),
                    None => Value::Null,
                }
            }
        }
    }

    /// The settings of the trigger plugin for a repository: the first entry that names it, else the first that names
    /// its org, else defaults. Entries are never merged.
    pub fn trigger(&self, org: &str, repo: &str) -> TriggerSettings {
        let names = |entry: &TriggerSettings, wanted: &str| entry.repos.iter().any(|repo| repo == wanted);
        first_by_repo(&self.triggers, names, org, &format!("{org}/{repo}")).cloned().unwrap_or_default()
    }

    /// The settings of the approve plugin for a repository, chosen as for [`Plugins::trigger`].
    pub fn approve(&self, org: &str, repo: &str) -> ApproveSettings {
        let full_name = format!("{org}/{repo}");
        let names = |entry: &ApproveSettings, wanted: &str| entry.repos.iter().any(|repo| repo == wanted);
        let entry = first_by_repo(&self.approve, names, org, &full_name).cloned().unwrap_or_default();
        let skip_collaborators = self.skipping_collaborators().iter().any(|scope| *scope == org || *scope == full_name);
        ApproveSettings { skip_collaborators, ..entry }
    }

    /// The orgs and org/repos where people in OWNERS files need not be collaborators.
    fn skipping_collaborators(&self) -> Vec<&str> {
        let listed = self.blocks.get("owners").and_then(|owners| owners.get("skip_collaborators"));
        listed.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

fn first_by_repo<'a, T>(
    entries: &'a [T],
    names: impl Fn(&T, &str) -> bool,
    org: &str,
    full_name: &str,
) -> Option<&'a T> {
    [full_name, org].into_iter().find_map(|wanted| entries.iter().find(|entry| names(entry, wanted)))
}

fn to_json(settings: impl serde::Serialize) -> Value {
    serde_json::to_value(settings).expect("settings are texts, numbers and booleans")
}
