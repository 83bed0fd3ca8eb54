//! For whom a peer speaks changes: what it was given is taken back from it all the same, and what was
//! passed over for it comes once it speaks for more.

use serde_json::json;
use vedetta_directory::directory::Records;
use vedetta_federation::cards::Vouches;
use vedetta_federation::scope::Scope;
use vedetta_mesh::Terms;
use vedetta_model::agreement::Stage;
use vedetta_model::{Actor, Agreement, Role};
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreement, agreements, id, party};
use super::wire::{Wire, pair, settle};

/// An agreement by which nothing is passed on.
pub(super) fn closed(id: &str, one: &str, two: &str) -> Agreement {
    let parties = json!([party("one", &[one]), party("two", &[two])]);
    agreement(id, None, ("named", "none"), &parties)
}

/// Umbria, the national node and Liguria: the centre gives to the one and the agency to the other, and
/// nobody may pass it on.
pub(super) fn passing_nothing_on() -> [Node; 3] {
    let held = || {
        vec![
            closed("pro-c2si", "cosc-umbria", "cnaipic"),
            closed("agency", "poli-cert", "cosc-liguria"),
        ]
    };
    let nodes = ["cosc-umbria", "cnaipic", "cosc-liguria"].map(|name| Node::new(name, held()));
    pair(&nodes[1], &nodes[0]);
    pair(&nodes[1], &nodes[2]);
    nodes
}

/// Has a node accept another for some organisations alone.
pub(super) fn narrow(node: &Node, peer: &str, organisations: &[&str]) {
    let organisations = organisations.iter().copied().map(id).collect();
    let serves = Scope { organisations, ..Scope::default() };
    let terms = Terms { serves, vouches: Vouches::Below };
    node.nodes.set_link_terms(&node.administrator(), &id(peer), &terms).unwrap();
}

#[test]
fn a_withdrawal_reaches_who_got_it_for_somebody_for_whom_it_speaks_no_more() {
    let held = || [agreements(), vec![closed("city", "cnaipic", "perugia")]].concat();
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, held()));
    pair(&national, &umbria);
    let item = TestItem::indicator(1).tlp("AMBER").handled("only_under", json!(["city"]));
    national.bring("cnaipic", &[item.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(umbria.reads("perugia", &item.id()));
    narrow(&national, "cosc-umbria", &["cosc-umbria"]);
    let other = TestItem::indicator(2).tlp("AMBER").handled("only_under", json!(["city"]));
    national.bring("cnaipic", &[other.clone()]);
    national.house.withdraw(&national.person("cnaipic"), &item.id(), "a mistake").unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(!umbria.reads("perugia", &item.id()));
    assert!(!umbria.reads("perugia", &other.id()), "it speaks for perugia no more");
}

#[test]
fn what_somebody_here_brought_too_is_withdrawn_where_it_went_by_that_right() {
    let [umbria, national, liguria] = passing_nothing_on();
    let mut wires = [Wire::between(&national, &umbria), Wire::between(&national, &liguria)];
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    settle(&mut wires);
    national.bring("poli-cert", &[item.clone()]);
    settle(&mut wires);
    assert!(liguria.reads("cosc-liguria", &item.id()));
    let officer = Actor { roles: [Role::DutyOfficer].into(), ..national.administrator() };
    national.house.withdraw(&officer, &item.id(), "a mistake").unwrap();
    settle(&mut wires);
    assert!(!liguria.reads("cosc-liguria", &item.id()));
    assert!(umbria.reads("cosc-umbria", &item.id()), "who brought it keeps it");
}

#[test]
fn what_was_passed_over_comes_once_a_peer_speaks_for_more() {
    let held = || [agreements(), vec![closed("town", "cnaipic", "terni")]].concat();
    let [national, umbria, town] =
        ["cnaipic", "cosc-umbria", "perugia"].map(|name| Node::new(name, held()));
    pair(&national, &umbria);
    pair(&national, &town);
    narrow(&national, "perugia", &["perugia", "terni"]);
    let only = |n| TestItem::indicator(n).tlp("AMBER").handled("only_under", json!(["town"]));
    let items: Vec<_> = (0..900).map(only).collect();
    national.bring("cnaipic", &items);
    let mut draft = closed("training", "cnaipic", "terni");
    draft.stage = Stage::Draft;
    national.house.put_draft(&national.administrator(), &draft).unwrap();
    national.nodes.propose_agreement(&national.administrator(), &draft.id).unwrap();
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    let signed = || umbria.nodes.signed_agreement(&umbria.administrator(), &draft.id);
    assert!(umbria.read_by("terni").is_empty() && signed().is_err());
    // The terms of the other peer change, and not those of this one.
    narrow(&national, "perugia", &["perugia"]);
    settle(&mut wires);
    assert_eq!(umbria.read_by("terni").len(), items.len());
    assert!(signed().is_ok(), "the text, too");
    assert!(wires[0].is_up());
    let before = wires[0].seen.len();
    national.bring("cnaipic", &[only(2_000)]);
    settle(&mut wires);
    assert!(umbria.reads("terni", &only(2_000).id()));
    let again = wires[0].seen[before..].iter().filter(|it| it.contains(items[0].id().as_str()));
    assert_eq!(again.count(), 0, "it is offered once");
}

#[test]
fn contacts_are_known_to_the_counterpart_once_an_agreement_binds() {
    let [national, agency] = ["cnaipic", "poli-cert"].map(|name| Node::new(name, agreements()));
    pair(&national, &agency);
    let contact = json!({ "id": "desk", "organisation": "cnaipic", "role": "incident response", "name": "The desk", "phone_24h": "+39 06 000000" });
    let contact = serde_json::from_value(contact).unwrap();
    let records = Records { contacts: vec![contact], ..Records::default() };
    national.house.put_records(&national.administrator(), records).unwrap();
    let mut wires = [Wire::between(&national, &agency)];
    settle(&mut wires);
    let known = || agency.house.standing().directory.contacts_of(&id("cnaipic")).len();
    assert_eq!(known(), 0, "they have no agreement yet");
    let mut draft = closed("agencies", "cnaipic", "poli-cert");
    draft.stage = Stage::Draft;
    national.house.put_draft(&national.administrator(), &draft).unwrap();
    national.nodes.propose_agreement(&national.administrator(), &draft.id).unwrap();
    settle(&mut wires);
    let read = agency.nodes.signed_agreement(&agency.administrator(), &draft.id).unwrap();
    let by = agency.administrator();
    agency.nodes.accept_agreement(&by, &draft.id, &read.digest()).unwrap();
    settle(&mut wires);
    assert_eq!(known(), 1);
}
