//! `docs/federation.md` shows what goes over the wire: it is what this crate writes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use vedetta_federation::bookmark::{Bookmark, MOST_MARKS, MOST_SPANS, Mark, Span};
use vedetta_federation::check::{MOST_AGREEMENTS, MOST_NAMES, MOST_SIGNATURES};
use vedetta_federation::digest::{Digest, digest};
use vedetta_federation::envelope::{Envelope, LONGEST_WORDS, SignedAgreement, What};
use vedetta_federation::frame::{
    Batch, Beat, Bye, Credit, Farewell, Frame, Hello, LARGEST_BATCH, LONGEST_FRAME, MOST_CARDS,
    MOST_ENVELOPES, MOST_REFUSALS, Notice, Rewind, VERSIONS,
};
use vedetta_federation::hop::{Hop, MOST_HOPS, MOST_PASSAGES};
use vedetta_federation::link::{CREDIT, ON_THE_WAY};
use vedetta_federation::object::LARGEST_OBJECT;
use vedetta_federation::pairing::{Bond, Code, LIFE, Secret, Side};
use vedetta_federation::seal::{MOST_LEAVES, Seal, seal};
use vedetta_federation::shelf::{Lane, MOST_UNTOLD};
use vedetta_model::Agreement;

use crate::scene;

const PAGE: &str = include_str!("../../../../docs/federation.md");

fn shown(what: &str, text: &str) {
    assert!(PAGE.contains(text), "docs/federation.md should show {what} as:\n{text}");
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

#[test]
fn the_page_shows_what_is_written() {
    let beat = Beat { now: scene::now(), head: 71, heard: None };
    shown("the content of a beat", &serde_json::to_string(&beat).unwrap());
    let mut bookmark = Bookmark { edition: "5b1d-1".into(), ..Bookmark::default() };
    bookmark.add(Span { after: 0, upto: 40 }, digest(&[b"forty"]));
    bookmark.add(Span { after: 60, upto: 71 }, digest(&[b"seventy-one"]));
    shown("a bookmark", &pretty(&bookmark));
    let envelope = scene::relayed();
    shown("an envelope", &pretty(&envelope));
    shown("its leaf", &envelope.leaf().to_string());
    shown("a card", &pretty(&scene::card("a")));
    let code = Code {
        address: "node.example.org:8444".into(),
        from: scene::id("a"),
        to: scene::id("b"),
        fingerprint: scene::key("a").public().fingerprint(),
        agreement: "all".parse().unwrap(),
        expires: scene::now().after(LIFE),
        secret: Secret::from_octets([7; 16]),
    };
    shown("a code", &code.to_string());
    shown("an identity", scene::id("comune-055032").identity().as_str());
}

/// The lines of the block of the page that begins after some words.
fn block(after: &str) -> Vec<&'static str> {
    let (_, rest) =
        PAGE.split_once(after).unwrap_or_else(|| panic!("the page should say: {after}"));
    let block = rest.split_once("```text\n").unwrap().1.split_once("```").unwrap().0;
    block.lines().collect()
}

fn hexadecimal(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn the_page_leads_from_the_envelope_to_its_signatures() {
    let envelope = scene::relayed();
    let What::Item(item) = &envelope.what else { unreachable!("an item") };
    assert_eq!(block("The SHA-256 of the object's text is"), [item.object.digest().to_string()]);
    let zero = |text: &str| digest(&[&[0], text.as_bytes()]);
    let [canonical] = block("on one line, is")[..] else { panic!("one line") };
    assert_eq!(zero(canonical), envelope.leaf());
    let mut leaves = vec![envelope.leaf()];
    for (hop, said) in
        envelope.hops.iter().zip(["as `after`, and its own leaf:", "with that as `after`:"])
    {
        let [canonical, leaf] = block(said)[..] else { panic!("a hop and its leaf") };
        let its = hop.leaf(leaves[leaves.len() - 1]);
        assert_eq!((zero(canonical), leaf), (its, &*its.to_string()));
        leaves.push(its);
    }
    let signed = [b"vedetta-federation/1\0", &leaves[0].octets()[..]].concat();
    assert_eq!(block("the octets that `a` signs for `seal` are"), [hexadecimal(&signed)]);
    let seals = seal(&scene::key("a"), &leaves);
    let text = |seal: &Seal, member: &str| {
        serde_json::to_value(seal).unwrap()[member].as_str().unwrap().to_owned()
    };
    let mut together = vec![seals[0].root(leaves[0]).unwrap().to_string()];
    together.extend(seals.iter().map(|seal| text(seal, "path")));
    together.push(text(&seals[0], "signature"));
    assert_eq!(block("Were these three leaves sealed together"), together);
}

#[test]
fn the_page_shows_the_proofs_of_a_pairing() {
    let ([from, to], [a, b]) =
        (["a", "b"].map(scene::id), ["a", "b"].map(|it| scene::key(it).public()));
    let agreement = "all".parse().unwrap();
    let bond = Bond { from: &from, to: &to, inviting: &a, accepting: &b, agreement: &agreement };
    let proof = |side| Secret::from_octets([7; 16]).prove(side, bond).to_string();
    let proofs = [proof(Side::Accepting), proof(Side::Inviting)];
    assert_eq!(block("of the one that accepts and that of the answer are"), proofs);
}

/// An agreement between two nodes that both have signed.
fn signed() -> SignedAgreement {
    let text = json!({
        "id": "ab-2026", "title": "Exchange between A and the towns of B", "parent": "all",
        "term": { "signed": "2025-12-15", "from": "2026-01-01", "until": "2028-12-31" },
        "party": [
            { "name": "centre", "organisations": ["a"], "gives": ["indicator", "early-warning"],
              "receives": ["indicator", "incident"] },
            { "name": "towns", "select": { "kinds": ["municipality"], "regions": ["Umbria"] },
              "gives": ["indicator", "incident"], "receives": ["indicator", "early-warning"] },
        ],
        "handling": { "highest_tlp": "AMBER", "history": { "days": 30 } },
        "raci": [{ "activity": "incident", "responsible": ["centre"], "informed": ["towns"] }],
    });
    let text: Agreement = serde_json::from_value(text).unwrap();
    let mut signed = SignedAgreement { text: text.into(), revision: 1, signatures: vec![] };
    let digest = signed.digest();
    let sign = |node| (scene::id(node), scene::key(node).sign(digest.octets()));
    signed.signatures = vec![sign("a"), sign("b")];
    signed
}

#[test]
fn the_page_shows_an_agreement_as_it_is_signed() {
    let signed = signed();
    let digest = signed.digest();
    shown("its digest", &digest.to_string());
    let what = What::Agreement(Box::new(signed));
    let text = PAGE.split_once("A whole one, as `what` has it:\n\n```json\n").unwrap().1;
    let text = text.split_once("```").unwrap().0;
    assert_eq!(serde_json::from_str::<What>(text).unwrap(), what, "{}", pretty(&what));
    let envelope = Envelope::unsealed(scene::id("a"), scene::now(), 8, what);
    shown("its leaf", &envelope.leaf().to_string());
    let What::Agreement(read) = envelope.what else { unreachable!("an agreement") };
    for (node, signature) in &read.signatures {
        let key = scene::key(node.as_str()).public();
        assert!(key.verify(read.digest().octets(), signature).is_ok(), "{node}");
    }
}

/// The members that a table of the page names, by what has them.
fn members(header: &str) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let rows = PAGE.split_once(header).unwrap().1.trim_start().lines().skip(1);
    let (mut all, mut of) = (BTreeMap::new(), "");
    let place = header.split('|').position(|cell| cell.trim() == "member").unwrap();
    for row in rows.take_while(|row| row.starts_with('|')) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        if !cells[place - 1].is_empty() {
            of = cells[place - 1].trim_matches('`');
        }
        let names = cells[place].split('`').skip(1).step_by(2);
        all.entry(of).or_insert_with(BTreeSet::new).extend(names);
    }
    all
}

fn keys(value: &impl serde::Serialize) -> BTreeSet<String> {
    let Value::Object(members) = serde_json::to_value(value).unwrap() else { return [].into() };
    members.into_iter().map(|(name, _)| name).collect()
}

fn told(table: &BTreeMap<&str, BTreeSet<&str>>, of: &str) -> BTreeSet<String> {
    table[of].iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_page_names_every_member_of_every_frame() {
    let (now, card, hash) = (scene::now(), scene::card("a"), digest(&[b"seven"]));
    let (head, span) = (Mark { place: 7, hash }, Span { after: 6, upto: 7 });
    let (to, edition, resume) = (scene::id("b"), "5b1d-1".into(), Bookmark::default());
    let (versions, credit) = (VERSIONS, CREDIT);
    let hello = Hello { versions, card, to, edition, head, now, resume, credit };
    let batch = Batch { number: 1, lane: Lane::Live, span, hash, envelopes: vec![] };
    let frames = [
        ("hello", keys(&hello)),
        ("cards", keys(&Vec::<u8>::new())),
        ("batch", keys(&batch)),
        ("credit", keys(&Credit { batches: 1, taken: 1 })),
        ("beat", keys(&Beat { now, head: 71, heard: Some((now, 1_500)) })),
        ("notice", keys(&Notice { refusals: vec![] })),
        ("rewind", keys(&Rewind { to: 7 })),
        ("bye", keys(&Bye { reason: Farewell::Other, says: "it ends".into() })),
    ];
    let table = members("| type | frame | member | is |\n");
    for (frame, keys) in &frames {
        assert_eq!(told(&table, frame), *keys, "{frame}");
    }
    assert_eq!(table.len(), frames.len());
    // What a peer says of a refusal it need not say in words.
    let least = format!(r#"{{"refusals":[{{"leaf":"{}","why":"loop"}}]}}"#, Digest::default());
    assert!(serde_json::from_str::<Notice>(&least).is_ok());
}

#[test]
fn the_page_names_every_member_of_what_travels() {
    let table = members("| of | member | is |\n");
    let envelope = scene::relayed();
    let Some(Hop { passages, seal, .. }) = envelope.hops.last() else { panic!("it has hops") };
    let conditions = json!({ "producer": "a", "category": "indicator", "tlp": "RED", "pap": "RED",
        "victims": ["b"], "only_under": ["all"], "named": ["x@b"],
        "exercise": { "name": "Ponte", "participants": ["b"] } });
    let id = "indicator--8e2e2d2b-17d4-4cbf-938f-98ee46b3cd3f";
    let (now, words) = (json!(scene::now()), "because");
    let all = [
        (
            "item",
            json!({ "object": { "id": id }, "conditions": conditions, "form": "full",
            "derived": id }),
        ),
        ("withdrawal", json!({ "item": id, "producer": "a", "reason": words })),
        (
            "standing",
            json!({ "agreement": "all", "revision": u64::MAX, "now": "in-force",
            "since": now, "reason": words }),
        ),
        ("agreement", json!({ "text": signed().text, "revision": u32::MAX, "signatures": [] })),
        (
            "acknowledgement",
            json!({ "item": id, "version": "1", "producer": "a",
            "organisation": "b", "seen": now, "note": words }),
        ),
        ("presence", json!({ "organisation": "a", "on_duty": u16::MAX, "until": now })),
        ("removal", json!({ "organisation": "a" })),
        (
            "contact",
            json!({ "id": "c", "organisation": "a", "role": "response", "name": "Desk",
            "substitute": "d", "phone_24h": "1", "channels": [{ "by": "pec", "at": "a@b" }],
            "keys": ["k"], "last_verified": "2026-06-01" }),
        ),
    ];
    for (name, content) in &all {
        let what: What = serde_json::from_str(&json!({ *name: content }).to_string()).unwrap();
        assert_eq!(serde_json::to_value(what).unwrap()[name], *content, "{name}");
        assert_eq!(told(&table, name), keys(content), "{name}");
    }
    assert_eq!(told(&table, "conditions"), keys(&conditions));
    assert_eq!(told(&table, "an envelope"), keys(&envelope));
    let with = |value: Value, more: &str| {
        keys(&value).into_iter().chain([more.to_owned()]).collect::<BTreeSet<_>>()
    };
    let mut passage = serde_json::to_value(&passages[0]).unwrap();
    passage["through"] = json!(["a2"]);
    assert_eq!(told(&table, "a passage"), with(passage, "naming"));
    let hop = serde_json::to_value(envelope.hops.last()).unwrap();
    assert_eq!(told(&table, "a hop"), with(hop, "tlp"));
    assert_eq!(told(&table, "a seal"), with(serde_json::to_value(seal).unwrap(), "path"));
    assert_eq!(table.len(), all.len() + 5);
}

#[test]
fn the_page_says_how_much_there_may_be() {
    let many = |count: usize| match count {
        1_000.. => format!("{},{:03}", count / 1_000, count % 1_000),
        few => few.to_string(),
    };
    for bound in [
        format!("This node takes {CREDIT} |"),
        format!("a list of cards, at most {}", many(MOST_CARDS)),
        format!("| `envelopes` | at most {}", many(MOST_ENVELOPES)),
        format!("| `refusals` | at most {MOST_REFUSALS}"),
        format!("At most {MOST_SPANS} spans"),
        format!("At most {MOST_MARKS} marks"),
        format!("one of a node, at most {MOST_SIGNATURES}"),
        format!("for that are {}, the newest", many(MOST_UNTOLD)),
        format!("more than {MOST_NAMES} victims"),
        format!("At most {MOST_HOPS}:"),
        format!("At most {MOST_PASSAGES}, with {MOST_AGREEMENTS} agreements each"),
        format!("{MOST_HOPS} organisations `through`"),
        many(MOST_LEAVES),
        format!("A frame has at most {} MiB on the wire", LONGEST_FRAME >> 20),
        format!("a batch has at most {} MiB", LARGEST_BATCH >> 20),
        format!("batches with more than {} MiB of JSON", ON_THE_WAY >> 20),
        format!("An object has at most {} MiB", LARGEST_OBJECT >> 20),
        format!("a reason or a note {} characters", many(LONGEST_WORDS)),
    ] {
        shown("a bound", &bound);
    }
}

#[test]
fn the_page_shows_a_frame_that_is_read() {
    let beat = Frame::Beat(Beat { now: scene::now(), head: 71, heard: None });
    let hexadecimal: Vec<&str> = PAGE
        .lines()
        .filter(|line| line.len() > 60 && line.bytes().all(|it| it.is_ascii_hexdigit()))
        .filter(|line| line.starts_with("000000"))
        .collect();
    let [line] = hexadecimal[..] else {
        let octets = beat.encode().unwrap();
        let hexadecimal: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        panic!("docs/federation.md should show a beat as:\n{hexadecimal}");
    };
    let octet = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
    let octets: Vec<u8> = (0..line.len()).step_by(2).map(octet).collect();
    let length = u32::try_from(octets.len() - 4).unwrap();
    assert_eq!(octets[..4], length.to_be_bytes());
    assert_eq!(Frame::decode(octets[4], &octets[5..]), Ok(Some(beat)));
}
