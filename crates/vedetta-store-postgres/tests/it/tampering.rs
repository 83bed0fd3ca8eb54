//! Whoever changes the tables behind the ledger's back is found out, and the entry is named.

use std::sync::Arc;

use vedetta_store::conformance::verification::write_with_every_verb;
use vedetta_store::conformance::{House, Scene};
use vedetta_store::{Store, Verification, verify};

use super::house::Rooms;

/// The suite writes where the change is made.
struct Shared(Arc<Rooms>);

impl House for Shared {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.0.store())
    }
}

/// What the walk tells of a ledger with every kind of entry after each change.
#[track_caller]
fn break_it(changes: &[(&str, u64)]) {
    for (change, at) in changes {
        let Some(rooms) = Rooms::new() else { return };
        let rooms = Arc::new(rooms);
        write_with_every_verb(&Scene::new(Box::new(Shared(Arc::clone(&rooms)))));
        let changed = rooms.client().execute(*change, &[]).unwrap();
        assert!(changed > 0, "{change} changes nothing");
        let mut told = None;
        rooms
            .store()
            .read(&mut |reader| {
                told = Some(verify(reader)?);
                Ok(())
            })
            .unwrap();
        match told.unwrap() {
            Verification::Broken { seq, reason } => assert_eq!(seq.0, *at, "{change}: {reason}"),
            sound => panic!("{change}: {sound:?}"),
        }
    }
}

#[test]
fn of_entries_is_found() {
    break_it(&[
        ("UPDATE entry SET actor = actor || ' ' WHERE seq = 4", 4),
        ("UPDATE entry SET subject = subject || ' ' WHERE seq = 4", 4),
        ("UPDATE entry SET facts = facts || ' ' WHERE seq = 4", 4),
        ("UPDATE entry SET at = at + 1 WHERE seq = 4", 4),
        ("UPDATE entry SET kind = 8 WHERE seq = 4", 4),
        (r"UPDATE entry SET body = '\x00' WHERE seq = 5", 5),
        ("UPDATE entry SET hash = decode(repeat('00', 32), 'hex') WHERE seq = 6", 6),
        ("UPDATE entry SET kind = 200 WHERE seq = 6", 6),
        (r"UPDATE entry SET hash = '\x00' WHERE seq = 6", 6),
        ("DELETE FROM entry WHERE seq = 6", 6),
    ]);
}

#[test]
fn of_items_is_found() {
    // Entries: 1 and 2 clearances, 3 live, 4 revokes it, 5 older, 6 withdrawn, 7 served.
    break_it(&[
        ("UPDATE item SET clearance = 1 WHERE seq = 7", 7),
        ("UPDATE item SET producer = 2 WHERE seq = 7", 7),
        ("UPDATE item SET version = 7 WHERE seq = 7", 7),
        ("UPDATE item SET state = 1 WHERE seq = 7", 7),
        ("UPDATE item SET hidden = 1 WHERE seq = 7", 7),
        ("UPDATE item SET hidden = 0 WHERE seq = 3", 3),
        ("UPDATE item SET hidden = 0 WHERE seq = 6", 9),
        ("UPDATE item SET origin = 3 WHERE origin = 7 AND seq <> 7", 10),
        ("UPDATE item SET state = 0 WHERE seq = 4", 4),
        ("DELETE FROM item WHERE seq = 7", 7),
        ("UPDATE entry SET digest = decode(repeat('00', 32), 'hex') WHERE seq = 7", 7),
    ]);
}

#[test]
fn of_what_doors_look_by_is_found() {
    break_it(&[
        ("UPDATE item SET kind = 'tool' WHERE seq = 7", 7),
        ("UPDATE clearance SET served = 0 WHERE id = 2", 2),
        ("UPDATE clearance SET served = served + 1 WHERE id = 1", 1),
        // Another release, acknowledged by an entry that is not.
        ("INSERT INTO acknowledgement VALUES (4, 1, 17)", 18),
    ]);
}

#[test]
fn of_other_state_is_found() {
    break_it(&[
        ("UPDATE clearance SET seq = 2 WHERE id = 1", 1),
        ("UPDATE clearance SET id = 9 WHERE id = 2", 2),
        ("UPDATE organisation SET id = 'other'", 8),
        ("UPDATE organisation SET number = 5", 8),
        ("DELETE FROM record", 16),
        ("UPDATE record SET seq = 14", 14),
        ("INSERT INTO record VALUES (1, 'a', 13)", 13),
        (r"UPDATE delivery SET audience = '\x0e00000000000000'", 17),
        ("DELETE FROM delivery", 17),
        ("DELETE FROM acknowledgement", 18),
    ]);
}
