//! Nodes that mean well: links are made, kept, made again, one at a time, and end as asked.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use vedetta_federation::card::LARGEST_CARD;
use vedetta_link::{Bounds, Dialler, Leave, Link};

use crate::echo::{Node, framed, tls};

fn up(link: &Link) -> bool {
    link.up
}

/// Waits for a frame that says something.
async fn says(node: &mut Node) -> (String, String) {
    loop {
        let (peer, frame) = node.hears().await;
        if !frame.is_empty() {
            return (peer, String::from_utf8(frame.to_vec()).unwrap());
        }
    }
}

/// The same, where a link that is replaced may say so first.
async fn says_beside_farewells(node: &mut Node) -> String {
    loop {
        let (_, said) = says(node).await;
        if !said.starts_with("bye ") {
            return said;
        }
    }
}

/// Two that know each other; the first dials.
async fn pair() -> (Node, Node) {
    let a = Node::start("a", &["b"], Bounds::default()).await;
    let b = Node::start("b", &["a"], Bounds::default()).await;
    a.dials("b", b.address);
    a.until("b", up).await;
    b.until("a", up).await;
    (a, b)
}

/// A wire that can be cut: what passes it breaks, and nothing passes it again until mended.
async fn wire(to: SocketAddr) -> (SocketAddr, Arc<watch::Sender<bool>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let whole = Arc::new(watch::Sender::new(true));
    let kept = Arc::clone(&whole);
    tokio::spawn(async move {
        loop {
            let (mut here, _) = listener.accept().await.unwrap();
            let mut cut = kept.subscribe();
            tokio::spawn(async move {
                if !*cut.borrow() {
                    return;
                }
                let mut there = TcpStream::connect(to).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut here, &mut there) => {}
                    _ = cut.wait_for(|whole| !whole) => {}
                }
            });
        }
    });
    (address, whole)
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_as_large_as_may_be_are_shown_both_ways() {
    let a = Node::start("a", &["b"], Bounds::default()).await;
    let b = Node::start("b", &["a"], Bounds::default()).await;
    // With both signatures it is a little more than what it says.
    let largest = vec![b'x'; LARGEST_CARD + 512];
    for node in [&a, &b] {
        node.house.card.lock().unwrap().clone_from(&largest);
    }
    a.dials("b", b.address);
    a.until("b", up).await;
    b.until("a", up).await;
    for node in [&a, &b] {
        assert_eq!(node.house.shown.lock().unwrap().last(), Some(&largest));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_says_the_other_hears_both_ways() {
    let (mut a, mut b) = pair().await;
    a.grows();
    assert_eq!(says(&mut b).await, ("a".into(), "1".into()));
    b.grows();
    assert_eq!(says(&mut a).await, ("b".into(), "1".into()));
    let link = a.until("b", |link| link.frames.1 > 0).await;
    assert!(link.octets.1 > link.frames.1, "{link:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_link_is_made_again() {
    let mut b = Node::start("b", &["a"], Bounds::default()).await;
    let a = Node::start("a", &["b"], Bounds::default()).await;
    let (through, whole) = wire(b.address).await;
    a.dials("b", through);
    a.until("b", up).await;
    whole.send_replace(false);
    let down = a.until("b", |link| !link.up).await;
    assert!(down.reason.is_some());
    whole.send_replace(true);
    let link = a.until("b", up).await;
    assert_eq!(link.made, 2);
    b.until("a", up).await;
    a.grows();
    assert_eq!(says(&mut b).await, ("a".into(), "1".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn when_both_dial_one_link_remains() {
    let (mut a, mut b) = {
        let a = Node::start("a", &["b"], Bounds::default()).await;
        let b = Node::start("b", &["a"], Bounds::default()).await;
        a.dials("b", b.address);
        b.dials("a", a.address);
        (a, b)
    };
    one_link(&a, &b).await;
    a.grows();
    assert_eq!(says_beside_farewells(&mut b).await, "1");
    b.grows();
    assert_eq!(says_beside_farewells(&mut a).await, "1");
    one_link(&a, &b).await;
}

/// Waits until both sides show one link, which one of them dialled: the other's may replace it once.
async fn one_link(a: &Node, b: &Node) {
    while a.until("b", up).await.dialled == b.until("a", up).await.dialled {}
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_nobody_knows_gets_no_link_and_hears_why() {
    let stranger = Node::start("stranger", &["b"], Bounds::default()).await;
    let b = Node::start("b", &["a"], Bounds::default()).await;
    stranger.dials("b", b.address);
    let link = stranger.until("b", |link| link.reason.is_some()).await;
    let reason = link.reason.unwrap().says;
    assert!(reason.contains("403") && reason.contains("nobody here knows"), "{reason}");
    assert!(b.links.all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_at_a_known_address_is_not_spoken_to() {
    let impostor = Node::start("impostor", &["a"], Bounds::default()).await;
    let a = Node::start("a", &["b"], Bounds::default()).await;
    a.dials("b", impostor.address);
    let link = a.until("b", |link| link.reason.is_some()).await;
    assert!(!link.up && link.reason.unwrap().says.contains("nobody here knows"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_no_longer_have_a_link_loses_it() {
    let (a, b) = pair().await;
    b.forgets("a");
    let link = a.until("b", |link| !link.up).await;
    assert!(link.reason.is_some());
    let again =
        a.until("b", |link| link.reason.as_ref().is_some_and(|it| it.says.contains("403"))).await;
    assert!(!again.up);
    assert!(!b.until("a", |link| !link.up).await.up);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stops_is_seen_to() {
    let (mut a, b) = pair().await;
    b.links.close().await;
    while a.hears().await.1 != "bye" {}
    assert!(!a.until("b", |link| !link.up).await.up);
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_link_is_replaced_or_barred_reads_which() {
    let (mut a, b) = pair().await;
    b.links.end(&crate::echo::organisation("a"), Leave::Barred, "an administrator stopped it");
    while a.hears().await.1 != "bye Barred" {}
    let link = b.until("a", |link| !link.up).await;
    assert_eq!(link.reason.map(|it| it.says).as_deref(), Some("an administrator stopped it"));
    a.until("b", up).await;
    b.until("a", up).await;
    // The same side dials once more: the link before is dead to it.
    let dialler = Dialler::new(tls("a"), Bounds::default());
    let line = dialler.line(&b.address.to_string(), b"card").await.unwrap();
    while a.hears().await.1 != "bye Replaced" {}
    drop(line);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_dialled_and_stops_says_so_too() {
    let (a, mut b) = pair().await;
    a.links.close().await;
    while b.hears().await.1 != "bye" {}
    assert!(!b.until("a", |link| !link.up).await.up);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_holds_an_invitation_is_answered() {
    let b = Node::start("b", &[], Bounds::default()).await;
    let dialler = Dialler::new(tls("new"), Bounds::default());
    let address = b.address.to_string();
    let expected = tls("b").key();
    let call = dialler.call(&address).await.unwrap();
    assert_eq!(call.key(), expected);
    assert_eq!(call.ask(b"secret".to_vec()).await.unwrap(), b"welcome");
    let wrong = dialler.call(&address).await.unwrap().ask(b"guess".to_vec()).await;
    assert!(wrong.unwrap_err().to_string().contains("no such invitation"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_words_of_one_who_ends_a_link_arrive() {
    let b = Node::start("b", &["raw"], Bounds::default()).await;
    let mut raw = crate::hostile::Raw::link(&b, "raw").await;
    raw.send(&framed(b"wrong")).await;
    while raw.next().await.unwrap() != "bye" {}
    let link = b.until("raw", |link| !link.up).await;
    assert_eq!(link.reason.map(|it| it.says).as_deref(), Some("the peer said something wrong"));
}
