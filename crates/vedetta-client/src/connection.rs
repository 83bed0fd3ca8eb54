//! A client of machine doors: one HTTP/1.1 connection that is kept, one request at a time.

use std::io;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

/// A connection.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    authorization: HeaderValue,
    driver: JoinHandle<()>,
}

/// An answer, whole.
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

impl Connection {
    /// Over an open stream to a host, with the value of the `Authorization` header.
    ///
    /// # Errors
    /// What the network said.
    pub async fn over<S>(stream: S, host: &str, authorization: &str) -> io::Result<Self>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let value = |text: &str| HeaderValue::from_str(text).map_err(io::Error::other);
        let (host, authorization) = (value(host)?, value(authorization)?);
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let driver = tokio::spawn(async move {
            // Whoever asks hears that the connection broke.
            let _told = connection.await;
        });
        Ok(Self { sender, host, authorization, driver })
    }

    /// Asks for a TAXII resource.
    ///
    /// # Errors
    /// What the network said.
    pub async fn get(&mut self, path: &str) -> io::Result<Answer> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// Sends a TAXII message.
    ///
    /// # Errors
    /// What the network said.
    pub async fn post(&mut self, path: &str, body: Vec<u8>) -> io::Result<Answer> {
        self.ask(Method::POST, path, body.into()).await
    }

    async fn ask(&mut self, method: Method, path: &str, body: Bytes) -> io::Result<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.host)
            .header(AUTHORIZATION, &self.authorization)
            .header(ACCEPT, taxii::TAXII);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, taxii::TAXII);
        }
        let request = request.body(Full::new(body)).map_err(io::Error::other)?;
        self.sender.ready().await.map_err(io::Error::other)?;
        let answer = self.sender.send_request(request).await.map_err(io::Error::other)?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.map_err(io::Error::other)?;
        Ok(Answer { status, body: body.to_bytes() })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Answer {
    /// The body, if the status is the one wanted.
    ///
    /// # Errors
    /// Another status, with the beginning of the body.
    pub fn wanted(self, status: u16) -> io::Result<Bytes> {
        if self.status == status {
            return Ok(self.body);
        }
        let text = String::from_utf8_lossy(self.body.get(..400).unwrap_or(&self.body));
        Err(io::Error::other(format!("answered {}: {text}", self.status)))
    }
}
