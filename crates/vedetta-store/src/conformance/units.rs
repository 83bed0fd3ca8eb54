//! Units of work: all or nothing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use vedetta_model::OrganisationId;

use super::scene::{self, Scene, Version, deed, intern, is_refused, place};
use crate::entry::Sequence;
use crate::error::StoreError;
use crate::item::{ClearanceId, Placement};
use crate::job::NewJob;
use crate::record::{RecordKind, SecretKind};
use crate::store::UnitOfWork;

fn everything(scene: &Scene, unit: &mut dyn UnitOfWork) -> scene::Told<()> {
    let clearance = intern(unit, &[1, 2])?;
    let version = Version::of(1, clearance);
    let release = scene::added(place(unit, &version)?);
    let other = intern(unit, &[3])?;
    unit.rerelease(&[(release.seq, other)], "tester")?;
    unit.put_record(RecordKind::Asset, "a", b"{}", "tester")?;
    unit.number(&OrganisationId::new("acme").expect("an identifier"))?;
    unit.put_secret(SecretKind::Totp, "a", b"secret")?;
    unit.set_cursor("reader", Sequence(3))?;
    let due = scene.tick();
    unit.enqueue(&NewJob { step: "step", key: "key", task: "{}", due })
}

fn traces(scene: &Scene) -> usize {
    scene.read(|reader| {
        let mut traces = reader.entries(Sequence::START, 100)?.len();
        traces += scene::all(reader, &scene::everything())?.len();
        traces += reader.clearances(None)?.len() + reader.releases_per_clearance()?.len();
        traces += reader.records(RecordKind::Asset)?.len() + reader.numbers()?.len();
        traces += usize::from(reader.secret(SecretKind::Totp, "a")?.is_some());
        traces += usize::from(reader.cursor("reader")? != Sequence::START);
        Ok(traces)
    }) + scene
        .write(|unit| unit.lease("step", scene.tick(), std::time::Duration::from_secs(1), 10))
        .len()
}

/// A unit that answers an error leaves nothing.
pub fn keep_nothing_of_a_failure(scene: &mut Scene) {
    let told = scene.try_write(|unit| {
        everything(scene, unit)?;
        Err::<(), _>(StoreError::Refused("changed my mind".into()))
    });
    assert!(matches!(told, Err(StoreError::Refused(why)) if why == "changed my mind"));
    assert_eq!(traces(scene), 0);
    scene.write(|unit| everything(scene, unit));
    assert!(traces(scene) > 0);
}

/// Nor does one that panics; the store goes on.
pub fn keep_nothing_of_a_panic(scene: &mut Scene) {
    let store = scene.store();
    let now = scene.tick();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.write(now, &mut |unit| {
            everything(scene, unit)?;
            std::panic::resume_unwind(Box::new("on purpose"));
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(traces(scene), 0);
    scene.write(|unit| deed(unit, "after"));
    assert_eq!(scene.entries().len(), 1);
}

/// What a unit wrote, it reads, and others do not until it ends.
pub fn read_their_own_writes(scene: &mut Scene) {
    scene.write(|unit| {
        everything(scene, unit)?;
        let (head, _) = unit.head()?.expect("a head");
        assert_eq!(unit.entries(Sequence::START, 100)?.len() as u64, head.seq.0);
        assert_eq!(unit.place_at(head.at)?, head.seq);
        assert_eq!(scene::all(unit, &scene::everything())?.len(), 2);
        assert_eq!(unit.releases(&scene::id("indicator", 1))?.len(), 2);
        assert_eq!(unit.clearances(None)?.len(), 2);
        let counts = unit.releases_per_clearance()?;
        assert_eq!(counts, [(ClearanceId(1), 1), (ClearanceId(2), 1)]);
        assert_eq!(unit.record(RecordKind::Asset, "a")?.expect("there").body, b"{}");
        assert_eq!(unit.secret(SecretKind::Totp, "a")?.as_deref(), Some(&b"secret"[..]));
        assert_eq!(unit.cursor("reader")?, Sequence(3));
        assert_eq!(unit.numbers()?.len(), 1);
        assert!(scene.entries().is_empty(), "not seen from outside");
        Ok(())
    });
}

/// A refused verb did nothing, and what else the unit did is kept.
pub fn go_on_after_a_refusal(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    let (good, bad) = (Version::of(1, clearance), Version::of(2, ClearanceId(99)));
    scene.write(|unit| {
        assert!(is_refused(&unit.place_items(&[good.draft(), bad.draft()])));
        let release = scene::added(place(unit, &good)?);
        let stale = [(release.seq, clearance), (Sequence(99), clearance)];
        assert!(is_refused(&unit.rerelease(&stale, "tester")));
        deed(unit, "went on")
    });
    assert_eq!(scene.entries().len(), 3);
    assert_eq!(scene.all(&scene::everything()).len(), 1);
}

/// An error that a unit returns is the error that the writer sees.
pub fn are_lost_after_an_error(scene: &mut Scene) {
    let place = "there".to_owned();
    let told = scene.try_write(|unit| {
        deed(unit, "lost")?;
        Err::<(), _>(StoreError::Full { place: place.clone() })
    });
    assert!(matches!(told, Err(StoreError::Full { .. })));
    assert!(scene.entries().is_empty());
}

/// What was kept is there when the store is opened again, and goes on from there.
pub fn keep_all_when_reopened(scene: &mut Scene) {
    scene.write(|unit| everything(scene, unit));
    let before = scene.read(|reader| reader.head());
    let items = scene.all(&scene::everything());
    scene.reopen();
    assert_eq!(scene.read(|reader| reader.head()), before);
    assert_eq!(scene.all(&scene::everything()), items);
    let again = scene.place(&Version::of(1, ClearanceId(1)));
    assert_eq!(again, Placement::Duplicate(items[0].stamp));
    let stamp = scene.write(|unit| deed(unit, "later"));
    let (head, _) = before.expect("a head");
    assert_eq!(stamp.seq.0, head.seq.0 + 1);
    assert!(stamp.at > head.at);
    assert!(traces(scene) > 0);
}

/// A reader beside a writer sees units whole: each writes a pair.
pub fn are_seen_whole_or_not_at_all(scene: &mut Scene) {
    let (store, now) = (scene.store(), scene.tick());
    std::thread::scope(|threads| {
        let writer = threads.spawn(|| {
            for _ in 0..60 {
                let pair = store.write(now, &mut |unit| {
                    deed(unit, "first")?;
                    deed(unit, "second").map(drop)
                });
                pair.expect("kept");
            }
        });
        while !writer.is_finished() {
            let head = scene.read(|reader| reader.head());
            assert_eq!(head.map_or(0, |(stamp, _)| stamp.seq.0) % 2, 0);
        }
    });
    assert_eq!(scene.entries().len(), 120);
}
