//! Whoever changes the file behind the ledger's back is found out, and the entry is named.

use rusqlite::Connection;
use vedetta_model::OrganisationNumber;
use vedetta_store::conformance::Scene;
use vedetta_store::conformance::scene::{self, Version};
use vedetta_store::conformance::verification::write_with_every_verb;
use vedetta_store::{Store as _, StoreError, Verification, verify};
use vedetta_store_sqlite::SqliteStore;

use crate::Directory;

/// What the walk tells of a ledger with every kind of entry after a change.
fn after(change: &str) -> Result<Verification, StoreError> {
    after_change(write_with_every_verb, change)
}

/// The same of another ledger.
fn after_change(write: impl Fn(&Scene), change: &str) -> Result<Verification, StoreError> {
    let directory = Directory::new();
    let path = directory.path().to_owned();
    write(&Scene::new(Box::new(directory.share())));
    let conn = Connection::open(path.join("ledger.db")).unwrap();
    let changed = conn.execute(change, []).unwrap();
    assert!(changed > 0, "{change} changes nothing");
    drop(conn);
    let mut told = None;
    SqliteStore::open_read_only(&path)?.read(&mut |reader| {
        told = Some(verify(reader)?);
        Ok(())
    })?;
    Ok(told.unwrap())
}

#[track_caller]
fn breaks(change: &str, at: u64) {
    match after(change).unwrap() {
        Verification::Broken { seq, reason } => assert_eq!(seq.0, at, "{change}: {reason}"),
        sound => panic!("{change}: {sound:?}"),
    }
}

#[test]
fn of_entries_is_found() {
    for column in ["actor", "subject", "facts"] {
        breaks(&format!("UPDATE entry SET {column} = {column} || ' ' WHERE seq = 4"), 4);
    }
    breaks("UPDATE entry SET at = at + 1 WHERE seq = 4", 4);
    breaks("UPDATE entry SET kind = 8 WHERE seq = 4", 4);
    breaks("UPDATE entry SET body = x'00' WHERE seq = 5", 5);
    breaks("UPDATE entry SET hash = zeroblob(32) WHERE seq = 6", 6);
    breaks("UPDATE entry SET kind = 200 WHERE seq = 6", 6);
    breaks("UPDATE entry SET hash = x'00' WHERE seq = 6", 6);
    breaks("DELETE FROM entry WHERE seq = 6", 6);
}

#[test]
fn of_items_is_found() {
    // Entries: 1 and 2 clearances, 3 live, 4 revokes it, 5 older, 6 withdrawn, 7 served.
    breaks("UPDATE item SET clearance = 1 WHERE seq = 7", 7);
    breaks("UPDATE item SET producer = 2 WHERE seq = 7", 7);
    breaks("UPDATE item SET version = 7 WHERE seq = 7", 7);
    breaks("UPDATE item SET state = 1 WHERE seq = 7", 7);
    breaks("UPDATE item SET hidden = 1 WHERE seq = 7", 7);
    breaks("UPDATE item SET hidden = 0 WHERE seq = 3", 3);
    breaks("UPDATE item SET hidden = 0 WHERE seq = 6", 9);
    breaks("UPDATE item SET origin = 3 WHERE origin = 7", 10);
    breaks("UPDATE item SET state = 0 WHERE seq = 4", 4);
    breaks("DELETE FROM item WHERE seq = 7", 7);
    breaks("UPDATE entry SET digest = zeroblob(32) WHERE seq = 7", 7);
}

#[test]
fn of_what_doors_look_by_is_found() {
    breaks("UPDATE item SET kind = 1 + (kind = 1) WHERE seq = 7", 7);
    breaks("UPDATE clearance SET served = 0 WHERE id = 2", 2);
    breaks("UPDATE clearance SET served = served + 1 WHERE id = 1", 1);
    // Another release, acknowledged by an entry that is not.
    breaks("INSERT INTO acknowledgement VALUES (4, 1, 18)", 18);
}

#[test]
fn a_kept_head_shows_what_was_cut_off() {
    let directory = Directory::new();
    write_with_every_verb(&Scene::new(Box::new(directory.share())));
    let path = directory.path().to_owned();
    let asked = |head, place| {
        let mut told = None;
        let store = SqliteStore::open_read_only(&path).unwrap();
        store
            .read(&mut |reader| {
                told = Some(vedetta_store::has_head(reader, head, place)?);
                Ok(())
            })
            .unwrap();
        told.unwrap()
    };
    let mut head = None;
    let store = SqliteStore::open_read_only(&path).unwrap();
    let mut look = |reader: &mut dyn vedetta_store::Reader| {
        head = reader.head()?;
        Ok(())
    };
    store.read(&mut look).unwrap();
    let (stamp, head) = head.unwrap();
    assert!(asked(head, None) && asked(head, Some(stamp.seq)));
    assert!(!asked(head, Some(vedetta_store::Sequence(3))));
    let conn = Connection::open(path.join("ledger.db")).unwrap();
    conn.execute("DELETE FROM entry WHERE seq = ?1", [i64::try_from(stamp.seq.0).unwrap()])
        .unwrap();
    assert!(!asked(head, None) && !asked(head, Some(stamp.seq)));
}

#[test]
fn of_other_state_is_found() {
    breaks("UPDATE clearance SET seq = 2 WHERE id = 1", 1);
    breaks("UPDATE clearance SET id = 9 WHERE id = 2", 2);
    breaks("UPDATE organisation SET id = 'other'", 8);
    breaks("UPDATE organisation SET number = 5", 8);
    breaks("DELETE FROM record", 16);
    breaks("UPDATE record SET seq = 14", 14);
    breaks("INSERT INTO record VALUES (1, 'a', 13)", 13);
    breaks("UPDATE delivery SET audience = x'0e00000000000000'", 17);
    breaks("DELETE FROM delivery", 17);
    breaks("DELETE FROM acknowledgement", 18);
}

/// Versions of two items by turns, from the second entry on; the first item is revoked at last, the
/// other withdrawn.
fn hide_by_turns(scene: &Scene) {
    let clearance = scene.clearance(&[1]);
    let [revoked, withdrawn] = [1, 2].map(|item| Version::of(item, clearance));
    scene.write(|unit| {
        for version in 1..=300 {
            for item in [&revoked, &withdrawn] {
                scene::place(unit, &item.clone().version(version))?;
            }
        }
        scene::place(unit, &revoked.clone().version(301).revoked())?;
        unit.withdraw(&withdrawn.id, OrganisationNumber(withdrawn.producer), "tester", "{}")
    });
}

#[test]
fn of_one_among_many_hidden_is_found() {
    let told = |change: &str| after_change(hide_by_turns, change).unwrap();
    let sound = told("UPDATE item SET hidden = hidden WHERE seq = 300");
    assert!(matches!(sound, Verification::Sound { entries: 603, .. }), "{sound:?}");
    for (change, at) in [
        ("UPDATE item SET version = 7 WHERE seq = 300", 300),
        ("UPDATE item SET producer = 2 WHERE seq = 301", 301),
        ("DELETE FROM item WHERE seq = 400", 400),
        ("UPDATE item SET hidden = 0 WHERE seq = 302", 302),
        ("UPDATE item SET hidden = 0 WHERE seq = 303", 603),
        ("UPDATE item SET state = 0 WHERE seq = 602", 602),
    ] {
        let found = told(change);
        assert!(
            matches!(&found, Verification::Broken { seq, .. } if seq.0 == at),
            "{change}: {found:?}"
        );
    }
}

/// One organisation's version among more of another's than are read at once; it is withdrawn.
fn withdraw_one_of_many(scene: &Scene) {
    let clearance = scene.clearance(&[1]);
    let item = Version::of(1, clearance);
    scene.write(|unit| {
        for version in 2..=1_101 {
            scene::place(unit, &item.clone().version(version).by(2).own())?;
        }
        scene::place(unit, &item.clone().own())?;
        unit.withdraw(&item.id, OrganisationNumber(item.producer), "tester", "{}")
    });
}

#[test]
fn of_one_among_many_of_another_is_found() {
    let told = |change: &str| after_change(withdraw_one_of_many, change).unwrap();
    let sound = told("UPDATE item SET hidden = hidden WHERE seq = 1102");
    assert!(matches!(sound, Verification::Sound { .. }), "{sound:?}");
    let found = told("UPDATE item SET hidden = 0 WHERE seq = 1102");
    assert!(matches!(&found, Verification::Broken { seq, .. } if seq.0 == 1103), "{found:?}");
}
