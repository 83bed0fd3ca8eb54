//! What proving a ledger reads.

use vedetta_model::OrganisationNumber;
use vedetta_store::conformance::scene::{self, Scene, Version};
use vedetta_store::{Verification, verify};
use vedetta_testkit::watched::{Counting, Told};

use crate::Directory;

#[test]
fn an_item_with_many_versions_is_read_as_often_as_others() {
    let many = 12_000;
    let read = read_of(many, |_| {});
    assert!(read < 6 * 12_000, "{read} for {many} versions");
}

#[test]
fn an_item_with_many_versions_that_was_withdrawn_is_read_as_often_as_others() {
    let many = 3_000;
    let read = read_of(many, |scene| {
        let version = Version::of(1, scene.clearance(&[1]));
        scene.write(|unit| {
            let producer = OrganisationNumber(version.producer);
            unit.withdraw(&version.id, producer, "tester", "{}")
        });
    });
    assert!(read < 6 * 3_000, "{read} for {many} versions");
}

/// How many items are read to prove so many versions of one, of which then something becomes.
fn read_of(many: i64, then: impl Fn(&Scene)) -> usize {
    let scene = Scene::new(Box::new(Directory::new()));
    let clearance = scene.clearance(&[1]);
    for from in (0..many).step_by(1_000) {
        scene.write(|unit| {
            for version in from..from + 1_000_i64 {
                scene::place(unit, &Version::of(1, clearance).version(version + 1))?;
            }
            Ok(())
        });
    }
    then(&scene);
    scene.read(|reader| {
        let told = Told::default();
        let verified = verify(&mut Counting::new(reader, &told))?;
        assert!(matches!(verified, Verification::Sound { .. }));
        Ok(told.all())
    })
}
