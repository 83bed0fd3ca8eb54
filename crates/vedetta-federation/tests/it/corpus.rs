//! What the fuzzers begin with, replayed: every parser of hostile input refuses or gives back. One of
//! each kind of frame and of envelope is among it; `VEDETTA_BLESS=1` writes them.

use std::path::{Path, PathBuf};

use vedetta_federation::bookmark::{Bookmark, Mark, Span};
use vedetta_federation::digest::digest;
use vedetta_federation::envelope::{Envelope, Item, SignedAgreement, What};
use vedetta_federation::frame::{
    Batch, Beat, Bye, Credit, Decoder, Farewell, Frame, Hello, Notice, Rewind, Told, VERSIONS,
};
use vedetta_federation::hop::Hop;
use vedetta_federation::pairing::{Answer, Bond, Code, Proposal, Secret, Side};
use vedetta_federation::shelf::Lane;
use vedetta_model::{Agreement, Tlp};
use vedetta_policy::Form;

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
            "agreement",
            What::Agreement(Box::new(SignedAgreement {
                text: Agreement::clone(
                    scene::network().agreement(&"all".parse().unwrap()).unwrap(),
                )
                .into(),
                revision: 1,
                signatures: vec![(scene::id("a"), scene::key("a").sign(b"not this"))],
            })),
        ),
        (
            "contact",
            said(
                r#"{"contact":{"id":"a-desk","organisation":"a1","role":"incident response","name":"Duty desk","substitute":"a-night","phone_24h":"+39 06 5550100","channels":[{"by":"pec","at":"desk@a1.example"}],"keys":["age1example"],"last_verified":"2026-05-01"}}"#,
            ),
        ),
        (
            "acknowledgement",
            said(&format!(
                r#"{{"acknowledgement":{{"item":"{item}","version":"{at}","organisation":"a1","seen":"{at}","note":"visto"}}}}"#
            )),
        ),
    ]
}

fn sent(what: What) -> Envelope {
    let envelope = Envelope::unsealed(scene::id("a"), scene::now(), 7, what);
    scene::pass("a", "b", envelope, vec![])
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
        let envelope = sent(what);
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

/// What `b` passes on to `c`: each says by its name whether it is believed.
fn passed_on() -> Vec<(String, Envelope)> {
    let to_c = |what| scene::pass("b", "c", sent(what), vec![]);
    let notices =
        notices().into_iter().map(|(name, what)| (format!("good-{name}.json"), to_c(what)));
    let wider = {
        let mut envelope = scene::relayed();
        let first = &mut envelope.hops[0];
        first.passages = vec![scene::passage("b1", &["ab"])].into();
        envelope
    };
    let changed = |change: &dyn Fn(&mut Item)| {
        let mut envelope = scene::relayed();
        let What::Item(item) = &mut envelope.what else { unreachable!() };
        change(item);
        envelope
    };
    let red = Envelope { hops: marked(Some(Tlp::Red), None), ..scene::relayed() };
    let lowered = Envelope { hops: marked(Some(Tlp::Red), Some(Tlp::Green)), ..scene::relayed() };
    let items = [
        ("good-item", scene::relayed()),
        ("good-narrowed", red),
        ("bad-lowered", lowered),
        ("bad-wider", wider),
        ("bad-redacted", changed(&|item| item.form = Form::Redacted)),
        ("bad-alien", changed(&|item| item.conditions.producer = scene::id("c1"))),
    ];
    notices.chain(items.map(|(name, it)| (format!("{name}.json"), it))).collect()
}

/// The hops of what is relayed, with these markings.
fn marked(first: Option<Tlp>, second: Option<Tlp>) -> Vec<Hop> {
    let mut hops = scene::relayed().hops;
    (hops[0].tlp, hops[1].tlp) = (first, second);
    hops
}

#[test]
fn federation_check() {
    for (name, envelope) in passed_on() {
        seed("federation_check", &name, &serde_json::to_vec(&envelope).unwrap());
    }
    for (path, octets) in corpus("federation_check") {
        let envelope: Envelope = serde_json::from_slice(&octets).unwrap();
        let _ = scene::at_c(envelope.clone());
        let Some(resealed) = scene::sealed_anew(&envelope) else { continue };
        let good = path.file_name().unwrap().to_string_lossy().starts_with("good");
        let checked = scene::at_c(resealed);
        assert_eq!(checked.is_ok(), good, "{}: {checked:?}", path.display());
    }
}

#[test]
fn pairing_message() {
    let (a, b) = (scene::key("a"), scene::key("b"));
    let (from, to, agreement) = (scene::id("a"), scene::id("b"), "all".parse().unwrap());
    let (inviting, accepting) = (&a.public(), &b.public());
    let bond = Bond { from: &from, to: &to, inviting, accepting, agreement: &agreement };
    let prove = |side| Secret::from_octets([7; 16]).prove(side, bond);
    let proposal = Proposal {
        card: scene::card("b"),
        agreement: agreement.clone(),
        proof: prove(Side::Accepting),
    };
    let answer = Answer { card: scene::card("a"), proof: prove(Side::Inviting) };
    seed("pairing_message", "proposal.json", &serde_json::to_vec(&proposal).unwrap());
    seed("pairing_message", "answer.json", &serde_json::to_vec(&answer).unwrap());
    for (path, octets) in corpus("pairing_message") {
        let (one, two) = (
            serde_json::from_slice::<Proposal>(&octets),
            serde_json::from_slice::<Answer>(&octets),
        );
        let bad = path.file_name().unwrap().to_string_lossy().starts_with("bad");
        assert_eq!(one.is_err() && two.is_err(), bad, "{}", path.display());
        if let Ok(read) = one {
            assert_eq!(read, proposal, "{}", path.display());
            assert!(read.card.check().is_ok());
        }
        if let Ok(read) = two {
            assert_eq!(read, answer, "{}", path.display());
        }
    }
}
