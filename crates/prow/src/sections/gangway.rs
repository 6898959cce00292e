//! `gangway`: who may start jobs through the API, and which.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::problem::{KeyPath, Problems};

/// `gangway`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Gangway {
    /// Nobody else may.
    pub allowed_api_clients: Vec<ApiClient>,
}

/// One of `gangway.allowed_api_clients`
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct ApiClient {
    /// A project of Google's cloud.
    pub gcp: Option<GcpClient>,
    /// The jobs that it may start.
    pub allowed_jobs_filters: Vec<JobsFilter>,
}

/// A client by what Google's proxy says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GcpClient {
    /// `PROJECT`
    pub endpoint_api_consumer_type: String,
    /// The project's number.
    pub endpoint_api_consumer_number: String,
}

/// Which jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct JobsFilter {
    /// Those of this tenant.
    pub tenant_id: String,
}

impl Gangway {
    /// Behaviour: Prow pkg/config, `Gangway.Validate`.
    pub(super) fn check(&self, file: &str, at: &KeyPath, problems: &mut Problems) {
        let mut seen = BTreeSet::new();
        for (index, client) in self.allowed_api_clients.iter().enumerate() {
            let at = at.key("allowed_api_clients").index(index);
            match &client.gcp {
                None => problems.add(file, at.clone(), "a client needs `gcp`, which says who it is"),
                Some(gcp) => {
                    let at = at.key("gcp");
                    let number = &gcp.endpoint_api_consumer_number;
                    if gcp.endpoint_api_consumer_type != "PROJECT" {
                        let why = format!("`{}` is no type of client: write `PROJECT`", gcp.endpoint_api_consumer_type);
                        problems.add(file, at.key("endpoint_api_consumer_type"), why);
                    }
                    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
                        let why = format!("`{number}` is no project number: it has digits alone");
                        problems.add(file, at.key("endpoint_api_consumer_number"), why);
                    } else if !seen.insert(number) {
                        problems.add(file, at, format!("the client `{number}` stands here twice: put both into one"));
                    }
                }
            }
            if client.allowed_jobs_filters.is_empty() {
                problems.add(file, at.clone(), "a client needs `allowed_jobs_filters`: it could start nothing");
            }
            for (index, _) in client.allowed_jobs_filters.iter().enumerate().filter(|(_, one)| one.tenant_id.is_empty())
            {
                problems.add(file, at.key("allowed_jobs_filters").index(index), "a filter needs a `tenant_id`");
            }
        }
    }
}
