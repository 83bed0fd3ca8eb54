//! Whatever comes in: no panic, nothing unbounded, nothing mangled.

use std::io::Read;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use stix::{BundleReader, Entry, Limits, Object, Problem, Reading, read};

const LIMITS: Limits =
    Limits { bytes: 1 << 20, object_bytes: 64 << 10, objects: 1000, depth: 64, string_bytes: 4096 };

/// A source that gives one byte at a time.
struct Drops<'a>(&'a [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let (Some(slot), Some((first, rest))) = (buffer.first_mut(), self.0.split_first()) else {
            return Ok(0);
        };
        (*slot, self.0) = (*first, rest);
        Ok(1)
    }
}

/// Reads, and checks what holds of every input.
fn checked(bytes: &[u8]) -> Reading {
    let reading = read(bytes, &LIMITS);
    assert_eq!(reading.seen, reading.objects.len() + reading.refused);
    assert!(reading.seen <= LIMITS.objects);
    assert!(reading.seen > 0 || reading.problems.len() <= 81);
    assert!(reading.errors().count() >= reading.refused);
    for problem in &reading.problems {
        assert!(problem.message.len() < 2000 && problem.path.len() < 10_000, "{problem}");
        assert!(!problem.to_string().contains(char::is_control), "{problem:?}");
        assert!(problem.place.is_some_and(|place| place.offset <= bytes.len() as u64));
    }
    let text = String::from_utf8_lossy(bytes);
    for object in &reading.objects {
        assert!(text.contains(object.json()), "the text is a part of the input");
        assert_eq!(Object::restore(object.json()).as_ref(), Some(object));
        assert_eq!(object.value()["type"], object.object_type());
        let compact = object.compact_json();
        assert!(!compact.contains('\n'));
        assert!(Object::parse(&compact).is_ok(), "{compact}");
    }
    assert_eq!(streamed(bytes), (reading.objects.clone(), reading.problems.clone()));
    reading
}

/// The same, byte by byte from a stream; what is broken counts for nothing, as in `read`.
fn streamed(bytes: &[u8]) -> (Vec<Object>, Vec<Problem>) {
    let (mut objects, mut found) = (Vec::new(), Vec::new());
    for entry in BundleReader::new(Drops(bytes), LIMITS) {
        match entry {
            Entry::Accepted { object, warnings, .. } => {
                objects.push(object);
                found.extend(warnings);
            }
            Entry::Refused { problems, .. } | Entry::Container(problems) => found.extend(problems),
            Entry::Broken(problem) => return (Vec::new(), vec![*problem]),
        }
    }
    (objects, found)
}

#[test]
fn the_corpus_is_read_within_bounds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/stix_read");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        checked(&std::fs::read(entry.unwrap().path()).unwrap());
        seen += 1;
    }
    assert!(seen >= 20, "the corpus is missing");
}

fn valid() -> String {
    let objects = [
        include_str!("../objects/indicator.json"),
        include_str!("../objects/file.json"),
        include_str!("../objects/x-acme-badge.json"),
        include_str!("../objects/language-content.json"),
    ];
    format!(
        "{{\"type\":\"bundle\",\"id\":\"bundle--0c7b5b88-8ff7-4a4d-aa9d-feb398cd0061\",\
         \"objects\":[{}]}}",
        objects.join(",")
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..400)) {
        checked(&bytes);
    }

    #[test]
    fn arbitrary_json(text in r#"[{}\[\]",: \\a-c0-9.eu\n]{0,80}"#) {
        checked(text.as_bytes());
        checked(format!("[{text}]").as_bytes());
        checked(format!("{{\"objects\":[{{\"type\":\"x-a\",{text}}}]}}").as_bytes());
    }

    /// Bytes of a valid bundle changed, dropped, doubled; the rest cut off.
    #[test]
    fn mutated_bundles(
        changes in vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 0..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = valid().into_bytes();
        for (index, byte, how) in changes {
            let at = index.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"{}[]\",:0"[usize::from(byte % 8)]),
                _ => bytes[at] = b"{}[]\",:0"[usize::from(byte % 8)],
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        checked(&bytes);
    }
}
