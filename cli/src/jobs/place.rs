//! Where ProwJobs are looked up: where host and controller keep them.

use clap::Args;
use kubernetes::{KubernetesFlags, Place};
use store::ProwJobs;

use crate::state::StateArgs;

/// As host and controller were told.
#[derive(Debug, Clone, Args)]
pub(super) struct JobsPlace {
    #[command(flatten)]
    pub(super) state: StateArgs,
    #[command(flatten)]
    kubernetes: KubernetesFlags,
    /// On Kubernetes, the config's `prowjob_namespace`.
    #[arg(long, short, value_name = "NAMESPACE", default_value = "default")]
    namespace: String,
}

impl JobsPlace {
    /// Those in a state directory.
    #[cfg(test)]
    pub(super) fn of(state_dir: &std::path::Path) -> Self {
        let state = StateArgs { state_dir: state_dir.to_owned() };
        Self { state, kubernetes: KubernetesFlags::default(), namespace: "default".to_owned() }
    }

    /// The ProwJobs, to look at.
    pub(super) async fn prowjobs(&self) -> anyhow::Result<ProwJobs> {
        match self.kubernetes.place() {
            Place::Sqlite => self.state.prowjobs().await,
            Place::Kubernetes => self.on_kubernetes().await,
        }
    }

    /// The ProwJobs, to change or add to.
    pub(super) async fn prowjobs_to_write(&self) -> anyhow::Result<ProwJobs> {
        match self.kubernetes.place() {
            Place::Sqlite => self.state.prowjobs_to_write().await,
            Place::Kubernetes => self.on_kubernetes().await,
        }
    }

    async fn on_kubernetes(&self) -> anyhow::Result<ProwJobs> {
        self.kubernetes.check()?;
        Ok(self.kubernetes.open_prowjobs(&self.namespace, &self.state.state_dir).await?)
    }
}
