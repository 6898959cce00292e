//! What config.yaml says to the components that exist, with defaults filled in.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::decoration_defaults::{self, DecorationDefaults, DecorationEntry};
use crate::in_repo::InRepoConfig;
use crate::job_shapes::{RawDecoration, as_json};
use crate::owners::OwnersDirDenylist;
use crate::problem::{KeyPath, Problems};
use crate::prowjob::ProwJobType;
use crate::prowjob_defaults::DefaultEntries;
use crate::raw_config::{GoDuration, RawConfig, RawGithubReporter, RawPlank, RawSinker};
use crate::sections::small::Scheduler;
use crate::sections::{Sections, at_least_one, text, url_fault};

const MINUTE: Duration = Duration::from_secs(60);
/// Shorter than this, the cleaner would keep a processor busy.
const MIN_RESYNC_PERIOD: Duration = Duration::from_millis(10);
const HOUR: Duration = Duration::from_secs(3600);

/// config.yaml without its jobs.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreConfig {
    /// Where ProwJobs live; `default` unless said otherwise.
    pub prowjob_namespace: String,
    /// Where pods go; `default` unless said otherwise.
    pub pod_namespace: String,
    /// The timeout of jobs that say none; 24 h unless said otherwise.
    pub default_job_timeout: Duration,
    /// `github.link_url`, without a slash at its end. None: it follows from the API's address.
    pub link_url: Option<String>,
    /// The job controller.
    pub plank: Plank,
    /// The cleaner.
    pub sinker: Sinker,
    /// Statuses and comments.
    pub github_reporter: GithubReporter,
    /// What chooses the build cluster of a job.
    pub scheduler: Scheduler,
    /// What jobs get that do not say it.
    pub prowjob_defaults: DefaultEntries,
    /// Everything else.
    pub sections: Sections,
    /// Jobs that do not say are decorated.
    pub decorate_all_jobs: bool,
    /// Folders whose OWNERS files do not count.
    pub owners_dir_denylist: OwnersDirDenylist,
    /// Who may define jobs in the repository itself; nobody unless said otherwise.
    pub in_repo_config: InRepoConfig,
}

/// `plank`
#[derive(Debug, Clone, PartialEq)]
pub struct Plank {
    /// How long a pod may be pending; 10 min unless said otherwise.
    pub pod_pending_timeout: Duration,
    /// How long a pod may run; 48 h unless said otherwise.
    pub pod_running_timeout: Duration,
    /// How long a pod may wait for a node; 5 min unless said otherwise.
    pub pod_unscheduled_timeout: Duration,
    /// How often a pod that was lost is made again; 3 unless said otherwise.
    pub max_revivals: u32,
    /// How many jobs may be pending at once; 0 is any number.
    pub max_concurrency: u64,
    /// How much is done at once, if anything heeded it; 20 unless said otherwise.
    pub max_goroutines: i64,
    /// By queue name: negative is no limit, 0 stops the queue.
    pub job_queue_capacities: BTreeMap<String, i64>,
    /// The Go template of a job's URL, executed on the ProwJob; empty for none.
    pub job_url_template: String,
    /// Go templates for the failure comment, by `*`, org or org/repo.
    pub report_templates: BTreeMap<String, String>,
    /// Prefixes of jobs' URLs, by `*`, org or org/repo.
    pub job_url_prefix_config: BTreeMap<String, String>,
    /// The storage provider is left out of URLs made with a prefix.
    pub disable_append_storage_provider: bool,
    /// Defaults of `decoration_config`.
    pub default_decoration: DecorationDefaults,
    /// Where the state of build clusters is published; empty for none.
    pub build_cluster_status_file: String,
}

impl Plank {
    /// The failure comment's template for a repository: by org/repo, else org, else `*`.
    pub fn report_template(&self, org: &str, repo: &str) -> Option<&str> {
        most_specific(&self.report_templates, org, repo)
    }

    /// The prefix of jobs' URLs for a repository: by org/repo, else org, else `*`.
    pub fn job_url_prefix(&self, org: &str, repo: &str) -> Option<&str> {
        most_specific(&self.job_url_prefix_config, org, repo)
    }
}

fn most_specific<'a>(map: &'a BTreeMap<String, String>, org: &str, repo: &str) -> Option<&'a str> {
    let full_name = format!("{org}/{repo}");
    [full_name.as_str(), org, "*"].into_iter().find_map(|key| map.get(key)).map(String::as_str)
}

/// `sinker`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sinker {
    /// The pause between rounds; 1 h unless said otherwise.
    pub resync_period: Duration,
    /// How old a complete ProwJob may grow; 7 days unless said otherwise.
    pub max_prowjob_age: Duration,
    /// How old a pod may grow; 24 h unless said otherwise.
    pub max_pod_age: Duration,
    /// How long a pod is kept after its job's end; `max_pod_age` unless said otherwise.
    pub terminated_pod_ttl: Duration,
    /// Clusters that are left alone.
    pub exclude_clusters: Vec<String>,
}

/// `github_reporter`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GithubReporter {
    /// Presubmit and postsubmit unless said otherwise; no other type is reported.
    pub job_types_to_report: Vec<ProwJobType>,
    /// Orgs and org/repos whose pull requests get no comment.
    pub no_comment_repos: Vec<String>,
    /// Orgs and org/repos whose pull requests get one comment for all jobs.
    pub summary_comment_repos: Vec<String>,
}

impl CoreConfig {
    /// Checks what `raw` says of components; its jobs are taken by [`crate::job_config`]. Good only if no problem was
    /// added.
    pub(crate) fn check(raw: &mut RawConfig, file: &str, problems: &mut Problems) -> Self {
        let link_url = raw.github.take().and_then(|github| github.link_url);
        let link_url = link_url.filter(|url| !url.is_empty());
        if let Some(link_url) =
            link_url.as_ref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            let at = KeyPath::root().key("github").key("link_url");
            problems.add(file, at, format!("`{link_url}` is not a URL: write it like `https://github.com`"));
        }
        let entries = raw.prowjob_default_entries.take().unwrap_or_default();
        Self {
            prowjob_namespace: text(raw.prowjob_namespace.take(), "default"),
            pod_namespace: text(raw.pod_namespace.take(), "default"),
            default_job_timeout: or(raw.default_job_timeout, 24 * HOUR),
            link_url: link_url.map(|url| url.trim_end_matches('/').to_owned()),
            plank: plank(raw.plank.take().unwrap_or_default(), file, problems),
            sinker: sinker(raw.sinker.take().unwrap_or_default(), file, problems),
            github_reporter: github_reporter(raw.github_reporter.take().unwrap_or_default(), file, problems),
            scheduler: raw.scheduler.take().unwrap_or_default(),
            prowjob_defaults: DefaultEntries::check(entries, file, problems),
            sections: Sections::check(raw, file, problems),
            decorate_all_jobs: raw.decorate_all_jobs.unwrap_or_default(),
            owners_dir_denylist: raw.owners_dir_denylist.take().unwrap_or_default().into(),
            in_repo_config: raw.in_repo_config.take().unwrap_or_default().into(),
        }
    }
}

fn or(given: Option<GoDuration>, default: Duration) -> Duration {
    given.map_or(default, |given| given.0)
}

fn plank(raw: RawPlank, file: &str, problems: &mut Problems) -> Plank {
    let at = KeyPath::root().key("plank");
    let mut report_templates = raw.report_templates.unwrap_or_default();
    if let Some(template) = raw.report_template.filter(|template| !template.is_empty()) {
        if !report_templates.is_empty() {
            let why =
                "`report_template` and `report_templates` exclude each other: keep the latter, which takes it as `*`";
            problems.add(file, at.key("report_template"), why);
        }
        report_templates.insert("*".to_owned(), template);
    }
    let mut max_goroutines = raw.max_goroutines.unwrap_or_default();
    at_least_one(&mut max_goroutines, 20, file, &at.key("max_goroutines"), problems);
    let prefixes = raw.job_url_prefix_config.unwrap_or_default();
    for (name, why) in prefixes.iter().filter_map(|(name, prefix)| Some((name, url_fault(prefix)?))) {
        problems.add(file, at.key("job_url_prefix_config").key(name), why);
    }
    let json = |config: Option<RawDecoration>| config.as_ref().map(as_json).unwrap_or_default();
    let map = raw.default_decoration_configs.unwrap_or_default();
    let map: BTreeMap<_, _> = map.into_iter().map(|(repo, config)| (repo, json(config))).collect();
    let list = raw.default_decoration_config_entries.unwrap_or_default();
    let list: Vec<DecorationEntry> = list.into_iter().map(DecorationEntry::from).collect();
    for (repo, config) in &map {
        decoration_defaults::check(config, file, &at.key("default_decoration_configs").key(repo), problems);
    }
    for (index, entry) in list.iter().enumerate() {
        let at = at.key("default_decoration_config_entries").index(index).key("config");
        decoration_defaults::check(&entry.config, file, &at, problems);
    }
    if !map.is_empty() && !list.is_empty() {
        let why = "`default_decoration_configs` and `default_decoration_config_entries` exclude each other: keep one";
        problems.add(file, at.key("default_decoration_configs"), why);
    }
    let max_concurrency = raw.max_concurrency.unwrap_or_default();
    Plank {
        pod_pending_timeout: or(raw.pod_pending_timeout, 10 * MINUTE),
        pod_running_timeout: or(raw.pod_running_timeout, 48 * HOUR),
        pod_unscheduled_timeout: or(raw.pod_unscheduled_timeout, 5 * MINUTE),
        max_revivals: raw.max_revivals.unwrap_or(3),
        max_concurrency: u64::try_from(max_concurrency).unwrap_or_else(|_| {
            problems.add(
                file,
                at.key("max_concurrency"),
                format!("{max_concurrency} is negative: write 0 for no limit"),
            );
            0
        }),
        max_goroutines,
        job_queue_capacities: raw.job_queue_capacities.unwrap_or_default(),
        job_url_template: raw.job_url_template.unwrap_or_default(),
        report_templates,
        job_url_prefix_config: prefixes,
        disable_append_storage_provider: raw.disable_append_storage_provider.unwrap_or_default(),
        default_decoration: if list.is_empty() {
            DecorationDefaults::of_map(map)
        } else {
            DecorationDefaults::of_list(list)
        },
        build_cluster_status_file: raw.build_cluster_status_file.unwrap_or_default(),
    }
}

fn sinker(raw: RawSinker, file: &str, problems: &mut Problems) -> Sinker {
    if raw.resync_period.is_some_and(|period| period.0 < MIN_RESYNC_PERIOD) {
        let at = KeyPath::root().key("sinker").key("resync_period");
        problems.add(file, at, "it would clean up without a pause: write 10ms or more, usually an hour (`1h`)");
    }
    let max_pod_age = or(raw.max_pod_age, 24 * HOUR);
    Sinker {
        resync_period: or(raw.resync_period, HOUR),
        max_prowjob_age: or(raw.max_prowjob_age, 7 * 24 * HOUR),
        max_pod_age,
        terminated_pod_ttl: or(raw.terminated_pod_ttl, max_pod_age),
        exclude_clusters: raw.exclude_clusters.unwrap_or_default(),
    }
}

fn github_reporter(raw: RawGithubReporter, file: &str, problems: &mut Problems) -> GithubReporter {
    let given = raw.job_types_to_report.unwrap_or_default();
    for (index, job_type) in given.iter().enumerate() {
        if !matches!(job_type, ProwJobType::Presubmit | ProwJobType::Postsubmit) {
            let at = KeyPath::root().key("github_reporter").key("job_types_to_report").index(index);
            problems.add(
                file,
                at,
                format!("a {job_type} is not reported to GitHub: list `presubmit` and `postsubmit` only"),
            );
        }
    }
    GithubReporter {
        job_types_to_report: if given.is_empty() {
            vec![ProwJobType::Presubmit, ProwJobType::Postsubmit]
        } else {
            given
        },
        no_comment_repos: raw.no_comment_repos.unwrap_or_default(),
        summary_comment_repos: raw.summary_comment_repos.unwrap_or_default(),
    }
}
