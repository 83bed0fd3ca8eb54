//! A peer that was let in and speaks the protocol wrongly, against the running program: it is refused,
//! told why, shown to the operator, and the node goes on serving those who behave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod liar;
mod node;
mod papers;

use std::time::Duration;

use serde_json::json;
use vedetta_federation::Object;
use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::digest::digest;
use vedetta_federation::envelope::{Envelope, What};
use vedetta_federation::frame::{Credit, Farewell, Frame, Hello, Notice, Rewind, Told};
use vedetta_link::DialError;

use crate::liar::{LIAR, Liar, VICTIM, id, item, now, sealed, secret};
use crate::node::{AMBER, CLEAR, Node, indicator};

/// The honest peer.
const HONEST: &str = "cosc-umbria";

/// The national node with a peer that behaves and one that does not.
async fn town() -> (Node, Node, Liar) {
    let victim = Node::start(VICTIM, "peer_listen = \"127.0.0.1:0\"");
    let honest = Node::start(HONEST, "");
    let code = victim.invite(HONEST, "region:Umbria,below:cosc-umbria");
    honest.ask(&["peer", "accept", &code, "--serves", "everything", "--json"]);
    let liar = Liar::paired(&victim).await;
    victim.peer_when(HONEST, |it| it["link"]["up"] == true);
    (victim, honest, liar)
}

/// Both the honest peer and the interface are served.
fn still_serves(victim: &Node, honest: &Node, n: u8) {
    victim.bring(VICTIM, n);
    honest.until_read(HONEST, n);
    honest.bring(HONEST, n + 1);
    victim.until_read(VICTIM, n + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forged_is_refused_with_its_reason() {
    let (victim, honest, liar) = town().await;
    assert_eq!(refused(&Liar::unknown(9, &victim.meets)).await, 403, "a key of no peer");
    let mut talk = liar.talks().await;
    let honestly = liar.seals(item(1, CLEAR));
    assert!(talk.brings(vec![honestly.clone()]).await.is_empty());
    victim.until_read(VICTIM, 1);
    assert_eq!(talk.brings(vec![honestly.clone()]).await, ["replayed"]);
    let sent_again = liar.seals_again(&honestly);
    assert!(talk.brings(vec![sent_again]).await.is_empty(), "who sends again seals again");

    let later = now().after(Duration::from_secs(3_600));
    let passage = json!({ "giver": HONEST, "right": "any", "under": "polizia-postale",
        "root": "polizia-postale", "gives": "lineage" });
    let mut altered = liar.seals(item(2, CLEAR));
    let spaced = indicator(2, CLEAR).to_string().replacen(':', ": ", 1);
    let mut alien = item(3, CLEAR);
    alien.conditions.producer = id("sosc-tr");
    let mut wider = item(4, CLEAR);
    wider.conditions.via =
        serde_json::from_value(json!([{ "giver": LIAR, "right": "any" }])).unwrap();
    if let What::Item(item) = &mut altered.what {
        item.object = Object::new(spaced).unwrap();
    }
    let mut unsealed = liar.seals(item(5, CLEAR));
    unsealed.seal = None;
    let mut afar = liar.seals(item(6, CLEAR));
    afar.origin = id(HONEST);
    let mut newer = liar.seals(item(7, CLEAR));
    newer.v = 9;
    let looping = liar.round(item(14, CLEAR), HONEST);
    let forged = [
        (sealed(&secret(9), VICTIM, now(), (item(8, CLEAR), vec![])), "unknown-key"),
        (sealed(&liar.key, HONEST, now(), (item(9, CLEAR), vec![])), "not-for-us"),
        (sealed(&liar.key, VICTIM, later, (item(10, CLEAR), vec![])), "future"),
        (liar.seals(item(11, AMBER)), "lowered-marking"),
        (
            liar.gives(item(12, CLEAR), vec![serde_json::from_value(passage).unwrap()]),
            "not-speaking",
        ),
        (liar.seals(wider), "widened"),
        (liar.seals(alien), "not-speaking"),
        (altered, "broken-seal"),
        (unsealed, "unsealed"),
        (afar, "broken-trail"),
        (newer, "version"),
        (looping, "loop"),
    ];
    for (envelope, why) in &forged {
        assert_eq!(talk.brings(vec![envelope.clone()]).await, [*why]);
    }
    let mut expected = vec!["replayed"];
    expected.extend(forged.iter().map(|(_, why)| *why));
    // What it never said that it heard is told once more, and first.
    let changed = liar.changed();
    let mut talk = changed.talks().await;
    expected.push("ended-key");
    assert_eq!(talk.brings(vec![liar.seals(item(15, CLEAR))]).await, expected);
    let rotated = changed.rotated();
    let mut talk = rotated.talks().await;
    expected.push("revoked-key");
    assert_eq!(talk.brings(vec![changed.seals(item(13, CLEAR))]).await, expected);
    assert_eq!(refused(&changed).await, 403, "the key that was revoked");

    shows(&victim, &expected);
    still_serves(&victim, &honest, 20);
    assert_eq!(victim.peer(HONEST)["refused"], 0);
}

/// The operator sees each refusal, with its reason in words.
fn shows(victim: &Node, expected: &[&str]) {
    let shown = victim.peer(LIAR);
    let named: Vec<_> = shown["refusals"].as_array().unwrap().iter().collect();
    let whys: Vec<_> = named.iter().map(|it| it["why"].as_str().unwrap()).collect();
    assert_eq!(whys, expected);
    assert!(named.iter().all(|it| it["says"].as_str().is_some_and(|says| !says.is_empty())));
    assert_eq!(shown["refused"], expected.len());
}

/// With which status a node is turned away.
async fn refused(liar: &Liar) -> u16 {
    match liar.line().await {
        Err(DialError::Refused { status, .. }) => status,
        Err(error) => panic!("{error}"),
        Ok(_) => 200,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_breaks_the_protocol_is_told_and_cut_off() {
    let (victim, honest, liar) = town().await;
    let mut another = liar.hello();
    another.card = Liar::unknown(9, &victim.meets).card;
    another.card.says.organisation = id(HONEST);
    assert_eq!(liar.greets(another).await.told().await, Farewell::Stranger);
    let to_another = Hello { to: id(HONEST), ..liar.hello() };
    assert_eq!(liar.greets(to_another).await.told().await, Farewell::Stranger);
    let of_the_future = Hello { versions: (7, 9), ..liar.hello() };
    assert_eq!(liar.greets(of_the_future).await.told().await, Farewell::Version);

    let mut talk = liar.talks().await;
    talk.send(&Frame::Hello(Box::new(liar.hello()))).await;
    assert_eq!(talk.told().await, Farewell::Protocol, "a second hello");
    let mut talk = liar.talks().await;
    talk.number = 6;
    let batch = talk.batch_of(vec![]);
    talk.send(&Frame::Batch(Box::new(batch))).await;
    assert_eq!(talk.told().await, Farewell::Protocol, "a batch out of turn");
    liar.talks().await.floods().await;
    let shown = victim.peer_when(LIAR, |it| it["link"]["up"] == false);
    assert!(shown["link"]["reason"].as_str().unwrap().contains("protocol"), "{shown}");
    still_serves(&victim, &honest, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn lies_about_cursors_gain_nothing() {
    let (victim, honest, liar) = town().await;
    let mut talk = liar.talks().await;
    talk.send(&Frame::Credit(Credit { batches: u32::MAX, taken: 1_000_000 })).await;
    assert_eq!(talk.told().await, Farewell::Protocol, "what was never sent");
    let mut talk = liar.talks().await;
    let mut batch = talk.batch_of(vec![]);
    batch.span = Span { after: 9, upto: 3 };
    talk.send(&Frame::Batch(Box::new(batch))).await;
    assert_eq!(talk.told().await, Farewell::Protocol, "a span that ends before it begins");
    let mut talk = liar.talks().await;
    talk.brings(vec![]).await;
    talk.send(&Frame::Rewind(Rewind { to: 0 })).await;
    assert_eq!(talk.told().await, Farewell::Protocol, "a rewind after a batch");

    let mut talk = liar.line().await.unwrap();
    talk.send(&Frame::Hello(Box::new(liar.hello()))).await;
    let Some(Frame::Hello(theirs)) = talk.next().await else { panic!("no hello") };
    let edition = theirs.edition;
    let far = u64::MAX / 2;
    let mark = Mark { place: far, hash: digest(&[b"no place of it"]) };
    let resume = Bookmark {
        edition,
        spans: vec![Span { after: 0, upto: far }],
        marks: vec![mark],
        ..Bookmark::default()
    };
    let hello = Hello { resume, ..liar.hello() };
    let mut talk = liar.greets(hello).await;
    let rewound = loop {
        match talk.next().await.unwrap() {
            Frame::Rewind(rewind) => break rewind.to,
            Frame::Bye(bye) => panic!("{bye:?}"),
            _ => {}
        }
    };
    assert_eq!(rewound, 0, "no mark is of its ledger");
    still_serves(&victim, &honest, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_it_refuses_is_shown_with_the_item_and_its_own_words() {
    let (victim, honest, liar) = town().await;
    let mut talk = liar.talks().await;
    victim.bring(VICTIM, 30);
    let brought = indicator(30, CLEAR)["id"].as_str().unwrap().to_owned();
    let is_it = |it: &Envelope| matches!(&it.what, What::Item(item) if item.object.text().contains(&brought));
    let leaf = loop {
        if let Frame::Batch(batch) = talk.next().await.expect("it hung up")
            && let Some(envelope) = batch.envelopes.iter().find(|it| is_it(it))
        {
            break envelope.leaf();
        }
    };
    let says = format!("\u{1b}[2J{}", "not today ".repeat(900));
    let told = Told { leaf, why: "because".into(), says };
    let unknown = Told { leaf: digest(&[b"never sent"]), ..told.clone() };
    talk.send(&Frame::Notice(Notice { refusals: vec![told, unknown] })).await;
    let shown = victim.peer_when(LIAR, |it| it["refused_there"] == 2);
    let [first, second] = &shown["refusals_there"].as_array().unwrap()[..] else {
        panic!("{shown}");
    };
    assert_eq!((&first["item"], &first["why"]), (&json!(brought), &json!("because")));
    let says = first["says"].as_str().unwrap();
    assert!(says.starts_with("[2Jnot today") && says.len() <= 120, "{says}");
    assert!(second["item"].is_null(), "{second}");
    let had = victim.get(&format!("/api/v1/items/{brought}/deliveries"));
    let refused_by = &had["refused_by"][0];
    assert_eq!(
        (&refused_by["peer"], &refused_by["why"]),
        (&json!(LIAR), &json!("because")),
        "{had}"
    );
    still_serves(&victim, &honest, 20);
}

/// A frame of 64 MiB of spaces in 2 KiB of Zstandard (RFC 8878, 3.1.1): blocks of one octet, repeated.
fn bomb() -> Vec<u8> {
    let mut payload = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for left in (0..512u32).rev() {
        let header = (131_072u32 << 3) | (1 << 1) | u32::from(left == 0);
        payload.extend_from_slice(&header.to_le_bytes()[..3]);
        payload.push(b' ');
    }
    framed(3, &payload)
}

fn framed(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len() + 1).unwrap();
    [&length.to_be_bytes(), &[kind][..], payload].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_frames_and_stalls_cost_the_peer_its_own_link() {
    let (victim, honest, liar) = town().await;
    let whole = Frame::Credit(Credit { batches: 1, taken: 0 }).encode().unwrap();
    let mut bitten = whole.clone();
    bitten[12] ^= 0x40;
    let no_json = framed(3, b"no Zstandard");
    for octets in [bitten, no_json, bomb()] {
        let mut talk = liar.talks().await;
        talk.send_raw(octets).await;
        assert_eq!(talk.told().await, Farewell::Protocol);
    }
    for octets in [vec![0xff; 64], framed(9, &[]).repeat(2_000), vec![0; 64]] {
        let mut talk = liar.talks().await;
        talk.send_raw(octets).await;
        talk.ended().await;
        let shown = victim.peer_when(LIAR, |it| it["link"]["up"] == false);
        assert!(shown["link"]["reason"].is_string(), "{shown}");
    }
    // Half a frame, and nothing taken of what it is sent.
    let mut stalled = liar.talks().await;
    stalled.send_raw([&0x000f_ffffu32.to_be_bytes(), &[3; 4_096][..]].concat()).await;
    still_serves(&victim, &honest, 20);
    stalled.cut().await;
    let shown = victim.peer_when(LIAR, |it| it["link"]["up"] == false);
    // The door and the protocol both count the seconds.
    let cause = shown["link"]["cause"].as_str().unwrap_or_default();
    assert!(["silent", "node-silent"].contains(&cause), "its link is cut: {shown}");
    assert!(victim.most_memory() < 400, "{} MiB", victim.most_memory());
    let log = victim.log();
    assert!(log.contains(LIAR) && !log.contains("panicked"), "{log}");
}
