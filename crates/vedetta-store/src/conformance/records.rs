//! Records, numbers, secrets, cursors.

use vedetta_model::{OrganisationId, OrganisationNumber};

use super::scene::{Scene, deed};
use crate::entry::{EntryKind, Sequence};
use crate::record::{RecordKind, SecretKind};
use crate::written::{NumberFacts, RecordFacts};

fn organisation(id: &str) -> OrganisationId {
    OrganisationId::new(id).expect("an identifier")
}

/// The latest counts; all of a kind are in order of their identifiers.
pub fn are_put_and_changed(scene: &mut Scene) {
    let kind = RecordKind::Agreement;
    let put = |scene: &Scene, id: &str, body: &[u8]| {
        scene.write(|unit| unit.put_record(kind, id, body, "admin"))
    };
    put(scene, "b", b"1");
    let second = put(scene, "a", b"2");
    let third = put(scene, "b", b"3");
    let found = scene.read(|reader| reader.records(kind));
    let found: Vec<_> =
        found.iter().map(|record| (record.id.as_str(), record.stamp, &record.body[..])).collect();
    assert_eq!(found, [("a", second, &b"2"[..]), ("b", third, b"3")]);
    let one = scene.read(|reader| reader.record(kind, "b")).expect("there");
    assert_eq!((one.kind, one.stamp, one.body), (kind, third, b"3".to_vec()));
    let entry = &scene.entries()[2];
    assert_eq!((entry.kind, entry.actor.as_str()), (EntryKind::Put, "admin"));
    assert_eq!((entry.subject.as_str(), &entry.body[..]), ("b", &b"3"[..]));
    let facts: RecordFacts = serde_json::from_str(&entry.facts).expect("its facts");
    assert_eq!(facts.record, kind);
}

/// From after an identifier on, in the order of octets, so many at most, of one kind.
pub fn are_read_in_pages(scene: &mut Scene) {
    let kind = RecordKind::Incident;
    for id in ["b", "a-2", "a/1", "aa", "a"] {
        scene.write(|unit| unit.put_record(kind, id, id.as_bytes(), "desk"));
    }
    scene.write(|unit| unit.put_record(RecordKind::Run, "a-1", b"", "desk"));
    scene.write(|unit| unit.put_record(kind, "aa", b"later", "desk"));
    let page = |after: &str, limit| {
        let page = scene.read(|reader| reader.records_after(kind, after, limit));
        page.into_iter().map(|record| record.id).collect::<Vec<_>>()
    };
    assert_eq!(page("", 9), ["a", "a-2", "a/1", "aa", "b"]);
    assert_eq!(page("a", 2), ["a-2", "a/1"]);
    assert_eq!(page("a/1", 9), ["aa", "b"]);
    assert_eq!(page("b", 9), [""; 0]);
    assert_eq!(page("", 0), [""; 0]);
    let last = scene.read(|reader| reader.records_after(kind, "a/", 2)).pop();
    assert_eq!(last.map(|record| record.body), Some(b"later".to_vec()));
}

/// They are gone, once; they may be put again.
pub fn are_removed(scene: &mut Scene) {
    let kind = RecordKind::Hold;
    let remove = |scene: &Scene| scene.write(|unit| unit.remove_record(kind, "h", "admin"));
    assert_eq!(remove(scene), None);
    scene.write(|unit| unit.put_record(kind, "h", b"1", "admin"));
    let stamp = remove(scene).expect("removed");
    assert_eq!(remove(scene), None);
    assert_eq!(scene.read(|reader| reader.record(kind, "h")), None);
    assert!(scene.read(|reader| reader.records(kind)).is_empty());
    let entry = scene.entries().pop().expect("an entry");
    assert_eq!((entry.kind, entry.stamp), (EntryKind::Removed, stamp));
    scene.write(|unit| unit.put_record(kind, "h", b"2", "admin"));
    assert_eq!(scene.read(|reader| reader.records(kind)).len(), 1);
}

/// Equal identifiers of two kinds are two records.
pub fn are_kept_apart_by_kind(scene: &mut Scene) {
    for (index, kind) in RecordKind::ALL.into_iter().enumerate() {
        let body = index.to_string();
        scene.write(|unit| unit.put_record(kind, "same", body.as_bytes(), "admin"));
    }
    scene.reopen();
    for (index, kind) in RecordKind::ALL.into_iter().enumerate() {
        let found = scene.read(|reader| reader.records(kind));
        assert_eq!((found.len(), found[0].kind), (1, kind));
        assert_eq!(found[0].body, index.to_string().as_bytes());
    }
    assert_eq!(scene.read(|reader| reader.record(RecordKind::Asset, "other")), None);
}

/// Given once, from 1, never again to another, and recorded.
pub fn numbers_are_permanent(scene: &mut Scene) {
    let number = |scene: &Scene, id: &str| scene.write(|unit| unit.number(&organisation(id))).0;
    assert_eq!(["b", "a", "b"].map(|id| number(scene, id)), [1, 2, 1]);
    let lost = scene.try_write(|unit| {
        assert_eq!(unit.number(&organisation("lost"))?.0, 3);
        Err::<(), _>(crate::StoreError::Refused("enough".into()))
    });
    assert!(lost.is_err());
    scene.reopen();
    assert_eq!(["c", "a"].map(|id| number(scene, id)), [3, 2]);
    let expected: Vec<_> = [("b", 1), ("a", 2), ("c", 3)]
        .map(|(id, number)| (organisation(id), OrganisationNumber(number)))
        .into();
    assert_eq!(scene.read(|reader| reader.numbers()), expected);
    for (entry, (id, number)) in scene.entries().iter().zip(expected) {
        assert_eq!((entry.kind, entry.subject.as_str()), (EntryKind::Numbered, id.as_str()));
        let facts: NumberFacts = serde_json::from_str(&entry.facts).expect("its facts");
        assert_eq!(facts.number, number);
    }
}

/// They are put, changed and erased without a trace in the ledger.
pub fn secrets_stay_out_of_the_ledger(scene: &mut Scene) {
    let (kind, other) = (SecretKind::Password, SecretKind::Totp);
    scene.write(|unit| unit.put_secret(kind, "a", b"old"));
    scene.write(|unit| unit.put_secret(kind, "a", &[0, 255]));
    scene.write(|unit| unit.put_secret(other, "a", b"seed"));
    scene.reopen();
    let secret = |kind, id: &str| scene.read(|reader| reader.secret(kind, id));
    assert_eq!(secret(kind, "a"), Some(vec![0, 255]));
    assert_eq!(secret(kind, "b"), None);
    scene.write(|unit| unit.erase_secret(kind, "a"));
    scene.write(|unit| unit.erase_secret(kind, "never"));
    assert_eq!((secret(kind, "a"), secret(other, "a")), (None, Some(b"seed".to_vec())));
    assert!(scene.entries().is_empty());
}

/// They are changed, survive, and go with the unit of work that is not kept.
pub fn bookmarks_are_kept_with_their_unit(scene: &mut Scene) {
    let bookmark = |scene: &Scene, name: &str| scene.read(|reader| reader.bookmark(name));
    scene.write(|unit| unit.set_bookmark("umbria", b"old"));
    scene.write(|unit| unit.set_bookmark("umbria", &[0, 255]));
    let lost = scene.try_write(|unit| {
        unit.set_bookmark("umbria", b"lost")?;
        assert_eq!(unit.bookmark("umbria")?, Some(b"lost".to_vec()));
        Err::<(), _>(crate::StoreError::Refused("enough".into()))
    });
    assert!(lost.is_err());
    scene.reopen();
    assert_eq!(bookmark(scene, "umbria"), Some(vec![0, 255]));
    assert_eq!(bookmark(scene, "liguria"), None);
    assert!(scene.entries().is_empty());
}

/// Forwards and back, each reader's own, and they survive.
pub fn cursors_move(scene: &mut Scene) {
    scene.write(|unit| deed(unit, "x"));
    let cursor = |scene: &Scene, name: &str| scene.read(|reader| reader.cursor(name));
    assert_eq!(cursor(scene, "stream"), Sequence::START);
    for place in [7, 3, 1 << 40] {
        scene.write(|unit| unit.set_cursor("stream", Sequence(place)));
        assert_eq!(cursor(scene, "stream"), Sequence(place));
    }
    scene.reopen();
    assert_eq!(cursor(scene, "stream"), Sequence(1 << 40));
    assert_eq!(cursor(scene, "hooks"), Sequence::START);
    assert_eq!(scene.entries().len(), 1);
}
