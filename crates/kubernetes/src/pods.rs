//! Pods, as far as plugins see them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube_core::params::{DeleteParams, GetParams};
use kube_core::request::Request;
use serde_json::Value;

use crate::cluster::{Cluster, path};
use crate::config_maps::texts;
use crate::error::ClusterError;
use crate::names;

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pod {
    /// Where it is.
    pub namespace: String,
    /// What it is called there.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: String,
    /// Why, in one word; mostly empty.
    pub reason: String,
    /// Why, for people; mostly empty.
    pub message: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Cluster {
    /// One pod.
    ///
    /// # Errors
    /// `NotFound`, and what any call can meet.
    pub async fn get_pod(&self, namespace: &str, name: &str) -> Result<Pod, ClusterError> {
        names::check(namespace, name)?;
        let object = self.call(Request::new(place(namespace)).get(name, &GetParams::default())).await?;
        Ok(read(&object))
    }

    /// The pods that a label selector fits, as kubectl takes it (`app=x,tier in (a,b),!old`); with an empty one, all. In
    /// order of name. One call for each five hundred.
    ///
    /// # Errors
    /// `Invalid` for something else than a selector, and what any call can meet.
    pub async fn list_pods(&self, namespace: &str, selector: &str) -> Result<Vec<Pod>, ClusterError> {
        names::check_namespace(namespace)?;
        let selector = (!selector.trim().is_empty()).then_some(selector);
        let (objects, _) = self.list(&place(namespace), selector).await?;
        Ok(objects.iter().map(read).collect())
    }

    /// Removes a pod, in the time that the pod itself allows for its end. Success if it is gone already.
    ///
    /// # Errors
    /// What any call can meet.
    pub async fn delete_pod(&self, namespace: &str, name: &str) -> Result<(), ClusterError> {
        names::check(namespace, name)?;
        match self.call(Request::new(place(namespace)).delete(name, &DeleteParams::default())).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_absent(name) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn place(namespace: &str) -> String {
    path("api/v1", namespace, "pods")
}

fn read(object: &Value) -> Pod {
    let (metadata, status) = (&object["metadata"], &object["status"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let created = metadata["creationTimestamp"].as_str().and_then(|at| at.parse().ok());
    let phase = text(&status["phase"]);
    Pod {
        namespace: text(&metadata["namespace"]),
        name: text(&metadata["name"]),
        labels: texts(&metadata["labels"]),
        phase: if phase.is_empty() { "Unknown".to_owned() } else { phase },
        reason: text(&status["reason"]),
        message: text(&status["message"]),
        created_at: created.unwrap_or(Timestamp::UNIX_EPOCH),
    }
}
