//! Hostile input, replayed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;

use vedetta_sensor::Frames;

fn lines(stream: &[u8], cut: usize) -> Vec<u8> {
    let (mut frames, mut lines) = (Frames::default(), Vec::new());
    stream.chunks(cut).for_each(|part| frames.take(part, &mut lines));
    frames.end(&mut lines);
    lines
}

#[test]
fn the_corpus_syslog_stream_is_the_same_wherever_it_is_cut() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/syslog_stream");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    assert!(files.len() >= 5);
    for file in files {
        let stream = std::fs::read(&file).unwrap();
        let whole = lines(&stream, stream.len());
        assert!(whole.ends_with(b"\n"), "{}", file.display());
        for cut in 1..stream.len() {
            assert_eq!(lines(&stream, cut), whole, "{} cut at {cut}", file.display());
        }
    }
}
