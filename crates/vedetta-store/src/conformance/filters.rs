//! The filters of a query.

use vedetta_model::{Instant, OrganisationNumber};

use super::scene::{self, Scene, Version, everything};
use crate::entry::Sequence;
use crate::item::{ClearanceId, ItemQuery, VersionFilter};

fn filtered(scene: &Scene, versions: VersionFilter) -> Vec<i64> {
    let items = scene.all(&ItemQuery { versions, ..everything() });
    items.iter().map(|item| item.version.micros()).collect()
}

fn at(versions: &[i64]) -> VersionFilter {
    VersionFilter::At(versions.iter().copied().map(Instant::from_micros).collect())
}

/// Only under these; under none is nothing.
pub fn by_clearance(scene: &mut Scene) {
    let clearances: Vec<ClearanceId> = (0..5).map(|n| scene.clearance(&[n])).collect();
    let placed: Vec<u64> =
        (0..60).map(|n| scene.add(&Version::of(n, clearances[n as usize % 5])).seq.0).collect();
    for set in [vec![], vec![2], vec![0, 4], vec![0, 1, 2, 3, 4]] {
        let entitled: Vec<ClearanceId> = set.iter().map(|index| clearances[*index]).collect();
        let query = ItemQuery { clearances: Some(&entitled), limit: 7, ..everything() };
        let expected: Vec<u64> = placed
            .iter()
            .enumerate()
            .filter(|(n, _)| set.contains(&(n % 5)))
            .map(|(_, s)| *s)
            .collect();
        assert_eq!(scene.releases(&query), expected, "{set:?}");
    }
    let unknown = [ClearanceId(77)];
    let query = ItemQuery { clearances: Some(&unknown), ..everything() };
    assert!(scene.releases(&query).is_empty());
}

/// Only these items, in order of release; unknown ones and repetitions change nothing.
pub fn by_item(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let placed: Vec<u64> = (0..9).map(|n| scene.add(&Version::of(n, clearance)).seq.0).collect();
    let ids = [7, 3, 99, 3].map(|n| scene::id("indicator", n));
    let query = ItemQuery { ids: &ids, limit: 1, ..everything() };
    assert_eq!(scene.releases(&query), [placed[3], placed[7]]);
    let query = ItemQuery { after: Sequence(placed[3]), ..query };
    assert_eq!(scene.releases(&query), [placed[7]]);
}

/// Only these STIX types.
pub fn by_kind(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let kinds = ["indicator", "malware", "x-odd-kind"];
    for n in 0..9 {
        scene.add(&Version::of(n, clearance).kind(kinds[n as usize % 3]));
    }
    let found = |kinds: &[&str]| {
        let kinds: Vec<String> = kinds.iter().map(ToString::to_string).collect();
        let items = scene.all(&ItemQuery { kinds: &kinds, ..everything() });
        items.into_iter().map(|item| item.id.kind().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&["malware"]), ["malware"; 3]);
    assert_eq!(found(&["malware", "indicator"]).len(), 6);
    assert_eq!(found(&["x-odd-kind", "unknown"]), ["x-odd-kind"; 3]);
    assert!(found(&["unknown", "indi", ""]).is_empty());
}

/// Only what one organisation brought.
pub fn by_producer(scene: &mut Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    for n in 0..12 {
        let clearance = if n % 4 == 0 { two } else { one };
        scene.add(&Version::of(n, clearance).by(n % 3));
    }
    let producer = Some(OrganisationNumber(2));
    let query = ItemQuery { producer, limit: 2, ..everything() };
    let items = scene.all(&query);
    assert_eq!(items.len(), 4);
    assert!(items.iter().all(|item| item.producer.0 == 2));
    let entitled = [two];
    assert_eq!(scene.all(&ItemQuery { clearances: Some(&entitled), ..query }).len(), 1);
    let nobody = ItemQuery { producer: Some(OrganisationNumber(9)), ..everything() };
    assert!(scene.all(&nobody).is_empty());
}

/// After a place, exclusive, up to another, inclusive.
pub fn by_place(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let placed: Vec<u64> = (0..6).map(|n| scene.add(&Version::of(n, clearance)).seq.0).collect();
    let range = |after: u64, until: Option<u64>| {
        let (after, until) = (Sequence(after), until.map(Sequence));
        scene.releases(&ItemQuery { after, until, limit: 2, ..everything() })
    };
    assert_eq!(range(placed[1], None), placed[2..]);
    assert_eq!(range(placed[1], Some(placed[3])), placed[2..=3]);
    assert_eq!(range(0, Some(placed[0])), placed[..1]);
    assert!(range(placed[3], Some(placed[3])).is_empty());
    assert!(range(placed[4], Some(placed[1])).is_empty());
    assert!(range(u64::MAX, None).is_empty());
    assert_eq!(range(0, Some(u64::MAX)), placed);
}

/// All filters at once: each narrows.
pub fn all_together(scene: &mut Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    let malware = |n: u32, clearance| Version::of(n, clearance).kind("malware");
    let first = scene.add(&malware(1, one));
    for other in [malware(2, two), Version::of(3, one), malware(4, one).by(2)] {
        scene.add(&other);
    }
    let last = scene.add(&malware(1, one).version(2));
    let ids: Vec<_> = (1..=4).map(|n| scene::id("malware", n)).collect();
    let (kinds, clearances) = (["malware".to_owned()], [one]);
    let query = ItemQuery {
        after: first.seq,
        until: Some(last.seq),
        as_of: None,
        without: &[],
        limit: 10,
        clearances: Some(&clearances),
        producer: Some(OrganisationNumber(1)),
        ids: &ids,
        kinds: &kinds,
        versions: VersionFilter::Last,
    };
    assert_eq!(scene.releases(&query), [last.seq.0]);
    assert_eq!(scene.releases(&ItemQuery { ids: &[], ..query }), [last.seq.0]);
}

/// The newest version, whenever it came; also when asked for an earlier range.
pub fn last_is_the_newest(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let version = Version::of(1, clearance);
    for number in [3, 9, 4] {
        scene.add(&version.clone().version(number));
    }
    scene.add(&Version::of(2, clearance).version(1));
    assert_eq!(filtered(scene, VersionFilter::Last), [9, 1]);
    let until = Some(Sequence(2));
    let early = ItemQuery { until, versions: VersionFilter::Last, ..everything() };
    assert!(scene.all(&early).is_empty());
}

/// The newest and the oldest version as of a place: what was released later is not there, and hides
/// nothing.
pub fn ends_as_of_a_place(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let version = Version::of(1, clearance);
    let stamps = [5, 9, 2].map(|number| scene.add(&version.clone().version(number)));
    for ids in [&[][..], &[scene::id("indicator", 1)]] {
        for (filter, expected) in
            [(VersionFilter::Last, [5, 9, 9]), (VersionFilter::First, [5, 5, 2])]
        {
            for (stamp, expected) in stamps.iter().zip(expected) {
                let (as_of, versions) = (Some(stamp.seq), filter.clone());
                let query = ItemQuery { as_of, ids, versions, ..everything() };
                let found = scene.all(&query);
                let found: Vec<_> = found.iter().map(|item| item.version.micros()).collect();
                assert_eq!(found, [expected], "{query:?}");
            }
        }
    }
    let as_of = Some(stamps[1].seq);
    let after = ItemQuery { as_of, after: stamps[1].seq, ..everything() };
    assert!(scene.all(&after).is_empty());
}

/// The oldest version, whenever it came.
pub fn first_is_the_oldest(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let version = Version::of(1, clearance);
    for number in [3, 9, 2] {
        scene.add(&version.clone().version(number));
    }
    scene.add(&Version::of(2, clearance).version(7));
    assert_eq!(filtered(scene, VersionFilter::First), [2, 7]);
}

/// These versions and no others.
pub fn exact_versions(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1]));
    for number in 1..=5 {
        scene.add(&version.clone().version(number));
    }
    assert_eq!(filtered(scene, at(&[4, 2, 77])), [2, 4]);
    assert!(filtered(scene, at(&[])).is_empty());
}

/// Any of several; of none is nothing.
pub fn any_of_several(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1]));
    for number in 1..=5 {
        scene.add(&version.clone().version(number));
    }
    let any = |filters: &[VersionFilter]| filtered(scene, VersionFilter::AnyOf(filters.to_vec()));
    assert_eq!(any(&[VersionFilter::First, VersionFilter::Last, at(&[3])]), [1, 3, 5]);
    assert_eq!(any(&[VersionFilter::Last, at(&[5])]), [5]);
    assert_eq!(any(&[VersionFilter::All]), [1, 2, 3, 4, 5]);
    assert_eq!(any(&[VersionFilter::AnyOf(vec![at(&[2])])]), [2]);
    assert!(any(&[]).is_empty());
}

/// A reader that is not cleared for the newest version has the newest it is cleared for.
pub fn last_is_among_what_may_be_read(scene: &mut Scene) {
    ends(scene, VersionFilter::Last, [3, 2]);
}

/// And the oldest likewise.
pub fn first_is_among_what_may_be_read(scene: &mut Scene) {
    ends(scene, VersionFilter::First, [1, 2]);
}

fn ends(scene: &Scene, versions: VersionFilter, [wide, narrow]: [i64; 2]) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    for number in 1..=3 {
        let clearance = if number == 2 { two } else { one };
        scene.add(&Version::of(1, clearance).version(number));
    }
    let ids = [scene::id("indicator", 1)];
    for (entitled, expected) in [([one], wide), ([two], narrow)] {
        for ids in [&[][..], &ids] {
            let clearances = Some(&entitled[..]);
            let query = ItemQuery { clearances, ids, versions: versions.clone(), ..everything() };
            let found = scene.all(&query);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].version.micros(), expected);
        }
    }
}

/// It is served among all versions, and never as the last.
pub fn an_older_version_that_comes_late_is_not_the_last(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1]));
    scene.add(&version.clone().version(5));
    scene.add(&version.clone().version(4));
    assert_eq!(filtered(scene, VersionFilter::Last), [5]);
    assert_eq!(filtered(scene, VersionFilter::All), [5, 4]);
    scene.reopen();
    scene.add(&version.clone().version(6));
    assert_eq!(filtered(scene, VersionFilter::Last), [6]);
    assert_eq!(filtered(scene, VersionFilter::First), [4]);
}
