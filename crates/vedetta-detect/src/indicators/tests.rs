use proptest::prelude::*;
use vedetta_indicator::decay::Recall;

use super::*;
use crate::decode::Decoder;

const NOW: i64 = 1_767_225_600_000_000;

fn life() -> Life {
    Life {
        confidence: Some(80),
        valid_from: Instant::from_micros(NOW - 1_000_000),
        valid_until: None,
        last_sighting: None,
        recall: Recall::None,
    }
}

fn id(number: u8) -> Id {
    [number; 20]
}

fn set(terms: &[(Kind, &str)]) -> Indicators {
    let mut builder = Builder::with_room_for(terms.len());
    for (number, (kind, value)) in terms.iter().enumerate() {
        builder.add(id(number as u8), &Term::new(*kind, value).unwrap(), &life());
    }
    builder.build(DecayTable::default())
}

fn hits(set: &Indicators, line: &str) -> Vec<(u8, String)> {
    let mut decoder = Decoder::default();
    let event = decoder.read(line.as_bytes()).unwrap().unwrap();
    let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
    set.matches(&event, When::live(Instant::from_micros(NOW)), &mut scratch, &mut hits);
    hits.into_iter().map(|it| (it.indicator[0], it.value)).collect()
}

#[test]
fn urls_with_ports_and_names_in_paths() {
    let set = set(&[
        (Kind::Url, "http://bad.example:8080/a"),
        (Kind::Url, "http://bad.example/go?to=http://good.example/"),
        (Kind::Domain, "4evil.example.org"),
        (Kind::FileName, "bad.exe"),
    ]);
    let sysmon = r#"{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Image":"C:\\Temp\\bad.exe"}"#;
    for (line, expected) in [
        (
            r#"{"event_type":"http","http":{"hostname":"bad.example","http_port":8080,"url":"/a"}}"#,
            0,
        ),
        (r#"{"_path":"http","host":"bad.example","id.resp_p":8080,"uri":"/a"}"#, 0),
        (
            r#"{"event_type":"http","http":{"hostname":"bad.example","url":"/go?to=http://good.example/"}}"#,
            1,
        ),
        (r#"{"cs-host":"4evil.example.org:8080"}"#, 2),
        (sysmon, 3),
    ] {
        let found: Vec<u8> = hits(&set, line).into_iter().map(|it| it.0).collect();
        assert_eq!(found, [expected], "{line}");
    }
}

#[test]
fn every_kind_where_it_stands() {
    use stix::pattern::HashAlgorithm::{Md5, Sha1, Sha256};
    let sha256 = "ab".repeat(32);
    let set = set(&[
        (Kind::Ipv4, "192.0.2.1"),
        (Kind::Ipv4, "198.51.100.0/24"),
        (Kind::Ipv6, "2001:db8::/32"),
        (Kind::Domain, "evil.example"),
        (Kind::Url, "http://bad.example/a?b=c"),
        (Kind::EmailAddress, "x@evil.example"),
        (Kind::FileHash(Sha256), &sha256),
        (Kind::UserAgent, "Bad/1.0"),
        (Kind::FileHash(Md5), "d41d8cd98f00b204e9800998ecf8427e"),
        (Kind::CertificateHash(Sha1), "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ]);
    for (line, expected) in [
        (r#"{"event_type":"flow","src_ip":"192.0.2.1"}"#, vec![(0, "192.0.2.1")]),
        (r#"{"event_type":"flow","dest_ip":"198.51.100.77"}"#, vec![(1, "198.51.100.0/24")]),
        (r#"{"event_type":"flow","src_ip":"2001:db8:1::5"}"#, vec![(2, "2001:db8::/32")]),
        (r#"{"event_type":"flow","src_ip":"::ffff:192.0.2.1"}"#, vec![(0, "192.0.2.1")]),
        (r#"{"event_type":"dns","dns":{"rrname":"A.b.EVIL.example."}}"#, vec![(3, "evil.example")]),
        (r#"{"event_type":"dns","dns":{"rrname":"notevil.example"}}"#, vec![]),
        (r#"{"event_type":"dns","dns":{"rrname":"example"}}"#, vec![]),
        (
            r#"{"event_type":"http","http":{"hostname":"BAD.example","url":"/a?b=c","http_user_agent":"Bad/1.0"}}"#,
            vec![(4, "http://bad.example/a?b=c"), (7, "Bad/1.0")],
        ),
        (
            r#"{"c-uri":"https://bad.example:443/x/../a?b=c"}"#,
            vec![(4, "http://bad.example/a?b=c")],
        ),
        (
            r#"{"event_type":"smtp","smtp":{"mail_from":"<X@evil.example>"}}"#,
            vec![(5, "x@evil.example"), (3, "evil.example")],
        ),
        (
            &format!(
                r#"{{"event_type":"fileinfo","fileinfo":{{"sha256":"{}"}}}}"#,
                sha256.to_uppercase()
            ),
            vec![(6, &*sha256)],
        ),
        (
            r#"{"EventID":1,"Channel":"x","Hashes":"SHA1=00,MD5=D41D8CD98F00B204E9800998ECF8427E"}"#,
            vec![(8, "d41d8cd98f00b204e9800998ecf8427e")],
        ),
        (
            r#"{"event_type":"tls","tls":{"fingerprint":"da:39:a3:ee:5e:6b:4b:0d:32:55:bf:ef:95:60:18:90:af:d8:07:09"}}"#,
            vec![(9, "da39a3ee5e6b4b0d3255bfef95601890afd80709")],
        ),
    ] {
        let expected: Vec<_> =
            expected.into_iter().map(|(id, value)| (id, value.to_owned())).collect();
        assert_eq!(hits(&set, line), expected, "{line}");
    }
}

#[test]
fn fingerprints_and_serial_numbers_of_tls() {
    use stix::pattern::TlsFingerprint::{Ja3, Ja4};
    const JA3: &str = "e7d705a3286e19ea42f587b344ee6865";
    const JA4: &str = "t13d1516h2_8daaf6152771_02713d6af862";
    let set = set(&[
        (Kind::TlsFingerprint(Ja3), JA3),
        (Kind::TlsFingerprint(Ja4), JA4),
        (Kind::CertificateSerial, "00:8B:1C:2D:3E"),
    ]);
    let suricata = format!(
        r#"{{"event_type":"tls","tls":{{"serial":"8B:1C:2D:3E","ja3":{{"hash":"{JA3}"}},"ja4":"{JA4}"}}}}"#
    );
    let found: Vec<u8> = hits(&set, &suricata).iter().map(|it| it.0).collect();
    assert_eq!(found, [2, 0, 1]);
    let zeek = r#"{"_path":"ssl","id.orig_h":"10.0.0.1","id.resp_h":"10.0.0.2","ja3":"E7D705A3286E19EA42F587B344EE6865"}"#;
    assert_eq!(hits(&set, zeek), [(0, JA3.to_owned())]);
}

#[test]
fn a_change_is_live_and_the_old_set_is_not_touched() {
    let before = set(&[(Kind::Domain, "old.example"), (Kind::Domain, "other.example")]);
    let term = Term::new(Kind::Domain, "new.example").unwrap();
    let after = before.changed(&[(id(9), term, life())], &[id(0)]);
    let line = |name: &str| format!(r#"{{"event_type":"dns","dns":{{"rrname":"{name}"}}}}"#);
    assert_eq!(hits(&before, &line("old.example")).len(), 1);
    assert_eq!(hits(&after, &line("old.example")).len(), 0);
    assert_eq!(hits(&after, &line("other.example")).len(), 1);
    assert_eq!(hits(&after, &line("new.example")), [(9, "new.example".to_owned())]);
    assert_eq!(hits(&before, &line("new.example")).len(), 0);
    let back = after.changed(&[], &[id(9)]);
    assert_eq!(hits(&back, &line("new.example")).len(), 0);
}

#[test]
fn only_in_its_time() {
    let term = Term::new(Kind::Domain, "evil.example").unwrap();
    let over = Life { valid_until: Some(Instant::from_micros(NOW)), ..life() };
    let early = Life { valid_from: Instant::from_micros(NOW + 2_000_000), ..life() };
    let revoked = Life { recall: Recall::Revoked, ..life() };
    for (life, expected) in [(life(), 1), (over, 0), (early, 0), (revoked, 0)] {
        let mut builder = Builder::default();
        builder.add(id(0), &term, &life);
        let set = builder.build(DecayTable::default());
        let line = r#"{"event_type":"dns","dns":{"rrname":"evil.example"}}"#;
        assert_eq!(hits(&set, line).len(), expected);
    }
}

#[test]
fn what_is_known_since_counts_for_the_past() {
    let set = set(&[(Kind::Domain, "evil.example")]);
    let mut decoder = Decoder::default();
    let line = br#"{"event_type":"dns","dns":{"rrname":"evil.example"}}"#;
    let event = decoder.read(line).unwrap().unwrap();
    let (mut scratch, mut hits) = (Scratch::default(), Vec::new());
    let when = When { seen: Instant::from_micros(1), now: Instant::from_micros(NOW) };
    set.matches(&event, when, &mut scratch, &mut hits);
    assert_eq!(hits.len(), 1);
}

proptest! {
    #[test]
    fn found_as_by_hand(names in prop::collection::hash_set("([ab]{1,2}\\.){0,3}[ab]{1,2}\\.example", 0..40), asked in "([ab]{1,2}\\.){0,4}[ab]{1,2}\\.example") {
        let terms: Vec<_> = names.iter().map(|it| (Kind::Domain, it.as_str())).collect();
        let set = set(&terms);
        let line = format!(r#"{{"event_type":"dns","dns":{{"rrname":"{asked}"}}}}"#);
        let mut found: Vec<String> = hits(&set, &line).into_iter().map(|it| it.1).collect();
        found.sort();
        let above = |name: &&String| asked == **name || asked.ends_with(&format!(".{name}"));
        let mut wanted: Vec<String> = names.iter().filter(above).cloned().collect();
        wanted.sort();
        prop_assert_eq!(found, wanted);
    }
}

#[test]
fn a_value_written_with_escapes_is_found_as_well() {
    let ja3 = Kind::TlsFingerprint(stix::pattern::TlsFingerprint::Ja3);
    let set = set(&[
        (Kind::Ipv4, "203.0.113.7"),
        (Kind::Domain, "bad.example.org"),
        (ja3, "d41d8cd98f00b204e9800998ecf8427e"),
        (Kind::CertificateSerial, "1122334455667788"),
    ]);
    for (line, expected) in [
        (r#"{"event_type":"flow","dest_ip":"203.0.113.\u0037"}"#, 0),
        (r#"{"event_type":"tls","tls":{"sni":"\u0062ad.example.org"}}"#, 1),
        (
            r#"{"event_type":"tls","tls":{"ja3":{"hash":"\u0064\u00341d8cd98f00b204e9800998ecf8427e"}}}"#,
            2,
        ),
        (r#"{"event_type":"tls","tls":{"serial":"\u0031\u0031:22:33:44:55:66:77:88"}}"#, 3),
    ] {
        assert_eq!(hits(&set, line).first().map(|it| it.0), Some(expected), "{line}");
    }
}
