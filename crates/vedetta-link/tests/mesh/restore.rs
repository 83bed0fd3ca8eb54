//! A node restored from last night's copy of its ledger loses nothing and duplicates nothing.

use std::path::Path;

use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

pub(super) fn copy(from: &Path, to: &Path) {
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

/// Two nodes, of which the second was restored: both have given and taken since.
fn restored(place: &Path, backup: &Path) -> [Node; 2] {
    let national = Node::new("cnaipic", agreements());
    let umbria = Node::at("cosc-umbria", place);
    umbria.found(agreements());
    pair(&national, &umbria);
    umbria.bring("cosc-umbria", &items(0..20));
    national.bring("cnaipic", &items(100..120));
    settle(&mut [Wire::between(&national, &umbria)]);
    drop(umbria);
    copy(place, backup);
    let umbria = Node::at("cosc-umbria", place);
    umbria.bring("cosc-umbria", &items(20..40));
    national.bring("cnaipic", &items(120..140));
    settle(&mut [Wire::between(&national, &umbria)]);
    drop(umbria);
    let umbria = Node::at("cosc-umbria", backup);
    assert!(!umbria.reads("cosc-umbria", &items(20..21)[0].id()), "it is last night's");
    umbria.bring("cosc-umbria", &items(40..50));
    [national, umbria]
}

/// Everything that both were given is at both, once; how much that is.
fn have_everything(national: &Node, umbria: &Node) -> usize {
    let everything: Vec<_> = [items(0..50), items(100..140)].concat();
    for (node, reader) in [(national, "cnaipic"), (umbria, "cosc-umbria")] {
        for item in &everything {
            assert!(node.reads(reader, &item.id()), "{} at {}", item.id(), node.name);
        }
        assert_eq!(node.read_by(reader).len(), everything.len(), "at {}", node.name);
    }
    everything.len()
}

/// What both are given before and after the copy is at both in the end, once.
#[test]
fn what_it_lost_comes_back_and_what_it_gave_stays() {
    let (place, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [national, umbria] = restored(place.path(), backup.path());
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    let everything = have_everything(&national, &umbria);
    // What came back is its own to withdraw.
    let (back, by) = (items(20..21)[0].id(), umbria.person("cosc-umbria"));
    umbria.house.withdraw(&by, &back, "a mistake").unwrap();
    settle(&mut wires);
    assert!(!umbria.reads("cosc-umbria", &back) && !national.reads("cnaipic", &back));
    let left = everything - 1;
    // And what came back is passed on as what it was.
    let liguria = Node::new("cosc-liguria", agreements());
    pair(&national, &liguria);
    settle(&mut [Wire::between(&national, &liguria)]);
    assert_eq!(liguria.read_by("cosc-liguria").len(), left);
    assert!(liguria.house.standing().directory.number(&id("genova")).is_some());
}

/// The other has read much of its ledger for it before it hears of that, and the wire is cut then.
#[test]
fn what_is_on_its_way_before_the_peer_knows_of_it_is_not_taken() {
    let (place, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [national, umbria] = restored(place.path(), backup.path());
    let mut cut = Wire::between(&umbria, &national);
    for from in [0, 1, 0] {
        assert!(cut.carry_from(from));
    }
    let sent = |said: &str| cut.seen.iter().filter(|frame| frame.starts_with(said)).count();
    assert!(sent("Batch") > 0 && sent("Rewind") == 1, "{:?}", cut.seen);
    drop(cut);
    settle(&mut [Wire::between(&umbria, &national)]);
    have_everything(&national, &umbria);
}

/// Of three in a row two were restored: what the third gives back to one of them goes on to the
/// other, whose it was.
#[test]
fn what_came_back_is_given_back_further() {
    let places: [_; 4] = std::array::from_fn(|_| tempfile::tempdir().unwrap());
    let [national_at, liguria_at, national_copy, liguria_copy] =
        places.each_ref().map(|it| it.path());
    let umbria = Node::new("cosc-umbria", agreements());
    let national = Node::at("cnaipic", national_at);
    let liguria = Node::at("cosc-liguria", liguria_at);
    national.found(agreements());
    liguria.found(agreements());
    pair(&national, &umbria);
    pair(&national, &liguria);
    settle(&mut [Wire::between(&national, &umbria), Wire::between(&national, &liguria)]);
    drop((national, liguria));
    copy(national_at, national_copy);
    copy(liguria_at, liguria_copy);
    let national = Node::at("cnaipic", national_at);
    let liguria = Node::at("cosc-liguria", liguria_at);
    liguria.bring("cosc-liguria", &items(0..10));
    settle(&mut [Wire::between(&national, &umbria), Wire::between(&national, &liguria)]);
    assert_eq!(umbria.read_by("cosc-umbria").len(), 10);
    drop((national, liguria));
    let national = Node::at("cnaipic", national_copy);
    let liguria = Node::at("cosc-liguria", liguria_copy);
    settle(&mut [Wire::between(&national, &liguria), Wire::between(&national, &umbria)]);
    for (node, reader) in [(&national, "cnaipic"), (&liguria, "cosc-liguria")] {
        assert_eq!(node.read_by(reader).len(), 10, "at {}", node.name);
    }
    // It is its own again, to withdraw for everybody.
    let (lost, by) = (items(0..1)[0].id(), liguria.person("cosc-liguria"));
    liguria.house.withdraw(&by, &lost, "a mistake").unwrap();
    settle(&mut [Wire::between(&national, &liguria), Wire::between(&national, &umbria)]);
    assert!(!umbria.reads("cosc-umbria", &lost));
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
