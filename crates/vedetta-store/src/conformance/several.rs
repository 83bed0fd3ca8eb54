//! Several producers under one identifier: each in a line of its own, and a reader is given the same
//! whatever came first.

use vedetta_model::OrganisationNumber;

use super::scene::{self, Scene, Version, everything};
use crate::entry::{EntryKind, Stamp};
use crate::item::{ClearanceId, ItemQuery, Placement, VersionFilter};
use crate::store::{Reader, Verification};
use crate::verify::verify;
use crate::written::WithdrawnFacts;

/// The same version of an item with other bytes, by organisations 1, 2 and 3, each under its clearance.
fn three(scene: &Scene) -> ([Version; 3], [Stamp; 3]) {
    let cleared = [1, 2, 3].map(|number| scene.clearance(&[number]));
    let versions = [1, 2, 3].map(|number: u32| {
        let clearance = cleared[number as usize - 1];
        let body = format!("{{\"by\":{number}}}");
        Version::of(7, clearance).by(number).body(body.as_bytes()).own()
    });
    let stamps = versions.each_ref().map(|version| scene.add(version));
    (versions, stamps)
}

fn found(scene: &Scene, query: &ItemQuery<'_>) -> Vec<(u32, i64)> {
    scene.all(query).iter().map(|item| (item.producer.0, item.version.micros())).collect()
}

fn served(scene: &Scene) -> Vec<(u32, i64)> {
    found(scene, &everything())
}

fn ends(scene: &Scene, under: Option<&[ClearanceId]>) -> [Vec<(u32, i64)>; 2] {
    [VersionFilter::First, VersionFilter::Last]
        .map(|versions| found(scene, &ItemQuery { clearances: under, versions, ..everything() }))
}

fn last(scene: &Scene) -> Vec<(u32, i64)> {
    let [_, last] = ends(scene, None);
    last
}

/// Whatever others brought: the same version, others, and the very same bytes.
pub fn each_producer_has_a_line_of_its_own(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    let [one, two, _] = &versions;
    assert_eq!(scene.place(two), Placement::Duplicate(stamps[1]));
    assert_eq!(scene.place(&two.clone().body(b"other")), Placement::Conflict(stamps[1]));
    let twin = scene.add(&one.clone().by(4));
    scene.add(&two.clone().version(2));
    assert_eq!(served(scene), [(1, 1), (2, 1), (3, 1), (4, 1), (2, 2)]);
    scene.reopen();
    assert_eq!(scene.place(&one.clone().by(4)), Placement::Duplicate(twin));
    let releases = scene.read(|reader| reader.releases(&one.id));
    assert_eq!(releases.len(), 5);
    let ids = [one.id.clone()];
    let of_two = ItemQuery { producer: Some(OrganisationNumber(2)), ..everything() };
    for ids in [&[][..], &ids] {
        assert_eq!(found(scene, &ItemQuery { ids, ..everything() }).len(), 5);
        assert_eq!(found(scene, &ItemQuery { ids, ..of_two.clone() }), [(2, 1), (2, 2)]);
    }
    let from = scene.read(|reader| reader.releases_from(stamps[2].seq));
    assert_eq!(from.iter().map(|it| it.stamp).collect::<Vec<_>>(), [stamps[2]]);
}

/// It is told what is there; who has a line goes on in it.
pub fn a_door_begins_no_line_beside_anothers(scene: &mut Scene) {
    let version = Version::of(1, scene.clearance(&[1])).body(b"first");
    let stamp = scene.add(&version);
    let other = version.clone().by(2);
    assert_eq!(scene.place(&other), Placement::Twin(stamp));
    assert_eq!(scene.place(&other.clone().body(b"second")), Placement::Foreign(stamp));
    assert_eq!(scene.place(&other.clone().version(2)), Placement::Foreign(stamp));
    scene.add(&other.clone().own());
    scene.add(&other.clone().version(2));
    let third = version.clone().by(3);
    let told = scene.place(&other.clone().version(2).by(3));
    assert!(matches!(told, Placement::Twin(_)), "of whomever it is: {told:?}");
    assert!(matches!(scene.place(&third.version(9)), Placement::Foreign(_)));
    scene.add(&version.clone().version(3));
    assert_eq!(served(scene), [(1, 1), (2, 1), (2, 2), (1, 3)]);
    // Of two with the same bytes one stands, whichever was there first.
    for (withdrawn, left) in [(1, 2), (2, 1)] {
        let one = Version::of(10 + withdrawn, version.clearance);
        let twins = [1, 2].map(|number| scene.add(&one.clone().by(number).own()));
        let number = OrganisationNumber(withdrawn);
        scene.write(|unit| unit.withdraw(&one.id, number, "tester", "{}"));
        assert_eq!(scene.place(&one.by(3)), Placement::Twin(twins[left - 1]));
    }
}

/// Whatever its moment, it hides nothing of another's.
pub fn a_revocation_is_its_producers(scene: &mut Scene) {
    let (versions, _) = three(scene);
    scene.add(&versions[1].clone().version(9).revoked());
    assert_eq!(served(scene), [(1, 1), (3, 1), (2, 9)]);
    scene.add(&versions[0].clone().version(5));
    scene.add(&versions[1].clone().version(8));
    assert_eq!(served(scene), [(1, 1), (3, 1), (2, 9), (1, 5)]);
    let [one, two, three] = versions.map(|version| version.clearance);
    let counts = scene.read(|reader| reader.releases_per_clearance());
    assert_eq!(counts, [(one, 2), (two, 1), (three, 1)]);
}

/// The others' stand; its entry says whose it was.
pub fn a_withdrawal_is_its_producers(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    let two = &versions[1];
    let withdraw = |scene: &Scene, number| {
        let number = OrganisationNumber(number);
        scene.write(|unit| unit.withdraw(&two.id, number, "duty", r#"{"why":"a mistake"}"#))
    };
    assert_eq!(withdraw(scene, 9), None);
    assert!(withdraw(scene, 2).is_some() && withdraw(scene, 2).is_none());
    let entry = scene.entries().pop().expect("an entry");
    let said = WithdrawnFacts::read(&entry.facts);
    assert_eq!((entry.kind, said.producer), (EntryKind::Withdrawn, Some(OrganisationNumber(2))));
    assert_eq!(said.facts, r#"{"why":"a mistake"}"#);
    assert_eq!(served(scene), [(1, 1), (3, 1)]);
    scene.reopen();
    scene.add(&two.clone().version(4));
    assert_eq!(scene.place(two), Placement::Duplicate(stamps[1]));
    assert!(withdraw(scene, 1).is_some());
    assert_eq!(served(scene), [(3, 1)]);
}

/// And only its own withdrawal keeps a version from it.
pub fn setting_aside_spares_other_lines(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    let aside = |scene: &Scene, stamp: Stamp| {
        scene.try_write(|unit| unit.set_aside(&[stamp.seq], "tester", "another prevails"))
    };
    let number = OrganisationNumber(1);
    scene.write(|unit| unit.withdraw(&versions[0].id, number, "tester", "{}"));
    let over = scene.add(&versions[1].clone().version(5).revoked());
    assert!(scene::is_refused(&aside(scene, stamps[0])));
    aside(scene, over).expect("set aside");
    assert_eq!(served(scene), [(2, 1), (3, 1)]);
    aside(scene, stamps[2]).expect("set aside");
    scene.add(&versions[2].clone().version(1));
    assert_eq!(served(scene), [(2, 1), (3, 1)]);
}

/// Whoever has one goes on in it by a door, though all that was in it was set aside.
pub fn a_line_is_there_though_all_of_it_was_set_aside(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    for stamp in &stamps[1..] {
        scene.write(|unit| unit.set_aside(&[stamp.seq], "tester", "another prevails"));
    }
    let door =
        |number: usize| Version::of(7, versions[number].clearance).by(versions[number].producer);
    scene.add(&door(1).version(2).body(b"later"));
    // The very same bytes as another's too.
    scene.add(&door(2).body(&versions[0].body));
    assert_eq!(served(scene), [(1, 1), (2, 2), (3, 1)]);
}

/// Whatever stands under the identifier, and a revocation beside it: who follows misses nothing, whenever
/// it comes.
pub fn of_each_line_the_newest_is_last(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let version = Version::of(1, clearance).own();
    let first = scene.add(&version.clone().by(1).version(3));
    let second = scene.add(&version.clone().by(2).version(4));
    assert_eq!(ends(scene, None), [[(1, 3), (2, 4)], [(1, 3), (2, 4)]]);
    let after = |stamp: Stamp| ItemQuery {
        after: stamp.seq,
        versions: VersionFilter::Last,
        ..everything()
    };
    assert_eq!(found(scene, &after(first)), [(2, 4)]);
    scene.add(&version.clone().by(2).version(9).revoked());
    assert_eq!(found(scene, &after(second)), [(2, 9)], "who had it hears of it");
    assert_eq!(last(scene), [(1, 3), (2, 9)]);
    scene.add(&version.clone().by(3).version(2));
    scene.add(&version.clone().by(3).version(1));
    scene.reopen();
    assert_eq!(ends(scene, None), [vec![(1, 3), (2, 9), (3, 1)], vec![(1, 3), (2, 9), (3, 2)]]);
    for number in [1, 3] {
        let number = OrganisationNumber(number);
        scene.write(|unit| unit.withdraw(&version.id, number, "tester", "{}"));
    }
    assert_eq!(ends(scene, None), [vec![(2, 9)], vec![(2, 9)]]);
}

/// Nobody's last or first is another's whom he may not read.
pub fn the_choice_is_of_what_may_be_read(scene: &mut Scene) {
    let (versions, _) = three(scene);
    scene.add(&versions[2].clone().version(5));
    let [one, two, three] = versions.map(|version| version.clearance);
    for (number, only) in [(1, one), (2, two)] {
        assert_eq!(ends(scene, Some(&[only])), [vec![(number, 1)], vec![(number, 1)]]);
    }
    assert_eq!(ends(scene, Some(&[one, three])), [[(1, 1), (3, 1)], [(1, 1), (3, 5)]]);
    let producer = Some(OrganisationNumber(2));
    let query = ItemQuery { producer, versions: VersionFilter::Last, ..everything() };
    assert_eq!(found(scene, &query), [(2, 1)]);
    let items = scene.all(&everything());
    let newest = items.iter().find(|it| it.version.micros() == 5).expect("it is there");
    let without = [newest.stamp.seq];
    let query = ItemQuery { without: &without, versions: VersionFilter::Last, ..everything() };
    assert_eq!(found(scene, &query), [(1, 1), (2, 1), (3, 1)]);
    let as_of = Some(crate::Sequence(newest.stamp.seq.0 - 1));
    let query = ItemQuery { as_of, versions: VersionFilter::Last, ..everything() };
    assert_eq!(found(scene, &query), [(1, 1), (2, 1), (3, 1)]);
}

/// In any order, and whether in one call or in several.
pub fn the_order_of_arrival_does_not_count(scene: &mut Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    let said = |item: u32, number: u32, version: i64| {
        let clearance = if number == 1 { one } else { two };
        let body = format!("{number}/{version}");
        Version::of(item, clearance).by(number).version(version).body(body.as_bytes()).own()
    };
    let all = |item| {
        [
            said(item, 1, 1),
            said(item, 2, 1),
            said(item, 1, 4).revoked(),
            said(item, 2, 3),
            said(item, 1, 2),
        ]
    };
    for turn in 0..5 {
        let mut order = all(turn);
        order.rotate_left(turn as usize);
        if turn % 2 == 0 {
            let drafts = order.each_ref().map(Version::draft);
            scene.write(|unit| unit.place_items(&drafts));
        } else {
            for version in &order {
                scene.add(version);
            }
        }
    }
    for under in [&[one][..], &[two], &[one, two]] {
        let told = |item| {
            let ids = [scene::id("indicator", item)];
            [VersionFilter::All, VersionFilter::First, VersionFilter::Last].map(|versions| {
                let clearances = Some(under);
                let mut found =
                    found(scene, &ItemQuery { ids: &ids, clearances, versions, ..everything() });
                found.sort_unstable();
                found
            })
        };
        assert!((1..5).all(|item| told(item) == told(0)), "{under:?}");
    }
}

/// In one call as one after the other.
pub fn many_come_in_one_call(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let one = Version::of(1, clearance);
    let all = [
        one.clone(),
        one.clone().by(2).own(),
        one.clone().by(2).body(b"other").own(),
        one.clone().by(3),
        one.clone().by(3).version(2),
        one.clone().by(2).version(2),
        one.clone().version(3).revoked(),
    ];
    let drafts = all.each_ref().map(Version::draft);
    let placed = scene.write(|unit| unit.place_items(&drafts));
    let (first, second) = (scene::added(placed[0]), scene::added(placed[1]));
    assert_eq!(placed[2], Placement::Conflict(second));
    let twins = [Placement::Twin(first), Placement::Twin(second)];
    assert!(twins.contains(&placed[3]));
    assert!(matches!(placed[4], Placement::Foreign(_)));
    assert!(placed[5..].iter().all(|placed| matches!(placed, Placement::Added(_))));
    assert_eq!(served(scene), [(2, 1), (2, 2), (1, 3)]);
    assert_eq!(last(scene), [(2, 2), (1, 3)]);
    let more: Vec<_> = (3..40).map(|number| one.clone().by(number).own()).collect();
    for part in more.chunks(9) {
        let drafts: Vec<_> = part.iter().map(Version::draft).collect();
        let placed = scene.write(|unit| unit.place_items(&drafts));
        assert!(placed.iter().all(|placed| matches!(placed, Placement::Added(_))));
    }
    assert_eq!(last(scene).len(), 39);
    assert_eq!(scene.all(&everything()).len(), 40);
}

/// What is served, to whom the newest is asked too, follows from the entries.
pub fn the_ledger_proves_several_lines(scene: &mut Scene) {
    let (versions, stamps) = three(scene);
    scene.write(|unit| {
        unit.withdraw(&versions[2].id, OrganisationNumber(3), "tester", "{}")?;
        unit.rerelease(&[(stamps[0].seq, versions[1].clearance)], "tester")?;
        unit.set_aside(&[stamps[1].seq], "tester", "another prevails")
    });
    scene.add(&versions[1].clone().version(6).revoked());
    scene.add(&versions[2].clone().by(4));
    scene.add(&versions[1].clone().version(2));
    let own = |n, version| Version::of(n, versions[0].clearance).version(version).own();
    for n in [8, 9] {
        scene.add(&own(n, 7).by(5));
        scene.add(&own(n, 3).by(6));
        scene.add(&own(n, 2).by(6));
    }
    let told = scene.read(|reader: &mut dyn Reader| verify(reader));
    assert!(matches!(told, Verification::Sound { .. }), "{told:?}");
}
