//! Pages under change: nothing skipped, nothing twice.

use std::sync::atomic::{AtomicBool, Ordering};

use super::scene::{self, Scene, Version, all, everything};
use crate::entry::Sequence;
use crate::item::{ClearanceId, ItemQuery};

fn fill(scene: &Scene, items: std::ops::Range<u32>, clearance: ClearanceId) {
    let versions: Vec<Version> = items.map(|n| Version::of(n, clearance)).collect();
    let drafts: Vec<_> = versions.iter().map(Version::draft).collect();
    scene.write(|unit| unit.place_items(&drafts));
}

/// Whatever the size of the page.
pub fn goes_through_everything_once(scene: &mut Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    for round in 0..10 {
        fill(scene, round * 20..round * 20 + 13, one);
        fill(scene, round * 20 + 13..round * 20 + 20, two);
    }
    let both = [one, two];
    for clearances in [None, Some(&both[..]), Some(&both[..1]), Some(&both[1..])] {
        let whole = scene.releases(&ItemQuery { clearances, ..everything() });
        for limit in [1, 2, 7, 10_000] {
            let query = ItemQuery { clearances, limit, ..everything() };
            assert_eq!(scene.releases(&query), whole, "{clearances:?} by {limit}");
        }
        assert!(whole.windows(2).all(|pair| pair[0] < pair[1]));
    }
    assert_eq!(scene.releases(&everything()).len(), 200);
}

/// Without a next place when nothing more matches.
pub fn ends_where_asked(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    fill(scene, 0..10, clearance);
    let until = Some(Sequence(6));
    let page = scene.read(|reader| reader.items(&ItemQuery { until, ..everything() }));
    assert_eq!(page.items.len(), 5);
    assert_eq!(page.next, None);
}

/// A reader entitled to very little of a lot finds it.
pub fn goes_on_when_nothing_matches_for_long(scene: &mut Scene) {
    let (common, rare) = (scene.clearance(&[1]), scene.clearance(&[2]));
    let mut expected = Vec::new();
    for round in 0..5 {
        fill(scene, round * 1_000..round * 1_000 + 999, common);
        expected.push(scene.add(&Version::of(round * 1_000 + 999, rare)).seq.0);
    }
    let vacant: Vec<ClearanceId> = (0..40).map(|n| scene.clearance(&[100 + n])).collect();
    for entitled in [vec![rare], [&[rare], &vacant[..]].concat()] {
        for limit in [1, 2, 1_000] {
            let query = ItemQuery { clearances: Some(&entitled), limit, ..everything() };
            assert_eq!(scene.releases(&query), expected);
        }
    }
    let (kinds, ids) = (["indicator".to_owned()], [scene::id("indicator", 999)]);
    let query = ItemQuery { clearances: Some(&[rare]), kinds: &kinds, ..everything() };
    assert_eq!(scene.releases(&query), expected);
    assert_eq!(scene.releases(&ItemQuery { ids: &ids, ..query }), expected[..1]);
}

/// A reader that follows the next places while a writer writes sees what is there in the end.
pub fn is_whole_while_a_writer_writes(scene: &mut Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    let (mut seen, done) = (Vec::new(), AtomicBool::new(false));
    let (store, now) = (scene.store(), scene.tick());
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for number in 0..150 {
                let clearance = if number % 3 == 0 { two } else { one };
                let versions =
                    [Version::of(number * 2, clearance), Version::of(number * 2 + 1, one)];
                let write = store.write(now, &mut |unit| {
                    unit.place_items(&versions.each_ref().map(Version::draft)).map(drop)
                });
                write.expect("kept");
            }
            done.store(true, Ordering::Release);
        });
        let (mut query, entitled) = (everything(), [one]);
        (query.limit, query.clearances) = (11, Some(&entitled[..]));
        loop {
            let last_round = done.load(Ordering::Acquire);
            let found = scene.read(|reader| all(reader, &query));
            query.after = found.last().map_or(query.after, |item| item.stamp.seq);
            seen.extend(found.iter().map(|item| item.stamp.seq.0));
            if last_round {
                break;
            }
        }
    });
    let whole = scene.releases(&ItemQuery { clearances: Some(&[one]), ..everything() });
    assert_eq!(whole.len(), 250);
    assert_eq!(seen, whole);
}

/// Two writers at once: a reader never meets an entry below one it has seen.
pub fn never_skips_a_late_commit(scene: &mut Scene) {
    let (store, now) = (scene.store(), scene.tick());
    let mut seen = Vec::new();
    std::thread::scope(|threads| {
        let writers = ["a", "b"].map(|name| {
            let store = &store;
            threads.spawn(move || {
                for _ in 0..60 {
                    let write = store.write(now, &mut |unit| {
                        scene::deed(unit, name)?;
                        scene::deed(unit, name).map(drop)
                    });
                    write.expect("kept");
                }
            })
        });
        loop {
            let over = writers.iter().all(std::thread::ScopedJoinHandle::is_finished);
            let after = Sequence(seen.last().copied().unwrap_or(0));
            let entries = scene::read(&*store, |reader| reader.entries(after, 7));
            if entries.is_empty() && over {
                break;
            }
            seen.extend(entries.iter().map(|entry| entry.stamp.seq.0));
        }
    });
    assert_eq!(seen, (1..=240).collect::<Vec<u64>>());
}

/// One reading sees one moment of the ledger, whatever is written meanwhile.
pub fn is_of_one_snapshot(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    fill(scene, 0..10, clearance);
    scene.read(|reader| {
        let head = reader.head()?;
        fill(scene, 10..20, clearance);
        assert_eq!(reader.head()?, head);
        assert_eq!(all(reader, &everything())?.len(), 10);
        assert!(reader.releases(&scene::id("indicator", 15))?.is_empty());
        assert_eq!(reader.releases_per_clearance()?, [(clearance, 10)]);
        Ok(())
    });
    assert_eq!(scene.all(&everything()).len(), 20);
    assert_eq!(scene.read(|reader| reader.releases(&scene::id("indicator", 15))).len(), 1);
}
