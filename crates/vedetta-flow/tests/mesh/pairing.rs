//! Two nodes pair with a code, once; a link that is suspended or ended carries nothing.

use vedetta_flow::FlowError;
use vedetta_flow::actions::pair_nodes::{LinkStep, OldKey};
use vedetta_testkit::items::TestItem;

use super::network::{Node, agreements, id};
use super::wire::{Wire, pair, settle};

#[test]
fn a_code_works_once_and_for_who_holds_it() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    let agreement = "pro-c2si".parse().unwrap();
    let admin = national.administrator();
    let address = "national.example.org:8444";
    let code = national.house.invite_node(&admin, &agreement, &umbria.terms(), address).unwrap();
    let (inviting, accepting) =
        (national.house.mesh().unwrap().key.public(), umbria.house.mesh().unwrap().key.public());
    let by = umbria.administrator();
    let mut guessed = code.clone();
    guessed.secret = vedetta_federation::pairing::Secret::from_octets([1; 16]);
    let wrong = umbria.house.propose_pairing(&by, &guessed, &inviting).unwrap();
    let refused = national.house.answer_proposal(&accepting, &wrong);
    assert!(matches!(refused, Err(FlowError::Unproven(_))), "{refused:?}");
    let proposal = umbria.house.propose_pairing(&by, &code, &inviting).unwrap();
    let stranger = national.house.answer_proposal(&inviting, &proposal);
    assert!(matches!(stranger, Err(FlowError::Unproven(_))), "another key than it dialled with");
    let answer = national.house.answer_proposal(&accepting, &proposal).unwrap();
    let again = national.house.answer_proposal(&accepting, &proposal);
    assert!(matches!(again, Err(FlowError::Unproven(_))), "a code works once");
    let terms = national.terms();
    umbria.house.accept_node(&by, &code, (&inviting, &answer), &terms).unwrap();
    let peers = umbria.house.peers(&by).unwrap();
    assert_eq!(peers.len(), 1);
    assert_eq!((&peers[0].organisation, &peers[0].agreement), (&id("cnaipic"), &agreement));
    assert!(national.house.invitations(&admin).unwrap().is_empty());
    assert!(national.house.invite_node(&by, &agreement, &terms, address).is_err());
}

#[test]
fn a_suspended_link_carries_nothing_and_a_resumed_one_what_was_missed() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    pair(&national, &umbria);
    let suspend = LinkStep::Suspend { reason: "exercise".into() };
    let by = national.administrator();
    national.house.step_link(&by, &id("cosc-umbria"), &suspend).unwrap();
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    assert!(!wires[0].is_up());
    assert!(!national.reads("cnaipic", &item.id()));
    national.house.step_link(&by, &id("cosc-umbria"), &LinkStep::Resume).unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(national.reads("cnaipic", &item.id()));
    let end = LinkStep::End { reason: "over".into() };
    national.house.step_link(&by, &id("cosc-umbria"), &end).unwrap();
    assert!(national.house.step_link(&by, &id("cosc-umbria"), &LinkStep::Resume).is_err());
}

#[test]
fn a_new_key_is_learnt_from_the_old_one() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    pair(&national, &umbria);
    let before = umbria.house.mesh().unwrap().key.public();
    umbria.house.rotate_key(&umbria.administrator(), OldKey::Good).unwrap();
    assert_ne!(umbria.house.mesh().unwrap().key.public(), before);
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(national.reads("cnaipic", &item.id()));
}
