//! Deliveries and acknowledgements.

use vedetta_model::{AccountId, Instant, OrganisationNumber, Places};

use super::scene::{self, Scene, Version, audience, is_refused};
use crate::delivery::{Acknowledgement, DeliveryBatch, DeliveryRow, Door};
use crate::entry::{EntryKind, Sequence, Stamp};

fn batch(release: Stamp, door: Door, numbers: &[u32]) -> DeliveryBatch {
    let at = Instant::from_micros(release.at.micros() + 5);
    let releases = Places::between(release.seq.0, release.seq.0);
    DeliveryBatch { releases, door, at, audience: audience(numbers) }
}

fn ack(release: Stamp, organisation: u32, note: Option<&str>) -> Acknowledgement {
    Acknowledgement {
        release: release.seq,
        organisation: OrganisationNumber(organisation),
        by: AccountId::new("contact").expect("an identifier"),
        at: release.at,
        note: note.map(str::to_owned),
    }
}

fn two_releases(scene: &Scene) -> [Stamp; 2] {
    let clearance = scene.clearance(&[1, 2]);
    [1, 2].map(|n| scene.add(&Version::of(n, clearance)))
}

/// One entry for all of a call, and each release knows its own.
pub fn are_read_by_release(scene: &mut Scene) {
    let [one, two] = two_releases(scene);
    let batches = [
        batch(one, Door::Stream, &[1, 900]),
        batch(two, Door::Taxii, &[2]),
        batch(one, Door::Webhook, &[2]),
    ];
    let recorded = scene.write(|unit| unit.deliver(&batches)).expect("recorded");
    let more = batch(one, Door::Stream, &[3]);
    let later = scene.write(|unit| unit.deliver(std::slice::from_ref(&more))).expect("recorded");
    scene.reopen();
    let row = |batch: &DeliveryBatch, recorded| DeliveryRow { batch: batch.clone(), recorded };
    let found = scene.read(|reader| reader.deliveries(one.seq));
    let expected = [row(&batches[0], recorded), row(&batches[2], recorded), row(&more, later)];
    assert_eq!(found, expected);
    assert_eq!(scene.read(|reader| reader.deliveries(two.seq)), [row(&batches[1], recorded)]);
    assert!(scene.read(|reader| reader.deliveries(Sequence(99))).is_empty());
    let kinds: Vec<_> = scene.entries()[3..].iter().map(|entry| entry.kind).collect();
    assert_eq!(kinds, [EntryKind::Delivered; 2]);
}

/// After a place, whole entries only, at most so many rows unless one entry has more.
pub fn are_read_in_order_of_recording(scene: &mut Scene) {
    let [one, two] = two_releases(scene);
    let mut recorded = Vec::new();
    for round in 0..5 {
        let batches = [batch(two, Door::Feed, &[round]), batch(one, Door::Api, &[round + 1])];
        recorded.push(scene.write(|unit| unit.deliver(&batches)).expect("recorded"));
    }
    let after = |place, limit| scene.read(|reader| reader.deliveries_after(place, limit));
    let (mut rows, mut place) = (Vec::new(), Sequence::START);
    loop {
        let page = after(place, 3);
        let Some(last) = page.last() else { break };
        place = last.recorded.seq;
        assert!(page.len() <= 4);
        rows.extend(page);
    }
    assert_eq!(rows.len(), 10);
    for (pair, stamp) in rows.chunks(2).zip(&recorded) {
        assert_eq!([pair[0].recorded, pair[1].recorded], [*stamp; 2]);
        let releases = [0, 1].map(|n| pair[n].batch.releases.first());
        assert_eq!(releases, [Some(two.seq.0), Some(one.seq.0)]);
    }
    assert_eq!(after(recorded[3].seq, 100), rows[8..]);
    assert!(after(recorded[4].seq, 100).is_empty());
}

/// A batch is of exactly the releases that it names, however they lie; asked of each release.
pub fn of_many_releases_are_of_each(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let releases: Vec<u64> = (0..70)
        .map(|n| {
            if n % 7 == 3 {
                scene.write(|unit| scene::deed(unit, "in between"));
            }
            scene.add(&Version::of(n, clearance)).seq.0
        })
        .collect();
    let at = Instant::from_micros(1_700_000_000_000_000);
    let mut batches = Vec::new();
    for (n, step) in [1, 2, 3, 11, 69].into_iter().enumerate() {
        for start in (0..releases.len()).step_by(13) {
            let releases = releases.iter().copied().skip(start).step_by(step).take(17).collect();
            let numbers = [u32::try_from(10 * n + start).expect("small")];
            let door = Door::ALL[n];
            batches.push(DeliveryBatch { releases, door, at, audience: audience(&numbers) });
        }
    }
    let recorded = scene.write(|unit| unit.deliver(&batches)).expect("recorded");
    scene.reopen();
    for place in 0..=recorded.seq.0 {
        let of_it = batches.iter().filter(|batch| batch.releases.contains(place));
        let expected: Vec<_> =
            of_it.map(|batch| DeliveryRow { batch: batch.clone(), recorded }).collect();
        let found = scene.read(|reader| reader.deliveries(Sequence(place)));
        assert_eq!(found, expected, "of release {place}");
    }
    let all = scene.read(|reader| reader.deliveries_after(Sequence::START, 1000));
    assert!(all.into_iter().map(|row| row.batch).eq(batches));
}

/// Nobody had it, or nothing: nothing is recorded.
pub fn to_nobody_are_nothing(scene: &mut Scene) {
    let [one, _] = two_releases(scene);
    let of_nothing = DeliveryBatch { releases: Places::none(), ..batch(one, Door::Api, &[1]) };
    assert_eq!(scene.write(|unit| unit.deliver(std::slice::from_ref(&of_nothing))), None);
    assert_eq!(scene.write(|unit| unit.deliver(&[])), None);
    assert_eq!(scene.write(|unit| unit.deliver(&[batch(one, Door::Api, &[])])), None);
    assert_eq!(scene.entries().len(), 3);
}

/// What was never released was never delivered.
pub fn of_unknown_releases_are_refused(scene: &mut Scene) {
    let [one, two] = two_releases(scene);
    for (first, last) in [(0, 0), (one.seq.0 - 1, two.seq.0), (two.seq.0, u64::MAX >> 1)] {
        let releases = Places::between(first, last);
        let batches = [DeliveryBatch { releases, ..batch(one, Door::Api, &[1]) }];
        assert!(is_refused(&scene.try_write(|unit| unit.deliver(&batches))), "{first}–{last}");
    }
    let unknown = Stamp { seq: Sequence(99), at: one.at };
    let not_an_item = Stamp { seq: Sequence(1), at: one.at };
    for bad in [unknown, not_an_item] {
        let batches = [batch(one, Door::Api, &[1]), batch(bad, Door::Api, &[1])];
        assert!(is_refused(&scene.try_write(|unit| unit.deliver(&batches))));
        assert!(is_refused(&scene.try_write(|unit| unit.acknowledge(&ack(bad, 1, None)))));
    }
    assert_eq!(scene.entries().len(), 3);
}

/// One for each organisation and release.
pub fn the_first_acknowledgement_counts(scene: &mut Scene) {
    let [one, two] = two_releases(scene);
    let first = ack(one, 2, Some("seen, \"blocking\""));
    let stamp = scene.write(|unit| unit.acknowledge(&first)).expect("the first");
    scene.reopen();
    assert_eq!(scene.write(|unit| unit.acknowledge(&ack(one, 2, None))), None);
    let second = ack(one, 1, None);
    assert!(scene.write(|unit| unit.acknowledge(&second)).is_some());
    assert!(scene.write(|unit| unit.acknowledge(&ack(two, 2, None))).is_some());
    let found = scene.read(|reader| reader.acknowledgements(one.seq));
    assert_eq!(found, [first, second]);
    let entry = &scene.entries()[3];
    assert_eq!((entry.kind, entry.stamp), (EntryKind::Acknowledged, stamp));
    assert_eq!(entry.actor, "contact");
}

/// After a place, at most so many.
pub fn acknowledgements_are_read_in_order(scene: &mut Scene) {
    let [one, two] = two_releases(scene);
    let acks = [ack(two, 1, None), ack(one, 9, Some("è")), ack(one, 2, None)];
    let stamps =
        acks.each_ref().map(|ack| scene.write(|unit| unit.acknowledge(ack)).expect("the first"));
    let after =
        |place, limit| scene.read(|reader| reader.acknowledgements_after(Sequence(place), limit));
    let all: Vec<_> = stamps.into_iter().zip(acks).collect();
    assert_eq!(after(0, 10), all);
    assert_eq!(after(0, 2), all[..2]);
    assert_eq!(after(stamps[0].seq.0, 10), all[1..]);
    assert!(after(stamps[2].seq.0, 10).is_empty());
}
