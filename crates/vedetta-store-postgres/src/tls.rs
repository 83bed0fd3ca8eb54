//! TLS by rustls for the client of PostgreSQL, which asks for a connector of its own kind.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use postgres::Socket;
use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use rustls::ClientConfig;
use rustls_pki_types::{InvalidDnsNameError, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::{TlsConnector, client};

/// Makes ways that are secured as a configuration says.
#[derive(Clone)]
pub(crate) struct Secured(TlsConnector);

/// The next way, and the name that its other end must bear.
pub(crate) struct Named {
    connector: TlsConnector,
    name: ServerName<'static>,
}

/// A secured way.
pub(crate) struct Way(client::TlsStream<Socket>);

impl Secured {
    /// As a configuration says.
    pub(crate) fn by(configuration: ClientConfig) -> Self {
        Self(TlsConnector::from(Arc::new(configuration)))
    }
}

impl MakeTlsConnect<Socket> for Secured {
    type Stream = Way;
    type TlsConnect = Named;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, name: &str) -> Result<Named, InvalidDnsNameError> {
        let name = ServerName::try_from(name)?.to_owned();
        Ok(Named { connector: self.0.clone(), name })
    }
}

impl TlsConnect<Socket> for Named {
    type Stream = Way;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Way>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move { self.connector.connect(self.name, socket).await.map(Way) })
    }
}

impl TlsStream for Way {
    fn channel_binding(&self) -> ChannelBinding {
        // The certificate is checked, so nobody sits between whom a password should unmask.
        ChannelBinding::none()
    }
}

impl AsyncRead for Way {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, octets)
    }
}

impl AsyncWrite for Way {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
