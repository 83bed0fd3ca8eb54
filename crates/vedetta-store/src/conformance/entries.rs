//! Entries: numbered, timed, linked, found again.

use vedetta_model::Instant;

use super::scene::{self, Scene, Version, deed};
use crate::chain::{Digest, link};
use crate::entry::{Draft, EntryKind, Sequence, Stamp};
use crate::record::RecordKind;

/// Nothing is there at first.
pub fn start_empty(scene: &mut Scene) {
    scene.read(|reader| {
        assert_eq!(reader.head()?, None);
        assert!(reader.entries(Sequence::START, 10)?.is_empty());
        assert_eq!(reader.place_at(Instant::FAR)?, Sequence::START);
        assert!(reader.items(&scene::everything())?.items.is_empty());
        assert!(reader.numbers()?.is_empty() && reader.clearances(None)?.is_empty());
        Ok(())
    });
}

/// 1, 2, 3 … whatever the verb, also after a unit that was not kept.
pub fn number_without_gaps(scene: &mut Scene) {
    let clearance = scene.clearance(&[1]);
    scene.add(&Version::of(1, clearance));
    let lost = scene.try_write(|unit| {
        deed(unit, "lost")?;
        Err::<(), _>(crate::StoreError::Refused("enough".into()))
    });
    assert!(scene::is_refused(&lost));
    scene.reopen();
    scene.write(|unit| unit.put_record(RecordKind::Setting, "a", b"{}", "tester"));
    let places: Vec<u64> = scene.entries().iter().map(|entry| entry.stamp.seq.0).collect();
    assert_eq!(places, [1, 2, 3]);
}

/// Each moment is later than the one before, though the clock stands or goes back, and none is
/// earlier than the clock.
pub fn rise_in_time(scene: &mut Scene) {
    let late = scene.tick();
    let mut stamps: Vec<Stamp> = Vec::new();
    for now in [late, late, late.before(std::time::Duration::from_secs(60))] {
        let write = scene.store().write(now, &mut |unit| {
            stamps.extend([deed(unit, "a")?, deed(unit, "b")?]);
            Ok(())
        });
        write.expect("kept");
        assert!(stamps.iter().all(|stamp| stamp.at >= late));
    }
    assert!(stamps.windows(2).all(|pair| pair[0].at < pair[1].at), "{stamps:?}");
    assert_eq!(stamps[0].at, late, "the first carries the clock's moment");
    let stored: Vec<Stamp> = scene.entries().iter().map(|entry| entry.stamp).collect();
    assert_eq!(stored, stamps);
}

/// The links are those of the specification, over every kind of entry.
pub fn link_to_the_one_before(scene: &mut Scene) {
    let clearance = scene.clearance(&[1, 2]);
    scene.add(&Version::of(1, clearance));
    scene.write(|unit| {
        let (kind, body) = (EntryKind::Deed, &[0, 255, 1][..]);
        unit.append(&Draft { kind, actor: "è", subject: "", facts: "{}", body })
    });
    let mut previous = Digest::default();
    for entry in scene.entries() {
        let draft = Draft {
            kind: entry.kind,
            actor: &entry.actor,
            subject: &entry.subject,
            facts: &entry.facts,
            body: &entry.body,
        };
        let expected = link(&previous, entry.stamp, &draft, &Digest::of(&entry.body));
        assert_eq!(entry.hash, expected, "entry {}", entry.stamp.seq);
        previous = entry.hash;
    }
    let head = scene.read(|reader| reader.head()).expect("a head");
    assert_eq!((head.0.seq, head.1), (Sequence(3), previous));
}

/// The last place at or before a moment.
pub fn are_found_by_moment(scene: &mut Scene) {
    let stamps: Vec<Stamp> = (0..21).map(|_| scene.write(|unit| deed(unit, "x"))).collect();
    scene.read(|reader| {
        for stamp in &stamps {
            let just_before = Instant::from_micros(stamp.at.micros() - 1);
            assert_eq!(reader.place_at(stamp.at)?, stamp.seq);
            assert_eq!(reader.place_at(just_before)?, Sequence(stamp.seq.0 - 1));
        }
        assert_eq!(reader.place_at(Instant::from_micros(i64::MIN))?, Sequence::START);
        assert_eq!(reader.place_at(Instant::FAR)?, Sequence(21));
        Ok(())
    });
}

/// After a place, at most so many, none at the end.
pub fn are_read_in_pages(scene: &mut Scene) {
    scene.write(|unit| (0..25).try_for_each(|n| deed(unit, &n.to_string()).map(drop)));
    scene.read(|reader| {
        let (mut subjects, mut after) = (Vec::new(), Sequence::START);
        loop {
            let page = reader.entries(after, 10)?;
            assert!(page.len() <= 10);
            let Some(last) = page.last() else { break };
            after = last.stamp.seq;
            subjects.extend(page.into_iter().map(|entry| entry.subject));
        }
        let expected: Vec<String> = (0..25).map(|n| n.to_string()).collect();
        assert_eq!(subjects, expected);
        assert!(reader.entries(Sequence(u64::MAX), 10)?.is_empty());
        assert!(reader.entries(Sequence::START, 0)?.is_empty());
        Ok(())
    });
}

/// Bodies, and texts in any language, come back as they went.
pub fn keep_any_bytes(scene: &mut Scene) {
    let body: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let (kind, subject) = (EntryKind::Deed, "città 東京 \u{1f6a8}");
    let draft = Draft { kind, actor: "O'Neil; --", subject, facts: r#"{"a":"\\"}"#, body: &body };
    scene.write(|unit| unit.append(&draft));
    let entry = scene.entries().remove(0);
    assert_eq!((entry.kind, entry.actor.as_str()), (kind, draft.actor));
    assert_eq!((entry.subject.as_str(), entry.facts.as_str()), (subject, draft.facts));
    assert_eq!(entry.body, body);
}

/// Only deeds are appended as such.
pub fn are_written_by_their_verbs(scene: &mut Scene) {
    for kind in EntryKind::ALL.into_iter().filter(|kind| *kind != EntryKind::Deed) {
        let draft = Draft { kind, actor: "a", subject: "b", facts: "{}", body: b"" };
        assert!(scene::is_refused(&scene.try_write(|unit| unit.append(&draft))), "{kind:?}");
    }
    assert!(scene.entries().is_empty());
}
