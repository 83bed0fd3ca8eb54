//! Two nodes pair with a code, once; a link that is suspended or ended carries nothing.

use vedetta_directory::directory::Records;
use vedetta_federation::bookmark::Span;
use vedetta_federation::envelope::{Envelope, Removal, What};
use vedetta_federation::exchange::{Signer, dispatch};
use vedetta_federation::scope::Scope;
use vedetta_federation::shelf::{Ask, Lane, Parcel, Shelf as _};
use vedetta_flow::mesh::Mesh;
use vedetta_flow::{FlowError, Step};
use vedetta_mesh::{LinkStep, OldKey, Terms};
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
    let invited = id("cosc-umbria");
    let code = national.nodes.invite_node(&admin, &invited, &agreement, &umbria.terms(), address);
    let code = code.unwrap();
    let (inviting, accepting) =
        (national.house.mesh().unwrap().key.public(), umbria.house.mesh().unwrap().key.public());
    let by = umbria.administrator();
    let mut guessed = code.clone();
    guessed.secret = vedetta_federation::pairing::Secret::from_octets([1; 16]);
    let wrong = umbria.nodes.propose_pairing(&by, &guessed, &inviting).unwrap();
    let refused = national.nodes.answer_proposal(&accepting, &wrong);
    assert!(matches!(refused, Err(FlowError::Unproven(_))), "{refused:?}");
    let proposal = umbria.nodes.propose_pairing(&by, &code, &inviting).unwrap();
    let stranger = national.nodes.answer_proposal(&inviting, &proposal);
    assert!(matches!(stranger, Err(FlowError::Unproven(_))), "another key than it dialled with");
    let answer = national.nodes.answer_proposal(&accepting, &proposal).unwrap();
    // The answer may be lost on the way: who proposed the same hears the same, and nobody else does.
    let again = national.nodes.answer_proposal(&accepting, &proposal);
    assert_eq!(again.unwrap(), answer);
    let mut other = proposal.clone();
    other.card = other.card.says.clone().sign(&secret(&umbria));
    other.agreement = "umbria".parse().unwrap();
    let other = national.nodes.answer_proposal(&accepting, &other);
    assert!(matches!(other, Err(FlowError::Unproven(_))), "a code works once");
    let terms = national.terms();
    umbria.nodes.accept_node(&by, &code, (&inviting, &answer), &terms).unwrap();
    let peers = umbria.nodes.peers(&by).unwrap();
    assert_eq!(peers.len(), 1);
    assert_eq!((&peers[0].organisation, &peers[0].agreement), (&id("cnaipic"), &agreement));
    assert!(national.nodes.invitations(&admin).unwrap().is_empty());
    assert!(
        national.nodes.invite_node(&by, &id("poli-cert"), &agreement, &terms, address).is_err()
    );
}

#[test]
fn for_whom_nobody_is_there_a_peer_does_not_speak() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    let (by, agreement) = (national.administrator(), "pro-c2si".parse().unwrap());
    let (invited, address) = (id("cosc-umbria"), "national.example.org:8444");
    let misspelt = || Terms { serves: Scope::below(id("cosc-umbra")), ..umbria.terms() };
    let refused = national.nodes.invite_node(&by, &invited, &agreement, &misspelt(), address);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("cosc-umbra") && refused.contains("\"cosc-umbria\""), "{refused}");
    pair(&national, &umbria);
    let kept = national.nodes.peers(&by).unwrap()[0].serves.clone();
    let refused = national.nodes.set_link_terms(&by, &invited, &misspelt());
    assert!(matches!(refused, Err(FlowError::Invalid { .. })), "{refused:?}");
    let region = Scope { regions: ["Umbrai".into()].into(), ..Scope::default() };
    let refused =
        national.nodes.set_link_terms(&by, &invited, &Terms { serves: region, ..umbria.terms() });
    assert!(matches!(refused, Err(FlowError::Invalid { .. })), "{refused:?}");
    assert_eq!(national.nodes.peers(&by).unwrap()[0].serves, kept);
}

fn secret(node: &Node) -> vedetta_federation::key::SecretKey {
    let mesh = node.house.mesh().unwrap();
    vedetta_federation::key::SecretKey::from_seed(*mesh.key.seed()).unwrap()
}

#[test]
fn strangers_fill_no_ledger_and_old_codes_leave_no_secret() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    let (agreement, admin) = ("pro-c2si".parse().unwrap(), national.administrator());
    let (invited, at) = (id("cosc-umbria"), "national.example.org:8444");
    let code = national.nodes.invite_node(&admin, &invited, &agreement, &umbria.terms(), at);
    let mut guessed = code.unwrap();
    guessed.secret = vedetta_federation::pairing::Secret::from_octets([1; 16]);
    let key = |node: &Node| node.house.mesh().unwrap().key.public();
    let by = umbria.administrator();
    let guess = umbria.nodes.propose_pairing(&by, &guessed, &key(&national)).unwrap();
    let forged = {
        let mut says = umbria.house.mesh().unwrap().card().unwrap().says.clone();
        says.serial += 1;
        says.sign(&secret(&umbria))
    };
    let knocks = || {
        let deeds = national.deeds();
        let of = |deed: &&serde_json::Value| deed["deed"] == "pairing-refused";
        deeds.iter().filter(of).map(|deed| deed["count"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    for _ in 0..100 {
        assert!(national.nodes.answer_proposal(&key(&umbria), &guess).is_err());
        assert!(national.nodes.meet(&id("cosc-umbria"), &forged).is_err());
    }
    assert_eq!(knocks(), [1], "one entry a minute");
    national.clock.advance(std::time::Duration::from_secs(60));
    assert!(national.nodes.answer_proposal(&key(&umbria), &guess).is_err());
    assert_eq!(knocks(), [1, 100]);
    let kept = || {
        let mut kept = 0;
        let mut count = |reader: &mut dyn vedetta_store::Reader| {
            kept = reader.records(vedetta_store::RecordKind::Peer)?.len();
            Ok(())
        };
        national.store.read(&mut count).unwrap();
        kept
    };
    assert_eq!(kept(), 1);
    national.clock.advance(std::time::Duration::from_secs(86_400));
    assert_eq!((national.house.remove_expired().unwrap(), kept()), (1, 0));
}

/// What others have of it was sealed with keys that it had before.
#[test]
fn keys_that_a_node_had_before_it_was_paired_are_known() {
    let [national, umbria, liguria] =
        ["cnaipic", "cosc-umbria", "cosc-liguria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    let mut wire = Wire::between(&national, &umbria);
    umbria.bring("cosc-umbria", &[TestItem::indicator(1).tlp("GREEN")]);
    wire.carry();
    let by = umbria.administrator();
    let moves = |to: &str| umbria.house.establish_node(&umbria.scope(), Some(to)).unwrap();
    umbria.nodes.rotate_key(&by, OldKey::Good).unwrap();
    moves("one.example.org:1");
    umbria.nodes.rotate_key(&by, OldKey::Good).unwrap();
    moves("two.example.org:1");
    settle(&mut [Wire::between(&national, &umbria)]);
    pair(&umbria, &liguria);
    settle(&mut [Wire::between(&umbria, &liguria)]);
    let known =
        |node: &Node| node.house.mesh().unwrap().cards.cards_of(&id("cosc-umbria")).to_vec();
    assert_eq!((known(&liguria).len(), known(&liguria)), (5, known(&umbria)));
    pair(&national, &liguria);
    settle(&mut [Wire::between(&national, &liguria)]);
    assert!(liguria.nodes.waiting(&id("cnaipic")).unwrap().is_empty(), "each seal is known");
    assert!(liguria.reads("cosc-liguria", &TestItem::indicator(1).id()));
}

#[test]
fn a_suspended_link_carries_nothing_and_a_resumed_one_what_was_missed() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    pair(&national, &umbria);
    let suspend = LinkStep::Suspend { reason: "exercise".into() };
    let by = national.administrator();
    national.nodes.step_link(&by, &id("cosc-umbria"), &suspend).unwrap();
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    let span = Span { after: 0, upto: national.nodes.head().unwrap().place };
    let ask = Ask { lane: Lane::Backlog, span, envelopes: 500, octets: 1 << 20, echo: 0 };
    assert!(national.nodes.page(&id("cosc-umbria"), &ask).is_err(), "nothing is read as empty");
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    assert!(!wires[0].is_up());
    assert!(!national.reads("cnaipic", &item.id()));
    national.nodes.step_link(&by, &id("cosc-umbria"), &LinkStep::Resume).unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(national.reads("cnaipic", &item.id()));
    let end = LinkStep::End { reason: "over".into() };
    national.nodes.step_link(&by, &id("cosc-umbria"), &end).unwrap();
    assert!(national.nodes.step_link(&by, &id("cosc-umbria"), &LinkStep::Resume).is_err());
}

#[test]
fn a_silent_link_raises_an_alarm_once() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    pair(&national, &umbria);
    settle(&mut [Wire::between(&national, &umbria)]);
    let minutes = |count: u64| std::time::Duration::from_secs(60 * count);
    let umbria_id = id("cosc-umbria");
    national.nodes.hear(&umbria_id);
    national.clock.advance(minutes(4));
    assert!(national.nodes.watch_links(minutes(5)).unwrap().is_empty());
    national.clock.advance(minutes(2));
    assert_eq!(national.nodes.watch_links(minutes(5)).unwrap(), [umbria_id.clone()]);
    assert!(national.nodes.watch_links(minutes(5)).unwrap().is_empty(), "once");
    let view = || national.nodes.peers(&national.administrator()).unwrap().remove(0);
    assert!(view().silent.is_some());
    assert!(national.deeds().iter().any(|deed| deed["deed"] == "link-silent"));
    national.nodes.hear(&umbria_id);
    national.nodes.watch_links(minutes(5)).unwrap();
    assert_eq!(view().silent, None);
    assert!(national.deeds().iter().any(|deed| deed["deed"] == "link-heard"));
}

#[test]
fn contacts_and_who_is_on_duty_are_known_to_the_counterpart() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    pair(&national, &umbria);
    let contact = serde_json::json!({
        "id": "umbria-desk", "organisation": "cosc-umbria", "role": "incident response",
        "name": "Desk", "phone_24h": "+39 075 000000", "account": "cosc-umbria"
    });
    let contact = serde_json::from_value(contact).unwrap();
    let records = Records { contacts: vec![contact], ..Records::default() };
    umbria.house.put_records(&umbria.administrator(), records).unwrap();
    let until = umbria.house.now().after(std::time::Duration::from_secs(3600));
    umbria.nodes.say_presence(&umbria.administrator(), 2, until).unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    let standing = national.house.standing();
    let there = standing.directory.contacts_of(&id("cosc-umbria"));
    assert_eq!(there.len(), 1);
    assert_eq!((there[0].id.as_str(), &there[0].account), ("umbria-desk", &None));
    let present = national.nodes.presence(&id("cosc-umbria")).unwrap().unwrap();
    assert_eq!((present.on_duty, present.until), (2, until));
    // The roster is heard once for each change.
    let (next, head) =
        (until.after(std::time::Duration::from_secs(60)), umbria.house.bell().last());
    for _ in 0..3 {
        umbria.nodes.tell_duty(3, next).unwrap();
    }
    assert_eq!(umbria.house.bell().last().0, head.0 + 1);
    settle(&mut [Wire::between(&national, &umbria)]);
    let present = national.nodes.presence(&id("cosc-umbria")).unwrap().unwrap();
    assert_eq!((present.on_duty, present.until), (3, next));
}

#[test]
fn a_new_key_is_learnt_from_the_old_one() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    pair(&national, &umbria);
    let before = umbria.house.mesh().unwrap().key.public();
    umbria.nodes.rotate_key(&umbria.administrator(), OldKey::Good).unwrap();
    assert_ne!(umbria.house.mesh().unwrap().key.public(), before);
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(national.reads("cnaipic", &item.id()));
}

#[test]
fn what_a_stolen_key_sealed_is_sealed_anew_for_who_joins_later() {
    let [umbria, national, liguria] =
        ["cosc-umbria", "cnaipic", "cosc-liguria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    umbria.nodes.rotate_key(&umbria.administrator(), OldKey::Stolen).unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    pair(&national, &liguria);
    settle(&mut [Wire::between(&national, &umbria), Wire::between(&national, &liguria)]);
    assert!(liguria.reads("cosc-liguria", &item.id()));
    let peers = liguria.nodes.peers(&liguria.administrator()).unwrap();
    assert_eq!((peers[0].refused, peers[0].waiting), (0, 0), "{:?}", peers[0].refusals);
}

#[test]
fn what_a_stolen_key_said_is_said_anew_for_who_joins_later_and_no_more_by_the_thief() {
    let [umbria, national, liguria] =
        ["cosc-umbria", "cnaipic", "cosc-liguria"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    settle(&mut [Wire::between(&national, &umbria)]);
    let (admin, thief) = (umbria.administrator(), umbria.house.mesh().unwrap());
    umbria.house.withdraw(&umbria.person("cosc-umbria"), &item.id(), "a mistake").unwrap();
    umbria.house.remove_organisation(&admin, &id("terni")).unwrap();
    let suspend = Step::Suspend { reason: "review".into() };
    umbria.house.step_agreement(&admin, &"umbria".parse().unwrap(), &suspend).unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    umbria.nodes.rotate_key(&admin, OldKey::Stolen).unwrap();
    // Twice: the second time all of it is known, and nothing is written again.
    settle(&mut [Wire::between(&national, &umbria)]);
    let head = national.nodes.head().unwrap();
    settle(&mut [Wire::between(&national, &umbria)]);
    assert_eq!(national.nodes.head().unwrap().place, head.place);
    pair(&national, &liguria);
    settle(&mut [Wire::between(&national, &umbria), Wire::between(&national, &liguria)]);
    let directory = &liguria.house.standing().directory;
    assert!(directory.organisation(&id("terni")).is_none(), "who left has left there too");
    let standing = liguria.house.standing();
    let stage = standing.network.agreement(&"umbria".parse().unwrap()).unwrap().stage.name();
    assert_eq!(stage, "suspended");
    let peers = liguria.nodes.peers(&liguria.administrator()).unwrap();
    assert_eq!((peers[0].refused, peers[0].waiting), (0, 0), "{:?}", peers[0].refusals);
    // What the thief seals is refused by who has a link with its node, and far away.
    let removal = Removal { organisation: id("perugia") };
    let envelope =
        Envelope::unsealed(id("cosc-umbria"), umbria.house.now(), 9_000, What::Removal(removal));
    let onward = |envelope, signer: &Mesh, to: &str| {
        let envelope = Box::new(envelope);
        let parcel = Parcel::Onward { envelope, passages: vec![].into(), tlp: None };
        let signer = Signer { node: &signer.me, key: &signer.key };
        dispatch(signer, &id(to), vec![parcel], umbria.house.now()).remove(0)
    };
    let refused = |at: &Node, from: &str, envelope: &Envelope| {
        let trust = at.house.mesh().unwrap().trust.clone();
        let checked = trust.check(&id(from), envelope.clone(), at.house.now());
        checked.unwrap_err().why.name()
    };
    let stolen = onward(envelope, &thief, "cnaipic");
    assert_eq!(refused(&national, "cosc-umbria", &stolen), "revoked-key");
    let relayed = onward(stolen, &national.house.mesh().unwrap(), "cosc-liguria");
    assert_eq!(refused(&liguria, "cnaipic", &relayed), "revoked-key");
}

#[test]
fn a_peer_gets_the_cards_of_those_whose_seals_it_sees_and_no_others() {
    let [umbria, national, liguria, agency] =
        ["cosc-umbria", "cnaipic", "cosc-liguria", "poli-cert"]
            .map(|name| Node::new(name, agreements()));
    for node in [&umbria, &liguria, &agency] {
        pair(&national, node);
    }
    let wires = || [&umbria, &liguria, &agency].map(|node| Wire::between(&national, node));
    settle(&mut wires());
    let knows = |node: &Node| {
        let mesh = node.house.mesh().unwrap();
        mesh.cards.nodes().map(|(node, _)| node.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(knows(&liguria), ["cnaipic", "cosc-liguria"], "it has heard of nobody else");
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    settle(&mut wires());
    assert!(liguria.reads("cosc-liguria", &item.id()));
    assert_eq!(knows(&liguria), ["cnaipic", "cosc-liguria", "cosc-umbria"]);
    assert_eq!(knows(&agency), ["cnaipic", "poli-cert"], "it gets nothing of Umbria's");
    // Whoever has seen its seals hears, over a later connection, that its key was stolen.
    let stolen = umbria.house.mesh().unwrap().key.public().id();
    umbria.nodes.rotate_key(&umbria.administrator(), OldKey::Stolen).unwrap();
    settle(&mut wires());
    let mesh = liguria.house.mesh().unwrap();
    assert!(mesh.cards.is_revoked(&id("cosc-umbria"), &stolen));
}

#[test]
fn a_code_makes_its_holder_no_other_node() {
    let [national, umbria, mallory] =
        ["cnaipic", "cosc-umbria", "poli-cert"].map(|name| Node::new(name, agreements()));
    pair(&national, &umbria);
    let (agreement, admin) = ("pro-c2si".parse().unwrap(), national.administrator());
    let (at, terms) = ("national.example.org:8444", umbria.terms());
    let again = national.nodes.invite_node(&admin, &id("cosc-umbria"), &agreement, &terms, at);
    assert!(matches!(again, Err(FlowError::Conflict(_))), "there is a link with it");
    let own = national.nodes.invite_node(&admin, &id("cnaipic"), &agreement, &terms, at);
    assert!(matches!(own, Err(FlowError::Conflict(_))));
    let liguria = id("cosc-liguria");
    let code = national.nodes.invite_node(&admin, &liguria, &agreement, &terms, at).unwrap();
    let key = |node: &Node| node.house.mesh().unwrap().key.public();
    let (inviting, accepting) = (key(&national), key(&mallory));
    // An honest node does not even try; a dishonest one proves what it likes.
    let by = mallory.administrator();
    assert!(mallory.nodes.propose_pairing(&by, &code, &inviting).is_err());
    for poses in ["poli-cert", "cosc-umbria", "cnaipic", "cosc-liguria"] {
        let proposal = posing(&mallory, poses, &code, &inviting);
        let answer = national.nodes.answer_proposal(&accepting, &proposal);
        // Only as the one for whom the code was made, which the administrator handed it to.
        assert_eq!(answer.is_ok(), poses == "cosc-liguria", "{poses}: {answer:?}");
    }
    let mesh = national.house.mesh().unwrap();
    assert_eq!(mesh.card().unwrap().says.key, inviting, "its own card is still its own");
    assert_eq!(mesh.cards.newest(&id("cosc-umbria")).unwrap().says.key, key(&umbria));
}

/// What a dishonest node proposes under another's name, with its own key.
fn posing(
    node: &Node,
    poses: &str,
    code: &vedetta_federation::pairing::Code,
    inviting: &vedetta_federation::key::PublicKey,
) -> vedetta_federation::pairing::Proposal {
    use vedetta_federation::pairing::{Bond, Proposal, Side};
    let mesh = node.house.mesh().unwrap();
    let mut says = mesh.card().unwrap().says.clone();
    says.organisation = id(poses);
    let (card, accepting) = (says.sign(&mesh.key), mesh.key.public());
    let (from, to, agreement) = (&code.from, &id(poses), &code.agreement);
    let bond = Bond { from, to, inviting, accepting: &accepting, agreement };
    let proof = code.secret.prove(Side::Accepting, bond);
    Proposal { card, agreement: agreement.clone(), proof }
}

#[test]
fn the_invited_pins_no_other_than_the_code_names() {
    let [national, umbria] = ["cnaipic", "cosc-umbria"].map(|name| Node::new(name, agreements()));
    let (agreement, admin) = ("pro-c2si".parse().unwrap(), national.administrator());
    let (invited, at) = (id("cosc-umbria"), "national.example.org:8444");
    let code = national.nodes.invite_node(&admin, &invited, &agreement, &umbria.terms(), at);
    let code = code.unwrap();
    let key = |node: &Node| node.house.mesh().unwrap().key.public();
    let (inviting, accepting) = (key(&national), key(&umbria));
    let by = umbria.administrator();
    let proposal = umbria.nodes.propose_pairing(&by, &code, &inviting).unwrap();
    let answer = national.nodes.answer_proposal(&accepting, &proposal).unwrap();
    let mesh = national.house.mesh().unwrap();
    let mut says = mesh.card().unwrap().says.clone();
    says.organisation = id("poli-cert");
    let false_answer =
        vedetta_federation::pairing::Answer { card: says.sign(&mesh.key), ..answer.clone() };
    let terms = national.terms();
    let accepted = umbria.nodes.accept_node(&by, &code, (&inviting, &false_answer), &terms);
    assert!(matches!(accepted, Err(FlowError::Unproven(_))), "{accepted:?}");
    umbria.nodes.accept_node(&by, &code, (&inviting, &answer), &terms).unwrap();
}

#[test]
fn a_peers_stolen_key_is_revoked_here_and_its_node_pairs_again() {
    let (national, umbria) =
        (Node::new("cnaipic", agreements()), Node::new("cosc-umbria", agreements()));
    pair(&national, &umbria);
    let by = national.administrator();
    let stolen = umbria.house.mesh().unwrap().key.public().id();
    let own = national.house.mesh().unwrap().key.public().id();
    assert!(matches!(national.nodes.revoke_key(&by, own, "no"), Err(FlowError::Conflict(_))));
    assert!(national.nodes.revoke_key(&umbria.administrator(), stolen, "not theirs").is_err());
    national.nodes.revoke_key(&by, stolen, "stolen with a laptop").unwrap();
    let item = TestItem::indicator(1).tlp("AMBER");
    umbria.bring("cosc-umbria", &[item.clone()]);
    let mut wires = [Wire::between(&national, &umbria)];
    settle(&mut wires);
    assert!(!wires[0].is_up() && !national.reads("cnaipic", &item.id()));
    let end = LinkStep::End { reason: "stolen key".into() };
    national.nodes.step_link(&by, &id("cosc-umbria"), &end).unwrap();
    umbria.nodes.step_link(&umbria.administrator(), &id("cnaipic"), &end).unwrap();
    umbria.nodes.rotate_key(&umbria.administrator(), OldKey::Stolen).unwrap();
    pair(&national, &umbria);
    settle(&mut [Wire::between(&national, &umbria)]);
    assert!(national.reads("cnaipic", &item.id()));
}

#[test]
fn an_authority_is_asked_for_the_names_by_which_the_node_is_dialled() {
    let umbria = Node::new("cosc-umbria", agreements());
    let request = |by: &vedetta_model::Actor, names: &[&str]| {
        let names = names.iter().map(|it| (*it).to_owned()).collect();
        vedetta_link::request_certificate(&umbria.nodes, by, names)
    };
    let admin = umbria.administrator();
    let asked = request(&admin, &[]).unwrap();
    assert_eq!(asked.names, ["cosc-umbria.example.org"]);
    let read = rcgen::CertificateSigningRequestParams::from_pem(&asked.pem).unwrap().params;
    let name = rcgen::SanType::DnsName("cosc-umbria.example.org".try_into().unwrap());
    assert_eq!(read.subject_alt_names, [name]);
    assert_eq!(read.extended_key_usages.len(), 2, "it is a server and a client");
    let own = read.distinguished_name.get(&rcgen::DnType::CommonName);
    assert_eq!(own, Some(&rcgen::DnValue::Utf8String("cosc-umbria".into())));
    assert_eq!(request(&admin, &["node.example.org", "192.0.2.7"]).unwrap().names.len(), 2);
    assert!(matches!(request(&admin, &["città.example"]), Err(FlowError::Invalid { .. })));
    let refused = request(&umbria.person("perugia"), &[]);
    assert!(matches!(refused, Err(FlowError::Forbidden { .. })), "{refused:?}");
}
