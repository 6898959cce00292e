//! Where an inbox on PostgreSQL is, and how a connection to it is made.

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use secrets::SecretFile;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config};

use super::tls::Tls;

/// How long a connection may take, and how long one that died is waited for: the webhook's sender waits for 10 s.
const CONNECT: Duration = Duration::from_secs(2);

/// A PostgreSQL database, and how it is reached. Its `Debug` and `Display` show no password.
#[derive(Clone)]
pub struct Server {
    config: Config,
    tls: Tls,
    password: Option<Arc<SecretFile<SecretString>>>,
    name: String,
}

/// Why a database cannot be meant so.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Arguments can be read by everyone on the machine.
    #[error(
        "--inbox holds a password, which everyone on this machine can read: leave it out, and give --inbox-password-file"
    )]
    Password,
    /// It is none of PostgreSQL's URLs.
    #[error("--inbox is no URL like postgres://USER@HOST:PORT/DATABASE: {0}")]
    Url(String),
    /// Half a protection is none.
    #[error("--inbox has sslmode={0}: it can be `verify-full` (the default, but on this machine) or `disable`")]
    Mode(String),
    /// The password's file cannot be used.
    #[error(transparent)]
    PasswordFile(#[from] secrets::Unusable),
    /// Nobody vouches for the server.
    #[error(
        "no root certificates in {0}: give those that the server's certificate is signed by, as `sslrootcert=FILE`"
    )]
    Roots(String),
}

impl Server {
    /// Reads a URL as libpq takes it, `postgres://USER@HOST:PORT/DATABASE?…`, with `sslmode` (`verify-full`, or `disable`;
    /// without it TLS is used but on loopback and Unix sockets) and `sslrootcert` (a file of certificates; the machine's
    /// otherwise). `password_file` is read again when it changes.
    ///
    /// # Errors
    /// What is wrong with it; never with the URL itself, which may hold a password.
    pub fn parse(url: &str, password_file: Option<&Path>) -> Result<Self, ServerError> {
        let (url, mode, roots) = split(url);
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(ServerError::Url("it begins with something else".to_owned()));
        }
        let mut config: Config = url.parse().map_err(|error| ServerError::Url(outermost(&error)))?;
        if config.get_password().is_some() {
            return Err(ServerError::Password);
        }
        let near = config.get_hosts().iter().all(is_near);
        let mode = match mode.as_deref() {
            Some("disable") => SslMode::Disable,
            Some("verify-full") => SslMode::Require,
            Some(other) => return Err(ServerError::Mode(other.to_owned())),
            None if near => SslMode::Disable,
            None => SslMode::Require,
        };
        config.ssl_mode(mode).connect_timeout(CONNECT).tcp_user_timeout(2 * CONNECT);
        config.keepalives_idle(Duration::from_secs(10));
        if config.get_application_name().is_none() {
            config.application_name("bowsprit");
        }
        let tls = match mode {
            SslMode::Require => Tls::vouched_by(roots.as_deref()).map_err(ServerError::Roots)?,
            _ => Tls::unused(),
        };
        let password = password_file.map(|path| SecretFile::open(path, Ok)).transpose()?.map(Arc::new);
        let name = name(&config);
        Ok(Self { config, tls, password, name })
    }

    /// With the password as it is now.
    fn config(&self) -> Config {
        let mut config = self.config.clone();
        if let Some(password) = &self.password {
            config.password(password.current().expose_secret());
        }
        config
    }

    /// A connection that tells of notifications, and the task that drives it until the client is dropped.
    pub(super) async fn listen(
        &self,
        told: impl Fn() + Send + 'static,
    ) -> Result<(Client, JoinHandle<()>), tokio_postgres::Error> {
        let (client, mut connection) = self.config().connect(self.tls.clone()).await?;
        let drive = async move {
            while let Some(Ok(message)) = std::future::poll_fn(|turn| connection.poll_message(turn)).await {
                if matches!(message, tokio_postgres::AsyncMessage::Notification(_)) {
                    told();
                }
            }
        };
        Ok((client, tokio::spawn(drive)))
    }
}

type Connected = Result<(Client, JoinHandle<()>), tokio_postgres::Error>;

impl deadpool_postgres::Connect for Server {
    fn connect(&self, _: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        Box::pin(async move {
            let (client, driving) = self.listen(|| ()).await?;
            // A host that is stopped in the middle of a transaction must not keep its locks; and an answer means that it is on
            // disk, whatever the server's default.
            let set = "SET idle_in_transaction_session_timeout = '3s'; SET lock_timeout = '3s'; SET statement_timeout = '10s';
                SELECT set_config('synchronous_commit', 'on', false)
                WHERE current_setting('synchronous_commit') = 'off'";
            client.batch_execute(set).await?;
            Ok((client, driving))
        })
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.name).finish()
    }
}

/// The URL without what the client does not know, and that: `sslmode` and `sslrootcert`.
fn split(url: &str) -> (String, Option<String>, Option<PathBuf>) {
    let Some((base, query)) = url.split_once('?') else { return (url.to_owned(), None, None) };
    let (mut mode, mut roots, mut others) = (None, None, Vec::new());
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value.to_owned()),
            Some(("sslrootcert", value)) => roots = Some(PathBuf::from(value.replace("%2F", "/"))),
            _ => others.push(pair),
        }
    }
    let base = if others.is_empty() { base.to_owned() } else { format!("{base}?{}", others.join("&")) };
    (base, mode, roots)
}

/// The causes of a URL's error may quote it.
fn outermost(error: &tokio_postgres::Error) -> String {
    error.to_string().split(':').next().unwrap_or_default().to_owned()
}

fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

fn name(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => String::new(),
    };
    let port = config.get_ports().first().map(|port| format!(":{port}")).unwrap_or_default();
    format!("postgres://{host}{port}/{}", config.get_dbname().or(config.get_user()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, want: Result<(&str, SslMode), &str>) {
        match (Server::parse(url, None), want) {
            (Ok(server), Ok((name, mode))) => {
                assert_eq!((server.to_string().as_str(), server.config.get_ssl_mode()), (name, mode), "{url}");
            }
            (Err(error), Err(want)) => {
                let text = error.to_string();
                assert!(text.contains(want) && !text.contains("s3cret"), "{url}: {text}");
            }
            (got, want) => panic!("{url}: {got:?}, and not {want:?}"),
        }
    }

    #[test]
    fn a_url_says_where_and_how_and_holds_no_password() {
        check("postgres://bot@127.0.0.1:5433/inbox", Ok(("postgres://127.0.0.1:5433/inbox", SslMode::Disable)));
        check("postgresql://bot@localhost/inbox", Ok(("postgres://localhost:5432/inbox", SslMode::Disable)));
        check(
            "postgres://bot@%2Frun%2Fpostgresql/inbox",
            Ok(("postgres:///run/postgresql:5432/inbox", SslMode::Disable)),
        );
        let far = "postgres://bot@db.example.com/inbox?sslmode=disable&application_name=x";
        check(far, Ok(("postgres://db.example.com:5432/inbox", SslMode::Disable)));
        check("postgres://bot:s3cret@db.example.com/inbox", Err("--inbox-password-file"));
        check("postgres://bot@db/inbox?sslmode=prefer", Err("verify-full"));
        check("postgres://bot@db/inbox?password=s3cret&nonsense=1", Err("no URL like"));
        check("mysql://bot:s3cret@db/inbox", Err("no URL like"));
        check("postgres://bot@db/inbox?sslrootcert=/no/such/file", Err("/no/such/file"));
    }
}
