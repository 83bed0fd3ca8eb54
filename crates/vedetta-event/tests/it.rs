//! Every line of the corpus, by every decoder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use vedetta_event::{Decoder, Format};

#[test]
fn event_line_corpus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/event_line");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    assert!(files.len() >= 15, "{} files", files.len());
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy();
        let bytes = std::fs::read(&path).unwrap();
        let mut read = 0;
        for (_, format) in Format::ALL {
            let mut decoder = Decoder::new(format);
            for line in vedetta_event::decode::lines(&bytes) {
                if let Ok(Some(event)) = decoder.read(line) {
                    read += 1;
                    let paths: Vec<String> = (0..event.len()).map(|at| event.path(at)).collect();
                    assert_eq!(paths.len(), event.names().len());
                    let _ = vedetta_event::event::moment::of(&event);
                }
            }
        }
        let unreadable = ["cut.json", "not_utf8", "w3c", "csv"].contains(&&*name);
        assert_eq!(read == 0, unreadable, "{name}: {read}");
    }
}
