//! TLS for the client of PostgreSQL, by rustls. The server's name is verified, so that the password's exchange need not be bound
//! to the channel.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

/// Makes connections that a root certificate vouches for.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

/// One connection that is being made, to a server of this name.
pub(super) struct Handshake(TlsConnector, String);

/// One that is made.
pub(super) struct Secured(tokio_rustls::client::TlsStream<Socket>);

impl Tls {
    /// By the certificates in a file; by this machine's otherwise.
    ///
    /// # Errors
    /// Where there are none.
    pub(super) fn vouched_by(roots: Option<&Path>) -> Result<Self, String> {
        let (found, place) = match roots {
            Some(path) => (read(path), path.display().to_string()),
            None => (rustls_native_certs::load_native_certs().certs, "this machine's store".to_owned()),
        };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(found);
        if store.is_empty() { Err(place) } else { Ok(Self::of(store)) }
    }

    /// For connections that do without it.
    pub(super) fn unused() -> Self {
        Self::of(RootCertStore::empty())
    }

    fn of(roots: RootCertStore) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("ring has the ciphers of every version").with_root_certificates(roots);
        Self(TlsConnector::from(Arc::new(config.with_no_client_auth())))
    }
}

fn read(path: &Path) -> Vec<CertificateDer<'static>> {
    let certificates = CertificateDer::pem_file_iter(path).into_iter().flatten();
    certificates.filter_map(Result::ok).collect()
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Secured;
    type TlsConnect = Handshake;
    type Error = std::convert::Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Self::Error> {
        Ok(Handshake(self.0.clone(), host.to_owned()))
    }
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Secured;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Secured>>;

    fn connect(self, stream: Socket) -> Self::Future {
        async move {
            let name =
                ServerName::try_from(self.1).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            self.0.connect(name, stream).await.map(Secured)
        }
        .boxed()
    }
}

impl TlsStream for Secured {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Secured {
    fn poll_read(mut self: Pin<&mut Self>, turn: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(turn, into)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(mut self: Pin<&mut Self>, turn: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(turn, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, turn: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(turn)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, turn: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(turn)
    }
}
