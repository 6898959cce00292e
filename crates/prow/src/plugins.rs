//! plugins.yaml: which plugins handle what, and what they are told.

mod lgtm;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::external::{self, ExternalPlugin, ExternalPlugins};
use crate::goregex;
use crate::module::{self, Module, RawModule};
use crate::problem::{KeyPath, Problem, Problems};
use crate::settings::{ApproveSettings, HelpSettings, LgtmSettings, TriggerSettings};
use crate::signatures::{self, RawSignatures, Signatures};

/// The plugins that Prow has compiled in. A module of such a name may do without a component, as it may come with the
/// host.
pub const PROW_PLUGINS: [&str; 52] = [
    "approve",
    "assign",
    "blockade",
    "blunderbuss",
    "branchcleaner",
    "bugzilla",
    "buildifier",
    "cat",
    "cherry-pick-approved",
    "cherry-pick-unapproved",
    "cla",
    "config-updater",
    "dco",
    "dog",
    "golint",
    "goose",
    "heart",
    "help",
    "hold",
    "invalidcommitmsg",
    "issue-management",
    "jira",
    "label",
    "lgtm",
    "lifecycle",
    "merge-method-comment",
    "mergecommitblocker",
    "milestone",
    "milestoneapplier",
    "milestonestatus",
    "override",
    "owners-label",
    "pony",
    "project",
    "project-manager",
    "release-note",
    "require-matching-label",
    "retitle",
    "rifle",
    "shrug",
    "sigmention",
    "size",
    "skip",
    "slackevents",
    "stage",
    "testfreeze",
    "trick-or-treat",
    "trigger",
    "verify-owners",
    "welcome",
    "wip",
    "yuks",
];

/// Plugins whose block is not named like them with `_` for `-`.
const BLOCKS: [(&str, &str); 9] = [
    ("trigger", "triggers"),
    ("branchcleaner", "branch_cleaner"),
    ("blockade", "blockades"),
    ("invalidcommitmsg", "invalid_commit_msg"),
    ("milestone", "repo_milestone"),
    ("milestonestatus", "repo_milestone"),
    ("milestoneapplier", "milestone_applier"),
    ("project", "project_config"),
    ("slackevents", "slack"),
];

/// Blocks that are lists of entries with `repos`, of which the first that names the repository counts, else the first
/// that names its org.
const BLOCKS_BY_REPO: [&str; 2] = ["invalid_commit_msg", "welcome"];

/// Expressions in the blocks, by block and key; the blocks are mappings or lists of them.
const EXPRESSIONS: [(&str, &[&str]); 5] = [
    ("sigmention", &["regexp"]),
    ("cherry_pick_approved", &["branchregexp"]),
    ("cherry_pick_unapproved", &["branchregexp"]),
    ("heart", &["commentregexp"]),
    ("require_matching_label", &["regexp"]),
];

/// plugins.yaml as it is written.
#[derive(Debug, Clone, Default)]
pub struct RawPlugins {
    /// By org or org/repo.
    pub plugins: BTreeMap<String, RawPluginList>,
    /// By plugin name.
    pub modules: BTreeMap<String, RawModule>,
    /// By prefix of what comes from registries.
    pub signatures: RawSignatures,
    /// The trigger plugin's entries.
    pub triggers: Vec<TriggerSettings>,
    /// The lgtm plugin's entries.
    pub lgtm: Vec<LgtmSettings>,
    /// The approve plugin's entries.
    pub approve: Vec<ApproveSettings>,
    /// The help plugin's block.
    pub help: HelpSettings,
    /// By org or org/repo: plugins that are services of their own.
    pub external_plugins: BTreeMap<String, Vec<Value>>,
    /// All other keys.
    pub blocks: Map<String, Value>,
}

/// One entry of `plugins`: a list of names, or that list with excluded repositories.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawPluginList {
    /// In the order of handling.
    pub plugins: Vec<String>,
    /// Repositories of the org that its plugins do not handle.
    pub excluded_repos: Vec<String>,
}

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

/// The key of a plugin's block.
fn block_of(plugin: &str) -> String {
    let renamed = BLOCKS.into_iter().find(|(name, _)| *name == plugin).map(|(_, block)| block.to_owned());
    renamed.unwrap_or_else(|| plugin.replace('-', "_"))
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

/// A plugin must not be enabled for an org and again for one of its repositories, unless that one is excluded there.
fn check_twice(raw: &RawPlugins, file: &str, problems: &mut Problems) {
    let at = KeyPath::root().key("plugins");
    for (scope, entry) in &raw.plugins {
        let Some((org, repo)) = scope.split_once('/') else { continue };
        let of_org = raw.plugins.get(org).filter(|entry| !entry.excluded_repos.iter().any(|excluded| excluded == repo));
        for name in entry.plugins.iter().filter(|name| of_org.is_some_and(|entry| entry.plugins.contains(name))) {
            let why = format!(
                "the plugin `{name}` is enabled for `{org}` and for `{scope}`: remove one, or exclude `{repo}` under `{org}`"
            );
            problems.add(file, at.key(scope), why);
        }
    }
    let name_of = |plugin: &Value| plugin.get("name").and_then(Value::as_str).map(str::to_owned);
    for (scope, entries) in &raw.external_plugins {
        let Some((org, _)) = scope.split_once('/') else { continue };
        let of_org: BTreeSet<_> = raw.external_plugins.get(org).into_iter().flatten().filter_map(name_of).collect();
        for name in entries.iter().filter_map(name_of).filter(|name| of_org.contains(name)) {
            let at = KeyPath::root().key("external_plugins").key(scope);
            problems.add(
                file,
                at,
                format!("the external plugin `{name}` is enabled for `{org}` and for `{scope}`: remove one"),
            );
        }
    }
}

fn check_expressions(blocks: &Map<String, Value>, file: &str, problems: &mut Problems) {
    let mut check = |value: Option<&Value>, at: KeyPath| {
        if let Some(Err(why)) = value.and_then(Value::as_str).map(goregex::compile) {
            problems.add(file, at, format!("{why}: mend the expression"));
        }
    };
    for (block, keys) in EXPRESSIONS {
        let at = KeyPath::root().key(block);
        let Some(value) = blocks.get(block) else { continue };
        for key in keys {
            match value {
                Value::Array(entries) => {
                    for (index, entry) in entries.iter().enumerate() {
                        check(entry.get(key), at.index(index).key(*key));
                    }
                }
                value => check(value.get(key), at.key(*key)),
            }
        }
    }
    for (index, entry) in blocks.get("blockades").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = KeyPath::root().key("blockades").index(index);
        check(entry.get("branchregexp"), at.key("branchregexp"));
        for key in ["blockregexps", "exceptionregexps"] {
            for (index, expression) in entry.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
                check(Some(expression), at.key(key).index(index));
            }
        }
    }
    for block in ["blunderbuss", "rifle"] {
        let at = KeyPath::root().key(block).key("wait_for_status").key("description");
        check(blocks.get(block).and_then(|block| block.pointer("/wait_for_status/description")), at);
    }
}

/// Prow checks the values as written, so a block with only some of the sizes fails: the others count as 0.
fn check_sizes(blocks: &Map<String, Value>, file: &str, problems: &mut Problems) {
    let Some(size) = blocks.get("size").filter(|size| size.is_object()) else { return };
    let sizes =
        ["s", "m", "l", "xl", "xxl"].map(|key| (key, size.get(key).and_then(Value::as_i64).unwrap_or_default()));
    for pair in sizes.windows(2) {
        let [(smaller, low), (larger, high)] = pair else { continue };
        if low > high {
            let why = format!(
                "the size `{smaller}` ({low}) is above `{larger}` ({high}): give all of s, m, l, xl, xxl, none below the one before"
            );
            return problems.add(file, KeyPath::root().key("size"), why);
        }
    }
}

/// An org or repository has one entry at the most: of two, Prow refuses the file too, and nobody need know which counts.
fn check_approve(entries: &[ApproveSettings], file: &str, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for (index, entry) in entries.iter().enumerate() {
        for (place, scope) in entry.repos.iter().enumerate() {
            if !seen.insert(scope) {
                let at = KeyPath::root().key("approve").index(index).key("repos").index(place);
                problems.add(file, at, format!("`{scope}` is listed before: keep one of the two"));
            }
        }
    }
}

impl<'de> Deserialize<'de> for RawPlugins {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = RawPlugins;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a mapping with keys like `plugins` and `modules`")
            }

            fn visit_unit<E: de::Error>(self) -> Result<RawPlugins, E> {
                Ok(RawPlugins::default())
            }

            // By hand and not with `flatten`, which would lose the place of what is wrong.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawPlugins, A::Error> {
                let mut raw = RawPlugins::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "plugins" => raw.plugins = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "signatures" => raw.signatures = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "modules" => raw.modules = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "triggers" => raw.triggers = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "lgtm" => raw.lgtm = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "approve" => raw.approve = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "help" => raw.help = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        "external_plugins" => raw.external_plugins = map.next_value::<Option<_>>()?.unwrap_or_default(),
                        _ => {
                            raw.blocks.insert(key, map.next_value()?);
                        }
                    }
                }
                Ok(raw)
            }
        }
        from.deserialize_any(Reader)
    }
}

impl<'de> Deserialize<'de> for RawPluginList {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Long {
            plugins: Option<Vec<String>>,
            excluded_repos: Option<Vec<String>>,
        }
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = RawPluginList;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of plugins, or a mapping with `plugins` and `excluded_repos`")
            }

            fn visit_unit<E: de::Error>(self) -> Result<RawPluginList, E> {
                Ok(RawPluginList::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<RawPluginList, A::Error> {
                let mut plugins = Vec::new();
                while let Some(name) = list.next_element()? {
                    plugins.push(name);
                }
                Ok(RawPluginList { plugins, excluded_repos: Vec::new() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawPluginList, A::Error> {
                let long = Long::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(RawPluginList {
                    plugins: long.plugins.unwrap_or_default(),
                    excluded_repos: long.excluded_repos.unwrap_or_default(),
                })
            }
        }
        from.deserialize_any(Reader)
    }
}
