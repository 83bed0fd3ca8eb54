//! After a cut, what must not wait is there before what was missed.

use std::slice::from_ref;

use vedetta_flow::Step;
use vedetta_testkit::items::TestItem;

use super::hostile::clear;
use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

/// So many items were missed.
const MISSED: u32 = 600;

#[test]
fn what_binds_no_more_and_what_is_revoked_is_known_before_the_backlog_comes() {
    let (umbria, national) =
        (Node::new("cosc-umbria", agreements()), Node::new("cnaipic", agreements()));
    pair(&national, &umbria);
    let resting = TestItem::indicator(1).tlp("AMBER");
    let wrong = clear(2);
    umbria.bring("perugia", &[resting.clone(), wrong.clone()]);
    settle(&mut [Wire::between(&umbria, &national)]);
    assert!(national.reads("cnaipic", &resting.id()));
    let missed: Vec<_> = (10..10 + MISSED).map(clear).collect();
    umbria.bring("cosc-umbria", &missed);
    let revoked = wrong.modified("2026-03-02T00:00:00.000Z").with("revoked", true.into());
    umbria.bring("perugia", from_ref(&revoked));
    let (act, by) = ("umbria".parse().unwrap(), umbria.administrator());
    umbria.house.step_agreement(&by, &act, &Step::Suspend { reason: "review".into() }).unwrap();
    umbria.house.remove_organisation(&by, &id("terni")).unwrap();
    let mut wire = Wire::between(&umbria, &national);
    wire.carry_until(0, "Batch");
    assert!(!national.reads("cnaipic", &resting.id()), "suspended");
    let notice = national.house.item(&national.person("cnaipic"), &revoked.id()).unwrap();
    assert!(String::from_utf8(notice.body.to_vec()).unwrap().contains("\"revoked\":true"));
    assert!(national.house.standing().directory.organisation(&id("terni")).is_none(), "removed");
    let there = || missed.iter().filter(|it| national.reads("cnaipic", &it.id())).count();
    assert_eq!(there(), 0, "the rest comes after that");
    settle(&mut [wire]);
    assert_eq!(there(), missed.len());
}

#[test]
fn a_further_way_of_what_may_wait_waits() {
    let names = ["cnaipic", "cosc-umbria", "cosc-liguria", "poli-cert"];
    let [national, umbria, liguria, agency] = names.map(|name| Node::new(name, agreements()));
    let pairs = [(&national, &umbria), (&national, &liguria), (&umbria, &liguria)];
    pairs.iter().for_each(|(one, two)| pair(one, two));
    pair(&national, &agency);
    let mut wires = pairs.map(|(one, two)| Wire::between(one, two));
    let mut warning = clear(1).with("indicator_types", serde_json::json!(["anomalous-activity"]));
    warning = warning.handled("category", "early-warning".into());
    let items: Vec<_> = (10..30).map(clear).chain([warning.clone()]).collect();
    umbria.bring("cosc-umbria", &items);
    settle(&mut wires);
    let ways = national.deeds().iter().filter(|deed| deed["deed"] == "path").count();
    assert_eq!(ways, items.len());
    let mut wire = Wire::between(&national, &agency);
    wire.carry();
    let urgent: Vec<_> = wire.seen.iter().filter(|it| it.contains("lane: Urgent")).collect();
    assert!(!urgent.is_empty());
    assert!(urgent.iter().any(|it| it.contains(warning.id().as_str())));
    for item in items.iter().filter(|it| it.id() != warning.id()) {
        assert!(!urgent.iter().any(|it| it.contains(item.id().as_str())));
        assert!(agency.reads("poli-cert", &item.id()));
    }
}
