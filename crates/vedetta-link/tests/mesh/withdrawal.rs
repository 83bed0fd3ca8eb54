//! What is taken back is taken back at every node, and so is what rested on an agreement.

use vedetta_flow::views::lapses::{Cause, Lapsed, Wanted};
use vedetta_flow::{Sequence, Step};
use vedetta_testkit::TestHouse;
use vedetta_testkit::items::TestItem;

use super::hostile::{bring, clear, item, withdraw};
use super::network::{Node, agreements, id};
use super::scopes::{closed, narrow};
use super::wire::{Wire, pair, settle};

fn country() -> [Node; 3] {
    let held = |act: &str| {
        agreements().into_iter().filter(|it| ["pro-c2si", act].contains(&it.id.as_str())).collect()
    };
    [
        Node::new("cosc-umbria", held("umbria")),
        Node::new("cnaipic", held("none")),
        Node::new("cosc-liguria", held("liguria")),
    ]
}

#[test]
fn an_item_withdrawn_at_its_origin_is_served_nowhere() {
    let [umbria, national, liguria] = country();
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    let (item, other) = (TestItem::indicator(1).tlp("AMBER"), TestItem::indicator(2).tlp("AMBER"));
    umbria.bring("perugia", &[item.clone(), other.clone()]);
    settle(&mut wires);
    assert!(liguria.reads("genova", &item.id()));
    umbria.house.withdraw(&umbria.person("perugia"), &item.id(), "a mistake").unwrap();
    settle(&mut wires);
    for (node, reader) in [(&umbria, "perugia"), (&national, "cnaipic"), (&liguria, "genova")] {
        assert!(!node.reads(reader, &item.id()), "at {}", node.name);
        assert!(node.reads(reader, &other.id()), "at {}", node.name);
    }
    // Whoever joins later hears nothing of it, and a later version brings nothing back.
    let again = item.clone().modified("2026-03-02T00:00:00.000Z");
    umbria.bring("perugia", &[again]);
    settle(&mut wires);
    assert!(!liguria.reads("genova", &item.id()));
    let holders = umbria.house.holders_of(&umbria.administrator(), &item.id()).unwrap();
    assert_eq!(holders.withdrawn.unwrap().reason, "a mistake");
    let theirs = holders.holders.iter().find(|it| it.organisation.as_str() == "cnaipic").unwrap();
    assert_eq!(theirs.door, Some(vedetta_flow::Door::Peer), "it had reached them by the link");
    let start = vedetta_flow::Sequence::START;
    let told = umbria.house.withdrawals(&umbria.person("cnaipic"), start).unwrap();
    assert_eq!(told.notices.iter().map(|it| &it.item).collect::<Vec<_>>(), [&item.id()]);
    // At its own node each is told too, and why.
    for (node, holder) in [(&national, "cnaipic"), (&liguria, "genova")] {
        let told = node.house.withdrawals(&node.person(holder), start).unwrap();
        let told: Vec<_> = told.notices.iter().map(|it| (&it.item, it.reason.as_str())).collect();
        assert_eq!(told, [(&item.id(), "a mistake")], "at {}", node.name);
        let told = node.house.withdrawals(&node.person("poli-cert"), start).unwrap();
        assert!(told.notices.is_empty(), "at {}", node.name);
    }
    let told = umbria.house.withdrawals(&umbria.person("poli-cert"), start).unwrap();
    assert!(told.notices.is_empty(), "who never had it hears nothing of it");
}

#[test]
fn a_suspended_agreement_stops_what_rests_on_it_where_nobody_knows_its_text() {
    let [umbria, national, liguria] = country();
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("perugia", &[item.clone()]);
    settle(&mut wires);
    let (act, by) = ("umbria".parse().unwrap(), umbria.administrator());
    let suspend = Step::Suspend { reason: "review".into() };
    umbria.house.step_agreement(&by, &act, &suspend).unwrap();
    settle(&mut wires);
    let everywhere = [(&umbria, "cosc-umbria"), (&national, "cnaipic"), (&liguria, "genova")];
    for (node, reader) in everywhere {
        assert!(!node.reads(reader, &item.id()), "at {}", node.name);
    }
    umbria.house.step_agreement(&by, &act, &Step::Resume).unwrap();
    settle(&mut wires);
    for (node, reader) in everywhere {
        assert!(node.reads(reader, &item.id()), "at {}", node.name);
    }
}

/// What a reader was told of agreements and organisations, over a house opened anew.
fn told(node: &Node, reader: &str) -> Vec<(Cause, Lapsed)> {
    let again = TestHouse::over(std::sync::Arc::clone(&node.store));
    again.house.tell_lapses().unwrap();
    let page = again.house.withdrawals(&node.person(reader), Sequence::START).unwrap();
    page.lapses.into_iter().map(|it| (it.cause, it.now)).collect()
}

#[test]
fn whoever_holds_what_a_suspension_took_is_told_at_its_own_node() {
    let [umbria, national, liguria] = country();
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("perugia", &[item.clone()]);
    settle(&mut wires);
    let (act, by) = ("umbria".parse().unwrap(), umbria.administrator());
    let suspend = Step::Suspend { reason: "review".into() };
    umbria.house.step_agreement(&by, &act, &suspend).unwrap();
    settle(&mut wires);
    // Who is no party of the agreement hears of itself alone.
    let own = |reader| Cause::Organisation(super::network::id(reader));
    let holders = [
        (&umbria, "terni", Cause::Agreement(act.clone()), Lapsed::Suspended),
        (&national, "cnaipic", own("cnaipic"), Lapsed::Excluded),
        (&liguria, "genova", own("genova"), Lapsed::Excluded),
    ];
    for (node, reader, cause, now) in &holders {
        let expected = [(cause.clone(), *now)];
        assert_eq!(told(node, reader), expected, "at {}", node.name);
        let wanted = Wanted { cause: cause.clone(), holder: None, after: Sequence::START };
        let page = node.house.lapsed_items(&node.person(reader), &wanted).unwrap();
        let items: Vec<_> = page.items.into_iter().map(|it| it.item).collect();
        assert_eq!(items, [item.id()], "at {}", node.name);
    }
    // Whom the origin gave it by the link is listed there.
    let lapses = umbria.house.lapses(&by).unwrap();
    let there = super::network::id("cnaipic");
    assert!(lapses.iter().any(|it| it.holders.contains(&there)), "{lapses:?}");
    assert_eq!(told(&national, "poli-cert"), []);
    umbria.house.step_agreement(&by, &act, &Step::Resume).unwrap();
    settle(&mut wires);
    for (node, reader, cause, now) in &holders {
        let expected = [*now, Lapsed::Restored].map(|now| (cause.clone(), now));
        assert_eq!(told(node, reader), expected, "at {}", node.name);
    }
}

#[test]
fn that_a_term_ended_is_known_where_nobody_has_the_text() {
    let [_, national, liguria] = country();
    let mut held = agreements();
    held.retain(|it| it.id.as_str() != "liguria");
    held.iter_mut().filter(|it| it.parent.is_some()).for_each(|act| {
        act.term.until = "2026-12-31".parse().unwrap();
    });
    let umbria = Node::new("cosc-umbria", held);
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("perugia", &[item.clone()]);
    settle(&mut wires);
    assert!(liguria.reads("genova", &item.id()));
    for node in [&umbria, &national, &liguria] {
        node.clock.set("2027-01-02T00:00:00Z");
    }
    assert_eq!(umbria.house.settle_terms().unwrap(), 1);
    settle(&mut wires);
    for (node, reader) in [(&umbria, "terni"), (&national, "cnaipic"), (&liguria, "genova")] {
        assert!(!node.reads(reader, &item.id()), "at {}", node.name);
    }
}

#[test]
fn an_organisation_that_left_is_served_nowhere() {
    let [umbria, national, liguria] = country();
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    let item = TestItem::indicator(1).tlp("CLEAR");
    liguria.bring("cosc-liguria", &[item.clone()]);
    settle(&mut wires);
    assert!(national.reads("terni", &item.id()));
    let terni = super::network::id("terni");
    umbria.house.remove_organisation(&umbria.administrator(), &terni).unwrap();
    settle(&mut wires);
    for node in [&umbria, &national, &liguria] {
        let directory = &node.house.standing().directory;
        assert!(directory.organisation(&terni).is_none(), "at {}", node.name);
        assert!(directory.organisation(&super::network::id("perugia")).is_some());
        assert!(!node.reads("terni", &item.id()), "at {}", node.name);
    }
}

#[test]
fn a_suspension_by_either_side_takes_effect_on_both() {
    let [umbria, national, _] = country();
    pair(&national, &umbria);
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    let act = "pro-c2si".parse().unwrap();
    let suspend = Step::Suspend { reason: "review".into() };
    national.house.step_agreement(&national.administrator(), &act, &suspend).unwrap();
    settle(&mut wires);
    let stage = |node: &Node| {
        node.house.standing().network.agreement(&act).unwrap().stage.name().to_owned()
    };
    assert_eq!([stage(&umbria), stage(&national)], ["suspended", "suspended"]);
    let resume = |node: &Node| {
        node.house.step_agreement(&node.administrator(), &act, &Step::Resume).map(drop)
    };
    let refused = resume(&umbria).unwrap_err().to_string();
    assert!(refused.contains("the node of cnaipic suspended it"), "{refused}");
    // Each takes back its own word, and none the other's.
    umbria.house.step_agreement(&umbria.administrator(), &act, &suspend).unwrap();
    settle(&mut wires);
    resume(&national).unwrap();
    settle(&mut wires);
    assert_eq!([stage(&umbria), stage(&national)], ["suspended", "suspended"]);
    resume(&umbria).unwrap();
    settle(&mut wires);
    assert_eq!([stage(&umbria), stage(&national)], ["in-force", "in-force"]);
}

#[test]
fn what_was_not_read_before_a_suspension_comes_after_it() {
    let [umbria, national, liguria] = country();
    pair(&national, &umbria);
    pair(&national, &liguria);
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("perugia", &[item.clone()]);
    let (act, by) = ("umbria".parse().unwrap(), umbria.administrator());
    let suspend = Step::Suspend { reason: "review".into() };
    umbria.house.step_agreement(&by, &act, &suspend).unwrap();
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    settle(&mut wires);
    assert!(!national.reads("cnaipic", &item.id()));
    umbria.house.step_agreement(&by, &act, &Step::Resume).unwrap();
    settle(&mut wires);
    assert!(national.reads("cnaipic", &item.id()) && liguria.reads("genova", &item.id()));
}

#[test]
fn what_binds_again_is_offered_a_stretch_at_a_time_and_notices_go_between() {
    let [umbria, national, _] = country();
    pair(&national, &umbria);
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("perugia", &[item.clone()]);
    let by = umbria.administrator();
    let step = |act: &str, step: &Step| {
        umbria.house.step_agreement(&by, &act.parse().unwrap(), step).unwrap();
    };
    let suspend = Step::Suspend { reason: "review".into() };
    for act in ["umbria", "pro-c2si"] {
        step(act, &suspend);
        step(act, &Step::Resume);
    }
    assert!(umbria.house.offer_again().unwrap(), "one is offered, the other is owed still");
    step("umbria", &suspend);
    assert!(umbria.house.tell_lapses().unwrap() > 0);
    assert!(!umbria.house.offer_again().unwrap(), "and then that one");
    let before = umbria.house.bell().last();
    assert!(!umbria.house.offer_again().unwrap());
    assert_eq!(umbria.house.bell().last(), before, "nothing is owed");
}

#[test]
fn what_others_bring_beside_is_withdrawn_where_it_is_served() {
    let held = || [agreements(), vec![closed("city", "cnaipic", "cosc-liguria")]].concat();
    let names = ["cnaipic", "cosc-umbria", "cosc-liguria", "poli-cert"];
    let [national, umbria, liguria, agency] = names.map(|name| Node::new(name, held()));
    for node in [&umbria, &liguria, &agency] {
        pair(&national, node);
    }
    let mut wires = [&umbria, &liguria, &agency].map(|node| Wire::between(&national, node));
    settle(&mut wires);
    let by_owner =
        |n: u32| clear(n).with("created_by_ref", id("cosc-liguria").identity().as_str().into());
    let only = |n: u32| {
        let first = by_owner(n).with("name", "as its owner says".into()).tlp("AMBER");
        first.handled("only_under", serde_json::json!(["city"]))
    };
    // One finds the owner's at the national centre, and the other is there first.
    liguria.bring("cosc-liguria", &[only(1)]);
    settle(&mut wires);
    assert_eq!(bring(&agency, &national, item("poli-cert", &by_owner(1), "CLEAR")), "new");
    assert_eq!(bring(&agency, &national, item("poli-cert", &by_owner(2), "CLEAR")), "new");
    settle(&mut wires[..1]);
    liguria.bring("cosc-liguria", &[only(2)]);
    settle(&mut wires);
    for n in [1, 2] {
        let read = |node: &Node, reader: &str| {
            let read = node.house.item(&node.person(reader), &clear(n).id()).unwrap();
            String::from_utf8_lossy(&read.body).contains("as its owner says")
        };
        assert!(read(&national, "cnaipic") && !read(&umbria, "terni"), "{n}");
        assert_eq!(withdraw(&agency, &national, &clear(n).id()), "new", "{n}");
        settle(&mut wires);
        assert!(!umbria.reads("terni", &clear(n).id()), "{n}");
        assert!(read(&national, "cnaipic"), "the owner's stays: {n}");
        assert_eq!(withdraw(&agency, &national, &clear(n).id()), "idle", "{n}");
    }
}

#[test]
fn what_was_withdrawn_beside_anothers_is_offered_to_nobody_again() {
    let closed = |it: [&str; 3]| closed(it[0], it[1], it[2]);
    let others = [["city", "cnaipic", "cosc-liguria"], ["town", "poli-cert", "terni"]];
    let held = || [agreements(), others.map(closed).into()].concat();
    let names = ["cnaipic", "cosc-umbria", "cosc-liguria", "poli-cert", "perugia"];
    let [national, umbria, liguria, agency, town] = names.map(|name| Node::new(name, held()));
    for node in [&umbria, &liguria, &agency, &town] {
        pair(&national, node);
    }
    // Another node speaks for who may read it.
    narrow(&national, "perugia", &["perugia", "terni"]);
    let by_owner = |n: u32, only: &str| {
        let it = clear(n).tlp("AMBER").handled("only_under", serde_json::json!([only]));
        it.with("created_by_ref", id("cosc-liguria").identity().as_str().into())
    };
    let mut wires = [&umbria, &liguria].map(|node| Wire::between(&national, node));
    liguria.bring("cosc-liguria", &[by_owner(1, "city"), by_owner(2, "city")]);
    settle(&mut wires);
    for n in [1, 2] {
        let mut theirs = item("poli-cert", &by_owner(n, "town"), "AMBER");
        theirs.conditions.only_under = ["town".parse().unwrap()].into();
        assert_eq!(bring(&agency, &national, theirs), "new", "{n}");
    }
    settle(&mut wires);
    assert_eq!(withdraw(&agency, &national, &clear(1).id()), "new");
    settle(&mut wires);
    assert_eq!(umbria.read_by("terni"), Vec::<String>::new());
    narrow(&national, "perugia", &["perugia"]);
    settle(&mut wires);
    assert!(umbria.reads("terni", &clear(2).id()) && !umbria.reads("terni", &clear(1).id()));
}
