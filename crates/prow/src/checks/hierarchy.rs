//! Supplemental files that are laid out by org and repository: each is to be about the one that its directories name.
//!
//! Behaviour: Prow cmd/checkconfig, `validateAdditionalConfigIsInOrgRepoDirectoryStructure`.

use std::collections::BTreeSet;

use crate::plugins::RawPlugins;
use crate::sections::supplement::RawSupplement;

/// What a supplemental file is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Something for everyone.
    pub everyone: bool,
    /// Organisations.
    pub orgs: BTreeSet<String>,
    /// Repositories (`org/repo`).
    pub repos: BTreeSet<String>,
}

impl About {
    fn add(&mut self, scope: &str) {
        let list = if scope.contains('/') { &mut self.repos } else { &mut self.orgs };
        list.insert(scope.to_owned());
    }

    fn add_all<'a>(&mut self, scopes: impl IntoIterator<Item = &'a String>) {
        scopes.into_iter().for_each(|scope| self.add(scope));
    }

    /// Behaviour: Prow pkg/config, `ProwConfig.HasConfigFor`.
    pub fn supplement(raw: &RawSupplement) -> Self {
        let mut about = Self::default();
        if let Some(protection) = &raw.branch_protection {
            let switches = [
                protection.protect_tested_repos,
                protection.allow_disabled_policies,
                protection.allow_disabled_job_policies,
                protection.protect_repos_with_optional_jobs,
            ];
            about.everyone |= protection.policy.is_set() || switches.iter().any(Option::is_some);
            for (name, org) in &protection.orgs {
                if org.policy.is_set() {
                    about.orgs.insert(name.clone());
                }
                about.repos.extend(org.repos.keys().map(|repo| format!("{name}/{repo}")));
            }
        }
        if let Some(tide) = &raw.tide {
            about.add_all(tide.merge_method.keys());
            for query in &tide.queries {
                about.orgs.extend(query.orgs.iter().cloned());
                about.repos.extend(query.repos.iter().cloned());
            }
        }
        if let Some(reporters) = &raw.slack_reporter_configs {
            about.everyone |= reporters.contains_key("*");
            about.add_all(reporters.keys().filter(|scope| *scope != "*"));
        }
        about
    }

    /// Behaviour: Prow pkg/plugins/config.go, `HasConfigFor`. Blocks that no supplemental file may have are refused when it
    /// is read.
    pub fn plugins(raw: &RawPlugins) -> Self {
        let mut about = Self::default();
        about.add_all(raw.plugins.keys().chain(raw.external_plugins.keys()));
        let blocks = &raw.blocks;
        about.add_all(blocks.approve.iter().flat_map(|entry| &entry.repos));
        about.add_all(blocks.lgtm.iter().flat_map(|entry| &entry.repos));
        about.add_all(blocks.triggers.iter().flat_map(|entry| &entry.repos));
        about.add_all(blocks.welcome.iter().flat_map(|entry| &entry.repos));
        let restricted = &blocks.label.restricted_labels;
        about.everyone |= blocks.bugzilla.default.is_some() || restricted.contains_key("*");
        about.add_all(restricted.keys().filter(|scope| *scope != "*"));
        for (name, org) in &blocks.bugzilla.orgs {
            if org.default.is_some() {
                about.orgs.insert(name.clone());
            }
            about.repos.extend(org.repos.keys().map(|repo| format!("{name}/{repo}")));
        }
        about
    }
}

/// What is wrong with the place of a file, `path` being its names from the supplemental directory on.
pub fn misplaced(path: &[&str], about: &About) -> Option<String> {
    let (what, own) = match path {
        [] | [_] => return None,
        [org, _] => ("organisation", (*org).to_owned()),
        [org, repo, _] => ("repository", format!("{org}/{repo}")),
        _ => {
            let why = "this is too deep for a supplemental file: one of an organisation stands in a folder of its name, one \
                       of a repository in a folder of its name below that";
            return Some(why.to_owned());
        }
    };
    let others = |all: &BTreeSet<String>| all.iter().filter(|scope| **scope != own).cloned().collect::<Vec<_>>();
    let strangers = [others(&about.orgs), others(&about.repos)].concat();
    let says_own = about.orgs.contains(&own) || about.repos.contains(&own);
    let place = format!("by its folder this file is about the {what} `{own}` alone");
    if about.everyone {
        Some(format!("{place}, and says something for everyone: move that to a file above all folders"))
    } else if !strangers.is_empty() {
        Some(format!(
            "{place}, and says something about `{}`: move that to folders of their names",
            strangers.join("`, `")
        ))
    } else if !says_own {
        Some(format!("{place}, and says nothing about it: remove the file, or move it"))
    } else {
        None
    }
}
