//! Kubernetes, as far as it is needed here: which clusters there are, their config maps and pods, and ProwJobs as custom
//! resources. Objects stay JSON, so that what is not known here survives what is done to them.

mod changes;
mod cluster;
mod clusters;
mod config_maps;
mod crd;
mod error;
mod flags;
mod kubeconfig;
mod names;
mod pods;
mod prowjobs;
mod seen;

pub use cluster::Cluster;
pub use clusters::{Clusters, LoadError};
pub use config_maps::{ConfigMap, EFFECT_ANNOTATION};
pub use crd::definition;
pub use error::ClusterError;
pub use flags::{FlagError, KubernetesFlags, OpenError, Place};
pub use pods::Pod;
pub use prowjobs::prowjobs;
