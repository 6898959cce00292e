//! `deck`: the web page.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::selector;
use crate::goregex;
use crate::job_shapes::RerunAuthConfig;
use crate::problem::{KeyPath, Problems};
use crate::raw_config::DurationOr;

/// `deck`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Deck {
    /// The page of one job's run.
    pub spyglass: Spyglass,
    /// How often tide is asked for its state.
    pub tide_update_period: DurationOr<10>,
    /// Orgs and org/repos whose jobs are not shown.
    pub hidden_repos: Vec<String>,
    /// Where the logs of jobs are that others ran.
    pub external_agent_logs: Vec<ExternalAgentLog>,
    /// What the page looks like.
    pub branding: Option<Branding>,
    /// An id for Google Analytics.
    pub google_analytics: String,
    /// Who may run a job again, by `*`, org and org/repo. In a checked config it has moved to the list.
    pub rerun_auth_configs: BTreeMap<String, RerunAuthConfig>,
    /// The same as a list, of which the last that fits counts.
    pub default_rerun_auth_configs: Vec<RerunAuthEntry>,
    /// Whether any bucket is shown, known or not; unset is yes.
    pub skip_storage_path_validation: Option<bool>,
    /// Buckets that are shown beside those of jobs.
    pub additional_allowed_buckets: Vec<String>,
}

/// `deck.spyglass`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Spyglass {
    /// What shows which files of a run.
    pub lenses: Vec<LensFiles>,
    /// The same in its old form: lenses by the expression of a file's name. In a checked config they are lenses.
    pub viewers: BTreeMap<String, Vec<String>>,
    /// How much of a file is read, in bytes; 100 MB unless said otherwise.
    pub size_limit: i64,
    /// In a checked config it has become the `*` of the two below, where they had none.
    pub gcs_browser_prefix: String,
    /// Where artifacts can be browsed, by `*`, org and org/repo.
    pub gcs_browser_prefixes: BTreeMap<String, String>,
    /// The same by bucket.
    pub gcs_browser_prefixes_by_bucket: BTreeMap<String, String>,
    /// HTML above every run.
    pub announcement: String,
    /// Where TestGrid's configuration is.
    pub testgrid_config: String,
    /// Where TestGrid is.
    pub testgrid_root: String,
    /// No link to the history of a pull request.
    pub hide_pr_history_link: bool,
    /// The Go template of that link; empty for the one of this installation.
    pub pr_history_link_template: String,
    /// Buckets by other names.
    pub bucket_aliases: BTreeMap<String, String>,
}

/// One of `deck.spyglass.lenses`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LensFiles {
    /// Expressions that each need a file; without one of them the lens is not shown.
    pub required_files: Vec<String>,
    /// Expressions of further files.
    pub optional_files: Vec<String>,
    /// Which lens.
    pub lens: Lens,
    /// Where a lens is that does not belong to deck.
    pub remote_config: Option<RemoteLens>,
}

/// A lens by its name.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Lens {
    /// Its name.
    pub name: String,
    /// What it is told; any form.
    pub config: Option<Value>,
}

/// `remote_config` of a lens
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RemoteLens {
    /// Where it is asked.
    pub endpoint: String,
    /// Where its files are.
    pub static_root: String,
    /// What stands above it.
    pub title: String,
    /// The lower, the further up.
    pub priority: Option<u64>,
    /// Nothing stands above it.
    pub hide_title: Option<bool>,
}

/// One of `deck.external_agent_logs`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ExternalAgentLog {
    /// The jobs of this agent.
    pub agent: String,
    /// And with these labels.
    pub selector: String,
    /// The Go template of the log's address.
    pub url_template: String,
}

/// `deck.branding`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys say it")]
pub struct Branding {
    pub logo: String,
    pub favicon: String,
    pub background_color: String,
    pub header_color: String,
}

/// One of `deck.default_rerun_auth_configs`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RerunAuthEntry {
    /// An org or org/repo; empty or `*` for any.
    pub repo: String,
    /// A build cluster; empty or `*` for any.
    pub cluster: String,
    /// Who may.
    #[serde(rename = "rerun_auth_configs")]
    pub config: Option<RerunAuthConfig>,
}

impl Deck {
    /// Fills in defaults and adds what is wrong.
    ///
    /// Behaviour: Prow pkg/config, `parseProwConfig`, `FinalizeDefaultRerunAuthConfigs` and `Deck.Validate`.
    pub(super) fn check(&mut self, file: &str, at: &KeyPath, problems: &mut Problems) {
        self.spyglass.check(file, &at.key("spyglass"), problems);
        for (index, log) in self.external_agent_logs.iter().enumerate() {
            if let Some(why) = selector::fault(&log.selector) {
                problems.add(file, at.key("external_agent_logs").index(index).key("selector"), why);
            }
        }
        if !self.additional_allowed_buckets.is_empty() && self.skip_storage_path_validation != Some(false) {
            let why = "these have an effect only with `skip_storage_path_validation: false`: add that, or remove them";
            problems.add(file, at.key("additional_allowed_buckets"), why);
        }
        self.check_rerun(file, at, problems);
    }

    fn check_rerun(&mut self, file: &str, at: &KeyPath, problems: &mut Problems) {
        for (name, config) in &self.rerun_auth_configs {
            config.check(file, &at.key("rerun_auth_configs").key(name), problems);
        }
        for (index, entry) in self.default_rerun_auth_configs.iter().enumerate() {
            let at = at.key("default_rerun_auth_configs").index(index).key("rerun_auth_configs");
            entry.config.iter().for_each(|config| config.check(file, &at, problems));
        }
        if self.rerun_auth_configs.is_empty() {
            return;
        }
        if !self.default_rerun_auth_configs.is_empty() {
            let why = "`rerun_auth_configs` and `default_rerun_auth_configs` exclude each other: keep one";
            problems.add(file, at.key("rerun_auth_configs"), why);
        }
        let mut all: Vec<_> = std::mem::take(&mut self.rerun_auth_configs).into_iter().collect();
        all.sort_by_key(|(name, _)| (!name.is_empty() && name != "*", name.contains('/')));
        let entry = |(repo, config)| RerunAuthEntry { repo, cluster: String::new(), config: Some(config) };
        self.default_rerun_auth_configs.extend(all.into_iter().map(entry));
    }
}

impl Spyglass {
    fn check(&mut self, file: &str, at: &KeyPath, problems: &mut Problems) {
        match self.size_limit {
            0 => self.size_limit = 100_000_000,
            limit if limit < 0 => {
                problems.add(file, at.key("size_limit"), format!("{limit} is negative: write a number of bytes"));
            }
            _ => {}
        }
        for (index, lens) in self.lenses.iter().enumerate() {
            for (key, files) in [("required_files", &lens.required_files), ("optional_files", &lens.optional_files)] {
                for (number, pattern) in files.iter().enumerate() {
                    if let Err(why) = goregex::compile(pattern) {
                        let at = at.key("lenses").index(index).key(key).index(number);
                        problems.add(file, at, format!("{why}: mend the expression"));
                    }
                }
            }
        }
        for (pattern, viewers) in std::mem::take(&mut self.viewers) {
            if let Err(why) = goregex::compile(&pattern) {
                problems.add(file, at.key("viewers").key(&pattern), format!("{why}: mend the expression"));
            }
            let lens = |name| LensFiles {
                required_files: vec![pattern.clone()],
                lens: Lens { name, config: None },
                ..LensFiles::default()
            };
            self.lenses.extend(viewers.into_iter().map(lens));
        }
        let prefix = std::mem::take(&mut self.gcs_browser_prefix);
        let by_name = [
            ("gcs_browser_prefixes", &mut self.gcs_browser_prefixes),
            ("gcs_browser_prefixes_by_bucket", &mut self.gcs_browser_prefixes_by_bucket),
        ];
        for (key, prefixes) in by_name {
            if !prefix.is_empty() && prefixes.insert("*".to_owned(), prefix.clone()).is_some() {
                let why = format!("`gcs_browser_prefix` and the `*` of `{key}` say the same: keep the latter");
                problems.add(file, at.key("gcs_browser_prefix"), why);
            }
        }
    }
}
