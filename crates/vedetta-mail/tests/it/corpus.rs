//! The corpora beside the tests; the fuzz targets start from them too.

use std::path::PathBuf;

/// Every file of a corpus, by name.
pub(crate) fn corpus(name: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus")).join(name);
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into(), std::fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    assert!(files.len() >= 15, "{name}: {} files", files.len());
    files
}

/// One file of a corpus.
pub(crate) fn sample(corpus_name: &str, name: &str) -> Vec<u8> {
    let found = corpus(corpus_name).into_iter().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("no {name}")).1
}
