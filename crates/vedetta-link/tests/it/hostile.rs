//! Whatever a peer or a stranger does, it costs them their own link, and nobody else's.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vedetta_link::frames::{Broken, Frames};
use vedetta_link::{Bounds, Dialler, LINK, PAIR};

use crate::echo::{Node, framed, impatient, tls};

/// A line in the hands of the test.
pub(crate) struct Raw {
    frames: Frames,
    outgoing: tokio::sync::mpsc::Sender<Bytes>,
    _held: tokio::sync::oneshot::Sender<()>,
}

impl Raw {
    pub(crate) async fn link(node: &Node, id: &str) -> Self {
        let dialler = Dialler::new(tls(id), Bounds::default());
        let line = dialler.line(&node.address.to_string(), b"").await.unwrap();
        let (incoming, outgoing, held) = line.into_parts();
        Self { frames: Frames::of(incoming, Bounds::default().frame), outgoing, _held: held }
    }

    pub(crate) async fn send(&mut self, octets: &[u8]) {
        // Whether it was taken shows in what the node does.
        let _taken = self.outgoing.send(Bytes::copy_from_slice(octets)).await;
    }

    pub(crate) async fn next(&mut self) -> Result<Bytes, Broken> {
        self.frames.next().await
    }
}

/// A node, a peer that behaves, and room for one that does not.
async fn town(bounds: Bounds) -> (Node, Node) {
    let node = Node::start("node", &["good", "bad"], bounds).await;
    let lively = Bounds { tick: impatient().tick, ..Bounds::default() };
    let good = Node::start("good", &["node"], lively).await;
    good.dials("node", node.address);
    good.until("node", |link| link.up).await;
    (node, good)
}

/// The one that behaves is still heard.
async fn still_serves(node: &mut Node, good: &Node) {
    loop {
        good.grows();
        let (peer, frame) = node.hears().await;
        if peer == "good" && !frame.is_empty() {
            return;
        }
    }
}

async fn ended(node: &Node) -> String {
    let link = node.until("bad", |link| !link.up && link.reason.is_some()).await;
    link.reason.unwrap().says
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_before_the_handshake_ends_soon() {
    let (mut node, good) =
        town(Bounds { handshake: impatient().handshake, ..Bounds::default() }).await;
    let mut silent = TcpStream::connect(node.address).await.unwrap();
    assert_eq!(silent.read(&mut [0; 16]).await.unwrap_or(0), 0);
    let mut garbage = TcpStream::connect(node.address).await.unwrap();
    garbage.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    let _closed = garbage.read_to_end(&mut said).await;
    still_serves(&mut node, &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_strangers_keeps_no_peer_out() {
    let bounds = Bounds { connections: 8, handshake: impatient().handshake, ..Bounds::default() };
    let (mut node, good) = town(bounds).await;
    let mut crowd = Vec::new();
    for _ in 0..32 {
        crowd.push(TcpStream::connect(node.address).await.unwrap());
    }
    still_serves(&mut node, &good).await;
    let late = Node::start("bad", &["node"], Bounds::default()).await;
    late.dials("node", node.address);
    late.until("node", |link| link.up).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_even_shake_hands_has_no_more_than_half_of_the_places() {
    let forever = std::time::Duration::from_secs(3_600);
    let bounds = Bounds { connections: 8, handshake: forever, ..Bounds::default() };
    let (mut node, good) = town(bounds).await;
    let mut sitting = Vec::new();
    for _ in 0..4 {
        sitting.push(TcpStream::connect(node.address).await.unwrap());
    }
    // The next are sent away at once: a place is free for a peer, and nobody waits for one.
    for _ in 0..8 {
        let mut surplus = TcpStream::connect(node.address).await.unwrap();
        assert_eq!(surplus.read(&mut [0; 16]).await.unwrap_or(0), 0);
    }
    still_serves(&mut node, &good).await;
    sitting.pop();
    let late = Node::start("bad", &["node"], Bounds::default()).await;
    late.dials("node", node.address);
    late.until("node", |link| link.up).await;
    // It gave its place among strangers back.
    assert_eq!(sit(node.address, "stranger", 1).await.len(), 1);
}

/// Connections that shook hands and ask for nothing yet.
async fn sit(address: std::net::SocketAddr, id: &str, many: usize) -> Vec<impl Sized> {
    let mut sitting = Vec::new();
    for _ in 0..many {
        let stream = TcpStream::connect(address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let Ok(stream) = tls(id).connector().connect(name, stream).await else { continue };
        let io = TokioIo::new(stream);
        let shaken = hyper::client::conn::http2::handshake::<_, _, Full<Bytes>>;
        if let Ok((sender, connection)) = shaken(TokioExecutor::new(), io).await {
            sitting.push((sender, tokio::spawn(connection)));
        }
    }
    sitting
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_with_keys_of_their_own_leave_half_of_the_places() {
    let bounds = Bounds { connections: 8, ..Bounds::default() };
    let (mut node, good) = town(bounds).await;
    let _sitting = sit(node.address, "stranger", 16).await;
    let late = Node::start("bad", &["node"], Bounds::default()).await;
    late.dials("node", node.address);
    late.until("node", |link| link.up).await;
    still_serves(&mut node, &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_too_large_ends_the_link() {
    let (mut node, good) = town(Bounds::default()).await;
    let mut bad = Raw::link(&node, "bad").await;
    bad.send(&[0xff; 64]).await;
    assert!(ended(&node).await.contains("more than 13631488"));
    still_serves(&mut node, &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_never_ends_is_silence() {
    let (mut node, good) = town(impatient()).await;
    let mut bad = Raw::link(&node, "bad").await;
    bad.send(&[0, 0, 1, 0, 1, 2, 3]).await;
    assert_eq!(ended(&node).await, "the peer fell silent");
    good.until("node", |link| link.up).await;
    still_serves(&mut node, &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_takes_longer_than_silence_may_last_is_heard() {
    let (mut node, good) = town(impatient()).await;
    let mut bad = Raw::link(&node, "bad").await;
    let frame = framed(&[b'x'; 300]);
    for octet in frame.chunks(1) {
        // The node says something at each of its ticks: 304 of them, where 200 are silence.
        bad.next().await.unwrap();
        bad.send(octet).await;
    }
    while node.hears().await != ("bad".into(), Bytes::from_static(&[b'x'; 300])) {}
    still_serves(&mut node, &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_an_octet_now_and_then_is_silent_in_the_end() {
    let whole = impatient().tick * 50;
    let (mut node, good) = town(Bounds { whole, ..impatient() }).await;
    let mut bad = Raw::link(&node, "bad").await;
    bad.send(&[0, 0, 8, 0]).await;
    // One octet at each tick of the node, which is far from the end of the frame after that time.
    let mut sent = 0;
    while bad.next().await.is_ok() {
        bad.send(b"x").await;
        sent += 1;
        assert!(sent < 2_048, "the frame came to its end");
    }
    assert_eq!(ended(&node).await, "the peer fell silent");
    still_serves(&mut node, &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_take_what_he_is_sent_is_cut() {
    let (mut node, good) = town(impatient()).await;
    node.house.talkative.store(true, Ordering::SeqCst);
    let mut bad = Raw::link(&node, "bad").await;
    let reason = loop {
        bad.send(&framed(b"still here")).await;
        let link = node.links.all().into_iter().find(|link| link.peer.as_str() == "bad").unwrap();
        if !link.up {
            break link.reason.unwrap().says;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(reason, "the peer does not take what it is sent");
    node.house.talkative.store(false, Ordering::SeqCst);
    still_serves(&mut node, &good).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_holds_up_nobody_else() {
    let (mut node, good) = town(Bounds::default()).await;
    let bad = Raw::link(&node, "bad").await;
    let flood = tokio::spawn(async move {
        let frame = framed(&b"flood".repeat(200));
        while bad.outgoing.send(frame.clone()).await.is_ok() {}
    });
    for _ in 0..20 {
        still_serves(&mut node, &good).await;
    }
    flood.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_link_takes_the_place_of_the_first() {
    let (node, _good) = town(Bounds::default()).await;
    let mut first = Raw::link(&node, "bad").await;
    let mut second = Raw::link(&node, "bad").await;
    while first.next().await.is_ok() {}
    assert!(second.next().await.is_ok());
    assert_eq!(node.until("bad", |link| link.up).await.made, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_link_is_refused_in_words() {
    let node = Node::start("node", &["bad"], impatient()).await;
    let ask = async |method: Method, path: &str, body: Vec<u8>| {
        let stream = TcpStream::connect(node.address).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let stream = tls("bad").connector().connect(name, stream).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(format!("https://node{path}"))
            .body(Full::<Bytes>::new(body.into()))
            .unwrap();
        let answer = sender.send_request(request).await.unwrap();
        let status = answer.status();
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8_lossy(&text).into_owned())
    };
    assert_eq!(ask(Method::GET, "/", vec![]).await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(Method::GET, LINK, vec![]).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let (status, text) = ask(Method::POST, PAIR, vec![0; 100 << 10]).await;
    assert_eq!((status, text.contains("limit")), (StatusCode::BAD_REQUEST, true), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_who_ask_take_no_peer_its_turn() {
    let b = Node::start("b", &["a"], Bounds::default()).await;
    b.house.slow.send_replace(true);
    let address = b.address.to_string();
    let asking: Vec<_> = (0..12)
        .map(|n| {
            let (address, dialler) =
                (address.clone(), Dialler::new(tls(&format!("s{n}")), Bounds::default()));
            tokio::spawn(async move { dialler.line(&address, b"card").await.map(drop) })
        })
        .collect();
    // As many as are asked about at once; the others wait.
    b.house.asked.subscribe().wait_for(|asked| *asked == 8).await.unwrap();
    let a = Node::start("a", &["b"], Bounds::default()).await;
    a.dials("b", b.address);
    a.until("b", |link| link.up).await;
    b.house.slow.send_replace(false);
    for stranger in asking {
        let refused = stranger.await.unwrap().unwrap_err().to_string();
        assert!(refused.contains("nobody here knows"), "{refused}");
    }
}
