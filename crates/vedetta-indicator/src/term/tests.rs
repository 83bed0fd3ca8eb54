use proptest::prelude::*;

use super::*;

fn term(kind: Kind, value: &str) -> Result<String, TermError> {
    Term::new(kind, value).map(|term| term.value.into())
}

#[test]
fn one_spelling() {
    let sha1 = Kind::FileHash(HashAlgorithm::Sha1);
    let tlsh = Kind::FileHash(HashAlgorithm::Tlsh);
    for (kind, text, spelled) in [
        (Kind::Ipv4, " 192.0.2.7/24 ", "192.0.2.0/24"),
        (Kind::Ipv6, "2001:DB8::1", "2001:db8::1"),
        (Kind::Domain, "Città.Example.", "xn--citt-3na.example"),
        (Kind::EmailAddress, "Sindaco@Comune.Example", "sindaco@comune.example"),
        (sha1, &"AB".repeat(20), &"ab".repeat(20)),
        (tlsh, &"a0".repeat(35), &format!("T1{}", "A0".repeat(35))),
        (Kind::MacAddress, "00-00-5E-00-53-01", "00:00:5e:00:53:01"),
        (Kind::AutonomousSystem, "AS64496", "64496"),
        (Kind::CertificateSerial, "00:0A:0b", "a0b"),
        (
            Kind::TlsFingerprint(TlsFingerprint::Ja4),
            "T13D1516h2_8daaf6152771_02713D6af862",
            "t13d1516h2_8daaf6152771_02713d6af862",
        ),
        (Kind::Mutex, "Global\\A b", "Global\\A b"),
    ] {
        assert_eq!(term(kind, text).as_deref(), Ok(spelled));
    }
}

#[test]
fn what_is_wrong_is_said() {
    assert_eq!(term(Kind::Domain, " "), Err(TermError::Empty));
    assert_eq!(term(Kind::Mutex, &"a".repeat(9_000)), Err(TermError::TooLong));
    let error = term(Kind::Ipv4, "2001:db8::1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "\"2001:db8::1\" is not an IPv4 address or network; write it as 192.0.2.1 or 192.0.2.0/24"
    );
    assert!(term(Kind::EmailAddress, "a\nb@comune.example").is_err());
    assert!(term(Kind::AutonomousSystem, "+7").is_err());
    assert!(term(Kind::FileHash(HashAlgorithm::Md5), "abc").is_err());
    assert!(term(Kind::TlsFingerprint(TlsFingerprint::Ja3), "t13d").is_err());
    assert!(term(Kind::CertificateSerial, "0x1").is_err());
}

#[test]
fn where_it_points() {
    let host = |kind, text| Term::new(kind, text).unwrap().host().map(|host| host.to_string());
    assert_eq!(
        host(Kind::Url, "http://a.comune.example:81/b").as_deref(),
        Some("domain a.comune.example")
    );
    assert_eq!(host(Kind::Url, "http://[2001:db8::1]/").as_deref(), Some("ipv6 2001:db8::1"));
    assert_eq!(
        host(Kind::EmailAddress, "a@comune.example").as_deref(),
        Some("domain comune.example")
    );
    assert_eq!(host(Kind::Domain, "comune.example"), None);
}

proptest! {
    #[test]
    fn a_spelling_is_final(at in 0..kind::ALL.len(), text in "\\PC{0,40}|[a-fA-F0-9:./@]{0,40}") {
        let kind = kind::ALL[at].0;
        if let Ok(read) = Term::new(kind, &text) {
            prop_assert_eq!(Term::new(kind, read.value()), Ok(read.clone()));
            if matches!(kind, Kind::Domain | Kind::Ipv4 | Kind::Ipv6 | Kind::Url) {
                prop_assert!(read.value().bytes().all(|b| b.is_ascii_graphic()));
            }
        }
    }
}
