//! A node dials where an administrator said, and nowhere else: what a card says of an address may
//! be anything, within this node's own network too.

use std::sync::Arc;

use vedetta_link::{Doorkeeper as _, Keeper, Papers};

use super::network::{Node, agreements, id};
use super::wire::pair;

/// Whom a node dials, and where.
fn dialled(node: Node, papers: Papers) -> Vec<(String, String)> {
    let keeper = Keeper::new(Arc::new(node.nodes), papers);
    let callees = keeper.callees().into_iter();
    callees.map(|it| (it.peer.to_string(), it.address)).collect()
}

#[test]
fn a_node_dials_where_its_administrator_said_whatever_a_card_says() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    pair(&national, &umbria);
    // The card of either says where it listens; that of the national centre now says something else.
    let within = "198.51.100.7:22";
    national.house.establish_node(&national.scope(), Some(within)).unwrap();
    let card = national.house.mesh().unwrap().card().unwrap().clone();
    umbria.nodes.meet(&id("cnaipic"), &card).unwrap();
    let known = umbria.house.mesh().unwrap().cards.newest(&id("cnaipic")).cloned();
    assert_eq!(known.unwrap().says.address.as_deref(), Some(within), "it was learnt");
    let own = national.house.mesh().unwrap().cards.newest(&id("cosc-umbria")).cloned();
    assert!(own.unwrap().says.address.is_some());
    // The one that invited dials nobody: it knows an address from the card alone.
    assert!(dialled(national, Papers::default()).is_empty());
    let coded = [("cnaipic".to_owned(), "cnaipic.example.org:8444".to_owned())];
    assert_eq!(dialled(umbria, Papers::default()), coded);
}

#[test]
fn what_the_settings_say_goes_before_the_code() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    pair(&national, &umbria);
    let said = |peer: &str| [(id(peer), "192.0.2.8:8444".to_owned())].into();
    let papers = |peer: &str| Papers { addresses: said(peer), ..Papers::default() };
    let there = |peer: &str| [(peer.to_owned(), "192.0.2.8:8444".to_owned())];
    assert_eq!(dialled(national, papers("cosc-umbria")), there("cosc-umbria"));
    assert_eq!(dialled(umbria, papers("cnaipic")), there("cnaipic"));
}
