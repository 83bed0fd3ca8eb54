//! The corpora of hostile and friendly input, replayed; the fuzz targets start from them.

use std::path::Path;

use taxii::{NextKey, Query, Scope, Submission, accept, content_type, endpoint, manifest};

/// Files named `ok-…` are read and written again to the same query; files named `bad-…` are
/// refused with an error that says something. No endpoint panics on any of them.
#[test]
fn taxii_query() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/taxii_query");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        for endpoint in endpoint::ALL {
            let _ = Query::parse(&endpoint, &text);
        }
        match Query::parse(&manifest::GET, &text) {
            Ok(query) => {
                assert!(name.starts_with("ok-"), "{name} was read as {query:?}");
                assert_eq!(Query::parse(&manifest::GET, &query.to_string()), Ok(query), "{name}");
            }
            Err(error) => assert!(name.starts_with("bad-"), "{name} was refused: {error}"),
        }
        seen += 1;
    }
    assert!(seen > 20, "the corpus is missing");
}

/// A header, a line's end, a body: `ok-…` are envelopes, `bad-…` are refused with what to send.
/// Nobody guesses a `next`, and no header is too odd to be answered.
#[test]
fn taxii_body() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/taxii_body");
    let scope = Scope { collection: "cleared", caller: "somebody", selection: "" };
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let end = bytes.iter().position(|octet| *octet == b'\n').unwrap_or(bytes.len());
        let (line, body) = bytes.split_at(end);
        let header = String::from_utf8_lossy(line);
        assert!(NextKey::new([7; 32]).open(scope, &header).is_err(), "{name}");
        assert_eq!(accept(Some(&header)).is_ok(), header == taxii::TAXII, "{name}");
        assert_eq!(content_type(Some(&header)).is_ok(), header == taxii::TAXII, "{name}");
        match Submission::read(body, 100) {
            Ok(_) => assert!(name.starts_with("ok-"), "{name} was read"),
            Err(error) => assert!(name.starts_with("bad-"), "{name} was refused: {error}"),
        }
        seen += 1;
    }
    assert!(seen > 20, "the corpus is missing");
}
