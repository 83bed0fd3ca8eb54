//! The corpus that the fuzz target `cacao_playbook` starts from: read, or refused with its faults.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[test]
fn cacao_playbook() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/cacao_playbook");
    let (mut sound, mut broken) = (0, 0);
    for file in std::fs::read_dir(folder).unwrap() {
        let reading = cacao::read(&std::fs::read(file.unwrap().path()).unwrap());
        assert_eq!(reading.playbook.is_some(), reading.faults.is_empty());
        sound += usize::from(reading.playbook.is_some());
        broken += usize::from(reading.playbook.is_none());
    }
    assert_eq!((sound, broken), (2, 1));
}
