use proptest::prelude::*;

use super::*;
use crate::cpe::Cpe;
use crate::name::TradeName;
use crate::network::Network;

/// Whom an observable concerns, by looking at every asset.
fn naive(assets: &[(OrganisationNumber, AssetValue)], observable: &Observable) -> Audience {
    let mut everyone = Audience::nobody();
    for (owner, value) in assets {
        let touched = Reading::of(value).is_ok_and(|reading| touches(&reading, observable));
        if touched || is_called(value, observable) {
            everyone.insert(*owner);
        }
    }
    everyone
}

/// Whether a supplier or a service is called as the domain is written, legal form aside.
fn is_called(asset: &AssetValue, observable: &Observable) -> bool {
    let (AssetValue::Supplier(name) | AssetValue::Service(name), Observable::Domain(domain)) =
        (asset, observable)
    else {
        return false;
    };
    let alike = TradeName::new(name) == TradeName::new(domain.as_str());
    alike && name.to_ascii_lowercase().starts_with(domain.as_str())
}

fn touches(asset: &Reading, observable: &Observable) -> bool {
    match observable {
        Observable::Address(address) => inside(asset, *address),
        Observable::Network(network) => overlaps(asset, network),
        Observable::Domain(name) => above(asset, name),
        Observable::Email(mailbox) => above(asset, mailbox.domain()),
        Observable::Url(url) => match url.host() {
            Host::Domain(name) => above(asset, name),
            Host::Address(address) => inside(asset, *address),
        },
        Observable::Cpe(wanted) => matches!(asset, Reading::Product(cpe) if cpe.meets(wanted)),
        Observable::Asn(number) => *asset == Reading::Asn(*number),
        Observable::Supplier(wanted) => {
            matches!(asset, Reading::Name(name) | Reading::Service(name, _) if name == wanted)
        }
    }
}

fn inside(asset: &Reading, address: IpAddr) -> bool {
    match asset {
        Reading::Network(network) => network.contains(address),
        Reading::Service(_, Host::Address(host)) => *host == address,
        _ => false,
    }
}

fn overlaps(asset: &Reading, network: &Network) -> bool {
    match asset {
        Reading::Network(own) => own.contains(network.first()) || network.contains(own.first()),
        Reading::Service(_, Host::Address(host)) => network.contains(*host),
        _ => false,
    }
}

fn above(asset: &Reading, name: &DomainName) -> bool {
    match asset {
        Reading::Domain(own) | Reading::Service(_, Host::Domain(own)) => {
            name == own || name.as_str().ends_with(&format!(".{own}"))
        }
        Reading::MailDomain(own) => name == own,
        _ => false,
    }
}

fn a_network() -> impl Strategy<Value = String> {
    let v4 = (0_u32..64, 24_u8..=32).prop_map(|(low, length)| {
        let bits = 0xc000_0200_u32 | low << 2;
        format!("{}/{length}", std::net::Ipv4Addr::from_bits(bits & (u32::MAX << (32 - length))))
    });
    let v6 = (0_u128..64, 0_u8..=16).prop_map(|(middle, more)| {
        let length = 32 + 6 * more;
        let bits = 0x2001_0db8 << 96 | middle << 86 | middle << 40;
        let mask = u128::MAX << (128 - u32::from(length));
        format!("{}/{length}", std::net::Ipv6Addr::from_bits(bits & mask))
    });
    let wide = prop_oneof![Just("0.0.0.0/0".to_owned()), Just("::/0".to_owned())];
    prop_oneof![20 => v4, 20 => v6, 1 => wide]
}

fn a_name() -> impl Strategy<Value = String> {
    let label = prop_oneof![Just("a"), Just("b"), Just("www"), Just("comune")];
    let suffix =
        prop_oneof![Just("example"), Just("it"), Just("tr.it"), Just("co.uk"), Just("test")];
    (prop::collection::vec(label, 0..4), suffix).prop_map(|(mut labels, suffix)| {
        labels.push(suffix);
        labels.join(".")
    })
}

fn a_product() -> impl Strategy<Value = String> {
    let word = || prop_oneof![4 => Just("a"), 4 => Just("ab"), 1 => Just("*"), 1 => Just("a*"), 1 => Just("-")];
    let version =
        prop_oneof![Just("1"), Just("1.2"), Just("1.*"), Just("*"), Just("?.2"), Just("-")];
    (word(), word(), version).prop_map(|(vendor, product, version)| {
        format!("cpe:2.3:a:{vendor}:{product}:{version}:*:*:*:*:*:*:*")
    })
}

fn an_asset() -> impl Strategy<Value = AssetValue> {
    let service = prop_oneof![
        Just("Posta S.p.A.".to_owned()),
        a_name().prop_map(|name| format!("https://{name}/accesso")),
        Just("http://192.0.2.9/".to_owned()),
    ];
    prop_oneof![
        4 => a_network().prop_map(AssetValue::Network),
        4 => a_name().prop_map(AssetValue::Domain),
        2 => a_product().prop_map(AssetValue::Product),
        1 => a_name().prop_map(AssetValue::MailDomain),
        1 => (0_u32..4).prop_map(AssetValue::Asn),
        1 => service.prop_map(AssetValue::Service),
        1 => prop_oneof![Just("Posta spa"), Just("POSTA"), Just("Énel")]
            .prop_map(|name| AssetValue::Supplier(name.into())),
        2 => (a_name(), prop_oneof![Just(""), Just(" S.p.A."), Just(" Servizi")])
            .prop_map(|(name, form)| AssetValue::Supplier(name.to_uppercase() + form)),
        1 => a_name().prop_map(AssetValue::Service),
    ]
}

fn an_observable() -> impl Strategy<Value = Observable> {
    let text = prop_oneof![
        4 => a_network(),
        4 => a_network().prop_map(|text| text.split('/').next().unwrap_or_default().to_owned()),
        4 => a_name(),
        1 => a_name().prop_map(|name| format!("https://u@{name}:8443/x")),
        1 => Just("http://192.0.2.9:8080/".to_owned()),
        1 => a_name().prop_map(|name| format!("sindaco@{name}")),
        2 => a_product(),
        1 => (1_u32..4).prop_map(|number| format!("AS{number}")),
        1 => Just("posta".to_owned()),
    ];
    text.prop_filter_map("no observable", |text| Observable::read(&text).ok())
}

proptest! {
    #[test]
    fn the_index_finds_what_a_scan_finds(
        assets in prop::collection::vec((0_u32..12, an_asset()), 0..40),
        observables in prop::collection::vec(an_observable(), 1..20),
    ) {
        let assets: Vec<_> =
            assets.into_iter().map(|(owner, value)| (OrganisationNumber(owner), value)).collect();
        let (relevance, refused) = Relevance::build(assets.iter().map(|(o, value)| (*o, value)));
        let unread = assets.iter().filter(|(_, value)| Reading::of(value).is_err()).count();
        prop_assert_eq!(refused.len(), unread);
        for observable in &observables {
            let found = relevance.concerned(observable).everyone();
            prop_assert_eq!(found, naive(&assets, observable), "{:?}", observable);
        }
    }

    #[test]
    fn reading_never_panics(text in "\\PC*", bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        for text in [text, String::from_utf8_lossy(&bytes).into_owned()] {
            let _ = Observable::read(&text);
            let _ = Observable::read(&format!("cpe:2.3:{text}"));
            let _ = Observable::read(&format!("http://{text}/"));
            let _ = Reading::of(&AssetValue::Network(text.clone()));
            let _ = TradeName::new(&text);
        }
    }

    #[test]
    fn a_product_is_read_again_as_it_is_written(text in "cpe:2\\.3:[aoh](:([a-z0-9._*?-]|\\\\[!-/]){1,5}){10}") {
        if let Ok(cpe) = Cpe::new(&text) {
            prop_assert_eq!(Cpe::new(cpe.as_str()), Ok(cpe.clone()));
            prop_assert!(cpe.meets(&cpe));
        }
    }
}

fn index(assets: &[(u32, AssetValue)]) -> Relevance {
    Relevance::build(assets.iter().map(|(owner, value)| (OrganisationNumber(*owner), value))).0
}

fn groups(relevance: &Relevance, text: &str) -> Vec<Vec<u32>> {
    let observable = Observable::read(text).unwrap();
    let numbers = |group: &[OrganisationNumber]| group.iter().map(|number| number.0).collect();
    relevance.concerned(&observable).map(numbers).collect()
}

#[test]
fn the_most_specific_comes_first() {
    let network = |text: &str| AssetValue::Network(text.into());
    let domain = |text: &str| AssetValue::Domain(text.into());
    let relevance = index(&[
        (1, network("192.0.2.0/24")),
        (2, network("192.0.2.64/26")),
        (3, network("192.0.2.64/26")),
        (4, network("192.0.2.128/26")),
        (5, domain("comune.example")),
        (6, domain("*.ufficio.comune.example")),
        (7, AssetValue::MailDomain("comune.example".into())),
    ]);
    assert_eq!(groups(&relevance, "192.0.2.70"), [vec![2, 3], vec![1]]);
    assert_eq!(groups(&relevance, "192.0.2.1"), [[1]]);
    assert_eq!(groups(&relevance, "192.0.2.64/27"), [vec![2, 3], vec![1]]);
    assert_eq!(groups(&relevance, "192.0.2.0/25"), [vec![2, 3], vec![1]]);
    assert!(groups(&relevance, "198.51.100.1").is_empty());
    assert_eq!(groups(&relevance, "hxxp://a.ufficio.comune[.]example/"), [[6], [5]]);
    assert_eq!(groups(&relevance, "sindaco@comune.example"), [[7], [5]]);
}

#[test]
fn a_supplier_whose_name_has_a_dot_is_found_and_owns_nothing() {
    let supplier = |text: &str| AssetValue::Supplier(text.into());
    let relevance = index(&[
        (1, supplier("E.ON")),
        (2, supplier("Register.it S.p.A.")),
        (3, AssetValue::Domain("register.it".into())),
        (4, AssetValue::Service("Booking.com".into())),
    ]);
    assert_eq!(groups(&relevance, "E.ON"), [[1]]);
    assert_eq!(groups(&relevance, "Register.it"), [[3], [2]]);
    assert_eq!(groups(&relevance, "register.it s.p.a."), [[2]]);
    assert_eq!(groups(&relevance, "booking.com"), [[4]]);
    assert_eq!(groups(&relevance, "www.register.it"), [[3]]);
    assert!(groups(&relevance, "eo.n").is_empty(), "another domain");
    let owners = relevance.owners(&Observable::read("register.it").unwrap()).everyone();
    assert_eq!(owners.iter().collect::<Vec<_>>(), [OrganisationNumber(3)]);
}

#[test]
fn a_public_suffix_concerns_nobody() {
    let assets = [
        (OrganisationNumber(1), AssetValue::Domain("tr.it".into())),
        (OrganisationNumber(2), AssetValue::Domain("comune.tr.it".into())),
    ];
    let (relevance, refused) = Relevance::build(assets.iter().map(|(o, value)| (*o, value)));
    assert_eq!(refused.len(), 1);
    assert!(refused[0].error.to_string().contains("a public suffix"), "{:?}", refused[0]);
    assert!(groups(&relevance, "tr.it").is_empty());
    assert!(groups(&relevance, "altro.tr.it").is_empty());
    assert_eq!(groups(&relevance, "www.comune.tr.it"), [[2]]);
    let near = |text| relevance.neighbours(&DomainName::new(text).unwrap()).len();
    assert_eq!((near("x.comune.tr.it"), near("x.altro.tr.it"), near("tr.it")), (1, 0, 0));
}
