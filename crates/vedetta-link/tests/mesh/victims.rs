//! The victim never crosses to those who may not know it, in any form, path or field.

use serde_json::json;
use vedetta_flow::corridor::Provenance;
use vedetta_model::agreement::VictimVisibility;
use vedetta_policy::{Victim, reveals};
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreement, agreements, id, party};
use super::wire::{Wire, pair, settle};

pub(super) fn incident() -> TestItem {
    TestItem::incident(1, "Phishing against Comune di Perugia")
        .tlp("AMBER")
        .handled("victim_refs", json!([id("perugia").identity()]))
        .with("description", "The mail server of Comune di Perugia was taken over.".into())
}

#[test]
fn what_only_the_redacted_form_reaches_gets_only_that() {
    let (umbria, national, liguria) = (
        Node::new("cosc-umbria", agreements()),
        Node::new("cnaipic", agreements()),
        Node::new("cosc-liguria", agreements()),
    );
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    settle(&mut wires);
    wires.iter_mut().for_each(|wire| wire.seen.clear());
    umbria.bring("perugia", &[incident()]);
    settle(&mut wires);
    let directory = umbria.house.standing();
    let perugia = directory.directory.organisation(&id("perugia")).unwrap();
    let victim = Victim::of(perugia, [], []);
    for frame in wires.iter().flat_map(|wire| &wire.seen) {
        let said = json!({ "name": frame });
        assert!(reveals(&said, &victim).is_none(), "{frame}");
    }
    for (node, reader) in [(&national, "cnaipic"), (&liguria, "cosc-liguria"), (&liguria, "genova")]
    {
        let read = node.read_by(reader);
        assert_eq!(read.len(), 1, "{reader} at {}: {read:?}", node.name);
        let value: serde_json::Value = serde_json::from_str(&read[0]).unwrap();
        assert!(reveals(&value, &victim).is_none(), "{value}");
    }
    assert!(umbria.reads("perugia", &incident().id()));
}

#[test]
fn who_may_know_the_victim_gets_it_and_whom_they_give_it_to_not() {
    let named = || {
        let mut all = agreements();
        for agreement in &mut all {
            if agreement.id.as_str() == "umbria" {
                agreement.handling.victim = VictimVisibility::Named;
            }
        }
        all
    };
    let (umbria, national, liguria) = (
        Node::new("cosc-umbria", named()),
        Node::new("cnaipic", named()),
        Node::new("cosc-liguria", named()),
    );
    pair(&national, &umbria);
    pair(&national, &liguria);
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    umbria.bring("perugia", &[incident()]);
    settle(&mut wires);
    let told = |node: &Node, reader: &str| {
        let read = node.read_by(reader);
        assert_eq!(read.len(), 1, "{reader}: {read:?}");
        read[0].contains("Perugia")
    };
    assert!(told(&national, "cnaipic") && told(&liguria, "cosc-liguria"));
    assert!(!told(&liguria, "genova"), "the act of Liguria hides victims");
}

#[test]
fn what_is_withdrawn_where_it_came_to_takes_the_form_of_its_origin_with_it() {
    let held = || {
        let mut all = agreements();
        all.iter_mut().for_each(|it| it.handling.victim = VictimVisibility::Named);
        let parties = json!([party("centre", &["cnaipic"]), party("agencies", &["poli-cert"])]);
        all.push(agreement("agencies", Some("pro-c2si"), ("hidden", "none"), &parties));
        all
    };
    let (umbria, national) = (Node::new("cosc-umbria", held()), Node::new("cnaipic", held()));
    pair(&national, &umbria);
    let mut wires = [Wire::between(&national, &umbria)];
    umbria.bring("perugia", &[incident()]);
    settle(&mut wires);
    assert!(national.reads("cnaipic", &incident().id()));
    let read = national.read_by("poli-cert");
    assert!(read.len() == 1 && !read[0].contains("erugia"), "{read:?}");
    let officer = vedetta_model::Actor {
        roles: [vedetta_model::Role::DutyOfficer].into(),
        ..national.administrator()
    };
    national.house.withdraw(&officer, &incident().id(), "a mistake").unwrap();
    assert_eq!(national.read_by("poli-cert"), Vec::<String>::new());
}

#[test]
fn a_form_that_only_other_nodes_need_goes_to_them_when_what_it_waited_for_is_here() {
    let named = || {
        let mut all = agreements();
        all.iter_mut().for_each(|it| it.handling.victim = VictimVisibility::Named);
        all
    };
    let mut known = named();
    let parties = json!([party("centre", &["cnaipic"]), party("agencies", &["poli-cert"])]);
    known.push(agreement("agencies", Some("pro-c2si"), ("hidden", "none"), &parties));
    for anew in [false, true] {
        let ledger = vedetta_testkit::TestHouse::ledger();
        let umbria = Node::over("cosc-umbria", ledger, named());
        let national = Node::new("cnaipic", known.clone());
        pair(&national, &umbria);
        let named_so = |kind: &str, n: u32| format!("{kind}--00000000-0000-4000-8000-{n:012x}");
        let of = |kind: &str, n| {
            let it = TestItem::incident(n, "plain").with("type", json!(kind));
            it.with("id", json!(named_so(kind, n)))
        };
        let tool = of("tool", 2).tlp("CLEAR");
        let edge = of("relationship", 3).without(&["name"]).tlp("AMBER");
        let edge = edge.with("relationship_type", "related-to".into());
        let edge = edge.with("source_ref", json!(incident().id()));
        let edge = edge.with("target_ref", json!(tool.id()));
        umbria.bring("perugia", &[incident(), edge]);
        settle(&mut [Wire::between(&national, &umbria)]);
        let leads = || {
            let read = national.read_by("poli-cert");
            read.iter().any(|it| it.contains("target_ref") && it.contains(tool.id().as_str()))
        };
        assert!(!leads());
        let umbria = if anew { umbria.opened_anew() } else { umbria };
        umbria.bring("perugia", &[tool.clone()]);
        umbria.house.clear_newcomers().unwrap();
        settle(&mut [Wire::between(&national, &umbria)]);
        assert!(leads(), "opened anew: {anew}");
    }
}

/// A version of an indicator, which tells the victim in its pattern or not.
fn version(minute: u32, named: &str) -> TestItem {
    TestItem::indicator(1)
        .tlp("AMBER")
        .with("name", format!("as of {minute}").into())
        .with("pattern", format!("[file:name = '{named}.zip']").into())
        .modified(&format!("2026-03-02T00:{minute:02}:00.000Z"))
        .handled("category", "incident".into())
        .handled("victim_refs", json!([id("perugia").identity()]))
}

#[test]
fn what_can_be_told_again_goes_to_other_nodes_under_another_name() {
    let held = || {
        let mut all = agreements();
        all.iter_mut().for_each(|it| it.handling.victim = VictimVisibility::Named);
        let parties = json!([party("centre", &["cnaipic"]), party("agencies", &["poli-cert"])]);
        all.push(agreement("agencies", Some("pro-c2si"), ("hidden", "none"), &parties));
        all
    };
    let ledger = vedetta_testkit::TestHouse::ledger();
    let mut umbria = Node::over("cosc-umbria", ledger, held());
    let national = Node::new("cnaipic", held());
    pair(&national, &umbria);
    let (mut names, told) = (Vec::new(), "invoice");
    for (minute, named) in [(1, told), (2, told), (3, "Comune di Perugia"), (4, told), (5, told)] {
        umbria = umbria.opened_anew();
        umbria.bring("perugia", &[version(minute, named)]);
        settle(&mut [Wire::between(&national, &umbria)]);
        assert!(national.reads("cnaipic", &version(1, told).id()));
        let read = national.read_by("poli-cert");
        assert_eq!(read.is_empty(), named != told, "{minute}: {read:?}");
        let last = read.last().map(|it| serde_json::from_str::<serde_json::Value>(it).unwrap());
        names.extend(last.map(|it| it["id"].as_str().unwrap().to_owned()));
    }
    assert_eq!((&names[0], &names[2]), (&names[1], &names[3]), "updates go under the same");
    assert_ne!(names[0], names[2]);
    let sealed = |node: &Node| {
        let releases = node.house.read(|reader| reader.releases(&version(1, told).id())).unwrap();
        let named = releases.iter().map(|release| match Provenance::of(release) {
            Some(brought) => brought.envelope.derived.unwrap(),
            None => node.house.read(|reader| node.house.derived_id(reader, release)).unwrap(),
        });
        named.map(|it| it.to_string()).collect::<Vec<_>>()
    };
    let [first, next] = [names[0].clone(), names[2].clone()];
    let all = [first.clone(), first.clone(), first, next.clone(), next];
    assert_eq!((sealed(&national), sealed(&umbria)), (all.to_vec(), all.to_vec()));
    umbria.house.withdraw(&umbria.person("perugia"), &version(1, told).id(), "a mistake").unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    assert_eq!(national.read_by("poli-cert"), Vec::<String>::new());
}
