//! A sound ledger is proved.

use vedetta_model::{AccountId, OrganisationId, OrganisationNumber};

use super::scene::{self, Scene, Version, audience, deed};
use crate::delivery::{Acknowledgement, DeliveryBatch, Door};
use crate::record::RecordKind;
use crate::store::{Reader, Verification};
use crate::verify::{verify, verify_telling};

/// Writes with every verb: hidden, withdrawn, released again, removed, delivered.
///
/// # Panics
/// When the store does not do it.
pub fn write_with_every_verb(scene: &Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[1, 2]));
    let version = Version::of(1, one);
    let first = scene.add(&version);
    for later in [version.clone().version(3).revoked(), version.version(2)] {
        scene.add(&later);
    }
    let withdrawn = Version::of(2, two);
    scene.add(&withdrawn);
    let served = scene.add(&Version::of(3, two));
    scene.write(|unit| {
        unit.number(&OrganisationId::new("acme").expect("an identifier"))?;
        unit.withdraw(&withdrawn.id, OrganisationNumber(withdrawn.producer), "tester", "{}")?;
        unit.rerelease(&[(served.seq, one), (first.seq, two)], "tester")?;
        scene::place(unit, &withdrawn.clone().version(2))?;
        for id in ["a", "b"] {
            unit.put_record(RecordKind::Asset, id, b"{}", "tester")?;
        }
        unit.remove_record(RecordKind::Asset, "a", "tester")?;
        unit.put_record(RecordKind::Asset, "b", b"[]", "tester")?;
        let (release, door, at) = (served.seq, Door::Stream, served.at);
        let releases = [first.seq.0, served.seq.0].into_iter().collect();
        unit.deliver(&[DeliveryBatch { releases, door, at, audience: audience(&[1, 2]) }])?;
        let (organisation, by) = (OrganisationNumber(1), AccountId::new("duty").expect("one"));
        unit.acknowledge(&Acknowledgement { release, organisation, by, at, note: None })?;
        deed(unit, "signed in")
    });
}

/// Empty, and after every verb.
pub fn proves_a_sound_ledger(scene: &mut Scene) {
    let told = scene.read(|reader: &mut dyn Reader| verify(reader));
    assert_eq!(told, Verification::Sound { entries: 0, head: crate::Digest::default() });
    write_with_every_verb(scene);
    scene.reopen();
    let head = scene.read(|reader| reader.head()).expect("a head");
    let mut places = Vec::new();
    let told = scene
        .read(|reader: &mut dyn Reader| verify_telling(reader, &mut |place| places.push(place)));
    assert_eq!(told, Verification::Sound { entries: head.0.seq.0, head: head.1 });
    assert_eq!(places.last(), Some(&head.0.seq), "how far it is, is told to the end");
}
