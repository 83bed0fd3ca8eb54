//! A header and an envelope, a line apart: refused, or read as what was written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use taxii::{NextKey, Scope, Submission, Timestamp, accept, content_type, objects};

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|octet| *octet == b'\n').unwrap_or(bytes.len());
    let (line, body) = bytes.split_at(end);
    if let Ok(header) = std::str::from_utf8(line) {
        let _ = (accept(Some(header)), content_type(Some(header)));
        let scope = Scope { collection: "cleared", caller: "fuzz", selection: "" };
        assert!(NextKey::new([7; 32]).open(scope, header).is_err(), "nobody guesses a seal");
        if let Ok(moment) = header.parse::<Timestamp>() {
            assert_eq!(moment.to_string().parse(), Ok(moment));
        }
    }
    let Ok(read) = Submission::read(body, 100) else { return };
    assert!((1..=100).contains(&read.objects.len()));
    let written = objects::write(None, read.objects.iter().map(|object| object.get().as_bytes()));
    let again = Submission::read(&written, 100).expect("what was read can be written");
    assert!(read.objects.iter().map(|it| it.get()).eq(again.objects.iter().map(|it| it.get())));
});
