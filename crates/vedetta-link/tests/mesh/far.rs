//! How far something goes, and how often it comes.

use std::time::Duration;

use vedetta_federation::Passages;
use vedetta_federation::bookmark::Span;
use vedetta_federation::card::Statement;
use vedetta_federation::envelope::{Envelope, What};
use vedetta_federation::exchange::{Signer, dispatch};
use vedetta_federation::hop::MOST_HOPS;
use vedetta_federation::key::SecretKey;
use vedetta_federation::scope::Scope;
use vedetta_federation::shelf::{Ask, Lane, Parcel, Shelf as _};

use super::hostile::{clear, country, item, own, say, say_at};
use super::network::{Node, agreements, id};
use super::wire::pair;

/// The key of a node far away.
fn key(n: usize) -> SecretKey {
    let mut seed = [1; 32];
    seed[..8].copy_from_slice(&(n as u64).to_be_bytes());
    SecretKey::from_seed(seed).unwrap()
}

/// What the first of so many nodes in a row brings, as it stands at the last.
fn from_afar(n: u32, nodes: usize, last: &Node) -> Envelope {
    let (name, now) = (|n: usize| id(&format!("far-{n}")), last.house.now());
    let what = What::Item(Box::new(item("far-0", &clear(n), "CLEAR")));
    let mut envelope = Envelope::unsealed(name(0), now, u64::from(n), what);
    for from in 0..nodes {
        let (node, key) = (name(from), key(from));
        let to = if from + 1 < nodes { name(from + 1) } else { id(last.name) };
        let (envelope_here, passages) = (Box::new(envelope), Passages::default());
        let parcel = Parcel::Onward { envelope: envelope_here, passages, tlp: None };
        envelope = dispatch(Signer { node: &node, key: &key }, &to, vec![parcel], now).remove(0);
    }
    envelope
}

#[test]
fn what_has_been_through_as_many_nodes_as_it_may_is_counted_and_stays() {
    let names = ["cnaipic", "cosc-umbria", "cosc-liguria"];
    let [national, umbria, liguria] = names.map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    pair(&umbria, &liguria);
    let card = |n| {
        let organisation = id(&format!("far-{n}"));
        let serves = Scope::below(organisation.clone());
        let (key, since, revokes) = (key(n), umbria.house.now(), [].into());
        let (address, until, serial) = (None, None, 1);
        let key_of = key.public();
        Statement { organisation, key: key_of, serial, since, until, serves, address, revokes }
            .sign(&key)
    };
    let cards: Vec<_> = (0..MOST_HOPS).map(card).collect();
    umbria.nodes.learn_cards(&id("cnaipic"), &cards).unwrap();
    // The hop to Umbria is the last that there may be, or the one before.
    for (n, nodes) in [(1, MOST_HOPS - 2), (2, MOST_HOPS - 1)] {
        let envelope = from_afar(n, nodes, &national);
        assert_eq!(say(&national, &umbria, envelope, vec![]), "new");
        assert!(umbria.reads("terni", &clear(n).id()));
    }
    let upto = umbria.nodes.head().unwrap().place;
    let span = Span { after: 0, upto };
    let ask = Ask { lane: Lane::Backlog, span, envelopes: 500, octets: 1 << 20, echo: 0 };
    let page = umbria.nodes.page(&id("cosc-liguria"), &ask).unwrap();
    let hops = page.parcels.iter().filter_map(|parcel| match parcel {
        Parcel::Onward { envelope, .. } => Some(envelope.hops.len()),
        Parcel::Back(_) => None,
    });
    assert_eq!(hops.filter(|hops| *hops > 0).collect::<Vec<_>>(), [MOST_HOPS - 1]);
    assert_eq!(umbria.nodes.too_far(&id("cosc-liguria")), 1);
    assert_eq!(umbria.nodes.too_far(&id("cosc-liguria")), 0, "and was told");
}

#[test]
fn what_is_sent_again_is_known_and_what_is_played_back_is_refused() {
    let [national, umbria, _] = country();
    let counted = || {
        let peers = national.nodes.peers(&national.administrator()).unwrap();
        let peer = peers.into_iter().find(|it| it.organisation == id("cosc-umbria")).unwrap();
        (peer.known, peer.refused, peer.refusals.last().map(|it| it.why.clone()))
    };
    let what = What::Item(Box::new(item("cosc-umbria", &clear(1), "CLEAR")));
    let brought = own(&umbria, 900, what);
    let again = |node: &Node| say_at(node, &national, brought.clone());
    assert_eq!(again(&umbria), "new");
    let before = counted();
    umbria.clock.advance(Duration::from_secs(1));
    assert_eq!(again(&umbria), "known", "it was sealed again");
    assert_eq!(counted(), (before.0 + 1, before.1, before.2));
    // The very same octets once more, as whoever has recorded them sends them.
    assert_eq!(again(&umbria), "replayed");
    assert_eq!(counted(), (before.0 + 1, before.1 + 1, Some("replayed".into())));
}
