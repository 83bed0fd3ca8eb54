//! Clearances: interned.

use std::collections::BTreeSet;

use vedetta_model::{AgreementId, Handling, OrganisationId, Tlp};

use super::scene::{Scene, Version, audience, handling};
use crate::entry::EntryKind;
use crate::item::{ClearanceId, Form, NewClearance};
use crate::store::UnitOfWork;

fn intern(
    unit: &mut dyn UnitOfWork,
    handling: &Handling,
    form: Form,
    numbers: &[u32],
) -> super::scene::Told<ClearanceId> {
    let (audience, grounds) = (&audience(numbers), r#"["pro-c2si"]"#);
    unit.intern(&NewClearance { handling, form, audience, grounds, actor: "policy" })
}

/// Equal handling, form and audience are one clearance and one entry, also later, whatever the
/// grounds.
pub fn equal_ones_are_one(scene: &mut Scene) {
    let handling = handling("acme");
    let first = scene.write(|unit| intern(unit, &handling, Form::Full, &[1, 700]));
    let second = scene.write(|unit| {
        intern(unit, &handling, Form::Full, &[700, 1])?;
        let audience = &audience(&[1, 700]);
        let (form, grounds, actor) = (Form::Full, "{}", "other");
        unit.intern(&NewClearance { handling: &handling, form, audience, grounds, actor })
    });
    scene.reopen();
    let third = scene.write(|unit| intern(unit, &handling, Form::Full, &[1, 700]));
    assert_eq!([first, second, third], [ClearanceId(1); 3]);
    let entries = scene.entries();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].kind, entries[0].actor.as_str()), (EntryKind::Clearance, "policy"));
    let stored = scene.read(|reader| reader.clearances(None));
    assert_eq!(stored[0].grounds, r#"["pro-c2si"]"#);
}

/// Whatever differs makes another, numbered on.
pub fn different_ones_are_different(scene: &mut Scene) {
    let plain = handling("acme");
    let mut red = plain.clone();
    red.tlp = Tlp::Red;
    let mut limited = plain.clone();
    limited.only_under = BTreeSet::from([AgreementId::new("pro-c2si").expect("an identifier")]);
    let ids = scene.write(|unit| {
        Ok([
            intern(unit, &plain, Form::Full, &[1])?,
            intern(unit, &plain, Form::Redacted, &[1])?,
            intern(unit, &plain, Form::Full, &[1, 2])?,
            intern(unit, &plain, Form::Full, &[])?,
            intern(unit, &red, Form::Full, &[1])?,
            intern(unit, &limited, Form::Full, &[1])?,
            intern(unit, &handling("other"), Form::Full, &[1])?,
        ])
    });
    assert_eq!(ids.map(|id| id.0), [1, 2, 3, 4, 5, 6, 7]);
}

/// They read back as they were decided.
pub fn read_back(scene: &mut Scene) {
    let mut handling = handling("acme");
    handling.victims = BTreeSet::from([OrganisationId::new("comune").expect("an identifier")]);
    let numbers = [0, 63, 64, 8_100];
    let id = scene.write(|unit| intern(unit, &handling, Form::Redacted, &numbers));
    let stored = scene.read(|reader| reader.clearances(None)).remove(0);
    let entry = scene.entries().remove(0);
    assert_eq!((stored.id, stored.stamp), (id, entry.stamp));
    assert_eq!((&*stored.handling, stored.form), (&handling, Form::Redacted));
    assert_eq!(*stored.audience, audience(&numbers));
    assert_eq!(stored.grounds, r#"["pro-c2si"]"#);
}

/// Their releases are counted, those of a unit of work that is not kept not.
pub fn are_counted(scene: &mut Scene) {
    let (one, two) = (scene.clearance(&[1]), scene.clearance(&[2]));
    assert!(scene.read(|reader| reader.releases_per_clearance()).is_empty());
    let first = scene.add(&Version::of(1, two));
    scene.add(&Version::of(2, two));
    scene.add(&Version::of(2, two).version(2));
    scene.write(|unit| unit.rerelease(&[(first.seq, one)], "tester"));
    assert_eq!(scene.place(&Version::of(1, one)), crate::Placement::Duplicate(first));
    let lost = scene.try_write(|unit| {
        super::scene::place(unit, &Version::of(3, one))?;
        assert_eq!(unit.releases_per_clearance()?, [(one, 2), (two, 3)]);
        Err::<(), _>(crate::StoreError::Refused("enough".into()))
    });
    assert!(lost.is_err());
    scene.reopen();
    let counts = scene.read(|reader| reader.releases_per_clearance());
    assert_eq!(counts, [(one, 1), (two, 3)]);
}

/// Only those that a reader does not know yet.
pub fn start_after_a_number(scene: &mut Scene) {
    for number in 0..4 {
        let _ = scene.clearance(&[number]);
    }
    let after = |id: u32| {
        let stored = scene.read(|reader| reader.clearances(Some(ClearanceId(id))));
        stored.iter().map(|clearance| clearance.id.0).collect::<Vec<_>>()
    };
    assert_eq!(after(0), [1, 2, 3, 4]);
    assert_eq!(after(2), [3, 4]);
    assert!(after(4).is_empty() && after(u32::MAX).is_empty());
}
