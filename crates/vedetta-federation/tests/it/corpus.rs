//! What the fuzzers begin with, replayed: every parser of hostile input refuses or gives back. One of
//! each kind of frame and of envelope is among it; `VEDETTA_BLESS=1` writes them.

use std::path::{Path, PathBuf};

use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::digest::digest;
use vedetta_federation::envelope::{Envelope, What};
use vedetta_federation::frame::{
    Batch, Beat, Bye, Credit, Decoder, Farewell, Frame, Hello, Notice, Rewind, Told, VERSIONS,
};
use vedetta_federation::pairing::Code;
use vedetta_federation::shelf::Lane;

use crate::scene;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

/// Reads a seed; writes it first when VEDETTA_BLESS is set.
fn seed(corpus: &str, name: &str, octets: &[u8]) -> Vec<u8> {
    let path = folder(corpus).join(name);
    if std::env::var_os("VEDETTA_BLESS").is_some() {
        std::fs::write(&path, octets).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|_| panic!("{}: VEDETTA_BLESS=1 writes it", path.display()))
}

/// One frame of each type, as two nodes say them.
fn frames() -> Vec<(&'static str, Frame)> {
    let now = scene::now();
    let mark = Mark { place: 7, hash: digest(&[b"seven"]) };
    let mut resume = Bookmark { edition: "5b1d-1".into(), ..Bookmark::default() };
    resume.add(Span { after: 0, upto: 7 }, mark.hash);
    let envelope = scene::relayed();
    let told =
        Told { leaf: envelope.leaf(), why: "future".into(), says: "it is from the future".into() };
    let hello = Hello {
        versions: VERSIONS,
        card: scene::card("a"),
        to: scene::id("b"),
        edition: "5b1d-1".into(),
        head: mark,
        now,
        resume,
        credit: 8,
    };
    let batch = Batch {
        number: 1,
        lane: Lane::Live,
        span: Span { after: 6, upto: 7 },
        hash: mark.hash,
        envelopes: vec![envelope],
    };
    vec![
        ("hello", Frame::Hello(Box::new(hello))),
        ("cards", Frame::Cards(scene::NODES.map(scene::card).into())),
        ("relayed", Frame::Batch(Box::new(batch))),
        ("credit", Frame::Credit(Credit { batches: 1, taken: 1 })),
        ("beat", Frame::Beat(Beat { now, head: 7, heard: Some((now, 1_500)) })),
        ("notice", Frame::Notice(Notice { refusals: vec![told] })),
        ("rewind", Frame::Rewind(Rewind { to: 7 })),
        ("bye", Frame::Bye(Bye { reason: Farewell::Replaced, says: String::new() })),
    ]
}

/// What is no item, of each kind.
fn notices() -> Vec<(&'static str, What)> {
    let said = |text: &str| serde_json::from_str::<What>(text).unwrap();
    let item = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
    let at = "2026-06-01T12:00:00.000000Z";
    vec![
        (
            "withdrawal",
            said(&format!(r#"{{"withdrawal":{{"item":"{item}","reason":"a mistake"}}}}"#)),
        ),
        (
            "standing",
            said(&format!(
                r#"{{"standing":{{"agreement":"all","revision":1,"now":"suspended","since":"{at}","reason":"review"}}}}"#
            )),
        ),
        (
            "presence",
            said(&format!(r#"{{"presence":{{"organisation":"a","on_duty":2,"until":"{at}"}}}}"#)),
        ),
        ("removal", said(r#"{"removal":{"organisation":"a1"}}"#)),
        (
            "acknowledgement",
            said(&format!(
                r#"{{"acknowledgement":{{"item":"{item}","version":"{at}","organisation":"a1","seen":"{at}","note":"visto"}}}}"#
            )),
        ),
    ]
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder(name);
    let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let files: Vec<_> = files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    assert!(files.len() >= 3, "{}", folder.display());
    files
}

#[test]
fn federation_frame() {
    for (name, frame) in frames() {
        let octets = seed("federation_frame", name, &frame.encode().unwrap());
        assert_eq!(Frame::decode(octets[4], &octets[5..]), Ok(Some(frame)), "{name}");
    }
    for (path, octets) in corpus("federation_frame") {
        let mut decoder = Decoder::default();
        decoder.push(&octets);
        while let Ok(Some(frame)) = decoder.frame() {
            let again = frame.encode().unwrap();
            let read = Frame::decode(again[4], &again[5..]);
            assert_eq!(read, Ok(Some(frame)), "{}", path.display());
        }
    }
}

#[test]
fn federation_envelope() {
    for (name, what) in notices() {
        let envelope = Envelope::unsealed(scene::id("a"), scene::now(), 7, what);
        let envelope = scene::pass("a", "b", envelope, vec![]);
        let name = format!("{name}.json");
        let octets = seed("federation_envelope", &name, &serde_json::to_vec(&envelope).unwrap());
        let read: Envelope = serde_json::from_slice(&octets).unwrap();
        assert_eq!(read, envelope, "{name}");
    }
    for (path, octets) in corpus("federation_envelope") {
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&octets) else { continue };
        let again = serde_json::to_string(&envelope).unwrap();
        let again: Envelope = serde_json::from_str(&again).unwrap();
        assert_eq!(again.leaf(), envelope.leaf(), "{}", path.display());
        let _ = scene::at_c(envelope);
    }
}

#[test]
fn pairing_code() {
    for (path, octets) in corpus("pairing_code") {
        let Ok(text) = String::from_utf8(octets) else { continue };
        if let Ok(code) = text.parse::<Code>() {
            assert_eq!(code.to_string().parse(), Ok(code), "{}", path.display());
        }
    }
}
