//! Reduction of patterns to simple terms.

use super::super::TlsFingerprint::{Ja3, Ja4s};
use super::super::*;
use HashAlgorithm::{Md5, Sha256};
use Position::{Anywhere, Destination, Recipient, Related, Sender, Source};
use Role::{Enough, Part, Whole};
use TermKind::*;

type Expected<'a> = &'a [(TermKind, &'a str, Position, Role)];

fn assert_terms(text: &str, expected: Expected<'_>) {
    let pattern = parse(text).unwrap();
    let found = terms(&pattern);
    let found: Vec<_> =
        found.iter().map(|t| (t.kind, t.value.as_str(), t.position, t.role)).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn each_kind_is_recognised() {
    for (path, value, kind) in [
        ("ipv4-addr:value", "192.0.2.1", Ipv4),
        ("ipv4-addr:value", "192.0.2.0/24", Ipv4),
        ("ipv6-addr:value", "2001:db8::/32", Ipv6),
        ("domain-name:value", "a.example.org", Domain),
        ("url:value", "https://example.org/", Url),
        ("email-addr:value", "a@example.org", EmailAddress),
        ("email-message:subject", "hello", EmailSubject),
        ("file:hashes.'SHA-256'", "aa", FileHash(Sha256)),
        ("file:hashes.sha256", "aa", FileHash(Sha256)),
        ("artifact:hashes.MD5", "aa", FileHash(Md5)),
        ("file:name", "a.exe", FileName),
        ("directory:path", "/tmp/a", Directory),
        ("mac-addr:value", "00:00:5e:00:53:01", MacAddress),
        (
            "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
            "x",
            UserAgent,
        ),
        ("x509-certificate:hashes.MD5", "aa", CertificateHash(Md5)),
        ("x509-certificate:serial_number", "0a", CertificateSerial),
        ("windows-registry-key:key", "HKCU", RegistryKey),
        ("mutex:name", "m", Mutex),
        ("process:command_line", "a -b", CommandLine),
        ("user-account:account_login", "root", AccountLogin),
        ("software:cpe", "cpe:2.3:a:x:y:1:*:*:*:*:*:*:*", Cpe),
        ("network-traffic:x_ja3", "aa", TlsFingerprint(Ja3)),
        ("network-traffic:extensions.'tls-ext'.ja3_hash", "aa", TlsFingerprint(Ja3)),
        ("network-traffic:extensions.'tls-ext'.'ja4s'", "aa", TlsFingerprint(Ja4s)),
    ] {
        assert_terms(&format!("[{path} = '{value}']"), &[(kind, value, Anywhere, Whole)]);
    }
    let system = [(AutonomousSystem, "64496", Anywhere, Whole)];
    assert_terms("[autonomous-system:number = 64496]", &system);
}

#[test]
fn alternatives_are_the_whole_pattern() {
    assert_terms(
        "[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2') OR domain-name:value = 'a.example'] OR \
         [ipv6-addr:value ISSUBSET '2001:db8::/48'] WITHIN 5 SECONDS",
        &[
            (Ipv4, "192.0.2.1", Anywhere, Whole),
            (Ipv4, "192.0.2.2", Anywhere, Whole),
            (Domain, "a.example", Anywhere, Whole),
            (Ipv6, "2001:db8::/48", Anywhere, Whole),
        ],
    );
    assert_terms(
        "[url:value LIKE 'http://a.example/']",
        &[(Url, "http://a.example/", Anywhere, Whole)],
    );
}

#[test]
fn one_alternative_that_is_no_term_leaves_the_others_enough() {
    for other in ["[file:size > 5]", "[file:name LIKE 'a%']", "[ipv4-addr:value = 'nonsense']"] {
        let expected = [(Domain, "a.example", Anywhere, Enough)];
        assert_terms(&format!("[domain-name:value = 'a.example'] OR {other}"), &expected);
    }
    assert_terms(
        "[ipv4-addr:value IN ('192.0.2.1', 'x')]",
        &[(Ipv4, "192.0.2.1", Anywhere, Enough)],
    );
}

#[test]
fn what_is_joined_or_limited_is_only_part() {
    let expected: Expected<'_> = &[(Domain, "a.example", Anywhere, Part)];
    for text in [
        "[domain-name:value = 'a.example' AND domain-name:x = 1]",
        "[domain-name:value = 'a.example'] AND [file:size > 5]",
        "[domain-name:value = 'a.example'] FOLLOWEDBY [file:size > 5]",
        "[domain-name:value = 'a.example'] REPEATS 2 TIMES",
        "[domain-name:value = 'a.example'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'",
    ] {
        assert_terms(text, expected);
    }
    assert_terms(
        "[file:hashes.MD5 = 'aa' AND file:name = 'b'] OR [mutex:name = 'c']",
        &[
            (FileHash(Md5), "aa", Anywhere, Part),
            (FileName, "b", Anywhere, Part),
            (Mutex, "c", Anywhere, Enough),
        ],
    );
}

#[test]
fn what_is_denied_is_no_term() {
    for test in [
        "domain-name:value != 'a.example'",
        "domain-name:value NOT = 'a.example'",
        "domain-name:value NOT IN ('a.example')",
        "domain-name:value LIKE '%.example'",
        "domain-name:value > 'a.example'",
        "ipv4-addr:value ISSUPERSET '192.0.2.0/24'",
        "file:hashes.WHIRLPOOL = 'aa'",
        "file:hashes.MD5 IN ()",
    ] {
        assert_terms(&format!("[{test}]"), &[]);
    }
}

#[test]
fn references_give_the_position() {
    let address = "network-traffic:dst_ref.value = '192.0.2.1'";
    let expected: Expected<'_> = &[(Ipv4, "192.0.2.1", Destination, Whole)];
    assert_terms(&format!("[{address}]"), expected);
    let typed = format!("[network-traffic:dst_ref.type = 'ipv4-addr' AND {address}]");
    assert_terms(&typed, expected);
    let mistyped = format!("[network-traffic:dst_ref.type = 'domain-name' AND {address}]");
    assert_terms(&mistyped, &[(Ipv4, "192.0.2.1", Destination, Part)]);
    let other = format!("[network-traffic:src_ref.type = 'ipv4-addr' AND {address}]");
    assert_terms(&other, &[(Ipv4, "192.0.2.1", Destination, Part)]);
    assert_terms(
        "[network-traffic:src_ref.value = 'c.example']",
        &[(Domain, "c.example", Source, Whole)],
    );
    assert_terms(
        "[email-message:from_ref.value = 'a@b.example' OR email-message:to_refs[*].value = 'c@d.example']",
        &[
            (EmailAddress, "a@b.example", Sender, Whole),
            (EmailAddress, "c@d.example", Recipient, Whole),
        ],
    );
    assert_terms(
        "[domain-name:resolves_to_refs[0].value = '2001:db8::1']",
        &[(Ipv6, "2001:db8::1", Related, Whole)],
    );
    assert_terms("[process:image_ref.name = 'a.exe']", &[(FileName, "a.exe", Related, Whole)]);
}
