//! Versions beside one that was withdrawn alone.

use vedetta_model::{Instant, OrganisationNumber};
use vedetta_store::conformance::scene::{Scene, Version};
use vedetta_store::{ItemQuery, Reader, Sequence, VersionFilter};

use crate::Directory;

#[test]
fn the_ends_of_a_line_are_found_in_whatever_order_its_versions_come() {
    let scene = Scene::new(Box::new(Directory::new()));
    let clearance = scene.clearance(&[1]);
    // Which versions come, and after how many of them the third is withdrawn.
    let orders = [([3, 2, 4], 1), ([3, 4, 2], 1), ([3, 2, 4], 2), ([3, 4, 2], 2), ([3, 2, 4], 3)];
    for (item, (order, before)) in (1..).zip(orders) {
        let version = Version::of(item, clearance);
        for (placed, number) in (1..).zip(order) {
            scene.add(&version.clone().version(number));
            if placed == before {
                let of = (OrganisationNumber(1), Some(Instant::from_micros(3)));
                scene
                    .write(|unit| unit.withdraw(&version.id, of, "tester", "{}"))
                    .expect("withdrawn");
            }
        }
        for (versions, end) in [(VersionFilter::First, 2), (VersionFilter::Last, 4)] {
            let ids = [version.id.clone()];
            let query =
                ItemQuery { ids: &ids, versions, ..ItemQuery::all(Sequence::START, 100) };
            let found = scene.read(|reader: &mut dyn Reader| reader.items(&query)).items;
            let found: Vec<_> = found.iter().map(|it| it.version).collect();
            assert_eq!(found, [Instant::from_micros(end)], "{order:?}, after {before}");
        }
    }
}
