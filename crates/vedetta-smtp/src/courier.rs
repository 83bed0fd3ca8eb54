//! Giving letters to one relay: the mail system that the administrator named.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use smtp_proto::response::parser::ResponseReceiver;
use smtp_proto::{EXT_START_TLS, EhloResponse, Error, Response};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The relay.
#[derive(Clone)]
pub struct Relay {
    /// Where it is.
    pub address: SocketAddr,
    /// How the way there is secured.
    pub secure: Secure,
    /// The name that we say we have.
    pub name: String,
}

/// How the way to a relay is secured.
#[derive(Clone)]
pub enum Secure {
    /// Not at all: for a relay on this machine.
    Plain,
    /// By STARTTLS, and not without: what its certificate is checked against, and its name.
    StartTls(Arc<ClientConfig>, ServerName<'static>),
}

/// Gives letters to a relay.
#[derive(Clone)]
pub struct Courier {
    relay: Relay,
}

/// Why a letter was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It may be later: the relay was not there, or said so (4yz).
    #[error("not now: {0}")]
    Later(String),
    /// The relay will never take it (5yz).
    #[error("refused: {0}")]
    Never(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Later(error.to_string())
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
/// Octets of one answer.
const LONGEST_ANSWER: usize = 64 << 10;

trait Duplex: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Duplex for T {}

impl Courier {
    /// A courier to one relay.
    #[must_use]
    pub fn new(relay: Relay) -> Self {
        Self { relay }
    }

    /// Hands over a letter without a return path: nobody is told of its failing. Lines end with
    /// CRLF.
    ///
    /// # Errors
    /// [`Refusal`].
    pub async fn send(&self, to: &str, letter: &[u8]) -> Result<(), Refusal> {
        let whole = self.hand_over(to, letter);
        let late = |_| Refusal::Later("the relay takes too long".into());
        tokio::time::timeout(PATIENCE, whole).await.map_err(late)?
    }

    async fn hand_over(&self, to: &str, letter: &[u8]) -> Result<(), Refusal> {
        if to.is_empty() || to.contains(|c: char| c.is_control() || c == '<' || c == '>') {
            return Err(Refusal::Never("this is no address".into()));
        }
        let stream = TcpStream::connect(self.relay.address).await?;
        let mut line = Line { stream: Box::new(stream), unread: Vec::new() };
        line.expect(2).await?;
        let mut offers = line.hello(&self.relay.name).await?;
        if let Secure::StartTls(config, name) = &self.relay.secure {
            if offers & EXT_START_TLS == 0 {
                return Err(Refusal::Later("the relay offers no STARTTLS".into()));
            }
            line.say("STARTTLS\r\n").await?;
            line.expect(2).await?;
            let connector = TlsConnector::from(Arc::clone(config));
            let secured = connector.connect(name.clone(), line.stream).await?;
            line = Line { stream: Box::new(secured), unread: Vec::new() };
            offers = line.hello(&self.relay.name).await?;
        }
        let utf8 = if to.is_ascii() { "" } else { " SMTPUTF8" };
        if !utf8.is_empty() && offers & smtp_proto::EXT_SMTP_UTF8 == 0 {
            return Err(Refusal::Never("the relay knows no such address".into()));
        }
        line.say(&format!("MAIL FROM:<>{utf8}\r\n")).await?;
        line.expect(2).await?;
        line.say(&format!("RCPT TO:<{to}>\r\n")).await?;
        line.expect(2).await?;
        line.say("DATA\r\n").await?;
        line.expect(3).await?;
        line.stream.write_all(&stuffed(letter)).await?;
        line.expect(2).await?;
        // It is the relay's now, however the goodbye goes.
        let _parted = line.say("QUIT\r\n").await;
        Ok(())
    }
}

struct Line {
    stream: Box<dyn Duplex>,
    unread: Vec<u8>,
}

impl Line {
    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.flush().await
    }

    /// Reads an answer, which must begin with that digit.
    async fn expect(&mut self, digit: u16) -> Result<(), Refusal> {
        let answer = self.answer().await?;
        let told = format!("{} {}", answer.code(), answer.message().trim_end());
        match answer.code() / 100 {
            found if found == digit => Ok(()),
            5 => Err(Refusal::Never(told)),
            _ => Err(Refusal::Later(told)),
        }
    }

    async fn answer(&mut self) -> Result<Response<String>, Refusal> {
        let mut receiver = ResponseReceiver::default();
        self.parsed(|octets| receiver.parse(octets)).await
    }

    /// Says hello, and hears what the relay offers.
    async fn hello(&mut self, name: &str) -> Result<u32, Refusal> {
        self.say(&format!("EHLO {name}\r\n")).await?;
        loop {
            let whole = self.unread.clone();
            let mut octets = whole.iter();
            match EhloResponse::parse(&mut octets) {
                Ok(hello) => {
                    self.unread = octets.as_slice().to_vec();
                    return Ok(hello.capabilities);
                }
                Err(Error::NeedsMoreData { .. }) => self.more().await?,
                Err(Error::InvalidResponse { code }) if code / 100 == 5 => {
                    return Err(Refusal::Never(format!("{code} to our hello")));
                }
                Err(error) => return Err(Refusal::Later(error.to_string())),
            }
        }
    }

    async fn parsed<T>(
        &mut self,
        mut parse: impl FnMut(&mut std::slice::Iter<'_, u8>) -> Result<T, Error>,
    ) -> Result<T, Refusal> {
        loop {
            let piece = std::mem::take(&mut self.unread);
            let mut octets = piece.iter();
            let parsed = parse(&mut octets);
            self.unread = octets.as_slice().to_vec();
            match parsed {
                Ok(found) => return Ok(found),
                Err(Error::NeedsMoreData { .. }) => self.more().await?,
                Err(error) => return Err(Refusal::Later(error.to_string())),
            }
        }
    }

    async fn more(&mut self) -> Result<(), Refusal> {
        let mut piece = [0; 4096];
        let read = self.stream.read(&mut piece).await?;
        self.unread.extend(piece.iter().take(read));
        if read == 0 || self.unread.len() > LONGEST_ANSWER {
            return Err(Refusal::Later("the relay ended the conversation".into()));
        }
        Ok(())
    }
}

/// A letter as it goes over the wire: a dot before every dot that begins a line, a dot at its end.
fn stuffed(letter: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(letter.len() + 64);
    for line in letter.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::stuffed;

    #[test]
    fn a_dot_alone_does_not_end_a_letter_early() {
        assert_eq!(stuffed(b"a\r\n.\r\n..b"), b"a\r\n..\r\n...b\r\n.\r\n");
    }
}
