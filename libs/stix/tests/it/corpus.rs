//! The corpus that the fuzz target `stix_read` starts from.

use std::path::Path;

use serde_json::Value;
use stix::{Limits, Object, canonical, read};

/// Files named `ok-…` are read whole; in files named `bad-…` something is refused, and said. What is
/// kept gives itself again.
#[test]
fn stix_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/stix_read");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let reading = read(&std::fs::read(&path).unwrap(), &Limits::default());
        let errors: Vec<String> = reading.errors().map(ToString::to_string).collect();
        assert_eq!(errors.is_empty(), name.starts_with("ok-"), "{name}: {errors:?}");
        assert!(reading.refused <= errors.len(), "{name}: {errors:?}");
        for object in &reading.objects {
            let (again, _) = Object::parse(object.json()).unwrap();
            assert_eq!(again.key(), object.key(), "{name}");
            let compact: Value = serde_json::from_str(&object.compact_json()).unwrap();
            let printed: Value = serde_json::from_str(&canonical(&compact)).unwrap();
            assert_eq!(canonical(&printed), canonical(&object.value()), "{name}");
        }
        seen += 1;
    }
    assert!(seen >= 20, "the corpus is missing");
}
