//! Every way in which an envelope may be false, and how it is refused.

use std::time::Duration;

use vedetta_federation::cards::{Peer, PeerStage};
use vedetta_federation::check::{Refusal, Way};
use vedetta_federation::envelope::{Envelope, StandingNotice, Stands, What};
use vedetta_federation::hop::MOST_HOPS;
use vedetta_federation::key::SecretKey;
use vedetta_federation::waiting::{Room, Waiting};
use vedetta_federation::{Object, Passages};
use vedetta_model::{Exercise, Tlp};
use vedetta_policy::Form;

use crate::scene::*;

fn name(refusal: Result<impl std::fmt::Debug, Refusal>) -> &'static str {
    let refusal = refusal.unwrap_err();
    assert!(refusal.to_string().is_ascii() && !refusal.to_string().is_empty());
    refusal.name()
}

fn changed(change: impl FnOnce(&mut Envelope)) -> Envelope {
    let mut envelope = relayed();
    change(&mut envelope);
    envelope
}

fn item_of(envelope: &mut Envelope) -> &mut vedetta_federation::envelope::Item {
    match &mut envelope.what {
        What::Item(item) => item,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_honest_envelope_is_accepted_and_says_by_whom_it_goes_on() {
    let verified = at_c(relayed()).unwrap();
    assert_eq!((verified.way(), verified.tlp()), (Way::Onward, Some(Tlp::Green)));
    assert_eq!(verified.passages()[0].giver, id("b"));
    assert_eq!(verified.leaf(), own("a", item("a1")).leaf(), "the same on every path");
}

#[test]
fn what_was_altered_on_the_way_is_refused() {
    let text = r#"{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","modified":"2026-06-01T11:00:00.000Z","x":1.51}"#;
    let altered = [
        changed(|it| item_of(it).object = Object::new(text.into()).unwrap()),
        changed(|it| item_of(it).conditions.tlp = Tlp::Clear),
        changed(|it| item_of(it).conditions.only_under = ["all".parse().unwrap()].into()),
        changed(|it| item_of(it).conditions.exercise = Some(Exercise::default())),
        changed(|it| it.at = now().before(Duration::from_secs(1))),
        changed(|it| it.place = 8),
        changed(|it| it.hops[0].passages = Passages::default()),
        changed(|it| {
            let mut passages = it.hops[1].passages.to_vec();
            passages[0].on.clear();
            it.hops[1].passages = passages.into();
        }),
        changed(|it| it.hops[0].tlp = Some(Tlp::Red)),
        changed(|it| it.hops[1].at = now().before(Duration::from_secs(1))),
        changed(|it| it.hops[0].seal = it.hops[1].seal.clone()),
        changed(|it| it.seal.as_mut().unwrap().signature = it.hops[0].seal.signature),
        changed(|it| it.seal.as_mut().unwrap().index = 1),
        changed(|it| it.seal.as_mut().unwrap().count = u32::MAX),
    ];
    for (place, envelope) in altered.into_iter().enumerate() {
        let name = name(at_c(envelope));
        assert!(["broken-seal", "unknown-key"].contains(&name), "{place}: {name}");
    }
    assert_eq!(name(at_c(changed(|it| it.seal = None))), "unsealed");
}

#[test]
fn a_relay_that_spaces_the_text_otherwise_has_broken_the_seal() {
    let text = serde_json::to_string(&relayed()).unwrap();
    for (from, to) in [(r#""x":1.50"#, r#""x": 1.50"#), (r#""x":1.50"#, r#""x":1.5"#)] {
        assert!(text.contains(from));
        let envelope: Envelope = serde_json::from_str(&text.replace(from, to)).unwrap();
        assert_eq!(name(at_c(envelope)), "broken-seal", "{to}");
    }
}

#[test]
fn a_name_said_twice_never_becomes_an_envelope() {
    let text = serde_json::to_string(&relayed()).unwrap();
    assert!(serde_json::from_str::<Envelope>(&text).is_ok());
    let twice = text.replace("\"x\":1.50", "\"x\":1.50,\"x\":1.50");
    assert!(serde_json::from_str::<Envelope>(&twice).is_err());
}

#[test]
fn a_key_that_is_unknown_revoked_or_ended_seals_nothing() {
    let without = |node: &str| {
        let mut cards = vedetta_federation::cards::Cards::default();
        NODES.iter().filter(|it| **it != node).for_each(|it| cards.pin(card(it)).unwrap());
        cards
    };
    assert_eq!(name(at_c_with(without("a"), relayed())), "unknown-node");
    let mut revoked = cards();
    revoked.revoke(key("a").public().id());
    assert_eq!(name(at_c_with(revoked, relayed())), "revoked-key");
    let mut ended = without("a");
    let until = Some(now().before(Duration::from_secs(1)));
    let old = vedetta_federation::card::Statement { until, ..statement("a") };
    ended.pin(old.sign(&key("a"))).unwrap();
    assert_eq!(name(at_c_with(ended, relayed())), "ended-key");
    let mut stolen = without("a");
    let other = SecretKey::from_seed([77; 32]).unwrap();
    let says = vedetta_federation::card::Statement { key: other.public(), ..statement("a") };
    stolen.pin(says.sign(&other)).unwrap();
    assert_eq!(name(at_c_with(stolen, relayed())), "unknown-key");
}

#[test]
fn what_was_sealed_before_a_rotation_is_accepted_after_it() {
    let mut cards = cards();
    let new = SecretKey::from_seed([78; 32]).unwrap();
    let says =
        vedetta_federation::card::Statement { key: new.public(), serial: 2, ..statement("a") };
    cards.learn(&says.clone().sign_after(&new, &key("a"))).unwrap();
    assert!(at_c_with(cards.clone(), relayed()).is_ok());
    let forged = vedetta_federation::card::Statement { serial: 3, ..says };
    let other = SecretKey::from_seed([79; 32]).unwrap();
    assert!(cards.learn(&forged.sign_after(&new, &other)).is_err(), "not by the key before");
}

#[test]
fn a_trail_leads_from_the_origin_to_here_through_no_node_twice() {
    let first = pass("a", "b", own("a", item("a1")), vec![]);
    assert_eq!(name(at_c(first.clone())), "not-for-us");
    let elsewhere = pass("b", "d", first.clone(), vec![]);
    assert_eq!(name(at_c(elsewhere)), "not-for-us");
    let jumped = pass("d", "c", first.clone(), vec![]);
    let by_d = trust("c", cards()).check(&id("d"), jumped, now());
    assert_eq!(by_d.unwrap_err().why.name(), "broken-trail");
    let mut twice = first;
    for (from, to) in [("b", "d"), ("d", "b"), ("b", "c")] {
        // What an honest node would not send, a dishonest one does.
        let sent = pass(from, to, Envelope { hops: vec![], ..twice.clone() }, vec![]);
        twice.hops.extend(sent.hops);
    }
    assert_eq!(name(at_c(twice)), "loop");
    let many = changed(|it| it.hops = vec![it.hops[0].clone(); MOST_HOPS + 1]);
    assert_eq!(name(at_c(many)), "too-many");
    for name_of in ["x".repeat(201), "Ponte\nsu".into()] {
        let exercise = Exercise { name: name_of, participants: [].into() };
        let long = changed(|it| item_of(it).conditions.exercise = Some(exercise));
        assert_eq!(name(at_c(long)), "too-many", "it would be kept for good");
    }
    let version = changed(|it| it.v = 2);
    assert_eq!(name(at_c(version)), "version");
}

#[test]
fn what_is_from_the_future_waits() {
    let sealed_in = |seconds| {
        let first = pass("a", "b", own("a", item("a1")), vec![]);
        let later = now().after(Duration::from_secs(seconds));
        pass_at("b", "c", first, later)
    };
    let refusal = at_c(sealed_in(301)).unwrap_err();
    assert!(refusal.name() == "future" && refusal.may_pass());
    assert!(at_c(sealed_in(299)).is_ok());
}

#[test]
fn a_ledger_whose_clock_once_ran_ahead_mutes_no_node() {
    let mut ahead = own("a", item("a1"));
    ahead.at = "2030-01-01T00:00:00Z".parse().unwrap();
    assert!(at_c(pass("b", "c", pass("a", "b", ahead, vec![]), vec![])).is_ok());
}

#[test]
fn nobody_speaks_for_the_organisations_of_another_node() {
    let false_origin = own("a", item("d1"));
    let sent = pass("b", "c", pass("a", "b", false_origin, vec![]), vec![]);
    assert_eq!(name(at_c(sent)), "not-speaking");
    let stranger = own("a", item("nobody-knows-it"));
    assert!(at_c(pass("b", "c", pass("a", "b", stranger, vec![]), vec![])).is_ok());
}

#[test]
fn a_marking_is_never_lowered() {
    let mut lower = item("a1");
    let marked = r#"{"type":"indicator","id":"indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f","object_marking_refs":["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"]}"#;
    lower.object = Object::new(marked.into()).unwrap();
    let sent = pass("b", "c", pass("a", "b", own("a", lower.clone()), vec![]), vec![]);
    assert_eq!(name(at_c(sent)), "lowered-marking", "the object says AMBER");
    lower.conditions.tlp = Tlp::Amber;
    let first = pass("a", "b", own("a", lower), vec![]);
    assert!(at_c(pass("b", "c", first.clone(), vec![])).is_ok());
    assert_eq!(name(at_c(marked_by("b", first.clone(), Tlp::Green))), "lowered-marking");
    let stricter = at_c(marked_by("b", first, Tlp::AmberStrict)).unwrap();
    assert_eq!(stricter.tlp(), Some(Tlp::AmberStrict));
}

fn marked_by(from: &str, envelope: Envelope, tlp: Tlp) -> Envelope {
    use vedetta_federation::exchange::{Signer, dispatch};
    use vedetta_federation::shelf::Parcel;
    let (node, key) = (id(from), key(from));
    let signer = Signer { node: &node, key: &key };
    let envelope = Box::new(envelope);
    let parcel = Parcel::Onward { envelope, passages: Passages::default(), tlp: Some(tlp) };
    dispatch(signer, &id("c"), vec![parcel], now()).remove(0)
}

#[test]
fn a_relay_narrows_and_never_widens() {
    let first = |passages| pass("a", "b", own("a", item("a1")), passages);
    let at_c = |before, passages| at_c(pass("b", "c", first(before), passages));
    let given = || vec![passage("a1", &[])];
    assert!(at_c(given(), vec![]).is_ok(), "nothing");
    assert!(at_c(given(), vec![passage("a1", &[])]).is_ok(), "the producer's right is its own");
    assert!(at_c(given(), vec![passage("b1", &["all"])]).is_ok(), "who received a right");
    // A card may come yet by which the relay speaks for somebody of another node.
    let refused = at_c(given(), vec![passage("d1", &["all"])]).unwrap_err();
    assert!(refused.name() == "not-speaking" && refused.may_pass());
    let widened = [
        (given(), passage("b", &[]), "a right that rests on nothing"),
        (given(), passage("a1", &["all"]), "the producer's, resting on something"),
        (vec![], passage("b", &["all"]), "what was given to nobody"),
        (vec![without_right()], passage("b", &["all"]), "what was given without a right"),
        (given(), naming(passage("b", &["all"])), "the victim, which was hidden"),
    ];
    let right = |right: vedetta_model::Right, it| vedetta_policy::Passage { right, ..it };
    let named = |names: vedetta_model::Right| vedetta_policy::Passage {
        naming: Some(names),
        ..passage("a1", &[])
    };
    let other = || vedetta_model::Right::Lineages(["elsewhere".parse().unwrap()].into());
    let claims = |it: vedetta_policy::Passage, gives, root: &str| {
        let root = Some(root.parse().unwrap());
        vedetta_policy::Passage { gives, root, ..it }
    };
    let any = vedetta_model::agreement::Redistribution::Any;
    let lineage = vedetta_model::agreement::Redistribution::Lineage;
    let widened = widened.into_iter().chain([
        (given(), right(vedetta_model::Right::Any, passage("b", &["all"])), "any right"),
        (given(), right(other(), passage("b", &["all"])), "a right in another lineage"),
        (
            vec![named(vedetta_model::Right::Any)],
            naming(passage("b", &["all"])),
            "any right to name the victim",
        ),
        (vec![claims(passage("a1", &[]), any, "all")], passage("b", &["all"]), "more is given"),
        (vec![claims(passage("a1", &[]), lineage, "ab")], passage("b", &["all"]), "elsewhere"),
        (given(), through(passage("a1", &[]), &["b"]), "the producer's, through somebody"),
        (vec![passage("a2", &["all"])], passage("b", &["all"]), "through whom it came, left out"),
        (vec![through(passage("a2", &["all"]), &["a3"])], passage("a2", &["all"]), "the same"),
        (
            vec![through(passage("a2", &["all"]), &["a3"])],
            through(passage("b", &["all"]), &["a2"]),
            "one of them left out",
        ),
    ]);
    let from_a2 = vec![through(passage("a2", &["all"]), &["a3"])];
    let on = through(passage("b", &["all"]), &["a2", "a3"]);
    assert!(at_c(from_a2, vec![on]).is_ok(), "all of them");
    for (before, passage, what) in widened {
        assert_eq!(name(at_c(before, vec![passage])), "widened", "{what}");
    }
}

fn through(passage: vedetta_policy::Passage, names: &[&str]) -> vedetta_policy::Passage {
    let through = names.iter().map(|it| it.parse().unwrap()).collect();
    vedetta_policy::Passage { through, ..passage }
}

fn without_right() -> vedetta_policy::Passage {
    vedetta_policy::Passage {
        gives: vedetta_model::agreement::Redistribution::None,
        ..passage("a1", &[])
    }
}

fn naming(passage: vedetta_policy::Passage) -> vedetta_policy::Passage {
    vedetta_policy::Passage { naming: Some(vedetta_model::Right::Any), ..passage }
}

#[test]
fn a_redacted_form_is_its_origins_and_tells_no_victim() {
    let mut redacted = item("a1");
    redacted.form = Form::Redacted;
    let sent = |item| pass("b", "c", pass("a", "b", own("a", item), vec![]), vec![]);
    assert_eq!(name(at_c(sent(redacted.clone()))), "not-redacted", "it shows the producer");
    redacted.conditions.producer = id("a");
    redacted.conditions.victims = [id("a1")].into();
    assert_eq!(name(at_c(sent(redacted.clone()))), "not-redacted", "it tells the victim");
    redacted.conditions.victims.clear();
    assert!(at_c(sent(redacted.clone())).is_ok());
    redacted.object = Object::new("{\"type\":\"indicator\"}".into()).unwrap();
    assert_eq!(name(at_c(sent(redacted))), "no-identifier");
}

#[test]
fn an_agreement_is_changed_by_its_parties_alone() {
    let notice = |origin: &str, agreement: &str| {
        let what = What::Standing(StandingNotice {
            agreement: agreement.parse().unwrap(),
            revision: 1,
            now: Stands::Suspended,
            since: now(),
            reason: None,
        });
        vedetta_federation::envelope::Envelope::unsealed(id(origin), now(), 1, what)
    };
    assert!(at_c(pass("b", "c", pass("a", "b", notice("a", "ab"), vec![]), vec![])).is_ok());
    let by_d = pass("d", "c", notice("d", "ab"), vec![]);
    let refused = trust("c", cards()).check(&id("d"), by_d, now()).unwrap_err();
    assert_eq!(refused.why.name(), "not-speaking");
    assert_eq!(refused.why.to_string(), "d speaks for no party to ab, and says how it stands");
    let unknown = pass("d", "c", notice("d", "elsewhere"), vec![]);
    assert!(trust("c", cards()).check(&id("d"), unknown, now()).is_ok());
}

#[test]
fn what_a_restored_node_had_comes_back_as_it_was_and_nothing_else_does() {
    let there = relayed();
    let back = there.back_to(&id("b")).unwrap();
    let at_b = |envelope| trust("b", cards()).check(&id("c"), envelope, now());
    assert_eq!(at_b(back).unwrap().way(), Way::Back);
    let mut forged = there.back_to(&id("b")).unwrap();
    forged.hops[0].passages = Passages::default();
    assert_eq!(at_b(forged).unwrap_err().why.name(), "broken-seal");
    let own = there.back_to(&id("a")).unwrap();
    assert!(own.hops.is_empty());
    assert_eq!(trust("a", cards()).check(&id("b"), own, now()).unwrap().way(), Way::Back);
    assert!(there.back_to(&id("d")).is_none());
    // Of one whose link rests it waits until that works again.
    let stage = PeerStage::Suspended { since: now(), reason: "exercise".into() };
    let back = || there.back_to(&id("b")).unwrap();
    let resting = trust_with("b", cards(), &[Peer { stage, ..peer("a") }, peer("c")]);
    let refused = resting.check(&id("c"), back(), now()).unwrap_err();
    assert_eq!(refused.why.name(), "resting");
    let mut room = Waiting::default();
    assert_eq!(room.keep(&mut refused.clone(), now()), Room::Kept);
    let passed = room.retry(&trust("b", cards()), &id("c"), now()).passed;
    assert_eq!(passed.len(), 1);
    let stage = PeerStage::Ended { since: now(), reason: "over".into() };
    let ended = trust_with("b", cards(), &[Peer { stage, ..peer("a") }, peer("c")]);
    assert_eq!(name(ended.check(&id("c"), back(), now()).map_err(|it| it.why)), "not-for-us");
    // What came to `c` from a node that is no peer of `c` is not believed, whoever brings it.
    let by_a = pass("a", "c", super::scene::own("a", item("a1")), vec![]);
    assert_eq!(name(at_c(by_a)), "not-for-us");
}
