//! How clients are set up.

use std::path::PathBuf;
use std::time::Duration;

/// What all clients share. Start from `Common::default()`.
#[derive(Debug, Clone)]
pub struct Common {
    /// The component's name, first in the user agent: `bowsprit`, or `bowsprit.<plugin>` for a plugin.
    pub user_agent: String,
    /// How long one request may take, its body included.
    pub request_timeout: Duration,
    /// How long a TCP connection may take to be accepted.
    pub connect_timeout: Duration,
    /// True: only reads reach a service; everything else succeeds with an empty result and one log line.
    pub dry_run: bool,
    /// Where Prow's metrics of Jira and Bugzilla are registered; one client of each kind a registry.
    pub registry: Option<prometheus::Registry>,
}

impl Default for Common {
    /// 30 s a request, no dry run, no metrics.
    fn default() -> Self {
        Self {
            user_agent: "bowsprit".to_owned(),
            request_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            dry_run: false,
            registry: None,
        }
    }
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An endpoint that no request could be sent to.
    #[error("{service} endpoint `{endpoint}`: {problem}")]
    Endpoint {
        /// The service.
        service: &'static str,
        /// The endpoint as given, without credentials.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A token, key or password file that cannot be used.
    #[error("cannot use {}: {problem}", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without its content.
        problem: String,
    },
    /// Flags that contradict each other, or lack one another.
    #[error("{0}")]
    Flags(&'static str),
    /// A user agent that cannot be sent in a header.
    #[error("`{0}` cannot stand in a User-Agent header")]
    UserAgent(String),
    /// The machine's root certificates, which an https endpoint needs, cannot be read.
    #[error("cannot read the root certificates that https needs (is ca-certificates installed?): {0}")]
    Roots(std::io::Error),
    /// The registry already holds a metric of the same name.
    #[error("cannot register the metrics of a service: {0}")]
    Metrics(#[from] prometheus::Error),
}

impl From<secrets::Unusable> for SetupError {
    fn from(unusable: secrets::Unusable) -> Self {
        Self::Secret { path: unusable.path, problem: unusable.problem }
    }
}
