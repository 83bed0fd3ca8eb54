use super::*;

fn domain(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

fn host(text: &str) -> Host {
    match Observable::read(text) {
        Ok(Observable::Url(url)) => url.host,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn the_kind_is_guessed() {
    let read = |text| Observable::read(text).unwrap();
    assert_eq!(read("192.0.2.7"), Observable::Address("192.0.2.7".parse().unwrap()));
    assert_eq!(read("::ffff:192.0.2.7"), Observable::Address("192.0.2.7".parse().unwrap()));
    assert_eq!(read("192.0.2.7:8080"), Observable::Address("192.0.2.7".parse().unwrap()));
    assert_eq!(read("[2001:db8::1]:443"), Observable::Address("2001:db8::1".parse().unwrap()));
    assert_eq!(read("192.0.2.0/24"), Observable::Network(Network::new("192.0.2.0/24").unwrap()));
    assert_eq!(read("WWW.Comune.Example."), Observable::Domain(domain("www.comune.example")));
    assert_eq!(read("AS64496"), Observable::Asn(64_496));
    assert_eq!(read("asn 64496"), Observable::Supplier(TradeName::new("asn 64496").unwrap()));
    assert_eq!(read("as 64496"), Observable::Asn(64_496));
    assert_eq!(read("Esempio S.r.l."), Observable::Supplier(TradeName::new("esempio").unwrap()));
    assert!(matches!(read("cpe:2.3:a:e:p:1:*:*:*:*:*:*:*"), Observable::Cpe(_)));
    assert!(
        matches!(read("Sindaco@Comune.Example"), Observable::Email(m) if m.local() == "Sindaco")
    );
}

#[test]
fn defused_texts_are_read() {
    assert_eq!(host("hxxps://a.comune[.]example/x"), Host::Domain(domain("a.comune.example")));
    assert_eq!(host("hxxp[://]a.comune(dot)example"), Host::Domain(domain("a.comune.example")));
    assert!(matches!(Observable::read("a[at]comune[.]example"), Ok(Observable::Email(_))));
    assert!(matches!(Observable::read("<192[.]0[.]2[.]1>"), Ok(Observable::Address(_))));
}

#[test]
fn the_host_is_where_the_browser_goes() {
    let address = |text: &str| Host::Address(text.parse().unwrap());
    assert_eq!(host("http://comune.example@192.0.2.1:80/"), address("192.0.2.1"));
    assert_eq!(host("http://192.0.2.1\\@comune.example/"), address("192.0.2.1"));
    assert_eq!(host("http://3221225985/"), address("192.0.2.1"));
    assert_eq!(host("http://0xc0.0.02.1/"), address("192.0.2.1"));
    assert_eq!(host("http://[2001:db8::1]:8080/"), address("2001:db8::1"));
    assert_eq!(host("comune.example/accesso"), Host::Domain(domain("comune.example")));
}

#[test]
fn what_cannot_be_read_is_named() {
    let why = |text: &str| Observable::read(text).unwrap_err();
    assert_eq!(why("  "), ObservableError::Empty);
    assert_eq!(why(&"a".repeat(9_000)), ObservableError::TooLong);
    assert_eq!(why("AS0"), ObservableError::Asn);
    assert_eq!(why("http:///x"), ObservableError::Url);
    assert!(matches!(why("192.0.2.7/24"), ObservableError::Network(_)));
    assert!(matches!(why("a@b"), ObservableError::Domain(_)));
}

#[test]
fn a_url_is_within_another_at_the_same_host_and_not_by_going_up() {
    let within = |url: &str, of: &str| Url::new(url).unwrap().is_within(&Url::new(of).unwrap());
    let service = "https://sites.cloud.example/terni/";
    for url in [
        "https://sites.cloud.example/terni",
        "http://sites.cloud.example:8080/terni/a?b=/..#c",
        "https://SITES.cloud.example/terni/a",
    ] {
        assert!(within(url, service), "{url}");
    }
    for url in [
        "https://sites.cloud.example/",
        "https://sites.cloud.example/ternitani",
        "https://sites.cloud.example/terni/../altri",
        "https://sites.cloud.example/terni/%2E%2e/altri",
        "https://terni.example/terni/a",
    ] {
        assert!(!within(url, service), "{url}");
    }
    assert!(within("https://a.example/x", "https://a.example"));
}
