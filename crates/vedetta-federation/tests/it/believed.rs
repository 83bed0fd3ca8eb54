//! Whom a node believes about others: a peer that invents nodes, claims the organisations of
//! others, or revokes their keys, gains nothing.

use vedetta_federation::card::{Card, Statement};
use vedetta_federation::cards::{Cards, Learnt, Peer, PeerStage, Vouches};
use vedetta_federation::check::Trust;
use vedetta_federation::key::SecretKey;
use vedetta_federation::scope::{Scope, Territory};

use crate::scene::*;

fn named(names: &[&str]) -> Scope {
    Scope { organisations: names.iter().map(|name| id(name)).collect(), ..Scope::default() }
}

/// A card of a node that claims these.
fn claiming(node: &str, serves: Scope) -> Card {
    let key = SecretKey::from_seed([11; 32]).unwrap();
    Statement { organisation: id(node), key: key.public(), serves, ..statement("a") }.sign(&key)
}

/// At `c`, whose peers are `b` and `d`: who speaks for whom when `b` vouches for a card.
fn territory(card: Card, vouches: Vouches) -> Territory {
    let node = card.says.organisation.clone();
    let mut cards = cards();
    cards.pin(card).unwrap();
    cards.vouch(&node, &id("b"));
    let peers = [Peer { vouches, ..peer("b") }, peer("d")];
    Trust::territory_of(&id("c"), &network(), &cards, &peers)
}

fn speaker<'a>(territory: &'a Territory, organisation: &str) -> Option<&'a str> {
    territory.speaker(&id(organisation)).map(|it| it.as_str())
}

#[test]
fn an_invented_node_takes_nobody_from_a_peer_nor_from_this_node() {
    let greedy = || named(&["b1", "c", "c1", "d", "d1", "a1"]);
    for vouches in [Vouches::Below, Vouches::Everything] {
        let territory = territory(claiming("a1", greedy()), vouches);
        let spoken = ["b", "c", "c1", "d", "d1"].map(|it| speaker(&territory, it));
        assert_eq!(spoken, [Some("b"), Some("c"), Some("c"), Some("d"), Some("d")]);
        // Of its own voucher's it may have what that gives it.
        assert_eq!(speaker(&territory, "b1"), Some("a1"));
    }
}

#[test]
fn who_vouches_keeps_what_it_claims_and_leaves_what_another_does() {
    // `b` was accepted for everything, and says itself that it speaks for its own alone.
    let everything = || Scope::everything();
    let accepted = Peer { serves: everything(), ..peer("b") };
    let mut cards = cards();
    cards.pin(claiming("a", everything())).unwrap();
    cards.vouch(&id("a"), &id("b"));
    let territory = Trust::territory_of(&id("c"), &network(), &cards, &[accepted, peer("d")]);
    assert_eq!(["b", "b1"].map(|it| speaker(&territory, it)), [Some("b"); 2]);
    assert_eq!(speaker(&territory, "a1"), Some("a"), "nobody nearer claims it");
    // Of equal claims that of who vouches counts, whatever the names.
    let below = Scope::below(id("b"));
    assert_eq!(
        speaker(&self::territory(claiming("a", below), Vouches::Everything), "b1"),
        Some("b")
    );
}

#[test]
fn a_node_named_like_a_peers_organisation_does_not_even_speak_for_itself() {
    let territory = territory(claiming("d1", named(&["d1"])), Vouches::Everything);
    assert_eq!(speaker(&territory, "d1"), Some("d"));
    assert_eq!(territory.accepted(&id("d1")), Some(&id("d")));
}

#[test]
fn one_believed_about_its_own_alone_gives_no_node_what_nobody_has() {
    let scope = || named(&["a1", "b1"]);
    let below = territory(claiming("a", scope()), Vouches::Below);
    assert_eq!(["a1", "b1"].map(|it| speaker(&below, it)), [None, Some("a")]);
    let everyone = territory(claiming("a", scope()), Vouches::Everything);
    assert_eq!(["a1", "b1"].map(|it| speaker(&everyone, it)), [Some("a"), Some("a")]);
}

#[test]
fn a_peer_whose_link_rests_still_speaks_for_its_own() {
    let mut cards = cards();
    cards.pin(claiming("a", named(&["d1"]))).unwrap();
    cards.vouch(&id("a"), &id("b"));
    let over = |stage| [peer("b"), Peer { stage, ..peer("d") }];
    let suspended = PeerStage::Suspended { since: now(), reason: "exercise".into() };
    let ended = PeerStage::Ended { since: now(), reason: "over".into() };
    for stage in [suspended, ended] {
        let territory = Trust::territory_of(&id("c"), &network(), &cards, &over(stage));
        assert_eq!(speaker(&territory, "d1"), Some("d"));
    }
    let gone = PeerStage::Ended { since: now(), reason: "false cards".into() };
    let peers = [Peer { stage: gone, vouches: Vouches::Everything, ..peer("b") }, peer("d")];
    let mut cards = self::cards();
    cards.pin(claiming("a", named(&["a1"]))).unwrap();
    cards.vouch(&id("a"), &id("b"));
    let territory = Trust::territory_of(&id("c"), &network(), &cards, &peers);
    assert_eq!(speaker(&territory, "a1"), None, "what it vouched for went with it");
}

#[test]
fn a_card_revokes_keys_of_its_own_node_alone() {
    let mut cards = cards();
    let new = SecretKey::from_seed([12; 32]).unwrap();
    let revokes = [key("a").public().id(), key("b").public().id(), key("d").public().id()];
    let says =
        Statement { key: new.public(), serial: 2, revokes: revokes.into(), ..statement("b") };
    cards.learn(&says.sign_after(&new, &key("b"))).unwrap();
    let revoked = |node: &str| cards.is_revoked(&id(node), &key(node).public().id());
    assert_eq!(["a", "b", "c", "d"].map(revoked), [false, true, false, false]);
    let checked = trust("c", cards.clone()).check(&id("b"), at_once_by(&new), now());
    assert!(checked.is_ok(), "{checked:?}");
}

/// An item of `a1` as `b` passes it on with another key.
fn at_once_by(key: &SecretKey) -> vedetta_federation::envelope::Envelope {
    use vedetta_federation::exchange::{Signer, dispatch};
    use vedetta_federation::shelf::Parcel;
    let first = pass("a", "b", own("a", item("a1")), vec![passage("a1", &[])]);
    let (envelope, node) = (Box::new(first), id("b"));
    let parcel = Parcel::Onward { envelope, passages: vec![].into(), tlp: None };
    dispatch(Signer { node: &node, key }, &id("c"), vec![parcel], now()).remove(0)
}

#[test]
fn nothing_follows_a_key_that_an_administrator_revoked() {
    let mut cards = cards();
    cards.revoke(key("b").public().id());
    let thief = SecretKey::from_seed([13; 32]).unwrap();
    let says = Statement { key: thief.public(), serial: 2, ..statement("b") };
    assert!(cards.learn(&says.sign_after(&thief, &key("b"))).is_err());
}

#[test]
fn what_a_node_said_before_it_was_paired_is_borne_out_by_what_it_said_after() {
    let keys = [21, 22, 23].map(|seed| SecretKey::from_seed([seed; 32]).unwrap());
    let says =
        |serial: u32, key: &SecretKey| Statement { serial, key: key.public(), ..statement("b") };
    let first = says(1, &keys[0]).sign(&keys[0]);
    let stolen = Statement { revokes: [keys[0].public().id()].into(), ..says(2, &keys[1]) };
    let second = stolen.sign_after(&keys[1], &keys[0]);
    let third = says(3, &keys[1]).sign_after(&keys[1], &keys[1]);
    let newest = says(4, &keys[2]).sign_after(&keys[2], &keys[1]);
    let mut cards = Cards::default();
    cards.pin(newest.clone()).unwrap();
    let forged = says(3, &keys[0]).sign_after(&keys[0], &keys[0]);
    for not_before in [&first, &second, &forged] {
        assert_eq!(cards.learn(not_before), Ok(Learnt::Known), "nothing bears it out");
    }
    for earlier in [&third, &second, &first] {
        assert_eq!(cards.learn(earlier), Ok(Learnt::New));
    }
    assert_eq!(cards.cards_of(&id("b")), [first.clone(), second, third, newest.clone()]);
    let revoked = keys.each_ref().map(|key| cards.is_revoked(&id("b"), &key.public().id()));
    assert_eq!(revoked, [true, false, false], "what it has revoked since counts for nothing");
    // What an administrator revoked is not learnt.
    let mut cards = Cards::default();
    cards.pin(newest).unwrap();
    cards.revoke(keys[1].public().id());
    let third = says(3, &keys[1]).sign_after(&keys[1], &keys[1]);
    assert!(cards.learn(&third).is_err());
}

#[test]
fn no_more_is_learnt_of_what_came_before_than_is_kept() {
    let of = |serial| Statement { serial, ..statement("b") };
    let all: Vec<_> = (1..=30).map(|serial| of(serial).sign_after(&key("b"), &key("b"))).collect();
    let mut cards = Cards::default();
    cards.pin(all[24].clone()).unwrap();
    all.iter().rev().skip(5).for_each(|card| drop(cards.learn(card)));
    assert_eq!(cards.cards_of(&id("b")), &all[9..25]);
    cards.learn(&all[25]).unwrap();
    assert_eq!(cards.cards_of(&id("b")), &all[10..26]);
}

#[test]
fn a_node_restored_from_a_backup_takes_back_the_cards_it_had_made() {
    let at = |serial: u32, address: &str| Statement {
        serial,
        address: Some(address.into()),
        ..statement("a")
    };
    let lost = at(2, "new.example.org:1").sign_after(&key("a"), &key("a"));
    let again = at(2, "newer.example.org:1").sign_after(&key("a"), &key("a"));
    let mut cards = Cards::default();
    cards.pin(card("a")).unwrap();
    cards.learn(&again).unwrap();
    let ours = key("a").public();
    let forged = SecretKey::from_seed([14; 32]).unwrap();
    let posing = Statement { key: forged.public(), ..at(2, "forged.example.org:1") };
    cards.regain(&posing.sign_after(&forged, &forged), &ours);
    assert_eq!(cards.newest(&id("a")), Some(&again), "signed by another");
    cards.regain(&lost, &ours);
    assert_eq!(cards.newest(&id("a")), Some(&lost));
    let next = at(3, "newer.example.org:1").sign_after(&key("a"), &key("a"));
    assert!(cards.learn(&next).is_ok(), "and says again what it said");
}
