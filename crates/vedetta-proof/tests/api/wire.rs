//! What a hostile client may do to the socket: it costs the client its connection, and nobody else.

use std::net::SocketAddr;
use std::time::Duration;

use http::Request;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use vedetta_api::{ConnectionLimits, Server, Tls, Transport, live};
use vedetta_testkit::items::TestItem;

use crate::door::Door;
use crate::network::Authority;
use crate::stream::{bring, read};

const LONG: Duration = Duration::from_secs(60);

/// Serves a door on a socket.
async fn serve(door: &Door, transport: Transport, limits: ConnectionLimits) -> SocketAddr {
    let any = "127.0.0.1:0".parse().unwrap();
    let server = Server::bind(any, transport, limits).await.unwrap();
    let address = server.address();
    tokio::spawn(server.serve(door.router.clone(), std::future::pending()));
    address
}

/// A short time for handshakes and heads, so that waiting for it to be over is short.
fn hasty() -> ConnectionLimits {
    ConnectionLimits { handshake: Duration::from_millis(300), ..ConnectionLimits::default() }
}

/// All that comes back until the server ends the connection, which it must.
async fn answered(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await;
    // A connection may also be reset.
    let _ = read.expect("the server ends the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether somebody else is still served.
async fn serves(address: SocketAddr) -> bool {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let asked = b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(asked).await.unwrap();
    answered(&mut stream).await.starts_with("HTTP/1.1 200")
}

#[tokio::test]
async fn what_is_no_http_ends_the_connection() {
    let door = Door::new();
    let address = serve(&door, Transport::Plain, hasty()).await;
    let hostile: [&[u8]; 5] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /api/v1/items HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    for input in hostile {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(input).await.unwrap();
        let answer = answered(&mut stream).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{input:?}: {answer}");
    }
    assert!(serves(address).await);
}

#[tokio::test]
async fn a_head_is_bounded_in_size_and_time() {
    let door = Door::new();
    let address = serve(&door, Transport::Plain, hasty()).await;
    let mut long = TcpStream::connect(address).await.unwrap();
    let head = format!("GET /health HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(256 * 1024));
    // The server may answer and end before all of it is written.
    let _ = long.write_all(head.as_bytes()).await;
    let answer = answered(&mut long).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");

    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET /health HTTP/1.1\r\nhost: ").await.unwrap();
    let answer = answered(&mut slow).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "a head that never ends: {answer}");
    assert!(serves(address).await);
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_ended() {
    let (door, authority) = (Door::new(), Authority::new());
    let (chain, key) = authority.issue("localhost");
    let tls = Tls::new(chain.as_bytes(), key.as_bytes(), None).unwrap();
    let address = serve(&door, Transport::Tls(tls), hasty()).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    assert_eq!(answered(&mut silent).await, "");
    let mut halting = TcpStream::connect(address).await.unwrap();
    halting.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    answered(&mut halting).await;
}

#[tokio::test]
async fn who_speaks_http_to_a_door_of_tls_is_told() {
    let (door, authority) = (Door::new(), Authority::new());
    let (chain, key) = authority.issue("localhost");
    let tls = Tls::new(chain.as_bytes(), key.as_bytes(), None).unwrap();
    let address = serve(&door, Transport::Tls(tls), ConnectionLimits::default()).await;
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let answer = answered(&mut plain).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
}

#[tokio::test]
async fn who_waits_for_a_place_gets_the_first_that_is_free() {
    let door = Door::new();
    let limits = ConnectionLimits { connections: 2, ..ConnectionLimits::default() };
    let address = serve(&door, Transport::Plain, limits).await;
    let first = TcpStream::connect(address).await.unwrap();
    let _second = TcpStream::connect(address).await.unwrap();
    let third = tokio::spawn(serves(address));
    drop(first);
    assert!(tokio::time::timeout(LONG, third).await.unwrap().unwrap());
}

#[tokio::test]
async fn a_body_beyond_the_limit_or_cut_off_leaves_nothing() {
    let door = Door::new();
    let address = serve(&door, Transport::Plain, ConnectionLimits::default()).await;
    let token = door.token("perugia");
    let before = door.api.house().bell().last();
    let head = |more: &str| {
        format!(
            "POST /api/v1/items HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\n{more}\r\n\r\n"
        )
    };
    // Nothing says beforehand how much it will be.
    let mut endless = TcpStream::connect(address).await.unwrap();
    endless.write_all(head("transfer-encoding: chunked").as_bytes()).await.unwrap();
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1 << 20));
    for _ in 0..64 {
        if endless.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let answer = answered(&mut endless).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413"), "{answer}");

    let item = TestItem::indicator(1).json();
    let mut cut = TcpStream::connect(address).await.unwrap();
    let length = format!("content-length: {}", item.len() + 1);
    cut.write_all(format!("{}{item}", head(&length)).as_bytes()).await.unwrap();
    cut.shutdown().await.unwrap();
    let answer = answered(&mut cut).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(door.api.house().bell().last(), before, "nothing was written");
    assert!(serves(address).await);
}

#[tokio::test]
async fn a_stream_over_http_2_resumes_where_it_broke_off() {
    let (door, authority) = (Door::new(), Authority::new());
    let worker = tokio::spawn(live::run(door.api.clone(), std::future::pending()));
    let (chain, key) = authority.issue("localhost");
    let tls = Tls::new(chain.as_bytes(), key.as_bytes(), None).unwrap();
    let address = serve(&door, Transport::Tls(tls), ConnectionLimits::default()).await;
    let (perugia, centre) = (door.token("perugia"), door.token("cosc-umbria"));
    let open = async |after: &str| {
        let stream = authority.connect(address, b"h2").await;
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .unwrap();
        tokio::spawn(connection);
        let request = Request::get("https://localhost/api/v1/stream")
            .header("authorization", format!("Bearer {centre}"))
            .header("accept", "application/x-ndjson")
            .header("last-event-id", after)
            .body(Full::<bytes::Bytes>::default())
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.version(), http::Version::HTTP_2);
        assert_eq!(response.status(), 200);
        // The connection lasts as long as its sender.
        (sender, axum::body::Body::new(response.into_body()))
    };
    bring(&door, &perugia, 0).await;
    let (sender, mut stream) = open("0").await;
    let (names, id) = read(&mut stream, 1).await;
    assert_eq!(names, ["scanner 0"]);
    drop((sender, stream));
    bring(&door, &perugia, 1).await;
    let (_sender, mut resumed) = open(&id).await;
    bring(&door, &perugia, 2).await;
    assert_eq!(read(&mut resumed, 2).await.0, ["scanner 1", "scanner 2"]);
    worker.abort();
}
