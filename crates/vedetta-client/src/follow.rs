//! A follower of the live stream over TLS: HTTP/1.1, written for thousands of them in a process.

mod body;

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use body::Chunks;

/// How to reach a node.
#[derive(Clone)]
pub struct Node {
    address: SocketAddr,
    connector: TlsConnector,
}

/// An open stream.
pub struct Following<S = TlsStream<TcpStream>> {
    stream: S,
    chunks: Chunks,
    buffer: Box<[u8]>,
}

/// Bytes read at once.
const BUFFER: usize = 16 * 1024;

impl Node {
    /// A node at an address, whose certificate this authority (PEM) signed.
    ///
    /// # Errors
    /// An authority that is none.
    pub fn at(address: SocketAddr, authority: &str) -> std::io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
            let certificate = certificate.map_err(std::io::Error::other)?;
            roots.add(certificate).map_err(std::io::Error::other)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let configuration = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(std::io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { address, connector: TlsConnector::from(Arc::new(configuration)) })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection to it.
    ///
    /// # Errors
    /// What the network or TLS said.
    pub async fn connect(&self) -> std::io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        self.connector.connect(ServerName::from(self.address.ip()), tcp).await
    }

    /// Follows the stream after the last id that was had, or from now on.
    ///
    /// # Errors
    /// What the network said, or the status with which the node refused.
    pub async fn follow(&self, token: &str, after: Option<u64>) -> std::io::Result<Following> {
        let stream = self.connect().await?;
        Following::over(stream, &self.address.to_string(), Some(token), after).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Following<S> {
    /// Over an open connection to a host, as the holder of a token, or as nobody in particular.
    ///
    /// # Errors
    /// As [`Node::follow`].
    pub async fn over(
        mut stream: S,
        host: &str,
        token: Option<&str>,
        after: Option<u64>,
    ) -> std::io::Result<Self> {
        let after = after.map(|place| format!("last-event-id: {place}\r\n"));
        let bearer = token.map(|token| format!("authorization: Bearer {token}\r\n"));
        let request = format!(
            "GET /api/v1/stream HTTP/1.1\r\nhost: {host}\r\n{}{}\
             accept: text/event-stream\r\n\r\n",
            bearer.unwrap_or_default(),
            after.unwrap_or_default()
        );
        stream.write_all(request.as_bytes()).await?;
        let buffer = vec![0; BUFFER].into_boxed_slice();
        let mut following = Self { stream, chunks: Chunks::default(), buffer };
        following.head().await?;
        Ok(following)
    }

    /// Reads the head of the answer; what follows it is kept.
    async fn head(&mut self) -> std::io::Result<()> {
        let mut head = Vec::new();
        loop {
            let byte = self.stream.read_u8().await?;
            head.push(byte);
            if head.ends_with(b"\r\n\r\n") {
                break;
            }
            if head.len() > 16 * 1024 {
                return Err(std::io::Error::other("the answer has too long a head"));
            }
        }
        if head.starts_with(b"HTTP/1.1 200") {
            return Ok(());
        }
        let first = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        Err(std::io::Error::other(format!("the node answered {}", String::from_utf8_lossy(first))))
    }

    /// Waits for bytes and tells the events in them, by their ids; `false` when the stream ended.
    ///
    /// # Errors
    /// What the network said, or what the node sends is no stream.
    pub async fn next(&mut self, mut event: impl FnMut(u64, &[u8])) -> std::io::Result<bool> {
        let read = self.stream.read(&mut self.buffer).await?;
        let bytes = self.buffer.get(..read).unwrap_or_default();
        self.chunks.read(bytes, &mut event).map_err(std::io::Error::other)?;
        Ok(read > 0 && !self.chunks.ended())
    }
}
