//! `tide`: what is merged by itself, and how.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::gerrit::OrgRepos;
use super::tide_query::TideQuery;
use crate::goregex;
use crate::inlined::inlined;
use crate::problem::{KeyPath, Problems};
use crate::raw_config::{DurationOr, GoDuration};

/// `tide`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Tide {
    /// What is merged on Gerrit.
    pub gerrit: Option<TideGerrit>,
    /// The pause between rounds.
    pub sync_period: DurationOr<60>,
    /// The pause between rounds of status updates, as written.
    pub status_update_period: Option<GoDuration>,
    /// How much is done at once; 20 unless said otherwise.
    pub max_goroutines: i64,
    /// How many pull requests are tested together, by `*`, org and org/repo; negative: none, 0: any number.
    pub batch_size_limit: BTreeMap<String, i64>,
    /// Whether batches go on when something else could be merged at once, by `*`, org and org/repo.
    pub prioritize_existing_batches: BTreeMap<String, bool>,
    /// What GitHub's own word that a merge is blocked counts for, by `*`, org and org/repo.
    pub github_merge_blocks_policy: BTreeMap<String, MergeBlocksPolicy>,
    /// Which pull requests are merged.
    pub queries: Vec<TideQuery>,
    /// How, by org, `org/repo` and `org/repo@branch`.
    pub merge_method: BTreeMap<String, OrgMergeMethod>,
    /// Title and body of merge commits, by org and org/repo.
    pub merge_commit_template: BTreeMap<String, MergeCommitTemplate>,
    /// Where tide's status links to. In a checked config it has become the `*` of `target_urls`.
    pub target_url: String,
    /// The same by `*`, org and org/repo.
    pub target_urls: BTreeMap<String, String>,
    /// Where the page of one's pull requests is. In a checked config it has become the `*` of `pr_status_base_urls`.
    pub pr_status_base_url: String,
    /// The same by `*`, org and org/repo.
    pub pr_status_base_urls: BTreeMap<String, String>,
    /// An issue with this label blocks merges.
    pub blocker_label: String,
    /// A pull request with this label is squashed.
    pub squash_label: String,
    /// A pull request with this label is rebased.
    pub rebase_label: String,
    /// A pull request with this label gets a merge commit.
    pub merge_label: String,
    /// Which contexts must be green.
    pub context_options: ContextOptions,
    /// Labels that put a pull request first, the first entry before the second.
    pub priority: Vec<Priority>,
    /// The status tells of all queries, not of the one that is closest.
    pub display_all_tide_queries_in_status: bool,
}

/// `tide.gerrit`
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TideGerrit {
    /// Which repositories.
    pub queries: Vec<OrgRepos>,
    /// How many changes are asked for at once; 5 unless said otherwise.
    pub ratelimit: i64,
}

/// `tide.github_merge_blocks_policy`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MergeBlocksPolicy {
    /// It is not looked at.
    Ignore,
    /// It is looked at, and the merge is tried.
    Permit,
    /// It blocks.
    Block,
}

/// How GitHub merges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MergeMethod {
    /// With a merge commit.
    Merge,
    /// By rebasing.
    Rebase,
    /// As one commit.
    Squash,
}

/// A method, or methods by what lies below: repositories of an org, expressions of a repository's branches.
#[derive(Debug, Clone, PartialEq)]
pub enum MethodOr<T> {
    /// One for all; `None` where it is the empty text, which says nothing.
    All(Option<MergeMethod>),
    /// By name.
    By(BTreeMap<String, T>),
}

/// One of `tide.merge_method`
pub type OrgMergeMethod = MethodOr<RepoMergeMethod>;
/// One of an org's repositories in `tide.merge_method`
pub type RepoMergeMethod = MethodOr<MergeMethod>;

impl<'de, T: Deserialize<'de>> Deserialize<'de> for MethodOr<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = MethodOr<T>;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("one of `merge`, `squash` and `rebase`, or a mapping of names to them,")
            }

            fn visit_str<E: de::Error>(self, word: &str) -> Result<MethodOr<T>, E> {
                if word.is_empty() {
                    return self.visit_unit();
                }
                let word: de::value::StrDeserializer<'_, E> = de::IntoDeserializer::into_deserializer(word);
                MergeMethod::deserialize(word).map(|method| MethodOr::All(Some(method)))
            }

            fn visit_unit<E: de::Error>(self) -> Result<MethodOr<T>, E> {
                Ok(MethodOr::All(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MethodOr<T>, A::Error> {
                BTreeMap::deserialize(de::value::MapAccessDeserializer::new(map)).map(MethodOr::By)
            }
        }
        from.deserialize_any(Reader(std::marker::PhantomData))
    }
}

/// One of `tide.merge_commit_template`: Go templates, executed on the pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the keys say it")]
pub struct MergeCommitTemplate {
    pub title: String,
    pub body: String,
}

/// One of `tide.priority`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Priority {
    /// It has all of these.
    pub labels: Vec<String>,
}

inlined! {
    /// Which contexts must be green; what is not said is the level's above.
    policy: ContextPolicy {
        /// Contexts that nothing is known of are left aside.
        #[serde(rename = "skip-unknown-contexts")]
        skip_unknown_contexts: Option<bool>,
        /// These must be there and green.
        #[serde(rename = "required-contexts")]
        required_contexts: Vec<String>,
        /// These must be green where they are there.
        #[serde(rename = "required-if-present-contexts")]
        required_if_present_contexts: Vec<String>,
        /// These may be red.
        #[serde(rename = "optional-contexts")]
        optional_contexts: Vec<String>,
        /// And all that match one of these.
        #[serde(rename = "optional-regex-contexts")]
        optional_regex_contexts: Vec<String>,
        /// What branch protection requires is required.
        #[serde(rename = "from-branch-protection")]
        from_branch_protection: Option<bool>,
        /// A pending context is started anew.
        #[serde(rename = "overwrite-pending-contexts")]
        overwrite_pending_contexts: Option<bool>,
    }
    /// `tide.context_options`
    pub struct ContextOptions {
        /// By name.
        orgs: BTreeMap<String, OrgContexts>,
    }
    /// One of `tide.context_options.orgs`
    pub struct OrgContexts {
        /// By name, without the org.
        repos: BTreeMap<String, RepoContexts>,
    }
    /// One of an org's `repos`
    pub struct RepoContexts {
        /// By name.
        branches: BTreeMap<String, ContextPolicy>,
    }
}

impl Tide {
    /// The pause between rounds of status updates: `sync_period` unless said otherwise.
    pub fn status_update_period(&self) -> Duration {
        self.status_update_period.map_or(self.sync_period.0, |period| period.0)
    }

    /// Fills in defaults and adds what is wrong.
    ///
    /// Behaviour: Prow pkg/config, `parseProwConfig`.
    pub(super) fn check(&mut self, file: &str, at: &KeyPath, problems: &mut Problems) {
        super::at_least_one(&mut self.max_goroutines, 20, file, &at.key("max_goroutines"), problems);
        if let Some(gerrit) = self.gerrit.as_mut().filter(|gerrit| gerrit.ratelimit == 0) {
            gerrit.ratelimit = 5;
        }
        let to_star = |one: &mut String, all: &mut BTreeMap<String, String>| {
            if !one.is_empty() && all.is_empty() {
                all.insert("*".to_owned(), std::mem::take(one));
            }
        };
        to_star(&mut self.target_url, &mut self.target_urls);
        to_star(&mut self.pr_status_base_url, &mut self.pr_status_base_urls);
        if !self.target_url.is_empty() {
            problems.add(
                file,
                at.key("target_url"),
                "`target_url` and `target_urls` exclude each other: keep the latter",
            );
        }
        if !self.pr_status_base_url.is_empty() {
            let why = "`pr_status_base_url` and `pr_status_base_urls` exclude each other: keep the latter";
            problems.add(file, at.key("pr_status_base_url"), why);
        }
        if !self.pr_status_base_urls.is_empty() && !self.pr_status_base_urls.contains_key("*") {
            let why = "`pr_status_base_urls` has no `*`, which is for all that it does not name: add it";
            problems.add(file, at.key("pr_status_base_urls"), why);
        }
        self.check_what_merges(file, at, problems);
    }

    /// The part that supplemental files may hold, too.
    pub(super) fn check_what_merges(&self, file: &str, at: &KeyPath, problems: &mut Problems) {
        check_merge_methods(&self.merge_method, file, &at.key("merge_method"), problems);
        for (index, query) in self.queries.iter().enumerate() {
            query.check(file, &at.key("queries").index(index), problems);
        }
    }

    /// Takes in what another file says.
    ///
    /// Behaviour: Prow pkg/config, `Tide.mergeFrom`: queries are added, a merge method is said by one file.
    pub(super) fn merge(&mut self, other: Self, file: &str, at: &KeyPath, problems: &mut Problems) {
        self.queries.extend(other.queries);
        let seen: BTreeSet<_> = self.merge_method.keys().cloned().collect();
        for (name, method) in other.merge_method {
            if seen.contains(&name) {
                let at = at.key("merge_method").key(&name);
                problems.add(file, at, format!("another file has a merge method for `{name}`, too: remove one"));
            } else {
                self.merge_method.insert(name, method);
            }
        }
    }
}

fn check_merge_methods(all: &BTreeMap<String, OrgMergeMethod>, file: &str, at: &KeyPath, problems: &mut Problems) {
    for (org, method) in all {
        let MethodOr::By(repos) = method else { continue };
        for (repo, method) in repos {
            let MethodOr::By(branches) = method else { continue };
            for branch in branches.keys() {
                if let Err(why) = goregex::compile(branch) {
                    problems.add(file, at.key(org).key(repo).key(branch), format!("{why}: mend the expression"));
                }
            }
        }
    }
}
