//! The door over real sockets: letters by SMTP and LMTP, TLS, bounds; and our courier against it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use vedetta_smtp::{
    Bounds, Courier, Letter, Listener, Protocol, Reception, Refusal, Relay, Secure, Taken, Terms,
};

const MAILBOX: &str = "segnalazioni@example.org";

/// Keeps what it is given; refuses what says so.
#[derive(Default)]
struct Shelf(Mutex<Vec<Letter>>);

impl Reception for Shelf {
    fn take(&self, letter: Letter) -> Taken {
        if letter.bytes.starts_with(b"Subject: later") {
            return Taken::Later("come back".into());
        }
        self.0.lock().unwrap().push(letter);
        Taken::Kept
    }
}

struct Door {
    at: SocketAddr,
    shelf: Arc<Shelf>,
    trust: Arc<ClientConfig>,
    _stop: oneshot::Sender<()>,
}

async fn door(protocol: Protocol, largest: usize) -> Door {
    door_within(protocol, largest, Bounds::default()).await
}

async fn door_within(protocol: Protocol, largest: usize, bounds: Bounds) -> Door {
    let pair = rcgen::generate_simple_self_signed(vec!["posta.example.org".into()]).unwrap();
    let certificate: CertificateDer<'static> = pair.cert.der().clone();
    let key = PrivateKeyDer::try_from(pair.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let terms = Terms {
        name: "posta.example.org".into(),
        protocol,
        largest,
        mailboxes: vec![MAILBOX.into()],
    };
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(address, terms, Some(Arc::new(server))).await.unwrap();
    let listener = listener.within(bounds);
    let (stop, stopped) = oneshot::channel();
    let (at, shelf) = (listener.address(), Arc::new(Shelf::default()));
    let reception: Arc<dyn Reception> = Arc::<Shelf>::clone(&shelf);
    tokio::spawn(listener.serve(reception, async {
        let _gone = stopped.await;
    }));
    Door { at, shelf, trust: Arc::new(client), _stop: stop }
}

/// Says all of it at once, as clients that pipeline do, and reads to the end.
async fn said(door: &Door, text: &[u8]) -> String {
    let mut stream = TcpStream::connect(door.at).await.unwrap();
    stream.write_all(text).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn courier(door: &Door, secure: Secure) -> Courier {
    Courier::new(Relay { address: door.at, secure, name: "vedetta.example.org".into() })
}

#[tokio::test]
async fn a_pipelined_letter_arrives_as_it_was_meant() {
    let door = door(Protocol::Smtp, 1 << 20).await;
    let answer = said(
        &door,
        b"EHLO x\r\nMAIL FROM:<ada@comune.example>\r\nRCPT TO:<segnalazioni@example.org>\r\nDATA\r\n\
          Subject: x\r\n\r\n..dot\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<other@example.org>\r\nQUIT\r\n",
    )
    .await;
    assert!(answer.contains("250 2.0.0 taken in\r\n") && answer.contains("550 5.1.1"), "{answer}");
    let letters = door.shelf.0.lock().unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].bytes, b"Subject: x\r\n\r\n.dot\r\n");
    assert_eq!(letters[0].from.as_deref(), Some("ada@comune.example"));
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_conversation_goes_on() {
    let door = door(Protocol::Lmtp, 1000).await;
    let letter = [b"x".repeat(200_000), b"\r\n.\r\n".to_vec()].concat();
    let before =
        b"LHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<segnalazioni@example.org>\r\nDATA\r\n";
    let after = b"NOOP\r\nQUIT\r\n";
    let answer = said(&door, &[&before[..], &letter, after].concat()).await;
    assert!(
        answer.contains("550 5.7.1 too large") && answer.contains("250 2.0.0 here"),
        "{answer}"
    );
    let endless = said(&door, &b"A".repeat(10_000)).await;
    assert!(endless.starts_with("220") && door.shelf.0.lock().unwrap().is_empty());
}

const BEFORE: &str =
    "LHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<segnalazioni@example.org>\r\nDATA\r\n";

#[tokio::test]
async fn letters_have_so_much_memory_together_and_give_it_back() {
    let bounds = Bounds { octets: 100_000, ..Bounds::default() };
    let door = door_within(Protocol::Lmtp, 1 << 20, bounds).await;
    let letter = |size: usize| format!("{BEFORE}{}\r\n.\r\n", "x".repeat(size));
    let said_to =
        said(&door, format!("{}{}QUIT\r\n", letter(300_000), letter(10)).as_bytes()).await;
    assert!(said_to.contains("450 4.7.1 many letters at once"), "{said_to}");
    assert!(said_to.contains("250 2.0.0 taken in"), "and the conversation goes on: {said_to}");
    let many = format!("{}QUIT\r\n", letter(30_000).repeat(9));
    let said_to = said(&door, many.as_bytes()).await;
    assert_eq!(said_to.matches("250 2.0.0 taken in").count(), 9, "one after the other: {said_to}");
}

#[tokio::test]
async fn no_letter_and_no_conversation_takes_for_ever() {
    let soon = std::time::Duration::from_millis(50);
    let bounds = Bounds { letter: soon, ..Bounds::default() };
    let door = door_within(Protocol::Lmtp, 1 << 20, bounds).await;
    let told = said(&door, format!("{BEFORE}it never ends").as_bytes()).await;
    assert!(told.ends_with("takes no longer\r\n"), "{told}");
    let bounds = Bounds { conversation: soon, ..Bounds::default() };
    let door = door_within(Protocol::Lmtp, 1 << 20, bounds).await;
    let mut stream = TcpStream::connect(door.at).await.unwrap();
    let mut told = Vec::new();
    // Somebody who always has another word is never out of patience.
    while stream.write_all(b"NOOP\r\n").await.is_ok() {
        let mut piece = [0; 1000];
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => told.extend_from_slice(&piece[..read]),
            _ => break,
        }
    }
    let _ended = stream.read_to_end(&mut told).await;
    let told = String::from_utf8(told).unwrap();
    assert!(told.ends_with("takes no longer\r\n"), "{told}");
}

#[tokio::test]
async fn what_is_said_in_the_clear_after_starttls_is_not_heard() {
    let door = door(Protocol::Smtp, 1000).await;
    let injected = b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<evil@example.org>\r\nNOOP\r\n";
    let mut stream = TcpStream::connect(door.at).await.unwrap();
    stream.write_all(injected).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _broken = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.contains("220 2.0.0 begin") && !answer.contains("250 2.1.0"), "{answer}");
}

#[tokio::test]
async fn our_courier_hands_over_plainly_and_by_tls_and_tells_later_from_never() {
    let door = door(Protocol::Smtp, 1 << 20).await;
    let name = ServerName::try_from("posta.example.org").unwrap();
    let tls = Secure::StartTls(Arc::clone(&door.trust), name);
    for secure in [Secure::Plain, tls] {
        courier(&door, secure).send(MAILBOX, b"Subject: a\r\n\r\n.b\r\n").await.unwrap();
    }
    let other = ServerName::try_from("other.example.org").unwrap();
    let wrong = courier(&door, Secure::StartTls(Arc::clone(&door.trust), other));
    assert!(matches!(wrong.send(MAILBOX, b"x").await, Err(Refusal::Later(_))));
    let plain = courier(&door, Secure::Plain);
    assert!(matches!(plain.send("no@example.org", b"x").await, Err(Refusal::Never(_))));
    assert!(matches!(plain.send("a>\r\nDATA@x", b"x").await, Err(Refusal::Never(_))));
    let later = plain.send(MAILBOX, b"Subject: later\r\n\r\n").await;
    assert!(matches!(later, Err(Refusal::Later(_))), "{later:?}");
    let letters = door.shelf.0.lock().unwrap();
    let kept: Vec<_> =
        letters.iter().map(|letter| (letter.from.as_deref(), &letter.bytes[..])).collect();
    assert_eq!(kept, [(None, &b"Subject: a\r\n\r\n.b\r\n"[..]); 2]);
}
