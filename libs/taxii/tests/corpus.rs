//! The corpora of hostile and friendly input, replayed; the fuzz targets start from them.

use std::path::Path;

use taxii::{Query, endpoint, manifest};

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
