//! What is revoked or withdrawn is no longer served.

use vedetta_model::{Instant, OrganisationNumber};

use super::scene::{Scene, Version, everything};
use crate::entry::{EntryKind, Sequence};
use crate::item::{ClearanceId, ItemQuery, Placement, VersionFilter};
use crate::written::WithdrawnFacts;

fn versions(scene: &Scene, query: &ItemQuery<'_>) -> Vec<i64> {
    scene.all(query).iter().map(|item| item.version.micros()).collect()
}

fn under(clearance: &[ClearanceId]) -> ItemQuery<'_> {
    ItemQuery { clearances: Some(clearance), ..everything() }
}

/// The notice is served, what it revokes is not, by whatever question.
pub fn revocation_hides_earlier_versions(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let version = Version::of(1, clearance);
    scene.add(&version);
    scene.add(&version.clone().version(2));
    scene.add(&Version::of(2, clearance).version(9));
    scene.add(&version.clone().version(3).revoked());
    assert_eq!(versions(scene, &everything()), [9, 3]);
    let one = Instant::from_micros(1);
    for filter in [VersionFilter::All, VersionFilter::First, VersionFilter::Last] {
        let ids = [version.id.clone()];
        let query = ItemQuery { ids: &ids, versions: filter, ..everything() };
        assert_eq!(versions(scene, &query), [3]);
    }
    let query = ItemQuery { versions: VersionFilter::At(vec![one]), ..everything() };
    assert!(scene.all(&query).is_empty());
}

/// Also for those who had the earlier version and are not cleared for the notice.
pub fn revocation_counts_under_any_clearance(scene: &mut Scene) {
    let (wide, narrow) = (scene.clearance(&[1, 2]), scene.clearance(&[2]));
    let version = Version::of(1, wide);
    scene.add(&version);
    let mut notice = version.version(2).revoked();
    notice.clearance = narrow;
    scene.add(&notice);
    assert!(versions(scene, &under(&[wide])).is_empty());
    assert_eq!(versions(scene, &under(&[narrow])), [2]);
}

/// It is placed, and never served.
pub fn a_version_older_than_a_revocation_comes_late(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1]));
    scene.add(&version.clone().version(5).revoked());
    scene.add(&version.clone().version(8));
    for late in [4, 2, 3] {
        scene.add(&version.clone().version(late));
    }
    assert_eq!(versions(scene, &everything()), [5, 8]);
    scene.reopen();
    scene.add(&version.clone().version(1));
    assert_eq!(versions(scene, &everything()), [5, 8]);
    assert_eq!(scene.read(|reader| reader.releases(&version.id)).len(), 6);
}

/// What is newer than the notice is served; a later notice hides that too.
pub fn revocation_spares_later_versions(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1]));
    scene.add(&version.clone().version(7));
    scene.add(&version.clone().version(5).revoked());
    assert_eq!(versions(scene, &everything()), [7, 5]);
    scene.add(&version.clone().version(9).revoked());
    assert_eq!(versions(scene, &everything()), [9]);
}

/// All versions, those to come included, under every clearance; other items stay.
pub fn withdrawal_hides_all_versions(scene: &mut Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    let version = Version::of(1, one);
    let first = scene.add(&version.clone().version(5));
    scene.write(|unit| unit.rerelease(&[(first.seq, two)], "tester"));
    scene.add(&version.clone().version(6));
    let other = scene.add(&Version::of(2, one));
    let facts = r#"{"why":"a mistake"}"#;
    let stamp = scene
        .write(|unit| {
            unit.withdraw(&version.id, OrganisationNumber(version.producer), "duty", facts)
        })
        .expect("withdrawn");
    let more = [version.clone().version(7), version.clone().version(1)];
    for later in more.into_iter().chain([version.clone().version(8).revoked()]) {
        assert!(matches!(scene.place(&later), Placement::Withdrawn(_)), "it is told");
        scene.reopen();
    }
    assert_eq!(scene.releases(&everything()), [other.seq.0]);
    assert!(scene.releases(&under(&[two])).is_empty());
    let entry = scene.read(|reader| reader.entries(Sequence(stamp.seq.0 - 1), 1)).remove(0);
    assert_eq!((entry.kind, entry.stamp), (EntryKind::Withdrawn, stamp));
    assert_eq!((entry.actor.as_str(), entry.subject.as_str()), ("duty", version.id.as_str()));
    let said = WithdrawnFacts::read(&entry.facts);
    assert_eq!((said.producer, said.facts), (Some(OrganisationNumber(1)), facts));
}

/// Once, and only what is there.
pub fn withdrawal_happens_once(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1]));
    let withdraw = |scene: &Scene| {
        scene.write(|unit| {
            unit.withdraw(&version.id, OrganisationNumber(version.producer), "tester", "{}")
        })
    };
    assert_eq!(withdraw(scene), None);
    let placed = scene.add(&version);
    assert!(withdraw(scene).is_some());
    assert_eq!(withdraw(scene), None);
    assert_eq!(scene.place(&version), Placement::Duplicate(placed));
    assert_eq!(scene.entries().len(), 3);
}

/// The counts are of what is served.
pub fn what_is_hidden_is_not_counted(scene: &mut Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    let version = Version::of(1, one);
    let first = scene.add(&version);
    scene.write(|unit| unit.rerelease(&[(first.seq, two)], "tester"));
    scene.add(&Version::of(2, one));
    let counts = |scene: &Scene| scene.read(|reader| reader.releases_per_clearance());
    assert_eq!(counts(scene), [(one, 2), (two, 1)]);
    scene.add(&version.clone().version(2).revoked());
    assert_eq!(counts(scene), [(one, 2)]);
    scene.write(|unit| {
        unit.withdraw(&version.id, OrganisationNumber(version.producer), "tester", "{}")
    });
    scene.add(&version.clone().version(3));
    assert_eq!(counts(scene), [(one, 1)]);
}

/// Releasing it again is recorded, and serves nothing.
pub fn hidden_versions_are_released_in_vain(scene: &mut Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    let (revoked, withdrawn) = (Version::of(1, one), Version::of(2, one));
    let (first, second) = (scene.add(&revoked), scene.add(&withdrawn));
    scene.add(&revoked.clone().version(2).revoked());
    scene.write(|unit| {
        unit.withdraw(&withdrawn.id, OrganisationNumber(withdrawn.producer), "tester", "{}")
    });
    let again = [(first.seq, two), (second.seq, two)];
    assert_eq!(scene.write(|unit| unit.rerelease(&again, "tester")).len(), 2);
    assert!(scene.releases(&under(&[two])).is_empty());
}

/// It is kept and not served; another version of the same moment, or another bringer's, is placed.
pub fn what_is_set_aside_gives_way(scene: &mut Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    let version = Version::of(1, one);
    let first = scene.add(&version);
    scene.write(|unit| unit.rerelease(&[(first.seq, two)], "tester"));
    scene.write(|unit| unit.set_aside(&[first.seq], "peer", "another prevails"));
    assert!(scene.all(&everything()).is_empty());
    assert_eq!(scene.read(|reader| reader.releases(&version.id)).len(), 2);
    let entry = scene.entries().pop().expect("an entry");
    assert_eq!((entry.kind, entry.actor.as_str()), (EntryKind::SetAside, "peer"));
    assert_eq!(entry.subject, version.id.as_str());
    scene.add(&version.clone().by(7).body(b"other"));
    scene.add(&version.clone().by(7).version(2));
    assert_eq!(versions(scene, &everything()), [1, 2]);
    assert!(matches!(scene.place(&version), Placement::Foreign(_)));
    scene.write(|unit| unit.set_aside(&[first.seq], "peer", "again"));
    scene.reopen();
    assert_eq!(versions(scene, &everything()), [1, 2]);
    let counts = scene.read(|reader| reader.releases_per_clearance());
    assert_eq!(counts, [(one, 2)]);
}

/// What it hid is served again, unless another revocation hides it.
pub fn a_revocation_set_aside_revokes_nothing(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1]));
    for number in [1, 2] {
        scene.add(&version.clone().version(number));
    }
    let early = scene.add(&version.clone().version(3).revoked());
    scene.add(&version.clone().version(4));
    let late = scene.add(&version.clone().version(5).revoked());
    assert_eq!(versions(scene, &everything()), [5]);
    scene.write(|unit| unit.set_aside(&[late.seq], "tester", "another prevails"));
    assert_eq!(versions(scene, &everything()), [3, 4]);
    scene.write(|unit| unit.set_aside(&[early.seq], "tester", "another prevails"));
    assert_eq!(versions(scene, &everything()), [1, 2, 4]);
}

/// Of what is no first release, and of what is withdrawn.
pub fn setting_aside_is_refused(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1]));
    let first = scene.add(&version);
    scene.write(|unit| {
        unit.withdraw(&version.id, OrganisationNumber(version.producer), "tester", "{}")
    });
    for origin in [first.seq, Sequence(99)] {
        let told = scene.try_write(|unit| unit.set_aside(&[origin], "tester", "no"));
        assert!(super::scene::is_refused(&told));
    }
}
