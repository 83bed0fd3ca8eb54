//! Hostile input, replayed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use vedetta_model::Instant;
use vedetta_sensor::{Frames, Known, Mine, NatsLine};

fn lines(stream: &[u8], cut: usize) -> Vec<u8> {
    let (mut frames, mut lines) = (Frames::default(), Vec::new());
    stream.chunks(cut).for_each(|part| frames.take(part, &mut lines));
    frames.end(&mut lines);
    lines
}

fn corpus(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(name);
    std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect()
}

#[test]
fn the_corpus_nats_line_announces_a_message_or_is_refused() {
    let files = corpus("nats_line");
    assert!(files.len() >= 4);
    for file in files {
        let said = NatsLine::read(&std::fs::read(&file).unwrap());
        let refused = file.file_name().unwrap().to_string_lossy().starts_with("refused");
        assert_eq!(said.is_err(), refused, "{}: {said:?}", file.display());
        let Ok(said) = said else { continue };
        let reply = "$JS.ACK.LOGS.reader.1.2.3.4.5".to_owned();
        let head = if file.ends_with("headers") { 12 } else { 0 };
        let (number, reply, length) = ("1".to_owned(), Some(reply), 512);
        assert_eq!(said, NatsLine::Message { number, reply, head, length });
    }
}

#[test]
fn the_corpus_syslog_stream_is_the_same_wherever_it_is_cut() {
    let files = corpus("syslog_stream");
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

#[test]
fn the_corpus_sensor_feed_is_known_after_a_restart() {
    const NOW: Instant = Instant::from_micros(1_772_000_000_000_000);
    let files = corpus("sensor_feed");
    assert!(files.len() >= 5);
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy();
        let (looked_for, _) = name.split_once('-').unwrap();
        let feed = std::fs::read(&file).unwrap();
        let feed = String::from_utf8_lossy(&feed);
        // All of it at once, and line by line.
        for parts in [vec![&*feed], feed.split_inclusive('\n').collect()] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("known.jsonl");
            let open = || Known::open(&path, Mine::default(), (u64::MAX, NOW)).unwrap();
            let (mut known, ..) = open();
            for part in parts {
                known.take(part, NOW).unwrap();
            }
            let (again, kept, _) = open();
            assert_eq!(kept.len().to_string(), looked_for, "{name}");
            assert!(again.place() <= known.place(), "{name}: nothing is passed over");
        }
    }
}
