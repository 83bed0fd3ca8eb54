//! What the fuzzers begin with, replayed: every parser of hostile input refuses or gives back.

use std::path::{Path, PathBuf};

use vedetta_federation::envelope::Envelope;
use vedetta_federation::frame::{Decoder, Frame};
use vedetta_federation::pairing::Code;

use crate::scene;

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    let files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let files: Vec<_> = files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
    assert!(files.len() >= 3, "{}", folder.display());
    files
}

#[test]
fn federation_frame() {
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
