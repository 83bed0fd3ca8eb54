//! A node restored from last night's copy of its ledger loses nothing and duplicates nothing.

use std::path::Path;

use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn items(range: std::ops::Range<u32>) -> Vec<TestItem> {
    range.map(|n| TestItem::indicator(n).tlp("AMBER")).collect()
}

/// What both are given before and after the copy is at both in the end, once.
#[test]
fn what_it_lost_comes_back_and_what_it_gave_stays() {
    let (place, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let national = Node::new("cnaipic", agreements());
    let umbria = Node::at("cosc-umbria", place.path());
    umbria.found(agreements());
    pair(&national, &umbria);
    umbria.bring("cosc-umbria", &items(0..20));
    national.bring("cnaipic", &items(100..120));
    settle(&mut [Wire::between(&national, &umbria)]);
    drop(umbria);
    copy(place.path(), backup.path());
    let umbria = Node::at("cosc-umbria", place.path());
    umbria.bring("cosc-umbria", &items(20..40));
    national.bring("cnaipic", &items(120..140));
    settle(&mut [Wire::between(&national, &umbria)]);
    drop(umbria);
    let umbria = Node::at("cosc-umbria", backup.path());
    assert!(!umbria.reads("cosc-umbria", &items(20..21)[0].id()), "it is last night's");
    umbria.bring("cosc-umbria", &items(40..50));
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    let everything: Vec<_> = [items(0..50), items(100..140)].concat();
    for (node, reader) in [(&national, "cnaipic"), (&umbria, "cosc-umbria")] {
        for item in &everything {
            assert!(node.reads(reader, &item.id()), "{} at {}", item.id(), node.name);
        }
        assert_eq!(node.read_by(reader).len(), everything.len(), "at {}", node.name);
    }
    // What came back is its own to withdraw.
    let (back, by) = (items(20..21)[0].id(), umbria.person("cosc-umbria"));
    umbria.house.withdraw(&by, &back, "a mistake").unwrap();
    settle(&mut wires);
    assert!(!umbria.reads("cosc-umbria", &back) && !national.reads("cnaipic", &back));
    let left = everything.len() - 1;
    // And what came back is passed on as what it was.
    let liguria = Node::new("cosc-liguria", agreements());
    pair(&national, &liguria);
    settle(&mut [Wire::between(&national, &liguria)]);
    assert_eq!(liguria.read_by("cosc-liguria").len(), left);
    assert!(liguria.house.standing().directory.number(&id("genova")).is_some());
}

/// It has changed its address since the copy, and changes it again before it has heard that.
#[test]
fn it_takes_back_its_card_and_is_not_sent_away_for_an_older_one() {
    let (place, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let national = Node::new("cnaipic", agreements());
    let umbria = Node::at("cosc-umbria", place.path());
    umbria.found(agreements());
    pair(&national, &umbria);
    drop(umbria);
    copy(place.path(), backup.path());
    let umbria = Node::at("cosc-umbria", place.path());
    let moved = |to: &str| Some(format!("{to}.example.org:8444"));
    umbria.house.establish_node(&umbria.scope(), moved("one").as_deref()).unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    drop(umbria);
    let umbria = Node::at("cosc-umbria", backup.path());
    umbria.house.establish_node(&umbria.scope(), moved("two").as_deref()).unwrap();
    umbria.bring("cosc-umbria", &items(0..5));
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    assert!(wires[0].is_up());
    settle(&mut [Wire::between(&national, &umbria)]);
    let known =
        |node: &Node| node.house.mesh().unwrap().cards.newest(&id("cosc-umbria")).unwrap().clone();
    assert_eq!(known(&national), known(&umbria));
    assert_eq!((known(&national).says.serial, known(&national).says.address), (3, moved("two")));
    assert_eq!(national.read_by("cnaipic").len(), 5);
    assert!(national.deeds().iter().all(|deed| deed["deed"] != "card-refused"));
}

/// The whole is brought anew, and the form of it that others have is still this node's to take back.
#[test]
fn the_form_that_came_back_is_withdrawn_with_what_is_brought_again() {
    let (place, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let national = Node::new("cnaipic", agreements());
    let umbria = Node::at("cosc-umbria", place.path());
    umbria.found(agreements());
    pair(&national, &umbria);
    settle(&mut [Wire::between(&national, &umbria)]);
    drop(umbria);
    copy(place.path(), backup.path());
    let victim = serde_json::json!([id("perugia").identity()]);
    let incident = TestItem::incident(1, "Ransomware").tlp("CLEAR").handled("victim_refs", victim);
    let umbria = Node::at("cosc-umbria", place.path());
    umbria.bring("perugia", &[incident.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert_eq!(national.read_by("cnaipic").len(), 1);
    drop(umbria);
    let umbria = Node::at("cosc-umbria", backup.path());
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    assert_eq!(umbria.read_by("cosc-umbria").len(), 1, "it came back");
    umbria.bring("perugia", &[incident.clone()]);
    umbria.house.withdraw(&umbria.person("perugia"), &incident.id(), "a mistake").unwrap();
    settle(&mut wires);
    assert_eq!(umbria.read_by("cosc-umbria"), [""; 0]);
    assert_eq!(national.read_by("cnaipic"), [""; 0]);
}
