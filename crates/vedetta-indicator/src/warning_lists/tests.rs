use super::*;

fn lists() -> WarningLists {
    let of = |name: &str, matching: &str, attributes: &str, entries: &str| {
        let text = format!(
            r#"{{"name": "{name}", "version": 1, "description": "", "type": "{matching}",
                "matching_attributes": [{attributes}], "list": [{entries}]}}"#
        );
        let (list, problems) = WarningList::parse(text.as_bytes()).unwrap();
        assert_eq!(problems, []);
        list
    };
    let lists = [
        of("nets", "cidr", r#""ip-dst", "url""#, r#""192.0.2.0/24", "2001:db8:1::/48""#),
        of("host", "cidr", r#""ip-dst""#, r#""192.0.2.7""#),
        of("sites", "hostname", r#""domain", "url""#, r#""comune.example""#),
        of("names", "string", r#""domain""#, r#"".regione.example", "WWW.provincia.example""#),
        of("hashes", "string", r#""md5""#, &format!("\"{}\"", "A0".repeat(16))),
        of("throwaway", "substring", r#""email-src""#, r#""usaegetta.example""#),
        of("desks", "regex", r#""email-dst""#, r#""/^(abuse|NOC)@/i""#),
    ];
    WarningLists::build(&lists).unwrap()
}

fn hits(kind: Kind, value: &str) -> Vec<String> {
    let lists = lists();
    let hits = lists.hits(&Term::new(kind, value).unwrap());
    hits.iter().map(|hit| format!("{} {:?}", hit.list.name, hit.reach)).collect()
}

#[test]
fn each_type_compares_in_its_way() {
    assert_eq!(hits(Kind::Ipv4, "192.0.2.7"), ["nets Itself", "host Itself"]);
    assert_eq!(hits(Kind::Ipv4, "192.0.2.8"), ["nets Itself"]);
    assert_eq!(hits(Kind::Ipv6, "2001:db8:1:2::3"), ["nets Itself"]);
    assert_eq!(hits(Kind::Domain, "www.Comune.example"), ["sites Itself"]);
    assert_eq!(hits(Kind::Domain, "xcomune.example"), [""; 0]);
    assert_eq!(hits(Kind::Domain, "a.regione.example"), ["names Itself"]);
    assert_eq!(hits(Kind::Domain, "www.provincia.example"), ["names Itself"]);
    assert_eq!(hits(Kind::Domain, "a.www.provincia.example"), [""; 0]);
    let md5 = Kind::FileHash(stix::pattern::HashAlgorithm::Md5);
    assert_eq!(hits(md5, &"a0".repeat(16)), ["hashes Itself"]);
    assert_eq!(hits(Kind::EmailAddress, "a@b.UsaEGetta.example"), ["throwaway Itself"]);
    assert_eq!(hits(Kind::EmailAddress, "noc@comune.example"), ["desks Itself"]);
    assert_eq!(hits(Kind::Mutex, "comune.example"), [""; 0]);
}

#[test]
fn a_network_around_what_is_listed_is_told() {
    assert_eq!(hits(Kind::Ipv4, "192.0.2.0/25"), ["nets Itself", "host Around"]);
    assert_eq!(hits(Kind::Ipv4, "192.0.0.0/16"), ["nets Around", "host Around"]);
    assert_eq!(hits(Kind::Ipv4, "192.0.3.0/24"), [""; 0]);
    assert_eq!(hits(Kind::Ipv6, "2001:db8::/32"), ["nets Around"]);
}

#[test]
fn one_bad_page_of_a_good_site_is_no_false_alarm() {
    assert_eq!(hits(Kind::Url, "http://www.comune.example/a"), ["sites Host"]);
    assert_eq!(hits(Kind::Url, "http://www.comune.example"), ["sites Itself"]);
    assert_eq!(hits(Kind::Url, "http://192.0.2.7/a"), ["nets Host"]);
    assert_eq!(hits(Kind::Url, "http://192.0.2.7"), ["nets Itself", "host Itself"]);
    assert!(Reach::Around.is_doubtful() && !Reach::Host.is_doubtful());
}
