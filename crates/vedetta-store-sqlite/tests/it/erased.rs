//! What is erased is in no file any more.

use vedetta_model::Instant;
use vedetta_store::SecretKind;
use vedetta_store::conformance::House as _;

use crate::Directory;

/// How often a text is in the files of a directory.
fn found(directory: &Directory, text: &str) -> usize {
    let files = std::fs::read_dir(directory.path()).unwrap();
    let count =
        |bytes: Vec<u8>| bytes.windows(text.len()).filter(|it| *it == text.as_bytes()).count();
    files.map(|file| count(std::fs::read(file.unwrap().path()).unwrap_or_default())).sum()
}

#[test]
fn what_is_erased_is_in_no_file() {
    let directory = Directory::new();
    let store = directory.open();
    let write = |work: &mut dyn FnMut(&mut dyn vedetta_store::UnitOfWork) -> Result<(), _>| {
        store.write(Instant::from_micros(1), work).unwrap();
    };
    let (key, body) = ("the-key-of-one-message", "sealed-octets-of-one-message;".repeat(5_000));
    write(&mut |unit| {
        unit.put_secret(SecretKind::MailKey, "M1", key.as_bytes())?;
        unit.put_secret(SecretKind::MailKey, "M2", b"of-another")?;
        unit.set_bookmark("mail:M1", body.as_bytes())
    });
    assert!(found(&directory, key) > 0 && found(&directory, "sealed-octets") > 1_000);
    write(&mut |unit| {
        unit.erase_secret(SecretKind::MailKey, "M1")?;
        unit.set_bookmark("mail:M1", b"")
    });
    assert_eq!((found(&directory, key), found(&directory, "sealed-octets")), (0, 0));
    assert!(found(&directory, "of-another") > 0);
}

#[test]
fn what_was_erased_while_somebody_read_is_in_no_file_once_nobody_reads() {
    let directory = Directory::new();
    let store = directory.open();
    let write = |work: &mut dyn FnMut(&mut dyn vedetta_store::UnitOfWork) -> Result<(), _>| {
        store.write(Instant::from_micros(1), work).unwrap();
    };
    let key = "the-key-of-one-message";
    write(&mut |unit| unit.put_secret(SecretKind::MailKey, "M1", key.as_bytes()));
    let reading = store.read(&mut |reader| {
        reader.head()?;
        write(&mut |unit| unit.erase_secret(SecretKind::MailKey, "M1"));
        assert!(found(&directory, key) > 0, "whoever reads still sees what was before");
        Ok(())
    });
    reading.unwrap();
    assert_eq!(found(&directory, key), 0, "no later unit of work is needed");
}
