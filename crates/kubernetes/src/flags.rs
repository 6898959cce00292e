//! The flags by which clusters are found, Prow's in name and meaning, and the one by which ProwJobs are.

use std::path::{Path, PathBuf};

use clap::builder::{BoolishValueParser, OsStringValueParser, TypedValueParser as _};
use store::{ProwJobs, StoreError};

use crate::clusters::{Clusters, LoadError};
use crate::error::ClusterError;
use crate::names;
use crate::prowjobs::prowjobs;

/// Which clusters there are, and where ProwJobs live.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct KubernetesFlags {
    /// A kubeconfig: each context in it is a build cluster of that name, the current one the service cluster outside of a pod.
    #[arg(long, value_name = "FILE", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub kubeconfig: Option<PathBuf>,
    /// A directory of kubeconfigs, each as with --kubeconfig.
    #[arg(long, value_name = "DIR", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub kubeconfig_dir: Option<PathBuf>,
    /// Only files in --kubeconfig-dir whose names end like this.
    #[arg(long, value_name = "SUFFIX")]
    pub kubeconfig_suffix: Option<String>,
    /// A token for the cluster that this runs in, instead of the service account's usual one.
    #[arg(long, value_name = "FILE", value_parser = OsStringValueParser::new().map(PathBuf::from))]
    pub projected_token_file: Option<PathBuf>,
    /// Do not look whether this runs in a pod.
    #[arg(long, default_value = "false", default_missing_value = "true", num_args = 0..=1, require_equals = true,
        value_parser = BoolishValueParser::new(), action = clap::ArgAction::Set, value_name = "BOOL")]
    pub no_in_cluster_config: bool,
    /// Where ProwJobs live: in the state directory, or as custom resources of the service cluster, in the config's
    /// `prowjob_namespace`. [default: kubernetes with a kubeconfig, else sqlite]
    #[arg(long, value_enum, value_name = "WHERE")]
    pub prowjobs: Option<Place>,
}

/// Where ProwJobs live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Place {
    /// A file in the state directory.
    Sqlite,
    /// Custom resources of the service cluster.
    Kubernetes,
}

/// Flags that contradict each other or what is there.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum FlagError {
    /// There is nothing that the suffix could choose from.
    #[error("--kubeconfig-suffix chooses among the files of --kubeconfig-dir: give that too")]
    SuffixWithoutDir,
    /// A file or directory that was named is not there.
    #[error("{0} is {1}, which is not there")]
    Absent(&'static str, PathBuf),
}

/// ProwJobs cannot be had where the flags say.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The clusters cannot be found.
    #[error(transparent)]
    Clusters(#[from] LoadError),
    /// There is no service cluster, or its namespace cannot be one.
    #[error(transparent)]
    Service(#[from] ClusterError),
    /// The file, or the custom resources.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl KubernetesFlags {
    /// Behaviour: Prow's validation of these flags. A flag that is given empty is not given.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn check(&self) -> Result<(), FlagError> {
        if self.suffix().is_some() && self.dir().is_none() {
            return Err(FlagError::SuffixWithoutDir);
        }
        let named = [
            ("--kubeconfig", self.file()),
            ("--kubeconfig-dir", self.dir()),
            ("--projected-token-file", self.token_file()),
        ];
        for (flag, path) in named {
            if let Some(path) = path
                && !path.exists()
            {
                return Err(FlagError::Absent(flag, path.to_owned()));
            }
        }
        Ok(())
    }

    /// Where ProwJobs live.
    #[must_use]
    pub fn place(&self) -> Place {
        let of_kubernetes = self.file().is_some() || self.dir().is_some();
        self.prowjobs.unwrap_or(if of_kubernetes { Place::Kubernetes } else { Place::Sqlite })
    }

    /// Which clusters there are. A `$KUBECONFIG` that cannot be used matters only to those who asked for it.
    ///
    /// # Errors
    /// If what the flags name cannot be read, or two clusters have one name.
    pub async fn clusters(&self) -> Result<Clusters, LoadError> {
        match Clusters::load(self).await {
            Err(error) if self.file().is_none() && self.dir().is_none() => {
                tracing::warn!(%error, "no cluster can be used: no flag names any, and the environment's is out of order");
                Ok(Clusters::default())
            }
            other => other,
        }
    }

    /// The ProwJobs: those in `namespace` of the service cluster, or in the file `sqlite`. Asks the server once, so that a
    /// definition or a role that is missing is told at the start.
    ///
    /// # Errors
    /// If they are not to be had; each says what to do about it. A server that is away for the moment is no error.
    pub async fn open_prowjobs(&self, namespace: &str, sqlite: &Path) -> Result<ProwJobs, OpenError> {
        match self.place() {
            Place::Sqlite => Ok(ProwJobs::open(sqlite).await?),
            Place::Kubernetes => {
                names::check_namespace(namespace)?;
                let clusters = Clusters::load(self).await?;
                let cluster = clusters.service()?.clone();
                tracing::info!(server = cluster.server(), namespace, "ProwJobs are custom resources there");
                let jobs = prowjobs(cluster, namespace);
                match jobs.list(&store::Selector::default()).await {
                    Ok(_) => {}
                    Err(error) if error.is_transient() => tracing::warn!(%error, "ProwJobs cannot be reached yet"),
                    Err(error) => return Err(error.into()),
                }
                Ok(jobs)
            }
        }
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        given(&self.kubeconfig)
    }

    pub(crate) fn dir(&self) -> Option<&Path> {
        given(&self.kubeconfig_dir)
    }

    pub(crate) fn token_file(&self) -> Option<&Path> {
        given(&self.projected_token_file)
    }

    pub(crate) fn suffix(&self) -> Option<&str> {
        self.kubeconfig_suffix.as_deref().filter(|suffix| !suffix.is_empty())
    }

    /// Files with credentials, which no job may read.
    #[must_use]
    pub fn secrets(&self) -> Vec<PathBuf> {
        [self.file(), self.token_file()].into_iter().flatten().map(Path::to_owned).collect()
    }

    /// Folders of such files.
    #[must_use]
    pub fn secret_dirs(&self) -> Vec<PathBuf> {
        self.dir().map(Path::to_owned).into_iter().collect()
    }
}

fn given(path: &Option<PathBuf>) -> Option<&Path> {
    path.as_deref().filter(|path| !path.as_os_str().is_empty())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        flags: KubernetesFlags,
    }

    fn parse(args: &[&str]) -> KubernetesFlags {
        Cli::try_parse_from(["x"].iter().chain(args)).unwrap().flags
    }

    #[test]
    fn contradictions_are_told() {
        assert_eq!(parse(&[]).check(), Ok(()));
        assert_eq!(parse(&["--kubeconfig=", "--kubeconfig-dir=", "--kubeconfig-suffix="]).check(), Ok(()));
        assert_eq!(parse(&["--kubeconfig-suffix=x"]).check(), Err(FlagError::SuffixWithoutDir));
        assert_eq!(parse(&["--kubeconfig-suffix=x", "--kubeconfig-dir=/"]).check(), Ok(()));
        let absent = Err(FlagError::Absent("--kubeconfig", "/no/such".into()));
        assert_eq!(parse(&["--kubeconfig=/no/such"]).check(), absent);
    }

    #[test]
    fn a_kubeconfig_means_kubernetes_unless_it_is_said() {
        for (args, want) in [
            (&[][..], Place::Sqlite),
            (&["--kubeconfig="], Place::Sqlite),
            (&["--kubeconfig=k"], Place::Kubernetes),
            (&["--kubeconfig-dir=d"], Place::Kubernetes),
            (&["--kubeconfig=k", "--prowjobs=sqlite"], Place::Sqlite),
            (&["--prowjobs=kubernetes"], Place::Kubernetes),
            (&["--no-in-cluster-config"], Place::Sqlite),
        ] {
            assert_eq!(parse(args).place(), want, "{args:?}");
        }
        assert!(parse(&["--no-in-cluster-config"]).no_in_cluster_config);
        assert!(!parse(&["--no-in-cluster-config=false"]).no_in_cluster_config);
    }
}
