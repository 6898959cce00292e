//! What a plugin is told: its block, for one repository.

use serde_json::Value;

use super::Plugins;
use crate::owners::Names;
use crate::settings::{
    ApproveSettings, DcoSettings, InvalidCommitMsgSettings, MilestoneSettings, OwnersSettings, TriggerSettings,
    WelcomeSettings,
};

impl Plugins {
    /// What `plugin` is told for a repository: its `modules` entry's `config`, else its block of Prow's, resolved for
    /// the repository and with every default. `null` for a plugin that has no block.
    pub fn settings(&self, plugin: &str, org: &str, repo: &str) -> Value {
        if let Some(config) = self.modules.get(plugin).and_then(|module| module.config.as_ref()) {
            return config.clone();
        }
        match plugin {
            "approve" => to_json(self.approve(org, repo)),
            "bugzilla" => to_json(self.blocks.bugzilla.of(org, repo)),
            "dco" => to_json(self.dco(org, repo)),
            "invalidcommitmsg" => to_json(self.invalid_commit_msg(org, repo)),
            "label" => to_json(self.blocks.label.of(org, repo)),
            "lgtm" => to_json(self.lgtm(org, repo)),
            "milestone" | "milestonestatus" => to_json(self.milestone(org, repo)),
            "milestoneapplier" => {
                to_json(self.blocks.milestone_applier.get(&format!("{org}/{repo}")).cloned().unwrap_or_default())
            }
            "trigger" => to_json(self.trigger(org, repo)),
            "verify-owners" => to_json(self.owners(org, repo)),
            "welcome" => to_json(self.welcome(org, repo)),
            _ => self.block(plugin),
        }
    }

    /// All that [`Plugins::settings`] is made of, whatever the repository: two of these that are equal tell a plugin the same
    /// everywhere.
    pub fn settings_everywhere(&self, plugin: &str) -> Value {
        if let Some(config) = self.modules.get(plugin).and_then(|module| module.config.as_ref()) {
            return config.clone();
        }
        let blocks = &self.blocks;
        match plugin {
            "approve" => to_json(&blocks.approve),
            "bugzilla" => to_json(&blocks.bugzilla),
            "dco" => to_json(&blocks.dco),
            "invalidcommitmsg" => to_json(&blocks.invalid_commit_msg),
            "label" => to_json(&blocks.label),
            "lgtm" => to_json((&blocks.lgtm, &blocks.owners.skip_collaborators)),
            "milestone" | "milestonestatus" => to_json(&blocks.repo_milestone),
            "milestoneapplier" => to_json(&blocks.milestone_applier),
            "trigger" => to_json(&blocks.triggers),
            "verify-owners" => to_json(&blocks.owners),
            "welcome" => to_json(&blocks.welcome),
            _ => self.block(plugin),
        }
    }

    /// A block that is told as a whole, since it is for all repositories or the plugin looks into it by itself.
    fn block(&self, plugin: &str) -> Value {
        let blocks = &self.blocks;
        match plugin {
            "blockade" => to_json(&blocks.blockades),
            "blunderbuss" => to_json(&blocks.blunderbuss),
            "branchcleaner" => to_json(&blocks.branch_cleaner),
            "cat" => to_json(&blocks.cat),
            "cherry-pick-approved" => to_json(&blocks.cherry_pick_approved),
            "cherry-pick-unapproved" => to_json(&blocks.cherry_pick_unapproved),
            "config-updater" => to_json(&blocks.config_updater),
            "golint" => to_json(blocks.golint.clone().completed()),
            "goose" => to_json(&blocks.goose),
            "heart" => to_json(&blocks.heart),
            "help" => to_json(&blocks.help),
            "jira" => to_json(&blocks.jira),
            "override" => to_json(&blocks.overrides),
            "project" => to_json(&blocks.project_config),
            "project-manager" => to_json(&blocks.project_manager),
            "release-note" => to_json(&blocks.release_note),
            "require-matching-label" => to_json(&blocks.require_matching_label),
            "retitle" => to_json(&blocks.retitle),
            "rifle" => to_json(&blocks.rifle),
            "sigmention" => to_json(&blocks.sigmention),
            "size" => to_json(blocks.size.clone().completed()),
            "slackevents" => to_json(&blocks.slack),
            _ => Value::Null,
        }
    }

    /// The settings of the trigger plugin for a repository: the first entry that names it, else the first that names
    /// its org, else defaults. Entries are never merged.
    pub fn trigger(&self, org: &str, repo: &str) -> TriggerSettings {
        first(&self.blocks.triggers, |entry| &entry.repos, org, repo).cloned().unwrap_or_default()
    }

    /// The settings of the approve plugin for a repository, chosen as for [`Plugins::trigger`].
    pub fn approve(&self, org: &str, repo: &str) -> ApproveSettings {
        first(&self.blocks.approve, |entry| &entry.repos, org, repo).cloned().unwrap_or_default()
    }

    /// The settings of the invalidcommitmsg plugin for a repository, chosen as for [`Plugins::trigger`].
    pub fn invalid_commit_msg(&self, org: &str, repo: &str) -> InvalidCommitMsgSettings {
        first(&self.blocks.invalid_commit_msg, |entry| &entry.repos, org, repo).cloned().unwrap_or_default()
    }

    /// The settings of the welcome plugin for a repository, chosen as for [`Plugins::trigger`].
    pub fn welcome(&self, org: &str, repo: &str) -> WelcomeSettings {
        first(&self.blocks.welcome, |entry| &entry.repos, org, repo).cloned().unwrap_or_default()
    }

    /// The settings of the dco plugin: the repository's, else its org's, else those of `*`.
    pub fn dco(&self, org: &str, repo: &str) -> DcoSettings {
        let full_name = format!("{org}/{repo}");
        let levels = [full_name.as_str(), org, "*"].map(|level| self.blocks.dco.get(level)?.as_ref());
        levels.into_iter().flatten().next().cloned().unwrap_or_default()
    }

    /// The settings of the plugins about milestones: the repository's, else those under the empty key.
    pub fn milestone(&self, org: &str, repo: &str) -> MilestoneSettings {
        let all = &self.blocks.repo_milestone;
        let found = all.get(&format!("{org}/{repo}")).or_else(|| all.get("")).cloned();
        found.unwrap_or_else(|| MilestoneSettings::default().completed())
    }

    /// What the block `owners` says about a repository.
    pub fn owners(&self, org: &str, repo: &str) -> OwnersSettings {
        self.blocks.owners.of(org, repo)
    }

    /// What the files with owners are called in a repository.
    pub fn owners_names(&self, org: &str, repo: &str) -> Names {
        let OwnersSettings { mdyaml: markdown, filenames, .. } = self.owners(org, repo);
        Names { owners: filenames.owners, aliases: filenames.owners_aliases, markdown }
    }
}

/// The first entry that names the repository, else the first that names its org.
pub(super) fn first<'a, T>(
    entries: &'a [T],
    repos: impl Fn(&T) -> &Vec<String>,
    org: &str,
    repo: &str,
) -> Option<&'a T> {
    let names = |entry: &T, wanted: &str| repos(entry).iter().any(|repo| repo == wanted);
    let full_name = format!("{org}/{repo}");
    [full_name.as_str(), org].into_iter().find_map(|wanted| entries.iter().find(|entry| names(entry, wanted)))
}

fn to_json(settings: impl serde::Serialize) -> Value {
    serde_json::to_value(settings).expect("settings are texts, numbers, booleans, and lists and maps of them")
}
