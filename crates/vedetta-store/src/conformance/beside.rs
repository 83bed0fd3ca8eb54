//! What everybody can bring: each organisation its own body, which no other's counts to.

use vedetta_model::OrganisationNumber;

use super::scene::{self, Scene, Version, everything};
use crate::entry::{EntryKind, Stamp};
use crate::item::{ClearanceId, ItemQuery, Placement, VersionFilter};
use crate::store::{Reader, Verification};
use crate::verify::verify;
use crate::written::{ItemFacts, WithdrawnFacts};

/// The same address with other bytes, by organisations 1, 2 and 3, each under its clearance.
fn three(scene: &Scene) -> ([Version; 3], [Stamp; 3]) {
    let cleared = [1, 2, 3].map(|number| scene.clearance(&[number]));
    let versions = [1, 2, 3].map(|number: u32| {
        let clearance = cleared[number as usize - 1];
        let body = format!("{{\"by\":{number}}}");
        Version::address(7, clearance).by(number).body(body.as_bytes())
    });
    let stamps = versions.each_ref().map(|version| scene.add(version));
    (versions, stamps)
}

fn served(scene: &Scene) -> Vec<u32> {
    scene.all(&everything()).iter().map(|item| item.producer.0).collect()
}

fn under(scene: &Scene, clearances: &[ClearanceId], versions: VersionFilter) -> Vec<u32> {
    let query = ItemQuery { clearances: Some(clearances), versions, ..everything() };
    scene.all(&query).iter().map(|item| item.producer.0).collect()
}

/// Whatever is there already, and whatever its bytes: also the very same.
pub fn each_brings_a_body_of_its_own(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    let same = versions[0].clone().by(4);
    let fourth = scene.add(&same);
    let items = scene.all(&everything());
    let found: Vec<_> = items.iter().map(|item| (item.producer.0, item.stamp)).collect();
    let expected = [(1, stamps[0]), (2, stamps[1]), (3, stamps[2]), (4, fourth)];
    assert_eq!(found, expected);
    assert!(items.iter().zip(&versions).all(|(item, version)| *item.body == *version.body));
    assert_eq!(*items[3].body, *versions[0].body);
    scene.reopen();
    assert_eq!(scene.all(&everything()), items);
}

/// The same again is a duplicate, and other bytes a conflict, of one's own.
pub fn an_own_body_is_placed_once(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    for (version, stamp) in versions.iter().zip(stamps) {
        assert_eq!(scene.place(&version.clone().version(9)), Placement::Conflict(stamp));
        assert_eq!(scene.place(version), Placement::Duplicate(stamp));
    }
    let entries = scene.entries().len();
    scene.reopen();
    assert_eq!(scene.place(&versions[1]), Placement::Duplicate(stamps[1]));
    assert_eq!(scene.entries().len(), entries);
}

/// Each is a version of its own, that of the moment when it came; its entry says the same.
pub fn are_told_apart_by_when_they_came(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    for item in scene.all(&everything()) {
        assert_eq!(item.version, item.stamp.at);
    }
    let entry = scene.entries().pop().expect("an entry");
    let facts = ItemFacts::read(&entry.facts).expect("its facts");
    assert_eq!((entry.kind, facts.version), (EntryKind::Item, stamps[2].at));
    let filters = [
        (VersionFilter::All, vec![1, 2, 3]),
        (VersionFilter::First, vec![1]),
        (VersionFilter::Last, vec![3]),
        (VersionFilter::At(vec![stamps[1].at]), vec![2]),
    ];
    let ids = [versions[0].id.clone()];
    for (versions, expected) in filters {
        for ids in [&[][..], &ids] {
            let query = ItemQuery { ids, versions: versions.clone(), ..everything() };
            let found: Vec<_> = scene.all(&query).iter().map(|item| item.producer.0).collect();
            assert_eq!(found, expected, "{versions:?}");
        }
    }
}

/// Nobody's last or first is another's whom it may not read.
pub fn the_last_is_among_what_may_be_read(scene: &mut Scene) {
    let (versions, _) = three(scene);
    let [one, two, three] = versions.map(|version| version.clearance);
    for only in [one, two, three] {
        for filter in [VersionFilter::Last, VersionFilter::First, VersionFilter::All] {
            assert_eq!(under(scene, &[only], filter).len(), 1);
        }
    }
    assert_eq!(under(scene, &[one, two], VersionFilter::Last), [2]);
    assert_eq!(under(scene, &[two, three], VersionFilter::First), [2]);
    let all = [one, two, three];
    let (clearances, producer) = (Some(&all[..]), Some(OrganisationNumber(2)));
    for versions in [VersionFilter::Last, VersionFilter::First] {
        let query = ItemQuery { clearances, producer, versions, ..everything() };
        assert_eq!(scene.all(&query).len(), 1, "of one's own, another's is not the newest");
    }
}

/// The others' stay; what was taken back stays so, and the others may still bring theirs.
pub fn withdrawal_takes_back_ones_own(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    let [_, two, _] = &versions;
    let withdraw = |scene: &Scene, number| {
        let number = OrganisationNumber(number);
        scene.write(|unit| unit.withdraw(&two.id, number, "duty", r#"{"why":"a mistake"}"#))
    };
    assert_eq!(withdraw(scene, 9), None);
    assert!(withdraw(scene, 2).is_some());
    assert_eq!(withdraw(scene, 2), None);
    let entry = scene.entries().pop().expect("an entry");
    let said = WithdrawnFacts::read(&entry.facts);
    assert_eq!(said.producer, Some(OrganisationNumber(2)));
    assert_eq!((entry.kind, said.facts), (EntryKind::Withdrawn, r#"{"why":"a mistake"}"#));
    assert_eq!(served(scene), [1, 3]);
    assert_eq!(scene.place(two), Placement::Duplicate(stamps[1]));
    assert_eq!(scene.place(&two.clone().version(8)), Placement::Conflict(stamps[1]));
    scene.add(&two.clone().by(4));
    scene.reopen();
    assert_eq!(served(scene), [1, 3, 4]);
    let counts = scene.read(|reader| reader.releases_per_clearance());
    let [one, two, three] = versions.map(|version| version.clearance);
    assert_eq!(counts, [(one, 1), (two, 1), (three, 1)]);
}

/// Only who withdrew it keeps it from being set aside, and what is set aside may be brought anew.
pub fn setting_aside_spares_the_others(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    let [one, two, _] = &versions;
    let number = OrganisationNumber(1);
    scene.write(|unit| unit.withdraw(&one.id, number, "tester", "{}"));
    let aside = |scene: &Scene, stamp: Stamp| {
        scene.try_write(|unit| unit.set_aside(&[stamp.seq], "tester", "another prevails"))
    };
    assert!(scene::is_refused(&aside(scene, stamps[0])));
    aside(scene, stamps[1]).expect("set aside");
    assert_eq!(served(scene), [3]);
    scene.add(&two.clone().version(5));
    assert_eq!(served(scene), [3, 2]);
}

/// Whatever an object says of itself, it says nothing of another's.
pub fn a_revocation_is_ones_own(scene: &mut Scene) {
    let (versions, _) = three(scene);
    scene.add(&versions[0].clone().by(4).version(1 << 60).revoked());
    assert_eq!(served(scene), [1, 2, 3, 4]);
}

/// In one call as one after the other.
pub fn many_come_together(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let one = Version::address(1, clearance);
    let all = [one.clone(), one.clone().by(2), one.clone().body(b"other"), one.clone().by(2)];
    let drafts = all.each_ref().map(Version::draft);
    let placed = scene.write(|unit| unit.place_items(&drafts));
    let (first, second) = (scene::added(placed[0]), scene::added(placed[1]));
    assert_eq!(placed[2], Placement::Conflict(first));
    assert_eq!(placed[3], Placement::Duplicate(second));
    let more: Vec<_> = (3..40).map(|number| one.clone().by(number)).collect();
    for part in more.chunks(9) {
        let drafts: Vec<_> = part.iter().map(Version::draft).collect();
        let placed = scene.write(|unit| unit.place_items(&drafts));
        assert!(placed.iter().all(|placed| matches!(placed, Placement::Added(_))));
    }
    let last = ItemQuery { versions: VersionFilter::Last, ..everything() };
    let found = scene.all(&last);
    assert_eq!(found.iter().map(|item| item.producer.0).collect::<Vec<_>>(), [39]);
    assert_eq!(scene.all(&everything()).len(), 39);
}

/// A random identifier, and one of what has versions, is its first bringer's.
pub fn other_identifiers_have_one_bringer(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let named = Version::address(1, clearance).kind("malware");
    for version in [Version::of(1, clearance).kind("ipv4-addr"), named] {
        let stamp = scene.add(&version);
        assert_eq!(scene.place(&version.clone().by(2).body(b"other")), Placement::Foreign(stamp));
        assert_eq!(scene.place(&version.clone().by(2)), Placement::Twin(stamp));
        assert_eq!(scene.place(&version.version(2).by(2)), Placement::Foreign(stamp));
    }
}

/// What is served and what is not follows from the entries.
pub fn the_ledger_proves_them(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    scene.write(|unit| {
        unit.withdraw(&versions[2].id, OrganisationNumber(3), "tester", "{}")?;
        unit.rerelease(&[(stamps[0].seq, versions[1].clearance)], "tester")?;
        unit.set_aside(&[stamps[1].seq], "tester", "another prevails")
    });
    scene.add(&versions[1].clone().version(6).revoked());
    scene.add(&versions[2].clone().by(4));
    let told = scene.read(|reader: &mut dyn Reader| verify(reader));
    assert!(matches!(told, Verification::Sound { .. }), "{told:?}");
}
