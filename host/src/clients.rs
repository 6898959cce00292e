//! The far sides, as the flags name them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use prow::core_config::CoreConfig;

use crate::calls::git::FromGitHub;
use crate::flags::HostFlags;
use crate::guest::Clients;
use crate::metrics::ConfigMapSizes;

impl Clients {
    /// Opens what has to be open, and asks the ProwJobs' store whether it is there. What these do is counted in `metrics`.
    ///
    /// # Errors
    /// If something that the flags name is missing or wrong; the message says what to do.
    pub async fn open(flags: &HostFlags, core: &CoreConfig, metrics: &prometheus::Registry) -> anyhow::Result<Self> {
        let github = github::Client::new(github_options(flags, metrics))
            .map_err(|error| anyhow::anyhow!("{}: {error}", flags.github.at_fault(&error).unwrap_or("GitHub")))?;
        let github_endpoints = flags.github.github_endpoint.clone();
        let web = github::web_base(&github_endpoints, core.link_url.as_deref());
        let credentials = Arc::new(FromGitHub(github.clone()));
        let mirrors = git::Options { credentials, ..git::Options::new(flags.state_dir.join("mirrors"), &web) };
        let mirrors = git::Mirrors::open(mirrors).context("repositories cannot be mirrored")?;
        let file = flags.state_dir.join("prowjobs.db");
        let prowjobs = flags.kubernetes.open_prowjobs(&core.prowjob_namespace, &file).await.context("ProwJobs")?;
        let services = flags.services.clone().clients(&services::Common {
            dry_run: flags.dry_run,
            registry: Some(metrics.clone()),
            ..services::Common::default()
        })?;
        Ok(Clients {
            github,
            github_endpoints,
            owners: git::Owners::new(mirrors.clone()),
            in_repo: git::InRepo::new(mirrors.clone()),
            mirrors,
            clusters: flags.kubernetes.clusters().await.context("the clusters")?,
            services,
            prowjobs,
            config_map_sizes: ConfigMapSizes::registered(metrics)?,
            dry_run: flags.dry_run,
        })
    }
}

fn github_options(flags: &HostFlags, metrics: &prometheus::Registry) -> github::Options {
    let mut options = github::Options::new(flags.github.auth());
    options.endpoints = flags.github.github_endpoint.clone();
    options.graphql_endpoint = flags.github.github_graphql_endpoint.clone();
    options.dry_run = flags.dry_run;
    options.registry = Some(metrics.clone());
    options.request_timeout = Duration::from_secs(10);
    options
}
