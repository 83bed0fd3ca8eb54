//! What a question costs grows with what it is about, and no faster.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use vedetta_testkit::Watched;

use super::*;

#[test]
fn what_is_left_of_an_item_with_many_versions_is_read_once_for_all_of_them() {
    let many = 50;
    let watched = Arc::new(Watched::new(TestHouse::ledger()));
    let test = TestHouse::over(Arc::clone(&watched) as _).with_small_network();
    test.hide_victims("none");
    let victim = OrganisationId::new("perugia").unwrap().identity();
    let item = TestItem::incident(6, "Ransomware").tlp("AMBER");
    let item = item.handled("victim_refs", json!([victim]));
    for n in 0..many {
        let version = item.clone().modified(&format!("2026-03-02T00:00:{n:02}.000Z"));
        assert_eq!(test.bring("cosc-umbria", &[version]).accepted.len(), 1);
    }
    assert_eq!(read_by(&test, "stranger").len(), many);
    let (bringer, room) = (test.person("cosc-umbria"), test.administrator());
    test.house.withdraw(&bringer, &item.id(), "a mistake").unwrap();
    let read = |ask: &dyn Fn()| {
        let before = watched.told.releases.load(Ordering::SeqCst);
        ask();
        watched.told.releases.load(Ordering::SeqCst) - before
    };
    let told = read(&|| assert!(test.house.tombstone(&bringer, &item.id()).unwrap().is_some()));
    let held = read(&|| drop(test.house.holders_of(&room, &item.id()).unwrap()));
    let (twice, thrice) = (many * 2, many * 3);
    assert!(told >= twice && told < thrice, "with its forms, {told} for {many} versions");
    assert!(held >= twice && held < thrice, "with its forms, {held} for {many} versions");
}
