//! What peers and strangers send before anything is understood, replayed; the fuzz targets start from it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use vedetta_federation::card::{Card, Statement};
use vedetta_federation::key::SecretKey;
use vedetta_federation::scope::Scope;
use vedetta_link::frames::{Broken, Frames, Outgoing};
use vedetta_link::listener::shown;
use vedetta_model::{Instant, OrganisationId};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name)
}

fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder(name)).unwrap().map(|file| file.unwrap().path());
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(path).unwrap())
    };
    let files: Vec<_> = files.map(read).collect();
    assert!(files.len() >= 4, "{name}");
    files
}

async fn frames(octets: &[u8], cut: usize) -> (Vec<Vec<u8>>, bool) {
    let pieces: Vec<_> = octets.chunks(cut).collect();
    let (sender, body) = Outgoing::with_room_for(pieces.len());
    for piece in pieces {
        sender.try_send(piece.to_vec().into()).unwrap();
    }
    drop(sender);
    let (mut frames, mut whole) = (Frames::of(body, 64), Vec::new());
    loop {
        match frames.next().await {
            Ok(frame) => whole.push(frame.to_vec()),
            Err(broken) => return (whole, matches!(broken, Broken::TooLarge(..))),
        }
    }
}

#[tokio::test]
async fn link_frames() {
    for (name, octets) in corpus("link_frames") {
        let whole = frames(&octets, octets.len()).await;
        let (count, what) = name.split_once('-').unwrap();
        assert_eq!(whole.0.len().to_string(), count, "{name}");
        assert_eq!(whole.1, ["and-too-large", "http"].contains(&what), "{name}");
        for cut in 1..octets.len() {
            assert_eq!(frames(&octets, cut).await, whole, "{name} cut at {cut}");
        }
    }
}

/// The card of a node, as it shows it.
fn header() -> String {
    let key = SecretKey::from_seed([7; 32]).unwrap();
    let organisation = OrganisationId::new("cosc-umbria").unwrap();
    let says = Statement {
        organisation: organisation.clone(),
        key: key.public(),
        serial: 1,
        since: Instant::from_micros(1_772_000_000_000_000),
        until: None,
        serves: Scope::below(organisation),
        address: Some("node.example.org:8444".into()),
        revokes: [].into(),
    };
    STANDARD.encode(serde_json::to_vec(&says.sign(&key)).unwrap())
}

/// `VEDETTA_BLESS=1` writes the good one.
#[test]
fn card_header() {
    if std::env::var_os("VEDETTA_BLESS").is_some() {
        std::fs::write(folder("card_header").join("good"), header()).unwrap();
    }
    for (name, octets) in corpus("card_header") {
        let value = HeaderValue::from_bytes(&octets).unwrap();
        let shown = shown(&HeaderMap::from_iter([(vedetta_link::CARD.parse().unwrap(), value)]));
        let card = shown.and_then(|json| serde_json::from_slice::<Card>(&json).ok());
        assert_eq!(card.is_some_and(|card| card.check().is_ok()), name == "good", "{name}");
    }
}
