//! A ledger from before each organisation had an observable of its own: what was brought under its
//! identifier is its first bringer's, and a withdrawal was of everybody's.

use rusqlite::{Connection, params};
use vedetta_model::{Instant, OrganisationNumber};
use vedetta_store::conformance::scene::{self, Scene, Version, everything};
use vedetta_store::{
    Digest, Draft, Entry, EntryKind, Placement, Sequence, Stamp, Verification, link, verify,
};

use crate::Directory;

/// Calls malware addresses, throughout the ledger, as if they had been brought as such then.
fn rename(directory: &Directory, entries: &[Entry]) {
    let conn = Connection::open(directory.path().join("ledger.db")).unwrap();
    let mut hash = Digest::default();
    for entry in entries {
        let subject = entry.subject.replace("malware--", "ipv4-addr--");
        let Entry { stamp, kind, actor, facts, body, .. } = entry;
        let draft = Draft { kind: *kind, actor, subject: &subject, facts, body };
        hash = link(&hash, *stamp, &draft, &Digest::of(body));
        let key = i64::from_be_bytes(Digest::of(subject.as_bytes()).0[..8].try_into().unwrap());
        let seq = i64::try_from(stamp.seq.0).unwrap();
        let sql = "UPDATE entry SET subject = ?2, hash = ?3 WHERE seq = ?1";
        conn.execute(sql, params![seq, subject, hash.0]).unwrap();
        conn.execute("UPDATE item SET object = ?2 WHERE seq = ?1", params![seq, key]).unwrap();
    }
    conn.execute("UPDATE kind SET name = 'ipv4-addr' WHERE name = 'malware'", []).unwrap();
}

fn is_sound(scene: &Scene) {
    let told = scene.read(|reader| verify(reader));
    assert!(matches!(told, Verification::Sound { .. }), "{told:?}");
}

#[test]
fn is_read_as_it_was_written() {
    let directory = Directory::new();
    let mut scene = Scene::new(Box::new(directory.share()));
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    let malware = |number| Version::address(number, one).kind("malware");
    let [kept, gone] = [1, 2].map(|number| scene.add(&malware(number)));
    scene.write(|unit| unit.rerelease(&[(kept.seq, two), (gone.seq, two)], "tester"));
    let first = OrganisationNumber(1);
    scene.write(|unit| unit.withdraw(&malware(2).id, first, "duty", r#"{"reason":"harmless"}"#));
    rename(&directory, &scene.entries());
    scene.reopen();

    is_sound(&scene);
    let address = |number: u32| Version { id: scene::address(number), ..malware(number) };
    let served = scene.all(&everything());
    let version = Instant::from_micros(malware(1).version);
    assert!(served.iter().all(|it| it.id == address(1).id && it.version == version));
    assert_eq!(served.len(), 2);
    assert_eq!(scene.place(&address(1)), Placement::Duplicate(kept));
    assert_eq!(scene.place(&address(2)), Placement::Duplicate(gone));
    let others: Vec<Stamp> = [1, 2].map(|number| scene.add(&address(number).by(2))).to_vec();
    scene.reopen();
    let served: Vec<Sequence> = scene.all(&everything()).iter().map(|it| it.stamp.seq).collect();
    assert_eq!(served[2..], [others[0].seq, others[1].seq]);
    is_sound(&scene);

    assert!(scene.write(|unit| unit.withdraw(&address(1).id, first, "duty", "{}")).is_some());
    let served: Vec<Sequence> = scene.all(&everything()).iter().map(|it| it.stamp.seq).collect();
    assert_eq!(served, [others[0].seq, others[1].seq], "with all that rested on it");
    is_sound(&scene);
    let withdrawn = scene.entries().iter().filter(|it| it.kind == EntryKind::Withdrawn).count();
    assert_eq!(withdrawn, 2);
}
