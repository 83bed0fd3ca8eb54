//! Items: placed once, kept byte for byte, released again.

use super::scene::{self, FACTS, Scene, Version, is_refused, place};
use crate::chain::Digest;
use crate::entry::{EntryKind, Sequence};
use crate::item::{ClearanceId, ItemQuery, ItemState, Placement, StoredItem};
use crate::written::{ItemFacts, RereleaseFacts};
use vedetta_model::{Instant, OrganisationNumber};

/// All that was said of an item, and its entry says the same.
pub fn are_stored_as_received(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let body: Vec<u8> = (0..=255).collect();
    let version = Version::of(1, clearance).version(-7).by(9).revoked().body(&body);
    let stamp = scene.add(&version);
    let expected = StoredItem {
        stamp,
        origin: stamp.seq,
        id: version.id.clone(),
        version: Instant::from_micros(-7),
        producer: OrganisationNumber(9),
        clearance,
        state: ItemState::Revoked,
        digest: Digest::of(&body),
        facts: FACTS.into(),
        body: body.as_slice().into(),
    };
    assert_eq!(scene.all(&scene::everything()), [expected]);
    let entry = scene.entries().pop().expect("an entry");
    assert_eq!((entry.kind, entry.stamp, entry.body), (EntryKind::Item, stamp, body));
    assert_eq!((entry.actor.as_str(), entry.subject.as_str()), ("tester", version.id.as_str()));
    let facts = ItemFacts::read(&entry.facts).expect("an item's facts");
    assert_eq!((facts.version, facts.producer), (Instant::from_micros(-7), OrganisationNumber(9)));
    assert_eq!((facts.clearance, facts.state, facts.facts), (clearance, ItemState::Revoked, FACTS));
}

/// The same version with the same bytes is a duplicate under whatever clearance; from another it is told
/// to be there.
pub fn are_placed_once(scene: &mut Scene) {
    let (clearance, other) = (scene.clearance(&[1]), scene.clearance(&[2]));
    let version = Version::of(1, clearance);
    let stamp = scene.add(&version);
    let mut again = version.clone();
    again.clearance = other;
    for again in [&version, &again] {
        assert_eq!(scene.place(again), Placement::Duplicate(stamp));
    }
    assert_eq!(scene.place(&again.by(2)), Placement::Twin(stamp));
    assert_eq!(scene.entries().len(), 3);
    assert_eq!(scene.all(&scene::everything()).len(), 1);
}

/// The same version with other bytes is a conflict; the first bytes stay.
pub fn keep_the_first_bytes(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1])).body(b"first");
    let stamp = scene.add(&version);
    assert_eq!(scene.place(&version.clone().body(b"second")), Placement::Conflict(stamp));
    assert_eq!(scene.place(&version.clone().body(b"second").by(2)), Placement::Foreign(stamp));
    assert_eq!(scene.all(&scene::everything())[0].body[..], *b"first");
    assert_eq!(scene.entries().len(), 2);
}

/// Only its first bringer brings new versions of an item, newer or older, and revokes it.
pub fn belong_to_their_first_bringer(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1])).version(5).by(7);
    let stamp = scene.add(&version);
    for foreign in [version.clone().version(6), version.clone().version(4)] {
        assert_eq!(scene.place(&foreign.clone().by(8)), Placement::Foreign(stamp));
        assert_eq!(scene.place(&foreign.by(8).revoked()), Placement::Foreign(stamp));
    }
    scene.add(&version.clone().version(6));
    assert!(matches!(scene.place(&version.version(7).by(8)), Placement::Foreign(_)));
    assert_eq!(scene.all(&scene::everything()).len(), 2);
}

/// What one call repeats is found as if it came in several.
pub fn repeat_within_one_call(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1]));
    let (other, newer) = (version.clone().body(b"other"), version.clone().version(2));
    let foreign = version.clone().version(3).by(2);
    let drafts = [&version, &version, &other, &newer, &foreign].map(Version::draft);
    let placed = scene.write(|unit| unit.place_items(&drafts));
    let (first, second) = (scene::added(placed[0]), scene::added(placed[3]));
    assert_eq!(placed[1], Placement::Duplicate(first));
    assert_eq!(placed[2], Placement::Conflict(first));
    assert!(matches!(placed[4], Placement::Foreign(_)));
    assert_eq!(scene.releases(&scene::everything()), [first.seq.0, second.seq.0]);
}

/// Nothing goes out under a clearance that nobody decided.
pub fn need_a_known_clearance(scene: &mut Scene) {
    for unknown in [ClearanceId(0), ClearanceId(1), ClearanceId(u32::MAX)] {
        let told = scene.try_write(|unit| place(unit, &Version::of(1, unknown)));
        assert!(is_refused(&told), "{unknown:?}: {told:?}");
    }
    let stamp = scene.add(&Version::of(1, scene.clearance(&[1])));
    let told = scene.try_write(|unit| unit.rerelease(&[(stamp.seq, ClearanceId(2))], "tester"));
    assert!(is_refused(&told));
}

/// A release again has its own place and clearance, and the bytes of the first.
pub fn are_released_again(scene: &mut Scene) {
    let (first, second) = (scene.clearance(&[1]), scene.clearance(&[1, 2]));
    let version = Version::of(1, first);
    let stamp = scene.add(&version);
    let again = scene.write(|unit| unit.rerelease(&[(stamp.seq, second)], "tester"));
    let items = scene.all(&scene::everything());
    let mut expected = items[0].clone();
    (expected.stamp, expected.clearance) = (again[0], second);
    assert_eq!(items[1], expected);
    assert_eq!(items[1].origin, stamp.seq);
    let entry = scene.entries().pop().expect("an entry");
    assert_eq!((entry.kind, entry.stamp), (EntryKind::Rerelease, again[0]));
    assert_eq!((entry.subject.as_str(), entry.body.len()), (version.id.as_str(), 0));
    let facts: RereleaseFacts = serde_json::from_str(&entry.facts).expect("its facts");
    assert_eq!(facts, RereleaseFacts { origin: stamp.seq, clearance: second });
}

/// Once for each origin and clearance, the first release included; only first releases are.
pub fn are_released_again_once(scene: &mut Scene) {
    let (first, second) = (scene.clearance(&[1]), scene.clearance(&[1, 2]));
    let (one, two) = (Version::of(1, first), Version::of(2, first));
    let (one, two) = (scene.add(&one), scene.add(&two));
    let all = [(one.seq, second), (two.seq, second), (one.seq, second), (one.seq, first)];
    let stamps = scene.write(|unit| unit.rerelease(&all, "tester"));
    assert_eq!((stamps[2], stamps[3]), (stamps[0], one));
    assert!(stamps[0].seq < stamps[1].seq);
    assert_eq!(scene.write(|unit| unit.rerelease(&all, "tester")), stamps);
    assert_eq!(scene.all(&scene::everything()).len(), 4);
    for no_origin in [stamps[0].seq, Sequence(1), Sequence(999), Sequence::START] {
        let told = scene.try_write(|unit| unit.rerelease(&[(no_origin, second)], "tester"));
        assert!(is_refused(&told), "{no_origin}");
    }
}

/// The house sees all releases of all versions, hidden ones too, in order.
pub fn show_the_house_everything(scene: &mut Scene) {
    let (first, second) = (scene.clearance(&[1]), scene.clearance(&[1, 2]));
    let version = Version::of(1, first);
    let one = scene.add(&version.clone().version(3));
    let two = scene.add(&version.clone().version(4).revoked());
    let three = scene.add(&version.clone().version(2));
    let again = scene.write(|unit| unit.rerelease(&[(one.seq, second)], "tester"));
    scene.add(&Version::of(2, first));
    scene.write(|unit| {
        unit.withdraw(&version.id, OrganisationNumber(version.producer), "tester", "{}")
    });
    let releases = scene.read(|reader| reader.releases(&version.id));
    let found: Vec<_> = releases.iter().map(|item| item.stamp).collect();
    assert_eq!(found, [one, two, three, again[0]]);
    assert!(releases.iter().all(|item| item.id == version.id && item.body.is_empty()));
    let unknown = scene.read(|reader| reader.releases(&scene::id("indicator", 9)));
    assert!(unknown.is_empty());
}

/// By its first release one version is found, hidden or not, and no other.
pub fn are_found_by_their_first_release(scene: &mut Scene) {
    let (first, second) = (scene.clearance(&[1]), scene.clearance(&[1, 2]));
    let version = Version::of(1, first);
    let one = scene.add(&version.clone().version(3));
    let two = scene.add(&version.clone().version(4));
    let [again] = scene.write(|unit| unit.rerelease(&[(one.seq, second)], "tester"))[..] else {
        panic!("one release");
    };
    scene.write(|unit| unit.set_aside(&[one.seq], "tester", "another prevails"));
    // Another body takes the place of the one that was set aside.
    let other = scene.add(&version.clone().version(3).body(b"other"));
    let places = |origin| {
        let found = scene.read(|reader| reader.releases_from(origin));
        assert!(found.iter().all(|item| item.id == version.id && item.body.is_empty()));
        assert!(found.iter().all(|item| item.origin == origin));
        found.iter().map(|item| item.stamp).collect::<Vec<_>>()
    };
    assert_eq!(places(one.seq), [one, again]);
    assert_eq!(places(two.seq), [two]);
    assert_eq!(places(other.seq), [other]);
    for none in [again.seq, Sequence::START, Sequence(1), Sequence(999)] {
        assert_eq!(places(none), []);
    }
    scene.write(|unit| {
        let stamp = scene::added(scene::place(unit, &version.clone().version(5))?);
        let again = unit.rerelease(&[(stamp.seq, second)], "tester")?;
        let found = unit.releases_from(stamp.seq)?;
        assert_eq!(found.iter().map(|it| it.stamp).collect::<Vec<_>>(), [stamp, again[0]]);
        Ok(())
    });
}

/// Many items, each still found by its identifier, and each still known, when opened again.
pub fn stay_after_reopening(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let versions: Vec<Version> = (0..3_000).map(|n| Version::of(n, clearance)).collect();
    for unit in versions.chunks(700) {
        let drafts: Vec<_> = unit.iter().map(Version::draft).collect();
        let placed = scene.write(|unit| unit.place_items(&drafts));
        assert!(placed.iter().all(|placed| matches!(placed, Placement::Added(_))));
    }
    scene.reopen();
    let drafts: Vec<_> = versions.iter().map(Version::draft).collect();
    let placed = scene.write(|unit| unit.place_items(&drafts));
    assert!(placed.iter().all(|placed| matches!(placed, Placement::Duplicate(_))));
    for version in versions.iter().step_by(501) {
        let query = ItemQuery { ids: std::slice::from_ref(&version.id), ..scene::everything() };
        let found = scene.all(&query);
        assert_eq!((found.len(), &*found[0].body), (1, &*version.body));
    }
}
