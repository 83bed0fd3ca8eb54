//! Two producers bring objects under one identifier, and each reaches somebody whom the other does not:
//! every reader is given the same at every node, whatever came first, and nothing of what is not for him.

use serde_json::{Value, json};
use vedetta_flow::{Sequence, VersionFilter, Wish};
use vedetta_model::Agreement;
use vedetta_store::{Verification, verify};
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreement, agreements, id, party};
use super::restore::copy;
use super::wire::{Wire, pair, settle};

/// Umbria gives to some, and Liguria to others; at each node somebody reads what both bring.
fn acts() -> Vec<Agreement> {
    let act = |id, giver: &str, others: &[&str]| {
        let parties = json!([party("giver", &[giver]), party("others", others)]);
        agreement(id, None, ("named", "none"), &parties)
    };
    let umbria = act("by-umbria", "cosc-umbria", &["cnaipic", "terni", "genova", "poli-cert"]);
    let liguria = act("by-liguria", "cosc-liguria", &["cnaipic", "terni", "genova", "perugia"]);
    [agreements(), vec![umbria, liguria]].concat()
}

/// The nodes: Umbria, the national centre between them, and Liguria.
fn country() -> [Node; 3] {
    let nodes = ["cosc-umbria", "cnaipic", "cosc-liguria"].map(|name| Node::new(name, acts()));
    let [umbria, national, liguria] = &nodes;
    pair(national, umbria);
    pair(national, liguria);
    nodes
}

/// At which node somebody reads, and whose objects may be read there.
const READERS: [(usize, &str, &str); 7] = [
    (0, "cosc-umbria", "u"),
    (0, "terni", "ul"),
    (0, "perugia", "l"),
    (1, "cnaipic", "ul"),
    (1, "poli-cert", "u"),
    (2, "genova", "ul"),
    (2, "cosc-liguria", "l"),
];

fn moment(n: u32) -> String {
    format!("2026-03-{n:02}T00:00:00.000Z")
}

/// What Umbria, or Liguria, says of one thing in a version.
fn said(by: &str, version: u32) -> TestItem {
    let act = if by == "u" { "by-umbria" } else { "by-liguria" };
    let item = TestItem::indicator(1).tlp("AMBER").handled("only_under", json!([act]));
    item.modified(&moment(version)).with("name", json!(format!("{by}{version}")))
}

fn over(by: &str, version: u32) -> TestItem {
    said(by, version).with("revoked", json!(true))
}

fn bring([umbria, _, liguria]: &[Node; 3], item: &TestItem) {
    let by_umbria = item.json().contains("\"name\":\"u");
    match by_umbria {
        true => umbria.bring("cosc-umbria", &[item.clone()]),
        false => liguria.bring("cosc-liguria", &[item.clone()]),
    };
}

fn name(body: &[u8]) -> String {
    let object: Value = serde_json::from_slice(body).unwrap();
    let sign = if object["revoked"] == true { "-" } else { "" };
    format!("{sign}{}", object["name"].as_str().unwrap())
}

/// What somebody is given under the identifier: the one, the newest of each, and all.
fn given(node: &Node, reader: &str) -> (Option<String>, Vec<String>, Vec<String>) {
    let by = node.person(reader);
    let page = |versions| {
        let page = node.house.page(&by, &Wish::all(Sequence::START, versions)).unwrap();
        let mut names: Vec<_> = page.items.iter().map(|it| name(&it.body)).collect();
        names.sort();
        names
    };
    let (last, all) = (page(VersionFilter::Last), page(VersionFilter::All));
    let one = node.house.item(&by, &said("u", 1).id()).ok().map(|it| name(&it.body));
    (one, last, all)
}

/// Of each who brought some, what it brought last.
fn newest<'a>(all: &[&'a str]) -> Vec<&'a str> {
    let of = |by| all.iter().filter(move |it| it.contains(by));
    let last = |by| of(by).max_by_key(|it| it.trim_start_matches('-')).copied();
    let mut newest: Vec<_> = ["u", "l"].into_iter().filter_map(last).collect();
    newest.sort_unstable();
    newest
}

/// Whether everybody reads what a rule says of those whose objects he may read.
fn all_read(nodes: &[Node; 3], rule: impl Fn(&str) -> (Option<&'static str>, Vec<&'static str>)) {
    for (place, reader, whose) in READERS {
        let (one, mut all) = rule(whose);
        all.sort_unstable();
        let (given, last, everything) = given(&nodes[place], reader);
        assert_eq!(given.as_deref(), one, "{reader} of {whose}");
        assert_eq!(last, newest(&all), "{reader} of {whose}");
        assert_eq!(everything, all, "{reader} of {whose}");
    }
    for node in nodes {
        let mut sound = None;
        let read = node.store.read(&mut |reader| {
            sound = Some(verify(reader)?);
            Ok(())
        });
        read.unwrap();
        assert!(matches!(sound, Some(Verification::Sound { .. })), "at {}: {sound:?}", node.name);
    }
}

/// Which of two bodies of one version is given.
fn lesser() -> &'static str {
    let digest = |by| vedetta_store::Digest::of(said(by, 1).json().as_bytes());
    if digest("u") < digest("l") { "u1" } else { "l1" }
}

/// Which wires are carried first.
#[derive(Clone, Copy)]
enum Order {
    UmbriaFirst,
    LiguriaFirst,
    Together,
}

const ORDERS: [Order; 3] = [Order::UmbriaFirst, Order::LiguriaFirst, Order::Together];

fn carry([umbria, national, liguria]: &[Node; 3], order: Order) {
    let mut wires = [Wire::between(national, umbria), Wire::between(national, liguria)];
    match order {
        Order::UmbriaFirst => settle(&mut wires[..1]),
        Order::LiguriaFirst => settle(&mut wires[1..]),
        Order::Together => {}
    }
    settle(&mut wires);
}

#[test]
fn of_one_version_the_same_is_given_at_every_node() {
    for order in ORDERS {
        let nodes = country();
        [said("u", 1), said("l", 1)].iter().for_each(|it| bring(&nodes, it));
        carry(&nodes, order);
        all_read(&nodes, |whose| match whose {
            "u" => (Some("u1"), vec!["u1"]),
            "l" => (Some("l1"), vec!["l1"]),
            _ => (Some(lesser()), vec!["u1", "l1"]),
        });
    }
}

#[test]
fn the_newest_is_given_and_a_revocation_is_its_producers_alone() {
    for order in ORDERS {
        let nodes = country();
        let both = |them: &[TestItem]| {
            them.iter().for_each(|it| bring(&nodes, it));
            carry(&nodes, order);
        };
        both(&[said("l", 2), said("u", 1), said("u", 3)]);
        all_read(&nodes, |whose| match whose {
            "u" => (Some("u3"), vec!["u1", "u3"]),
            "l" => (Some("l2"), vec!["l2"]),
            _ => (Some("u3"), vec!["u1", "u3", "l2"]),
        });
        both(&[over("u", 4)]);
        all_read(&nodes, |whose| match whose {
            "u" => (Some("-u4"), vec!["-u4"]),
            "l" => (Some("l2"), vec!["l2"]),
            _ => (Some("l2"), vec!["-u4", "l2"]),
        });
        both(&[over("l", 5)]);
        all_read(&nodes, |whose| match whose {
            "u" => (Some("-u4"), vec!["-u4"]),
            "l" => (Some("-l5"), vec!["-l5"]),
            _ => (Some("-l5"), vec!["-u4", "-l5"]),
        });
        both(&[said("u", 6)]);
        all_read(&nodes, |whose| match whose {
            "u" => (Some("u6"), vec!["-u4", "u6"]),
            "l" => (Some("-l5"), vec!["-l5"]),
            _ => (Some("u6"), vec!["-u4", "u6", "-l5"]),
        });
    }
}

#[test]
fn a_withdrawal_is_its_producers_and_so_are_its_words() {
    for order in ORDERS {
        let nodes = country();
        [said("u", 1), said("l", 2)].iter().for_each(|it| bring(&nodes, it));
        carry(&nodes, order);
        let [_, _, liguria] = &nodes;
        let (by, item) = (liguria.person("cosc-liguria"), said("l", 2).id());
        liguria.house.withdraw(&by, &item, "what Liguria alone knows").unwrap();
        carry(&nodes, order);
        all_read(&nodes, |whose| match whose {
            "l" => (None, vec![]),
            _ => (Some("u1"), vec!["u1"]),
        });
        for (place, reader, whose) in READERS {
            let by = nodes[place].person(reader);
            let told = nodes[place].house.withdrawals(&by, Sequence::START).unwrap().notices;
            let told: Vec<_> = told.iter().map(|it| (&it.item, it.reason.as_str())).collect();
            let expected = whose.contains('l').then_some((&item, "what Liguria alone knows"));
            assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{reader} of {whose}");
            let left = nodes[place].house.item_or_tombstone(&by, &item).unwrap();
            assert_eq!(left.is_err(), whose == "l", "{reader} of {whose}");
        }
        // What was taken back stays so, and the other says more.
        [said("l", 3), said("u", 4)].iter().for_each(|it| bring(&nodes, it));
        carry(&nodes, order);
        all_read(&nodes, |whose| match whose {
            "l" => (None, vec![]),
            _ => (Some("u4"), vec!["u1", "u4"]),
        });
    }
}

#[test]
fn what_its_creator_brings_is_given_before_others() {
    for order in ORDERS {
        let nodes = country();
        let made =
            |it: TestItem| it.with("created_by_ref", json!(id("cosc-liguria").identity().as_str()));
        let [umbria, ..] = &nodes;
        let refused = umbria.offer("cosc-umbria", &[made(said("u", 9))]).rejected;
        assert_eq!(refused[0].rule, "in-anothers-name");
        [said("u", 9), made(said("l", 2))].iter().for_each(|it| bring(&nodes, it));
        carry(&nodes, order);
        all_read(&nodes, |whose| match whose {
            "u" => (Some("u9"), vec!["u9"]),
            "l" => (Some("l2"), vec!["l2"]),
            _ => (Some("l2"), vec!["u9", "l2"]),
        });
    }
}

#[test]
fn the_same_bytes_of_two_are_each_its_bringers() {
    for order in ORDERS {
        let nodes = country();
        let [umbria, _, liguria] = &nodes;
        let same = TestItem::indicator(1).tlp("CLEAR").with("name", json!("same"));
        umbria.bring("cosc-umbria", &[same.clone()]);
        liguria.bring("cosc-liguria", &[same.clone()]);
        carry(&nodes, order);
        let everybody = |expected: usize| {
            for (place, reader, _) in READERS {
                let node = &nodes[place];
                let page = Wish::all(Sequence::START, VersionFilter::Last);
                let last = node.house.page(&node.person(reader), &page).unwrap().items;
                assert_eq!(last.len(), expected, "{reader} at {}", node.name);
            }
        };
        everybody(2);
        umbria.house.withdraw(&umbria.person("cosc-umbria"), &same.id(), "hers").unwrap();
        carry(&nodes, order);
        everybody(1);
        liguria.house.withdraw(&liguria.person("cosc-liguria"), &same.id(), "his").unwrap();
        carry(&nodes, order);
        everybody(0);
    }
}

#[test]
fn a_restored_node_and_one_that_joins_late_give_the_same() {
    let (place, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [umbria, liguria] = ["cosc-umbria", "cosc-liguria"].map(|name| Node::new(name, acts()));
    let national = Node::at("cnaipic", place.path());
    national.found(acts());
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut nodes = [umbria, national, liguria];
    [said("l", 2), said("u", 1)].iter().for_each(|it| bring(&nodes, it));
    carry(&nodes, Order::Together);
    nodes[1] = Node::new("cnaipic", Vec::new());
    copy(place.path(), backup.path());
    nodes[1] = Node::at("cnaipic", place.path());
    [said("l", 3), said("u", 5), over("l", 4)].iter().for_each(|it| bring(&nodes, it));
    carry(&nodes, Order::LiguriaFirst);
    let expected = |whose: &str| match whose {
        "u" => (Some("u5"), vec!["u1", "u5"]),
        "l" => (Some("-l4"), vec!["-l4"]),
        _ => (Some("u5"), vec!["u1", "u5", "-l4"]),
    };
    all_read(&nodes, expected);
    nodes[1] = Node::again("cnaipic", backup.path(), 1);
    nodes[1].clock.advance(std::time::Duration::from_secs(60));
    carry(&nodes, Order::UmbriaFirst);
    all_read(&nodes, expected);
    let agency = Node::new("poli-cert", acts());
    pair(&nodes[1], &agency);
    settle(&mut [Wire::between(&nodes[1], &agency)]);
    let expected = (Some("u5".into()), vec!["u5".into()], vec!["u1".into(), "u5".into()]);
    assert_eq!(given(&agency, "poli-cert"), expected);
}
