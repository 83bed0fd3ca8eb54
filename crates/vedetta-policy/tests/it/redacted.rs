//! Redaction: whatever the spelling, and wherever it is put, nothing of the victim survives.

use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use vedetta_model::{Asset, Contact, ItemId, Organisation};
use vedetta_policy::{OMITTED, Redaction, Reference, Secrets, Victim, redact, reveals};

const ORIGINAL: &str = "11111111-2222-4333-8444-555555555555";
const DERIVED: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

fn organisation() -> Organisation {
    serde_json::from_value(json!({
        "id": "comune-900001", "name": "Comune di Acquafredda Sull'Àgero",
        "aliases": ["Municipality of Acquafredda", "CAsA"], "kind": "municipality"
    }))
    .unwrap()
}

fn victim() -> Victim {
    let asset = |id: &str, kind: &str, value: Value| -> Asset {
        let organisation = "comune-900001";
        let asset = json!({ "id": id, "organisation": organisation, "kind": kind, "value": value });
        serde_json::from_value(asset).unwrap()
    };
    let assets = [
        asset("a1", "domain", json!("acquafredda.example")),
        asset("a2", "mail-domain", json!("posta-comunale.example")),
        asset("a3", "network", json!("198.51.100.0/25")),
        asset("a4", "network", json!("2001:db8:77::/48")),
        asset("a5", "asn", json!(64_511)),
        asset("a6", "service", json!("https://tributi.fornitore.example/ag01/")),
        asset("a7", "supplier", json!("Informatica Lariana")),
        asset("a8", "product", json!("cpe:2.3:a:lariana:anagrafe:4.2:*:*:*:*:*:*:*")),
    ];
    let contact: Contact = serde_json::from_value(json!({
        "id": "c1", "organisation": "comune-900001", "role": "it", "name": "Ludovica Brambati",
        "phone_24h": "+39 075 5550199",
        "channels": [{ "by": "email", "at": "l.brambati@lavoro.example" }]
    }))
    .unwrap();
    Victim::of(&organisation(), &assets, [&contact])
}

fn redacted(object: &Value) -> Result<Value, vedetta_policy::Withheld> {
    let id =
        ItemId::new(&format!("{}--{DERIVED}", object["type"].as_str().unwrap_or("x"))).unwrap();
    let publisher = ItemId::new("identity--99999999-2222-4333-8444-555555555555").unwrap();
    let secrets = Secrets::of(&[victim()]);
    redact(
        object,
        &Redaction {
            secrets: &secrets,
            id: &id,
            publisher: Some(&publisher),
            references: &|_| Reference::Keep,
        },
    )
}

fn incident() -> Value {
    json!({
        "type": "incident", "spec_version": "2.1", "id": format!("incident--{ORIGINAL}"),
        "created": "2026-03-01T10:00:00.000Z", "modified": "2026-03-02T10:00:00.000Z",
        "created_by_ref": "identity--77777777-2222-4333-8444-555555555555",
        "name": "Ransomware at a municipality",
        "description": "Mail with a macro, then 203.0.113.7 and evil.example; port 443, v1.2.3.4",
        "labels": ["ransomware", "municipality"],
        "object_marking_refs": ["marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"],
        "external_references": [{ "source_name": "cve", "external_id": "CVE-2026-0001" }],
        "x_count": 3
    })
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Ways to write a name.
const NAME_SPELLINGS: usize = 17;

fn spelt(text: &str, way: usize) -> String {
    let each = |make: &dyn Fn(char) -> String| text.chars().map(make).collect::<String>();
    match way {
        0 => text.to_owned(),
        1 => text.to_uppercase(),
        2 => text.to_lowercase().replace(' ', "-"),
        3 => text.replace(' ', ""),
        4 => text.replace([' ', '.'], "_"),
        5 => text.bytes().fold(String::new(), |mut out, byte| {
            write!(out, "%{byte:02x}").unwrap();
            out
        }),
        6 => spelt(&spelt(text, 5), 7),
        7 => text.replace('%', "%25").replace(' ', "%20"),
        8 => text.replace('.', "[.]").replace('@', "[at]"),
        9 => text.replace('.', " (dot) ").replace('@', " (at) "),
        10 => each(&|c| format!("&#{};", u32::from(c))),
        11 => each(&|c| format!("{c}\u{200b}")),
        12 => text.replace('a', "\u{430}").replace('o', "\u{43e}").replace('e', "\u{435}"),
        13 => each(&|c| match c {
            '!'..='~' => char::from_u32(u32::from(c) + 0xfee0).unwrap().to_string(),
            other => other.to_string(),
        }),
        14 => text.replace('a', "a</b>").replace('i', "<i class='x'>i</i>"),
        15 => each(&|c| format!("{c}-")),
        _ => text.replace('a', "a\u{300}").replace('e', "é").replace('u', "Ü"),
    }
}

fn names() -> impl Strategy<Value = String> {
    let names = [
        "Comune di Acquafredda Sull'Àgero",
        "Acquafredda Sull'Agero",
        "Municipality of Acquafredda",
        "Acquafredda",
        "comune-900001",
        "acquafredda.example",
        "example.acquafredda.www",
        "www.uffici.acquafredda.example",
        "m.rossi@acquafredda.example",
        "protocollo@posta-comunale.example",
        "tributi.fornitore.example/ag01",
        "Informatica Lariana",
        "Ludovica Brambati",
        "Brambati, Ludovica",
        "l.brambati@lavoro.example",
        "cpe:2.3:a:lariana:anagrafe:4.2:*:*:*:*:*:*:*",
        "075 5550199",
    ];
    (select(names.to_vec()), 0..NAME_SPELLINGS).prop_map(|(name, way)| spelt(name, way))
}

fn encoded() -> impl Strategy<Value = String> {
    use base64::Engine;
    let plain = select(vec!["at acquafredda.example now", "Ludovica Brambati", "198.51.100.77 up"]);
    (plain, 0..4).prop_map(|(text, way): (&str, i32)| match way {
        0 => base64::prelude::BASE64_STANDARD.encode(text),
        1 => base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(format!("xy{text}")),
        2 => {
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            base64::prelude::BASE64_STANDARD.encode(wide)
        }
        _ => text.bytes().fold(String::new(), |mut out, byte| {
            write!(out, "{byte:02x}").unwrap();
            out
        }),
    })
}

fn addresses() -> impl Strategy<Value = String> {
    (0u8..128, any::<u64>(), 0..19).prop_map(|(last, host, way)| {
        let number = u32::from_be_bytes([198, 51, 100, last]);
        let v6 = std::net::Ipv6Addr::from(0x2001_0db8_0077_u128 << 80 | u128::from(host));
        let nibbles = |v6: std::net::Ipv6Addr| {
            let hex = format!("{:032x}", u128::from(v6));
            hex.chars().rev().map(|c| format!("{c}.")).collect::<String>()
        };
        match way {
            0 => format!("198.51.100.{last}"),
            1 => format!("198[.]51[.]100[.]{last}"),
            2 => format!("198 (dot) 51 (dot) 100 (dot) {last}"),
            3 => format!("http://198.51.100.{last}:8080/x"),
            4 => format!("198.051.100.{last:03}"),
            5 => format!("0xc6.0x33.0x64.{last:#x}"),
            6 => number.to_string(),
            7 => format!("{number:#x}"),
            8 => format!("{last}.100.51.198.in-addr.arpa"),
            9 => format!("host-198-51-100-{last}.isp.example"),
            10 => format!("::ffff:198.51.100.{last}"),
            11 => v6.to_string(),
            12 => format!("[{v6}]:443"),
            13 => format!("{v6}").to_uppercase().replace(':', "[:]"),
            14 => {
                let groups: Vec<_> = v6.segments().iter().map(|it| format!("{it:04x}")).collect();
                groups.join(":")
            }
            15 => format!("{}ip6.arpa", nibbles(v6)),
            16 => format!("198.51.{}", 100 * 256 + u32::from(last)),
            17 => format!("xy198.51.100.{last}"),
            _ => format!("198.51.100.{}/28", last & 0xf0),
        }
    })
}

fn others() -> impl Strategy<Value = String> {
    select(vec!["AS64511", "asn 64511", "AS-64511", "198.51.100.*", "198.51.100.x", "CAsA"])
        .prop_map(str::to_owned)
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof![4 => names(), 3 => addresses(), 1 => encoded(), 1 => others()]
}

/// Around a secret, what does not touch it by a letter or a digit.
fn sentence() -> impl Strategy<Value = (String, String)> {
    let around = "( |, |: |\\(|\"|\n|[a-z ]{0,12} )";
    (around, secret(), "( |, |\\)|\"|\n| [a-z ]{0,12})", any::<bool>()).prop_map(
        |(before, secret, after, alone)| {
            let text = if alone { secret.clone() } else { format!("{before}{secret}{after}") };
            (secret, text)
        },
    )
}

/// Puts a text into a place of the incident where it can be taken out.
fn place(object: &mut Value, text: &str, place: usize) {
    let more = |object: &mut Value, path: &str, text: &str| {
        let old = object[path].as_str().unwrap_or_default();
        object[path] = format!("{old} {text}").into();
    };
    match place {
        0 => more(object, "name", text),
        1 => more(object, "description", text),
        2 => object["labels"].as_array_mut().unwrap().push(text.into()),
        3 => object["x_note"] = text.into(),
        4 => object["x_deep"] = json!({ "a": [{ "b": { "c": text } }] }),
        5 => object["x_names"] = json!({ text: 1 }),
        6 => object["external_references"].as_array_mut().unwrap().push(json!({
            "source_name": "press", "description": text, "url": "https://press.example/1",
            "hashes": { "SHA-256": "0".repeat(64) }
        })),
        7 => object["extensions"] = json!({ "x-other-ext": { "where": [text, 3] } }),
        _ => object["x_targets_refs"] = json!([text]),
    }
}

proptest! {
    #![proptest_config(crate::cases(384))]

    #[test]
    fn nothing_of_the_victim_survives(
        texts in proptest::collection::vec((sentence(), 0usize..9), 1..4)
    ) {
        let mut object = incident();
        for ((_, text), at) in &texts {
            place(&mut object, text, *at);
        }
        let derived = redacted(&object).map_err(|why| TestCaseError::fail(why.to_string()))?;
        let victim = victim();
        prop_assert_eq!(reveals(&derived, &victim), None);
        let written = serde_json::to_string(&derived).unwrap();
        for ((secret, _), _) in &texts {
            prop_assert!(!written.contains(secret.as_str()), "{secret:?} is in {written}");
            let squashed = letters(secret);
            prop_assert!(!letters(&written).contains(&squashed), "{squashed:?} is in {written}");
        }
        for known in victim.words.iter().chain(&victim.domains).chain(&victim.short_names) {
            prop_assert!(known.len() < 6 || !letters(&written).contains(&letters(known)));
        }
        prop_assert!(!written.contains(ORIGINAL));
        prop_assert_eq!(&derived["created"], &object["created"]);
        prop_assert_eq!(&derived["modified"], &object["modified"]);
    }

    #[test]
    fn hostile_text_is_looked_through_without_harm(text in "\\PC{0,80}", bytes in any::<Vec<u8>>()) {
        let mut object = incident();
        object["description"] = text.into();
        object["x_bytes"] = String::from_utf8_lossy(&bytes).into_owned().into();
        let _ = redacted(&object);
    }
}

#[test]
fn what_tells_nothing_stays() {
    let object = incident();
    let mut expected = object.clone();
    expected["id"] = format!("incident--{DERIVED}").into();
    expected["created_by_ref"] = "identity--99999999-2222-4333-8444-555555555555".into();
    assert_eq!(redacted(&object).unwrap(), expected);
}

#[test]
fn a_text_that_tells_goes_whole_and_the_others_stay() {
    let mut object = incident();
    object["description"] = "At Acquafredda, mail from evil@bad.example to m@acquafredda.example \
                             (198.51.100.7) and AS64511."
        .into();
    let derived = redacted(&object).unwrap();
    assert_eq!(derived["description"], OMITTED);
    assert_eq!((&derived["name"], &derived["labels"]), (&object["name"], &object["labels"]));
}

fn withheld(object: &Value) -> String {
    redacted(object).unwrap_err().to_string()
}

fn stix(kind: &str, more: Value) -> Value {
    let mut object = json!({ "type": kind, "id": format!("{kind}--{ORIGINAL}") });
    for (name, value) in more.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

#[test]
fn what_cannot_be_taken_out_withholds_the_object() {
    let me = organisation().id.identity();
    for (kind, more, at) in [
        ("indicator", json!({ "pattern": "[ipv4-addr:value = '198.51.100.9']" }), "pattern"),
        ("ipv4-addr", json!({ "value": "198.51.100.9" }), "value"),
        ("autonomous-system", json!({ "number": 64_511 }), "number"),
        ("url", json!({ "value": "hxxp://acquafredda[.]example/x" }), "value"),
        ("file", json!({ "name": "acquafredda.zip", "hashes": {} }), "name"),
        ("email-message", json!({ "is_multipart": false, "subject": "Acquafredda" }), "subject"),
        ("sighting", json!({ "sighting_of_ref": me }), "sighting_of_ref"),
        ("relationship", json!({ "source_ref": "malware--1", "target_ref": me }), "target_ref"),
        ("report", json!({ "name": "x", "object_refs": [me] }), "object_refs"),
        ("identity", json!({ "name": "Mayor of Acquafredda" }), "name"),
        ("x-ticket", json!({ "site": "Acquafredda" }), "site"),
        ("note", json!({ "content": "x", "object_marking_refs": [me] }), "object_marking_refs"),
        ("artifact", json!({ "payload_bin": "AAAA" }), "payload_bin"),
        ("bundle", json!({}), "object"),
        (
            "incident",
            json!({ "name": "x", "labels": ["acquafredda", "b"],
                "granular_markings": [{ "marking_ref": "m", "selectors": ["labels.[1]"] }] }),
            "granular_markings",
        ),
    ] {
        let said = withheld(&stix(kind, more));
        assert!(said.starts_with(&format!("{at}: ")), "{kind}: {said}");
    }
    let mut itself = stix("identity", json!({ "name": "x" }));
    itself["id"] = me.as_str().into();
    assert_eq!(withheld(&itself), "object: it is the victim");
    assert!(redacted(&json!([])).is_err() && redacted(&json!({ "type": "a" })).is_err());
}

#[test]
fn no_spelling_of_a_name_or_code_gets_through() {
    use base64::Engine;
    let base64 = base64::prelude::BASE64_STANDARD.encode("Acquafredda");
    for text in [
        "900001",
        "codice ISTAT 900001.",
        "IT900001",
        &base64,
        "IFRXCYIH",
        "at ᴀᴄꞯᴜᴀꜰʀᴇᴅᴅᴀ",
        "ꓮcquafredda",
        "Acquaf\u{27e}edda",
        "Acqu4fr3dda",
        "@cquafredd@",
        r"\101cquafredda",
        "IFRXC5LBMZZGKZDEME",
        "ifrxc5lbmzzgkzdeme======",
    ] {
        let mut object = incident();
        object["labels"] = json!(["ransomware", text]);
        object["description"] = format!("seen: {text}").into();
        let derived = redacted(&object).unwrap();
        let told = text != "IFRXCYIH";
        assert_eq!(derived["description"] == json!(OMITTED), told, "{text}");
        assert_eq!(derived["labels"] == json!(["ransomware"]), told, "{text}");
    }
    let mut object = incident();
    (object["x_istat"], object["x_port"]) = (json!(900_001), json!(1_900_001));
    let derived = redacted(&object).unwrap();
    assert_eq!((derived.get("x_istat"), &derived["x_port"]), (None, &json!(1_900_001)));
    object["description"] = "hash 1900001, 9000012 and 53c0l4 are nobody's".into();
    assert_eq!(redacted(&object).unwrap()["description"], object["description"]);
}

#[test]
fn references_to_the_victim_are_dropped_where_they_may_be() {
    let me = organisation().id.identity();
    let other = "identity--12121212-2222-4333-8444-555555555555";
    let own = format!("sighting--{ORIGINAL}");
    let object = stix(
        "sighting",
        json!({ "sighting_of_ref": "indicator--1", "where_sighted_refs": [me, other],
            "x_self_ref": own }),
    );
    let derived = redacted(&object).unwrap();
    // Whom else it points to leads to the victim as well: its office, its neighbours, its region.
    assert_eq!(derived.get("where_sighted_refs"), None);
    assert_eq!(derived["x_self_ref"], format!("sighting--{DERIVED}"));
}

#[test]
fn the_handling_extension_loses_its_victim_and_nothing_else() {
    let extension = vedetta_model::item::HANDLING_EXTENSION;
    let mut object = incident();
    object["extensions"] = json!({ extension: {
        "extension_type": "property-extension", "pap": "AMBER", "victim_refs": ["comune-900001"]
    } });
    let derived = redacted(&object).unwrap();
    let left = json!({ "extension_type": "property-extension", "pap": "AMBER" });
    assert_eq!(derived["extensions"], json!({ extension: left }));
    object["extensions"][extension]["only_under"] = json!(["adesione-acquafredda"]);
    assert!(withheld(&object).starts_with("extensions: what limits"));
}

/// Each of these took time that grew with the square of its length, and would never end.
#[test]
fn long_texts_are_looked_through_once() {
    let half = 1 << 19;
    for text in [
        "<".repeat((1 << 20) - 1024),
        "<>".repeat(half / 2),
        "acquafredda.example,".repeat(half / 20),
        format!("1:{}:2", "a".repeat(half)),
    ] {
        let mut object = incident();
        object["description"] = text.as_str().into();
        let derived = redacted(&object).unwrap();
        assert_eq!(derived["description"] == json!(OMITTED), text.starts_with("acqua"));
    }
    let mut object = incident();
    object["x_values"] = json!({ "k".repeat(half): vec![64_511; 100_000] });
    let found = reveals(&object, &Victim::default());
    assert_eq!(found, None);
}

#[test]
fn what_is_too_long_has_no_derived_form() {
    let mut object = incident();
    object["description"] = "x".repeat(1 << 20).into();
    let withheld = redacted(&object).unwrap_err();
    assert!(withheld.reason.contains("too long"), "{withheld}");
}

#[test]
fn what_is_too_long_to_be_looked_through_may_tell() {
    let secrets = Secrets::of(&[victim()]);
    let note = |octets| json!({ "type": "note", "content": " ".repeat(octets) });
    assert!(!secrets.are_told_by(&note(1 << 10)));
    assert!(secrets.are_told_by(&note(1 << 20)));
}
