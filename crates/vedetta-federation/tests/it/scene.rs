//! Four nodes in a row, `a` to `d`, each with an organisation below it, under one framework.

use std::sync::Arc;

use vedetta_federation::Object;
use vedetta_federation::card::{Card, Statement};
use vedetta_federation::cards::{Cards, Peer, PeerStage, Vouches};
use vedetta_federation::check::{Refusal, Roots, Trust, Verified};
use vedetta_federation::envelope::{Envelope, Item, What};
use vedetta_federation::exchange::{Signer, dispatch};
use vedetta_federation::key::SecretKey;
use vedetta_federation::scope::Scope;
use vedetta_federation::shelf::Parcel;
use vedetta_model::{
    Agreement, Handling, Instant, Organisation, OrganisationId, OrganisationNumber,
};
use vedetta_policy::{Form, Network, Passage, Roll};

pub(crate) const NODES: [&str; 4] = ["a", "b", "c", "d"];

pub(crate) fn now() -> Instant {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn id(name: &str) -> OrganisationId {
    OrganisationId::new(name).unwrap()
}

pub(crate) fn key(node: &str) -> SecretKey {
    SecretKey::from_seed([node.as_bytes()[0]; 32]).unwrap()
}

pub(crate) fn statement(node: &str) -> Statement {
    Statement {
        organisation: id(node),
        key: key(node).public(),
        serial: 1,
        since: now(),
        until: None,
        serves: Scope::below(id(node)),
        address: None,
        revokes: [].into(),
    }
}

pub(crate) fn card(node: &str) -> Card {
    statement(node).sign(&key(node))
}

pub(crate) fn cards() -> Cards {
    let mut cards = Cards::default();
    NODES.iter().for_each(|node| cards.pin(card(node)).unwrap());
    cards
}

pub(crate) fn network() -> Arc<Network> {
    let organisation = |number: u32, name: &str, parent: Option<&str>| {
        let it =
            serde_json::json!({ "id": name, "name": name, "kind": "agency", "parent": parent });
        let it: Organisation = serde_json::from_value(it).unwrap();
        (OrganisationNumber(number), Arc::new(it))
    };
    let nodes = NODES.iter().zip(0..).map(|(node, number)| organisation(number, node, None));
    let below = NODES.iter().zip(10..);
    let below = below.map(|(node, number)| organisation(number, &format!("{node}1"), Some(node)));
    let organisations: Vec<_> = nodes.chain(below).collect();
    let agreement = |id: &str, members: &[&str]| {
        let category = ["indicator", "incident"];
        let it = serde_json::json!({
            "id": id, "title": id,
            "stage": { "is": "in-force", "since": "2026-01-01T00:00:00Z", "by": "they" },
            "term": { "from": "2026-01-01", "until": "2030-12-31" },
            "party": [
                { "name": "all", "organisations": members, "gives": category,
                  "receives": category, "within": "together" },
                { "name": "none" }
            ],
            "handling": { "redistribution": "lineage", "victim": "named" }
        });
        Arc::new(serde_json::from_value::<Agreement>(it).unwrap())
    };
    let agreements = [agreement("ab", &["a", "a1", "b", "b1"]), agreement("all", &NODES)];
    let roll = Roll { organisations: &organisations, agreements: &agreements, holds: &[] };
    Arc::new(Network::compile(roll, now()))
}

pub(crate) fn peer(node: &str) -> Peer {
    Peer {
        organisation: id(node),
        agreement: "all".parse().unwrap(),
        serves: Scope::below(id(node)),
        vouches: Vouches::Everything,
        address: None,
        stage: PeerStage::Active { since: now() },
    }
}

/// What a node believes, with the peers beside it in the row.
pub(crate) fn trust(node: &str, mut cards: Cards) -> Trust {
    let place = NODES.iter().position(|it| *it == node).unwrap();
    let beside = [place.checked_sub(1), Some(place + 1)];
    let peers: Vec<_> = beside.into_iter().flatten().filter_map(|it| NODES.get(it)).collect();
    let peers: Vec<_> = peers.into_iter().map(|node| peer(node)).collect();
    let afar = NODES.iter().filter(|it| peers.iter().all(|peer| peer.organisation != id(it)));
    for (node, peer) in afar.flat_map(|it| peers.iter().map(move |peer| (it, peer))) {
        cards.vouch(&id(node), &peer.organisation);
    }
    trust_with(node, cards, &peers)
}

/// What a node believes, with these peers.
pub(crate) fn trust_with(node: &str, cards: Cards, peers: &[Peer]) -> Trust {
    let network = network();
    let territory = Arc::new(Trust::territory_of(&id(node), &network, &cards, peers));
    let roots = Arc::new(Roots::new(1000));
    Trust::compile(id(node), network, territory, Arc::new(cards), peers, roots)
}

pub(crate) fn handling(producer: &str, tlp: &str) -> Handling {
    let it = serde_json::json!(
        { "producer": producer, "category": "indicator", "tlp": tlp, "pap": "GREEN" });
    serde_json::from_value(it).unwrap()
}

pub(crate) fn item(producer: &str) -> Item {
    let object = r#"{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","modified":"2026-06-01T11:00:00.000Z","x":1.50}"#;
    Item {
        object: Object::new(object.into()).unwrap(),
        conditions: handling(producer, "GREEN"),
        form: Form::Full,
        derived: None,
    }
}

pub(crate) fn own(origin: &str, item: Item) -> Envelope {
    Envelope::unsealed(id(origin), now(), 7, What::Item(Box::new(item)))
}

pub(crate) fn passage(giver: &str, on: &[&str]) -> Passage {
    let right = if on.is_empty() {
        serde_json::json!("any")
    } else {
        serde_json::json!({ "lineages": on })
    };
    let it = serde_json::json!({ "giver": giver, "right": right, "under": "all", "root": "all",
        "gives": "lineage", "on": on });
    serde_json::from_value(it).unwrap()
}

/// Has a node pass an envelope on, honestly sealed, whatever it says.
pub(crate) fn pass(from: &str, to: &str, envelope: Envelope, passages: Vec<Passage>) -> Envelope {
    sent((from, to), envelope, passages, now())
}

/// The same by nobody's right, at a moment.
pub(crate) fn pass_at(from: &str, to: &str, envelope: Envelope, at: Instant) -> Envelope {
    sent((from, to), envelope, vec![], at)
}

fn sent(
    (from, to): (&str, &str),
    envelope: Envelope,
    passages: Vec<Passage>,
    at: Instant,
) -> Envelope {
    let (node, key) = (id(from), key(from));
    let signer = Signer { node: &node, key: &key };
    let passages = passages.into();
    let parcel = Parcel::Onward { envelope: Box::new(envelope), passages, tlp: None };
    dispatch(signer, &id(to), vec![parcel], at).remove(0)
}

/// The same sealed by the nodes that it names, when it leads from one to the next and their keys are here:
/// false in everything but its seals.
pub(crate) fn sealed_anew(envelope: &Envelope) -> Option<Envelope> {
    let known = |node: &OrganisationId| NODES.contains(&node.as_str());
    let mut sealed = Envelope { seal: None, hops: Vec::new(), ..envelope.clone() };
    if let What::Agreement(signed) = &mut sealed.what {
        let digest = signed.digest();
        let signatures = signed.signatures.iter_mut().filter(|(node, _)| known(node));
        signatures.for_each(|(node, by)| *by = key(node.as_str()).sign(digest.octets()));
    }
    for hop in &envelope.hops {
        let (node, key) = (&hop.from, known(&hop.from).then(|| key(hop.from.as_str()))?);
        let (passages, tlp) = (hop.passages.clone(), hop.tlp);
        let parcel = Parcel::Onward { envelope: Box::new(sealed), passages, tlp };
        sealed = dispatch(Signer { node, key: &key }, &hop.to, vec![parcel], hop.at).pop()?;
    }
    Some(sealed)
}

/// An item of `a1`, as `b` gives it to `c`.
pub(crate) fn relayed() -> Envelope {
    let first = pass("a", "b", own("a", item("a1")), vec![passage("a1", &[])]);
    pass("b", "c", first, vec![passage("b", &["all"])])
}

/// What `c` says to an envelope of `b`.
pub(crate) fn at_c(envelope: Envelope) -> Result<Verified, Refusal> {
    at_c_with(cards(), envelope)
}

pub(crate) fn at_c_with(cards: Cards, envelope: Envelope) -> Result<Verified, Refusal> {
    trust("c", cards).check(&id("b"), envelope, now()).map_err(|refused| refused.why)
}
