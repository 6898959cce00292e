//! How a client is set up.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

/// What [`crate::Client::new`] needs to know. Start from [`Options::new`].
#[derive(Debug, Clone)]
pub struct Options {
    /// REST base URLs, tried in this order: when one does not accept a connection, the next is used. An Enterprise base
    /// has its path (`https://ghe.example.com/api/v3`).
    pub endpoints: Vec<String>,
    /// The URL of the GraphQL API. `None`: `/graphql` beside the REST base in use, or `/api/graphql` where that is an
    /// Enterprise server's `/api/v3`.
    pub graphql_endpoint: Option<String>,
    /// Who the client is.
    pub auth: Auth,
    /// The component's name, first in the user agent: `bowsprit`, or `bowsprit.<plugin>` in a plugin's scope.
    pub user_agent: String,
    /// How long one request may take, its body included.
    pub request_timeout: Duration,
    /// How long a TCP connection may take to be accepted.
    pub connect_timeout: Duration,
    /// True: only reads reach GitHub; everything else succeeds with an empty result and one log line.
    pub dry_run: bool,
    /// How many bytes of answers are kept for conditional requests.
    pub cache_bytes: usize,
    /// Where the client's metrics are registered; one client a registry.
    pub registry: Option<prometheus::Registry>,
}

impl Options {
    /// github.com, 30 s a request, 64 MiB of cache, no dry run, no metrics.
    #[must_use]
    pub fn new(auth: Auth) -> Self {
        Self {
            endpoints: vec!["https://api.github.com".into()],
            graphql_endpoint: None,
            auth,
            user_agent: "bowsprit".into(),
            request_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(5),
            dry_run: false,
            cache_bytes: 64 << 20,
            registry: None,
        }
    }
}

/// Who the client is to GitHub. Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Nobody: public reads, and few of them.
    None,
    /// A personal access token.
    Token(SecretString),
    /// A file that holds a personal access token; read again when it changes.
    TokenFile(PathBuf),
    /// A GitHub App, whose installation tokens are made per organisation.
    App {
        /// The App's numeric id.
        id: u64,
        /// Its RSA private key as PEM; read again when it changes.
        private_key_path: PathBuf,
    },
}

impl From<secrets::Unusable> for SetupError {
    fn from(unusable: secrets::Unusable) -> Self {
        Self::Secret { path: unusable.path, problem: unusable.problem }
    }
}

/// Why a client cannot be made from its [`Options`].
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An endpoint that no request could be sent to.
    #[error("GitHub endpoint `{endpoint}`: {problem}")]
    Endpoint {
        /// The endpoint as given.
        endpoint: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A token or key file that cannot be used.
    #[error("cannot use {}: {problem}", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without its content.
        problem: String,
    },
    /// A user agent that cannot be sent in a header.
    #[error("`{0}` cannot stand in a User-Agent header")]
    UserAgent(String),
    /// The machine's root certificates, which an https endpoint needs, cannot be read.
    #[error("cannot read the root certificates that https needs (is ca-certificates installed?): {0}")]
    Roots(std::io::Error),
    /// The registry already holds a metric of the same name.
    #[error("cannot register the GitHub metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}
