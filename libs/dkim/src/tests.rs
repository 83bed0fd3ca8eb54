//! Messages that another implementation signed and sealed (dkimpy 1.1), and our own.

use super::{NoKeys, Proof, Published, Signer, prove};

const SIGNED: &[u8] = include_bytes!("../tests/corpus/mail_signed/signed.eml");
const SEALED: &[u8] = include_bytes!("../tests/corpus/mail_signed/sealed.eml");
const KEYS: &str = include_str!("../tests/corpus/mail_signed/keys.txt");

fn keys() -> Published {
    Published::read(KEYS).unwrap()
}

fn changed(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(message);
    assert!(text.contains(from));
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn each_way_of_signing_holds_and_any_change_breaks_it() {
    let proven = prove(SIGNED, &keys());
    assert_eq!(proven.domains, ["comune.example"; 3]);
    assert!(!proven.broken);
    for (from, to) in [("allo sportello", "al link"), ("Ufficio Tributi", "Ufficio Tributi 2")] {
        let proven = prove(&changed(SIGNED, from, to), &keys());
        assert!(proven.domains.is_empty() && proven.broken, "{from}");
    }
    // White space that the strict form keeps breaks only what was signed strictly.
    let proven = prove(&changed(SIGNED, "Avviso  di", "Avviso di"), &keys());
    assert_eq!((proven.domains.len(), proven.broken), (2, true));
    // A second sender is no longer what was signed, where that was guarded against.
    let doubled = [b"From: Altro <x@evil.invalid>\r\n", SIGNED].concat();
    assert!(prove(&doubled, &keys()).broken);
}

#[test]
fn without_keys_nothing_is_claimed() {
    let proven = prove(SIGNED, &NoKeys);
    assert!(proven.domains.is_empty() && !proven.broken && proven.chain.is_none());
    let other = Published::read("x._domainkey.comune.example v=DKIM1; p=AAAA").unwrap();
    assert!(!prove(SIGNED, &other).broken);
    assert!(Published::read("comune.example v=DKIM1").is_err());
}

#[test]
fn a_chain_of_intermediaries_holds_until_somebody_touches_it() {
    let proven = prove(SEALED, &keys());
    assert_eq!(proven.chain, Some(Proof::Holds));
    assert_eq!(proven.sealer, "comune.example");
    let text = prove(&changed(SEALED, "sportello", "link"), &keys());
    assert_eq!(text.chain, Some(Proof::Broken));
    let results = prove(&changed(SEALED, "dkim=pass", "dkim=fail"), &keys());
    assert_eq!(results.chain, Some(Proof::Broken));
}

#[test]
fn what_we_sign_is_believed() {
    const PRIVATE: &[u8] = include_bytes!("../tests/corpus/mail_signed/ed25519.pk8");
    let signer = Signer::new("vedetta.example", "s1", PRIVATE).unwrap();
    let message = "From: Posta sospetta <segnalazioni@vedetta.example>\r\nTo: ada@example.org\r\n\
                   Subject: =?utf-8?B?eA==?=\r\n\r\nÈ pericolosa.\r\n.\r\n\r\n";
    let field = signer.field(message.as_bytes(), 1_700_000_000).unwrap();
    let (name, record) = signer.record();
    let keys = Published::read(&format!("{name} {record}")).unwrap();
    let whole = format!("{field}{message}");
    assert_eq!(prove(whole.as_bytes(), &keys).domains, ["vedetta.example"]);
    assert!(prove(&changed(whole.as_bytes(), "pericolosa", "sicura"), &keys).broken);
    assert!(Signer::new("vedetta.example", "s 1", PRIVATE).is_err());
    assert!(Signer::new("vedetta.example", "s1", b"no key").is_err());
}

#[test]
fn what_was_not_signed_or_ran_out_proves_nothing() {
    const PRIVATE: &[u8] = include_bytes!("../tests/corpus/mail_signed/ed25519.pk8");
    let signer = Signer::new("vedetta.example", "s1", PRIVATE).unwrap();
    let (name, record) = signer.record();
    let keys = Published::read(&format!("{name} {record}")).unwrap();
    let of = |received: &str, tags: &str, more: &str| {
        let message = format!("Received: {received}\r\nFrom: a@vedetta.example\r\n\r\nprima\r\n");
        let field = signer.field_with(message.as_bytes(), 1_700_000_000, tags).unwrap();
        let proven = prove(format!("{field}{message}{more}").as_bytes(), &keys);
        (proven.domains.len(), proven.broken)
    };
    let before = "from a by b; Tue, 14 Nov 2023 22:13:21 +0000 (UTC)";
    assert_eq!(of(before, "", ""), (1, false));
    assert_eq!(of(before, "l=7;", ""), (1, false));
    assert_eq!(of(before, "l=7;", "e poi il resto\r\n"), (0, false), "a text was appended");
    assert_eq!(of(before, "x=1700000100;", ""), (1, false));
    let after = "from a by b; Fri, 17 Nov 2023 22:13:21 +0000 (UTC)";
    assert_eq!(of(after, "x=1700000100;", ""), (0, false), "it had run out");
    assert_eq!(of(before, "x=1600000000;", ""), (0, false), "it ran out before it was made");
    assert_eq!(of(before, "i=@posta.vedetta.example;", ""), (1, false));
    assert_eq!(of(before, "i=@altro.example;", ""), (0, false), "it signs for somebody else");
    let strict = Published::read(&format!("{name} {record}; t=s")).unwrap();
    let message = b"From: a@vedetta.example\r\n\r\nx\r\n";
    let below = signer.field_with(message, 1, "i=@posta.vedetta.example;").unwrap();
    assert!(prove(&[below.as_bytes(), message].concat(), &strict).domains.is_empty());
}
